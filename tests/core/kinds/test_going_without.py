"""What is optional can be gone without; questions have outcomes of the designer's own, and may ask nothing at all."""

from __future__ import annotations

import pytest
from rehearsal import ADA, HEADER, Rehearsal, process

from flowengine.core.answers import form
from flowengine.errors import BadAnswer, UnknownOutcome
from flowengine.language import parse, problems
from flowengine.language.types import Ask, Choice, Feedback
from flowengine.speech.words import ENGLISH

ASKED = {
    "ask": "fields: {words: {type: string}}\n    on: {answered: fulfilled, skipped: gone, expired: gone}",
    "choice": "choose: {cloth: {from: [navy, grey]}}\n    on: {chosen: fulfilled, skipped: gone, expired: gone}",
    "feedback": "on: {given: fulfilled, skipped: gone, expired: gone}",
}


def optional(kind: str) -> str:
    return f"  first:\n    type: {kind}\n    ask: Would you?\n    within: P7D\n    optional: true\n    {ASKED[kind]}\n"


@pytest.mark.parametrize("kind", ASKED)
def test_what_is_optional_is_skipped_and_saves_nothing(kind: str) -> None:
    """Whoever is asked may say no, thanks: the outcome is skipped, nothing is saved, and pictures take it for rare."""
    made = process(optional(kind), check=True)
    state = made.root.states["first"]
    assert isinstance(state, Ask | Choice | Feedback)
    assert state.is_rare("skipped")
    assert not state.is_rare(state.outcomes[0])
    job = Rehearsal(made)
    asked = form(job.compiled, job.position, job.step("first"), job.now, job.world)
    assert [(way.outcome, bool(way.fields)) for way in asked.ways] == [(state.outcomes[0], True), ("skipped", False)]
    assert asked.ways[1].title == "No, thanks"
    assert job.offered("first") == (state.outcomes[0], "skipped")
    job.act("first", "skipped")
    assert (job.status, job.data) == ("ended", {"need": {}})
    assert state.ended(ENGLISH, "skipped", "Would you?", {}, decided=False) == "said no, thanks: Would you?"


@pytest.mark.parametrize("kind", ASKED)
def test_who_goes_without_answers_nothing(kind: str) -> None:
    """An answer with skipped is refused; which outcome is meant has to be said."""
    job = Rehearsal(process(optional(kind)))
    with pytest.raises(BadAnswer, match="is not asked here"):
        job.act("first", "skipped", {"words": "no"})
    with pytest.raises(UnknownOutcome) as refused:
        job.act("first")
    assert refused.value.possible[-1] == "skipped"


@pytest.mark.parametrize("kind", ASKED)
def test_only_what_is_optional_can_be_skipped(kind: str) -> None:
    """Without the key the outcome is not there, and the problem says how it comes; with it, it must lead somewhere."""
    text = f"{HEADER}\nstates:\n  need: {{type: need, next: first}}\n{optional(kind)}"
    text += "  fulfilled: {type: fulfilled}\n  gone: {type: ended, because: Over}\n"
    assert not problems(text)
    (unknown,) = problems(text.replace("    optional: true\n", ""))
    assert (unknown.code, unknown.hint) == ("unknown-outcome", "add optional: true")
    (missing,) = problems(text.replace("skipped: gone, ", ""))
    assert missing.code == "missing-outcome"
    assert "'skipped'" in missing.message


def test_what_was_perhaps_skipped_is_perhaps_missing() -> None:
    """A later state that reads it must ask whether it is there; on the way of an answer it surely is."""
    text = f"""{HEADER}
states:
  need: {{type: need, next: first}}
  first:
    type: choice
    choose: {{cloth: {{from: [navy, grey]}}}}
    optional: true
    within: P7D
    on: {{chosen: after, skipped: cut, expired: fulfilled}}
  after: {{type: task, for: tailor, ask: "Cut {{data.first.cloth}}", next: cut}}
  cut: {{type: task, for: tailor, ask: "Sew {{data.first.cloth}}", next: fulfilled}}
  fulfilled: {{type: fulfilled}}
"""
    (found,) = problems(text)
    assert (found.code, found.place.line) == ("maybe-missing", text[: text.index("Sew")].count("\n") + 1)
    assert not problems(text.replace('"Sew {data.first.cloth}"', "\"{has(data.first) ? data.first.cloth : 'any'}\""))


def test_a_member_of_a_race_may_be_skipped() -> None:
    """In a race, skipped is an outcome of the member, which the member's name alone catches as well."""
    states = """
  first:
    type: race
    within: P7D
    of:
      rate: {type: feedback, optional: true}
      say: {type: message, name: told}
    on: {rate.given: fulfilled, rate.skipped: gone, say: fulfilled, expired: gone}
"""
    job = Rehearsal(process(states, check=True))
    job.act("first", "skipped")
    assert job.status == "ended"
    assert "first" not in job.data
    job = Rehearsal(process(states.replace("rate.given: fulfilled, rate.skipped: gone", "rate: fulfilled"), check=True))
    job.act("first", "skipped")
    assert job.status == "fulfilled"


# outcomes of one's own

OWN = """
  first:
    type: ask
    ask: May your child come along?
    fields: {seats: {type: integer}}
    within: P7D
    on: {answered: fulfilled, cannot_say_yet: later, expired: gone}
  later: {type: wait, for: P1D, next: first}
"""


def test_a_question_has_outcomes_of_its_own() -> None:
    """With the usual outcome all fields are required, with others each may be left out, as for tasks."""
    job = Rehearsal(process(OWN, check=True))
    asked = form(job.compiled, job.position, job.step("first"), job.now, job.world)
    assert [(way.title, [one.required for one in way.fields]) for way in asked.ways] == [
        ("Answer", [True]),
        ("Cannot say yet", [False]),
    ]
    job.act("first", "cannot_say_yet")
    assert (job.standing, job.data) == (["later"], {"need": {}})
    job.wait("P1D")
    with pytest.raises(BadAnswer, match="seats: is missing"):
        job.act("first", "answered")
    job.act("first", "answered", {"seats": 2})
    assert job.data["first"] == {"seats": 2}


def test_what_only_an_own_outcome_leaves_out_is_perhaps_missing() -> None:
    """The flow of data knows that an outcome of one's own need not answer."""
    reading = OWN.replace("cannot_say_yet: later", "cannot_say_yet: tell").replace(
        "  later: {type: wait, for: P1D, next: first}",
        '  tell: {type: task, for: tailor, ask: "Keep {data.first.seats} seats", next: gone}',
    )
    ends = "  fulfilled: {type: fulfilled}\n  gone: {type: ended, because: Over}\n"
    found = problems(f"{HEADER}\nstates:\n  need: {{type: need, next: first}}\n{reading.strip(chr(10))}\n{ends}")
    assert [one.code for one in found] == ["maybe-missing"]


def test_a_slip_in_the_name_of_the_usual_outcome_is_still_found() -> None:
    """What is nearly one of the type's own outcomes is no outcome of one's own."""
    text = f"{HEADER}\nstates:\n  need: {{type: need, next: first}}\n"
    text += "  first: {type: ask, within: P1D, on: {answred: fulfilled, expired: gone}}\n"
    text += "  fulfilled: {type: fulfilled}\n  gone: {type: ended, because: Over}\n"
    (found,) = problems(text)
    assert (found.code, found.hint) == ("unknown-outcome", "did you mean 'answered'?")
    (found,) = problems(text.replace("answred: fulfilled, expired", "answered: fulfilled, expire"))
    assert found.code == "unknown-outcome"


def test_a_message_that_is_only_acknowledged() -> None:
    """A question without fields waits until it is read: its one way is called so, and it leaves an empty answer."""
    states = "  first: {type: ask, ask: Please come., within: PT1H, next: fulfilled, on: {expired: gone}}"
    job = Rehearsal(process(states, check=True))
    (way,) = form(job.compiled, job.position, job.step("first"), job.now, job.world).ways
    assert (way.outcome, way.title, way.fields) == ("answered", "Understood", ())
    job.act("first", by=ADA)
    assert job.status == "fulfilled"


def test_versions_of_files_without_the_key_stay() -> None:
    """A file that does not use what is new means what it meant."""
    text = f"{HEADER}\nstates:\n  need: {{type: need, next: first}}\n"
    text += (
        "  first: {type: ask, fields: {a: {type: string}}, within: P1D, next: fulfilled, on: {expired: fulfilled}}\n"
    )
    text += "  fulfilled: {type: fulfilled}\n"
    assert parse(text).version == parse(text.replace("within: P1D", "optional: false, within: P1D")).version
