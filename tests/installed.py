"""Packages that offer handlers, as if they were installed."""

from __future__ import annotations

from pathlib import Path

import pytest


def install(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, module: str) -> None:
    """A package that offers the function ``handle`` of a module as the handler of that name; ``module`` is its text."""
    where = folder / f"offers_{name}"
    (where / f"offers_{name}-1.0.dist-info").mkdir(parents=True)
    (where / f"offers_{name}.py").write_text(module, encoding="utf-8")
    (where / f"offers_{name}-1.0.dist-info/METADATA").write_text(f"Metadata-Version: 2.1\nName: offers_{name}\n")
    (where / f"offers_{name}-1.0.dist-info/entry_points.txt").write_text(
        f"[flowengine.handlers]\n{name} = offers_{name}:handle\n[others]\nother = offers_{name}:handle\n"
    )
    monkeypatch.syspath_prepend(str(where))
