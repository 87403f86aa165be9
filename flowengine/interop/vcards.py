"""People as vCards (RFC 6350): 3.0 and 4.0 are read, 4.0 is written; ``icalendar`` takes lines apart and folds them.

A card becomes a row as those of :mod:`flowengine.interop.people_files`, with the line in which it begins. What is in it
and has no place here is told with its line, so that nothing is lost unseen.

Others take from here: ``read_cards`` with ``Card`` and ``LeftOut``, ``written_card``, and ``OF_CARDS``, by which files
are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from flowengine.clock import is_zone
from flowengine.distribution import __version__, installing
from flowengine.errors import NotConfigured
from flowengine.interop.people_files import LARGEST
from flowengine.people.contacts import OTHER, any_way
from flowengine.people.identities import PERSON_ID, made_id
from flowengine.speech.languages import LANGUAGES

if TYPE_CHECKING:
    from icalendar.parser import Contentline

OF_CARDS = (".vcf", ".vcard")
VERSIONS = ("3.0", "4.0")

LONGEST_LINE = 100_000
"""Characters of a line that is read, once it is unfolded."""

KEPT = {
    "ORG": "organisation", "TITLE": "title", "ROLE": "role", "BDAY": "birthday", "ADR": "address",
    "NICKNAME": "nickname", "NOTE": "note",
}  # fmt: skip
"""What the organisation keeps of a customer, each under the name that it has in his record."""

_WAYS = ("EMAIL", "TEL", "URL")
_OF_THE_FILE = frozenset(("BEGIN", "END", "VERSION", "PRODID", "REV", "UID", "FN", "N"))
"""What says how the card was made, and names, of which the whole one counts."""

_BYTES = frozenset(("PHOTO", "LOGO", "SOUND", "KEY"))
_NAME = re.compile(r"(?:[A-Za-z0-9-]+\.)?([A-Za-z0-9-]+)(?=[;:])")
_ENDS = re.compile(r"\r\n|\n|\r")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LAST = 101
"""Behind all that have a preference, which is 1 to 100."""


class LeftOut(NamedTuple):
    """What was in a card and has no place here: in which line, and why."""

    line: int
    what: str


class Card(NamedTuple):
    """One card: the line in which it begins, what it says of a person, or what is wrong with it; the contacts beyond
    the first, and what is left out."""

    line: int
    row: dict[str, Any]
    contacts: tuple[str, ...] = ()
    left: tuple[LeftOut, ...] = ()
    problem: str = ""


class _Line(NamedTuple):
    """A line of a card, unfolded: its number, its name in capitals, its parameters, its value as it stands there."""

    number: int
    name: str
    parameters: Mapping[str, Any]
    value: str


# reading


def read_cards(data: bytes) -> Iterator[Card]:
    """The cards of a file. Raises ValueError, with words, for what is no such file, and NotConfigured."""
    _expect_library()
    if len(data) > LARGEST:
        raise ValueError(f"the file has {len(data):,} bytes; {LARGEST:,} are possible: split it")
    yield from _cards(_unfolded(_text(data)))


def _text(data: bytes) -> str:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is not UTF-{16 if wide else 8}: save the file as UTF-8") from None


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers; one that begins with a blank goes on with the line before."""
    first, parts = 0, list[str]()
    for number, line in enumerate(_ENDS.split(text), 1):
        if line[:1] in (" ", "\t") and parts:
            parts.append(line[1:])
            continue
        if parts:
            yield first, "".join(parts)
        first, parts = number, [line] if line.strip() else []
    if parts:
        yield first, "".join(parts)


def _cards(lines: Iterable[tuple[int, str]]) -> Iterator[Card]:
    begun, inside = 0, list[tuple[int, str]]()
    for number, line in lines:
        mark = line.strip().upper()
        if mark == "BEGIN:VCARD":
            if begun:
                yield Card(begun, {}, problem=f"has no end before the next one begins, in line {number}")
            begun, inside = number, []
        elif not begun:
            yield Card(number, {}, problem=f"is no part of a card: {line[:60]!r}")
        elif mark == "END:VCARD":
            yield _card(begun, inside)
            begun = 0
        else:
            inside.append((number, line))
    if begun:
        yield Card(begun, {}, problem="has no end: END:VCARD is missing")


def _card(begun: int, lines: Sequence[tuple[int, str]]) -> Card:
    left: list[LeftOut] = []
    read = [one for one in (_read(number, line, left) for number, line in lines) if one is not None]
    version = _first(read, "VERSION")
    if version not in VERSIONS:
        said = f"is version {version[:20]}" if version else "says no version"
        return Card(begun, {}, left=tuple(left), problem=f"{said}; {' and '.join(VERSIONS)} are read")
    row: dict[str, Any] = {}
    name = _first(read, "FN") or " ".join(_parts_of_name(read)) or " ".join(_split(_raw(read, "ORG"), ";"))
    ways = list(dict.fromkeys(_ways(read, left)))
    if not name.strip():
        return Card(begun, {}, left=tuple(left), problem="has no name: FN is missing")
    uid = _first(read, "UID").removeprefix("urn:uuid:").strip()
    row["id"] = uid if PERSON_ID.fullmatch(uid) else _made(uid or f"{name}\n{ways[0] if ways else ''}")
    row["name"] = " ".join(name.split())
    if ways:
        row["contact"] = ways[0]
    row |= _more(read, left)
    left.sort()
    return Card(begun, row, tuple(ways[1:]), tuple(left))


def _read(number: int, line: str, left: list[LeftOut]) -> _Line | None:
    """A line, taken apart; None for one that is left out."""
    found = _NAME.match(line)
    name = found[1].upper() if found else ""
    if name in _BYTES:
        left.append(LeftOut(number, f"{name} ({len(line):,} characters): pictures, sounds and keys are not kept"))
        return None
    if len(line) > LONGEST_LINE:
        left.append(LeftOut(number, f"{name or repr(line[:20])}: {len(line):,} characters; {LONGEST_LINE:,} are read"))
        return None
    try:
        _, parameters, value = _contentline(line).raw_parts()
    except ValueError:
        left.append(LeftOut(number, f"is no line of a card: {line[:60]!r}"))
        return None
    given = {str(key).upper(): one for key, one in parameters.items()}
    encoding = str(given.get("ENCODING", "")).lower()
    if encoding:
        left.append(LeftOut(number, f"{name}: is encoded as {encoding[:20]}, which is not read"))
        return None
    charset = str(given.get("CHARSET", "utf-8")).lower()
    if charset not in ("utf-8", "utf8", "us-ascii") and not value.isascii():
        left.append(LeftOut(number, f"{name}: says that it is {charset[:20]}, and was read as the file is"))
    return _Line(number, name, given, value)


def _contentline(line: str) -> Contentline:
    from icalendar.parser import Contentline

    return Contentline(line)  # type: ignore[no-untyped-call]  # the library does not say its types here


def _expect_library() -> None:
    if find_spec("icalendar") is None:
        raise NotConfigured(
            "vCards need the library icalendar, which is not installed", possible=(installing("calendar"),)
        )


def _raw(lines: Sequence[_Line], name: str) -> str:
    return next((one.value for one in lines if one.name == name), "")


def _first(lines: Sequence[_Line], name: str) -> str:
    return _plain(_raw(lines, name)).strip()


def _plain(value: str) -> str:
    """A text without its escapes."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _parts(value: str, between: str) -> list[str]:
    """The parts of a value, without escapes."""
    found = re.findall(rf"((?:\\.|[^\\{between}]|\\$)*)(?:{between}|$)", value, re.DOTALL)
    return [_plain(one).strip() for one in found]


def _split(value: str, between: str) -> list[str]:
    """The parts of a value that say something."""
    return list(filter(None, _parts(value, between)))


def _parts_of_name(lines: Sequence[_Line]) -> list[str]:
    """The name that is told by its parts, which are family name, given name and further names."""
    family, given, *more = (*_parts(_raw(lines, "N"), ";"), "", "")
    return list(filter(None, (given, *more[:1], family)))


def _ways(lines: Sequence[_Line], left: list[LeftOut]) -> list[str]:
    """Contacts, mail before telephone numbers before pages, those that are preferred first."""
    found: list[tuple[int, int, str]] = []
    for one in lines:
        if one.name not in _WAYS:
            continue
        address = _plain(one.value).strip()
        for scheme in ("mailto:", "tel:"):
            if address.lower().startswith(scheme):
                address = address[len(scheme) :].partition(";")[0]
        if not address or any_way(address).kind == OTHER or len(address) > 500:
            left.append(
                LeftOut(one.number, f"{one.name}: {address[:60]!r} is no mail address, telephone number or URL")
            )
            continue
        found.append((_WAYS.index(one.name), _preference(one), address))
    return [address for _, _, address in sorted(found, key=lambda each: each[:2])]


def _preference(line: _Line) -> int:
    types = ",".join(map(str, _listed(line.parameters.get("TYPE", ())))).lower()
    told = str(line.parameters.get("PREF", ""))
    if told.isascii() and told.isdigit() and len(told) < 4:
        return int(told)
    return 1 if "pref" in types.split(",") else _LAST


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _more(lines: Sequence[_Line], left: list[LeftOut]) -> dict[str, Any]:
    """Groups, language, zone, and what goes into the record; what there is more than once is kept as one text."""
    groups: list[str] = []
    record: dict[str, str] = {}
    row: dict[str, Any] = {}
    for one in lines:
        value = _plain(one.value).strip()
        if one.name in _OF_THE_FILE or one.name in _WAYS or not value.strip(";"):
            continue
        if one.name == "CATEGORIES":
            groups += _split(one.value, ",")
        elif one.name in KEPT:
            told = ", ".join(_split(one.value, ";")) if one.name in ("ADR", "ORG") else value
            key = KEPT[one.name]
            record[key] = f"{record[key]}\n{told}" if key in record else told
        elif one.name == "LANG" and value.lower().partition("-")[0] in LANGUAGES and "language" not in row:
            row["language"] = value.lower().partition("-")[0]
        elif one.name == "TZ" and is_zone(value):
            row["zone"] = value
        elif not (one.name == "KIND" and value.lower() == "individual"):
            left.append(LeftOut(one.number, f"{one.name}: has no place here: {value[:60]!r}"))
    return row | ({"groups": list(dict.fromkeys(groups))} if groups else {}) | ({"record": record} if record else {})


def _made(text: str) -> str:
    """An id that the same card has each time."""
    return made_id(int.from_bytes(sha256(text.encode(errors="surrogatepass")).digest()[:8]))


# writing


def written_card(person: Mapping[str, Any], contacts: Iterable[str]) -> str:
    """A person, given as plain values, as a vCard 4.0."""
    _expect_library()
    record = person.get("record") or {}
    lines = ["BEGIN:VCARD", "VERSION:4.0", f"PRODID:-//flowengine//{__version__}//EN", f"UID:{_escaped(person['id'])}"]
    lines.append(f"FN:{_escaped(person.get('name') or person['id'])}")
    if person.get("organisation"):
        lines.append("KIND:org")
    for address in contacts:
        kind = any_way(address).kind
        lines += {
            "mail": [f"EMAIL:{_escaped(address)}"],
            "phone": [f"TEL;VALUE=text:{_escaped(address)}"],
            "url": [f"URL:{_one_line(address)}"],
        }.get(kind, [f"X-CONTACT:{_escaped(address)}"])
    if person.get("groups"):
        lines.append(f"CATEGORIES:{','.join(map(_escaped, person['groups']))}")
    if person.get("language"):
        lines.append(f"LANG:{_escaped(person['language'])}")
    if person.get("zone"):
        lines.append(f"TZ:{_escaped(person['zone'])}")
    for name, key in KEPT.items():
        if isinstance(record.get(key), str) and record[key]:
            lines.append(name + _WRITTEN.get(name, ":%s") % _escaped(record[key]))
    lines.append("END:VCARD")
    folded = (_contentline(line).to_ical() for line in lines)  # type: ignore[no-untyped-call]  # the same
    return "".join(f"{line.decode()}\r\n" for line in folded)


_WRITTEN = {"ADR": ":;;%s;;;;", "BDAY": ";VALUE=text:%s"}
"""How a text is written where it has parts, or is no text otherwise."""


def _escaped(text: str) -> str:
    plain = re.sub(r"([\\,;])", r"\\\1", text)
    return _ENDS.sub(r"\\n", plain)


def _one_line(text: str) -> str:
    return _ENDS.sub("", text)
