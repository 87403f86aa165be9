"""The files whose change has workers start anew (``flow worker --dev``)."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

MOST = 5_000
"""Files that are looked at, at most, in a folder whose code could not be loaded."""

_INSTALLED = ("site-packages", "dist-packages")


def own_files(folder: Path, modules: Iterable[str] = ()) -> list[str]:
    """The Python files that this process has loaded from a folder, and those of the modules named, wherever they are.

    What is installed below the folder (a virtual environment) is left out.
    """
    wanted = set(modules)
    found = set()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or not file.endswith(".py"):
            continue
        path = Path(file).absolute()
        if name in wanted or (path.is_relative_to(folder) and not set(_INSTALLED) & set(path.parts)):
            found.add(str(path))
    return sorted(found)


def python_files(folder: Path) -> Iterator[str]:
    """The Python files in a folder and below, without hidden folders and virtual environments."""
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith((".", "__pycache__", "node_modules"))
            and not os.path.exists(os.path.join(where, name, "pyvenv.cfg"))
        )
        yield from (os.path.join(where, name) for name in sorted(files) if name.endswith(".py"))


class Watch:
    """Looks at files again and again. A file is changed when its size or the moment of its last change is another."""

    def __init__(self, folder: Path, say: Callable[[str], None], most: int = MOST) -> None:
        self.folder = folder
        self._say, self._most = say, most
        self._seen: dict[str, tuple[int, int] | None] = {}
        self._pending: set[str] = set()

    def follow(self, files: Sequence[str], since: int) -> None:
        """Look at these files from now on, beside those that are looked at already.

        They were loaded after the moment ``since`` (nanoseconds since 1970). One that was written after it counts as
        changed: perhaps it was loaded before.
        """
        for file in files:
            if file not in self._seen:
                state = _state(file)
                self._seen[file] = None if state and state[0] > since else state

    def lost(self, since: int) -> None:
        """Look at all Python files of the folder: what was loaded is not known, for it could not be loaded."""
        self.follow([file for file, _ in zip(python_files(self.folder), range(self._most), strict=False)], since)

    def changed(self) -> Sequence[str]:
        """The files that changed since something was last answered, by their names in the folder.

        While one of them is no Python, that is said once for each change and nothing is answered: what runs goes on.
        """
        now = {file: state for file, before in self._seen.items() if (state := _state(file)) != before}
        self._seen.update(now)
        self._pending |= now.keys()
        if not now:
            return ()
        wrong = [problem for file in sorted(self._pending) if (problem := _problem(file))]
        for problem in wrong:
            self._say(f"{problem} What runs goes on with the code that it has.")
        if wrong:
            return ()
        changed, self._pending = sorted(self._pending), set()
        return [os.path.relpath(file, self.folder) for file in changed]


def _state(file: str) -> tuple[int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _problem(file: str) -> str:
    """Why a file cannot be loaded as Python; empty when it can, or when it is gone."""
    try:
        source = Path(file).read_bytes()
    except OSError:
        return ""
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(source, file, "exec")
    except (SyntaxError, ValueError) as error:
        return f"{file}: {error}."
    return ""
