"""People as CSV and JSON lines: what spreadsheets write, what is hostile, and that nothing is lost on the way."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowengine.interop.csv_text import harmless_cell
from flowengine.interop.people_files import FileRow, read_people, written_people

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def read(text: str | bytes, *, json: bool = False) -> list[FileRow]:
    """The rows of a text."""
    return list(read_people(text if isinstance(text, bytes) else text.encode(), lines_of_json=json))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_spreadsheets_write_is_read(separator: str) -> None:
    """With a mark of the encoding, whichever separator, quotations over several lines, and lines without anything."""
    out = io.StringIO(newline="")
    rows = csv.writer(out, delimiter=separator)
    rows.writerow(["id", "name", "groups", "record.size", "record"])
    rows.writerow(["ada", f"Ada{separator} or", "vip; old", "40", '{"a": [1.5]}'])
    rows.writerow([""] * 5)
    rows.writerow(["ben", "B\r\nen"])
    first, second = read("\ufeff" + out.getvalue())
    assert (first.line, first.row["name"], first.row["groups"]) == (2, f"Ada{separator} or", ["vip", "old"])
    assert first.row["record"] == {"size": "40", "a": [Decimal("1.5")]}
    assert (second.line, second.row) == (4, {"id": "ben", "name": "B\r\nen"})


def test_json_lines_are_read() -> None:
    """An object a line; what is none is told with its line, and the others are read all the same."""
    rows = read('{"id": "ada", "record": {"n": 1.50}}\n\n[1]\n{"id": \n{"id": "ben"}\n', json=True)
    assert [(one.line, one.row.get("id"), bool(one.problem)) for one in rows] == [
        (1, "ada", False),
        (3, None, True),
        (4, None, True),
        (5, "ben", False),
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"id,colour\nada,red\n", "there is no column 'colour'; possible: id, name"),
        (b"name\nada\n", "there is no column 'id'"),
        (b"id,id\nada,ada\n", "the column 'id' is there twice"),
        (b"id\nada\n\xff\n", "line 3 is not UTF-8"),
        (b"x" * 64_000_001, "64,000,001 bytes"),
    ],
)
def test_what_is_no_such_file_is_refused(data: bytes, words: str) -> None:
    """In words that say what is wrong, and what is possible."""
    with pytest.raises(ValueError, match=words):
        read(data)


def test_a_row_that_is_none_is_told_with_its_line() -> None:
    """Too many cells, JSON that is none, a quotation that is not closed."""
    rows = read('id,record\nada,{"a":\nben,1,2\ncid,\n"dan')
    assert [(one.line, one.problem.partition(":")[0]) for one in rows] == [
        (2, "record"),
        (3, "has 3 cells, and there are 2 columns"),
        (4, ""),
        (5, "is no CSV"),
    ]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(sign: str) -> None:
    """What a spreadsheet would compute has an apostrophe before it, and is read without."""
    hostile = f"{sign}cmd|' /C calc'!A0"
    text = written_people([{"id": "ada", "name": hostile, "groups": [hostile]}], head=True)
    cells = list(csv.reader(io.StringIO(text, newline="")))[1]
    assert not any(cell.startswith(sign) for cell in cells)
    (row,) = read(text)
    assert row.row["name"] == hostile
    assert harmless_cell(f"'{sign}") == f"''{sign}"
    assert harmless_cell("'tis") == "'tis"


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "id": st.text("abc=+-@'", min_size=1, max_size=6),
                "name": WORDS,
                "contact": WORDS,
                "groups": st.lists(WORDS.filter(str.strip), max_size=3),
                "zone": st.sampled_from(["", "Europe/London"]),
                "record": st.dictionaries(WORDS, WORDS | st.integers(-5, 5) | st.none(), max_size=2),
            }
        ),
        max_size=4,
    )
)
def test_what_is_written_is_read_back(people: list[dict[str, Any]]) -> None:
    """Whatever people are called, a file that was exported says the same when it is imported."""
    rows = read(written_people(people, head=True))
    there = [
        {name: value for name, value in one.items() if value and (not isinstance(value, str) or value.strip())}
        for one in people
    ]
    assert [one.row for one in rows] == there
