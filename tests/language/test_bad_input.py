"""Any file and any bytes give a process or problems, within 2 seconds and 256 MB (L12)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from bounds import KILOBYTES, PEAK, in_time
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from language_samples import HEAD, STATES, WHOLE, state, task

from flowengine.language.model import Process
from flowengine.language.parser.codes import CODES
from flowengine.language.parser.process import read_process
from flowengine.language.parser.session import MOST_PARTS, MOST_STATES
from flowengine.language.parser.states import record_of
from flowengine.language.types import TYPES
from flowengine.language.yaml_reader import LARGEST, MOST_NODES, resolve
from flowengine.problem import Problem


def survive(data: bytes | str) -> tuple[Process | None, list[Problem]]:
    """Read within the time, and either accept or say why not."""
    process, problems = in_time(lambda: read_process(data, "f.yaml"))
    assert (process is None) == bool(problems)
    for problem in problems:
        assert problem.code in CODES
        assert problem.message
        assert problem.place.line >= 1
        assert problem.place.column >= 1
    return process, problems


def codes(data: bytes | str) -> set[str]:
    return {problem.code for problem in survive(data)[1]}


def many(line: str, count: int) -> str:
    """A process with one state a number, ``#`` standing for the number."""
    return HEAD + "states:\n" + "".join("  " + line.replace("#", str(index)) + "\n" for index in range(count))


HOSTILE: dict[str, tuple[Callable[[], str | bytes], str]] = {
    "10 MB of text": (lambda: "a" * 10_000_000, "too-large"),
    "a list of half a million": (lambda: "- a\n" * 490_000, "too-large"),
    "a million keys": (lambda: "{" + ",".join(f"a{i}" for i in range(250_000)) + "}", "too-large"),
    "5,000 levels of lists": (lambda: "[" * 5_000, "too-deep"),
    "5,000 levels of mappings": (lambda: "{a: " * 5_000, "too-deep"),
    "1,000 levels by indentation": (lambda: "".join(" " * i + "a:\n" for i in range(1_000)), "too-deep"),
    "levels by dashes": (lambda: "- " * 900_000, "too-deep"),
    "levels of question marks": (lambda: "? " * 900_000, "too-deep"),
    "a bomb by alias": (
        lambda: "a: &a [x]\n" + "".join(f"b{i}: &b{i} [{','.join(['*a'] * 9)}]\n" for i in range(9)),
        "alias",
    ),
    "a bomb by merge key": (
        lambda: "a: {x: 1}\n" + "".join(f"b{i}: {{<<: {{y: 1}}}}\n" for i in range(99)),
        "merge-key",
    ),
    "a million newlines in quotes": (lambda: '"' + "\n" * 1_900_000, "yaml-syntax"),
    "a long word": (lambda: "a " * 900_000, "wrong-type"),
    "two megabytes of comment": (lambda: "#" + "x" * 1_900_000, "empty-file"),
    "too many states": (lambda: many("s#: {type: wait, for: P1D, next: s0}", MOST_STATES + 1), "too-large"),
    "thousands of wrong types": (lambda: many("s#: {type: wiat#, for: P1D}", 4_000), "too-many-problems"),
    "thousands of wrong keys": (lambda: many("s#: {type: task, for: b, nxet#: f}", 4_000), "too-many-problems"),
    "thousands of wrong expressions": (
        lambda: many("s#: {type: task, for: b, prefer: '1 +'}", 4_000),
        "too-many-problems",
    ),
    "long expressions": (lambda: many("s#: {type: task, for: b, prefer: '" + "1+" * 150 + "1'}", 1_000), "too-large"),
    "many expressions in texts": (
        lambda: many("s#: {type: task, for: b, ask: '" + "{a}" * 300 + "'}", 900),
        "too-large",
    ),
    "an expression that nests": (lambda: task("prefer: '" + "(" * 900 + "1" + ")" * 900 + "'"), "bad-expression"),
    "an expression that is too long": (lambda: task("prefer: '" + "1+" * 5_000 + "1'"), "bad-expression"),
    "patterns that explode": (
        lambda: many("s#: {type: task, for: b, fields: {x: {type: string, pattern: '(a{99}){99}'}}}", 900),
        "too-large",
    ),
    "a pattern beyond all bounds": (
        lambda: task("fields: {x: {type: string, pattern: '(((a{99}){99}){99}){99}'}}"),
        "too-large",
    ),
    "not UTF-8": (lambda: WHOLE.encode() + b"\xff", "not-utf8"),
    "UTF-16": (lambda: WHOLE.encode("utf-16"), "not-utf8"),
    "Latin-1": (lambda: HEAD.encode() + "title: Größe".encode("latin-1"), "not-utf8"),
    "half a surrogate": (lambda: "process: \ud800", "not-utf8"),
    "NUL": (lambda: b"process: a\0b", "control-character"),
    "an escaped NUL": (lambda: HEAD + 'title: "\\0"', "control-character"),
    "an escape sequence": (lambda: HEAD + "title: \x1b[31m", "control-character"),
    "nothing": (lambda: b"", "empty-file"),
    "a byte order mark": (lambda: b"\xef\xbb\xbf", "empty-file"),
    "a huge number": (lambda: task("prefer: " + "9" * 100_000), "bad-number"),
    "a number that overflows": (lambda: task("prefer: 1e99999"), "bad-number"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_time(name: str) -> None:
    """A file that would take for ever is refused, by its code, within 2 seconds."""
    make, code = HOSTILE[name]
    assert code in codes(make())


def test_the_largest_files_stay_within_the_memory() -> None:
    """A fresh process that reads the largest hostile files stays below 256 MB, the interpreter included."""
    program = (
        f"{PEAK}\n"
        "from flowengine.language.parser.process import read_process\n"
        "for text in ('- a\\n' * 490_000, 'x' * 10_000_000, '{' + ','.join(f'a{i}' for i in range(250_000)) + '}',\n"
        "             '- {a: [b, c]}\\n' * 120_000, '? ' * 900_000, '[' * 5_000):\n"
        "    process, problems = read_process(text, 'f')\n"
        "    assert process is None and problems\n"
        "print(peak())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < KILOBYTES


def test_a_file_of_a_thousand_states_is_read_at_once() -> None:
    """A process of 1,000 states is read well within half a second on an idle machine; here, within its bound."""
    text = many(
        "s#: {type: task, for: b, ask: 'Dear {customer.name}', within: P1D, on: {done: s0, expired: s1}}", 1_000
    )
    process, _ = survive(text)
    assert process is not None
    assert len(process.root.states) == 1_000


def test_the_limits_are_not_in_the_way() -> None:
    """A file just below the limits of size and states is accepted."""
    line = "s#: {type: wait, for: P1D, next: s0}"
    process, problems = survive(many(line, MOST_STATES) + "# " + "x" * 1_000_000)
    assert process is not None, problems
    assert MOST_NODES > MOST_STATES * 20
    assert MOST_PARTS > 1_000 * 50
    assert LARGEST > MOST_STATES * 200


def test_texts_survive_as_they_are() -> None:
    """Right-to-left marks, markup, quotes and line breaks in a text are kept."""
    title = "\u202eabc\u200f <b>&amp;</b> \"q\" 'q' \\n ünï 🧵"
    process, _ = survive(HEAD + "title: " + repr_yaml(title) + "\nstates: {a: {type: fulfilled}}\n")
    assert process is not None
    assert process.title == title


def repr_yaml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("no", "no"), ("y", "y"), ("true", True), ("False", False),
        ("null", None), ("~", None), ("", None), ("12", 12), ("-3", -3), ("+4", 4), ("007", 7), ("0o17", 15),
        ("0x1F", 31), ("1_000", "1_000"), ("12:30:45", "12:30:45"), ("1.5", Decimal("1.5")), (".5", Decimal("0.5")),
        ("1e3", Decimal("1e3")),
        ("1.", Decimal(1)), ("-.5e-1", Decimal("-0.05")),
        ("0b11", "0b11"), ("2026-12-25", "2026-12-25"), ("1.2.3", "1.2.3"), ("-", "-"),
        ("=", "="), ("TRUE", True), ("tRUE", "tRUE"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    """Plain scalars are resolved by the core schema of YAML 1.2, not by the older rules."""
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FILES = [WHOLE, *(state(name, keys) for name, keys in STATES.items())]


@FUZZ
@given(st.binary(max_size=2_000))
@example(b"\xfe\xff\x00p")
def test_any_bytes_are_survived(data: bytes) -> None:
    """Any bytes give a process or problems."""
    survive(data)


@FUZZ
@given(st.text(alphabet=st.sampled_from("aé:-?[]{},#&*!|>'\"%@` \n\t0.~<\\\u2028\ufeff"), max_size=300))
def test_any_text_of_yaml_signs_is_survived(text: str) -> None:
    """Any jumble of the signs that mean something in YAML gives a process or problems."""
    survive(text)


@FUZZ
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), st.text(max_size=6)), min_size=1, max_size=5),
)
def test_any_damage_to_a_file_is_survived(text: str, damages: list[tuple[float, int, str]]) -> None:
    """A good file with pieces cut out and put in gives a process or problems."""
    for where, length, piece in damages:
        at = int(where * len(text))
        text = text[:at] + piece + text[at + length :]
    survive(text)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@FUZZ
@given(st.sampled_from(sorted(STATES)), st.data())
def test_wrong_types_everywhere_are_survived(name: str, data: st.DataObject) -> None:
    """A state whose known keys have values of any type gives a process or problems."""
    keys = data.draw(st.dictionaries(st.sampled_from(sorted(record_of(TYPES[name]).keys)), PLAIN, max_size=6))
    whole = {"process": "a", "need": "x", "states": {"it": keys | {"type": name}}}
    survive(json.dumps(whole))


def test_without_libyaml_it_is_said_what_to_install() -> None:
    """A PyYAML that was built without libyaml is told in one sentence, in the library and by the command."""
    script = (
        "import sys; sys.modules['yaml._yaml'] = None\n"
        "from flowengine import NotConfigured, parse\n"
        "try: parse('process: p')\n"
        "except NotConfigured as error: print(error.what)\n"
        "from flowengine.cli import flow\n"
        "flow.main(['check', '--json', sys.argv[1]])\n"
    )
    file = Path(__file__).parents[2] / "processes" / "bespoke_suit.yaml"
    done = subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=False)
    sentence, _, document = done.stdout.partition("\n")
    assert "libyaml" in sentence
    told = json.loads(document)
    assert (done.returncode, told["error"], told["what"]) == (1, "NotConfigured", sentence)
    assert "pyyaml" in told["possible"][0]
    assert not done.stderr
