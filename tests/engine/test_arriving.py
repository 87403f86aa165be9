"""Whatever partners say of customers, and in whichever order: what is left is what holds, and at the end nothing is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from drawing import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from flowengine import Engine, NoConsent, Settings, SimulatedClock, StaleCommand
from flowengine.commands import arriving
from flowengine.commands.exchanged import ConsentEnds, Record, SaidConsent, SaidFact

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAYS = 20
PARTS: Any = ("person", "facts")


class Says(NamedTuple):
    """A partner sends a record, with these facts and contacts; or, without a number, ends a consent."""

    partner: str
    consent: int
    number: int
    facts: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()
    after: int = 0
    """Days later than what was said before."""


def _says() -> st.SearchStrategy[list[Says]]:
    some = st.frozensets(st.sampled_from(["a", "b", "c"]))
    one = st.builds(
        Says, st.sampled_from(["tailor", "weaver"]), st.integers(0, 2), st.integers(0, 3), some, some, st.integers(0, 5)
    )
    return st.lists(one, max_size=12)


def _hear(engine: Engine, said: Says) -> bool:
    """Whether it was taken."""
    id = f"c{said.consent}"
    try:
        if not said.number:
            arriving.end(engine.shell, said.partner, ConsentEnds(version=1, consent=id, why="withdrawn"))
            return True
        consent = SaidConsent(id=id, parts=PARTS, given=NOW, until=NOW + timedelta(days=DAYS * (said.consent + 1)))
        facts = tuple(SaidFact(id=one, kind="note", text=f"{said.partner} {one}", at=NOW) for one in sorted(said.facts))
        ways = tuple(f"{one}@{said.partner}.example" for one in sorted(said.contacts))
        arriving.take(
            engine.shell,
            said.partner,
            Record(
                version=1, consent=consent, number=said.number, customer="x", parts=PARTS, name=f"Of {said.partner}",
                contacts=ways, facts=facts,
            ),
        )  # fmt: skip
    except (NoConsent, StaleCommand):
        return False
    return True


class Model:
    """What should be there: by partner and consent the last that was taken, until it has ended."""

    def __init__(self) -> None:
        self.last: dict[tuple[str, int], Says] = {}
        self.ended: set[tuple[str, int]] = set()
        self.newest: dict[str, Says] = {}

    def hear(self, said: Says, now: datetime) -> bool:
        key = (said.partner, said.consent)
        self.pass_by(now)
        if not said.number:
            self.ended.add(key)
            self.last.pop(key, None)
            return True
        if key in self.ended or now >= NOW + timedelta(days=DAYS * (said.consent + 1)):
            return False
        if key in self.last and self.last[key].number >= said.number:
            return True
        self.last[key] = said
        for other, kept in self.last.items():  # the newest that a partner says is what he says
            if other[0] == said.partner and other != key:
                self.last[other] = kept._replace(facts=kept.facts & said.facts, contacts=kept.contacts & said.contacts)
        return True

    def pass_by(self, now: datetime) -> None:
        for key in list(self.last):
            if now >= NOW + timedelta(days=DAYS * (key[1] + 1)):
                del self.last[key]
                self.ended.add(key)

    def facts(self) -> set[str]:
        return {f"{partner} {one}" for (partner, _), said in self.last.items() for one in said.facts}

    def contacts(self) -> set[str]:
        return {f"{one}@{partner}.example" for (partner, _), said in self.last.items() for one in said.contacts}


def _there(engine: Engine) -> tuple[set[str], set[str], int]:
    people = [one for one in engine.people("customer") if one.erased is None]
    facts = {fact.text for one in people for fact in engine.facts(one.id, limit=200)}
    return facts, {way.address for one in people for way in engine.contacts(one.id)}, len(people)


@settings(max_examples=examples(60), deadline=None)
@given(_says())
def test_what_is_there_is_what_holds(all_: list[Says]) -> None:
    """Facts, contacts and customers are those of the consents that hold; whoever brought none is not there."""
    clock, model = SimulatedClock(NOW), Model()
    with Engine("sqlite://", clock=clock, settings=Settings()) as engine:
        for said in all_:
            clock.advance(timedelta(days=said.after))
            engine.run_due()
            assert _hear(engine, said) == model.hear(said, clock.now())
            partners = {partner for partner, _ in model.last}
            assert _there(engine) == (model.facts(), model.contacts(), len(partners))
        clock.advance(timedelta(days=4 * DAYS))
        engine.run_due()
        assert _there(engine) == (set(), set(), 0)
        assert engine.audit().fine
