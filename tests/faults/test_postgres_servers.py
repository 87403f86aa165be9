"""The helpers break what they say they break: servers stop and are promoted, the proxy loses what it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from proxy import Proxy
from servers import Make, Server, both, clusters, primary_and_standby


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with clusters() as make:
        yield make


@pytest.fixture(scope="module")
def server(make: Make) -> Server:
    return make("single")


@pytest.fixture
def table(server: Server) -> Iterator[str]:
    server.execute("CREATE TABLE seen (n int)")
    yield "seen"
    server.execute("DROP TABLE seen")


def test_a_server_keeps_what_was_committed_when_it_is_stopped_at_once(server: Server, table: str) -> None:
    """After an immediate stop, and after a SIGKILL, the server recovers with all that was committed."""
    for number, mode in enumerate(("immediate", "kill", "fast"), 1):
        server.execute(f"INSERT INTO {table} VALUES (%s)", number)
        server.restart(mode)
    assert server.execute(f"SELECT count(*) FROM {table}") == [(3,)]


@pytest.mark.parametrize(("when", "kept"), [("before", 0), ("after", 1), ("late", 0)])
def test_a_commit_is_lost_as_told(server: Server, table: str, when: str, kept: int) -> None:
    """The client's connection breaks at its COMMIT, and the server has done it, or not, as was said."""
    with Proxy(server.socket) as proxy:
        connection = psycopg.connect(proxy.url().replace("+psycopg", ""))
        connection.execute(f"INSERT INTO {table} VALUES (1)")
        proxy.lose_commit(when)
        with pytest.raises(psycopg.OperationalError):
            connection.commit()
        connection.close()
        assert server.execute(f"SELECT count(*) FROM {table}") == [(kept,)]
        if when == "late":
            proxy.release()
            server.until(lambda: server.execute(f"SELECT count(*) FROM {table}") == [(1,)], "commit late")
        assert proxy.lost == 1


def test_a_black_hole_delivers_nothing_until_it_is_healed(server: Server) -> None:
    """What is sent into a black hole is answered when the network is back, and a cut ends it all."""
    with Proxy(server.socket) as proxy:
        connection = psycopg.connect(proxy.url().replace("+psycopg", ""), autocommit=True)
        answers: list[object] = []
        thread = threading.Thread(target=lambda: answers.append(connection.execute("SELECT 1").fetchone()))
        proxy.blackhole()
        thread.start()
        thread.join(0.2)
        assert not answers
        proxy.heal()
        thread.join(30)
        assert answers == [(1,)]
        assert proxy.cut() == 1
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        connection.close()


def test_a_standby_has_what_was_acknowledged_and_takes_over() -> None:
    """A synchronous standby that is promoted has every acknowledged row, and one address finds who takes writes."""
    with primary_and_standby() as (primary, standby):
        url = both("postgres", standby, primary).replace("+psycopg", "")
        primary.execute("CREATE TABLE seen (n int)")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("INSERT INTO seen VALUES (1)")
        primary.stop("immediate")
        standby.promote()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("INSERT INTO seen VALUES (2)")
        assert standby.execute("SELECT n FROM seen ORDER BY n") == [(1,), (2,)]
