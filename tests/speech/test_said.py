"""What people are refused with is said in phrases: whoever reads another language is told it in that."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowengine import errors
from flowengine.speech import catalogues

HOUSE = Path(catalogues.__file__).parents[1]
ROOMS = ("commands", "core", "engine", "people", "post", "reading", "runtime", "store", "views", "web/pages")
"""Where people are refused whose language is known."""

SAID_TO_PROGRAMS = {
    "commands/arriving.py": "to partners' servers",
    "commands/exchanged.py": "of what a partner's server answers, to operators",
    "commands/partners.py": "to partners' servers",
    "commands/retention.py": "at a terminal, of archives",
    "core/foreign.py": "to partners' servers",
    "reading/archives.py": "at a terminal, of archives",
    "store/backup.py": "at a terminal, of copies",
    "store/codec.py": "to whoever writes the program",
    "store/history.py": "of a broken history, which operators look for at a terminal",
}
"""What is said there in English, and to whom."""

REFUSED = {
    name
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, (errors.Refused, errors.BadAnswer)) and one is not errors.Malformed
}


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _texts(node: ast.AST) -> Iterator[tuple[int, str]]:
    """The texts that a value may be, as they stand: not those that are given to something else, as to ``phrase``."""
    match node:
        case ast.Constant(value=str(text)):
            yield node.lineno, text
        case ast.JoinedStr(values=parts):
            yield node.lineno, "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from (*_texts(one), *_texts(other))
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Dict(values=items) | ast.BoolOp(values=items):
            for item in items:
                yield from _texts(item)
        case ast.DictComp(value=one) | ast.GeneratorExp(elt=one) | ast.ListComp(elt=one) | ast.Starred(value=one):
            yield from _texts(one)


def _plain(source: str) -> list[tuple[int, str]]:
    """The sentences that a file refuses with and that are no phrases, by line; in what is kept in a name as well."""
    tree = ast.parse(source)
    kept: dict[str, list[ast.AST]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            kept.setdefault(node.targets[0].id, []).append(node.value)
    found: list[tuple[int, str]] = []
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and _called(call) in REFUSED):
            continue
        said = [*call.args[:1], *(one.value for one in call.keywords if one.arg in ("possible", "problems"))]
        for one in said:
            named = kept.get(one.id, []) if isinstance(one, ast.Name) else []
            found += [text for value in (one, *named) for text in _texts(value)]
    return sorted({(line, text) for line, text in found if re.search(r"[a-z]{2,} [a-z{]{2,}", text)})


def test_a_refusal_is_a_phrase() -> None:
    """In every room whose words a reader of another language meets; commands that are named for him may stay."""
    wrong = {
        f"{file.relative_to(HOUSE)}:{line}": text
        for room in ROOMS
        for file in sorted((HOUSE / room).rglob("*.py"))
        if str(file.relative_to(HOUSE)) not in SAID_TO_PROGRAMS
        for line, text in _plain(file.read_text("utf-8"))
        if not text.startswith("flow ")
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "source",
    [
        'raise NotFound("there is nothing")',
        'raise BadAnswer({"a": f"must be {b} of them"})',
        'raise NotAllowed(phrase("it is over"), possible=("wait for it", phrase("go on")))',
        'raise e.NotFound("there is nothing" if a else phrase("it is gone"))',
        'what = f"there is no {name} here"\nraise NotFound(what)',
    ],
)
def test_one_that_is_not_is_found(source: str) -> None:
    """However it is written down."""
    assert len(_plain(source)) == 1


def test_all_that_is_named_is_there() -> None:
    """A file that says nothing to programs any more is no exception any more."""
    assert [name for name in SAID_TO_PROGRAMS if not _plain((HOUSE / name).read_text("utf-8"))] == []
