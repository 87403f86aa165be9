"""Connections of ``flow serve``: quick answers, limits of time and number, a log that stays small."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from httpx import Client
from served_app import Door
from waiting import heard, join, killed_after, until

from flowengine import Engine
from flowengine.web import connections
from flowengine.web.serving import Server

HALF = b"POST /api/v1/calls/claim HTTP/1.1\r\nHost: here\r\n"
BODY = HALF + b"Authorization: Bearer TOKEN\r\nContent-Length: 100\r\nContent-Type: application/json\r\n\r\n{"

_LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
from flowengine.cli import flow
flow.main(["serve", "--json", "--port", "0", "--at", sys.argv[1]])
"""


@contextmanager
def _serving(door: Door, limits: connections.Limits | None = None) -> Iterator[int]:
    """The application on the server of ``flow serve``, in a thread; its port."""
    server = Server(door.app, limits)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            until(lambda: server.started or not thread.is_alive())
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            join(thread)


def _dripped(client: socket.socket, drop: bytes) -> bool:
    """Send a little again and again, until the server ends the connection, perhaps after an answer; whether it does."""
    client.settimeout(0.05)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            client.sendall(drop)
            while client.recv(1000):
                pass
        except TimeoutError:
            continue
        except (ConnectionResetError, BrokenPipeError):
            pass
        return True
    return False


def test_requests_on_a_kept_connection_are_answered_without_delay(door: Door) -> None:
    """An answer on a connection that was kept waits for no acknowledgement of its first part (40 ms on Linux)."""
    with _serving(door) as port, Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        taken = []
        for _ in range(20):
            began = time.perf_counter()
            assert client.get("/health/live").status_code == 200
            taken.append(time.perf_counter() - began)
    assert sorted(taken)[10] < 0.035


@pytest.mark.parametrize("sent", [b"", HALF, BODY])
def test_who_sends_no_whole_request_in_time_is_let_go(
    door: Door, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A head or a body that does not come in time ends the connection, however often a little more of it comes."""
    short = connections.Limits(head=0.3, body=0.3)
    with _serving(door, short) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(sent.replace(b"TOKEN", door.token.encode()))
        assert _dripped(client, b" " if sent == BODY else b"x" if sent else b"")
    assert not caplog.records


def test_a_slow_answer_is_not_cut_off(door: Door) -> None:
    """Whoever has sent a whole request may wait for its answer for longer than the request might have taken."""
    short = connections.Limits(head=0.3, body=0.3)
    headers = {"authorization": f"Bearer {door.token}"}
    with _serving(door, short) as port, Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        asked = {"worker": "saw-1", "wait": 1}
        assert client.post("/api/v1/calls/claim", json=asked, headers=headers).json() == {"calls": []}


def test_who_takes_no_answer_is_let_go(door: Door) -> None:
    """Whoever asks and never reads holds his connection only for a time."""
    with _serving(door, connections.Limits(answer=0.3)) as port, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.settimeout(10)
        client.connect(("127.0.0.1", port))
        with pytest.raises(OSError, match=r"reset|Broken pipe"):  # noqa: PT012 - it may end at any of them
            for _ in range(100_000):
                client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: here\r\n\r\n" * 20)


def test_what_is_no_request_is_answered_in_the_shape_of_every_error(door: Door) -> None:
    """What is no HTTP, and a head without end, are refused with a problem, and the connection ends."""
    endless = b"GET /health/live HTTP/1.1\r\nHost: here\r\n" + b"X-Filler: " + b"x" * 1000 + b"\r\n"
    for sent, again, status in ((b"hello\r\n\r\n", b"", 400), (endless, b"X-More: " + b"y" * 8000 + b"\r\n", 431)):
        with _serving(door) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(sent)
            try:
                for _ in range(12 if again else 0):
                    client.sendall(again)
            except OSError:
                pass  # it has been let go by then
            answer = b""
            try:
                while part := client.recv(10_000):
                    answer += part
            except ConnectionResetError:
                pass  # what was sent beyond the bound is not read
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status), answer
        assert b"x-content-type-options: nosniff" in head
        assert b"content-security-policy: default-src 'none'" in head
        assert json.loads(body)["status"] == status


def test_where_a_request_ends_is_read_in_one_way_alone(door: Door) -> None:
    """What a proxy could read otherwise is refused as a whole, and what stands behind it is no request."""
    head = b"POST /api/v1/complete HTTP/1.1\r\nHost: here\r\n"
    behind = b"GET /health/live HTTP/1.1\r\nHost: here\r\n\r\n"
    doubtful = (
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
        b"Content-Length: +0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n",
        b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        b"X-Name: a\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
        b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
    )
    with _serving(door) as port:
        for framing in doubtful:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                client.sendall(head + framing + behind)
                answer = b""
                while part := client.recv(10_000):
                    answer += part
            assert answer.startswith(b"HTTP/1.1 400 "), framing
            assert answer.count(b"HTTP/1.1 ") == 1, framing


def test_several_requests_may_be_sent_before_the_first_answer(door: Door) -> None:
    """Answers come in the order of the requests, and none of them is cut off for the others' time."""
    short = connections.Limits(head=0.3, body=0.3)
    body = json.dumps({"worker": "saw-1", "wait": 1}).encode()
    head = BODY.partition(b"Content-Length")[0].replace(b"TOKEN", door.token.encode())
    claim = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with _serving(door, short) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(claim + b"GET /health/live HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := client.recv(10_000):
            answer += part
    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.index(b'"calls"') < answer.index(b'"alive"')


def test_half_sent_requests_give_way_to_whole_ones(tmp_path: Path) -> None:
    """With 256 file descriptors and 300 half-sent requests the server goes on answering, and its log stays small."""
    at = f"sqlite:///{tmp_path}/flow.db"
    Engine(at).close()
    command = [sys.executable, "-c", _LIMITED, at]
    with (
        ExitStack() as slow,
        killed_after(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)) as process,
    ):
        assert process.stderr is not None
        try:
            lines = ""
            while "}" not in lines:
                lines += heard(process)
            url = json.loads(lines)["url"]
            found = re.search(r":(\d+)$", url)
            assert found
            for number in range(300):
                client = slow.enter_context(socket.create_connection(("127.0.0.1", int(found[1])), timeout=10))
                client.sendall(BODY if number % 2 else HALF)
            for _ in range(5):
                with Client(base_url=url, trust_env=False, timeout=5) as asking:
                    assert asking.get("/health/live").status_code == 200
                    assert asking.get("/health/ready").status_code == 200
        finally:
            process.terminate()
            process.wait(60)
        assert len(process.stderr.read()) < 2000


def test_that_no_connection_can_be_taken_is_said_once_a_while(caplog: pytest.LogCaptureFixture) -> None:
    """Of many errors in taking connections one is told; other errors of the loop are told as ever."""
    quiet = connections.Quiet()
    loop = asyncio.new_event_loop()
    context = {
        "message": "socket.accept() out of system resource",
        "exception": OSError(errno.EMFILE, "Too many open files"),
    }
    try:
        with caplog.at_level(logging.ERROR):
            for _ in range(1000):
                quiet(loop, context)
            assert [record.getMessage() for record in caplog.records] == [
                "no more connections can be taken: Too many open files"
            ]
            quiet(loop, {"message": "something else"})
            assert len(caplog.records) == 2
    finally:
        loop.close()
