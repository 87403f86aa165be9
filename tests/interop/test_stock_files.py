"""A stock as a file: what it may say, and what is wrong with it, by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowengine.errors import BadAnswer
from flowengine.interop.stock_files import LARGEST_STOCK, read_stock


def test_a_spreadsheet_is_read() -> None:
    """Columns in any order, comma or semicolon, a mark at the beginning, empty cells and lines."""
    data = "\ufeffOn_Hand;option;owed\r\n3;navy;\r\n\r\n 0 ; 'grey ;2\r\n".encode()
    assert read_stock(data) == [
        {"line": 2, "on_hand": 3, "option": "navy"},
        {"line": 4, "on_hand": 0, "option": "grey", "owed": 2},
    ]


def test_json_is_read() -> None:
    """A list of objects, as it stands; who looks at the rows is the engine."""
    assert read_stock(b'[{"option": "navy", "on_hand": 3}, 5]', as_json=True) == [{"option": "navy", "on_hand": 3}, 5]


@pytest.mark.parametrize(
    ("data", "where", "words"),
    [
        (b"", "line 1", "the file is empty"),
        (b"\n\n", "line 1", "the file is empty"),
        (b"option,stock\nnavy,3\n", "line 1", "there is no column 'stock'"),
        (b"option,on_hand,option\nnavy,3,x\n", "line 1", "is there twice"),
        (b"option\nnavy\n", "line 1", "there is no column 'on_hand'"),
        (b"on_hand\n3\n", "line 1", "there is no column 'option'"),
        (b"\xff\xfe", "line 1", "is not UTF-8"),
        (b"option,on_hand\nnavy,3\ngrey,\xe9\n", "line 3", "is not UTF-8"),
        (b'option,on_hand\n"navy,3\n', "line 2", "is no CSV"),
        (b"option,on_hand\nnavy,3,4\n", "line 2", "has 3 cells, and there are 2 columns"),
        (b"option,on_hand\nnavy,three\n", "line 2", "on_hand: 'three' is no whole number"),
        (b"option,on_hand\nnavy,1.5\ngrey,NaN\n", "line 3", "'NaN' is no whole number"),
        (b"option,on_hand\nnavy,1e9\n", "line 2", "is no whole number"),
        (b"option,on_hand\nnavy," + b"9" * 5000 + b"\n", "line 2", "is no whole number"),
        ("option,on_hand\nnavy,٣\n".encode(), "line 2", "is no whole number"),
    ],
)
def test_what_is_wrong_is_told_by_its_line(data: bytes, where: str, words: str) -> None:
    """A broken file is refused with the line and what was expected there."""
    with pytest.raises(BadAnswer) as refused:
        read_stock(data)
    assert words in refused.value.problems[where]


@pytest.mark.parametrize("data", [b"{", b"{}", b"3", b"[" * 100_000, b"[NaN]"])
def test_json_that_is_no_list_is_refused(data: bytes) -> None:
    """As what it is."""
    with pytest.raises(BadAnswer):
        read_stock(data, as_json=True)


def test_a_file_that_is_too_large_is_refused() -> None:
    """Before anything of it is read."""
    with pytest.raises(BadAnswer, match="bytes"):
        read_stock(b"x" * (LARGEST_STOCK + 1))


@given(st.binary(max_size=200), st.booleans())
def test_whatever_is_sent_is_read_or_refused(data: bytes, as_json: bool) -> None:
    """Nothing else comes of it."""
    try:
        found = read_stock(data, as_json=as_json)
    except BadAnswer:
        return
    assert isinstance(found, list)
