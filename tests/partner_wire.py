"""What is between two organisations, without a network: a test loses, forges and refuses on it what it likes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flowengine import Engine, FlowError
from flowengine.outside.http import Answer


class Wire:
    """Between two organisations: ``lose`` says of each request what happens to it on its way (nothing, ``asked`` is
    lost, or the ``answer``)."""

    def __init__(self) -> None:
        self.at: dict[str, tuple[Engine, str]] = {}
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[Any] = []
        self.lose: Callable[[dict[str, Any]], str] = lambda _: ""
        self.refuses: Callable[[dict[str, Any]], str] = lambda _: ""
        self.forged: Callable[[Answer], Answer] = lambda answer: answer

    def post(self, url: str, body: bytes, signed: Mapping[str, str], *, within: float) -> Answer:
        assert within > 0
        engine, name = self.at[url]
        said = json.loads(body)
        self.said.append((url, said))
        lost = self.lose(said)
        if lost == "asked":
            raise ConnectionResetError("it was lost on its way")
        if words := self.refuses(said):
            return Answer(422, {}, json.dumps({"detail": words}).encode())
        try:
            answer, by_him = engine.hear_partner(name, signed, body)
            came = Answer(200, by_him, answer)
        except FlowError as error:
            came = Answer(error.status, {}, json.dumps({"detail": error.what}).encode())
        self.answers.append(came)
        if lost == "answer":
            raise ConnectionResetError("the answer was lost")
        return self.forged(came)
