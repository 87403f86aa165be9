"""A pgbouncer in transaction mode stands in between: each transaction may be on another of its connections."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from servers import Server, as_user, clusters
from talking import Crowd, begin, engine_on, engines_on, prepare, said

from flowengine.errors import StoreError
from flowengine.store import Database

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed (apt-get install pgbouncer)")

CONFIGURATION = """
[databases]
* = host={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = {folder}
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
logfile = {folder}/log
pidfile =
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with clusters() as make:
        server = make("behind")
        for name in ("flow", "empty"):
            server.execute(f"CREATE DATABASE {name}")
        prepare(server.url("flow"))
        yield server


@pytest.fixture(scope="module")
def pooler(server: Server) -> Iterator[str]:
    """The address of the database ``flow`` behind pgbouncer."""
    folder = server.folder / "pgbouncer"
    folder.mkdir()
    if as_user():
        shutil.chown(folder, as_user()["user"])
    port = free_port()
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(CONFIGURATION.format(server=server.folder, folder=folder, port=port))
    configuration.chmod(0o644)
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            [str(PROGRAM), str(configuration)], stdin=subprocess.DEVNULL, stdout=out, stderr=out, **as_user()
        )
    url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/flow"
    try:
        server.until(lambda: answers(url, process, folder / "out"), "be reached through pgbouncer")
        yield url
    finally:
        process.terminate()
        process.wait(60)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def answers(url: str, process: subprocess.Popen[bytes], out: Path) -> bool:
    assert process.poll() is None, out.read_text()
    try:
        psycopg.connect(url.replace("+psycopg", "")).close()
    except psycopg.OperationalError:
        return False
    return True


def test_many_clients_share_few_connections(server: Server, pooler: str) -> None:
    """Six clients act at once over three connections of the server, often enough for statements to be prepared; each
    act is kept once."""
    with engines_on(pooler, 6, timeout=60) as engines:
        with Crowd(engines) as crowd:
            crowd.until(150)
        assert crowd.errors == []
        crowd.check(engines[0])
    assert len(server.execute("SELECT 1 FROM pg_stat_activity WHERE datname = 'flow'")) <= 3


def test_a_pooler_is_recognised(server: Server, pooler: str) -> None:
    """Behind a pooler nothing is prepared on the server, unless the address says so; without one it is."""

    def threshold(url: str) -> object:
        with Database.open(url) as database, database.writing() as tx:
            return tx.channel.raw.prepare_threshold  # type: ignore[attr-defined]

    assert threshold(pooler) is None
    assert threshold(server.url("flow")) == 5
    assert threshold(server.url("flow", prepare_threshold="none")) is None
    assert threshold(f"{pooler}?prepare_threshold=7") == 7
    with pytest.raises(StoreError, match="prepare_threshold=often"):
        Database.open(f"{pooler}?prepare_threshold=often")


def test_tables_are_made_through_a_pooler(pooler: str) -> None:
    """An empty database is brought to the newest schema through pgbouncer as well."""
    with Database.open(pooler.replace("/flow", "/empty")) as database:
        assert database.upgrade() == database.revision()


def test_a_restart_behind_the_pooler_is_survived(server: Server, pooler: str) -> None:
    """When the server behind pgbouncer is restarted, the acts that it broke off are done again."""
    with engine_on(pooler, timeout=60) as engine:
        job = begin(engine)
        for number in range(3):
            server.restart("immediate")
            engine.say(job, f"word {number}", by="ada")
        assert said(engine, job) == ["word 0", "word 1", "word 2"]
