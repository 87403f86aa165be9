"""The page on expressions: its examples have the values that stand beside them, and no function is left out."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flowengine.language.calendars import Calendar
from flowengine.language.durations import Duration
from flowengine.language.expressions import Expression, PlainNames
from flowengine.language.mentions import JOB_FUNCTIONS, VALUE_FUNCTIONS

PAGES = Path(__file__).parents[2] / "docs"
TEXT = (PAGES / "expressions.md").read_text(encoding="utf-8")
EXAMPLES = [
    re.split(r"\s+-> ", line)
    for block in re.findall(r"^```expressions\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]


def _names() -> PlainNames:
    found = re.search(r"^```json names\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    assert found is not None
    names: dict[str, Any] = json.loads(found[1], parse_float=Decimal)
    names["now"] = datetime.fromisoformat(names["now"]).astimezone(UTC)
    office = dict.fromkeys(range(5), ((time(9), time(17)),))
    shop = Calendar(name="shop", hours=office, every=Duration(rest=timedelta(minutes=30)))
    return PlainNames(names, calendars={"shop": shop})


@pytest.mark.parametrize(("source", "written"), EXAMPLES)
def test_an_example_has_the_value_that_stands_beside_it(source: str, written: str) -> None:
    """Each line of the examples is true."""
    value, expected = Expression(source).value(_names()), json.loads(written, parse_float=Decimal)
    assert value == expected
    assert isinstance(value, bool) is isinstance(expected, bool)


def test_every_function_has_its_place() -> None:
    """Each function is on the page, those on the job's past in the reference of the language."""
    reference = (PAGES / "process-language.md").read_text(encoding="utf-8")
    assert len(EXAMPLES) > 40
    assert [name for name in sorted(VALUE_FUNCTIONS - {"type", "dyn"}) if f"{name}(" not in TEXT] == []
    assert [name for name in sorted(JOB_FUNCTIONS) if f"{name}(" not in reference] == []
