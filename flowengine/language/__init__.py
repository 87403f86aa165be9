"""The process language: text to a checked, frozen :class:`~flowengine.language.model.Process`. Pure (L7)."""

from __future__ import annotations

import json
from importlib import resources
from os import PathLike, fspath
from typing import Any

from flowengine.errors import ProcessRefused
from flowengine.language.model import Process
from flowengine.language.parser.process import read_process
from flowengine.language.yaml_reader import LARGEST
from flowengine.problem import Place, Problem, in_order

__all__ = ["Place", "Problem", "Process", "load", "parse", "problems", "schema", "text_of"]


def load(path: str | PathLike[str], *, check: bool = True) -> Process:
    """The process of a file. Raises :class:`ProcessRefused` with all problems, also when the file cannot be read."""
    return parse(text_of(path), fspath(path), check=check)


def text_of(path: str | PathLike[str]) -> bytes:
    """What is in a file, as far as a process may be long. Raises :class:`ProcessRefused` when it cannot be read."""
    file = fspath(path)
    try:
        with open(file, "rb") as stream:
            return stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ProcessRefused([Problem(file, Place(), "unreadable-file", f"cannot be read: {reason}")]) from None


def parse(text: str | bytes, file: str = "<text>", *, check: bool = True) -> Process:
    """The process of a text. Raises :class:`ProcessRefused` with all problems.

    ``check=False`` leaves out the checks of the process as a whole and reads only its structure: for versions that were
    accepted before and whose jobs go on (L6).
    """
    process, found = _examine(text, file, check)
    if process is None or found:
        raise ProcessRefused(found)
    return process


def problems(text: str | bytes, file: str = "<text>") -> list[Problem]:
    """All problems of a text in the order of the file; none when :func:`parse` accepts it."""
    return _examine(text, file, check=True)[1]


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the language, for editors."""
    text = resources.files(__name__).joinpath("process.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _examine(text: str | bytes, file: str, check: bool) -> tuple[Process | None, list[Problem]]:
    process, found = read_process(text, file)
    if process is not None and check:
        from flowengine.language.checks import check as check_process  # what is in use was checked: it starts faster

        found = in_order(check_process(process))
    return process, found
