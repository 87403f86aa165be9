"""The page on security: what it says is held is there, and is shown by a test that there is."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

from asvs_rows import ROWS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/security.md"
VERDICTS = ("held", "yours", "not met", "no such thing here")

_ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| (\d) \| (.+?) \| (.+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(\w+)`")
_FILE = re.compile(r"`((?:flowengine|docs|examples|tests)/[\w./-]*)`")


@cache
def _tests_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _rows() -> list[tuple[str, str, str, str]]:
    return _ROW.findall(PAGE.read_text(encoding="utf-8"))


def test_every_row_of_the_standard_is_there_once() -> None:
    """All of levels 1 and 2, each with its level and in the standard's order."""
    assert Counter(ROWS.values()) == {1: 70, 2: 183}
    found = [(id, int(level)) for id, level, _, _ in _rows()]
    assert found == sorted(ROWS.items(), key=lambda row: [int(part) for part in row[0].split(".")])


def test_each_row_has_a_verdict_that_is_shown() -> None:
    """One of four; what is held names a test, what is not met or is the installer's says why or what."""
    for id, _, _, said in _rows():
        match = re.match(r"\*\*([a-z ]+)\*\*", said)
        assert match is not None, id
        assert match[1] in VERDICTS, id
        if match[1] == "held":
            assert _TEST.search(said), f"{id} names no test"
        if match[1] in ("yours", "not met"):
            assert len(said) > len(match[0]) + 15, f"{id} does not say what"


def test_what_the_page_names_is_there() -> None:
    """Files, and tests by their names."""
    page = PAGE.read_text(encoding="utf-8")
    wrong = [f"{path}::{name}" for path, name in _TEST.findall(page) if name not in _tests_of(path)]
    wrong += [path for path in _FILE.findall(page) if not (ROOT / path).exists()]
    assert wrong == []


def test_its_links_lead_somewhere() -> None:
    """To a page that is there, and to a heading or an anchor of it."""
    wrong = []
    for link in set(re.findall(r"\]\(([^)\s]+)\)", PAGE.read_text(encoding="utf-8"))):
        file, _, anchor = link.partition("#")
        there = PAGE.parent / file if file else PAGE
        if not there.exists() or (anchor and anchor not in _anchors(there)):
            wrong.append(link)
    assert wrong == []


def _anchors(page: Path) -> set[str]:
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings} | set(
        re.findall(r'<a id="([^"]+)"', text)
    )


def _having(words: str) -> dict[str, set[str]]:
    pattern = re.compile(words)
    found = {
        path.relative_to(ROOT).as_posix(): set(pattern.findall(path.read_text(encoding="utf-8")))
        for path in (ROOT / "flowengine").rglob("*.py")
    }
    return {path: hits for path, hits in found.items() if hits}


def test_the_algorithms_are_those_of_the_page() -> None:
    """SHA-1 is in one place, the authenticators'; MD5, and ciphers of our own, are nowhere."""
    assert _having(r"\b(sha1|md5|Cipher|AES|DES|RC4)\b") == {"flowengine/commands/totp.py": {"sha1"}}


def test_nothing_is_run_that_came_in() -> None:
    """No code is made of texts, no object of bytes, and no shell is asked."""
    assert _having(r"\b(?:pickle|marshal|shelve|os\.system|shell=True|(?:eval|exec)\()") == {}


def test_the_script_of_pages_writes_texts_alone() -> None:
    """It makes no HTML of texts, runs none, keeps nothing in the browser, and hears no other window."""
    scripts = list((ROOT / "flowengine/web/pages/static").glob("*.js"))
    assert scripts
    never = re.compile(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|DOMParser|createContextualFragment"
        r"|localStorage|sessionStorage|indexedDB|postMessage|document\.cookie|JSON\.parse|__proto__"
    )
    for script in scripts:
        assert never.findall(script.read_text(encoding="utf-8")) == [], script.name
