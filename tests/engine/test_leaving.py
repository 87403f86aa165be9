"""Claims end with the right to them: a role that is taken away, a group that is left, a member of staff who leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import pytest
from engine_flows import SUIT
from refused_writes import full_history

from flowengine import AlreadyClaimed, BadAnswer, Engine, NotAllowed, NotFound, StoreError
from flowengine.commands.claims import TOGETHER
from flowengine.runtime.observing import Attempted, Commanded

Suit = Callable[..., str]
StepOf = Callable[[str, str], str]


@pytest.fixture
def cut(engine: Engine, suit: Suit, step_of: StepOf) -> Callable[[], str]:
    """Begins a suit whose cloth waits to be cut by a cutter, and gives the step."""

    def begin() -> str:
        job = suit()
        engine.act(step_of(job, "ada"), answer={"cloth": "navy"}, by="ada")
        return step_of(job, "cleo")

    return begin


def last(engine: Engine, step: str) -> str:
    line = engine.history(step.rpartition(".")[0])[-1]
    return f"{line.who}: {line.what}"


def test_a_claim_ends_with_the_role(engine: Engine, cut: Callable[[], str]) -> None:
    """The step is given back as soon as its holder has lost the role, and its history says why and by whom."""
    engine.add_staff("tim", "Tim", roles=["cutter"])
    step = cut()
    engine.claim(step, by="cleo")
    engine.add_staff("cleo", "Cleo", roles=["cutter", "tailor"], by="olga")
    with pytest.raises(AlreadyClaimed):
        engine.claim(step, by="tim")
    engine.add_staff("cleo", "Cleo", roles=["tailor"], by="olga")
    assert last(engine, step) == "Olga: gave back for Cleo: Cut the cloth (because: Cleo is cutter no longer)"
    assert [item.id for item in engine.inbox("tim")] == [step]
    with pytest.raises(NotFound):
        engine.act(step, by="cleo")
    engine.claim(step, by="tim")
    assert engine.audit().fine


CUTTING = """
process: cutting
title: Cutting
need: Something cut
roles: {cutter: {title: Cutter}}
states:
  need: {type: need, next: cut}
  cut: {type: task, title: Cut the cloth, for: cutter, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""


@pytest.fixture
def many(engine: Engine) -> list[str]:
    """One more step than go together, all claimed by Cleo, in the order of their jobs."""
    engine.deploy(CUTTING)
    for _ in range(TOGETHER + 1):
        engine.start("cutting", by="ada")
    steps = sorted(item.id for item in engine.inbox("cleo", limit=1000))
    assert len(steps) == TOGETHER + 1
    for step in steps:
        engine.claim(step, by="cleo")
    return steps


def test_many_claims_end_in_several_transactions(engine: Engine, many: list[str]) -> None:
    """However many there are: the first go with the change, the rest after it."""
    engine.watch(kept := Kept())
    engine.add_staff("cleo", "Cleo", roles=[], by="olga")
    assert kept.many == [TOGETHER, 1]
    engine.add_staff("tim", "Tim", roles=["cutter"])
    assert {item.id for item in engine.inbox("tim", limit=1000)} == set(many)
    assert engine.audit().fine


class Kept:
    """How many histories each transaction has written to."""

    def __init__(self) -> None:
        self.many: list[int] = []

    @contextmanager
    def command(self, seen: Commanded) -> Iterator[None]:
        yield
        self.many.extend([len(seen.saved)] if seen.saved else [])

    def attempt(self, seen: Attempted) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()


def test_what_was_cut_short_goes_on_when_it_is_asked_again(engine: Engine, many: list[str], database_url: str) -> None:
    """A claim that was left by a crash is an incident; entering the person again gives it back."""
    last_one = many[-1]
    with full_history(database_url, last_one.rpartition(".")[0]), pytest.raises(StoreError):
        engine.add_staff("cleo", "Cleo", roles=[], by="olga")
    engine.add_staff("tim", "Tim", roles=["cutter"])
    (incident,) = engine.incidents()
    assert incident.id == last_one
    assert "cleo has it, and may no longer do it" in incident.error
    engine.add_staff("cleo", "Cleo", roles=[], by="olga")
    assert engine.incidents() == []
    assert last(engine, incident.id) == "Olga: gave back for Cleo: Cut the cloth (because: Cleo may no longer do it)"


def test_a_claim_ends_with_the_group(engine: Engine) -> None:
    """A customer who is taken out of a group gives back what the group may do."""
    engine.deploy(
        SUIT.replace("process: small_suit", "process: club\ngroups: {club: {title: Club}}")
        .replace("for: cutter", "for: {group: club}\n    within: P9D")
        .replace("on: {done: sew}", "on: {done: sew, expired: sew}")
    )
    engine.add_customer("ben", "Ben", groups=["club"])
    job = engine.start("club", by="ada", need={"occasion": "Work"}).job
    engine.act(engine.inbox("ada")[0].id, answer={"cloth": "navy"}, by="ada")
    step = engine.inbox("ben")[0].id
    engine.claim(step, by="ben")
    engine.add_customer("ben", "Ben", groups=[], by="tom")
    assert last(engine, step) == "Tom: gave back for Ben: Cut the cloth (because: Ben is club no longer)"
    assert engine.inbox("ben") == []
    assert engine.audit(job).fine


def test_one_of_those_asked_has_it_while_he_is(engine: Engine, cut: Callable[[], str]) -> None:
    """Who was assigned a step of his role cannot act on it without the role; the audience stays as it was."""
    engine.add_staff("tim", "Tim", roles=["cutter"])
    step = cut()
    engine.assign(step, "tim", by="cleo")
    assert last(engine, step) == "Cleo: handed over to Tim: Cut the cloth"
    engine.add_staff("tim", "Tim", roles=[])
    for ask in (engine.act, engine.claim):
        with pytest.raises(NotFound):
            ask(step, by="tim")
    engine.act(step, by="cleo")


def test_one_who_was_not_asked_has_it_by_name(engine: Engine, cut: Callable[[], str]) -> None:
    """An operator assigns to whom he likes, which the history says; that person keeps it whatever his roles."""
    step = cut()
    engine.assign(step, "tom", by="olga")
    assert last(engine, step) == "Olga: handed over to Tom, whom it did not wait for before: Cut the cloth"
    engine.add_staff("tom", "Tom", roles=[])
    engine.act(step, by="tom")
    assert engine.audit().fine


def test_who_leaves_acts_no_more(engine: Engine, suit: Suit, cut: Callable[[], str]) -> None:
    """Whatever he asks is refused as he has left, also where it is about him; his record stays."""
    job, step = suit(), cut()
    engine.leave("cleo", because="Moved away", by="olga")
    for ask in (
        lambda: engine.act(step, by="cleo"),
        lambda: engine.claim(step, by="cleo"),
        lambda: engine.inbox("cleo"),
        lambda: engine.track(job, "cleo"),
        lambda: engine.say(job, "Hello", by="cleo"),
        lambda: engine.start("small_suit", by="cleo", customer="ada", need={"occasion": "Work"}),
        lambda: engine.actor("cleo"),
        lambda: engine.assign(step, "cleo", by="olga"),
        lambda: engine.act_for(step, "cleo", because="R", by="olga"),
        lambda: engine.hand_over("tom", "cleo", because="R", by="olga"),
        lambda: engine.leave("tom", to="cleo", because="R", by="olga"),
    ):
        with pytest.raises(NotAllowed, match="cleo has left"):
            ask()
    person = engine.person("cleo")
    assert (person.name, person.roles, person.left_because) == ("Cleo", (), "Moved away")
    assert person.left == engine.clock.now()
    engine.add_staff("cleo", "Cleo", roles=["cutter"])
    assert engine.person("cleo").left is None
    engine.act(step, by="cleo")


def test_what_he_had_goes_to_an_heir_or_back(engine: Engine, cut: Callable[[], str]) -> None:
    """Claims are the heir's where he may have them, else they are given back; what waits for him by name is told."""
    engine.add_staff("tim", "Tim", roles=["cutter"])
    mine, named, other = cut(), cut(), cut()
    engine.claim(mine, by="cleo")
    engine.assign(named, "olga", by="olga")
    engine.assign(named, "tom", by="olga")
    engine.release(named, by="olga")
    told = engine.leave("cleo", to="tim", because="Moved away", dry=True, by="olga")
    assert engine.person("cleo").left is None
    assert engine.leave("cleo", to="tim", because="Moved away", by="olga") == told
    assert (told.handed, told.released, told.refused, told.named) == ((mine,), (), {}, ())
    assert last(engine, mine) == "Olga: handed over to Tim: Cut the cloth (because: Moved away)"
    gone = engine.leave("tim", because="Moved as well", by="olga")
    assert (gone.handed, gone.released) == ((), (mine,))
    assert last(engine, mine) == "Olga: gave back for Tim: Cut the cloth (because: Moved as well)"
    assert engine.leave("tom", because="R", by="olga").named == (named,)
    assert {one.id for one in engine.incidents()} == {mine, other}, "olga is asked by name for the third"
    engine.act(named, by="olga")
    assert engine.audit().fine


def test_an_heir_who_may_not_have_it(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """What the heir is kept from is given back, and told with the reason."""
    engine.add_staff("cleo", "Cleo", roles=["cutter", "tailor"])
    job = suit()
    engine.act(step_of(job, "ada"), answer={"cloth": "navy"}, by="ada")
    engine.act(step_of(job, "cleo"), by="cleo")
    sew = step_of(job, "tom")
    engine.claim(sew, by="tom")
    told = engine.leave("tom", to="cleo", because="R", by="olga")
    assert (told.handed, told.released, list(told.refused)) == ((), (sew,), [sew])
    assert "another" in told.refused[sew]


def test_his_tokens_are_revoked(engine: Engine) -> None:
    """Those with his id as their subject; others stay."""
    his, other = engine.issue_token("metrics", "tom"), engine.issue_token("metrics", "mill")
    assert engine.leave("tom", because="R", by="olga").revoked == (his.id,)
    assert {one.id: one.revoked is None for one in engine.tokens()} == {his.id: False, other.id: True}


def test_who_cannot_leave(engine: Engine) -> None:
    """Nobody without a reason, no customer, nobody unknown, and none who would take over from himself."""
    with pytest.raises(BadAnswer):
        engine.leave("tom", because=" ")
    with pytest.raises(NotAllowed, match="customer"):
        engine.leave("ada", because="R")
    with pytest.raises(NotAllowed, match="himself"):
        engine.leave("tom", to="tom", because="R")
    for who, to in (("zoe", "tom"), ("tom", "zoe")):
        with pytest.raises(NotFound):
            engine.leave(who, to=to, because="R")
    with pytest.raises(NotAllowed, match="only an operator"):
        engine.leave("tom", because="R", by="cleo")
