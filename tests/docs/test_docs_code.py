"""The code in the documentation runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "page",
    [
        "docs/embedding.md",
        "docs/customers.md",
        "docs/http-api.md",
        "docs/insight.md",
        "docs/promises.md",
        "docs/services.md",
        "docs/notifications.md",
        "docs/parties.md",
        "docs/conversation.md",
        "docs/partners.md",
        "docs/remote.md",
        "docs/signing-in.md",
        "docs/expected-dates.md",
        "docs/forecast.md",
        "README.md",
    ],
)
def test_the_python_blocks_of_a_page_run_in_order(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python blocks of a page run one after the other in one namespace."""
    text = (ROOT / page).read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "docs"}
    for block in BLOCK.finditer(text):
        line = text[: block.start()].count("\n") + 2
        source = "\n" * (line - 1) + block[1]
        exec(compile(source, str(ROOT / page), "exec"), names)


def test_the_guide_for_developers_has_code() -> None:
    """The guide is not empty of code, so that its test means something."""
    assert len(BLOCK.findall((ROOT / "docs/embedding.md").read_text(encoding="utf-8"))) >= 8
