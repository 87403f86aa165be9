"""Files that are right, or nearly, but made to take long: read and checked within 2 seconds and 256 MB (L12)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from bounds import KILOBYTES, PEAK, in_time

from flowengine.language import problems
from flowengine.language.checks.codes import CODES as CHECKED
from flowengine.language.parser.codes import CODES as READ

HEAD = "process: a\nneed: x\nroles: {b: B}\n"


def flow(*states: str, first: str = "s0", asks: str = "", more: str = "") -> str:
    """A process whose need leads to the first of these states."""
    need = f"  need: {{type: need, {asks}next: {first}}}\n"
    return HEAD + more + "states:\n" + need + "".join(f"  {state}\n" for state in states) + "  f: {type: fulfilled}\n"


def line(count: int, state: str, **more: str) -> str:
    """That many states; ``#`` is the number, ``<`` the state before (the end for the first), ``~`` and ``^`` others."""
    texts = []
    for n in range(count):
        named = state.replace("#", str(n)).replace("<", f"s{n - 1}" if n else "f")
        texts.append(named.replace("~", f"s{(n * 7919 + 13) % count}").replace("^", f"s{(n * 104729 + 1) % count}"))
    return flow(*texts, first=f"s{count - 1}", **more)


def fork(count: int, branch: str) -> str:
    """A parallel of that many branches; ``#`` is the number."""
    inner = ", ".join(branch.replace("#", str(n)) for n in range(count))
    return flow(f"s0: {{type: parallel, next: f, branches: {{{inner}}}}}")


def nested(depth: int, outer: str, inner: str, **more: str) -> str:
    """States in states; ``§`` is where the inner ones stand."""
    for n in range(depth):
        inner = outer.replace("#", str(n)).replace("§", inner)
    return flow(f"s0: {{type: stage, next: f, states: {{{inner}}}}}", **more)


def after_many(branches: int, before: int) -> str:
    """A parallel in which each branch waits for many."""
    named = []
    for n in range(branches):
        after = f"after: [{', '.join(f'b{m}' for m in range(max(0, n - before), n))}], " if n else ""
        named.append(f"b{n}: {{{after}states: {{t{n}: {{type: task, for: b, next: done}}}}}}")
    return flow(f"s0: {{type: parallel, next: f, branches: {{{', '.join(named)}}}}}")


def listed(count: int, entry: str) -> str:
    return ", ".join(entry.replace("#", str(n)) for n in range(count))


TANGLED: dict[str, Callable[[], str]] = {
    "a chain of 2,990": lambda: line(2_990, "s#: {type: task, for: b, next: <}"),
    "a star of 2,990": lambda: flow(
        f"s0: {{type: task, for: b, on: {{{listed(2_990, 'o#: t#')}}}}}",
        *(f"t{n}: {{type: task, for: b, next: f}}" for n in range(2_990)),
    ),
    "ways back to everywhere": lambda: line(2_500, "s#: {type: task, for: b, on: {done: <, x: ~, y: ^}}"),
    "fields, and ways back": lambda: line(
        2_000, "s#: {type: task, for: b, fields: {a#: {type: string}}, on: {done: <, x: ~, y: ^}}"
    ),
    "what was passed decides": lambda: line(
        1_500,
        's#: {type: task, for: b, fields: {a: {type: string}}, on: {done: [{to: <, when: passed("~")}, {to: ^}]}}',
    ),
    "dense ways": lambda: flow(
        *(f"s{n}: {{type: task, for: b, on: {{{listed(60, f'o#: s{n * 31 % 500}')}}}}}" for n in range(500))
    ),
    "always to everywhere": lambda: flow(
        *(f"s{n}: {{type: task, for: b, next: f}}" for n in range(2_900)),
        more="always:\n" + "".join(f"  e{n}: {{by: customer, to: s{n}}}\n" for n in range(2_900)),
    ),
    "always in every branch": lambda: fork(
        800,
        "b#: {states: {t#: {type: task, for: b, next: done}}, "
        "always: {e: {by: b, to: t#, fields: {x#: {type: string}}}}}",
    ),
    "branches in a chain": lambda: after_many(1_400, 1),
    "branches that wait for hundreds": lambda: after_many(480, 240),
    "branches that save to one place": lambda: fork(
        2_900, "b#: {states: {t#: {type: task, for: b, saves: x, next: done}}}"
    ),
    "branches that save to places in one": lambda: fork(
        2_900, "b#: {states: {t#: {type: task, for: b, saves: x.y#, next: done}}}"
    ),
    "parallels in parallels": lambda: nested(
        9, "p#: {type: parallel, next: done, branches: {x: {states: {§}}}}", "t: {type: task, for: b, next: done}"
    ),
    "eaches in eaches": lambda: nested(
        20,
        "g#: {type: each, of: item, next: done, states: {§}}",
        "t: {type: task, for: b, next: done, ask: '{item.x}'}",
    ).replace("type: stage", "type: each, of: data.need"),
    "eaches that grow": lambda: line(
        900, "s#: {type: each, of: data.x, saves: x, next: <, states: {t#: {type: task, for: b, next: done}}}"
    ),
    "members of a race": lambda: flow(
        f"s0: {{type: race, on: {{{listed(4_900, 'm#.x: f')}}}, of: {{{listed(4_900, 'm#: {type: task, for: b}')}}}}}"
    ),
    "fields in one place": lambda: line(
        1_400,
        "s#: {type: task, for: b, next: <, saves: x, fields: {" + listed(10, "a#_@: {type: string}") + "}}",
    ).replace("@", "z"),
    "other fields in one place": lambda: flow(
        *(
            f"s{n}: {{type: task, for: b, next: {f's{n - 1}' if n else 'f'}, saves: x, fields: {{"
            + listed(10, f"a{n}_#: {{type: string}}")
            + "}}"
            for n in range(1_200)
        ),
        first="s1199",
    ),
    "texts that are ruled out": lambda: flow(
        "s0: {type: task, for: b, on: {done: ["
        + listed(2_000, "{to: f, when: 'data.p != \"t#\"', set: {p: '\"t#\"'}}")
        + ", {to: f}]}}"
    ),
    "fields that are not there": lambda: flow(
        "s0: {type: decision, rules: [" + listed(2_500, "{when: '!has(data.need.x#)', to: f}") + "], else: f}",
        asks=f"fields: {{{listed(2_500, 'x#: {type: integer, optional: true}')}}}, ",
    ),
    "values of values": lambda: flow(
        "s0: {type: task, for: b, on: {done: {to: f, set: {p0: 1"
        + "".join(f", p{n + 1}: '[data.p{n}, data.p{n}]'" for n in range(900))
        + "}}}}"
    ),
    "options for thousands": lambda: line(
        900,
        "s#: {type: choice, choose: {"
        + ", ".join(f"x{n}: {{from: o}}" for n in range(9))
        + "}, within: P1D, on: {chosen: <, expired: f}}",
        more=f"options: {{o: [{listed(5_000, 'o#')}]}}\n",
    ),
    "wrong names everywhere": lambda: line(2_900, "s#: {type: task, for: r#, next: t#}"),
    "patterns of letters": lambda: line(
        1_500, "s#: {type: task, for: b, next: <, fields: {x: {type: string, pattern: '\\p{L}{99}#'}}}"
    ),
    "patterns in conditions": lambda: line(
        1_500,
        "s#: {type: task, for: b, on: {done: [{to: <, when: 'data.need.g.matches(\"\\\\p{L}{99}#\")'}, f]}}",
        asks="fields: {g: {type: string}}, ",
    ),
    "a tower of counts": lambda: line(
        70, "s#: {type: task, for: b, on: {done: [{to: <, when: '" + 'count("s0") + ' * 99 + "1 > #'}, f]}}"
    ),
}
CODES = READ.keys() | CHECKED.keys()


@pytest.mark.parametrize("name", TANGLED)
def test_a_tangled_file_is_answered_in_time(name: str) -> None:
    """However a process is tangled, it is accepted or told what is wrong within 2 seconds."""
    text = TANGLED[name]()
    found = in_time(lambda: problems(text, "f.yaml"))
    assert {problem.code for problem in found} <= CODES
    assert len(found) <= 201


def test_tangled_files_stay_within_the_memory() -> None:
    """One process that checks the largest of them one after another stays below 256 MB, the interpreter included."""
    names = ["fields, and ways back", "other fields in one place", "fields that are not there", "always to everywhere"]
    program = (
        f"{PEAK}\n"
        "import sys\n"
        "from flowengine.language import problems\n"
        "for text in sys.stdin.read().split('\\0'):\n"
        "    problems(text, 'f')\n"
        "print(peak())\n"
    )
    texts = "\0".join(TANGLED[name]() for name in names)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, input=texts, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < KILOBYTES
