"""The process as a whole: the root of the file."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from flowengine.language.currencies import currency
from flowengine.language.meaning import version_of
from flowengine.language.model import Process, Scope
from flowengine.language.parser.audiences import ANSWERERS, EVERYBODY
from flowengine.language.parser.calendars import CALENDARS, ZONE
from flowengine.language.parser.common_keys import CLOSED_TO_KEY
from flowengine.language.parser.lengths import LENGTH
from flowengine.language.parser.options import PROCESS_OPTIONS
from flowengine.language.parser.persons import typed
from flowengine.language.parser.records import Key, Values, record
from flowengine.language.parser.scalars import EXPRESSION, LONGEST_TEXT, NAME, TITLE, ForPeople, name_key, told_title
from flowengine.language.parser.session import Enough, Reading, Refusal
from flowengine.language.parser.shapes import Either, Json, MapOf, Named, Shape, Word
from flowengine.language.parser.starts import STARTS
from flowengine.language.parser.states import ALWAYS_KEY, STATES_KEY, know
from flowengine.language.parser.translations import LANGUAGE, TEXTS, refuse_unknown
from flowengine.language.parts import Group, Role
from flowengine.language.types import TYPES
from flowengine.language.yaml_reader import Node, Pairs, Unreadable, decode, read
from flowengine.problem import Place, Problem, in_order


class _Titled:
    """A title alone, or ``{title: …}``."""

    shape = Either("a title or {title: …}", TITLE, None, record("an entry", Key("title", TITLE, "What people read.")))

    def read(self, node: Node, reading: Reading) -> str | None:
        found = self.shape.read(node, reading)
        title: str | None = found if isinstance(found, str) else found.get("title")
        return title

    def schema(self, defs: Json) -> Json:
        return self.shape.schema(defs)


def _role(name: str, place: Place, title: str | None, reading: Reading) -> Role:
    return Role(name=name, title=title or told_title(name, place, reading), place=place)


def _group(name: str, place: Place, title: str | None, reading: Reading) -> Group:
    return Group(name=name, title=title or told_title(name, place, reading), place=place)


class _Calendars:
    """Calendars; their names are needed when fittings and working times are read, also where one cannot be used."""

    def read(self, node: Node, reading: Reading) -> Any:
        if isinstance(node, Pairs):
            reading.calendars = tuple(node.pairs)
        return CALENDARS.read(node, reading)

    def schema(self, defs: Json) -> Json:
        return CALENDARS.schema(defs)


class _Currency:
    """A currency; expressions and fields that tell money need it."""

    word = Word("a currency", "bad-currency", currency, "^[A-Z]{3}$", 3)

    def read(self, node: Node, reading: Reading) -> Any:
        reading.currency = self.word.read(node, reading)
        return reading.currency

    def schema(self, defs: Json) -> Json:
        return self.word.schema(defs)


def _need(text: str) -> str:
    if not text.strip():
        raise ValueError("the need is empty; say what the customer wants in one sentence")
    return text


_NEED = ForPeople("a text", "bad-text", _need, r"\S", LONGEST_TEXT)
_ROLE_NAME = name_key("a role's name", EVERYBODY, "as an audience it has a meaning of its own")

_PROMISE = record(
    "a promise",
    Key("by", EXPRESSION, "The date or time that is promised.", True),
    Key("kept", EXPRESSION, "What holds once the promise is kept; the job is fulfilled, unless given."),
)

PROCESS = record(
    "a process",
    Key("process", NAME, "The process's name.", True, "name"),
    Key("language", LANGUAGE, "The language of its texts; English (en), unless given."),
    Key("texts", TEXTS, "Its texts in other languages: {de: {the text as it stands in the file: in German}}."),
    Key("title", TITLE, "What people read; the name with spaces, unless given."),
    Key("need", _NEED, "The customer's need, in one sentence.", True),
    Key("roles", MapOf(_ROLE_NAME, Named("titled", _Titled()), _role), "The roles of staff that steps wait for."),
    Key("groups", MapOf(name_key("a group's name"), Named("titled", _Titled()), _group), "The groups of customers."),
    Key("currency", _Currency(), "The currency of its prices and of money in texts, by its code (ISO 4217), as GBP."),
    Key("options", PROCESS_OPTIONS, "What can be chosen, by name, for use in several states."),
    Key("zone", ZONE, "The zone of days and times of day, as Europe/London; the installation's unless given."),
    Key("calendars", _Calendars(), "When it is open, by name: for appointments, and for working time."),
    Key("attention", LENGTH, "After how long a wait for staff, code or messages is an incident; P7D unless given."),
    Key("questions", ANSWERERS, "Who answers what people ask about a job: any staff within P2D, unless given."),
    Key("concerns", ANSWERERS, "Who answers concerns: who answers questions, within P7D, unless given."),
    Key("promise", _PROMISE, "What is promised to the customer."),
    CLOSED_TO_KEY,
    Key("starts", STARTS, "What starts a job by itself: messages that no job waits for, and the clock."),
    ALWAYS_KEY,
    STATES_KEY,
)  # fmt: skip
ROOT: Shape = PROCESS
know(TYPES)


def read_process(data: bytes | str, file: str) -> tuple[Process | None, list[Problem]]:
    """The process of a file, or None and the problems, in the order of the file."""
    try:
        text = decode(data, file)
        node, problems = read(text, file)
    except Unreadable as error:
        return None, in_order(error.problems)
    unread = {one.place for one in problems if one.code in _UNREAD}
    reading = Reading(file, list(problems))
    process = _read(node, reading, text)
    if process is not None:
        refuse_unknown(reading)
        others, known = {}, len(reading.problems)
        for language, found in reading.texts.items():
            other = Reading(file, reading.problems[:known], language=language)
            others[language] = _read(node, other, text)
            reading.problems += other.problems[known:]
            reading.doubts += [one for one in other.doubts if one.place in {told.place for told in found.values()}]
        process = replace(
            process,
            others={language: replace(one, version=process.version) for language, one in others.items() if one},
            wanted=tuple(one.text for one in reading.said.values() if one.wanted),
            doubts=tuple(reading.doubts),
        )
    problems += [one for one in reading.problems[len(problems) :] if one.place not in unread]
    if problems:
        problems += reading.doubts
    return (None if problems else process), in_order(problems)


def _read(node: Node, reading: Reading, text: str) -> Process | None:
    with suppress(Refusal, Enough):
        return _process(PROCESS.read(node, reading), text, reading)
    return None


_UNREAD = frozenset(("alias", "bad-key", "merge-key", "tag"))
"""Where these are told the value is not what was written, so that nothing else is told there."""


def _process(values: Values, text: str, reading: Reading) -> Process:
    states = values.pop("states")
    always = values.pop("always", ())
    promise = values.pop("promise", None)
    if "title" not in values:
        values["title"] = told_title(values["name"], values.place, reading)
    if reading.language:
        found = reading.texts[reading.language]
        values["language"] = reading.language
        values["told"] = {key: one.text for key, one in found.items()}
        values["translated_at"] = frozenset(one.place for one in found.values())
    process = Process(
        **values,
        version="",
        source=text,
        file=reading.file,
        promise=promise["by"] if promise else None,
        promise_kept=promise.get("kept") if promise else None,
        root=typed(Scope(path="", start=next(iter(states)), states=states, always=always, place=values.place)),
    )
    process = process.settled("")
    return process if reading.language else replace(process, version=version_of(process))
