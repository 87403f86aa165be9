"""YAML 1.2 text to nodes with places. This is the one file that imports PyYAML.

Law of the file: any bytes give nodes or problems, in bounded time and memory (L12). So the text is bounded before it is
read, the parser's events are turned into nodes with a stack of our own (no recursion), and depth and number of nodes
are counted on the way. Scalars are resolved by the core schema of YAML 1.2: ``on``, ``off``, ``yes``, ``no`` are text.

A process needs none of tags, anchors, aliases and merge keys, and each of them makes a file mean something else than it
seems to say or grow without bound; so all are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

import yaml

from flowengine import exact
from flowengine.errors import NotConfigured
from flowengine.problem import Place, Problem

LARGEST = 2_000_000
"""Bytes a file may have."""
DEEPEST = 64
"""Levels of nesting a file may have."""
MOST_NODES = 120_000
"""Keys and values a file may have."""

Value: TypeAlias = str | int | Decimal | bool | None


@dataclass(slots=True)
class Scalar:
    """One value. ``value`` is resolved; ``text`` is what it says without quotes."""

    value: Value
    text: str
    place: Place


@dataclass(slots=True)
class Items:
    """A list."""

    place: Place
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Pairs:
    """A mapping in the order of the file. All keys are texts, and each is there once."""

    place: Place
    pairs: dict[str, tuple[Place, Node]] = field(default_factory=dict)


Node: TypeAlias = Scalar | Items | Pairs


class Unreadable(Exception):
    """The text gives no nodes; ``problems`` says why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = list(problems)


def decode(data: bytes | str, file: str) -> str:
    """The text of a file without its byte order mark. Raises :class:`Unreadable`: too large, not UTF-8, no text."""
    start = Place()
    try:
        raw = data.encode("utf-8") if isinstance(data, str) else data
    except UnicodeEncodeError as error:
        raise Unreadable(Problem(file, start, "not-utf8", f"is not Unicode text: {error.reason}")) from None
    if len(raw) > LARGEST:
        size = f"has more than {LARGEST:,} bytes"
        raise Unreadable(Problem(file, start, "too-large", size, "split it into processes that call one another"))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        message = f"byte {error.start} (0x{raw[error.start]:02x}) is not UTF-8: {error.reason}"
        raise Unreadable(Problem(file, _place_at(before), "not-utf8", message, "save the file as UTF-8")) from None
    text = text.removeprefix("\ufeff")
    if found := _CONTROL.search(text):
        message = f"the control character U+{ord(found[0]):04X} does not belong into a process file"
        raise Unreadable(Problem(file, _place_at(text[: found.start()]), "control-character", message))
    return text


def read(text: str, file: str) -> tuple[Node, list[Problem]]:
    """The nodes of a text from :func:`decode`, with the problems that leave it readable (duplicate keys, tags …).

    Raises :class:`Unreadable` when it is no YAML, empty, several documents, or beyond the limits; NotConfigured when
    PyYAML is installed without libyaml: its own parser, in Python, reads other files than these and is much slower.
    """
    if not yaml.__with_libyaml__:
        raise NotConfigured(
            "process files are read by libyaml, and the PyYAML that is installed here was built without it",
            where=str(yaml.__file__),
            possible=("pip install --force-reinstall --only-binary pyyaml pyyaml", "your system's python3-yaml"),
        )
    builder = _Builder(file)
    try:
        root = builder.build(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        if error.problem == _TOO_DEEP and error.problem_mark is not None:
            _Builder(file).build(yaml.parse(text[: error.problem_mark.index], Loader=yaml.CSafeLoader))
        raise Unreadable(*builder.problems, _syntax(error, text, file)) from None
    except (yaml.YAMLError, UnicodeError) as error:
        message = str(error).splitlines()[0][:200]
        raise Unreadable(*builder.problems, Problem(file, Place(), "yaml-syntax", message)) from None
    return root, builder.problems


_TOO_DEEP = "exceeded maximum nesting depth"
"""What the YAML library says of a thousand levels before it has told of the first (from 6.0.4 on). Read up to there,
the text meets our own bound, at its place."""

_SAID = {
    "mapping values are not allowed in this context": (
        "a ':' stands where none can be",
        "indent the line like those it belongs to, and put a text with ': ' in quotes",
    ),
    "did not find expected key": (
        "a key is expected here",
        "indent the line like those it belongs to, and put a text that begins with a special sign in quotes",
    ),
    "did not find expected ',' or '}'": (
        "a ',' or '}' is missing before this",
        "put a text with a special sign in quotes",
    ),
    "did not find expected ',' or ']'": (
        "a ',' or ']' is missing before this",
        "put a text with a special sign in quotes",
    ),
    "found unexpected end of stream": ("a quote is never closed", "close it, or put the text in the other quotes"),
}
"""What the YAML library says, in words for designers, with what to do."""
_QUOTES = "a text with a ': ', a ' #' or a leading '{', '[', '*', '&', '!', '%', '@', '`' needs quotes"


def _syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Place(mark.line + 1, mark.column + 1) if mark else Place()
    said = str(error.problem or error.context or "")
    lines = text.split("\n", place.line)
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    sign = line[place.column - 1 : place.column]
    message, hint = _SAID.get(said, (f"{said}, {error.context}" if error.context and said else said, _QUOTES))
    if sign == "\t":
        message, hint = "a tab stands here", "indent with spaces"
    elif said == "found character that cannot start any token":
        message = f"a text cannot begin with {sign!r}"
    elif "tag" in str(error.context):
        message = "a '!' at the beginning makes a tag"
    return Problem(file, place, "yaml-syntax", f"is not YAML: {message or 'it cannot be read'}", hint)


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = (
    dict.fromkeys(("", "~", "null", "Null", "NULL"))
    | dict.fromkeys(("true", "True", "TRUE"), True)
    | dict.fromkeys(("false", "False", "FALSE"), False)
)


def resolve(text: str) -> Value:
    """A plain scalar's value by YAML 1.2's core schema. Raises ``ValueError`` for numbers that JSON cannot hold."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INT.fullmatch(text):
        if len(text) > 24 or abs(number := int(text, 0 if text[:2] in ("0o", "0x") else 10)) >= 2**63:
            raise ValueError(f"the number {text[:24]} is too large")
        return number
    if _FLOAT.fullmatch(text):
        return exact.number(text)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a number that can be computed with")
    return text


_SCALAR, _MAPPING, _SEQUENCE = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


class _Builder:
    """Events to nodes, with a stack instead of recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._stack: list[Items | Pairs] = []
        self._keys: list[Scalar | None] = []
        """For each open mapping the key that waits for its value."""
        self._root: Node | None = None
        self._nodes = 0
        self._documents = 0

    def build(self, events: Iterator[Any]) -> Node:
        for event in events:
            self._take(event)
        root = self._root
        if root is None or (isinstance(root, Scalar) and root.value is None):
            hint = "begin with 'process: <name>', 'need: …' and 'states:'"
            raise self._stop(Place(), "empty-file", "the file is empty", hint)
        return root

    def _take(self, event: Any) -> None:
        kind = type(event)
        if kind is _SCALAR:
            self._add(self._scalar(event, self._open(event)))
        elif kind is _MAPPING:
            self._push(Pairs(self._open(event)))
        elif kind is _SEQUENCE:
            self._push(Items(self._open(event)))
        elif kind in _ENDS:
            self._stack.pop()
            self._keys.pop()
        elif kind is yaml.AliasEvent:
            place = self._place(event)
            self._note(
                place,
                "alias",
                "aliases (*name) are not allowed",
                "write the value out, and a text that begins with '*' in quotes",
            )
            self._add(Scalar(None, "", place))
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents > 1:
                message = "a file holds one process; here a second document begins"
                raise self._stop(self._place(event), "several-documents", message, "use one file for each process")

    def _open(self, event: Any) -> Place:
        """What all nodes have in common: place, count, and no tag or anchor."""
        mark = event.start_mark
        place = Place(mark.line + 1, mark.column + 1)
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise self._stop(place, "too-large", f"has more than {MOST_NODES:,} keys and values")
        if event.tag is not None:
            meant = event.tag.startswith("!") and "put a text or a condition that begins with '!' in quotes"
            self._note(place, "tag", f"tags ({event.tag[:40]}) are not allowed", meant or "leave it out")
        if event.anchor is not None:
            message = f"anchors (&{event.anchor[:40]}) are not allowed"
            self._note(place, "anchor", message, "write the value where it is used")
        return place

    def _scalar(self, event: Any, place: Place) -> Scalar:
        text: str = event.value
        if event.style:
            if event.style == '"' and (found := _CONTROL.search(text)):
                message = f"the control character U+{ord(found[0]):04X} does not belong into a process file"
                self._note(place, "control-character", message)
            return Scalar(text, text, place)
        try:
            return Scalar(resolve(text), text, place)
        except ValueError as error:
            self._note(place, "bad-number", str(error), "quote it if it is a text")
            return Scalar(0, text, place)

    def _push(self, node: Items | Pairs) -> None:
        if len(self._stack) >= DEEPEST:
            raise self._stop(node.place, "too-deep", f"nests deeper than {DEEPEST} levels")
        self._add(node)
        self._stack.append(node)
        self._keys.append(None)

    def _add(self, node: Node) -> None:
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1]
        if isinstance(parent, Items):
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = self._key(node)
        else:
            self._keys[-1] = None
            parent.pairs.setdefault(key.text, (key.place, node))

    def _key(self, node: Node) -> Scalar:
        parent = self._stack[-1]
        assert isinstance(parent, Pairs)
        if not isinstance(node, Scalar):
            self._note(node.place, "bad-key", "a key is a text, not a list or a mapping")
            return Scalar("", "", node.place)
        if not isinstance(node.value, str):
            message = f"the key {node.text[:40]!r} is not a text" if node.text else "a key is empty"
            self._note(node.place, "bad-key", message, "put it in quotes if it is meant so")
        elif node.text == "<<":
            self._note(node.place, "merge-key", "merge keys (<<) are not allowed", "write the keys out")
        elif node.text in parent.pairs:
            first = parent.pairs[node.text][0]
            message = f"the key {node.text[:60]!r} is there twice"
            self._note(node.place, "duplicate-key", message, f"the first one is in line {first.line}")
        return node

    def _place(self, event: Any) -> Place:
        return Place(event.start_mark.line + 1, event.start_mark.column + 1)

    def _note(self, place: Place, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.file, place, code, message, hint))
        if len(self.problems) >= 200:
            raise self._stop(place, "too-many-problems", "there are more problems than these; mend these first")

    def _stop(self, place: Place, code: str, message: str, hint: str = "") -> Unreadable:
        return Unreadable(*self.problems, Problem(self.file, place, code, message, hint))


def _place_at(before: str) -> Place:
    """The place right after a text."""
    return Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
