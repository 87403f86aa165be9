"""Questions as a page shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from flowengine.client import FormField, FormOption, Json
from flowengine.language.durations import Duration
from flowengine.speech.telling import Speech
from flowengine.web.pages.field_sorts import (
    MOST_ROWS,
    Sort,
    carried,
    item_of,
    key_of,
    named,
    parts_of,
    rows_in,
    sort_of,
)
from flowengine.web.pages.posted import Posted
from flowengine.web.pages.told_fields import NameOf

_MANY = 8
"""Options without prices of which one is picked from a list that opens."""

_SHORT = 24
"""Characters of titles that still stand side by side."""

_ACCEPT: Mapping[str, str] = {
    "picture": "image/*",
    "pdf": "application/pdf,.pdf",
    "text": "text/plain,.txt,.csv",
    "document": ".docx,.xlsx,.pptx,.odt,.ods,.odp",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a question, or one place where a number is asked. ``late``: why it is too late."""

    id: str
    name: str
    value: str
    title: str
    checked: bool = False
    price: str = ""
    cost: int | Decimal = 0
    about: str = ""
    takes: str = ""
    late: str = ""
    picture: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question: ``id`` is that of the first input, to which a problem's link leads; ``name`` what is posted.

    ``cards``: the choices say so much that each has a card. ``attributes`` are those of its input beside these.
    """

    id: str
    name: str
    title: str
    sort: Sort
    required: bool
    hints: tuple[str, ...] = ()
    problem: str = ""
    value: str = ""
    unit: str = ""
    cards: bool = False
    listed: bool = False
    ranked: bool = False
    attributes: tuple[tuple[str, str], ...] = ()
    choices: tuple[Choice, ...] = ()
    parts: tuple[Asked, ...] = ()

    @property
    def described_by(self) -> str:
        """The ids of what is read with the input."""
        found = [f"{self.id}-hint"] if self.hints else []
        return " ".join([*found, f"{self.id}-problem"] if self.problem else found)


def asked(
    fields: Sequence[FormField],
    given: Mapping[str, Json] | None = None,
    problems: Mapping[str, str] | None = None,
    *,
    speech: Speech,
    prefix: str = "",
    typed: Posted | None = None,
    name_of: NameOf = str,
    needed: datetime | None = None,
    pictures: Mapping[str, str] | None = None,
) -> list[Asked]:
    """The questions with what was answered. ``given`` are answers; what was ``typed``, and could perhaps not be read,
    stands in the boxes as it was (but files, which are those given). ``needed`` is by when what is chosen has to be
    there, where that is known; ``pictures`` says where those are that options name (:attr:`Visit.assets`)."""
    inputs: dict[str, list[str]] = {}
    for name, value in carried(fields, given or {}, speech, prefix) if typed is None else typed.values:
        inputs.setdefault(name, []).append(value)
    if typed is not None:
        files = [field for field in fields if field.kinds]
        for field in files:
            inputs.pop(prefix + field.name, None)
        for name, value in carried(files, given or {}, speech, prefix):
            inputs.setdefault(name, []).append(value)
    return _Asking(inputs, speech, name_of, needed, pictures or {}).all(fields, prefix, problems or {})


def problems_of(questions: Sequence[Asked]) -> list[tuple[str, str, str]]:
    """All that is wrong: the id of the input, what was asked, and the words."""
    return list(_problems(questions))


def _problems(questions: Sequence[Asked]) -> Iterator[tuple[str, str, str]]:
    for one in questions:
        if one.problem:
            yield one.id, one.title, one.problem
        yield from ((choice.id, choice.title, choice.problem) for choice in one.choices if choice.problem)
        yield from _problems(one.parts)


class _Asking:
    def __init__(
        self,
        inputs: Mapping[str, Sequence[str]],
        speech: Speech,
        name_of: NameOf,
        needed: datetime | None,
        pictures: Mapping[str, str],
    ) -> None:
        self.inputs, self.speech, self.name_of, self.needed = inputs, speech, name_of, needed
        self.pictures = pictures
        self.say = speech.say

    def all(self, fields: Sequence[FormField], prefix: str, problems: Mapping[str, str]) -> list[Asked]:
        return [self.one(field, prefix + field.name, _below(problems, field.name)) for field in fields]

    def one(self, field: FormField, name: str, problems: Mapping[str, str], title: str = "") -> Asked:
        """A question, with the problems below it by their names; its own has none."""
        sort = sort_of(field)
        html = re.sub(r"[^\w.-]", "_", f"f-{name}")
        choices = self.choices(field, sort, name, html, problems)
        parts: list[Asked] = []
        if sort == "parts":
            parts = self.all(parts_of(field), f"{name}.", problems)
        elif sort == "rows":
            parts = self.rows(field, name, problems)
        names = [one.name for one in parts] + [one.name for one in choices if one.name != name]
        shown = {one[len(name) + 1 :] for one in names}
        own = [words for key, words in problems.items() if not key or not any(_at(key, one) for one in shown)]
        listed = sort == "one" and _is_long(field)
        first = parts[0].id if parts else choices[0].id if choices and not listed and sort != "files" else html
        return Asked(
            id=f"{html}.many" if sort == "length" else first,
            name=name,
            title=title or field.title,
            sort=sort,
            required=field.required,
            hints=tuple(self.hints(field, sort)),
            problem=" ".join(dict.fromkeys(own)),
            value=next(iter(self.inputs.get(f"{name}.many" if sort == "length" else name, ())), ""),
            unit=next(iter(self.inputs.get(f"{name}.unit", ())), "days")
            if sort == "length"
            else field.unit or self.speech.symbol(field.currency),
            cards=any(one.price or one.about or one.takes or one.picture for one in choices)
            or any(len(one.title) > _SHORT for one in choices),
            listed=listed,
            ranked=field.shape == "ranked",
            attributes=tuple(_attributes(field, sort)),
            choices=choices,
            parts=tuple(parts),
        )

    def rows(self, field: FormField, name: str, problems: Mapping[str, str]) -> list[Asked]:
        item = item_of(field)
        filled = rows_in(self.inputs, name)
        least, most = int(field.schema.get("minItems", 0)), int(field.schema.get("maxItems", MOST_ROWS))
        count = min(max(least, (filled[-1] + 1 if filled else 0) + 2), most, MOST_ROWS)
        made = []
        for number in range(count):
            row = named(item, str(number))
            title = f"{number + 1}. {field.title}"
            made.append(self.one(row, f"{name}.{number}", _below(problems, row.name), title))
        return made

    def choices(
        self, field: FormField, sort: Sort, name: str, html: str, problems: Mapping[str, str]
    ) -> tuple[Choice, ...]:
        given = self.inputs.get(name, ())
        if sort == "files":
            return tuple(
                Choice(id=f"{html}-{n}", name=name, value=id, title=self.name_of(id), checked=True)
                for n, id in enumerate(given)
                if id
            )
        if sort == "scale":
            offered = [
                (str(one), self.speech.number(one)) for one in range(int(field.min or 0), int(field.max or 0) + 1)
            ]
        else:
            offered = [("yes", self.say("Yes")), ("no", self.say("No"))] if sort == "yesno" else []
        made = [
            Choice(id=f"{html}-{value}", name=name, value=value, title=title, checked=value in given)
            for value, title in offered
        ]
        for n, option in enumerate(field.options):
            made.append(self.choice(field, option, sort, name, f"{html}-{n}", problems))
        if made and not field.required and sort in ("one", "yesno", "scale"):
            none = self.say("None of them") if sort == "one" else self.say("No answer")
            made.append(Choice(id=f"{html}-none", name=name, value="", title=none, checked="" in given or not given))
        return tuple(made)

    def choice(
        self, field: FormField, option: FormOption, sort: Sort, name: str, html: str, problems: Mapping[str, str]
    ) -> Choice:
        key, takes, late = key_of(option), "", ""
        if option.lead_time:
            takes, late = self.lead_time(option.lead_time)
        picture = option.more.get("picture", option.more.get("image", ""))
        about = option.more.get("description", option.more.get("about", ""))
        amounts = sort == "amounts"
        return Choice(
            id=html,
            name=f"{name}.{key}" if amounts else name,
            value=next(iter(self.inputs.get(f"{name}.{key}", ())), "") if amounts else key,
            title=option.title,
            checked=not amounts and key in self.inputs.get(name, ()),
            price=self.speech.money(option.price, field.currency) if option.price is not None else "",
            cost=option.price or 0,
            about=about if isinstance(about, str) else "",
            takes=takes,
            late=late,
            picture=self.picture(picture),
            problem=problems.get(key, "") if amounts else "",
        )

    def picture(self, named: Json) -> str:
        """Where a picture is that an option names: one of the house's, or a path of this site; nothing elsewhere."""
        if not isinstance(named, str):
            return ""
        return self.pictures.get(named) or (named if is_ours(named) else "")

    def lead_time(self, text: str) -> tuple[str, str]:
        """How long it takes, and that this is too long."""
        try:
            length = Duration.parse(text)
            ready = length.after(self.speech.now, self.speech.clock())
        except (ValueError, OverflowError):
            return "", ""
        takes = self.speech.lasting(length.months, length.days, length.rest)
        if self.needed is not None and ready > self.needed:
            return "", self.say("Takes %(time)s: after the day you need it", time=takes)
        return self.say("Takes %(time)s", time=takes), ""

    def hints(self, field: FormField, sort: Sort) -> Iterator[str]:
        """What helps to answer."""
        if isinstance(field.schema.get("description"), str):
            yield field.schema["description"]
        least, most = field.min, field.max
        if sort in ("several", "amounts") and field.shape in ("several", "quantities"):
            yield from self._how_many(least, most)
        elif field.shape == "ranked" and sort == "amounts":
            yield self.say("Give the best place 1, the next place 2. Leave out those that you do not want.")
        elif field.shape == "scores" and sort == "amounts":
            low, high = self.speech.number(least or 0), self.speech.number(most or 0)
            yield self.say("From %(low)s to %(high)s each; more is better.", low=low, high=high)
        elif sort == "number" and least is not None and most is not None:
            low, high = self.speech.number(least), self.speech.number(most)
            yield self.say("From %(low)s to %(high)s.", low=low, high=high)
        elif sort == "number" and least is not None:
            yield self.say("%(low)s or more.", low=self.speech.number(least))
        elif sort == "number" and most is not None:
            yield self.say("%(high)s or less.", high=self.speech.number(most))
        if sort in ("moment", "time"):
            yield self.say("By the clock in %(place)s.", place=self.speech.place())
        if sort in ("lines", "pairs"):
            yield self.say("One a line.") if sort == "lines" else self.say("One thing a line, as “colour: blue”.")
        yield from self._limits(field)

    def _how_many(self, least: int | Decimal | None, most: int | Decimal | None) -> Iterator[str]:
        low, high = self.speech.number(least or 0), self.speech.number(most or 0)
        if least and most and least == most:
            yield self.say("Choose %(count)s.", count=low)
        elif least and most:
            yield self.say("Choose %(low)s to %(high)s.", low=low, high=high)
        elif least:
            yield self.say("Choose at least %(low)s.", low=low)
        elif most:
            yield self.say("Choose up to %(high)s.", high=high)

    def _limits(self, field: FormField) -> Iterator[str]:
        for limit in field.limits:
            kind, low, high = limit.value, self.speech.number(limit.min), self.speech.number(limit.max or 0)
            if limit.max is None:
                yield self.say("%(kind)s: at least %(low)s.", kind=kind, low=low)
            elif limit.min:
                yield self.say("%(kind)s: %(low)s to %(high)s.", kind=kind, low=low, high=high)
            else:
                yield self.say("%(kind)s: at most %(high)s.", kind=kind, high=high)


def is_ours(path: str) -> bool:
    """Whether a path leads to this site, whatever is made of it."""
    return path.startswith("/") and not path.startswith("//") and not re.search(r"[\\\x00-\x20]", path)


def _is_long(field: FormField) -> bool:
    plain = all(option.price is None and not option.lead_time and not option.more for option in field.options)
    return plain and len(field.options) > _MANY


def _below(problems: Mapping[str, str], name: str) -> dict[str, str]:
    """The problems of a question and of what is below it, by their names from there."""
    found = {key[len(name) + 1 :]: words for key, words in problems.items() if key.startswith(f"{name}.")}
    return found | ({"": problems[name]} if name in problems else {})


def _at(key: str, name: str) -> bool:
    return key == name or key.startswith(f"{name}.")


def _attributes(field: FormField, sort: Sort) -> Iterator[tuple[str, str]]:
    schema = field.schema
    if sort in ("text", "long") and isinstance(schema.get("maxLength"), int):
        yield "maxlength", str(schema["maxLength"])
    if sort == "number":
        yield "inputmode", "numeric" if field.type == "integer" and (field.min or 0) >= 0 else "decimal"
        yield "class", "short"
    if sort in ("date", "moment", "time"):
        yield "class", "short"
    if sort == "text" and field.format == "email":
        yield from (("inputmode", "email"), ("autocomplete", "email"))
    if sort == "date":
        yield from ((key, edge[:10]) for key, edge in (("min", field.earliest), ("max", field.latest)) if edge)
    if sort == "files":
        yield "accept", ",".join(_ACCEPT[kind] for kind in field.kinds if kind in _ACCEPT)
        if field.type == "array":
            yield "multiple", "multiple"
