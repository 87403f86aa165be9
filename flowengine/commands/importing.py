"""People in bulk: a thousand rows are one transaction, in which all are entered or, where one cannot be, none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from flowengine.commands import claims
from flowengine.commands.people import change_first
from flowengine.commands.shell import Shell
from flowengine.core.fields import take
from flowengine.core.values import Actor, Json
from flowengine.errors import BadAnswer
from flowengine.people.contacts import any_way
from flowengine.people.identities import LONGEST_NAME, By, check_person
from flowengine.speech.phrases import phrase
from flowengine.store import Person, Transaction
from flowengine.store.administration import IMPORT
from flowengine.views.records import Imported, RefusedRow

BATCH = 1_000
KEYS = ("id", "name", "contact", "groups", "zone", "language", "record")
MOST_GROUPS = 100


class _Row(NamedTuple):
    """A row that can be read: its number, and what it says."""

    number: int
    id: str
    name: str
    contact: str
    zone: str
    language: str
    groups: tuple[str, ...] | None
    record: dict[str, Json]


class _Batch(NamedTuple):
    """What came of a batch, and what is still to be given back of claims that are lost."""

    done: Imported
    lost: list[tuple[claims.Ending, list[claims.Held]]]


def import_people(shell: Shell, rows: Sequence[Mapping[str, Json]], dry: bool, by: By) -> Imported:
    """Enter or change customers by rows, or say what would come of it."""
    actor = shell.asker("import_people", by)
    if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Sequence):
        raise BadAnswer({"rows": phrase("is no list of rows")}, possible=('[{"id": "ada", "name": "Ada"}]',))
    total, seen = Imported(dry=dry), dict[str, int]()
    for first in range(0, len(rows), BATCH):
        some = rows[first : first + BATCH]
        read = [_read(number, row, seen) for number, row in enumerate(some, first + 1)]
        good = [one for one in read if isinstance(one, _Row)]
        bad = [one for one in read if isinstance(one, RefusedRow)]
        total = _plus(total, _batch(shell, good, bad, actor, dry))
    return total


def _plus(one: Imported, other: Imported) -> Imported:
    counts = {name: getattr(one, name) + getattr(other, name) for name in ("added", "changed", "same", "left_out")}
    return Imported(**counts, refused=(*one.refused, *other.refused), dry=one.dry)


def _batch(shell: Shell, rows: Sequence[_Row], bad: Sequence[RefusedRow], actor: Actor, dry: bool) -> Imported:
    """Enter one batch. Where a row of it cannot be taken, the others are only looked at, so that all that is wrong is
    told at once."""

    def work(tx: Transaction) -> _Batch:
        there = tx.people.of_ids([row.id for row in rows])
        refused = sorted((*bad, *_refused(rows, there)), key=lambda one: one.row)
        if refused:
            left_out = len(rows) + len(bad) - len(refused)
            return _Batch(Imported(left_out=left_out, refused=tuple(refused)), [])
        added, changed = _people(shell, rows, there)
        lost: list[tuple[claims.Ending, list[claims.Held]]] = []
        if not dry:
            _contacts(shell, tx, there, added, changed)
            tx.people.enter_many(added, changed)
            lost = [_gives_back(shell, tx, there[one.id], one, actor) for one in changed]
            ids = {"added": [one.id for one in added], "changed": [one.id for one in changed]}
            if added or changed:
                tx.note(actor, IMPORT, IMPORT, ids)
        same = len(rows) - len(added) - len(changed)
        return _Batch(Imported(added=len(added), changed=len(changed), same=same), lost)

    if dry:
        with shell.reading() as tx:
            return work(tx).done
    done, lost = shell.keep(work)
    for ending, more in lost:
        claims.rest(shell, ending, more)
    return done


def _people(shell: Shell, rows: Sequence[_Row], there: Mapping[str, Person]) -> tuple[list[Person], list[Person]]:
    """Who is new, and whose record is another than before."""
    added, changed, now = [], [], shell.clock.now()
    for row in rows:
        before = there.get(row.id)
        known = before or Person(id=row.id, kind="customer", name=row.id, created=now)
        person = replace(
            known,
            name=row.name or known.name,
            contact=row.contact or known.contact,
            zone=row.zone or known.zone,
            language=row.language or known.language,
            groups=known.groups if row.groups is None else row.groups,
            record=known.record | row.record,
        )
        if before is None:
            added.append(person)
        elif person != before:
            changed.append(person)
    return added, changed


def _contacts(
    shell: Shell, tx: Transaction, there: Mapping[str, Person], added: Sequence[Person], changed: Sequence[Person]
) -> None:
    """The contact that a row says is the person's first."""
    now = shell.clock.now()
    tx.contacts.add_first([(one.id, any_way(one.contact)) for one in added if one.contact], now)
    for one in changed:
        if one.contact != there[one.id].contact:
            change_first(tx, one.id, there[one.id].contact, one.contact, now)


def _gives_back(
    shell: Shell, tx: Transaction, before: Person, person: Person, actor: Actor
) -> tuple[claims.Ending, list[claims.Held]]:
    """Give back what somebody has claimed and may no longer do, for he is in a group no more; what is left is for
    later."""
    lost = [group for group in before.groups if group not in person.groups]
    ending = claims.release_lost(shell, person.id, actor, f"{person.name} is {', '.join(lost)} no longer")
    held = tx.steps.held(person.id) if lost else []
    ending(tx, held[: claims.TOGETHER])
    return ending, held[claims.TOGETHER :]


def _refused(rows: Sequence[_Row], there: Mapping[str, Person]) -> list[RefusedRow]:
    """Rows whose ids cannot be those of customers."""
    found = []
    for row in rows:
        person = there.get(row.id)
        if person is not None and person.kind != "customer":
            found.append(RefusedRow(row=row.number, problems={"id": f"{row.id} is a member of staff, and stays so"}))
        elif person is not None and person.erased is not None:
            found.append(RefusedRow(row=row.number, problems={"id": f"{row.id} was erased, and the id stays nobody's"}))
    return found


# one row


def _read(number: int, row: object, seen: dict[str, int]) -> _Row | RefusedRow:
    """A row, or what is wrong with it; ``seen`` are the ids before it, each with its row."""
    if not isinstance(row, Mapping):
        return RefusedRow(row=number, problems={"": "is no row: an object of names and values"})
    problems = {str(key)[:60]: f"is unknown; possible: {', '.join(KEYS)}" for key in row if key not in KEYS}
    texts = {key: row.get(key, "") for key in ("id", "name", "contact", "zone", "language")}
    problems |= {key: "must be a text" for key, one in texts.items() if not isinstance(one, str)}
    said = {key: str(one).strip() for key, one in texts.items() if key not in problems}
    if "id" not in problems and not said["id"]:
        problems["id"] = "is missing"
    elif "id" in said:
        problems |= _of_person(said)
        before = seen.setdefault(said["id"], number)
        if before != number:
            problems.setdefault("id", f"{said['id'][:60]} stands in row {before} already")
    groups, record = _groups(row.get("groups"), problems), _record(row.get("record"), problems)
    if problems:
        return RefusedRow(row=number, problems=problems)
    return _Row(number=number, groups=groups, record=record, **said)


def _of_person(said: Mapping[str, str]) -> dict[str, str]:
    try:
        check_person(
            said["id"], said.get("name", ""), said.get("contact", ""), said.get("zone", ""), (), said.get("groups", ()),
            said.get("language", ""),
        )  # fmt: skip
    except BadAnswer as error:
        return error.problems
    return {}


def _groups(groups: Json, problems: dict[str, str]) -> tuple[str, ...] | None:
    """The groups of a row; None where it says nothing of them."""
    if groups is None:
        return None
    fine = isinstance(groups, Sequence) and not isinstance(groups, str) and len(groups) <= MOST_GROUPS
    if not fine or not all(isinstance(one, str) and 0 < len(one.strip()) <= LONGEST_NAME for one in groups):
        problems["groups"] = f"must be a list of at most {MOST_GROUPS} names"
        return None
    return tuple(dict.fromkeys(one.strip() for one in groups))


def _record(record: Json, problems: dict[str, str]) -> dict[str, Json]:
    if record is None:
        return {}
    try:
        return take(record)
    except BadAnswer as error:
        problems["record"] = "; ".join(error.problems.values())
        return {}
