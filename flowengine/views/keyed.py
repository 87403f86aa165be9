"""A request under a key, and what was answered to it: for verbs that take no key of their own."""

from __future__ import annotations

from typing import NamedTuple


class Keyed(NamedTuple):
    """A request: its verb, its key, all that it says as bytes, and the ids that it names."""

    verb: str
    key: str
    said: bytes
    names: tuple[str, ...] = ()


class Answer(NamedTuple):
    """What was answered, as JSON; ``repeated``: it was answered so before, and nothing was done."""

    content: bytes
    repeated: bool = False
