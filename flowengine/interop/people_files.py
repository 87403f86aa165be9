"""People as files: CSV, as spreadsheets write it, and JSON lines; read row by row, each with its line.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it, and read without.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flowengine import exact
from flowengine.interop.csv_text import FORMULA, csv_text

COLUMNS = ("id", "name", "contact", "groups", "zone", "language", "record")
"""What a row may say; ``record.KEY`` is one thing of the record, as a text."""

LARGEST = 64_000_000
"""Bytes of a file."""

_SEPARATORS = (",", ";", "\t")
_GROUPS = ";"


class FileRow(NamedTuple):
    """One row of a file: the line in which it begins, what it says of a person, or else what is wrong with it."""

    line: int
    row: dict[str, Any]
    problem: str = ""


def read_people(data: bytes, *, lines_of_json: bool) -> Iterator[FileRow]:
    """The rows of a file. Raises ValueError, with words, for what is no such file."""
    if len(data) > LARGEST:
        raise ValueError(f"the file has {len(data):,} bytes; {LARGEST:,} are possible: split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is not UTF-8: save the file as UTF-8") from None
    yield from _from_json(text) if lines_of_json else _from_csv(text)


def _from_json(text: str) -> Iterator[FileRow]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = exact.decoder(Any).decode(line)
        except (ValueError, RecursionError) as error:
            yield FileRow(number, {}, f"is no JSON: {str(error)[:120]}")
            continue
        yield FileRow(number, found) if isinstance(found, dict) else FileRow(number, {}, "is no JSON object")


def _from_csv(text: str) -> Iterator[FileRow]:
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    heads: list[str] | None = None
    while True:
        line = rows.line_num + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield FileRow(line, {}, f"is no CSV: {error}")
            return  # where a quotation is not closed, nobody knows where the next row begins
        if not any(cell.strip() for cell in cells):
            continue
        if heads is None:
            heads = _heads(cells)
            continue
        yield _row(line, heads, cells)


def _heads(cells: Sequence[str]) -> list[str]:
    heads = [cell.strip() for cell in cells]
    possible = f"{', '.join(COLUMNS)}, record.KEY"
    unknown = next((one for one in heads if one not in COLUMNS and not re.fullmatch(r"record\..+", one)), None)
    if unknown is not None:
        raise ValueError(f"there is no column {unknown[:60]!r}; possible: {possible}")
    twice = next((one for one in heads if heads.count(one) > 1), None)
    if twice is not None:
        raise ValueError(f"the column {twice[:60]!r} is there twice")
    if "id" not in heads:
        raise ValueError(f"there is no column 'id'; the first line names the columns: {possible}")
    return heads


def _row(line: int, heads: Sequence[str], cells: Sequence[str]) -> FileRow:
    if len(cells) > len(heads):
        return FileRow(line, {}, f"has {len(cells)} cells, and there are {len(heads)} columns")
    said: dict[str, Any] = {}
    record: dict[str, Any] = {}
    for head, cell in zip(heads, map(_bare, cells), strict=False):
        if not cell.strip():
            continue
        if head in ("groups", "record") and cell.lstrip()[0] in "[{":
            try:
                value = exact.decoder(Any).decode(cell)
            except (ValueError, RecursionError) as error:
                return FileRow(line, {}, f"{head}: is no JSON: {str(error)[:120]}")
            if head == "record" and isinstance(value, dict):
                record = value | record
            else:
                said[head] = value
        elif head == "groups":
            said["groups"] = [one.strip() for one in cell.split(_GROUPS) if one.strip()]
        elif head.startswith("record."):
            record[head.removeprefix("record.")] = cell
        else:
            said[head] = cell
    return FileRow(line, said | ({"record": record} if record else {}))


def _bare(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def written_people(people: Iterable[Mapping[str, Any]], *, head: bool) -> str:
    """People as CSV, each of them given as plain values; with the ``head``, or as further lines."""
    return csv_text((*([COLUMNS] if head else []), *map(_cells, people)))


def _cells(person: Mapping[str, Any]) -> tuple[str, ...]:
    groups = list(person.get("groups", ()))
    plain = all(_GROUPS not in one and one.strip() == one and one[:1] not in "[{" for one in groups)
    listed = _GROUPS.join(groups) if plain else json.dumps(groups)
    record = exact.ascii_text(person["record"]) if person.get("record") else ""
    cells = {name: person.get(name) or "" for name in COLUMNS} | {"groups": listed, "record": record}
    return tuple(cells.values())
