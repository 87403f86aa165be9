"""What was typed on a page, read by the questions that were asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import NamedTuple

from flowengine.client import Field, FormField, Json, check_answer
from flowengine.errors import BadAnswer, FlowError
from flowengine.language.durations import Duration
from flowengine.speech.hearing import number_of
from flowengine.speech.telling import Speech
from flowengine.web.pages.field_sorts import UNITS, item_of, key_of, named, parts_of, rows_in, sort_of
from flowengine.web.pages.posted import Posted, Upload

Attach = Callable[[Upload], str]
"""Keeps a file, and gives the id of it."""


class Answered(NamedTuple):
    """What was answered, as far as it could be read, and what is wrong, by the names of questions: of a part of one
    with the names of both and a point between."""

    values: dict[str, Json]
    problems: dict[str, str]


class _Nothing(Exception):
    """Nothing was typed."""


def answer(
    fields: Sequence[FormField], posted: Posted, speech: Speech, attach: Attach | None = None, prefix: str = ""
) -> Answered:
    """The answers in a form. Files that were chosen are kept by ``attach``, and are among the values by their ids also
    where there are problems, so that they need not be chosen again."""
    inputs: dict[str, list[str]] = {}
    for name, value in posted.values:
        inputs.setdefault(name, []).append(value)
    return _Reader(inputs, posted.files, speech, attach).all(fields, prefix)


class _Reader:
    def __init__(
        self,
        inputs: Mapping[str, Sequence[str]],
        files: Mapping[str, Sequence[Upload]],
        speech: Speech,
        attach: Attach | None,
    ) -> None:
        self.inputs, self.files, self.speech, self.attach = inputs, files, speech, attach
        self.say = speech.say

    def all(self, fields: Sequence[FormField], prefix: str) -> Answered:
        found = Answered({}, {})
        for field in fields:
            inner = Answered({}, {})
            try:
                found.values[field.name] = self.one(field, prefix + field.name, inner)
            except _Nothing:
                if field.required:
                    found.problems[field.name] = self._missing(field)
            except ValueError as error:
                found.problems[field.name] = str(error)
            if inner.values:  # files that were kept before another was refused
                found.values.setdefault(field.name, inner.values[""])
            found.problems.update({f"{field.name}.{name}": words for name, words in inner.problems.items()})
            if field.name in found.values and field.name not in found.problems and not inner.problems:
                problem = self.checked(field, found.values[field.name])
                if problem:
                    found.problems[field.name] = problem
        return found

    def _missing(self, field: FormField) -> str:
        sort = sort_of(field)
        if sort in ("one", "yesno", "scale"):
            return self.say("Please choose one.")
        if sort in ("several", "amounts"):
            return self.say("Please choose.")
        return self.say("Please choose a file.") if sort == "files" else self.say("Please answer this.")

    def text(self, name: str) -> str:
        """What was typed in one box. Line ends are one character; nothing at all is no answer."""
        value = next(iter(self.inputs.get(name, ())), "").replace("\r\n", "\n").strip()
        if not value:
            raise _Nothing
        return value

    def one(self, field: FormField, name: str, inner: Answered) -> Json:
        sort = sort_of(field)
        if sort in ("text", "long", "time", "date", "moment", "number", "scale", "yesno", "one"):
            return self.typed(field, self.text(name))
        if sort == "several":
            return self.several(field, name)
        if sort == "amounts":
            return self.amounts(field, name, inner)
        if sort == "files":
            return self.kept(field, name, inner)
        if sort == "length":
            return self.length(name)
        if sort == "parts":
            return self.parts(field, name, inner)
        if sort == "rows":
            return self.rows(field, name, inner)
        lines = [line.strip() for line in self.text(name).split("\n") if line.strip()]
        if sort == "lines":
            return [self.typed(item_of(field), line) for line in lines]
        return self.pairs(lines)

    def typed(self, field: FormField, text: str) -> Json:
        """One value of a text."""
        sort = sort_of(field)
        if sort == "one":
            found = next((option for option in field.options if key_of(option) == text), None)
            if found is None:
                raise ValueError(self.say("This is not offered any more. Please choose again."))
            return found.id
        if sort == "yesno":
            return text == "yes"
        if sort in ("number", "scale"):
            return self.number(field, text)
        if sort == "date":
            return self.day(field, text)
        if sort == "moment":
            return self.moment(field, text)
        return self.clock(text) if sort == "time" else text

    def number(self, field: FormField, text: str) -> int | Decimal:
        bare = (
            text.removesuffix(field.unit).strip()
            if field.unit
            else text.removeprefix(self.speech.symbol(field.currency))
        )
        try:
            found = number_of(bare, self.speech)
        except ValueError:
            if field.type != "integer":
                raise
            raise ValueError(self.say("Please write a whole number.")) from None
        if field.type == "integer" and found != int(found):
            raise ValueError(self.say("Please write a whole number."))
        number = int(found) if field.type == "integer" else found
        if field.min is not None and number < field.min:
            raise ValueError(self.say("It has to be %(least)s or more.", least=self.speech.number(field.min)))
        if field.max is not None and number > field.max:
            raise ValueError(self.say("It has to be %(most)s or less.", most=self.speech.number(field.max)))
        return number

    def day(self, field: FormField, text: str) -> str:
        try:
            found = date.fromisoformat(text)
        except ValueError:
            raise ValueError(self.say("Please give a day.")) from None
        for edge, early in ((field.earliest, True), (field.latest, False)):
            if edge and (text < edge[:10] if early else text > edge[:10]):
                raise self._outside(self.speech.day(date.fromisoformat(edge[:10])), early)
        return found.isoformat()

    def moment(self, field: FormField, text: str) -> str:
        clock = self.speech.clock()
        try:
            typed = datetime.fromisoformat(text)
            at = typed if typed.tzinfo else typed.replace(tzinfo=clock)
            found = at.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValueError(self.say("Please give a day and a time.")) from None
        if typed.tzinfo is None and found.astimezone(clock).replace(tzinfo=None) != typed:
            raise ValueError(self.say("Clocks are put forward then, and this time is left out. Please choose another."))
        for edge, early in ((field.earliest, True), (field.latest, False)):
            limit = datetime.fromisoformat(edge) if edge else None
            if limit is not None and limit.tzinfo is None:
                limit = limit.replace(tzinfo=clock)
            if limit is not None and (found < limit if early else found > limit):
                raise self._outside(self.speech.moment(limit), early)
        return found.isoformat().replace("+00:00", "Z")

    def _outside(self, edge: str, early: bool) -> ValueError:
        if early:
            return ValueError(self.say("It has to be %(edge)s or later.", edge=edge))
        return ValueError(self.say("It has to be %(edge)s or earlier.", edge=edge))

    def clock(self, text: str) -> str:
        try:
            found = time.fromisoformat(text)
        except ValueError:
            raise ValueError(self.say("Please give a time of day, as 14:30.")) from None
        if found.tzinfo is None:
            today = self.speech.now.astimezone(self.speech.clock()).date()
            found = datetime.combine(today, found, self.speech.clock()).timetz()
            offset = datetime.combine(today, found.replace(tzinfo=None), self.speech.clock()).strftime("%z")
            return f"{found.replace(tzinfo=None).isoformat()}{offset[:3]}:{offset[3:]}"
        return found.isoformat()

    def length(self, name: str) -> str:
        number = number_of(self.text(f"{name}.many"), self.speech)
        pattern = UNITS.get(next(iter(self.inputs.get(f"{name}.unit", ())), ""), UNITS["days"])
        if number != int(number) or number < 0:
            raise ValueError(self.say("Please write a whole number."))
        try:
            return str(Duration.usable(pattern.format(int(number))))
        except ValueError:
            raise ValueError(self.say("That is too long.")) from None

    def several(self, field: FormField, name: str) -> list[Json]:
        known = {key_of(option): option.id for option in field.options}
        given = [value for value in self.inputs.get(name, ()) if value]
        if any(value not in known for value in given):
            raise ValueError(self.say("This is not offered any more. Please choose again."))
        found: list[Json] = [known[value] for value in dict.fromkeys(given)]
        if not found and (field.min or not field.required):
            raise _Nothing
        if field.min is not None and len(found) < field.min:
            raise ValueError(self.say("Please choose at least %(least)s.", least=self.speech.number(field.min)))
        if field.max is not None and len(found) > field.max:
            raise ValueError(self.say("Please choose at most %(most)s.", most=self.speech.number(field.max)))
        return found

    def amounts(self, field: FormField, name: str, inner: Answered) -> Json:
        """How many of each option, its score, or its place in a ranking, of which the first is the best."""
        found: dict[str, int] = {}
        for option in field.options:
            id = key_of(option)
            typed = next(iter(self.inputs.get(f"{name}.{id}", ())), "").strip()
            if not typed:
                continue
            try:
                number = number_of(typed, self.speech)
            except ValueError as error:
                inner.problems[id] = str(error)
                continue
            if number != int(number) or number < 0:
                inner.problems[id] = self.say("Please write a whole number.")
            elif number or field.shape == "scores":
                found[id] = int(number)
        if not found and not inner.problems:
            raise _Nothing
        if field.shape == "scores":
            return dict(found.items())
        if field.shape == "ranked":
            return self.ranking(field, found, inner)
        total = sum(found.values())
        if field.min is not None and total < field.min:
            raise ValueError(self.say("Please choose at least %(least)s.", least=self.speech.number(field.min)))
        if field.max is not None and total > field.max:
            raise ValueError(self.say("Please choose at most %(most)s.", most=self.speech.number(field.max)))
        return dict(found.items())

    def ranking(self, field: FormField, places: Mapping[str, int], inner: Answered) -> list[Json]:
        seen: dict[int, str] = {}
        for id, place in places.items():
            if place in seen:
                inner.problems[id] = self.say("Two have place %(place)s. Each place is for one.", place=place)
            seen.setdefault(place, id)
        known = {key_of(option): option.id for option in field.options}
        return [known[id] for id in sorted(places, key=lambda id: places[id])]

    def kept(self, field: FormField, name: str, inner: Answered) -> Json:
        several = field.type == "array"
        ids: list[Json] = [value for value in self.inputs.get(name, ()) if value]
        problem = ""
        for upload in self.files.get(name, ()):
            if self.attach is None:
                raise ValueError(self.say("Files cannot be sent here."))
            try:
                id = self.attach(upload)
            except FlowError as error:
                problem = f"{upload.name}: {error.what}"
                continue
            ids = [*ids, id] if several else [id]
        if ids:
            inner.values[""] = ids if several else ids[-1]
        if problem:
            raise ValueError(problem)
        if not ids:
            raise _Nothing
        return inner.values[""]

    def parts(self, field: FormField, name: str, inner: Answered) -> Json:
        found = self.all(parts_of(field), f"{name}.")
        if not found.values and (not field.required or parts_of(field)) and not self._any(name):
            raise _Nothing
        inner.problems.update(found.problems)
        return found.values

    def _any(self, name: str) -> bool:
        start = f"{name}."
        return any(key.startswith(start) and any(one.strip() for one in values) for key, values in self.inputs.items())

    def rows(self, field: FormField, name: str, inner: Answered) -> Json:
        found: list[Json] = []
        item = item_of(field)
        for number in rows_in({**self.inputs, **{key: ["x"] for key in self.files}}, name):
            row = self.all((named(item, str(number)),), f"{name}.")
            inner.problems.update(row.problems)
            found += list(row.values.values())
        if not found and not inner.problems:
            raise _Nothing
        return found

    def pairs(self, lines: Sequence[str]) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for line in lines:
            key, colon, value = line.partition(":")
            if not colon or not key.strip():
                raise ValueError(self.say("Please write one thing a line, as “colour: blue”."))
            found[key.strip()] = value.strip()
        return found

    def checked(self, field: FormField, value: Json) -> str:
        """What is wrong with a value by the schema of its question; nothing where it is right."""
        least, most = field.schema.get("minLength"), field.schema.get("maxLength")
        if isinstance(value, str) and isinstance(most, int) and len(value) > most:
            return self.say(
                "At most %(most)s characters fit here; you have written %(count)s.", most=most, count=len(value)
            )
        if isinstance(value, str) and isinstance(least, int) and len(value) < least:
            return self.say("Please write at least %(least)s characters.", least=least)
        if field.kinds or not field.schema or field.format == "person":
            return ""
        if field.format == "email":
            problem = self.say("This is no e-mail address. One looks like name@example.org.")
        else:
            problem = ""
        kind = "string" if field.type == "file" else field.type
        rules = {key: one for key, one in field.schema.items() if key not in ("type", "earliest", "latest")}
        try:
            check_answer((Field(name=field.name, type=kind, title=field.title, schema=rules),), {field.name: value})
        except BadAnswer as error:
            return problem or "; ".join(error.problems.values())
        return ""
