"""Single values of the language: names, titles, durations, expressions, texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flowengine.language.cron import LONGEST as LONGEST_CRON
from flowengine.language.cron import Cron
from flowengine.language.durations import Duration
from flowengine.language.expressions import LONGEST
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Flag, Json, Named, Number, Word, full, wrong
from flowengine.language.texts import Text
from flowengine.language.tree import Condition, Literal, Operation
from flowengine.language.tree import Node as Tree
from flowengine.language.yaml_reader import Node, Scalar
from flowengine.problem import Place

NAME_PATTERN = "[a-z][a-z0-9_]*"
AGREEMENT_PATTERN = "[0-9a-f]{16}"
LONGEST_NAME = 60
LONGEST_TITLE = 200
LONGEST_TEXT = 10_000
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DURATION_PATTERN = r"P(?=.)[0-9YMWD]*(T(?=.)[0-9HMS.]*)?"
_is_name = full(NAME_PATTERN)
_is_path = full(rf"{NAME_PATTERN}(\.{NAME_PATTERN})*")
_is_member = full(r"[A-Za-z_]\w*(\.\w+)+")
_is_outcome = full(rf"{NAME_PATTERN}(\.{NAME_PATTERN})?")
_HANDLER_PATTERN = r"(?!https?:)[A-Za-z_][A-Za-z0-9_.:/-]*"
_is_handler = full(_HANDLER_PATTERN)
_HOST_PATTERN = r"(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]\\]+)"
_PORT_PATTERN = r":([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_URL_PATTERN = rf"https?://{_HOST_PATTERN}({_PORT_PATTERN})?([/?][^\s#\\]*)?"
_is_url = full(_URL_PATTERN)


def titled(name: str) -> str:
    """The title that a name gives: spaces for underscores, a capital first."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def told_title(name: str, place: Place, reading: Reading, *, wanted: bool = True) -> str:
    """The title that a name gives, in the language that the file is read in."""
    return reading.told(titled(name), place, wanted=wanted)[0]


def _named(text: str) -> str:
    if not _is_name(text):
        better = "".join(char if char.isascii() and char.isalnum() else "_" for char in text.lower()).strip("_")
        example = f", for example {better}" if _is_name(better) and len(better) <= LONGEST_NAME else ""
        raise ValueError(f"{text[:60]!r} is not a name; use small letters, digits and underscores{example}")
    return text


def _agreement(text: str) -> str:
    if not re.fullmatch(AGREEMENT_PATTERN, text):
        raise ValueError(f"{text[:60]!r} is no version of an agreement; it has 16 digits, as flow agreement tells them")
    return text


def _path(text: str) -> str:
    if not _is_path(text):
        raise ValueError(f"{text[:60]!r} is not a place in the data; write names with dots between, as in suit.cloth")
    return text


def _outcome(text: str) -> str:
    if not _is_outcome(text):
        raise ValueError(f"{text[:60]!r} is not an outcome; write its name, in a race also member.outcome")
    return text


def _title(text: str) -> str:
    if not text.strip():
        raise ValueError("the title is empty")
    return text


def _handler(text: str) -> str:
    if text.startswith(("http:", "https:")):
        raise ValueError(f"{text[:60]!r} is an address, not a name; a service is called at an address with http:")
    if not _is_handler(text):
        raise ValueError(f"{text[:60]!r} is not a handler's or message's name; use letters, digits and _ . : / -")
    return text


def _url(text: str) -> str:
    if not _is_url(text):
        raise ValueError(
            f"{text[:60]!r} is not an address; it begins with https:// and has no password, no # and a port to 65535"
        )
    return text


def some_time(text: str) -> Duration:
    """A duration above zero. Raises ``ValueError``."""
    duration = Duration.usable(text)
    if duration.seconds <= 0:
        raise ValueError(f"{text[:40]!r} is no time at all; give a duration above zero, for example P3D or PT45M")
    return duration


@dataclass(frozen=True, slots=True)
class ForPeople(Word):
    """A text that people read, which may be translated; one that is ``known`` to many languages need not be."""

    known: bool = False

    def read(self, node: Node, reading: Reading) -> Any:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            text, place = reading.told(node.value, node.place, wanted=not self.known)
            node = Scalar(text, text, place)
        return Word.read(self, node, reading)


NAME = Named("name", Word("a name", "bad-name", _named, f"^{NAME_PATTERN}$", LONGEST_NAME))
PLACE = Named("place", Word("a place in the data", "bad-name", _path, rf"^{NAME_PATTERN}(\.{NAME_PATTERN})*$"))
OUTCOME = Word("an outcome", "bad-name", _outcome, rf"^{NAME_PATTERN}(\.{NAME_PATTERN})?$", 2 * LONGEST_NAME + 1)
TITLE = Named("title", ForPeople("a text", "bad-title", _title, r"\S", LONGEST_TITLE))
AGREEMENT = Named("agreement", Word("the version of an agreement", "bad-name", _agreement, f"^{AGREEMENT_PATTERN}$"))
HANDLER = Named("handler", Word("a name", "bad-name", _handler, f"^{_HANDLER_PATTERN}$", 100))
URL = Named("url", Word("an address", "bad-url", _url, f"^{_URL_PATTERN}$", 2_000))


@dataclass(frozen=True, slots=True)
class HandlerOrUrl:
    """The name of a handler, or the address of one; told apart by how it begins."""

    def read(self, node: Node, reading: Reading) -> Any:
        address = isinstance(node, Scalar) and node.text.startswith(("http:", "https:"))
        return (URL if address else HANDLER).read(node, reading)

    def schema(self, defs: Json) -> Json:
        return {"anyOf": [HANDLER.schema(defs), URL.schema(defs)]}


_MONTHS = re.compile(r"P(\d+)M")
_SHORTEST_YEARS = 13


@dataclass(frozen=True, slots=True)
class Lasting(Word):
    """A duration. Months that are so many, or stand where a month is too long (``brief``), were meant as minutes."""

    brief: bool = False

    def read(self, node: Node, reading: Reading) -> Any:
        if isinstance(node, Scalar) and isinstance(node.value, int):
            raise wrong(node, self.wanted, reading, _units(node))
        found = Word.read(self, node, reading)
        assert isinstance(node, Scalar)
        if (months := _MONTHS.match(node.text)) and (self.brief or int(months[1]) >= _SHORTEST_YEARS):
            count = int(months[1])
            years, rest = divmod(count, 12)
            instead = f", or P{years}Y{f'{rest}M' if rest else ''} for the months" if years and not self.brief else ""
            message = f"{node.text!r} is {count} {'month' if count == 1 else 'months'}"
            reading.doubt(node.place, self.code, message, f"write PT{count}M for minutes{instead}")
        return found


def _units(node: Scalar) -> str:
    """The advice for a number where a duration stands."""
    if isinstance(node.value, bool):
        return ""
    return f"write P{node.text}D for days, PT{node.text}H for hours or PT{node.text}M for minutes"


_LASTS = f"^{_DURATION_PATTERN}$"
DURATION = Named("duration", Lasting("a duration", "bad-duration", Duration.usable, _LASTS, 40))
SOME_TIME = Named("some_time", Lasting("a duration", "bad-duration", some_time, _LASTS, 40))
BRIEF_TIME = Named("some_time", Lasting("a duration", "bad-duration", some_time, _LASTS, 40, brief=True))
"""How long an attempt or an appointment is: never a month."""
SCHEDULE = Named("schedule", Word("a schedule", "bad-schedule", Cron.parse, r"^\s*(\S+\s+){4}\S+\s*$", LONGEST_CRON))
FLAG = Flag()
COUNT = Number(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class Naming(Word):
    """The names of things of one kind. Those in ``reserved`` mean something else, which ``why`` says."""

    reserved: tuple[str, ...] = ()
    why: str = ""

    def read(self, node: Node, reading: Reading) -> Any:
        if isinstance(node, Scalar) and node.text in self.reserved:
            message = f"{node.text!r} cannot be {self.wanted}: {self.why}"
            raise reading.refuse(node.place, "reserved-name", message)
        return Word.read(self, node, reading)

    def schema(self, defs: Json) -> Json:
        return Word.schema(self, defs) | ({"not": {"enum": list(self.reserved)}} if self.reserved else {})


def name_key(what: str, reserved: tuple[str, ...] = (), why: str = "") -> Naming:
    """The keys of a mapping that names things of one kind (roles, states, fields)."""
    return Naming(what, "bad-name", _named, f"^{NAME_PATTERN}$", LONGEST_NAME, reserved, why)


PLACE_KEY = Word("a place in the data", "bad-name", _path, rf"^{NAME_PATTERN}(\.{NAME_PATTERN})*$")
FREE_KEY = Word("a name", "bad-name", str, "", LONGEST_TITLE)


@dataclass(frozen=True, slots=True)
class ExpressionShape:
    """A bare expression. A number, true, false or null stands for itself."""

    def read(self, node: Node, reading: Reading) -> Any:
        if not isinstance(node, Scalar):
            raise wrong(node, "an expression", reading, "put it in quotes if it begins with [ or {")
        if isinstance(node.value, bool) or node.value is None:
            source = "null" if node.value is None else str(node.value).lower()
        else:
            source = str(node.value)
        if not source.strip() or (node.value is None and not node.text):
            raise reading.refuse(node.place, "bad-expression", "the expression is empty")
        return reading.expression(source, node.place)

    def schema(self, defs: Json) -> Json:  # noqa: ARG002 - the protocol's signature
        return {"type": ["string", "number", "boolean", "null"], "maxLength": LONGEST, "minLength": 1}


EXPRESSION = Named("expression", ExpressionShape())


@dataclass(frozen=True, slots=True)
class TextShape:
    """A text with expressions in braces. With ``lone``, a text that is one pair of braces gives the expression."""

    lone: bool = False

    def read(self, node: Node, reading: Reading) -> Any:
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            advice = "put it in quotes" if isinstance(node, Scalar) else "a text that begins with { or [ needs quotes"
            raise wrong(node, "a text", reading, advice)
        if not node.value.strip():
            raise reading.refuse(node.place, "bad-text", "the text is empty")
        if len(node.value) > LONGEST_TEXT:
            message = f"the text has {len(node.value):,} characters; at most {LONGEST_TEXT:,} are allowed"
            raise reading.refuse(node.place, "too-long", message)
        text = reading.text(*reading.told(node.value, node.place, wanted=False))
        reading.note(node.value, wanted=_has_words(text))
        return text.parts[0] if self.lone and len(text.parts) == 1 and not isinstance(text.parts[0], str) else text

    def schema(self, defs: Json) -> Json:  # noqa: ARG002 - the protocol's signature
        return {"type": "string", "maxLength": LONGEST_TEXT, "pattern": r"\S"}


def _has_words(text: Text) -> bool:
    """Whether a text says something itself, in its letters or in the texts that its expressions give."""
    plain = (one for one in text.parts if isinstance(one, str))
    given = (said for one in text.expressions for said in given_texts(one.tree))
    return any(any(map(str.isalpha, one)) for one in (*plain, *given))


def given_texts(tree: Tree) -> Iterator[str]:
    """The texts that an expression itself gives, alone or as parts of what it gives."""
    if isinstance(tree, Condition):
        yield from given_texts(tree.then)
        yield from given_texts(tree.otherwise)
    elif isinstance(tree, Operation) and tree.sign == "+":
        for one in tree.operands:
            yield from given_texts(one)
    elif isinstance(tree, Literal) and isinstance(tree.value, str):
        yield tree.value


TEXT = Named("text", TextShape())
SHOWN = Named("shown", TextShape(lone=True))


def in_braces(text: str) -> str | None:
    """What stands between the braces of a text that is one pair of them."""
    stripped = text.strip()
    return stripped[1:-1] if len(stripped) > 2 and stripped[0] == "{" and stripped[-1] == "}" else None


@dataclass(frozen=True, slots=True)
class InBraces:
    """Either a word, or an expression in braces. With ``bare``, what is no name is an expression without braces too."""

    word: Named
    wanted: str
    bare: bool = False

    def read(self, node: Node, reading: Reading) -> Any:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            source = in_braces(node.value)
            if source is None and self.bare and not _is_name(node.value):
                source = node.value
            if source is None and not self.bare and "." in node.value and _is_member(node.value):
                raise wrong(node, self.wanted, reading, f"an expression here needs braces: '{{{node.value[:60]}}}'")
            return self.word.read(node, reading) if source is None else reading.expression(source, node.place)
        advice = "an expression here needs quotes around its braces: '{…}'"
        if isinstance(node, Scalar) and isinstance(node.value, int) and self.word is SOME_TIME:
            advice = _units(node)
        raise wrong(node, self.wanted, reading, advice)

    def schema(self, defs: Json) -> Json:
        pattern = r"[^a-z0-9_]" if self.bare else r"^\s*\{.+\}\s*$"
        return {"anyOf": [self.word.schema(defs), {"type": "string", "pattern": pattern}]}


NAME_OR_BARE = Named("name_or_bare", InBraces(NAME, "a name or an expression", bare=True))
NAME_OR_EXPRESSION = Named("name_or_expression", InBraces(NAME, "a name, or an expression in braces"))
