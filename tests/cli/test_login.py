"""``flow login``, ``logout`` and ``whoami``: where commands go, and for whom."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from outside_server import Reply, Sent, Server, serving
from served_engine import serving_engine, token_of
from terminal import Terminal
from waiting import join

from flowengine import Engine, Identity, SimulatedClock, client
from flowengine.cli import flow

if TYPE_CHECKING:
    from conftest import Flow


def run(*words: str, code: int = 0, **more: Any) -> Result:
    """A command that is told no place by its caller."""
    result = CliRunner().invoke(flow, words, **more)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def far(shop: Flow) -> Flow:
    """The shop before a server."""
    shop.far = True
    return shop


@pytest.fixture
def kept(empty: Flow) -> Path:
    """The file of the logins."""
    return empty.folder / "config" / "logins.json"


def test_a_token_is_piped_and_commands_go_there(far: Flow, kept: Path) -> None:
    """Who has signed in names no place and nobody from then on; who signs out is near again."""
    token = far.token("ada") or ""
    job = far.start()
    told = run("login", far.at, "--token-stdin", input=f"{token}\n")
    assert f"Signed in at {far.at} as Ada (ada)." in told.stdout
    assert token not in told.output
    assert json.loads(run("inbox", "--json").stdout)[0]["short"].startswith(job)
    home = run().stdout
    assert home.startswith("Ada  ")
    assert f"at {far.at}\n" in home
    assert "flow act " in home
    assert "--at" not in home
    assert f"At {far.at}\nYou are Ada (ada; customer)\n" in run("whoami").stdout
    assert json.loads(run("whoami", "--json").stdout)["person"]["id"] == "ada"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert f"Signed out of {far.at}, where you were Ada (ada)." in run("logout").stdout
    assert token not in kept.read_text()
    assert "Say who you are" in run("inbox", code=2).stderr
    assert f"At {far.near.rpartition('/')[0].partition('///')[0]}" in run("whoami", "--at", far.near).stdout


def test_what_is_said_goes_before_the_login(far: Flow) -> None:
    """--at, then FLOW_AT, then the login that was made last."""
    run("login", far.at, "--token-stdin", input=far.token("ada"))
    assert "as whom" not in run("whoami").stdout
    assert "You are nobody in particular" in run("whoami", "--at", far.near).stdout
    assert "You are nobody in particular" in run("whoami", env={"FLOW_AT": far.near}).stdout
    assert "You are Tom" in run("whoami", env={"FLOW_TOKEN": far.token("tom")}).stdout


def test_who_asks_a_server_is_who_has_signed_in(far: Flow) -> None:
    """--as may say the same, and nobody else."""
    run("login", far.at, "--token-stdin", input=far.token("ada"))
    for same in ("ada", "Ada", "ada@example.org"):
        assert run("inbox", "--as", same).stdout
    refused = run("inbox", "--as", "tom", code=1).stderr
    assert "who asks a server is who has signed in there, and that is Ada (ada), not 'tom'" in refused
    assert "leave out --as" in refused
    assert run("inbox", code=1, env={"FLOW_AS": "tom"}).stderr == refused


def test_a_program_that_has_signed_in_is_nobody(far: Flow) -> None:
    """It may list and look after jobs, and has no home."""
    told = run("login", far.at, "--token-stdin", input=far.token(""))
    assert "as a program" in told.stdout
    assert run("jobs").exit_code == 0
    assert "no step waits" in run(code=1).stderr
    assert "nobody in particular" in run("whoami").stdout
    assert "who has signed in there, and that is a program, not 'ada'" in run("jobs", "--as", "ada", code=1).stderr


def test_a_token_that_is_not_valid_is_not_kept(far: Flow, kept: Path) -> None:
    """It is shown to the server first."""
    refused = run("login", far.at, "--token-stdin", input="flow_wrong\n", code=1)
    assert "the token is not valid" in refused.stderr
    assert "flow_wrong" not in refused.output
    assert "one line" in run("login", far.at, "--token-stdin", input="", code=2).stderr
    assert "this is no token" in run("login", far.at, "--token-stdin", input="two words\n", code=1).stderr
    assert not kept.exists()


def test_a_login_that_was_revoked_says_how_to_sign_in(far: Flow) -> None:
    """The command that helps stands in the refusal."""
    run("login", far.at, "--token-stdin", input=far.token("ada"))
    (token,) = [one for one in far.json("token", "list", who="olga") if one["subject"] == "ada"]
    far.run("token", "revoke", token["id"], who="olga")
    assert f"flow login {far.at}" in run("inbox", code=1).stderr


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_logins_that_others_can_read_are_not_used(far: Flow, kept: Path) -> None:
    """Whoever could have read a token is told, and what to do."""
    run("login", far.at, "--token-stdin", input=far.token("ada"))
    for mode in (0o640, 0o604, 0o660, 0o602):
        kept.chmod(mode)
        told = run("inbox", code=1).stderr
        assert "others can read or change your logins" in told
        assert f"chmod 600 {kept}" in told
    kept.chmod(0o600)
    assert run("inbox").exit_code == 0
    for garbage in (b"", b"[]", b'{"logins": 7}', b"\xff\xfe"):
        kept.write_bytes(garbage)
        assert "this is no file of logins" in run("inbox", code=1).stderr


CODE = {
    "device_code": "dev-s3cret", "user_code": "WDJB-MJHT", "verification_uri": "https://shop.example/device",
    "expires_in": 900, "interval": 1,
}  # fmt: skip


class Signing:
    """A server that signs programs in by a code; ``polls`` are its answers to whoever waits, one after the other."""

    def __init__(self, *polls: tuple[int, dict[str, Any]]) -> None:
        self.polls = list(polls)
        self.sent: list[Sent] = []

    def __call__(self, sent: Sent) -> Reply:
        self.sent.append(sent)
        status, body = self.reply(sent)
        return Reply(status, json.dumps(body).encode())

    def reply(self, sent: Sent) -> tuple[int, Any]:
        if sent.path == "/api/v1/device/code":
            return 200, CODE
        if sent.path == "/api/v1/device/token":
            assert json.loads(sent.body) == {"device_code": "dev-s3cret"}
            return self.polls.pop(0)
        assert sent.path == "/api/v1/me"
        assert sent.headers["authorization"] == "Bearer flow_good"
        return 200, {"id": "ada", "kind": "customer", "name": "Ada"}


@pytest.fixture
def server(empty: Flow) -> Iterator[Server]:
    del empty  # whose environment it is
    with serving() as server:
        yield server


def test_a_person_signs_in_by_a_code(server: Server, kept: Path) -> None:
    """The code and where to type it are told; once it was allowed, it goes on by itself."""
    pending = (400, {"error": "authorization_pending"})
    granted = (200, {"token": "flow_good", "person": "ada", "expires": "2030-01-01T00:00:00Z"})
    server.answer = signing = Signing(pending, granted)
    told = run("login", server.url)
    assert "Open https://shop.example/device\nand type WDJB-MJHT\n" in told.stdout
    assert f"Signed in at {server.url} as Ada (ada) until Tue 1 Jan 2030" in told.stdout
    assert "s3cret" not in told.output
    assert "flow_good" not in told.output
    assert json.loads(signing.sent[0].body)["client"].startswith("flow on ")
    assert json.loads(kept.read_text())["logins"][server.url]["token"] == "flow_good"


def test_a_login_is_made_and_revoked_at_the_server(far: Flow) -> None:
    """The code that the server gives is allowed there; who signs out leaves no token that is valid, nor his others."""
    engine = far.server()[1]
    ada = Identity(person="ada", strength="host")
    other = engine.issue_own_token(["read"], name="another", by=ada)

    def allow() -> None:
        for word in iter(typed.get, ""):
            engine.approve_device(word, by=ada)

    typed: SimpleQueue[str] = SimpleQueue()
    allowing = Thread(target=allow)
    allowing.start()
    try:
        where, login = client.log_in(far.at, lambda code: typed.put(code.user_code))
    finally:
        typed.put("")
        join(allowing)
    assert (where, login.person, login.name) == (far.at, "ada", "Ada")
    assert login.expires is not None
    assert run("whoami").stdout.startswith(f"At {far.at}\nYou are Ada (ada; customer)\nSigned in until ")
    made = next(one for one in engine.own_tokens(by=ada) if one.id != other.id)
    assert made.name.startswith("flow on ")
    told = run("logout").stdout
    assert told == f"Signed out of {far.at}, where you were Ada (ada).\n"
    assert {one.id: one.revoked is not None for one in engine.own_tokens(by=ada)} == {made.id: True, other.id: False}


def test_who_signs_out_hears_what_is_still_valid(far: Flow) -> None:
    """A token that was piped was made elsewhere, and a server that is away revokes nothing."""
    run("login", far.at, "--token-stdin", input=far.token("ada"))
    assert "Its token is still valid there: it was made elsewhere." in run("logout").stdout
    run("login", far.at, "--token-stdin", input=far.token("ada"))
    assert json.loads(run("logout", "--json").stdout) == {"at": far.at, "person": "ada", "revoked": False}


def test_a_program_reads_where_the_code_is_typed(server: Server) -> None:
    """With --json the one document is on standard output, and the code on standard error."""
    server.answer = Signing((200, {"token": "flow_good", "person": "ada"}))
    told = run("login", server.url, "--json")
    assert told.stderr == "https://shop.example/device WDJB-MJHT\n"
    assert json.loads(told.stdout) == {"at": server.url, "person": "ada", "name": "Ada", "expires": None}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("access_denied", "it was refused where the code was typed"),
        ("expired_token", "nobody has typed the code in time"),
    ],
)
def test_what_is_refused_is_told(server: Server, kept: Path, error: str, words: str) -> None:
    """Nothing is kept then."""
    server.answer = Signing((400, {"error": error}))
    assert words in run("login", server.url, code=1).stderr
    assert not kept.exists()


def test_a_server_without_codes_says_what_else(server: Server) -> None:
    """A token may be piped."""
    server.answer = lambda _: Reply(200, b"<html>")
    assert "flow login URL --token-stdin" in run("login", server.url, code=1).stderr
    server.answer = lambda _: Reply(404, b'{"error": "NotFound", "what": "no such path"}')
    assert "no such path" in run("login", server.url, code=1).stderr


def test_what_day_it_is_the_server_says(shop: Flow) -> None:
    """Where the clock of this machine says another, appointments and days in words are by the server's."""
    ahead = SimulatedClock(datetime(2031, 3, 7, 12, tzinfo=UTC))
    with Engine(shop.near, clock=ahead) as engine, serving_engine(engine) as url:
        known = {"FLOW_TOKEN": token_of(engine, "tom")}
        assert "Nothing is booked for Fri 7 Mar 2031" in run("agenda", "--at", url, env=known).stdout
        told = run("agenda", "--day", "tomorrow", "--at", url, env=known).stdout  # --at is read first
        assert "Nothing is booked for Sat 8 Mar 2031" in told
        need = ("--set", "wish=A shelf", "--set", "width=80", "--set", "by=in 3 days")
        ada = {"FLOW_TOKEN": token_of(engine, "ada"), "FLOW_AT": url}
        assert "Needed by: Mon 10 Mar 2031" in run("start", "workshop", *need, env=ada).stdout


def test_ctrl_c_while_waiting_changes_nothing(server: Server, empty: Flow, kept: Path) -> None:
    """It stops with words, and without a login."""
    server.answer = Signing(*[(400, {"error": "authorization_pending"})] * 100)
    with Terminal(empty.folder, "login", server.url) as terminal:
        terminal.expect("WDJB-MJHT")
        terminal.expect("Ctrl-C stops")
        terminal.interrupt()
        terminal.expect("Stopped. Nothing was changed.")
        assert terminal.leave() == 1
        assert "Traceback" not in terminal.text
    assert not kept.exists()


def test_a_person_at_a_terminal_acts_far_as_near(far: Flow) -> None:
    """The questions are the same; when the server goes away meanwhile, what was answered is kept."""
    known = {"FLOW_AT": far.at, "FLOW_TOKEN": far.token("ada") or ""}
    with Terminal(far.folder, "start", "workshop", **known) as terminal:
        terminal.expect("Your wish: ")
        terminal.send("A table")
        terminal.expect("Width (20 to 300 cm): ")
        terminal.send("80")
        terminal.expect("Needed by (")
        terminal.expect("): ")
        terminal.send("")
        terminal.expect("Send it? ")
        terminal.send("y")
        terminal.expect("We know what you need.")
        assert terminal.leave() == 0
    with Terminal(far.folder, "act", **known) as terminal:
        terminal.expect("Wood (number or name): ")
        terminal.send("oak")
        terminal.expect("Legs (3, 4): ")
        terminal.send("4")
        terminal.expect("Extras (")
        terminal.expect("): ")
        terminal.send("")
        terminal.expect("Send it? ")
        far.closing.close()
        terminal.send("y")
        terminal.expect("Failed: the server does not answer")
        assert terminal.leave() == 1
    (kept,) = (far.folder / "state" / "drafts").iterdir()
    assert json.loads(kept.read_text())["answers"]["wood"] == "oak"
