"""What was answered and not sent yet, kept for the next time in a file that only its owner can read.

A draft is of one person, one database and one thing to do; it is gone once that was done, when what is asked has
changed, and after thirty days. It is a convenience: where it cannot be kept, nothing is, and nobody is troubled.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from time import time

from flowengine import exact
from flowengine.client import FormField, Json, without_password

KEPT = 30 * 86400
"""Seconds for which a draft is kept."""

LARGEST = 1_000_000
"""Bytes of a draft that are read at most."""


def folder() -> Path | None:
    """Where drafts are kept: ``FLOW_STATE``, else in the user's state directory; None where he has none."""
    given, state = os.environ.get("FLOW_STATE"), os.environ.get("XDG_STATE_HOME", "")
    if given:
        return Path(given) / "drafts"
    if Path(state).is_absolute():
        return Path(state) / "flowengine" / "drafts"
    with suppress(RuntimeError):
        return Path.home() / ".local" / "state" / "flowengine" / "drafts"
    return None


class Draft:
    """The answers that a person has given to ``fields``, of a ``version`` of what asks, and not sent: ``address`` is
    the database's, ``what`` is to be done by ``who``. Without a place to keep them there are none."""

    def __init__(
        self, address: str, who: str, what: Sequence[str], fields: Sequence[FormField], version: str = ""
    ) -> None:
        found = folder()
        self._names = [field.name for field in fields]
        self._form = _form(fields, version)
        named = exact.encode([_whole(address), who.strip().casefold(), *what])
        self._path = found / f"{sha256(named).hexdigest()[:32]}.json" if found is not None else None
        self.kept = False
        """Whether what was answered is kept now."""

    def read(self) -> dict[str, Json]:
        """The answers, None where a question was passed over; nothing where there are none, or something else is asked
        now."""
        if self._path is None:
            return {}
        try:
            if time() - self._path.stat().st_mtime > KEPT:
                self.drop()
                return {}
            with self._path.open("rb") as file:
                found = exact.decode(file.read(LARGEST))
        except (OSError, ValueError):
            return {}
        answers = found.get("answers") if isinstance(found, dict) and found.get("form") == self._form else None
        if not isinstance(answers, dict) or not answers.keys() <= set(self._names):
            self.drop()
            return {}
        self.kept = bool(answers)
        return answers

    def keep(self, answers: Mapping[str, Json]) -> None:
        """Keep these answers in the place of those before."""
        if self._path is None or not answers:
            return
        written = exact.encode({"form": self._form, "answers": dict(answers)})
        new = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                new.unlink()
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(written)
            new.replace(self._path)
        except OSError:
            return
        self.kept = True

    def drop(self) -> None:
        """Forget them, and whatever else was kept for too long."""
        self.kept = False
        if self._path is None:
            return
        with suppress(OSError):
            self._path.unlink()
        with suppress(OSError):
            for old in [one for one in self._path.parent.iterdir() if time() - one.stat().st_mtime > KEPT]:
                old.unlink()


def _form(fields: Sequence[FormField], version: str) -> str:
    """What is asked, but for bounds that move with the clock."""
    asked = [exact.builtins(field) for field in fields]
    for field in asked:
        field.pop("earliest", None)
        field.pop("latest", None)
    return sha256(exact.encode([version, *asked])).hexdigest()


def _whole(address: str) -> str:
    """The address of a database from wherever it is called, without its password."""
    scheme, slashes, name = address.partition(":///")
    if slashes and scheme.startswith("sqlite") and name:
        return f"{scheme}:///{Path(name).absolute()}"
    return without_password(address)
