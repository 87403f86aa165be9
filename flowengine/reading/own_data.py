"""All that is kept of a customer, as plain JSON: for himself, as far as it is his to know (L9), and for the
organisation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from flowengine import exact
from flowengine.commands import access
from flowengine.commands.arriving import received
from flowengine.commands.consents import told
from flowengine.commands.people import view as person_view
from flowengine.commands.records import fact_view, ids_of, sight, whose
from flowengine.commands.shell import Shell
from flowengine.core.values import Actor, Json
from flowengine.people.identities import By
from flowengine.people.permissions import OWN, needs
from flowengine.reading.administration import names_in
from flowengine.reading.histories import history
from flowengine.reading.records import hides, named, root_of
from flowengine.reading.timeline import happened
from flowengine.reading.tracking import data, track
from flowengine.store import Transaction
from flowengine.views.administration import line as deed_line
from flowengine.views.replies import View

SCHEMA = "flowengine/customer/1"
_PAGE = 500


def export_person(shell: Shell, id: str, by: By) -> dict[str, Json]:
    """All that is kept of a customer, under all of his ids."""
    with shell.looking() as look, look.reading() as tx:
        actor = access.asker(tx, "export_person", by)
        person = root_of(tx, whose(tx, "export_person", id, actor))
        ids, own = ids_of(person), needs("export_person", actor) == OWN
        return {
            "schema": SCHEMA,
            "exported": shell.clock.now().isoformat(),
            "customer": person.id,
            "ids": list(ids),
            "people": list(_people(tx, ids, own)),
            "merged": [] if own else list(_merged(tx, person.id)),
            "facts": list(_facts(look, tx, ids, actor)),
            "jobs": list(_jobs(look, tx, ids, actor, own)),
            "timeline": [_plain(line) for line in happened(look, tx, ids, actor)],
            "letters": list(_letters(tx, ids)),
            "consents": [_plain(one) for one in told(tx, ids)],
            "received": [_plain(one) for one in received(tx, ids)],
            "referrals": [_plain(one) for one in named(tx, ids, actor, 2**40)],
            "administration": list(_deeds(tx, ids, own)),
        }


def _plain(view: View) -> Any:
    return exact.writable(exact.builtins(view))


def _people(tx: Transaction, ids: tuple[str, ...], own: bool) -> Iterator[Json]:
    for one in ids:
        found = tx.people.get(one)
        if found is not None:
            seen = person_view(found)
            yield _plain(replace(seen, record={}) if own else seen)


def _merged(tx: Transaction, root: str) -> Iterator[Json]:
    for one in tx.aliases.of_root(root):
        known = {"id": one.id, "into": one.merged_into, "at": one.at.isoformat()}
        yield known | {"by": one.by, "because": one.because}


def _facts(shell: Shell, tx: Transaction, ids: tuple[str, ...], actor: Actor) -> Iterator[Json]:
    """Every fact with all its versions, also those that were taken back."""
    sees = sight(shell, actor)
    for one in ids:
        for fact in tx.records.all_versions(one):
            if sees.sees(fact):
                yield _plain(fact_view(tx, fact, actor))


def _jobs(look: Shell, tx: Transaction, ids: tuple[str, ...], actor: Actor, own: bool) -> Iterator[Json]:
    """Where each job stands, what was shown, answered and said in it; for the organisation its whole history, too."""
    for one in ids:
        after: str | None = None
        while page := tx.jobs.list(customer=one, limit=_PAGE, after=after):
            after = page[-1].id
            for row in page:
                if hides(look, tx, row.process, row.version, actor):
                    continue
                by = Actor(kind="customer", id=one) if own else actor
                job = _plain(track(look, row.id, by)) | {"data": exact.writable(data(look, row.id, by))}
                lines = [] if own else history(look, row.id, by)
                told = [
                    {"seq": line.seq, "at": line.at.isoformat(), "who": line.who, "what": line.what} for line in lines
                ]
                yield job | ({} if own else {"history": told})


def _deeds(tx: Transaction, ids: tuple[str, ...], own: bool) -> Iterator[Json]:
    """What was changed that is about him, outside of jobs; he himself has what he has changed."""
    found = {deed.seq: deed for one in ids for deed in tx.deeds.page(one, limit=2**40)}
    told = [found[seq] for seq in sorted(found) if not own or found[seq].by.id in ids]
    names = names_in(tx, told)
    for one in told:
        line = deed_line(one, names)
        yield {"seq": line.seq, "at": line.at.isoformat(), "who": line.who, "what": line.what} | {
            "words": exact.writable(line.words)
        }


def _letters(tx: Transaction, ids: tuple[str, ...]) -> Iterator[Json]:
    for one in tx.records.letters(ids, 2**40):
        yield {"at": one.at.isoformat(), "channel": one.channel, "why": one.why, "subject": one.subject}
