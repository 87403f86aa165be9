"""Values are written so that they come back the same."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowengine.errors import BadAnswer
from flowengine.store import new_id, short, shown
from flowengine.store.codec import decode, encode, micros, moment, plain, text


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # hypothesis adds the zone
def test_a_moment_comes_back_to_the_microsecond(when: datetime) -> None:
    """Any moment, also one before the epoch, survives being written as microseconds."""
    assert moment(micros(when)) == when
    assert micros(when + timedelta(microseconds=1)) == micros(when) + 1


@given(st.dictionaries(st.text(), st.text() | st.none() | st.booleans() | st.integers(-(2**53), 2**53)))
def test_json_comes_back(value: dict[str, object]) -> None:
    """Any plain values survive being written as JSON, without a NUL in the text."""
    assert decode(text(value), dict) == value
    assert "\0" not in text(value)


def test_half_a_character_is_refused() -> None:
    """A lone surrogate, which no encoding can hold, is refused with a typed error."""
    with pytest.raises(BadAnswer, match="surrogate"):
        encode({"name": "x\ud800y"})


def test_a_plain_text_has_no_nul() -> None:
    """A text for a plain column shows a mark where a NUL was."""
    assert plain("a\0b") == "a\N{REPLACEMENT CHARACTER}b"
    assert plain("ab") == "ab"


def test_ids_are_fresh_and_sort_by_time() -> None:
    """Many ids made at once are different, sorted, and different in their short forms too."""
    ids = [new_id() for _ in range(2000)]
    assert ids == sorted(set(ids))
    assert len({short(job) for job in ids}) == 2000
    assert (len(ids[0]), len(short(ids[0])), len(shown(ids[0]))) == (36, 12, 8)
    assert short(ids[0]).startswith(shown(ids[0]))


AT_ONCE = """
import sys, threading
import msgspec
from flowengine.store.codec import decode
sys.setswitchinterval(1e-6)
for number in range(150):
    names = [f"field_{n}" for n in range(12)]
    inner = msgspec.defstruct("Inner", [(name, list[int] | None, None) for name in names])
    outer = msgspec.defstruct("Outer", [(name, inner | None, None) for name in names])
    ready = threading.Barrier(4)
    def read(kind, words):
        ready.wait()
        assert decode(words, kind).field_11
    each = [(inner, '{"field_11": [1]}'), (outer, '{"field_11": {"field_11": [1]}}')]
    threads = [threading.Thread(target=read, args=one) for one in each * 2]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
"""


def test_threads_may_read_the_first_rows_at_once() -> None:
    """A fresh process whose threads all read their first values at the same moment lives."""
    done = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
