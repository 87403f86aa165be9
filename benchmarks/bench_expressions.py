"""How long an expression takes, against the library `common-expression-language` on the same data in the same run.

    python benchmarks/bench_expressions.py

Prints for each expression the microseconds of one evaluation, and how many times that the library takes, where it is
installed. Both are given only the members of ``data`` that the expression mentions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from timeit import Timer
from types import ModuleType
from typing import Any

from flowengine.language.expressions import Expression, PlainNames

ITEMS = [{"id": f"i{n}", "price": n / 2, "many": n} for n in range(20)]
DATA: dict[str, Any] = {"a": {"b": "x"}, "n": 3, "items": ITEMS, "l": list(range(20)), "need": {"lead": 12}}
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
EXPRESSIONS = (
    'data.a.b == "x"',
    "data.n + 1 > 3",
    '!passed("cut")',
    "data.n",
    "has(data.a) && has(data.a.b) && size(data.a.b) > 0",
    "data.l.all(x, x >= 0)",
    "data.l.map(x, x + 1)",
    "data.items.exists(x, x.price > 9.0)",
    "data.items.filter(x, x.many > 5).size() > 3",
    'size(data.items.map(x, x.id).filter(x, x != "i7")) == 19',
)


class Narrow(PlainNames):
    """Names that give of ``data`` only what is mentioned, as those of a job do."""

    __slots__ = ()

    def variable(self, name: str, members: frozenset[str] | None) -> Any:
        value = self.variables[name]
        return value if members is None or name != "data" else {key: value[key] for key in members if key in value}


def passed(state: str) -> bool:
    return state == "sewn"


NAMES = Narrow({"data": DATA, "now": NOW}, {"passed": passed})


def library() -> Any:
    """The library, without its command line, or None."""
    sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
    try:
        import cel
    except ImportError:
        return None
    return cel


def theirs(cel: Any, source: str) -> Callable[[], Any]:
    expression, program = Expression(source), cel.compile(source)
    variables, functions = expression.variables, [name for name in expression.functions if name == "passed"]

    def run() -> Any:
        context = {name: NAMES.variable(name, members) for name, members in variables.items()}
        return program.execute({**context, **dict.fromkeys(functions, passed)})

    return run


def micros(work: Callable[[], Any]) -> float:
    """The best of many short runs, which a busy machine disturbs least."""
    return min(Timer(work).repeat(60, 100)) / 100 * 1e6


def main() -> None:
    cel = library()
    print(f"{'µs':>8} {'library':>9}  expression")
    for source in EXPRESSIONS:
        expression = Expression(source)
        ours = micros(lambda expression=expression: expression.value(NAMES))  # type: ignore[misc]  # a default binds it
        times = f"{micros(theirs(cel, source)) / ours:8.1f}x" if cel else ""
        print(f"{ours:8.2f} {times:>9}  {source}")


if __name__ == "__main__":
    main()
