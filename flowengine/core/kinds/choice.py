"""``choice``: the customer chooses among options with their prices and lead times."""

from __future__ import annotations

from collections import Counter

from flowengine import exact
from flowengine.core.commands import Act
from flowengine.core.fields import clip, kind_of, near, take
from flowengine.core.forms import FormField, Shape, Way, form_limits
from flowengine.core.kinds.base import NO_THANKS, Waiting, chosen, skipped
from flowengine.core.options import Offered, days_of, form_options, id_type, offered
from flowengine.core.spot import Result, Spot
from flowengine.core.translating import inner_in
from flowengine.core.values import Json, Offer, Step
from flowengine.errors import BadAnswer, ExpressionFailed
from flowengine.language.evaluation import numbers
from flowengine.language.expressions import Expression
from flowengine.language.parts import MOST_CHOSEN, Pick, option_key, options_of
from flowengine.language.types import Choice
from flowengine.speech.phrases import listing, phrase

_NAMED = 20
"""How many options a message names."""


class Choosing(Waiting[Choice]):
    """Waits for the customer's picks from the options as they were when the state was entered.

    The answer maps each pick's name to an id; with ``max`` above 1 to a list of ids; with ``quantity`` to an object
    that maps ids to whole numbers, whose sum ``min`` and ``max`` bound. What need not be chosen may be left out;
    what is chosen keeps the ``limits``.
    Saved with it: ``titles`` (what was picked in plain words, by the picks' names), ``price`` (the sum, where anything
    offered has a price) and ``lead_time_days`` (the longest).
    """

    def enter(self, spot: Spot) -> Result | None:
        spot.keep(Offer(picks={name: self._offered(spot, pick) for name, pick in self.state(spot).choose.items()}))
        self.open(spot)
        return None

    def _offered(self, spot: Spot, pick: Pick) -> list[Offered]:
        options = offered(spot.process, pick.source, spot.names())
        if len(options) < (min(pick.min, 1) if pick.quantity else pick.min):
            where = pick.source.source if isinstance(pick.source, Expression) else pick.name
            raise ExpressionFailed(f"offers {len(options)} options, but {pick.min} are to be chosen", where=where)
        if pick.limits:
            there = Counter(pick.limits.kind(option) for option in options)
            there = Counter(dict.fromkeys(there, pick.max)) if pick.quantity else there
            if problem := pick.limits.impossible(there, pick.min, pick.max):
                raise ExpressionFailed(problem, where=f"{spot.state.name}.choose.{pick.name}")
        return options

    def renew(self, spot: Spot, before: Spot) -> None:
        """The options are offered anew where the file lists others; a choice that asks the same keeps its offer."""
        super().renew(spot, before)
        if self._listed(spot) != self._listed(before):
            picks = {name: self._offered(spot, pick) for name, pick in self.state(spot).choose.items()}
            spot.keep(Offer(picks=picks))

    def _listed(self, spot: Spot) -> list[object]:
        return [(pick, options_of(pick.source, spot.process.options)) for pick in self.state(spot).choose.values()]

    def act(self, spot: Spot, step: Step, command: Act) -> Result | None:
        outcome = chosen(step, command, self.possible(spot, step))
        if spot.state.is_skipping(outcome):
            return skipped(step, command)
        state, given, offer = self.state(spot), take(command.answer, step.state), self._offer(spot)
        problems: dict[str, str] = {}
        possible: list[str] = []
        picked: list[tuple[Offered, int]] = []
        answer: dict[str, Json] = {}
        titles: dict[str, Json] = {}
        for name, pick in state.choose.items():
            checked = _Checked(pick, offer.picks[name], given.pop(name, None))
            if checked.problem:
                problems[name] = checked.problem
                possible += checked.known
            picked += checked.picked
            if checked.value is not None:
                answer[name] = checked.value
                titles[name] = checked.words
        for name in given:
            problems[name[:60]] = phrase("is not asked here%(near)s", near=near(name, list(state.choose)))
            possible += [one for one in state.choose if one not in possible]
        if problems:
            raise BadAnswer(problems, where=step.state, possible=possible)
        return Result(outcome, {**answer, "titles": titles, **_sums(spot, offer, picked)}, command.by.id)

    def _offer(self, spot: Spot) -> Offer:
        offer = spot.inner
        assert isinstance(offer, Offer), "a choice keeps what it offers"
        return offer

    def ways(self, spot: Spot, step: Step) -> tuple[Way, ...]:
        state, offer = self.state(spot), inner_in(spot.process, self._offer(spot))
        picks = tuple(_question(pick, offer.picks[name], spot.process.currency) for name, pick in state.choose.items())
        choosing = Way(outcome=state.outcomes[0], title=step.title, fields=picks)
        return (choosing, NO_THANKS) if state.optional else (choosing,)


def _shape(pick: Pick) -> Shape:
    return "quantities" if pick.quantity else "several" if pick.max > 1 else "one"


def _question(pick: Pick, options: list[Offered], currency: str) -> FormField:
    shape = _shape(pick)
    return FormField(
        name=pick.name,
        title=pick.title,
        type="object" if shape == "quantities" else "array" if shape == "several" else id_type(options),
        required=pick.min > 0,
        options=form_options(options),
        currency=currency,
        shape=shape,
        min=pick.min,
        max=None if pick.max == MOST_CHOSEN else pick.max,
        limits=form_limits(pick.limits),
    )


def _sums(spot: Spot, offer: Offer, picked: list[tuple[Offered, int]]) -> dict[str, Json]:
    sums: dict[str, Json] = {}
    if any("price" in option for options in offer.picks.values() for option in options):
        prices: list[exact.Number] = [numbers.multiply(option.get("price") or 0, n) for option, n in picked]
        sums["price"] = numbers.total(prices)
    zone = spot.process.clock
    sums["lead_time_days"] = exact.taken(max((days_of(option, spot.now, zone) for option, _ in picked), default=0.0))
    return sums


class _Checked:
    """One pick's answer held against what is offered: its value as saved, or what is wrong with it."""

    def __init__(self, pick: Pick, options: list[Offered], given: Json) -> None:
        self.pick = pick
        self.options = {option_key(option["id"]): option for option in options}
        self.known = list(self.options)
        self.picked: list[tuple[Offered, int]] = []
        self.value: Json = None
        self.problem = ""
        try:
            {"one": self._one, "several": self._several, "quantities": self._quantities}[_shape(pick)](given)
        except ValueError as error:
            self.problem = error.args[0]

    @property
    def words(self) -> str:
        """What was picked, as a person would say it."""
        said = (
            f"{number} × {option['title']}" if self.pick.quantity else option["title"] for option, number in self.picked
        )
        return ", ".join(said)

    def _one(self, given: Json) -> None:
        if given is None:
            if self.pick.min > 0:
                raise ValueError(phrase("is missing; choose %(named)s", named=self._one_of()))
            return
        option = self._option(given)
        self.picked, self.value = [(option, 1)], option["id"]

    def _several(self, given: Json) -> None:
        if given is None:
            given = []
        ids = given if isinstance(given, list) else [given]
        found = [self._option(id) for id in ids]
        if len({option_key(option["id"]) for option in found}) < len(found):
            raise ValueError(phrase("names an option twice"))
        self._within([(option, 1) for option in found])
        self.picked, self.value = [(option, 1) for option in found], [option["id"] for option in found]

    def _quantities(self, given: Json) -> None:
        given = {} if given is None else given
        if not isinstance(given, dict):
            raise ValueError(phrase("must map ids to whole numbers, not be %(given)s", given=kind_of(given)))
        for id, number in given.items():
            if isinstance(number, bool) or not isinstance(number, int) or number < 0:
                raise ValueError(
                    phrase("%(id)s must have a whole number from 0, not %(number)s", id=clip(id), number=clip(number))
                )
            option = self._option(id)
            if number:
                self.picked.append((option, number))
        self._within(self.picked)
        self.value = {option_key(option["id"]): number for option, number in self.picked}

    def _option(self, id: Json) -> Offered:
        if not isinstance(id, str | int):
            raise ValueError(
                phrase("must be an option's id, not %(id)s; choose %(named)s", id=kind_of(id), named=self._one_of())
            )
        option = self.options.get(option_key(id))
        if option is None:
            hint = near(option_key(id), self.known)
            raise ValueError(
                phrase("%(id)s is not offered%(hint)s; choose %(named)s", id=clip(id), hint=hint, named=self._one_of())
            )
        return option

    def _within(self, picked: list[tuple[Offered, int]]) -> None:
        number = sum(count for _, count in picked)
        low, high = self.pick.min, self.pick.max
        if not low <= number <= high:
            open_ended = high == MOST_CHOSEN and number < low
            upper = (
                phrase("%(low)s or more", low=low) if open_ended else phrase("%(low)s to %(high)s", low=low, high=high)
            )
            span = str(low) if low == high else upper
            raise ValueError(
                phrase(
                    "chooses %(number)s; choose %(span)s of %(named)s", number=number, span=span, named=self._named()
                )
            )
        if number or low:
            self._within_limits(picked)

    def _within_limits(self, picked: list[tuple[Offered, int]]) -> None:
        limits, taken = self.pick.limits, Counter[str]()
        for option, number in picked:
            taken[limits.kind(option)] += number
        problems = [
            phrase(
                "chooses %(number)s of %(by)s %(kind)s; choose %(limit)s of %(named)s",
                number=taken[kind],
                by=limits.by,
                kind=kind,
                limit=limit.words,
                named=self._named(kind),
            )
            for kind, limit in limits.broken(taken).items()
        ]
        if problems:
            raise ValueError(listing(problems, "; "))

    def _one_of(self) -> str:
        return phrase("one of %(named)s", named=self._named())

    def _named(self, kind: str | None = None) -> str:
        """The first of the options; with a ``kind`` of those that are of it."""
        limits, options = self.pick.limits, self.options.values()
        found = [option for option in options if kind is None or limits.kind(option) == kind]
        more = len(found) - _NAMED
        named = ", ".join(self._words(option) for option in found[:_NAMED])
        return phrase("%(named)s and %(more)s more", named=named, more=more) if more > 0 else named

    @staticmethod
    def _words(option: Offered) -> str:
        key = option_key(option["id"])
        return key if key == option["title"] else f"{key} ({option['title']})"
