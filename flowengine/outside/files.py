"""Where files are kept: a folder, memory, or a store that speaks S3; the one file that imports obstore.

An object is called by the id of its file, which says nothing of what it was called by whoever gave it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import unquote, urlsplit

from flowengine.distribution import installing
from flowengine.errors import NotConfigured, Unreachable

if TYPE_CHECKING:
    from obstore.store import ObjectStore

PART = 256 * 1024
"""Bytes that are read at a time, at least, of what is streamed."""

EXAMPLES = ("file:///var/lib/flow/files", "s3://bucket/flow", "memory://")


class Scanned(NamedTuple):
    """What a scanner finds of a file: whether it may be given to people, and if not, why, in words for them."""

    clean: bool
    why: str = ""


Scanner: TypeAlias = Callable[[bytes], Scanned]
"""Looks at the contents of a file. What it raises is logged, and the file is looked at again."""


class Depot:
    """The place of the files of one installation; opened when it is first used.

    ``url`` is ``file:///folder``, ``s3://bucket/prefix`` (keys and endpoint by the usual ``AWS_…`` variables, or
    ``options``) or ``memory://``. Without one, files stand in a folder beside the SQLite file ``database``; in memory,
    where the database is. Raises NotConfigured where no place is said and none goes without saying.
    """

    def __init__(self, url: str, database: str, options: Mapping[str, object] | None = None) -> None:
        self.url = url or _beside(database)
        self._options = dict(options or {})
        self._store: ObjectStore | None = None
        self._lock = Lock()

    def put(self, id: str, data: bytes) -> None:
        """Keep an object. Raises Unreachable where that cannot be done now."""
        import_obstore()
        import obstore

        store = self._opened()
        try:
            obstore.put(store, _path(id), data)
        except obstore.exceptions.BaseError as error:
            raise _away(error) from error

    def get(self, id: str) -> bytes:
        """All of an object. Raises FileNotFoundError where there is none, Unreachable."""
        return b"".join(self.stream(id))

    def stream(self, id: str) -> Iterator[bytes]:
        """An object part by part; whether it is there shows at once. Raises as :meth:`get` does."""
        import_obstore()
        import obstore

        store = self._opened()
        try:
            found = obstore.get(store, _path(id))
        except FileNotFoundError:
            raise
        except obstore.exceptions.BaseError as error:
            raise _away(error) from error

        def parts() -> Iterator[bytes]:
            for part in found.stream(min_chunk_size=PART):
                yield bytes(part)

        return parts()

    def delete(self, id: str) -> None:
        """Delete an object; one that is not there is fine. Raises Unreachable."""
        import_obstore()
        import obstore

        store = self._opened()
        try:
            obstore.delete(store, _path(id))
        except FileNotFoundError:
            return
        except obstore.exceptions.BaseError as error:
            raise _away(error) from error

    def check(self) -> None:
        """Raises NotConfigured where files cannot be kept as things are."""
        import_obstore()
        self._opened()

    def _opened(self) -> ObjectStore:
        if not self.url:
            what = "where files are kept is not said, and beside a database server no place goes without saying"
            raise NotConfigured(what, where="FLOW_FILES", possible=EXAMPLES)
        with self._lock:
            if self._store is None:
                self._store = _open(self.url, self._options)
            return self._store


def import_obstore() -> None:
    """Raises NotConfigured where the library is not installed."""
    try:
        import obstore  # noqa: F401 - to see whether it is there
    except ImportError:
        raise NotConfigured(
            "files are kept by the library obstore", where="FLOW_FILES", possible=(installing("files"),)
        ) from None


def check_url(url: str) -> None:
    """Raises NotConfigured for what is no place of files."""
    parts = urlsplit(url)
    fine = {
        "memory": not parts.netloc,
        "file": parts.path.startswith("/") and not parts.netloc,
        "s3": bool(parts.netloc),
    }
    if not fine.get(parts.scheme, False):
        raise NotConfigured(f"{url[:200]!r} is no place for files", where="FLOW_FILES", possible=EXAMPLES)


def _open(url: str, options: dict[str, object]) -> ObjectStore:
    from obstore.store import LocalStore, MemoryStore, S3Store

    check_url(url)
    parts = urlsplit(url)
    if parts.scheme == "memory":
        return MemoryStore()
    if parts.scheme == "s3":
        return S3Store.from_url(url, **options)  # type: ignore[arg-type]  # whatever the library takes
    folder = Path(unquote(parts.path))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise NotConfigured(f"{folder} cannot be made: {error.strerror}", where="FLOW_FILES") from None
    return LocalStore(folder)


def _beside(database: str) -> str:
    """The folder beside a SQLite file; memory beside one that is in memory; nowhere beside a server."""
    scheme, _, rest = database.partition("://")
    if not scheme.startswith("sqlite"):
        return ""
    path = rest.partition("?")[0].removeprefix("/")
    if path in ("", ":memory:"):
        return "memory://"
    return f"{Path(path).absolute().as_uri()}.files"


def _path(id: str) -> str:
    return f"{id[5:7]}/{id}"


def _away(error: Exception) -> Unreachable:
    return Unreachable(
        f"where files are kept cannot be reached: {str(error).splitlines()[0][:200]}", possible=("try again",)
    )
