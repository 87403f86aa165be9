"""Starting jobs and acting on their steps through the engine, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from flowengine import (
    Actor,
    AlreadyClaimed,
    Ambiguous,
    BadAnswer,
    Engine,
    FlowError,
    KeyConflict,
    NotAllowed,
    NotFound,
    SimulatedClock,
    StaleCommand,
    UnknownOutcome,
)
from flowengine.people.identities import on_one_line

Suit = Callable[..., str]
StepOf = Callable[[str, str], str]


def _trace(engine: Engine, job: str) -> tuple[object, ...]:
    """Everything that a command could have changed."""
    rows = [row for row in engine.jobs() if row.id == job]
    return rows[0], engine.history(job), engine.track(job, "olga")


def test_a_job_goes_from_need_to_fulfilment(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """A job begins with the need, passes each step by those for whom it is, and ends fulfilled (L1)."""
    job = suit()
    assert engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada").states == ("Making your suit",)
    assert engine.act(step_of(job, "cleo"), by="cleo").states == ("sew",)
    assert engine.act(step_of(job, "tom"), "done", by="tom").states == ("accept",)
    receipt = engine.act(step_of(job, "ada"), "approved", by="ada")
    assert (receipt.status, receipt.states, receipt.outcome) == ("fulfilled", ("Fulfilled",), "approved")
    assert engine.audit(job).fine


def test_a_receipt_tells_what_happened(engine: Engine) -> None:
    """A receipt names the job, the entry, where it stands and the steps that were opened."""
    receipt = engine.start("small_suit", by="ada", need={"occasion": "Work"})
    assert receipt.seq == 1
    assert receipt.states == ("Choose your cloth",)
    assert receipt.steps == (engine.inbox("ada")[0].id,)
    assert receipt.events == ("stated", "What is it for?", "Choose your cloth")
    assert receipt.to_json()["job"] == receipt.job


def test_an_unknown_id_becomes_a_customer(engine: Engine) -> None:
    """Whoever starts a job under an id that nobody has is entered as a customer of that name."""
    engine.start("small_suit", by="zoe", need={"occasion": "Work"})
    assert engine.person("zoe").kind == "customer"
    assert engine.person("zoe").name == "zoe"


def test_a_refused_start_enters_nobody(engine: Engine) -> None:
    """A start that is refused leaves no customer behind."""
    with pytest.raises(BadAnswer):
        engine.start("small_suit", by="zoe", need={})
    with pytest.raises(NotFound):
        engine.person("zoe")


@pytest.mark.parametrize(
    "id", ["", "a b", "x" * 201, "ä", "../etc", "a\nb", "a'b", 'a"b', "a\\b", "a,b", "<b>", "`a`", "..", "a/../b", "|"]
)
def test_an_impossible_id_is_refused(engine: Engine, id: str) -> None:
    """An id that nobody may have is refused, and says what an id looks like."""
    with pytest.raises(BadAnswer) as refused:
        engine.start("small_suit", by=id, need={"occasion": "Work"})
    assert refused.value.possible


def test_staff_start_a_job_for_a_customer(engine: Engine) -> None:
    """Staff begin a job only for a customer whom they name."""
    receipt = engine.start("small_suit", by="tom", customer="ada", need={"occasion": "Work"})
    assert engine.jobs(customer="ada")[0].id == receipt.job
    with pytest.raises(NotAllowed, match="begins with a customer's need"):
        engine.start("small_suit", by="tom", need={"occasion": "Work"})
    with pytest.raises(NotAllowed, match="not a customer"):
        engine.start("small_suit", by="tom", customer="cleo", need={"occasion": "Work"})
    with pytest.raises(NotAllowed, match="only his own"):
        engine.start("small_suit", by="ben", customer="ada", need={"occasion": "Work"})


def test_an_unknown_process_lists_those_in_use(engine: Engine) -> None:
    """Starting an unknown process says which there are."""
    with pytest.raises(NotFound) as refused:
        engine.start("smal_suit", by="ada", need={})
    assert refused.value.possible == ("small_suit",)


def test_an_unknown_outcome_lists_the_known(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """An unknown outcome is refused with those that are possible, and nothing changes."""
    job = suit()
    engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    step, before = step_of(job, "cleo"), _trace(engine, job)
    with pytest.raises(UnknownOutcome) as refused:
        engine.act(step, "dnoe", by="cleo")
    assert "done" in refused.value.possible
    assert _trace(engine, job) == before


@pytest.mark.parametrize(
    ("answer", "field"),
    [({"cloth": "silk"}, "cloth"), ({}, "cloth"), ({"cloth": "navy", "hat": "top"}, "hat"), ({"cloth": 7}, "cloth")],
)
def test_a_bad_answer_names_its_fields(
    engine: Engine, suit: Suit, step_of: StepOf, answer: dict[str, object], field: str
) -> None:
    """An answer that breaks the fields is refused with the field that is wrong, and nothing changes."""
    job = suit()
    before = _trace(engine, job)
    with pytest.raises(BadAnswer) as refused:
        engine.act(step_of(job, "ada"), "chosen", answer, by="ada")
    assert field in refused.value.problems
    assert _trace(engine, job) == before


def test_what_is_no_json_is_refused(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """An answer that is no JSON is refused with and without a request key."""
    step = step_of(suit(), "ada")
    for key in (None, "k"):
        with pytest.raises(BadAnswer):
            engine.act(step, "chosen", {"cloth": object()}, by="ada", key=key)
        with pytest.raises(BadAnswer):
            engine.act(step, "chosen", {"cloth": "\ud800"}, by="ada", key=key)


def test_a_step_that_is_done_says_so(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """To those for whom it was, a step that is done is told to be done, with what waits for them now."""
    job = suit()
    step = step_of(job, "ada")
    engine.act(step, "chosen", {"cloth": "navy"}, by="ada")
    before = _trace(engine, job)
    with pytest.raises(StaleCommand):
        engine.act(step, "chosen", {"cloth": "grey"}, by="ada")
    assert _trace(engine, job) == before


@pytest.mark.parametrize("ask", ["act", "claim", "release", "assign", "step"])
def test_someone_elses_step_does_not_exist(engine: Engine, suit: Suit, step_of: StepOf, ask: str) -> None:
    """To anybody else a step is as absent as one that never was: the same words for both (L4)."""
    job = suit()
    step = step_of(job, "ada")
    missing = f"{job}.9999"
    said = []
    for id in (step, missing):
        with pytest.raises(NotFound) as refused:
            {
                "act": lambda id=id: engine.act(id, "chosen", {"cloth": "navy"}, by="ben"),
                "claim": lambda id=id: engine.claim(id, by="ben"),
                "release": lambda id=id: engine.release(id, by="tom"),
                "assign": lambda id=id: engine.assign(id, "ben", by="ben"),
                "step": lambda id=id: engine.step(id, by="tom"),
            }[ask]()
        said.append((refused.value.what.replace(f".{id.rpartition('.')[2]}'", ".N'"), type(refused.value)))
    assert said[0] == said[1]


@pytest.mark.parametrize("text", ["", ".", "7", "x.1", "deadbeef.1", "a.b.c", "0" * 36 + ".1", "é.1", "1.²", "%.1"])
def test_an_unknown_step_is_not_found(engine: Engine, text: str) -> None:
    """Whatever is given as a step's id, an unknown one is not found."""
    with pytest.raises(NotFound):
        engine.act(text, by="ada")


@pytest.mark.parametrize("text", ["", "zzz", "01890000-0000-7000-8000-000000000000", "deadbeef", "ä" * 50, "%"])
def test_an_unknown_job_is_not_found(engine: Engine, text: str) -> None:
    """Whatever is given as a job's id, an unknown one is not found by any method."""
    for ask in (
        lambda: engine.track(text, "ada"),
        lambda: engine.history(text),
        lambda: engine.audit(text),
        lambda: engine.withdraw(text, by="ada"),
        lambda: engine.say(text, "Hello", by="ada"),
        lambda: engine.migrate(text, by="olga"),
        lambda: engine.add(text, "choose", [1], by="ada"),
        lambda: engine.send("letter", job=text),
    ):
        with pytest.raises(NotFound):
            ask()


def test_short_ids_are_taken_everywhere(engine: Engine, suit: Suit) -> None:
    """A job and a step are found by a unique beginning of their short form."""
    job = suit()
    item = engine.inbox("ada")[0]
    assert item.short == f"{job[-12:][:8]}.{item.id.rpartition('.')[2]}"
    assert engine.track(job[-12:][:4], "ada").job == job
    engine.act(item.short, "chosen", {"cloth": "navy"}, by="ada")


def test_an_ambiguous_id_is_told_only_of_ones_own_jobs(engine: Engine, suit: Suit) -> None:
    """A beginning that fits several jobs is refused to staff; to a customer other people's jobs do not count (L4)."""
    mine, _ = suit("ada"), suit("ben")
    common = mine[:6]  # jobs begun in the same moment begin alike
    with pytest.raises(Ambiguous):
        engine.track(common, "olga")
    assert engine.track(common, "ada").job == mine
    suit("ada")
    with pytest.raises(Ambiguous) as refused:
        engine.track(common, "ada")
    assert len(refused.value.possible) == 2


def test_the_same_key_gives_the_same_receipt(engine: Engine, step_of: StepOf) -> None:
    """A repeated request takes effect once and gives the receipt of the first time (L3)."""
    first = engine.start("small_suit", by="ada", need={"occasion": "Work"}, key="s")
    again = engine.start("small_suit", by="ada", need={"occasion": "Work"}, key="s")
    assert again == first
    assert (again != first) is False
    assert len(engine.jobs()) == 1
    step = step_of(first.job, "ada")
    acted = engine.act(step, "chosen", {"cloth": "navy"}, by="ada", key="a")
    assert engine.act(step, "chosen", {"cloth": "navy"}, by="ada", key="a") == acted
    short = f"{first.job[-12:][:8]}.{step.rpartition('.')[2]}"
    assert engine.act(short, "chosen", {"cloth": "navy"}, by="ada", key="a") == acted
    assert len(engine.history(first.job)) == 2


def test_another_body_under_the_same_key_is_a_conflict(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """A key that was used for something else is refused, and nothing changes (L3)."""
    job = suit()
    step = step_of(job, "ada")
    engine.act(step, "chosen", {"cloth": "navy"}, by="ada", key="a")
    before = _trace(engine, job)
    for ask in (
        lambda: engine.act(step, "chosen", {"cloth": "grey"}, by="ada", key="a"),
        lambda: engine.start("small_suit", by="ada", need={"occasion": "Work"}, key="a"),
        lambda: engine.say(job, "Hello", by="ada", key="a"),
    ):
        with pytest.raises(KeyConflict) as refused:
            ask()
        assert refused.value.possible
    assert _trace(engine, job) == before


def test_keys_of_two_people_do_not_meet(engine: Engine) -> None:
    """A request key belongs to the actor who uses it (L3)."""
    ada = engine.start("small_suit", by="ada", need={"occasion": "Work"}, key="1")
    ben = engine.start("small_suit", by="ben", need={"occasion": "Work"}, key="1")
    assert ada.job != ben.job


def test_a_refused_request_leaves_its_key_free(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """A request that was refused may be mended and sent again under the same key."""
    step = step_of(suit(), "ada")
    with pytest.raises(BadAnswer):
        engine.act(step, "chosen", {"cloth": "silk"}, by="ada", key="a")
    assert engine.act(step, "chosen", {"cloth": "navy"}, by="ada", key="a").outcome == "chosen"


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_has_bounds(engine: Engine, key: str) -> None:
    """An empty or overlong request key is refused."""
    with pytest.raises(FlowError, match="request key"):
        engine.start("small_suit", by="ada", need={"occasion": "Work"}, key=key)


def test_a_claimed_step_is_kept_for_its_claimer(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """A claimed step is hidden from the others' inboxes, and their acts on it are refused."""
    engine.add_staff("carl", roles=["cutter"])
    job = suit()
    engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    step = step_of(job, "cleo")
    engine.claim(step, by="cleo")
    assert engine.inbox("cleo")[0].mine
    assert engine.inbox("carl") == []
    with pytest.raises(AlreadyClaimed):
        engine.claim(step, by="carl")
    with pytest.raises(AlreadyClaimed):
        engine.act(step, by="carl")
    engine.release(step, by="cleo")
    assert engine.act(step, by="carl").outcome == "done"


def test_a_step_is_handed_over_to_one_of_its_audience(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """Staff hand a step to another of those whom it waits for; an operator hands it to anybody."""
    engine.add_staff("carl", roles=["cutter"])
    job = suit()
    engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    step = step_of(job, "cleo")
    with pytest.raises(NotAllowed) as refused:
        engine.assign(step, "tom", by="cleo")
    assert "role:cutter" in refused.value.possible
    engine.assign(step, "carl", by="cleo")
    assert engine.inbox("carl")[0].mine
    engine.assign(step, "tom", by="olga")
    assert engine.inbox("tom")[0].mine
    engine.release(step, by="olga")
    assert engine.act(step, by="tom").outcome == "done"


def test_not_by_keeps_two_duties_apart(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """Who has done one part may not do the other: it is not in his inbox, and refused."""
    engine.add_staff("both", roles=["cutter", "tailor"])
    job = suit()
    engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    engine.act(step_of(job, "both"), by="both")
    assert engine.inbox("both") == []
    with pytest.raises(NotAllowed):
        engine.act(step_of(job, "tom"), by="both")


def test_an_actor_is_taken_at_its_word(engine: Engine, suit: Suit) -> None:
    """An application that signs people in itself hands over actors, who need not be entered."""
    job = suit()
    engine.act(engine.inbox("ada")[0].id, "chosen", {"cloth": "navy"}, by=Actor(kind="customer", id="ada"))
    cutter = Actor(kind="staff", id="never-entered", roles=("cutter",))
    (item,) = engine.inbox(cutter)
    assert engine.act(item.id, by=cutter).job == job


def test_a_withdrawal_is_the_customers_until_the_cut(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """An always entry is open to those it names while its guard holds; to others it cannot be asked."""
    job = suit()
    assert [offer.name for offer in engine.track(job, "ada").offers] == ["withdraw"]
    assert engine.track(job, "tom").offers == ()
    with pytest.raises(NotAllowed):
        engine.withdraw(job, by="tom")
    with pytest.raises(NotFound):
        engine.withdraw(job, by="ben")
    receipt = engine.withdraw(job, by="ada")
    assert (receipt.status, receipt.because) == ("ended", "The customer withdrew")

    cut = suit()
    engine.act(step_of(cut, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    engine.act(step_of(cut, "cleo"), by="cleo")
    with pytest.raises(NotAllowed):
        engine.withdraw(cut, by="ada")


def test_an_unknown_wish_lists_what_can_be_asked(engine: Engine, suit: Suit) -> None:
    """Asking for something that the process does not offer says what it offers."""
    with pytest.raises(NotAllowed) as refused:
        engine.invoke(suit(), "change_everything", by="ada")
    assert refused.value.possible == ("withdraw",)


def test_words_are_kept(engine: Engine, suit: Suit) -> None:
    """What is said is in the history; a customer sees his own words and answers, not the notes of those inside."""
    job = suit()
    engine.say(job, "No wool, please", "concern", by="ada")
    engine.say(job, "A difficult one", by="tom")
    engine.say(job, "We have linen", "answer", by="tom")
    assert [line[2] for line in engine.track(job, "ada").said] == ["No wool, please", "We have linen"]
    assert [line[2] for line in engine.track(job, "tom").said] == [
        "No wool, please",
        "A difficult one",
        "We have linen",
    ]
    with pytest.raises(NotFound):
        engine.say(job, "Hello", by="ben")
    with pytest.raises(BadAnswer) as refused:
        engine.say(job, "Hello", "shout", by="ada")
    assert "concern" in refused.value.possible


HOSTILE = [
    "\x1b[31mred\x1b[0m\x07\x00",
    "\u202eevil\u2066\u200f",
    "'; DROP TABLE flow_jobs; --",
    '"quotes" \\ back\\slash',
    "<script>alert(1)</script> [bold]x[/bold] {data} {{",
    "line\r\nfeed\ttab\u2028sep",
    "😀 ü ﷽ \U0001f468\u200d\U0001f469",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_survive_every_field(engine: Engine, step_of: StepOf, text: str) -> None:
    """Control characters, right-to-left marks, markup and quotes come back exactly as they were given.

    But for names and contacts, which are one line without control characters and marks that turn it, or refused.
    """
    if on_one_line(text):
        assert engine.add_customer("odd", text, contact=text) == engine.person("odd")
        assert engine.person("odd").name == engine.person("odd").contact == text
    else:
        for identified in ({"name": text}, {"contact": text}):
            with pytest.raises(BadAnswer) as refused:
                engine.add_customer("odd", **identified)
            assert list(refused.value.problems) == list(identified)
    engine.add_customer("odd", record={"note": text})
    assert engine.person("odd").record == {"note": text}
    job = engine.start("small_suit", by="odd", need={"occasion": text}, key=text).job
    assert ("Occasion", text) in engine.track(job, "odd").facts
    engine.say(job, text, by="odd")
    assert engine.track(job, "odd").said[-1][2] == text
    engine.act(step_of(job, "odd"), "chosen", {"cloth": "grey"}, by="odd")
    engine.act(step_of(job, "cleo"), "done", {"note": text}, by="cleo")
    assert engine.track(job, "cleo").facts[-1] == ("Note to the tailor", text)
    assert engine.history(job)[-1].command["answer"] == {"note": text}
    assert engine.audit(job).fine


def test_deadlines_come_with_the_clock(engine: Engine, clock: SimulatedClock, suit: Suit) -> None:
    """A deadline that has passed is carried out by the next pass; before that nothing happens."""
    job = suit()
    clock.advance(timedelta(days=6))
    engine.run_due()
    assert engine.track(job, "ada").status == "open"
    assert any("reminded" in line.what for line in engine.history(job))
    clock.advance(timedelta(days=2))
    assert engine.run_due().timers == 1
    assert engine.track(job, "ada").because == "The customer went away"
    assert not engine.run_due().anything
