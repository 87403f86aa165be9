"""Where a person's logins to servers are kept: a file of his own that nobody else can read.

It has the token for each server, by the server's address, and which server commands go to that name no place. It lies
in ``FLOW_CONFIG``, else in ``flowengine`` below the user's folder for configuration (``$XDG_CONFIG_HOME``,
``~/.config``). One that others can read or write is not used: whoever could have read a token is told.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from flowengine.errors import NotConfigured

FILE = "logins.json"
LARGEST = 1_000_000
"""Bytes of the file that are read at most."""


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A login to a server: the ``token``, whose it is (``person``: an id, empty for a program's) and until when it is
    good, where that is known. ``label`` is what the token is called at the server, where it was made for this login."""

    token: str
    person: str = ""
    name: str = ""
    expires: datetime | None = None
    label: str = ""

    def __repr__(self) -> str:
        return f"Login(person={self.person!r}, expires={self.expires!r})"


class _Kept(msgspec.Struct, kw_only=True):
    logins: dict[str, Login] = {}
    default: str = ""


class Logins:
    """The logins in one file, each read when it is asked for."""

    def __init__(self, path: Path | None) -> None:
        """``path`` is None where there is no place for a file."""
        self.path = path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Logins:
        """Those of whoever runs this program."""
        given, config = environment.get("FLOW_CONFIG"), environment.get("XDG_CONFIG_HOME", "")
        if given:
            return cls(Path(given) / FILE)
        if Path(config).is_absolute():
            return cls(Path(config) / "flowengine" / FILE)
        try:
            return cls(Path.home() / ".config" / "flowengine" / FILE)
        except RuntimeError:
            return cls(None)

    @property
    def default(self) -> str:
        """The server to which commands go that name no place; empty without one."""
        return self._read().default

    def all(self) -> dict[str, Login]:
        """All of them, by the servers' addresses."""
        return self._read().logins

    def to(self, url: str) -> Login | None:
        """The login to a server."""
        return self._read().logins.get(url)

    def keep(self, url: str, login: Login) -> None:
        """Keep a login; commands that name no place go there from now on."""
        kept = self._read()
        self._write(_Kept(logins=kept.logins | {url: login}, default=url))

    def drop(self, url: str) -> Login | None:
        """Forget a login: what it was, if there was one."""
        kept = self._read()
        found = kept.logins.get(url)
        if found is not None:
            left = {address: one for address, one in kept.logins.items() if address != url}
            self._write(_Kept(logins=left, default="" if kept.default == url else kept.default))
        return found

    def _read(self) -> _Kept:
        """Raises NotConfigured for a file that others can read or write, and for what is no such file."""
        if self.path is None:
            return _Kept()
        try:
            with self.path.open("rb") as file:
                _only_mine(self.path, os.fstat(file.fileno()))
                text = file.read(LARGEST)
        except (FileNotFoundError, NotADirectoryError):
            return _Kept()
        try:
            return msgspec.json.decode(text, type=_Kept)
        except (msgspec.MsgspecError, ValueError):
            raise NotConfigured(
                "this is no file of logins", where=str(self.path), possible=("remove it, and flow login URL",)
            ) from None

    def _write(self, kept: _Kept) -> None:
        """In one step: whoever reads meanwhile has the whole old or the whole new. Raises NotConfigured."""
        if self.path is None:
            raise NotConfigured(
                "there is no place to keep a login", where="FLOW_CONFIG", possible=("FLOW_CONFIG=FOLDER", "FLOW_TOKEN")
            )
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.path.with_name(f".{FILE}.{os.getpid()}")
        with suppress(FileNotFoundError):
            new.unlink()
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(kept), indent=2))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)


def _only_mine(path: Path, found: os.stat_result) -> None:
    """Raises NotConfigured for a file that others can read or write."""
    if os.name != "posix":
        return  # modes say nothing there: the user's own folder is what keeps it
    others = stat.S_IMODE(found.st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    if others or found.st_uid != os.geteuid():
        raise NotConfigured(
            "others can read or change your logins, so they are not used",
            where=str(path),
            possible=(f"chmod 600 {path}, and log in anew if somebody may have read it",),
        )
