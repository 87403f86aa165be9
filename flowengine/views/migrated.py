"""What moving a job to another version changes, or would change, as an operator sees it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from flowengine.core.migrating import Migration, branches
from flowengine.core.position import Position
from flowengine.core.values import Json, Step, Timer
from flowengine.speech.words import Words
from flowengine.views.replies import (
    BranchMigrated,
    MigrationRefusal,
    MigrationView,
    StepMigrated,
    TimerMigrated,
)


def migration_view(
    job: str, short: str, version: str, before: Position, found: Migration, filled: dict[str, Json], now: datetime,
    words: Words,
) -> MigrationView:  # fmt: skip
    """All that changes, by what was and what is then; of one that is refused, where the job stands and why, in the
    ``words`` of who reads."""
    after = found.done.draft if found.done is not None else None
    return MigrationView(
        job=job,
        short=short,
        process=before.head.process,
        was=before.head.version,
        version=version,
        branches=tuple(_branches(before, after)),
        steps=tuple(_steps(job, before, after)) if after is not None else (),
        timers=tuple(_timers(before, after, now)) if after is not None else (),
        filled=filled,
        refusals=tuple(
            MigrationRefusal(what=words.tell(one.what), where=one.where, possible=tuple(map(words.tell, one.possible)))
            for one in found.obstacles
        ),
        warnings=tuple(map(words.tell, found.warnings)),
    )


def _branches(before: Position, after: Position | None) -> Iterator[BranchMigrated]:
    was = {branch.id: branch.state for branch in branches(before) if branch.state}
    then = {branch.id: branch.state for branch in branches(after) if branch.state} if after is not None else {}
    for id in dict.fromkeys((*was, *then)):
        yield BranchMigrated(branch=id, before=was.get(id, ""), after=then.get(id, ""))


def _steps(job: str, before: Position, after: Position) -> Iterator[StepMigrated]:
    was, then = _open(before), _open(after)
    for number in dict.fromkeys((*was, *then)):
        old, new = was.get(number), then.get(number)
        one = new or old
        assert one is not None, "it is in one of the two"
        change = "opened" if old is None else "closed" if new is None else "kept" if _same(old, new) else "changed"
        yield StepMigrated(
            id=f"{job}.{number}",
            state=one.state,
            change=change,
            title_before=old.title if old else "",
            title=new.title if new else "",
            whom_before=_whom(before, old),
            whom=_whom(after, new),
            due_before=old.due if old else None,
            due=new.due if new else None,
            claimed_before=old.claimed if old else None,
            claimed=new.claimed if new else None,
        )


def _same(old: Step, new: Step) -> bool:
    """Whether those whom it waits for notice nothing."""
    return (old.title, old.audience, old.due, old.claimed, old.shown, old.excluded) == (
        new.title, new.audience, new.due, new.claimed, new.shown, new.excluded,
    )  # fmt: skip


def _whom(position: Position, step: Step | None) -> tuple[str, ...]:
    if step is None:
        return ()
    return (*step.audience, *(seat.audience for seat in position.seats(step.number)))


def _open(position: Position) -> dict[int, Step]:
    return {step.number: step for branch in branches(position) for step in branch.steps}


def _timers(before: Position, after: Position, now: datetime) -> Iterator[TimerMigrated]:
    """Two timers are the same one where they say the same of the same branch; reminders are told by their moment."""
    was, then = _set(before), _set(after)
    for key in dict.fromkeys((*was, *then)):
        state, timer = then.get(key) or was[key]
        old, new = (found[key][1].due if key in found else None for found in (was, then))
        change = "added" if old is None else "dropped" if new is None else "kept" if old == new else "anew"
        yield TimerMigrated(
            purpose=timer.purpose,
            state=state,
            name=timer.detail[1] if timer.purpose == "always" else timer.member,
            change=change,
            due_before=old,
            due=new,
            at_once=new is not None and new <= now and old != new,
        )


def _set(position: Position) -> dict[tuple[object, ...], tuple[str, Timer]]:
    found: dict[tuple[object, ...], tuple[str, Timer]] = {}
    for branch in branches(position):
        for timer in branch.timers:
            which: object = timer.due if timer.purpose == "remind" else timer.detail
            which = timer.detail[1] if timer.purpose == "always" else which
            found[branch.id, timer.member, timer.purpose, str(which)] = (branch.state, timer)
    return found
