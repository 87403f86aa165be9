"""``choice``: the customer chooses among options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flowengine.language.expressions import Expression
from flowengine.language.model import Fact, Held, Ids, Limited, Meant, State
from flowengine.language.parser.common_keys import LEADING, NAMING, OPTIONAL_KEY, WAITING
from flowengine.language.parser.options import PICKS
from flowengine.language.parser.records import Key
from flowengine.language.parts import Option, Pick, option_title, options_of
from flowengine.language.texts import plain
from flowengine.language.value_shapes import DOUBLE, INT, TEXT, ListOf, Lists, Record, Shape, Slot, of_fields
from flowengine.problem import Place
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(State):
    """The saved answer holds what was picked by name, with ``titles`` (what was picked in plain words, by name),
    ``price`` (the sum) and ``lead_time_days`` (the longest)."""

    type = "choice"
    keys = (*NAMING, *WAITING, *LEADING, OPTIONAL_KEY, Key("choose", PICKS, "What is chosen, by name.", True))
    in_race = True
    outcomes = ("chosen",)
    customer = True
    only_waits = True

    choose: Mapping[str, Pick] = field(default_factory=dict)

    def expressions(self) -> Iterator[Held]:
        for pick in self.choose.values():
            yield Held(pick.source, f"choose.{pick.name}", "filled list" if pick.min else "list")

    @property
    def picks(self) -> Mapping[str, Pick]:
        return self.choose

    @property
    def chosen_from(self) -> Iterator[tuple[str, object, int, Place]]:
        for pick in self.choose.values():
            if not pick.quantity:
                yield f"{pick.name} are to be chosen", pick.source, pick.min, pick.place

    @property
    def limited(self) -> Iterator[Limited]:
        for name, pick in self.choose.items():
            if pick.limits:
                what = f"{self.name}.choose.{name}"
                yield Limited(what, pick.source, pick.limits, pick.min, pick.max, pick.quantity)

    @property
    def names(self) -> Iterator[Meant]:
        for pick in self.choose.values():
            if isinstance(pick.source, str):
                yield Meant("options", pick.source, pick.place)

    @property
    def ids(self) -> Iterator[Ids]:
        for name, pick in self.choose.items():
            yield Ids(name, pick.source, name, ("titles", name))

    @property
    def inner_options(self) -> frozenset[str]:
        return frozenset(name for name, pick in self.choose.items() if isinstance(pick.source, Expression))

    def shape(self, outcome: str, lists: Lists) -> Shape | None:
        listed = {name: lists.listed(pick.source) for name, pick in self.choose.items()}
        titles = {one.name: Slot(TEXT, sure=one.min > 0 or one.max > 1 or one.quantity) for one in self.choose.values()}
        members = {
            **of_fields(self.fields, internal=False).members,
            **{name: _slot(pick, listed[name].id) for name, pick in self.choose.items()},
            "titles": Slot(Record(titles)),
            "lead_time_days": Slot(DOUBLE),
        }
        prices = [one.priced for one in listed.values()]
        if any(priced is not False for priced in prices):
            members["price"] = Slot(DOUBLE, sure=any(priced is True for priced in prices))
        return Record(members)

    def facts(self, saved: Mapping[str, Any], options: Mapping[str, tuple[Option, ...]]) -> Iterator[Fact]:
        titles = saved.get("titles")
        for pick in self.choose.values():
            if pick.name in saved:
                words = titles.get(pick.name) if isinstance(titles, Mapping) else None
                yield Fact(pick.title, words if isinstance(words, str) else _picked(pick, saved[pick.name], options))
        price = saved.get("price")
        if isinstance(price, int | Decimal) and price:
            one = next(iter(self.choose.values())).title if len(self.choose) == 1 else ""
            yield Fact(phrase("Price"), price, one or self.title.removeprefix("Choose "))

    def ended(self, reader: Words, outcome: str, title: str, saved: Mapping[str, Any], *, decided: bool) -> str:
        if self.is_skipping(outcome):
            return State.ended(self, reader, outcome, title, saved, decided=decided)
        titles = saved.get("titles")
        words = titles if isinstance(titles, Mapping) else {}
        picked = [
            f"{pick.title}: {words.get(name) or plain(saved[name])}"
            for name, pick in self.choose.items()
            if name in saved and (words.get(name) or saved[name])
        ]
        return reader.say("chose %(picked)s", picked="; ".join(picked) or phrase("nothing"))

    def replied(
        self, reader: Words, outcome: str, saved: Mapping[str, Any], about: Mapping[str, str], way: str = ""
    ) -> str:
        if self.is_skipping(outcome):
            return State.replied(self, reader, outcome, saved, about, way)
        titles = saved.get("titles")
        words = titles if isinstance(titles, Mapping) else {}
        picked = [(pick, str(words.get(name) or "")) for name, pick in self.choose.items()]
        chosen = [_with_title(reader, pick, one) for pick, one in picked if one]
        return reader.say("Thank you. You have chosen %(chosen)s", chosen=", ".join(chosen) or phrase("nothing"))


def _with_title(reader: Words, pick: Pick, words: str) -> str:
    """What was picked, in a sentence; a bare number needs what it is the number of: ``3 pockets``."""
    return f"{words} {reader.within(pick.title)}" if words.isdigit() else words


def _slot(pick: Pick, id: Any) -> Slot:
    if pick.quantity:
        return Slot(Record({}, INT))
    return Slot(ListOf(id)) if pick.max > 1 else Slot(id, sure=pick.min > 0)


def _picked(pick: Pick, value: Any, options: Mapping[str, tuple[Option, ...]]) -> str:
    """What was picked, by the titles in the file; options of an expression are known by their ids alone."""
    listed = options_of(pick.source, options)
    if isinstance(value, Mapping):
        return ", ".join(f"{count} × {option_title(listed, id)}" for id, count in value.items())
    if isinstance(value, list):
        return ", ".join(option_title(listed, id) for id in value)
    return option_title(listed, value)
