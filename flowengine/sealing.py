"""How an entry of a history is committed to so that parts of it can be shown, and proved, without the rest (L5).

An entry has leaves: first its whole body, then what may be told of it, part by part. A leaf is the SHA-256 of a salt
and its text; the root is that of all leaves in order; the entry's hash is that of the hash before it and the root. Who
is given the leaves, and of some the salt and the text, can follow the chain, and learns nothing of the others. Salts
are made from a secret of the entry, which stands in its body.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

SALT = 32
"""Hexadecimal digits of a salt."""


def salt(seed: str, number: int) -> str:
    """The salt of a leaf, in hexadecimal, from the secret of its entry; leaves are counted from 0."""
    return sha256(f"{seed}.{number}".encode()).hexdigest()[:SALT]


def leaves(seed: str, texts: Iterable[bytes]) -> list[str]:
    """The leaves of an entry with that secret."""
    hashed, plain = [], seed.encode()
    for number, text in enumerate(texts):
        digest = sha256(b"%b.%d" % (plain, number)).hexdigest()[:SALT]
        hashed.append(sha256(bytes.fromhex(digest) + text).hexdigest())
    return hashed


def leaf(salt: str, text: bytes) -> str:
    """A leaf, in hexadecimal. Raises ValueError for a salt that is not."""
    return sha256(bytes.fromhex(salt) + text).hexdigest()


def root(leaves: Iterable[str]) -> str:
    """What all leaves of an entry come to."""
    return sha256("".join(leaves).encode()).hexdigest()


def link(before: str, root: str) -> str:
    """The hash of an entry: from the hash before it (the job's id for the first) and its root."""
    return sha256(f"{before}{root}".encode()).hexdigest()
