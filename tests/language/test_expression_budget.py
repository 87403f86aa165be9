"""L12: whatever an expression works through, it ends within 2 seconds and 256 MB, with a value or a typed error."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import pytest
from bounds import KILOBYTES, PEAK, in_time

from flowengine.errors import ExpressionFailed
from flowengine.language.expressions import Expression, PlainNames

LONG = list(range(20_000))
DATA: dict[str, Any] = {
    "l": LONG,
    "k": list(range(1_000)),
    "m": list(range(20_000)),
    "o": [{"id": str(n), "x": n / 7} for n in range(5_000)],
    "t": "ab" * 60_000,
    "u": "ab" * 60_000,
    "w": ["word " * 20] * 10_000,
    "f": [n / 7 for n in range(20_000)],
    "s": ["a" * 100] * 20_000,
    "deep": [],
}
for _ in range(200):
    DATA["deep"] = [DATA["deep"]]

HOSTILE = {
    "copies of copies": "d.l.map(x, d.l)",
    "pairs": "d.l.all(x, d.l.all(y, x + y >= 0))",
    "triples": "d.k.all(x, d.k.all(y, d.k.all(z, x + y + z >= 0)))",
    "equal lists each time": "d.l.all(x, d.l == d.m)",
    "sums each time": "d.l.all(x, sum(d.l) > 0)",
    "the largest each time": "d.l.all(x, max(d.l) > 0)",
    "searches each time": "d.l.exists(x, 'none' in d.s)",
    "searches of numbers each time": "d.l.exists(x, -1.5 in d.f)",
    "equal texts each time": "d.l.all(x, d.t == d.u)",
    "ordered texts each time": "d.l.all(x, d.t <= d.u)",
    "searches in texts": "d.l.exists(x, d.t.contains('ac'))",
    "long texts": "[1,2,3,4,5,6,7,8,9,10].map(x, d.t + d.t + d.t + d.t + d.t).join().size() > 0",
    "texts that double": "[d.t].map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a)[0]",
    "lists that double": "[[1]]" + ".map(a, [a, a])" * 40,
    "equal lists that double": f"[{'[[1]]' + '.map(a, [a, a])' * 35}].exists(x, x == x)",
    "lists that grow": "[d.l]" + ".map(a, a + a)" * 30,
    "replaced by much": "d.t.replace('a', d.t)",
    "parts joined by much": "d.w.join(d.t)",
    "split each time": "d.l.map(x, d.t.split('a').size())",
    "patterns each time": r"d.l.all(x, !d.t.matches('([a-z]+.?){90}[0-9]$'))",
    "exponential pattern": r"d.t.matches('^(a|b|ab)*c$')",
    "wide pattern": r"d.w.exists(x, x.matches('(\\w{1,20}\\s?){20}!'))",
    "quotients": "d.l.map(x, x / 7 / 11 / 13 / 17 * 1.000001)",
    "decimals": "d.f.map(x, d.f.map(y, x * y))",
    "moments": "d.l.map(x, d.l.map(y, day(now + days(x) + span('P1M') - days(y))))",
    "objects": "d.o.map(x, d.o.filter(y, y.id == x.id))",
    "long numbers": "d.w.map(x, decimal(x))",
    "texts made of moments": "d.l.map(x, d.l.map(y, string(now - days(x)) + string(date('2026-01-01') - now)))",
    "failing entries": "d.l.map(x, d.l.exists(y, y.z == 1))",
    "failing operands": " || ".join(["d.l.exists(y, y.z == 1)"] * 30),
    "all of them told apart": "d.l.distinct().size() > 0",
    "objects told apart": "d.o.map(x, {'x': x}).distinct().size() > 0",
    "lists that double, as one": "[[1]]" + ".map(a, [a, a]).flatten()" * 40,
    "deep lists": "d.deep == d.deep || d.deep == [1]",
}


def _outcome(source: str) -> str:
    from datetime import UTC, datetime

    try:
        Expression(source).value(PlainNames({"d": DATA, "now": datetime(2026, 5, 1, tzinfo=UTC)}))
    except ExpressionFailed as error:
        return error.kind
    return "value"


@pytest.mark.parametrize("name", HOSTILE)
def test_each_evaluation_ends_in_time(name: str) -> None:
    """What would take long is given up, with the kind ``budget``, or is done in time."""
    assert in_time(lambda: _outcome(HOSTILE[name])) in {"budget", "value", "type", "syntax"}


def test_each_evaluation_has_bounded_memory() -> None:
    """All of them, one after the other in one process, stay within the bound."""
    script = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {__file__.rsplit("/", 1)[0]!r})
        from test_expression_budget import HOSTILE, _outcome
        {textwrap.indent(PEAK, " " * 8).strip()}
        for source in HOSTILE.values():
            _outcome(source)
        print(peak())
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300)
    assert int(done.stdout) < KILOBYTES
    assert done.stderr == ""


@pytest.mark.parametrize("source", ["true || d.l.map(x, d.l) == 1", "d.l.map(x, d.l).size() == 20000"])
def test_what_fits_the_budget_is_evaluated(source: str) -> None:
    """A list is worked through once, or referred to often, without being refused."""
    assert Expression(source).value(PlainNames({"d": DATA})) is True


@pytest.mark.parametrize("source", ["X || true", "X && false", "true ? X : false", "[1].exists(a, X || true)"])
def test_nothing_makes_up_for_a_spent_budget(source: str) -> None:
    """Where the budget is spent, the whole evaluation fails: no other operand decides then."""
    spent = "d.k.all(x, d.k.all(y, d.k.all(z, x >= 0)))"
    assert _outcome(source.replace("X", spent)) == "budget"


@pytest.mark.parametrize(
    "source", ["xs.all(x, xs.all(y, x + y >= 0))", "xs.map(x, xs.map(y, x)).size() > 0", "xs.map(x, x).all(x, x >= 0)"]
)
def test_lists_of_a_few_hundred_are_worked_through_in_pairs(source: str) -> None:
    """What people write is far within the budget."""
    assert Expression(source).value(PlainNames({"xs": list(range(400))})) is True
