"""Files that a command line names by their paths: read, uploaded when all else is answered, and used by their ids."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from flowengine.client import Desk, FormField, Json
from flowengine.errors import BadAnswer

LARGEST = 100_000_000
"""Bytes of a file that are read at most; an installation may take far less."""

_ID = re.compile(r"file-[0-9a-f]{32}")


def typed_file(text: str) -> str:
    """A file as it is typed: ``@path``, a path, or the id of one that is uploaded. Raises ValueError for a path where
    there is none."""
    bare = text.strip().strip("'\"")
    if _ID.fullmatch(bare):
        return bare
    path = Path(bare.removeprefix("@")).expanduser()
    if not path.is_file():
        raise ValueError(f"{str(path)[:200]!r} is no file that is there")
    return f"@{path}"


def upload(desk: Desk, path: str, job: str = "") -> str:
    """Upload the file at a path, for a job or a step; its id. Raises BadAnswer that names the file, where it is not
    taken."""
    place = Path(path.removeprefix("@")).expanduser()
    try:
        with place.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise BadAnswer({"file": f"{place}: {error.strerror}"}) from None
    try:
        return desk.attach(place.name, data, job).id
    except BadAnswer as error:
        told = "; ".join(f"{place.name} {why}" for why in error.problems.values())
        raise BadAnswer({"file": told}, possible=error.possible) from None


class Uploads:
    """What one command uploads: each file once, however often it is tried."""

    def __init__(self, desk: Desk, job: str = "") -> None:
        self._desk = desk
        self._job = job
        self._done: dict[str, str] = {}

    def used(self, fields: Sequence[FormField], answer: Mapping[str, Json]) -> dict[str, Json]:
        """The answer with ids in the place of paths."""
        found = dict(answer)
        for field in fields:
            if field.kinds and field.name in found:
                found[field.name] = self._one(field.name, found[field.name])
        return found

    def _one(self, name: str, given: Json) -> Json:
        if isinstance(given, list):
            return [self._one(name, one) for one in given]
        if not (isinstance(given, str) and given.startswith("@")):
            return given
        if given not in self._done:
            try:
                self._done[given] = upload(self._desk, given, self._job)
            except BadAnswer as error:
                raise BadAnswer({name: error.problems["file"]}, possible=error.possible) from None
        return self._done[given]
