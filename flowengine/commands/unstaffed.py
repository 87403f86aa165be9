"""Whom steps wait for, steps that nobody can do, and roles that nobody has.

Asked when an operator looks, and nowhere stored: who can do a step changes with people, not with its job. Roles are
judged only where the store knows staff beside operators, and groups where it knows members: an application may vouch
for people of its own (:class:`~flowengine.core.values.Actor`), of whom nothing is known here. A job's customer always
exists, and so does whoever has claimed a step and is not known here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property, partial
from itertools import groupby

from flowengine.commands import voting
from flowengine.core.machines import Compiled
from flowengine.core.position import Position
from flowengine.core.seatings import fillable, nobody_may
from flowengine.core.values import Branch, Panel, Poll, Seating, Step
from flowengine.language.expressions import Expression
from flowengine.language.model import Process
from flowengine.runtime.actors import OPERATOR, name_of
from flowengine.runtime.catalogue import Catalogue
from flowengine.speech.phrases import listing, phrase
from flowengine.store import Person, Transaction
from flowengine.store.steps import BOX, NOBODY, WaitingStep
from flowengine.views import plainly


def whom(tx: Transaction, job: str, process: Process, branch: Branch, step: Step) -> str:
    """Whom an open step of a job waits for, as a phrase where the words are ours."""
    inner = voting.poll_now(tx, job, step, branch) or branch.inners.get(step.member)
    if isinstance(inner, Poll):
        left = inner.voters - inner.cast
        return phrase("%(left)s of %(all)s who may vote", left=left, all=inner.voters)
    if isinstance(inner, Panel):
        left = step.seats - inner.approved - inner.changes - inner.declined
        return phrase("%(left)s of %(all)s", left=left, all=step.seats)
    if step.claimed:
        return name_of(tx, step.claimed)
    ids = [one.partition(":")[2] for one in step.audience if one.startswith("person:")]
    names = {id: name_of(tx, id) for id in ids}
    return listing(plainly.waits_for_words(one, names, process.roles, process.groups) for one in step.audience)


HELP = (
    phrase("give somebody the role"),
    phrase("let somebody act for the party"),
    phrase("assign the step"),
    phrase("act for somebody"),
    phrase("move the job"),
)
"""What is possible."""


class Staffing:
    """Who fills which seating, as people are known in one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        staff = tx.people.all("staff")
        self._staff = {one.id: one for one in staff if one.left is None}
        self._left = {one.id for one in staff if one.left is not None}
        self._known: dict[str, Person | None] = dict(self._staff)
        self._groups: dict[str, frozenset[str]] = {}
        self.judges_roles = any(one.roles != (OPERATOR,) for one in staff)
        self._judges_groups: bool | None = None
        self._for_party: dict[str, list[str]] = {}

    def fillers(self, customer: str, seating: Seating) -> Collection[str] | None:
        """The ids of those who fill a seating of a step of the customer's job; None: there may be somebody."""
        kind, _, name = seating.partition(":")
        if kind == "person":
            return (name, *self._acting(name)) if name and self._is_somebody(name, customer) else ()
        if kind == "role":
            return self.with_role(name) if self.judges_roles else None
        if kind == "group":
            return self.members(name) if self.judges_groups else None
        if kind == "staff":
            return self._staff if self.judges_roles else None
        return None if kind else ()

    @property
    def judges_groups(self) -> bool:
        if self._judges_groups is None:
            self._judges_groups = self._tx.people.any_member()
        return self._judges_groups

    def with_role(self, role: str) -> list[str]:
        """The ids of those who have a role."""
        return [id for id, person in self._staff.items() if role in person.roles]

    def members(self, group: str) -> frozenset[str]:
        """The ids of those who are in a group."""
        if group not in self._groups:
            self._groups[group] = frozenset(self._tx.people.member_ids(group))
        return self._groups[group]

    def is_known(self, id: str) -> bool:
        """Whether there is a record of somebody, who may have left."""
        if id not in self._known:
            self._known[id] = self._tx.people.get(id)
        return self._known[id] is not None

    def _is_somebody(self, id: str, customer: str) -> bool:
        return id not in self.deserted and (id == customer or self._is_here(id))

    def _acting(self, party: str) -> list[str]:
        """The ids of those who may act for a party now."""
        if party not in self._for_party:
            rows, now = self._tx.acting.for_party(party), self._tx.terms.now()
            self._for_party[party] = [one.person for one in rows if one.may != "see" and one.holds(now)]
        return self._for_party[party]

    @cached_property
    def deserted(self) -> frozenset[str]:
        """The ids of the organisations for which nobody may act now."""
        return frozenset(one.id for one in self._tx.people.deserted(self._tx.terms.now()))

    def _is_here(self, id: str) -> bool:
        return id not in self._left and (not self.judges_roles or self.is_known(id))

    def suspects(self) -> Iterator[WaitingStep]:
        """The steps that perhaps nobody can do, each once."""
        asked = {audience: self.fillers("", audience) for audience in self._tx.steps.audiences() if audience != BOX}
        empty = [audience for audience, found in asked.items() if found is not None and not found]
        rows = [row for audience in empty for row in self._tx.steps.waiting_for(audience)]
        rows += [row for id in (*self._left, *self.deserted) for row in self._tx.steps.waiting_for(f"person:{id}")]
        rows += self._tx.steps.doubtful()
        rows.sort(key=lambda row: (row.job, row.step.number))
        for _, same in groupby(rows, key=lambda row: (row.job, row.step.number)):
            yield next(same)

    # why

    def why(self, step: Step, customer: str, compiled: Compiled, position: Position) -> str:
        """Why nobody can do a step, in words; empty where somebody can."""
        fillers = partial(self.fillers, customer)
        if step.seats:
            return self._too_few(step, customer, compiled, position)
        if (step.claimed and not self.is_known(step.claimed)) or not nobody_may(step, fillers):
            return ""
        if step.claimed:
            return phrase("nobody can do it: %(person)s has it, and may no longer do it", person=step.claimed)
        reasons = [self._empty(one, compiled, step) for one in step.audience or (NOBODY,) if not fillers(one)]
        if step.excluded and any(fillers(one) for one in step.audience):
            others = ", ".join(step.excluded)
            reasons.append(phrase("%(people)s did a part that must be done by another", people=others))
        return phrase("nobody can do it: %(reasons)s", reasons=listing(dict.fromkeys(reasons), "; "))

    def _too_few(self, step: Step, customer: str, compiled: Compiled, position: Position) -> str:
        """An approval by several that can come to no end, for want of people."""
        branch = position.branch(step.branch)
        panel = branch.inners.get(step.member) if branch else None
        state = compiled.at(step).member(step.member)
        if not isinstance(panel, Panel):
            return ""  # a vote closes by the clock
        seats = list(position.seats(step.number))
        said = panel.approved + panel.changes + panel.declined
        can = fillable(seats, step.audience, partial(self.fillers, customer))
        needed = state.quorum_of_seats or step.seats
        if panel.approved + can - said >= needed:
            return ""
        return phrase(
            "nobody can do it: %(needed)s must approve, and no more than %(able)s people can",
            needed=needed,
            able=panel.approved + can - said,
        )

    def _empty(self, seating: Seating, compiled: Compiled, step: Step) -> str:
        """Why a seating has nobody."""
        kind, _, name = seating.partition(":")
        if kind == "role":
            return phrase("nobody has the role %(role)s", role=name)
        if kind == "group":
            return phrase("nobody is in the group %(group)s", group=name)
        if kind == "person" and name in self.deserted:
            return phrase("nobody may act for %(party)s", party=name)
        if kind == "person" and name:
            if name in self._left:
                return phrase("%(id)s has left", id=name)
            return phrase("there is nobody with the id %(id)s", id=repr(name))
        audience = compiled.at(step).member(step.member).audience
        given = [str(one.name) for one in audience if isinstance(one.name, Expression)]
        if given:
            expressions = listing(given, phrase(" and "))
            if kind == "person":
                return phrase("%(expressions)s gave an empty text", expressions=expressions)
            return phrase("%(expressions)s gave nobody", expressions=expressions)
        return phrase("there is no %(kind)s", kind=kind) if kind else phrase("it asks nobody")


def unstaffed(tx: Transaction, catalogue: Catalogue) -> Iterator[tuple[WaitingStep, str]]:
    """The open steps that nobody can do, by job, and why."""
    staffing = Staffing(tx)
    for row in staffing.suspects():
        why = ""
        if row.step.seats or nobody_may(row.step, partial(staffing.fillers, row.customer)):
            job = tx.jobs.get(row.job)
            why = staffing.why(row.step, row.customer, catalogue.compiled(tx, job.process, job.version), job.position)
        if why:
            yield row, why


def lacking(tx: Transaction, process: Process) -> tuple[str, ...]:
    """Which roles and groups of a process have nobody, as it is put in use."""
    staffing = Staffing(tx)
    roles = [
        phrase("nobody has the role %(role)s", role=name) for name in process.roles if not staffing.with_role(name)
    ]
    groups = [name for name in process.groups if not staffing.members(name)]
    return (*roles, *(phrase("nobody is in the group %(group)s", group=name) for name in groups))
