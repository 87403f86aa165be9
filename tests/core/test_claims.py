"""For how long somebody may have claimed a step: then it waits for all again."""

from __future__ import annotations

import pytest
from rehearsal import BEGIN, EVA, OPS, TOM, Rehearsal, days, process

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.errors import NotAllowed, ProcessRefused, StaleCommand
from flowengine.language import parse

SEW = "  first: {type: task, for: tailor, claim: P3D, within: P9D, on: {done: fulfilled, expired: gone}}\n"
GONE = "  gone: {type: ended, because: It was given up}\n"


def sewing(states: str = SEW) -> Rehearsal:
    return Rehearsal(process(states))


def claimed(by: c.Actor = TOM) -> Rehearsal:
    one = sewing()
    one.do(c.Claim(by=by, step=one.step("first").number))
    return one


def ends(one: Rehearsal) -> list[object]:
    """When claims end that are made by now."""
    return [timer.due for timer in one.timers if timer.purpose == "claim"]


def test_a_claim_that_nothing_comes_of_ends() -> None:
    """After its time the step waits for all again, and the others are told who changed it and why."""
    one = claimed()
    assert ends(one) == [BEGIN + days(3)]
    one.wait("P3D")
    assert one.step("first").claimed is None
    assert [event.why for event in one.told(e.StepChanged)] == ["claimed", "returned"]
    one.act("first", by=EVA)
    assert one.status == "fulfilled"


def test_what_nobody_has_claimed_returns_to_nobody() -> None:
    """Without a claim there is no such timer; given back it goes, and a new claim has its whole time."""
    one = sewing()
    assert ends(one) == []
    number = one.step("first").number
    one.do(c.Claim(by=TOM, step=number))
    one.wait("P1D")
    one.do(c.Release(by=TOM, step=number))
    assert ends(one) == []
    one.do(c.Claim(by=TOM, step=number))
    assert ends(one) == [BEGIN + days(4)]


def test_who_claims_it_again_has_it_no_longer() -> None:
    """Claiming once more what one has changes nothing, also not its end."""
    one = claimed()
    one.wait("P1D")
    one.do(c.Claim(by=TOM, step=one.step("first").number))
    assert ends(one) == [BEGIN + days(3)]


def test_who_is_handed_it_has_the_whole_time() -> None:
    """It is another's from then on."""
    one = claimed()
    one.wait("P2D")
    one.do(c.Assign(by=TOM, step=one.step("first").number, person="eva"))
    assert ends(one) == [BEGIN + days(5)]
    one.wait("P3D")
    assert one.step("first").claimed is None


def test_an_escalation_ends_a_claim_before_its_time() -> None:
    """It took too long already: the end of the claim that comes later finds nobody, and takes it from no other."""
    one = sewing(SEW.replace("claim", "escalate: {after: P1D, to: cutter}, claim"))
    one.do(c.Claim(by=TOM, step=one.step("first").number))
    one.wait("P1D")
    assert one.step("first").claimed is None
    one.do(c.Claim(by=EVA, step=one.step("first").number))
    assert ends(one) == [BEGIN + days(4)]


def test_an_operator_may_let_a_claim_go_on() -> None:
    """The end of a claim can be dropped, as reminders can: the job waits as it did."""
    one = claimed()
    (timer,) = (timer for timer in one.timers if timer.purpose == "claim")
    one.do(c.DropTimer(by=OPS, timer=timer.number, because="He is at it"))
    one.wait("P5D")
    assert one.step("first").claimed == "tom"
    with pytest.raises(StaleCommand):
        one.do(c.DropTimer(by=OPS, timer=timer.number, because="Twice"))


def test_a_member_of_a_race_is_claimed_no_longer_than_it_says() -> None:
    """Also where several things are waited for at once."""
    race = """
  first:
    type: race
    of:
      sew: {type: task, for: tailor, claim: PT2H}
      late: {type: wait, for: P2D}
    on: {sew.done: fulfilled, late.elapsed: gone}
"""
    one = sewing(race)
    one.do(c.Claim(by=TOM, step=one.step("first").number))
    one.wait("PT2H")
    assert one.step("first").claimed is None


@pytest.mark.parametrize(("new", "due"), [("claim: P5D, ", [BEGIN + days(6)]), ("", [])])
def test_another_version_may_say_another_time(new: str, due: list[object]) -> None:
    """Who has claimed the step has it as long as the new version says, from now on."""
    one = claimed()
    one.wait("P1D")
    one.migrate(process(SEW.replace("claim: P3D, ", new)))
    assert one.step("first").claimed == "tom"
    assert ends(one) == due


def test_a_claim_does_not_end_while_the_job_is_held() -> None:
    """The time for which an operator held the job is added."""
    one = claimed()
    one.do(c.Suspend(by=OPS, because="A fire"))
    one.wait("P1D")
    one.do(c.Resume(by=OPS, because="It is out"))
    assert ends(one) == [BEGIN + days(4)]


LATE = "task, for: tailor, claim: P9D, within: P9D, on: {done: fulfilled, expired: gone}"
NO_LENGTH = "task, for: tailor, claim: soon, on: {done: fulfilled}"
NOBODY_CLAIMS = "approval, by: customer, claim: P1D, within: P9D, on: {approved: fulfilled, expired: gone}"


@pytest.mark.parametrize(
    ("written", "code"), [(LATE, "late-reminder"), (NO_LENGTH, "bad-duration"), (NOBODY_CLAIMS, "unknown-key")]
)
def test_a_claim_that_cannot_be_is_refused(written: str, code: str) -> None:
    """One that ends after the step itself, one of no length, one of what nobody claims."""
    text = (
        "process: s\nneed: Something\nroles: {tailor: Tailor}\nstates:\n  need: {type: need, ask: What?, next: first}\n"
        f"  first: {{type: {written}}}\n  fulfilled: {{type: fulfilled}}\n{GONE}"
    )
    with pytest.raises(ProcessRefused) as refused:
        parse(text, "s.yaml")
    assert code in [problem.code for problem in refused.value.problems]


def test_it_is_not_fired_before_its_time() -> None:
    """Unless an operator says why."""
    one = claimed()
    (timer,) = (timer for timer in one.timers if timer.purpose == "claim")
    with pytest.raises(NotAllowed):
        one.do(c.Fire(by=OPS, timer=timer.number))
    one.do(c.Fire(by=OPS, timer=timer.number, because="She has left"))
    assert one.step("first").claimed is None
