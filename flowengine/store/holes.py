"""Contents that can be erased (L5): an entry's body is chained with a hole in the place of each, and they stand beside.

A hole is the text ``~<what><SHA-256>``, in hexadecimal, of the salt and the content's JSON; ``what`` says what stands
there once it is erased: an empty object or list, a text that says so, or null. Equal contents of an entry share one.
Beside the body is a list, in which each has its salt and its JSON, or, once it is erased, its hash alone: so that
nothing else that looks like a hole is taken for one. The body says how many there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from os import urandom

import msgspec

from flowengine import exact
from flowengine.core.contents import ERASED
from flowengine.core.values import Json
from flowengine.store.codec import decode, text, unwritable

Kept = tuple[str, str]
"""A content: its salt, in hexadecimal, and its JSON."""

_SALT = 16
_HOLE = re.compile(r'"~([jlot])([0-9a-f]{64})"')
_SIGN: dict[type, str] = {dict: "o", list: "l", tuple: "l", str: "t"}
_BLANK = {"j": "null", "l": "[]", "o": "{}", "t": f'"{ERASED}"'}
_ENCODE = exact.encode


class Holes:
    """Makes the holes of one entry, and keeps what is to stand in them."""

    __slots__ = ("_known", "kept")

    def __init__(self) -> None:
        self._known: dict[bytes, str] = {}
        self.kept: list[Kept] = []

    def __call__(self, content: Json) -> str:
        try:
            written = _ENCODE(content)
        except UnicodeEncodeError as error:
            raise unwritable(error) from error
        found = self._known.get(written)
        if found is None:
            salt = urandom(_SALT)
            found = self._known[written] = sha256(salt + written).hexdigest()
            self.kept.append((salt.hex(), written.decode()))
        return f"~{_SIGN.get(type(content), 'j')}{found}"


def digest(kept: Kept) -> str:
    """The hash by which the hole of a content names it."""
    return sha256(bytes.fromhex(kept[0]) + kept[1].encode()).hexdigest()


class Beside(msgspec.Struct, frozen=True):
    """What stands beside a body: contents by their hashes, in the order in which they were written, and the hashes of
    those that are erased."""

    kept: dict[str, Kept]
    erased: tuple[str, ...]
    twice: bool
    """Whether a hash stands there more than once."""

    def filled(self, body: str) -> tuple[str, int]:
        """The entry's JSON with its content in each hole, or what says that it was erased; and how many holes that
        were, -1 where something stands beside the body for which there is none."""
        if not self.kept and not self.erased:
            return body, 0
        kept, erased, met = self.kept, frozenset(self.erased), set()

        def content(hole: re.Match[str]) -> str:
            key = hole[2]
            if key in kept:
                met.add(key)
                return kept[key][1]
            if key in erased:
                met.add(key)
                return _BLANK[hole[1]]
            return hole[0]

        text = _HOLE.sub(content, body)
        return text, -1 if self.twice or len(met) < len(kept) + len(erased) else len(met)

    def contents(self) -> Iterator[Json]:
        """The contents that are not erased."""
        return (exact.decode(one[1]) for one in self.kept.values())

    def without(self, gone: Callable[[Json], bool]) -> str:
        """The list with the hashes alone of those contents that are ``gone``."""
        left = [key if gone(exact.decode(one[1])) else one for key, one in self.kept.items()]
        return text([*left, *self.erased])


NOTHING = Beside({}, (), False)


def beside(written: str | None) -> Beside:
    """What stands beside a body, from its JSON. Raises ValueError for what is no such list."""
    if written is None:
        return NOTHING
    items: Sequence[list[str] | str] = decode(written, list[list[str] | str])
    kept: dict[str, Kept] = {}
    erased: list[str] = []
    for item in items:
        if isinstance(item, str):
            erased.append(item)
        else:
            salt, content = item
            kept[digest((salt, content))] = (salt, content)
    hashes = {*kept, *erased}
    return Beside(kept, tuple(erased), len(hashes) != len(items))
