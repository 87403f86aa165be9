"""serve and token."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from waiting import heard, killed_after

from flowengine import Engine

if TYPE_CHECKING:
    from conftest import Flow


def test_a_token_is_shown_once(shop: Flow) -> None:
    """Creating shows the secret; no list shows it again."""
    made = shop.json("token", "create", "worker", "mill", "--handler", "buy_wood", "--expires", "P30D")
    assert re.fullmatch(r"flow_[\w-]{43}", made["token"])
    assert (made["scope"], made["subject"], made["handlers"]) == ("worker", "mill", ["buy_wood"])
    (listed,) = shop.json("token", "list")
    assert listed["id"] == made["id"]
    assert "token" not in listed
    out = shop.run("token", "list").stdout
    assert made["token"] not in out
    assert "until" in out
    shown = shop.run("token", "create", "metrics", "grafana").stdout
    assert len(re.findall(r"flow_[\w-]{43}", shown)) == 1
    assert "token revoke" in shown


def test_a_token_is_revoked(shop: Flow) -> None:
    """A revoked token is listed as that, and an unknown one is told."""
    made = shop.json("token", "create", "metrics", "grafana", "--expires", "2999-01-01T00:00:00Z")
    assert shop.json("token", "revoke", made["id"])["revoked"]
    assert "revoked" in shop.run("token", "list").stdout
    assert shop.json("token", "revoke", "nothing", code=1)["error"] == "NotFound"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("emperor", "me"), 1),
        (("worker", "mill"), 1),
        (("metrics", "x", "--handler", "h"), 1),
        (("metrics", "x", "--expires", "soon"), 2),
        (("metrics", "x", "--expires", "2001-01-01T00:00:00Z"), 1),
        (("metrics",), 2),
    ],
)
def test_what_no_token_can_be_is_refused(shop: Flow, words: tuple[str, ...], code: int) -> None:
    """A token that cannot be is refused with a reason, and nothing is kept."""
    assert shop.json("token", "create", *words, code=code)["what"]
    assert shop.json("token", "list") == []


@contextmanager
def _served(shop: Flow, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``flow serve`` as a process of its own; its address."""
    command = [sys.executable, "-m", "flowengine.cli", "serve", "--at", f"sqlite:///{shop.folder}/flow.db", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with killed_after(subprocess.Popen([*command, "--port", "0", "--json"], text=True, **pipes)) as process:
        lines = ""
        while "}" not in lines:
            lines += heard(process)
        yield process, json.loads(lines)["url"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_works_until_it_is_told_to_stop(shop: Flow, number: signal.Signals) -> None:
    """The server says where it is, serves, and ends well on a signal, with nothing on standard error."""
    token = shop.json("token", "create", "worker", "mill", "--handler", "buy_wood")["token"]
    shop.visited()
    with _served(shop) as (process, url), httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        headers = {"authorization": f"Bearer {token}"}
        answer = client.post("/api/v1/calls/claim", json={"worker": "saw-1"}, headers=headers)
        assert [call["handler"] for call in answer.json()["calls"]] == ["buy_wood"]
        process.send_signal(number)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_serve_takes_settings_from_the_environment(shop: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be used is refused before anything is served."""
    monkeypatch.setenv("FLOW_HOOK_SECRETS", "parcel=nonsense")
    assert shop.json("serve", "--port", "0", code=1)["error"] == "NotConfigured"


def test_a_port_that_is_taken_is_told(shop: Flow) -> None:
    """Somebody else's port is an error that names it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        told = shop.json("serve", "--port", port, code=1)
    assert port in told["where"]


def test_without_a_database_nothing_is_served(empty: Flow) -> None:
    """The server makes no database of its own."""
    assert empty.json("serve", "--port", "0", code=1)["error"] == "NotFound"
    assert not (empty.folder / "flow.db").exists()


def test_without_its_libraries_serve_says_what_to_install(shop: Flow) -> None:
    """Whoever installed the core alone is told which extra it takes."""
    script = (
        "import sys; sys.modules['uvicorn'] = None; from flowengine.cli import flow;"
        f"flow.main(['serve', '--json', '--at', 'sqlite:///{shop.folder}/flow.db'])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "needflow[web]" in json.loads(done.stdout)["possible"][0]


@pytest.mark.parametrize("killed", [False, True])
def test_several_processes_serve_one_postgresql(postgres_url: str, killed: bool) -> None:
    """They answer at one address until a signal ends them all; when one is killed, all end, and that is said."""
    with Engine(postgres_url) as engine:
        token = engine.issue_token("operator", "mika").token
    command = [sys.executable, "-m", "flowengine.cli", "serve", "--processes", "2", "--port", "0", "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with killed_after(subprocess.Popen([*command, "--at", postgres_url], text=True, **pipes)) as process:
        lines = ""
        while "}" not in lines:
            lines += heard(process)
        url, headers = json.loads(lines)["url"], {"authorization": f"Bearer {token}"}
        parts = _parts(process.pid)
        assert len(parts) == 2
        for _ in range(8):  # each connection is dealt to one of them
            assert httpx.get(f"{url}/api/v1/now", headers=headers, trust_env=False).status_code == 200
        os.kill(parts[0] if killed else process.pid, signal.SIGKILL if killed else signal.SIGTERM)
        assert process.wait(60) == int(killed)
        assert process.stderr is not None
        assert process.stdout is not None
        said = process.stdout.read() + process.stderr.read()
        assert ("ended by itself" in said) is killed
        assert _parts(process.pid) == []


def _parts(pid: int) -> list[int]:
    """The processes that a server has begun to serve by."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = map(int, children.read_text().split()) if children.exists() else ()
    return [one for one in found if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


def test_several_processes_do_not_serve_a_file(shop: Flow) -> None:
    """They would take turns."""
    assert shop.json("serve", "--processes", "2", "--port", "0", code=1)["where"] == "processes"
