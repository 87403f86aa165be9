"""Two ids that are one person: merged, taken apart again, proposed, told apart.

Nothing is moved (DOORS 3): a row says into whom an id was merged, and whoever reads follows it. A person decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flowengine.commands import access
from flowengine.commands.interventions import check_reason
from flowengine.commands.shell import Shell
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, NotAllowed
from flowengine.people import likeness
from flowengine.people.identities import By
from flowengine.runtime.actors import nobody, refuse_erased
from flowengine.speech.phrases import phrase
from flowengine.store import Person, Transaction
from flowengine.views.records import DuplicateView, MergedView

COMMON = 20
"""More people than can be one by what they have in common."""

MOST = 200
"""Proposals that are made at once."""


def merge(shell: Shell, id: str, into: str, because: str, by: By) -> MergedView:
    """Say that an id is the same person as another. Raises NotFound, NotAllowed."""

    def work(tx: Transaction) -> MergedView:
        actor = access.asker(tx, "merge", by)
        check_reason(because)
        _both(tx, id, into)
        _refuse_circle(tx, id, into)
        tx.aliases.add(id, into, shell.clock.now(), actor.id, because)
        merged = _merged(tx, id, into)
        tx.note(actor, "merge", id, also=into, because=because)
        return merged

    return shell.keep(work)


def unmerge(shell: Shell, id: str, by: By) -> MergedView:
    """Undo that an id was merged: each is again what it was. Raises NotFound, NotAllowed."""

    def work(tx: Transaction) -> MergedView:
        actor = access.asker(tx, "unmerge", by)
        if tx.people.get(id) is None:
            raise nobody(id)
        alias = tx.aliases.get(id)
        if alias is None:
            into = [one.id for one in tx.aliases.of_root(id)]
            raise NotAllowed(
                phrase("%(id)s was not merged into anybody", id=id),
                where=id,
                possible=(*into, phrase("one that was merged")),
            )
        tx.aliases.remove(id, alias.root)
        merged = _merged(tx, id, "")
        tx.note(actor, "unmerge", id, also=alias.merged_into)
        return merged

    return shell.keep(work)


def _both(tx: Transaction, *ids: str) -> None:
    """Raises where one of them is nobody, staff, or erased."""
    for id in ids:
        found = tx.people.get(id)
        if found is None:
            raise nobody(id)
        if found.kind != "customer":
            what = phrase("%(id)s is a member of staff, and only customers are merged", id=id)
            raise NotAllowed(what, where=id, possible=(phrase("the id of a customer"),))
        refuse_erased(found)


def _refuse_circle(tx: Transaction, id: str, into: str) -> None:
    if id == into:
        raise NotAllowed(phrase("%(id)s is himself already", id=id), where=id, possible=(phrase("another id"),))
    alias = tx.aliases.get(id)
    if alias is not None:
        what = phrase("%(id)s was merged into %(merged_into)s already", id=id, merged_into=alias.merged_into)
        raise NotAllowed(
            what, where=id, possible=(phrase("unmerge %(id)s first", id=id), phrase("merge %(id)s", id=alias.root))
        )
    if tx.aliases.root(into) == id:
        what = phrase(
            "%(into)s was merged into %(id)s, so that merging them the other way would be a circle", into=into, id=id
        )
        raise NotAllowed(what, where=id, possible=(phrase("unmerge %(into)s first", into=into),))


def _merged(tx: Transaction, id: str, into: str) -> MergedView:
    root = tx.aliases.root(id)
    below = sorted(one.id for one in tx.aliases.of_root(root))
    return MergedView(id=id, into=into, customer=root, ids=(root, *below))


# proposals


class _Alike(NamedTuple):
    """Two customers who are alike, the one who has been known for longer first."""

    first: Person
    second: Person
    reason: str


def duplicates(shell: Shell, limit: int, by: By) -> list[DuplicateView]:
    """Who may be the same person, with reasons; those with the most reasons first."""
    if not 0 < limit <= MOST:
        raise BadAnswer({"limit": phrase("is %(limit)s; 1 to %(most)s are possible", limit=limit, most=MOST)})
    with shell.reading() as tx:
        access.asker(tx, "duplicates", by)
        apart, roots = tx.aliases.told_apart(), tx.aliases.roots()
        people = [one for one in tx.people.all("customer") if one.erased is None]
    people.sort(key=lambda one: (one.created, one.id))
    found: dict[tuple[str, str], list[_Alike]] = {}
    for alike in _alike(people, roots, apart):
        found.setdefault((alike.first.id, alike.second.id), []).append(alike)
    most_reasons = sorted(found.values(), key=lambda some: (-len(some), some[0].first.id, some[0].second.id))
    return [
        DuplicateView(
            id=some[0].second.id,
            name=some[0].second.name,
            into=some[0].first.id,
            into_name=some[0].first.name,
            reasons=tuple(one.reason for one in some),
        )
        for some in most_reasons[:limit]
    ]


def _alike(people: list[Person], roots: dict[str, str], apart: set[tuple[str, str]]) -> Iterator[_Alike]:
    """Pairs of people who have a mark in common: of many who do, each with the first of whom it is not known that they
    are two, so that there are no more proposals than people."""
    marks: dict[tuple[str, str], list[Person]] = {}
    for person in people:
        for mark in likeness.marks(person.name, person.contact, person.zone):
            marks.setdefault(mark, []).append(person)
    told: set[tuple[str, str, str]] = set()
    for (reason, _), some in marks.items():
        if len(some) > COMMON and reason != likeness.CONTACT:
            continue  # so many have it that it says nothing
        for index, second in enumerate(some):
            first = next((one for one in some[:index] if _may_be_one(one, second, roots, apart)), None)
            if first is None or (first.id, second.id, reason) in told or _said_already(reason, first, second):
                continue
            told.add((first.id, second.id, reason))
            yield _Alike(first, second, reason)


def _said_already(reason: str, one: Person, other: Person) -> bool:
    """Whether names that are the same are told as nearly the same."""
    return reason.startswith(likeness.NEARLY) and likeness.normal_name(one.name) == likeness.normal_name(other.name)


def _may_be_one(one: Person, other: Person, roots: dict[str, str], apart: set[tuple[str, str]]) -> bool:
    first, second = sorted((one.id, other.id))
    same = roots.get(one.id, one.id) == roots.get(other.id, other.id)
    return one.id != other.id and not same and (first, second) not in apart


def reject_duplicate(shell: Shell, id: str, other: str, by: By) -> None:
    """Say that two are two: they are proposed no more. Raises NotFound, NotAllowed."""

    def work(tx: Transaction) -> None:
        actor: Actor = access.asker(tx, "reject_duplicate", by)
        _both(tx, id, other)
        if tx.aliases.root(id) == tx.aliases.root(other):
            what = phrase("%(id)s and %(other)s are one person here", id=id, other=other)
            raise NotAllowed(what, where=id, possible=(phrase("two persons"), phrase("unmerge first")))
        tx.aliases.tell_apart(id, other, shell.clock.now(), actor.id)
        tx.note(actor, "reject_duplicate", id, also=other)

    shell.keep(work)
