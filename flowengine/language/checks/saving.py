"""What each state saves: with which outcome, in which place, and of what shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flowengine.language.checks.shapes import (
    BOOLEAN,
    DOUBLE,
    INT,
    TEXT,
    UNKNOWN,
    Basic,
    ListOf,
    Record,
    Shape,
    Slot,
    of_fields,
    union,
)
from flowengine.language.checks.states import EXPIRED, waits_for_customer
from flowengine.language.expressions import Expression
from flowengine.language.model import (
    DONE,
    Approval,
    Call,
    Choice,
    Each,
    Feedback,
    Fitting,
    Message,
    Option,
    Pick,
    Process,
    Race,
    Service,
    State,
    Task,
    Vote,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is saved with an outcome. ``sure``: each time it has that outcome."""

    place: tuple[str, ...]
    shape: Shape
    sure: bool = True
    internal: bool = False


def answer(answers: Answers, state: State, outcome: str) -> Answer | None:
    """What a state saves with an outcome, or None. The list of an each is known elsewhere: it depends on its scope."""
    if isinstance(state, Race):
        return _of_race(answers, state, outcome)
    if outcome == EXPIRED and not isinstance(state, Vote):
        return None
    place = tuple((state.saves or state.name).split("."))
    shape = _shape(answers, state, outcome)
    if shape is None:
        return None
    hidden = not waits_for_customer(state)
    if isinstance(state, Task) and outcome != first_outcome(state):
        return Answer(place, shape, sure=False, internal=hidden and not isinstance(shape, Record))
    if isinstance(state, Service) and outcome != DONE:
        members = of_fields(state.fields, internal=True, required=False).members
        return Answer(place, Record(members, UNKNOWN) if members else UNKNOWN, sure=False, internal=True)
    return Answer(place, shape, internal=hidden and not isinstance(shape, Record))


def _of_race(answers: Answers, race: Race, outcome: str) -> Answer | None:
    name, _, rest = outcome.partition(".")
    member = race.of.get(name)
    if member is None:
        return None
    home = tuple((member.saves or race.saves or race.name).split("."))
    endings = [rest] if rest else list(member_outcomes(race, name, member))
    found = [answer(answers, member, ending) for ending in endings]
    saved = [one for one in found if one is not None]
    if not saved:
        return None
    shape, sure = saved[0].shape, len(saved) == len(found) and all(one.sure for one in saved)
    for one in saved[1:]:
        shape = union(shape, one.shape)
    return Answer(home, shape, sure, any(one.internal for one in saved))


def member_outcomes(race: Race, name: str, member: State) -> Iterator[str]:
    """The outcomes of a member that its name alone catches."""
    own = [*member.outcomes, *([EXPIRED] if member.within is not None and not isinstance(member, Vote) else [])]
    yield from (outcome for outcome in own if f"{name}.{outcome}" not in race.on)


def first_outcome(task: Task) -> str:
    """The outcome with which a task's fields are required: ``done`` where it leads somewhere, else the first named."""
    if DONE in task.on:
        return DONE
    return next((outcome for outcome in task.on if outcome != EXPIRED), DONE)


def _shape(answers: Answers, state: State, outcome: str) -> Shape | None:
    """The answer's shape, or None when nothing is saved."""
    hidden = not waits_for_customer(state)
    match state:
        case Choice():
            return _choice(answers, state)
        case Fitting():
            if outcome != "held":
                return None
            findings = of_fields(state.fields, internal=True)
            return Record({**findings.members, "slot": Slot(Basic("text", "2026-05-01T09:00:00Z"))})
        case Approval():
            return _approval(state, outcome, hidden)
        case Vote():
            return _vote()
        case Feedback():
            return _feedback(state)
        case Task():
            required = outcome == first_outcome(state)
            return of_fields(state.fields, internal=hidden, required=required)
        case Service():
            if outcome == "failed":
                return None
            return of_fields(state.fields, internal=True) if state.fields and outcome == DONE else UNKNOWN
        case Message():
            return of_fields(state.fields, internal=True) if state.fields else UNKNOWN
        case Call():
            return Record({"status": Slot(TEXT)}, UNKNOWN)
        case Each():
            return None
        case _ if outcome in ("stated", "answered"):
            return of_fields(state.fields, internal=False)
        case _:
            return None


def _choice(answers: Answers, state: Choice) -> Record:
    members = {one.name: slot for one, slot in ((pick, _pick(answers, pick)) for pick in state.choose.values())}
    extra = of_fields(state.fields, internal=False).members
    prices = [answers.listed(pick.source).priced for pick in state.choose.values()]
    titles = {one.name: Slot(TEXT, sure=one.min > 0 or one.max > 1 or one.quantity) for one in state.choose.values()}
    members["titles"] = Slot(Record(titles))
    members["lead_time_days"] = Slot(DOUBLE)
    if any(priced is not False for priced in prices):
        members["price"] = Slot(DOUBLE, sure=any(priced is True for priced in prices))
    return Record({**extra, **members})


def _pick(answers: Answers, pick: Pick) -> Slot:
    one = answers.listed(pick.source).id
    if pick.quantity:
        return Slot(Record({}, INT))
    return Slot(ListOf(one)) if pick.max > 1 else Slot(one, sure=pick.min > 0)


def _of_value(value: str | int | bool) -> Shape:
    if isinstance(value, bool):
        return BOOLEAN
    return Basic("int", value) if isinstance(value, int) else Basic("text", value)


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list of options has in common: the shape of its ids, and whether any has a price (None: nobody knows)."""

    id: Shape
    priced: bool | None


class Answers:
    """What the states of one process save."""

    def __init__(self, process: Process) -> None:
        self._options = process.options
        self._listed: dict[str, Listed] = {}

    def listed(self, source: str | tuple[Option, ...] | Expression) -> Listed:
        """What the options have in common; those of the process are looked through once."""
        if isinstance(source, Expression):
            return Listed(UNKNOWN, None)
        if not isinstance(source, str):
            return _listed(source)
        if source not in self._listed:
            self._listed[source] = _listed(self._options.get(source, ()))
        return self._listed[source]


def _listed(options: tuple[Option, ...]) -> Listed:
    kinds = {type(option.id): option.id for option in options}
    shape = _of_value(next(iter(kinds.values()))) if len(kinds) == 1 else UNKNOWN
    return Listed(shape, any(option.price is not None for option in options))


def _approval(state: Approval, outcome: str, hidden: bool) -> Record:
    fields = of_fields(state.fields, internal=hidden, required=outcome == "approved").members
    own = {
        "outcome": Slot(TEXT),
        "by": Slot(TEXT, internal=hidden),
        "words": Slot(TEXT, internal=hidden),
        "shown": Slot(Record({}, TEXT), internal=hidden),
    }
    several = len(state.by) > 1 or any(one.kind == "people" for one in state.by)
    answers = {"answers": Slot(ListOf(UNKNOWN), internal=hidden)} if several else {}
    return Record({**fields, **own, **answers})


def _vote() -> Record:
    texts = ListOf(TEXT)
    members: dict[str, Shape] = {
        "winner": TEXT,
        "winners": texts,
        "tied": texts,
        "tally": Record({}, DOUBLE),
        "cast": INT,
        "voters": INT,
        "turnout": DOUBLE,
    }
    return Record({name: Slot(shape) for name, shape in members.items()})


def _feedback(state: Feedback) -> Record:
    own = {"rating": Slot(INT), "words": Slot(TEXT, sure=False), "recommend": Slot(BOOLEAN, sure=False)}
    return Record({**own, **of_fields(state.fields, internal=False).members})
