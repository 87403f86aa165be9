"""What the process itself says to who has acted (``thanks``)."""

from __future__ import annotations

import pytest
from rehearsal import ADA, BEN, HEADER, TOM, Rehearsal, process

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.values import ROOT
from flowengine.core.world import Member
from flowengine.language import parse, problems

ASK = """
  first:
    type: ask
    ask: How many?
    fields: {n: {type: integer}}
    thanks: %s
    within: P1D
    on: {answered: work, not_now: work, expired: gone}
  work:
    type: task
    for: tailor
    ask: Do it
    thanks: "It is done{outcome == 'done' ? '' : ', nearly'}."
    next: fulfilled
"""


def _words(job: Rehearsal) -> list[str]:
    return [one.words for one in job.told(e.Thanked)]


def test_one_text_is_told_with_the_usual_outcome() -> None:
    """It sees the answer that was just saved; another outcome is told by itself."""
    states = ASK % '"{data.first.n} it is, {customer.name}."'
    job = Rehearsal(process(states, check=True))
    job.act("first", "answered", {"n": 3})
    assert _words(job) == ["3 it is, Ada."]
    other = Rehearsal(process(states, check=True))
    other.act("first", "not_now")
    assert _words(other) == []
    job.act("work", "done", by=TOM)
    assert _words(job) == ["3 it is, Ada.", "It is done."]


def test_each_outcome_may_have_its_own() -> None:
    """A mapping says what is told with which outcome."""
    job = Rehearsal(process(ASK % "{answered: Thank you., not_now: 'Then later, {customer.name}.'}", check=True))
    job.act("first", "not_now")
    assert _words(job) == ["Then later, Ada."]


def test_nobody_is_thanked_by_the_clock() -> None:
    """A deadline ends the state without a word."""
    job = Rehearsal(process(ASK % "{answered: Thank you., not_now: Thank you.}", check=True))
    job.wait("P1D")
    assert (job.position.head.status, _words(job)) == ("ended", [])


def test_the_need_and_members_of_a_race_have_their_own() -> None:
    """As soon as the need is stated; and with the member that wins."""
    made = parse(f"""{HEADER}
states:
  need: {{type: need, fields: {{n: {{type: integer}}}}, thanks: "{{data.need.n}} are noted.", next: first}}
  first:
    type: race
    of:
      yes: {{type: ask, ask: Yes?, fields: {{}}, thanks: Gladly.}}
      no: {{type: task, for: tailor, ask: No?}}
    within: P1D
    on: {{yes: fulfilled, no: fulfilled, expired: fulfilled}}
  fulfilled: {{type: fulfilled}}
""")
    job = Rehearsal(made, need={"n": 2})
    assert _words(job) == ["2 are noted."]
    (step,) = [one for one in job.position.branches[ROOT].steps if one.member == "yes"]
    job.do(c.Act(by=ADA, step=step.number, outcome="answered"))
    assert _words(job) == ["2 are noted.", "Gladly."]


def test_each_voter_is_thanked_as_he_votes() -> None:
    """Where several answer, it is told to each at once, though nothing is saved yet."""
    states = """
  first:
    type: vote
    of: {group: members}
    options: [red, blue]
    ask: Which?
    thanks: {vote: It counts., abstain: As you wish.}
    secret: false
    abstain: true
    within: P1D
    on: {decided: fulfilled, no_quorum: fulfilled, tied: fulfilled}
"""
    members = [Member(id="ada"), Member(id="ben")]
    job = Rehearsal(process(states, "groups: {members: {title: Members}}\n", check=True), members=members)
    job.act("first", "vote", {"for": ["red"]}, by=ADA)
    job.act("first", "abstain", by=BEN)
    assert _words(job) == ["It counts.", "As you wish."]
    secret = f"{HEADER}groups: {{members: {{title: Members}}}}\nstates:\n  need: {{type: need, next: first}}"
    secret += f"{states}  fulfilled: {{type: fulfilled}}\n".replace("secret: false", "secret: true")
    (problem,) = problems(secret)
    assert problem.code == "unknown-outcome", "that he abstained is his secret, in the history too"


@pytest.mark.parametrize(
    ("thanks", "codes"),
    [
        ("{answered: Yes, expired: Late}", ["unknown-outcome"]),
        ("{answred: Yes}", ["unknown-outcome"]),
        ('"{data.first.m}"', ["unknown-field"]),
        ('{not_now: "{data.first.n}"}', ["maybe-missing"]),
        ('"{data.work}"', ["missing-data"]),
        ('"{nothing}"', ["unknown-variable"]),
        ("{}", ["bad-length"]),
        ("[Yes]", ["wrong-type"]),
        ('""', ["bad-text"]),
    ],
)
def test_a_text_is_held_against_what_is_there(thanks: str, codes: list[str]) -> None:
    """Where it could not be told, or for what nobody can do, the process is refused."""
    states = ASK % thanks
    text = f"{HEADER}\nstates:\n  need: {{type: need, next: first}}{states}  fulfilled: {{type: fulfilled}}\n"
    found = [one.code for one in problems(text + "  gone: {type: ended, because: Late}\n")]
    assert found == codes


def test_a_customer_is_thanked_without_what_is_internal() -> None:
    """L9 holds as for what he is asked; staff may be told it."""
    states = """
  first:
    type: task
    for: tailor
    ask: Look
    fields: {secret: {type: string}}
    thanks: "{data.first.secret}"
    next: ask
  ask:
    type: ask
    ask: Well?
    fields: {}
    thanks: "{data.first.secret}"
    within: P1D
    on: {answered: fulfilled, expired: fulfilled}
"""
    text = f"{HEADER}\nstates:\n  need: {{type: need, next: first}}{states}  fulfilled: {{type: fulfilled}}\n"
    (problem,) = problems(text)
    assert (problem.code, problem.message.partition(":")[0]) == ("internal-data", "ask.thanks")
