"""Receipts that can be checked without the database: which there are, and one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from flowengine import exact, sealing
from flowengine.commands import access
from flowengine.commands.asked import in_words
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.answers import form, is_secret
from flowengine.core.draft import Draft, rebuild, settle
from flowengine.core.forms import FormField, questions
from flowengine.core.machines import Compiled
from flowengine.core.position import MemoryPosition
from flowengine.core.seatings import himself, in_his_name, stands_for
from flowengine.core.translating import step_in
from flowengine.core.values import Actor, Json
from flowengine.errors import FlowError, NotAllowed
from flowengine.people.identities import By
from flowengine.reading.look import entries_in
from flowengine.runtime.actors import StoreWorld, actor_of, name_of, reader_words
from flowengine.speech.phrases import phrase
from flowengine.store import Entry, StoredJob, Transaction, shown
from flowengine.store.holes import beside
from flowengine.store.sealed import leaves, parts
from flowengine.views.history_lines import Teller
from flowengine.views.plainly import Clock
from flowengine.views.proofs import VOUCHED, Proof, ProvedEntry, ReceiptRow, ToldPart, summed
from flowengine.views.settled import known_data

LINKED = 2_000
"""So many entries back a receipt is linked; of a longer history what its beginning says is not in it."""
MOST = 200
_BESIDES = (e.Entered, e.UndoTaken, e.CutOff, e.LateResult, e.DeadlineMoved, e.Told, e.MessageTaken, e.PromiseAtRisk)
"""What comes of a command inside, which a customer is not told with what he did (L9)."""
_OWN = (c.Start, c.Act, c.Invoke, c.Say)
"""What a customer can have a receipt of."""


def receipts(shell: Shell, text: str, after: int, limit: int, by: By) -> list[ReceiptRow]:
    with shell.reading() as tx:
        actor = actor_of(tx, by)
        job = access.visible_job(tx, text, actor)
        compiled = shell.catalogue.told(tx, job.process, job.version, actor.language)
        return list(_rows(tx, job, compiled, actor, after, max(1, min(limit, MOST))))


def _rows(
    tx: Transaction, job: StoredJob, compiled: Compiled, actor: Actor, after: int, limit: int
) -> Iterator[ReceiptRow]:
    teller = Teller(compiled.process, _Names(tx), reader_words(tx, actor))
    found = 0
    for entry in entries_in(compiled.process, tx.history.of(job.id)):
        own = isinstance(entry.command, _OWN) and _is_done_by(entry, actor)
        secret = _has_secret(entry)
        if entry.erased:
            words = teller.erased(entry.command, entry.events)
        else:
            hidden = _BESIDES if actor.kind == "customer" else (e.Entered,)
            words = teller.what(entry.command, [one for one in entry.events if not isinstance(one, hidden)])
        if entry.seq > after and own and found < limit:
            found += 1
            yield ReceiptRow(
                job=job.id,
                short=f"{shown(job.id)}.{entry.seq}",
                seq=entry.seq,
                at=entry.at,
                what=teller.say("your ballot") if secret else words,
                title=compiled.process.title,
                zone=compiled.process.zone,
            )


class _Names(dict[str, str]):
    """Names of people, looked up when they are told."""

    def __init__(self, tx: Transaction) -> None:
        super().__init__()
        self._tx = tx

    def get(self, id: str, default: Any = None) -> Any:
        return name_of(self._tx, id) or default


def proof(shell: Shell, text: str, seq: int | None, by: By) -> Proof:
    with shell.reading() as tx:
        actor = actor_of(tx, by)
        job = access.visible_job(tx, text, actor)
        where = f"{text}.{seq}" if seq is not None else text
        history = tx.history.of(job.id, 0)
        if seq is None:
            seq = next((one.seq for one in reversed(history) if _is_his(one, actor)), 0)
        if not 0 < seq <= len(history) or not _is_his(history[seq - 1], actor):
            raise access.no_such("receipt", where)
        return _Proving(shell, tx, job, actor, history[:seq]).proof()


def _is_his(entry: Entry, actor: Actor) -> bool:
    """Whether somebody can have a receipt of an entry: a customer of what was done by him, or in the name of whom he
    may look after, those inside of all."""
    if actor.kind != "customer":
        return True
    return isinstance(entry.command, _OWN) and _is_done_by(entry, actor)


def _is_done_by(entry: Entry, actor: Actor) -> bool:
    """Whether somebody did it, or another in the name of whom he may look after; a secret ballot is its voter's."""
    return in_his_name(actor, entry.by) and (himself(actor, entry.by.id) or not _has_secret(entry))


def _has_secret(entry: Entry) -> bool:
    return any(isinstance(event, e.SeatAnswered) and event.secret for event in entry.events)


class _Proving:
    """One receipt in the making: of the last entry of ``history``."""

    def __init__(self, shell: Shell, tx: Transaction, job: StoredJob, actor: Actor, history: Sequence[Entry]) -> None:
        self.shell, self.tx, self.job, self.actor, self.history = shell, tx, job, actor, history
        self.entry = history[-1]
        self.inside = actor.kind != "customer"
        self.own = self.inside or job.customer in stands_for(actor, looking=True)
        self.begun, self.version = self._version()
        self.compiled: Compiled = shell.catalogue.told(tx, job.process, self.version, self.entry.by.language)
        self.before = rebuild(one.events for one in history[:-1]) if len(history) > 1 else None

    def _version(self) -> tuple[int, str]:
        """The version of the process by then, and the entry that says it."""
        seq, version = 1, self.job.version
        for entry in self.history:
            for event in entry.events:
                if isinstance(event, e.Started):
                    seq, version = entry.seq, event.head.version
                elif isinstance(event, e.Migrated):
                    seq, version = entry.seq, event.version
        return seq, version

    def proof(self) -> Proof:
        seq = self.entry.seq
        rows = {row[0]: row for row in self.tx.history.rows(self.job.id, max(0, seq - LINKED - 1), seq)}
        unsealed = [number for number, row in rows.items() if not _seed(row[3])]
        if seq in unsealed:
            what = phrase("this was written before receipts could be proved")
            raise NotAllowed(what, where=f"{shown(self.job.id)}.{seq}", possible=(phrase("read it in the job"),))
        after = max((*unsealed, seq - LINKED, 0))
        start = rows[after][2] if after else self.job.id
        wanted = sorted({self.begun, *self._opening(), seq})
        entries = tuple(self._proved(rows[one], rows, start) for one in wanted if one > after)
        roots = tuple(
            sealing.root(leaves(_seed(rows[one][3]), rows[one][3].encode())) for one in range(after + 1, seq + 1)
        )
        told = {entry.seq for entry in entries}
        made = Proof(
            job=self.job.id,
            seq=seq,
            statement=self._statement(told),
            entries=entries,
            after=after,
            start=start,
            roots=roots,
        )
        return summed(made)

    # the entries

    def _opening(self) -> tuple[int, ...]:
        """The entry that has opened the step on which somebody acted, as it was last called."""
        command = self.entry.command
        if not isinstance(command, c.Act | c.ActFor):
            return ()
        found = [
            entry.seq
            for entry in self.history[:-1]
            for event in entry.events
            if isinstance(event, e.StepOpened) and event.step.number == command.step
        ]
        return tuple(found[:1])

    def _proved(self, row: Any, rows: Any, start: str) -> ProvedEntry:
        number, _, hash_, body, contents = row
        seed, texts = _seed(body), parts(body)
        kept = beside(contents).kept
        told: list[ToldPart] = []
        held: dict[str, tuple[str, str]] = {}
        for index, text in enumerate(texts, 1):
            if self._may_be_told(number, exact.decode(text)):
                told.append(ToldPart(leaf=index, salt=sealing.salt(seed, index), text=text.decode()))
                held |= {key: one for key, one in kept.items() if key in text.decode()}
        previous = rows[number - 1][2] if number - 1 in rows else start
        return ProvedEntry(
            seq=number,
            previous=previous,
            hash=hash_,
            leaves=tuple(leaves(seed, body.encode())),
            told=tuple(told),
            contents=tuple(held.values()),
        )

    def _may_be_told(self, number: int, part: dict[str, Any]) -> bool:
        """What of an entry somebody may read (L9): of his own what he asked, and what he is told of it anyhow; of one
        before it, which version the job had, and the step."""
        what, command = str(part["part"]), self.entry.command
        if number != self.entry.seq:
            step = command.step if isinstance(command, c.Act | c.ActFor) else 0
            return what in ("Started", "Migrated") or (what == "StepOpened" and bool(part["number"] == step))
        if what in ("entry", "Started", "Migrated"):
            return True
        if what == "command":
            return not self._secret()
        if what == "Saved":
            return self._saved_is_told(part["place"])
        if what in ("Promised", "Ended"):
            return self.own
        return what == "Thanked"

    def _secret(self) -> bool:
        """Whether nobody may prove how he has voted: who could, could be made to."""
        return any(isinstance(event, e.SeatAnswered) and event.secret for event in self.entry.events)

    def _saved_is_told(self, place: str) -> bool:
        """Whether all that was saved there is what the asker may know."""
        saved = {event.place: event.value for event in self.entry.events if isinstance(event, e.Saved)}
        if self.inside:
            return True
        if not self.own or not isinstance(saved.get(place), dict):
            return False
        known: Any = known_data(self.compiled, _left(self._after()))
        for key in place.split("."):
            known = known.get(key) if isinstance(known, dict) else None
        return bool(known == saved[place])

    def _after(self) -> MemoryPosition:
        draft = Draft(self.before)
        for event in self.entry.events:
            draft.record(event)
        return settle(self.before, draft)

    # the statement

    def _statement(self, told: set[int]) -> dict[str, Json]:
        entry, command = self.entry, self.entry.command
        by = {"kind": entry.by.kind, "id": entry.by.id}
        made: dict[str, Json] = {"job": self.job.id, "seq": entry.seq, "at": exact.builtins(entry.at), "by": by}
        made |= {"name": name_of(self.tx, entry.by.id) or entry.by.kind, "process": self.compiled.process.title}
        if self.begun in told:
            made["version"] = self.version
        if entry.by.language:
            made["language"] = entry.by.language
        if not self._secret():
            made["known_by"] = entry.by.strength or VOUCHED
            if entry.by.party:
                made["for"] = entry.by.party
            made |= self._asked(command, told)
        saved = {
            one.place: one.value for one in entry.events
            if isinstance(one, e.Saved) and one.branch == "main" and self._saved_is_told(one.place)
        }  # fmt: skip
        if saved:
            made["saved"] = _plain(saved)
        for event in entry.events if self.own else ():
            if isinstance(event, e.Promised):
                made["promised"] = exact.builtins(event.promise.by)
            elif isinstance(event, e.Ended):
                made["ended"] = event.because
        return made

    def _asked(self, command: c.AnyCommand, told: set[int]) -> dict[str, Json]:
        """What was asked and answered."""
        if isinstance(command, c.Say):
            return {"words": command.text}
        if not isinstance(command, c.Start | c.Act | c.ActFor | c.Invoke):
            return {}
        made: dict[str, Json] = {"answer": _plain(command.answer)}
        if isinstance(command, c.Act | c.ActFor):
            opened = self._opened(command.step)
            made["outcome"] = command.outcome
            if opened is not None and opened[0] in told:
                step = step_in(self.compiled.process, opened[1].step)
                made |= {"title": step.title, "shown": _plain(step.shown)}
        offered = self._offered(command)
        return made | ({"offered": offered} if offered else {})

    def _opened(self, number: int) -> tuple[int, e.StepOpened] | None:
        for entry in self.history[:-1]:
            for event in entry.events:
                if isinstance(event, e.StepOpened) and event.step.number == number:
                    return entry.seq, event
        return None

    def _offered(self, command: c.AnyCommand) -> list[Json]:
        """The questions as they follow from the version and the data of then, with their options and prices; none where
        they cannot be told any more."""
        if any(entry.erased for entry in self.history):
            return []
        try:
            return [_question(one) for one in self._fields(command)]
        except (FlowError, StopIteration):
            return []

    def _fields(self, command: c.AnyCommand) -> Sequence[FormField]:
        world, at = StoreWorld(self.tx, self.job.customer), self.entry.at
        if isinstance(command, c.Start):
            root = self.compiled.process.root
            return questions(root.states[root.start].fields, world=world)
        if isinstance(command, c.Act | c.ActFor) and self.before is not None:
            step = self.before.steps.get(command.step)
            if step is None or is_secret(self.compiled, step):
                return ()
            made = form(
                self.compiled, self.before, in_words(self.tx, self.job, step, Clock(self.compiled.process)), at, world
            )
            way = made.way(command.outcome) if command.outcome else (made.ways[0] if len(made.ways) == 1 else None)
            return way.fields if way is not None else ()
        return ()


def _left(position: MemoryPosition) -> MemoryPosition:
    """The position as it is once the job stands nowhere: what is asked anew at once is settled all the same here."""
    return MemoryPosition(replace(position.head, standing={}), position.data, position.branches, position.seated)


def _question(field: FormField) -> Json:
    found: dict[str, Json] = {"name": field.name, "title": field.title}
    if field.options:
        found["options"] = [
            {"id": one.id, "title": one.title} | ({} if one.price is None else {"price": one.price})
            for one in field.options
        ]
    return found


def _plain(value: Any) -> Json:
    """A value as it is read from JSON."""
    return exact.decode(exact.encode(value))


def _seed(body: str) -> str:
    seed: str = exact.decode(body).get("seed", "")
    return seed
