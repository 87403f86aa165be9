"""The files whose change has workers start anew."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from flowengine.worker.reloading import Watch, own_files, python_files

NOW = 1 << 62
"""A moment after all that the tests write."""


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def watch(tmp_path: Path, said: list[str]) -> Watch:
    (tmp_path / "shop.py").write_text("PRICE = 1\n")
    made = Watch(tmp_path, said.append)
    made.follow([str(tmp_path / "shop.py")], NOW)
    return made


def test_a_change_is_seen_once(watch: Watch, tmp_path: Path) -> None:
    """A file that changed is answered once, by its name in the folder."""
    assert watch.changed() == ()
    (tmp_path / "shop.py").write_text("PRICE = 20\n")
    assert list(watch.changed()) == ["shop.py"]
    assert watch.changed() == ()


def test_following_again_forgets_nothing(watch: Watch, tmp_path: Path) -> None:
    """A change between two reports of the same file is seen all the same."""
    (tmp_path / "shop.py").write_text("PRICE = 20\n")
    watch.follow([str(tmp_path / "shop.py")], NOW)
    assert list(watch.changed()) == ["shop.py"]


def test_a_change_while_it_was_loaded_is_seen(watch: Watch, tmp_path: Path) -> None:
    """A file that was written after the process began to load counts as changed, once."""
    (tmp_path / "till.py").write_text("OPEN = True\n")
    written = (tmp_path / "till.py").stat().st_mtime_ns
    watch.follow([str(tmp_path / "till.py")], written - 1)
    assert list(watch.changed()) == ["till.py"]
    watch.follow([str(tmp_path / "till.py")], written - 1)
    assert watch.changed() == ()


def test_a_change_of_the_same_length_is_seen(watch: Watch, tmp_path: Path) -> None:
    """The moment of the change tells, not only the length."""
    (tmp_path / "shop.py").write_text("PRICE = 2\n")
    os.utime(tmp_path / "shop.py", ns=(1, 1))
    assert list(watch.changed()) == ["shop.py"]


def test_a_file_that_goes_and_comes_is_a_change(watch: Watch, tmp_path: Path) -> None:
    """Editors replace files: one that is gone has changed, and so has one that is back."""
    (tmp_path / "shop.py").unlink()
    assert list(watch.changed()) == ["shop.py"]
    (tmp_path / "shop.py").write_text("PRICE = 1\n")
    assert list(watch.changed()) == ["shop.py"]


def test_broken_code_is_told_and_waits(watch: Watch, said: list[str], tmp_path: Path) -> None:
    """While a file is no Python, that is said once, with its place, and what runs goes on; then all changes count."""
    (tmp_path / "till.py").write_text("OPEN = True\n")
    watch.follow([str(tmp_path / "till.py")], NOW)
    (tmp_path / "shop.py").write_text("PRICE = = 2\n")
    (tmp_path / "till.py").write_text("OPEN = False\n")
    assert watch.changed() == ()
    assert watch.changed() == ()
    assert len(said) == 1
    assert "shop.py" in said[0]
    assert "line 1" in said[0]
    (tmp_path / "shop.py").write_text("PRICE = 2\n")
    assert list(watch.changed()) == ["shop.py", "till.py"]


def test_what_could_not_be_loaded_is_looked_for_everywhere(watch: Watch, tmp_path: Path) -> None:
    """Where code could not even be loaded, all Python files of the folder count, but for those that are installed."""
    for name in ("new.py", "deep/er/new.py", ".git/hook.py", "venv/lib/x.py", "__pycache__/y.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("A = 1\n")
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    watch.lost(NOW)
    for file in tmp_path.rglob("*.py"):
        file.write_text("A = 1000\n")
    assert list(watch.changed()) == ["deep/er/new.py", "new.py", "shop.py"]


def test_how_many_are_looked_at_is_bounded(tmp_path: Path) -> None:
    """A folder with very many files is not looked at as a whole."""
    watch = Watch(tmp_path, [].append, most=3)
    for number in range(10):
        (tmp_path / f"m{number}.py").write_text("A = 1\n")
    watch.lost(NOW)
    for number in range(10):
        (tmp_path / f"m{number}.py").write_text("A = 1000\n")
    assert len(watch.changed()) == 3
    assert len(list(python_files(tmp_path))) == 10


def test_own_files_are_those_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loaded files of the folder are its own code, and modules that are named wherever they are; installed ones
    are not."""
    installed = tmp_path / "lib" / "site-packages"
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    for folder, name in ((tmp_path, "own_a"), (installed, "own_b"), (elsewhere, "own_c"), (elsewhere, "own_d")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.py").write_text("")
        monkeypatch.syspath_prepend(str(folder))
        __import__(name)
    try:
        assert own_files(tmp_path, ["own_c"]) == [str(elsewhere / "own_c.py"), str(tmp_path / "own_a.py")]
    finally:
        for name in ("own_a", "own_b", "own_c", "own_d"):
            sys.modules.pop(name, None)
