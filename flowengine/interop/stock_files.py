"""A stock as a file: CSV, as spreadsheets write it, with a row an option, or a JSON list of objects."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from flowengine import exact
from flowengine.errors import BadAnswer
from flowengine.speech.phrases import phrase

STOCK_COLUMNS = ("option", "on_hand", "on_order", "owed")
"""What a row may say; those behind the second may be left out."""

LARGEST_STOCK = 2_000_000
"""Bytes of a file."""

_SEPARATORS = (",", ";", "\t")
_MOST_TOLD = 50


def read_stock(data: bytes, *, as_json: bool = False) -> list[dict[str, Any]]:
    """The rows of a file, for :meth:`Engine.forecast`; those of CSV with their ``line``. Raises BadAnswer, which says
    by line what is wrong."""
    if len(data) > LARGEST_STOCK:
        what = phrase("the file has %(bytes)s bytes; %(most)s are possible", bytes=len(data), most=LARGEST_STOCK)
        raise BadAnswer({"": what})
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _wrong(line, phrase("is not UTF-8: save the file as UTF-8")) from None
    return _from_json(text) if as_json else _from_csv(text)


def _wrong(line: int, what: str) -> BadAnswer:
    return BadAnswer({f"line {line}": what}, possible=(",".join(STOCK_COLUMNS),))


def _from_json(text: str) -> list[dict[str, Any]]:
    try:
        found = exact.decoder(Any).decode(text)
    except (ValueError, RecursionError) as error:
        raise BadAnswer({"": phrase("is no JSON: %(error)s", error=str(error)[:120])}) from None
    if not isinstance(found, list):
        raise BadAnswer({"": phrase("is no list of rows")}, possible=('[{"option": "navy", "on_hand": 3}]',))
    return found


def _from_csv(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    problems: dict[str, str] = {}
    heads: list[str] | None = None
    for line, cells in _lines(text):
        if heads is None:
            heads = _heads(line, cells)
        elif len(cells) > len(heads):
            what = phrase(
                "has %(cells)s cells, and there are %(columns)s columns", cells=len(cells), columns=len(heads)
            )
            problems[f"line {line}"] = what
        else:
            try:
                said = dict(zip(heads, cells, strict=False))
                found.append({"line": line} | {name: _cell(name, cell) for name, cell in said.items() if cell})
            except ValueError as error:
                problems[f"line {line}"] = error.args[0]
        if len(problems) >= _MOST_TOLD:
            break
    if heads is None:
        raise _wrong(1, phrase("the file is empty; its first line names the columns"))
    if problems:
        raise BadAnswer(problems)
    return found


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that have anything in them, each with the line in which it begins."""
    first = text.lstrip("\r\n").partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(_SEPARATORS, key=first.count), strict=True)
    while True:
        line = rows.line_num + 1
        try:
            cells = [cell.strip() for cell in next(rows)]
        except StopIteration:
            return
        except csv.Error as error:
            raise _wrong(line, phrase("is no CSV: %(error)s", error=str(error))) from None
        if any(cells):
            yield line, cells


def _heads(line: int, cells: Sequence[str]) -> list[str]:
    heads = [cell.lower() for cell in cells]
    while heads and not heads[-1]:
        heads.pop()
    unknown = next((one for one in heads if one not in STOCK_COLUMNS), None)
    if unknown is not None:
        raise _wrong(line, phrase("there is no column %(name)s", name=repr(unknown[:60])))
    twice = next((one for one in heads if heads.count(one) > 1), None)
    if twice is not None:
        raise _wrong(line, phrase("the column %(name)s is there twice", name=repr(twice)))
    missing = next((one for one in STOCK_COLUMNS[:2] if one not in heads), None)
    if missing is not None:
        raise _wrong(line, phrase("there is no column %(name)s; the first line names the columns", name=repr(missing)))
    return heads


def _cell(name: str, cell: str) -> str | int:
    if name == "option":
        return cell.removeprefix("'")
    digits = cell.removeprefix("-").removeprefix("+")
    if digits.isascii() and digits.isdigit() and len(digits) <= 18:
        return int(cell)
    raise ValueError(phrase("%(name)s: %(value)s is no whole number", name=name, value=repr(cell[:60])))
