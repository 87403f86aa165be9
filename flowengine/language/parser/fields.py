"""Fields: what a person is asked, as JSON Schema with a title, a unit and two words of our own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

import jsonschema_rs

from flowengine.language.expressions import Expression, is_date, is_time
from flowengine.language.parser.patterns import pattern_cost
from flowengine.language.parser.records import Key, Values, record
from flowengine.language.parser.scalars import (
    EXPRESSION,
    FREE_KEY,
    NAME,
    TITLE,
    ForPeople,
    in_braces,
    name_key,
    told_title,
)
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Either, Flag, ListOf, MapOf, Named, Number, OneOf, Plain, Word, wrong
from flowengine.language.parts import FILE_KINDS, Audience, Field
from flowengine.language.yaml_reader import Node, Pairs, Scalar
from flowengine.problem import Place
from flowengine.speech.money import CURRENCIES

TYPES = ("string", "number", "integer", "boolean", "array", "object")
PERSON, FILE = "person", "file"
_OWN_TYPES = (*TYPES, PERSON, FILE)
FORMATS = (
    "date", "date-time", "time", "duration", "email", "idn-email", "uri", "uri-reference", "iri", "uuid", "hostname",
    "ipv4", "ipv6", "regex", "json-pointer",
)  # fmt: skip
_OURS = frozenset({"title", "unit", "optional", "show", "earliest", "latest", "role", "group", "kinds"})
MONEY = "money"
MOST_FILES = 20
"""Files of one field that may be given, unless it says ``maxItems`` itself."""

_LENGTH = Number(0, 1_000_000)
_BOUND = Number(-1e15, 1e15, fraction=True)


class _Pattern:
    """A regular expression: compiling it costs time, and it is counted."""

    word = Word("a regular expression", "bad-field", str, "", 500)

    def read(self, node: Node, reading: Reading) -> str:
        pattern: str = self.word.read(node, reading)
        reading.spend(pattern_cost(pattern), node.place)
        return pattern

    def schema(self, defs: dict[str, Any]) -> dict[str, Any]:
        return self.word.schema(defs)


_WORDS = Word("a text", "bad-text", str, "", 2_000)
_DESCRIPTION = ForPeople("a text", "bad-text", str, "", 2_000)
_UNIT = ForPeople("a text", "bad-title", str, "", 40, known=True)


class _Required:
    """Names of members; a field itself is required unless it is optional."""

    names = ListOf(_WORDS)

    def read(self, node: Node, reading: Reading) -> tuple[str, ...]:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            advice = "leave it out" if node.value else "write optional: true"
            raise wrong(node, "a list of an object's members", reading, f"a field is required anyway; {advice}")
        return self.names.read(node, reading)

    def schema(self, defs: dict[str, Any]) -> dict[str, Any]:
        return self.names.schema(defs)


class _Limit:
    """A day or a moment as it is written in ISO 8601, or an expression that gives one."""

    def read(self, node: Node, reading: Reading) -> Expression:
        text = node.value if isinstance(node, Scalar) else None
        if isinstance(node, Scalar) and isinstance(text, str):
            text = f'"{text}"' if is_date(text) or is_time(text) else in_braces(text) or text
            node = Scalar(text, node.text, node.place)
        found: Expression = EXPRESSION.read(node, reading)
        return found

    def schema(self, defs: dict[str, Any]) -> dict[str, Any]:
        return EXPRESSION.schema(defs)


SUBSCHEMA = Named("subschema")


def _format(words: tuple[str, ...]) -> Key:
    return Key("format", OneOf(words), "What the text must be: a date, an address …; or that a number is money.")


_SCHEMA_KEYS = (
    Key("description", _DESCRIPTION, "More about it, for the person who fills it in."),
    Key("examples", ListOf(Plain()), "Examples of values."),
    Key("enum", ListOf(Plain()), "The values that are possible."),
    Key("const", Plain(), "The only value that is possible."),
    Key("minimum", _BOUND, "The smallest number."),
    Key("maximum", _BOUND, "The largest number."),
    Key("exclusiveMinimum", _BOUND, "The number must be above this."),
    Key("exclusiveMaximum", _BOUND, "The number must be below this."),
    Key("multipleOf", Number(1e-9, 1e15, fraction=True), "The number must be a multiple of this."),
    Key("minLength", _LENGTH, "The fewest characters."),
    Key("maxLength", _LENGTH, "The most characters."),
    Key("pattern", _Pattern(), "A regular expression that must be found in the text."),
    Key("items", SUBSCHEMA, "The schema of each entry of a list."),
    Key("minItems", _LENGTH, "The fewest entries."),
    Key("maxItems", _LENGTH, "The most entries."),
    Key("uniqueItems", Flag(), "Whether all entries must differ."),
    Key("properties", MapOf(FREE_KEY, SUBSCHEMA), "The schemas of an object's members."),
    Key("required", _Required(), "The members an object must have."),
    Key("additionalProperties", SUBSCHEMA, "The schema of further members, or false."),
    Key("minProperties", _LENGTH, "The fewest members."),
    Key("maxProperties", _LENGTH, "The most members."),
    Key("anyOf", ListOf(SUBSCHEMA), "One or more of these must hold."),
    Key("oneOf", ListOf(SUBSCHEMA), "Exactly one of these must hold."),
    Key("allOf", ListOf(SUBSCHEMA), "All of these must hold."),
    Key("not", SUBSCHEMA, "This must not hold."),
)


def _plain(value: Any) -> Any:
    """Lists for tuples: JSON as it was written."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value


def _subschema(values: Values, reading: Reading) -> dict[str, Any]:  # noqa: ARG001 - the signature of builders
    return dict(values)


_WHO = (
    Key("role", NAME, "Of a person: the role that he has."),
    Key("group", NAME, "Of a person: the group of customers that he belongs to."),
)
_BESIDE_PERSON = frozenset({"type", "title", "description", "optional", "show", "role", "group"})


def _person(values: Values, reading: Reading) -> Audience:
    """Whom a field of type person means."""
    strange = next((key for key in values.places if key not in _BESIDE_PERSON), None)
    if strange is not None:
        message = f"a person has no {strange!r}: it is the exact id of somebody"
        raise reading.refuse(values.places[strange], "bad-field", message, "say whose: role, or group")
    named = [key for key in ("role", "group") if key in values]
    if len(named) != 1:
        message = "a person is of one role, or of one group" if named else "a person of which role, or group?"
        place = values.places.get("group", values.place)
        raise reading.refuse(place, "too-many-keys" if named else "missing-key", message, "write role, or group")
    kind: Literal["role", "group"] = "role" if named == ["role"] else "group"
    return Audience(kind=kind, name=values[kind], place=values.places[kind])


_KINDS_OF_FILES = ListOf(OneOf(FILE_KINDS), one=True)
_KINDS = Key("kinds", _KINDS_OF_FILES, "Of a file: which kinds are taken; else all are.")
_BESIDE_FILE = frozenset({"type", "title", "description", "optional", "show", "kinds"})
_FILE_SCHEMA = {"type": "string", "format": FILE}


@dataclass(frozen=True, slots=True)
class _Files:
    """Which kinds of files each entry of a list may be."""

    kinds: tuple[str, ...]


def _file(values: Values, reading: Reading) -> tuple[str, ...]:
    """Which kinds of files a field takes."""
    strange = next((key for key in values.places if key not in _BESIDE_FILE), None)
    if strange is not None:
        message = f"a file has no {strange!r}: its answer is the id of what was uploaded"
        raise reading.refuse(values.places[strange], "bad-field", message, "say which kinds, or nothing")
    return tuple(values.get("kinds", FILE_KINDS)) or FILE_KINDS


def _files(values: Values, reading: Reading) -> _Files:
    return _Files(_file(values, reading))


class _Items:
    """The schema of each entry, or persons, or files."""

    def read(self, node: Node, reading: Reading) -> Any:
        kind = node.pairs.get("type") if isinstance(node, Pairs) else None
        named = None if kind is None else getattr(kind[1], "value", None)
        shape = {PERSON: _PERSONS, FILE: _FILES}.get(named, SUBSCHEMA) if isinstance(named, str) else SUBSCHEMA
        return shape.read(node, reading)

    def schema(self, defs: dict[str, Any]) -> dict[str, Any]:
        def is_of(name: str) -> dict[str, Any]:
            return {"properties": {"type": {"const": name}}, "required": ["type"], "type": "object"}

        others = {"if": is_of(FILE), "then": _FILES.schema(defs), "else": SUBSCHEMA.schema(defs)}
        return {"if": is_of(PERSON), "then": _PERSONS.schema(defs), "else": others}


def _field(values: Values, reading: Reading) -> Values:
    if values["type"] == PERSON:
        values["person"], values["type"], values["schema"] = _person(values, reading), "string", {"type": "string"}
        return values
    if values["type"] == FILE:
        values["file"], values["type"], values["schema"] = _file(values, reading), "string", dict(_FILE_SCHEMA)
        return values
    for key, whose in (("role", PERSON), ("group", PERSON), ("kinds", FILE)):
        if key in values:
            raise reading.refuse(values.places[key], "bad-field", f"{key} is for {whose}s", f"write type: {whose}")
    if isinstance(items := values.get("items"), Audience | _Files):
        if values["type"] != "array":
            raise reading.refuse(values.places["items"], "bad-field", "items are those of a list", "write type: array")
        values["uniqueItems"] = True
        if isinstance(items, Audience):
            values["person"], values["items"] = items, {"type": "string"}
        else:
            values["file"], values["items"] = items.kinds, dict(_FILE_SCHEMA)
            values.setdefault("maxItems", MOST_FILES)
    schema = {key: _plain(value) for key, value in values.items() if key not in (*_OURS, "person", "file")}
    if schema.get("format") == MONEY:
        _as_money(schema, values, reading)
    for key in ("earliest", "latest"):
        if key in values and schema.get("format") not in ("date", "date-time"):
            hint = "write format: date, or date-time"
            raise reading.refuse(values.places[key], "bad-field", f"{key} is for days and moments", hint)
    for low, high in (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")):
        if low in schema and high in schema and schema[low] > schema[high]:
            raise reading.refuse(values.places[high], "bad-field", f"{high} is below {low}: no value is possible")
    if not schema.keys() <= {"type", "minimum", "maximum", "minLength", "maxLength"}:
        _compiles(schema, values, reading)
    values["schema"], values["titles"] = schema, _titles(schema, values.place, reading)
    return values


def _titles(schema: dict[str, Any], place: Place, reading: Reading) -> dict[Any, str]:
    """The values that a field lists, as they are called in the language that the file is read in, where that is another
    than its own: in its own they are called what they are."""
    listed = schema.get("items", {}) if schema["type"] == "array" else schema
    values = listed.get("enum", ()) if isinstance(listed, dict) else ()
    told = {one: reading.told(one, place)[0] for one in values if isinstance(one, str)}
    return told if reading.language else {}


def _as_money(schema: dict[str, Any], values: Values, reading: Reading) -> None:
    """An amount of the process's currency has no more digits behind the point than that, unless it says so itself."""
    del schema["format"]
    if schema["type"] not in ("number", "integer"):
        raise reading.refuse(values.places["format"], "bad-field", "money is a number", "write type: number")
    if not reading.currency:
        hint = "write 'currency: GBP' in the process"
        raise reading.refuse(values.places["format"], "bad-currency", "money needs to know the currency", hint)
    values["currency"] = reading.currency
    if schema["type"] == "number":
        schema.setdefault("multipleOf", Decimal(1).scaleb(-CURRENCIES[reading.currency]))


def _compiles(schema: dict[str, Any], values: Values, reading: Reading) -> None:
    try:
        jsonschema_rs.Draft202012Validator(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        place = values.places.get("pattern", values.place)
        message = f"this is not JSON Schema: {str(error).splitlines()[0][:200]}"
        raise reading.refuse(place, "bad-field", message) from None


_TYPE = Key("type", OneOf(TYPES), "What kind of value it is.")
_TITLE = Key("title", TITLE, "What the person reads.")
SUBSCHEMA.shape = Either(
    "a schema, true or false",
    Flag(),
    None,
    record("a schema", _TYPE, _TITLE, _format(FORMATS), *_SCHEMA_KEYS, build=_subschema),
)
_PERSONS = record("persons", Key("type", OneOf((PERSON,)), "A person.", True), *_WHO, build=_person)
_FILES = record("files", Key("type", OneOf((FILE,)), "A file.", True), _KINDS, build=_files)
_FIELD = record(
    "a field",
    Key("type", OneOf(_OWN_TYPES), _TYPE.description, required=True),
    Key("title", TITLE, "What the person reads; the name with spaces, unless given."),
    Key("unit", _UNIT, "The unit, shown beside the value, for example cm."),
    Key("optional", Flag(), "Whether it may be left out."),
    Key("show", Flag(), "Whether the customer may see it, although it comes from a step that is not his."),
    _format((*FORMATS, MONEY)),
    Key("earliest", _Limit(), "The first day or moment that may be answered: a date, a time, or an expression."),
    Key("latest", _Limit(), "The last day or moment that may be answered: a date, a time, or an expression."),
    *_WHO,
    _KINDS,
    *(replace(key, shape=_Items()) if key.name == "items" else key for key in _SCHEMA_KEYS),
    build=_field,
)


def named(name: str, place: Place, values: Values, reading: Reading) -> Field:
    return Field(
        name=name,
        type=values["type"],
        title=values["title"] if "title" in values else told_title(name, place, reading),
        optional=values.get("optional", False),
        show=values.get("show", False),
        unit=values.get("unit", ""),
        titles=values.get("titles", {}),
        currency=values.get("currency", ""),
        earliest=values.get("earliest"),
        latest=values.get("latest"),
        person=values.get("person"),
        file=values.get("file", ()),
        schema=values["schema"],
        place=place,
    )


class _FieldShape:
    """A field; its type alone is not enough, for it is read by people too."""

    def read(self, node: Node, reading: Reading) -> Any:
        if isinstance(node, Scalar) and node.text in _OWN_TYPES:
            of = ", role: …" if node.text == PERSON else ""
            raise wrong(node, "a mapping (a field)", reading, f"write {{type: {node.text}{of}}}")
        return _FIELD.read(node, reading)

    def schema(self, defs: dict[str, Any]) -> dict[str, Any]:
        return _FIELD.schema(defs)


FIELD = Named("field", _FieldShape())
_FIELDS = MapOf(name_key("a field's name"), FIELD, named, example="{name: {type: string}}")


class _FieldsShape:
    def read(self, node: Node, reading: Reading) -> tuple[Field, ...]:
        return tuple(_FIELDS.read(node, reading).values())

    def schema(self, defs: dict[str, Any]) -> dict[str, Any]:
        return _FIELDS.schema(defs)


FIELDS = Named("fields", _FieldsShape())
