"""More people, or options, than there are."""

from __future__ import annotations

import pytest
from checks_samples import codes, problems, work

VOTE = (
    "pick: {type: vote, of: {group: club}, options: %s, seats: %d, within: P1D, "
    "on: {decided: fulfilled, tied: fulfilled, no_quorum: gone}}"
)
RANKING = (
    "pick: {type: vote, method: ranking, of: {group: club}, options: %s, within: P1D, "
    "on: {decided: fulfilled, tied: fulfilled, no_quorum: gone}}"
)
CHOICE = "pick: {type: choice, choose: {wood: {from: plain, %s}}, within: P1D, on: {chosen: fulfilled, expired: gone}}"
ASK = "ask: {type: ask, fields: {x: {type: string}}, within: P3D, on: {answered: work, expired: gone}}"
TASK = "work: {type: task, for: %s, not_by: %s, within: P1D, on: {done: fulfilled, expired: gone}}"
WRONG = {
    "two of one role": ("work: {type: approval, by: {any: 2, of: [clerk, clerk]}, next: fulfilled}", "too-few-people"),
    "all of one role twice": ("work: {type: approval, by: {all: [clerk, clerk]}, next: fulfilled}", "too-few-people"),
    "two of one group": (
        "work: {type: approval, by: {any: 2, of: [{group: club}]}, within: P1D, "
        "on: {approved: fulfilled, expired: gone}}",
        "too-few-people",
    ),
    "a member of a race": (
        "work: {type: race, of: {yes: {type: approval, by: {any: 2, of: [clerk, clerk]}}, "
        "late: {type: wait, for: P1D}}, next: fulfilled}",
        "too-few-people",
    ),
    "the customer, who asked": (ASK + "\n  " + TASK % ("customer", "ask"), "too-few-people"),
    "who did it before": (
        "first: {type: task, for: clerk, next: work}\n  " + TASK % ("{person: by('first')}", "first"),
        "too-few-people",
    ),
    "who has begun the job, and is its customer": (
        ASK + "\n  work: {type: task, for: {person: by('need')}, not_by: ask, next: fulfilled}",
        "too-few-people",
    ),
    "seats": (VOTE % ("plain", 3), "too-few-options"),
    "seats of a list": (VOTE % ("[a, b]", 3), "too-few-options"),
    "more than can be ranked": (RANKING % list(range(101)), "too-many-options"),
    "least to be chosen": (CHOICE % "min: 3", "too-few-options"),
}
NEAR = {
    "two roles": "work: {type: approval, by: {any: 2, of: [clerk, smith]}, next: fulfilled}",
    "as many people as a list has": "work: {type: approval, by: {any: 2, of: [{people: '[data.need.name]'}]}, "
    "within: P1D, on: {approved: fulfilled, expired: gone}}",
    "one of one role twice": "work: {type: approval, by: {any: 1, of: [clerk, clerk]}, next: fulfilled}",
    "the customer, for whom it may have been begun": TASK % ("customer", "need"),
    "who has begun the job, until a deadline": ASK + "\n  " + TASK % ("{person: by('need')}", "ask"),
    "somebody else, where he has begun it": ASK + "\n  work: {type: task, for: {person: by('need')}, not_by: ask, "
    "escalate: {after: P1D, to: clerk}, next: fulfilled}",
    "somebody else as well": ASK + "\n  " + TASK % ("[customer, clerk]", "ask"),
    "the customer, whom another met": "fit: {type: fitting, with: smith, length: PT30M, within: P3D, "
    "on: {held: work, expired: gone}}\n  " + TASK % ("customer", "fit"),
    "one of a role": "first: {type: task, for: clerk, next: work}\n  " + TASK % ("clerk", "first"),
    "as many seats as options": VOTE % ("plain", 2),
    "as many as can be ranked": RANKING % list(range(100)),
    "many that are approved of": (RANKING % list(range(101))).replace("ranking", "approval"),
    "all options": CHOICE % "min: 2, max: 2",
    "a quantity": CHOICE % "min: 3, max: 9, quantity: true",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_can_never_be_is_refused(name: str) -> None:
    """The file itself says that there are too few: it is told, and nothing else."""
    states, code = WRONG[name]
    assert codes(work(states)) == [code]


@pytest.mark.parametrize("name", NEAR)
def test_what_may_be_enough_is_let_be(name: str) -> None:
    """How many people a role or a list has is not in the file."""
    assert codes(work(NEAR[name])) == []


def test_it_is_said_how_many_there_are() -> None:
    """The message has both numbers."""
    (problem,) = problems(work(WRONG["two of one role"][0]))
    assert "needs 2 to approve, and asks 1: each is asked once" in problem.message
    (problem,) = problems(work(WRONG["seats"][0]))
    assert "3 seats are to be filled, but there are only 2 options" in problem.message
