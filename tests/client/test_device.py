"""Signing in by a code that is typed elsewhere, in a time in which nobody waits."""

from __future__ import annotations

from typing import Any

import pytest
from striking import Scripted, answer, error, lost

from flowengine import BadToken, NotAllowed, Refused, Unreachable
from flowengine.client import Code, Login
from flowengine.client.device import sign_in

CODE = {
    "device_code": "d", "user_code": "WDJB", "verification_uri": "https://shop.example",
    "expires_in": 900, "interval": 5,
}  # fmt: skip
PENDING = answer(400, {"error": "authorization_pending"})
GRANTED = answer(200, {"token": "flow_good", "person": "ada"})


def signed_in(*answers: Any, code: Any = CODE) -> tuple[Login, list[float], list[Code]]:
    """What comes of it, how long was waited, and what was shown."""
    server = Scripted([answer(200, code), *answers])
    shown: list[Code] = []
    login = sign_in(server, "a test", shown.append, wait=server.time.wait, ticks=server.time.ticks)
    return login, server.time.waits, shown


def test_it_is_asked_at_the_pace_of_the_server() -> None:
    """Every so many seconds, and slower once it says so, or has no time; what breaks meanwhile is asked again."""
    slower, busy = answer(400, {"error": "slow_down"}), error(503, "Overloaded")
    login, waits, shown = signed_in(PENDING, slower, PENDING, busy, lost(), GRANTED)
    assert waits == [5, 5, 10, 10, 15, 15]
    assert [one.user_code for one in shown] == ["WDJB"]
    assert (login.token, login.person, login.expires) == ("flow_good", "ada", None)
    assert "flow_good" not in repr(login)
    assert "device_code" not in repr(shown)


def test_it_is_not_waited_for_ever() -> None:
    """When the time of the code is over, or an hour, it ends, whatever the server says."""
    with pytest.raises(Refused, match="nobody has typed the code in time"):
        signed_in(PENDING, code=CODE | {"expires_in": 60})
    with pytest.raises(Refused, match="in time"):
        signed_in(lost(), code=CODE | {"expires_in": 10**9, "interval": 0})


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (answer(400, {"error": "access_denied"}), NotAllowed),
        (answer(400, {"error": "expired_token"}), Refused),
        (error(401, "BadToken"), BadToken),
        (answer(404, b"<html>"), Refused),
        (answer(400, b"\xff"), Refused),
    ],
)
def test_other_answers_end_it(told: Any, kind: type[Exception]) -> None:
    """A refusal is final."""
    with pytest.raises(kind):
        signed_in(PENDING, told, GRANTED)


def test_without_a_server_there_is_no_code() -> None:
    """Nothing is shown, and what is wrong is told."""
    server = Scripted([lost(in_doubt=False)])
    with pytest.raises(Unreachable):
        sign_in(server, "a test", lambda _: pytest.fail("there is no code"))
