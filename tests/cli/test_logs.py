"""Logs of worker and server: one line a record, for people or machines, without secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from flowengine import Refused
from flowengine.cli.logs import SECURITY, configure, masked


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The log of the tests themselves is as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def say() -> None:
    try:
        raise RuntimeError("Ada's wedding is a secret")
    except RuntimeError:
        logging.getLogger("flowengine.worker").warning("a call failed", exc_info=True, extra={"job": "j-1", "call": 4})


def test_json_lines_say_what_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    """A line is one JSON object with the record's own facts; an error is told by type and place, not by its words."""
    configure({"FLOW_LOG": "json"})
    say()
    (line,) = capsys.readouterr().err.splitlines()
    found = json.loads(line)
    assert (found["level"], found["logger"], found["message"]) == ("warning", "flowengine.worker", "a call failed")
    assert (found["job"], found["call"]) == ("j-1", 4)
    assert found["error"].startswith("RuntimeError at test_logs.py:")
    assert "wedding" not in line


def test_text_lines_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """The same in words, on one line whatever is in it."""
    configure({})
    say()
    logging.getLogger("flowengine.web").error("line\nbreak \x1b[2J")
    first, second = capsys.readouterr().err.splitlines()
    assert " warning flowengine.worker: a call failed job=j-1 call=4 (RuntimeError at test_logs.py:" in first
    assert "wedding" not in first
    assert second.endswith("line\\nbreak \\x1b[2J")


def test_levels_and_silence(capsys: pytest.CaptureFixture[str]) -> None:
    """What is below the level is not written, and with off nothing is; set up anew, nothing is written twice."""
    log = logging.getLogger("flowengine.worker")
    configure({})
    log.info("unimportant")
    assert capsys.readouterr().err == ""
    configure({"FLOW_LOG_LEVEL": "info"})
    configure({"FLOW_LOG_LEVEL": "info"})
    log.info("wanted")
    assert len(capsys.readouterr().err.splitlines()) == 1
    configure({"FLOW_LOG": "off"})
    log.error("nobody hears")
    assert capsys.readouterr().err == ""


def test_who_comes_in_is_logged_unless_errors_alone_are(capsys: pytest.CaptureFixture[str]) -> None:
    """At the usual level who signs in is written, though it is no warning; as JSON with all that is known of it."""
    for level, lines in (("warning", 1), ("error", 0)):
        configure({"FLOW_LOG": "json", "FLOW_LOG_LEVEL": level})
        logging.getLogger(SECURITY).info("signed in", extra={"person": "ada"})
        written = capsys.readouterr().err.splitlines()
        assert [json.loads(line)["person"] for line in written] == ["ada"] * lines


@pytest.mark.parametrize(
    "secret",
    [
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        f"flow_{'a1B2' * 10}xyz",
        f"flows_{'a1B2' * 10}xyz",
        f"flowl_{'a1B2' * 10}xyz",
        "postgresql://ada:pass@host/flow",
        "smtp://ada:pass@mail",
    ],
)
def test_secrets_are_masked(secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Signing secrets, tokens, and user and password of URLs are never written, wherever they stand."""
    configure({"FLOW_LOG": "json"})
    logging.getLogger("flowengine").warning("sent with %s", secret, extra={"url": secret})
    line = capsys.readouterr().err
    assert secret not in line
    assert "pass" not in line
    assert "***" in masked(secret)


def test_unknown_words_are_refused() -> None:
    """A typing mistake in the environment is told, with what is possible."""
    with pytest.raises(Refused, match="FLOW_LOG") as refused:
        configure({"FLOW_LOG": "xml"})
    assert refused.value.possible == ("text", "json", "off")
    with pytest.raises(Refused, match="FLOW_LOG_LEVEL"):
        configure({"FLOW_LOG_LEVEL": "loud"})
