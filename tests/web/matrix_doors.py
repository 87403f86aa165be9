"""The doors besides the verbs of a desk: for whom each is, and what is asked there of what counts, of what counts no
more (``over``) and of what never was (``missing``). These two answer alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from matrix_shop import HOOK_SECRET, START, Shop

from flowengine import signing

For: TypeAlias = Literal["anybody", "worker", "metrics", "session", "row"]
"""``anybody``: it is not asked who he is; ``worker``, ``metrics``: tokens of these scopes; ``session``: who has one
here; ``row``: whoever may use a verb, so that it is among :data:`matrix_cases.CASES`."""


class Asking(NamedTuple):
    """What is asked at a door: what stands in its path and query, its body, and the status for whom it is."""

    status: int
    path: str = ""
    query: str = ""
    body: Any = None
    headers: Mapping[str, str] = {}


@dataclass(frozen=True)
class Door:
    """One door. ``asked`` makes what is asked, by name."""

    method: str
    path: str
    whose: For
    asked: Callable[[Shop], dict[str, Asking]] = field(default=lambda _: {})


def _door(at: str, whose: For, asked: Callable[[Shop], dict[str, Asking]] = lambda _: {"right": Asking(200)}) -> Door:
    method, path = at.split()
    return Door(method, path, whose, asked)


def _links(shop: Shop) -> dict[str, Asking]:
    known = {**shop.secrets["link"], "missing": "flowl_" + "A" * 43}
    return {name: Asking(200 if name == "right" else 401, body={"secret": one}) for name, one in known.items()}


def _codes(_: Shop) -> dict[str, Asking]:
    """Whether anybody has a contact is told to nobody: it is as it is with another that nobody has."""
    return {name: Asking(200, body={"contact": one}) for name, one in
            (("over", "ada@example.org"), ("missing", "zz@example.org"))}  # fmt: skip


def _check_codes(shop: Shop) -> dict[str, Asking]:
    known, missing = shop.secrets["code"], "A" * len(shop.secrets["code"]["id"])
    wrong = f"{(int(known['right']) + 1) % 10**6:06d}"
    return {
        "right": Asking(200, body={"id": known["id"], "code": known["right"]}),
        "over": Asking(401, body={"id": known["id"], "code": wrong}),
        "missing": Asking(401, body={"id": missing, "code": wrong}),
    }


def _feeds(shop: Shop) -> dict[str, Asking]:
    known = {**shop.secrets["feed"], "missing": "A" * len(shop.secrets["feed"]["right"])}
    return {name: Asking(200 if name == "right" else 404, path=f"/calendars/{one}.ics") for name, one in known.items()}


def _calls(way: str, **body: Any) -> Door:
    def asked(shop: Shop) -> dict[str, Asking]:
        known, missing = shop.secrets["call"], f"{'0' * 8}-0000-7000-8000-{'0' * 12}.1"
        return {
            name: Asking(status, f"/api/v1/calls/{id}/{way}", body={"lease": known["lease"], **body})
            for name, id, status in (("right", known["id"], 200), ("missing", missing, 404))
        }

    return _door(f"POST /api/v1/calls/{{id}}/{way}", "worker", asked)


def _hooks(_: Shop) -> dict[str, Asking]:
    """Signed, for what nobody waits for; not signed; of a name that no sender has: these names are no secrets, and who
    has one wrong is told so."""
    body = {"key": "p9", "body": {"weight": 2}}
    at = datetime.fromtimestamp(START.timestamp(), UTC)
    signed = signing.headers([HOOK_SECRET], "message-1", at, json.dumps(body).encode())
    return {
        "right": Asking(404, "/hooks/parcel", body=body, headers=signed),
        "not signed": Asking(401, "/hooks/parcel", body=body),
        "missing": Asking(404, "/hooks/nothing", body=body),
    }


def _only(status: int, **more: Any) -> Callable[[Shop], dict[str, Asking]]:
    return lambda _: {"right": Asking(status, **more)}


DOORS = (
    _door("POST /api/v1/files", "row"),
    _door("GET /api/v1/files/{id}/data", "row"),
    _door("GET /api/v1/events", "row"),
    _door("POST /api/v1/links/open", "anybody", _links),
    _door("POST /api/v1/codes", "anybody", _codes),
    _door("POST /api/v1/codes/check", "anybody", _check_codes),
    _door("POST /api/v1/totp/check", "session", _only(401, body={"code": "123456"})),
    _door("GET /api/v1/session", "session"),
    _door("DELETE /api/v1/session", "session"),
    _door("POST /api/v1/passkeys/sign-in/begin", "anybody"),
    _door("POST /api/v1/passkeys/sign-in", "anybody", _only(401, body={"id": "A" * 22, "response": {}})),
    _door("POST /api/v1/oidc/{provider}/login", "anybody", _only(404, path="/api/v1/oidc/nothing/login", body={})),
    _door("GET /api/v1/oidc/callback", "anybody", _only(401, query="state=nothing&code=nothing")),
    _door("POST /api/v1/device/code", "anybody", _only(200, body={"client": "a laptop"})),
    _door("POST /api/v1/device/token", "anybody", _only(400, body={"device_code": "nothing"})),
    _door("POST /api/v1/public/{process}", "anybody", lambda _: {
        name: Asking(status, f"/api/v1/public/{process}", body={"contact": "new@example.org", "need": {"wish": "One"}})
        for name, process, status in (("right", "table", 202), ("over", "pieces", 404), ("missing", "nothing", 404))
    }),
    _door("POST /api/v1/calls/claim", "worker", _only(200, body={"worker": "one"})),
    _calls("heartbeat"),
    _calls("finish"),
    _calls("fail", error="No dye"),
    _calls("leave", within=60),
    _door("POST /api/v1/complete", "anybody", _only(404, body={"token": "nothing"})),
    _door("POST /hooks/{name}", "anybody", _hooks),
    _door("POST /api/v1/partners/{name}", "anybody", _only(404, path="/api/v1/partners/nobody", body={})),
    _door("GET /health/live", "anybody"),
    _door("GET /health/ready", "anybody"),
    _door("GET /metrics", "metrics"),
    _door("GET /calendars/{secret}.ics", "anybody", _feeds),
)  # fmt: skip
"""Each door, once."""

WITH_A_TOKEN_OF = {
    "worker": {"worker's token"},
    "metrics": {"token for the metrics", "customer", "who sees for her", "who acts for her", "who signs for her",
                "staff", "staff without the role", "operator", "program"},
}  # fmt: skip
"""Who of the shop shows a token for such a door: a metrics token, or one of the scope ``operator``, which is all that
they show there."""
