"""What the real processes do that come in over HTTP, and the server that they come to.

All of them may be killed anywhere. A worker from abroad notes each attempt as handlers do (``effects``), and each
report that was answered (``reports``). Who orders keeps a journal as a driver does, and gives his word by a signed
message.
"""

from __future__ import annotations

import json
import os
import random
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from roles import STOPPED, Driver, Journal, opened

from flowengine import Receipt, StaleCommand, signing
from flowengine.errors import ConnectionLost, StoreError

HOOK = "parcel"
HOOK_SECRET = "whsec_" + "c2l4dGVlbiBieXRlcyBhcmUgbmVlZGVkIGhlcmU="
HANDLER = "abroad"
LEASE = 2.0
"""Seconds: what a killed worker held is soon given to another."""


def serve(url: str, port: int) -> None:
    """``flow serve``, as its command line starts it."""
    os.environ |= {"FLOW_AT": url, "FLOW_HOOK_SECRETS": f"{HOOK}={HOOK_SECRET}"}
    from flowengine.cli import flow

    flow.main(["serve", "--port", str(port)], standalone_mode=False)


def client(address: str, **headers: str) -> httpx.Client:
    return httpx.Client(base_url=address, headers=headers, timeout=30, trust_env=False)


def _ask(door: httpx.Client, path: str, **what: Any) -> httpx.Response | None:
    """The answer, be it a refusal; None when the server was away, or had trouble that it says will pass."""
    try:
        answer = door.post(path, **what)
    except httpx.TransportError:
        return None
    if answer.status_code == 503:
        return None
    assert answer.status_code < 500, f"{path}: {answer.text}"
    return answer


# a worker


def work(address: str, token: str, folder: str) -> None:
    """Claim calls, take a moment for each, and report until there is an answer."""
    effects, reports = (Journal(Path(folder) / name) for name in ("effects", "reports"))
    asked = {"worker": f"pid-{os.getpid()}", "max": 2, "seconds": LEASE, "wait": 0.5}
    with client(address, authorization=f"Bearer {token}") as door:
        while not STOPPED.is_set():
            answer = _ask(door, "/api/v1/calls/claim", json=asked)
            if answer is None:
                STOPPED.wait(0.05)
                continue
            assert answer.status_code == 200, answer.text
            for call in answer.json()["calls"]:
                _work_on(door, call, effects, reports)


def _work_on(door: httpx.Client, call: dict[str, Any], effects: Journal, reports: Journal) -> None:
    told = {"call": call["key"], "attempt": call["attempt"]}
    path, lease = f"/api/v1/calls/{call['id']}", {"lease": call["lease"]}
    effects.write(key=call["key"], attempt=call["attempt"], input=call["input"], handler=call["handler"])
    time.sleep(random.random() * 0.02)
    if random.random() < 0.3:
        _ask(door, f"{path}/heartbeat", json=lease | {"seconds": LEASE, "progress": "half of it"})
    if random.random() < 0.1:
        _report(door, f"{path}/fail", lease | {"error": "not today", "retry_after": 0.05}, told, reports)
    else:
        _report(door, f"{path}/finish", lease | {"result": {"attempt": call["attempt"]}}, told, reports)
    effects.write(key=call["key"], attempt=call["attempt"], ended=True)


def _report(door: httpx.Client, path: str, report: dict[str, Any], told: dict[str, Any], reports: Journal) -> None:
    """The same report until it is answered; 404 and 409 say that the lease is lost."""
    while not STOPPED.is_set():
        answer = _ask(door, path, json=report)
        if answer is not None:
            assert answer.status_code in (200, 404, 409), answer.text
            reports.write(status=answer.json().get("status", "lost"), **told)
            return
        STOPPED.wait(0.05)


# who orders


def order(url: str, address: str, folder: str, name: str, most: int) -> None:
    """A customer who begins jobs, and gives the word that they wait for, until he is stopped or has begun ``most``."""
    journal = Path(folder) / f"journal-{name}"
    with opened(url, {}) as engine, client(address) as door:
        Sender(engine, journal, name, most, door).run()


class Sender(Driver):
    """A driver whose jobs wait for a message, signed and sent over HTTP, instead of a yes."""

    process = "ordered"

    def __init__(self, engine: Any, path: Path, name: str, most: int, door: httpx.Client) -> None:
        self._door = door
        self._sent: set[str] = set()
        super().__init__(engine, path, name, most)

    def _remember(self, line: dict[str, Any]) -> None:
        super()._remember(line)
        if "seq" in line and line["key"].startswith("hook:"):
            self._sent.add(line["job"])

    def _waits(self) -> dict[str, str] | None:
        try:
            found = self._engine.jobs(status="open", process=self.process, customer=self._name, limit=20)
        except StoreError:
            return None
        jobs = [row.id for row in found if row.id not in self._sent]
        if not jobs or (len(jobs) < 4 and self._begun < self._most):
            return None
        return {"ask": "message", "job": random.choice(jobs), "key": f"hook:{HOOK}:{self._name}-{self._asked}"}

    def _do(self, line: dict[str, Any]) -> Receipt:
        if line["ask"] == "start":
            return super()._do(line)
        body = json.dumps({"job": line["job"], "body": {"by": self._name}}).encode()
        headers = signing.headers([HOOK_SECRET], line["key"].rpartition(":")[2], datetime.now(UTC), body)
        answer = _ask(self._door, f"/hooks/{HOOK}", content=body, headers=headers)
        if answer is None:
            raise ConnectionLost("the server is away")
        if answer.status_code == 409:
            assert answer.json()["error"] == "StaleCommand", answer.text
            STOPPED.wait(0.02)
            raise StaleCommand(answer.text)  # the job is not that far yet
        assert answer.status_code == 200, answer.text
        receipt: dict[str, Any] = answer.json()
        self._sent.add(receipt["job"])
        return Receipt(**receipt)


ROLES = {"serve": serve, "abroad": work, "order": order}

ORDERED = """
process: ordered
title: A process that is worked on from abroad
need: To come over the sea
states:
  need: {type: need, fields: {size: {type: integer}}, next: first}
  first: {type: service, call: abroad, input: {size: data.need.size},
          retry: {attempts: 100, first: PT0.1S, factor: 1, longest: PT0.1S}, on: {done: parcel}}
  parcel: {type: message, name: parcel, within: P9D, on: {received: second, expired: gone}}
  second: {type: service, call: abroad, input: {size: data.need.size},
           retry: {attempts: 100, first: PT0.1S, factor: 1, longest: PT0.1S}, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody gave his word}
"""
