"""All that was said with a customer, about his jobs and without one; and who waits for an answer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from msgspec.structs import replace

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core.seatings import himself, stands_for
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer
from flowengine.people.identities import By
from flowengine.people.permissions import OWN, needs
from flowengine.reading.conversation import views_of
from flowengine.reading.files import views
from flowengine.reading.look import Look, look_at
from flowengine.runtime.actors import id_of, name_of, nobody, reader_words
from flowengine.speech.phrases import phrase
from flowengine.store import Transaction
from flowengine.store.codec import micros, moment
from flowengine.store.conversation import Written
from flowengine.store.tables import NEVER
from flowengine.views.conversation import MessageView, OpenConversation
from flowengine.views.history_lines import SAYINGS

_MOST_JOBS = 50
"""The newest jobs of a customer that are looked through."""

_RECENT, _PAGE = 200, 50
"""History entries of each, counted from its end, and those that are read at once."""


class _Place(NamedTuple):
    """Where something stands among all that was said: when, in which job (empty: none), and its number there."""

    at: int
    job: str
    number: int

    def __str__(self) -> str:
        return f"{self.at}.{self.number}.{self.job}"


_END = _Place(NEVER, "~", 0)


def conversation_with(shell: Shell, person: str, after: str, limit: int, by: By) -> list[MessageView]:
    end = _place(after)
    with shell.reading() as tx:
        actor = access.asker(tx, "conversation_with", by)
        found = tx.people.get(person)
        if (
            found is None
            or found.kind != "customer"
            or (_only_own(actor) and person not in stands_for(actor, looking=True))
        ):
            raise nobody(person)
        jobs = tx.jobs.list(customer=person, limit=_MOST_JOBS)
        lines = list(islice(_without_job(shell, tx, person, actor, end), limit))
        for row in sorted(jobs, key=lambda one: (one.updated, one.id), reverse=True):
            if len(lines) == limit and lines[-1][0] > _Place(micros(row.updated), row.id, NEVER):
                break  # all that was said in those that are left is older
            look = look_at(shell, tx, row.id, "conversation", actor)
            lines += islice(_of_job(shell, look, end), limit)
            lines.sort(key=lambda one: one[0], reverse=True)
            del lines[limit:]
        return [view for _, view in lines]


def _only_own(actor: Actor) -> bool:
    return needs("conversation_with", actor) == OWN


def _place(text: str) -> _Place:
    if not text:
        return _END
    at, _, rest = text.partition(".")
    number, _, job = rest.partition(".")
    if not all(part.isascii() and part.isdecimal() and len(part) < 20 for part in (at, number)):
        what = phrase("%(text)s is no place in the conversation", text=repr(text[:60]))
        raise BadAnswer({"after": what}, possible=(phrase("as the page before says"),))
    return _Place(int(at), job, int(number))


def _placed(view: MessageView, place: _Place) -> MessageView:
    return replace(view, place=str(place))


def _of_job(shell: Shell, look: Look, end: _Place) -> Iterator[tuple[_Place, MessageView]]:
    """What was said about a job before a place, the newest first; pages are read only as far as somebody looks."""
    last, first = look.job.seq, max(0, look.job.seq - _RECENT)
    while last > first:
        after = max(first, last - _PAGE)
        entries = look.entries(after, last - after)
        for view in reversed(views_of(shell, look, entries)):
            place = _Place(micros(view.at), look.job.id, int(view.place))
            if place < end:
                yield place, _placed(view, place)
        last = after


def _without_job(
    shell: Shell, tx: Transaction, party: str, actor: Actor, end: _Place
) -> Iterator[tuple[_Place, MessageView]]:
    number = 2**62
    while page := tx.conversations.before(party, number, _PAGE):
        for one in page:
            place = _Place(micros(one.at), "", one.number)
            if place < end:
                yield place, _view(shell, tx, one, actor, place)
        number = page[-1].number


def _view(shell: Shell, tx: Transaction, one: Written, actor: Actor, place: _Place) -> MessageView:
    outside, id = one.author == one.party, f"{one.party}.{one.number}"
    return MessageView(
        place=str(place),
        at=one.at,
        who=name_of(tx, one.author),
        by=id_of(tx, one.author),
        kind="answer" if one.answers else "message",
        saying=reader_words(tx, actor).tell(SAYINGS["answer" if one.answers else "message"]),
        text=one.text,
        files=views(shell, tx, one.files, reader_words(tx, actor)),
        outside=outside,
        yours=himself(actor, one.author),
        id=id if outside else "",
        short=id if outside else "",
        to=f"{one.party}.{one.answers}" if one.answers else "",
        status="" if not outside else "answered" if one.due is None else "waiting",
        whom=reader_words(tx, actor).say("any of the staff") if one.due is not None else "",
        due=one.due,
    )


def open_conversations(shell: Shell, after: str, limit: int, by: By) -> list[OpenConversation]:
    due, _, whose = after.partition(".")
    if after and not (due.isascii() and due.isdecimal() and len(due) < 20):
        raise BadAnswer(
            {"after": phrase("%(after)s is no place in this list", after=repr(after[:60]))},
            possible=(phrase("as the page before says"),),
        )
    with shell.reading() as tx:
        access.asker(tx, "open_conversations", by)
        found = []
        for party, first_due, count in tx.conversations.open((int(due or 0), whose), limit):
            last = tx.conversations.waiting(party)[-1]
            found.append(
                OpenConversation(
                    place=f"{first_due}.{party}",
                    party=party,
                    name=name_of(tx, party),
                    text=last.text,
                    at=last.at,
                    due=moment(first_due),
                    waiting=count,
                )
            )
        return found
