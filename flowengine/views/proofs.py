"""Receipts that can be checked without the database: what somebody was asked and has answered, and its place in the
history of the job.

A proof has two halves. The ``statement`` says in plain words what was shown and answered. The entries say which parts
of the history it rests on: each with its leaves (:mod:`flowengine.sealing`), of which some are told with their salts,
and the contents that stand in their holes. The roots of all entries link the job's own id with the last hash, so that
the entry is known to be that one of that job, though nothing else of the history is told.

What stands in the statement and in no entry is not proved: which options there were besides the one that was chosen
(they follow from the version of the process, which is proved), and how people and things are called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, TypeAlias

import msgspec

from flowengine import exact, sealing
from flowengine.core.values import Json
from flowengine.views.replies import View

FORMAT = 1
VOUCHED = "host"
"""How strongly somebody is known for whom the program vouches, by its own login."""
_CANONICAL = exact.encoder(order="deterministic").encode
_HOLE = re.compile(r'"~([jlot])([0-9a-f]{64})"')
_BLANK = {"j": "null", "l": "[]", "o": "{}", "t": '"erased"'}

Verdict: TypeAlias = Literal["holds", "erased", "changed", "forged", "other_job", "not_in_chain", "unreadable"]
"""What became of a receipt: it holds; it does, and contents of it are erased; its file is not as it was saved; it does
not fit what the history has committed to; it is one of another job; the history does not have it; it is none."""


class ToldPart(View, frozen=True, kw_only=True):
    """A part of an entry that is told: which of its leaves, its salt, and its JSON, in which contents are holes."""

    leaf: int
    salt: str
    text: str


class ProvedEntry(View, frozen=True, kw_only=True):
    """An entry of the history: the hash before it, its own, its leaves in order, and what is told of it. ``contents``
    are those that stand in holes of what is told, each with its salt; one that is not there is erased."""

    seq: int
    previous: str
    hash: str
    leaves: tuple[str, ...]
    told: tuple[ToldPart, ...]
    contents: tuple[tuple[str, str], ...] = ()


class Proof(View, frozen=True, kw_only=True):
    """A receipt that can be checked without the database. ``seq`` is the entry of the ``job`` that it is about.

    ``statement`` is what was shown and answered. ``entries`` are what proves it. ``roots`` are those of the entries
    behind ``after``, whose hash is ``start`` (the job's id where ``after`` is 0), up to ``seq``. ``checksum`` is the
    SHA-256 of all the rest, to find what was spoilt on the way; it proves nothing by itself.
    """

    format: int = FORMAT
    job: str
    seq: int
    statement: dict[str, Json]
    entries: tuple[ProvedEntry, ...]
    after: int = 0
    start: str
    roots: tuple[str, ...]
    checksum: str = ""

    @property
    def hash(self) -> str:
        """The hash of the entry that it is about."""
        return self.entries[-1].hash


class ReceiptRow(View, frozen=True, kw_only=True):
    """Something that a receipt can be had of: the entry's number, when it was, and in words what was done. ``short`` is
    what people type."""

    job: str
    short: str
    seq: int
    at: datetime
    what: str
    title: str = ""
    """What the job's process is called."""
    zone: str = "UTC"
    """The time zone of the process."""


class Checked(View, frozen=True, kw_only=True):
    """What became of a receipt when it was checked: the ``verdict``, ``words`` that say it, what it ``proves`` line by
    line, and what stands in it that is ``unproved``."""

    verdict: Verdict
    words: str
    job: str = ""
    seq: int = 0
    proves: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it can be relied on."""
        return self.verdict in ("holds", "erased")


def canonical(value: Any) -> bytes:
    """JSON in one way only: keys in order, no space between, numbers exactly as they were written (RFC 8785 would make
    binary floats of them)."""
    return _CANONICAL(value)


def summed(proof: Proof) -> Proof:
    """A proof with its checksum."""
    bare = msgspec.structs.replace(proof, checksum="")
    return msgspec.structs.replace(bare, checksum=sha256(canonical(bare)).hexdigest())


class _Broken(Exception):
    """What was found, and what that means."""

    def __init__(self, verdict: Verdict, words: str) -> None:
        super().__init__(words)
        self.verdict: Verdict = verdict
        self.words = words


_READ = exact.decoder(Proof)


def read_proof(data: bytes | str) -> Proof | None:
    """A proof from its file; None for what is none, or not a whole one."""
    try:
        found: Proof = _READ.decode(data)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return None
    return found if found.format == FORMAT and found.entries and found.entries[-1].seq == found.seq else None


def verify(data: bytes | str, job: str = "") -> Checked:
    """Check a receipt by itself; ``job`` is the full id of the one of which it should be, where that is known."""
    proof = read_proof(data)
    if proof is None:
        words = "It is no receipt of a job, or not a whole one: something is cut off, or written over."
        return Checked(verdict="unreadable", words=words)
    checked = Checked(verdict="holds", words="", job=proof.job, seq=proof.seq)
    replace = msgspec.structs.replace
    try:
        if canonical(proof) != _bytes(data).strip():
            raise _Broken("changed", "The file is not as it was saved: it is written in another way.")
        if summed(proof).checksum != proof.checksum:
            raise _Broken("changed", "The file is not as it was saved: something in it was changed.")
        told, erased = _told(proof, job)
        proves = tuple(_agree(proof.statement, told))
    except _Broken as broken:
        return replace(checked, verdict=broken.verdict, words=broken.words)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, msgspec.MsgspecError):
        return replace(checked, verdict="forged", words="What it tells is not what histories are made of.")
    words = f"It holds: entry {proof.seq} of the history of job {proof.job} has committed to it."
    if erased:
        words = "It holds, but contents of it were erased on request: they were written, and what they said is gone."
    verdict: Verdict = "erased" if erased else "holds"
    return replace(checked, verdict=verdict, words=words, proves=proves, unproved=tuple(_unproved(proof.statement)))


def _bytes(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data


# the chain


def _told(proof: Proof, job: str) -> tuple[dict[int, list[dict[str, Any]]], bool]:
    """What is told of each entry, once all of it fits what the history has committed to; and whether contents are
    erased."""
    found: dict[int, list[dict[str, Any]]] = {}
    erased = False
    hashes = _hashes(proof)
    for entry in proof.entries:
        if not proof.after < entry.seq <= proof.seq:
            raise _Broken("forged", f"Entry {entry.seq} does not belong to it.")
        previous, here = hashes[entry.seq - 1], hashes[entry.seq]
        own = sealing.link(previous, sealing.root(entry.leaves))
        if (entry.previous, entry.hash, own) != (previous, here, here):
            raise _Broken("forged", f"The hash of entry {entry.seq} does not follow from the one before it.")
        contents = {sha256(bytes.fromhex(salt) + text.encode()).hexdigest(): text for salt, text in entry.contents}
        used: set[str] = set()
        parts: list[dict[str, Any]] = []
        for part in entry.told:
            if sealing.leaf(part.salt, part.text.encode()) != entry.leaves[part.leaf]:
                raise _Broken("forged", f"What is told of entry {entry.seq} is not what was written.")
            filled, gone = _filled(part.text, contents, used)
            parts.append(exact.decode(filled))
            erased |= gone
        if used != contents.keys():
            raise _Broken("forged", f"A content of entry {entry.seq} is not what was written.")
        found[entry.seq] = parts
    _of_job(proof, found, job)
    return found, erased


def _hashes(proof: Proof) -> list[str]:
    """The hashes of all entries from the start on, by number; those before it are empty."""
    if len(proof.roots) != proof.seq - proof.after or (proof.after == 0 and proof.start != proof.job):
        raise _Broken("forged", "The chain from its start to the entry is not whole.")
    hashes = [*([""] * proof.after), proof.start]
    for root in proof.roots:
        hashes.append(sealing.link(hashes[-1], root))
    return hashes


def _filled(text: str, contents: Mapping[str, str], used: set[str]) -> tuple[str, bool]:
    """A part with its contents; and whether one is not there."""
    gone = False

    def content(hole: re.Match[str]) -> str:
        nonlocal gone
        if hole[2] in contents:
            used.add(hole[2])
            return contents[hole[2]]
        gone = True
        return _BLANK[hole[1]]

    return _HOLE.sub(content, text), gone


def _of_job(proof: Proof, told: Mapping[int, list[dict[str, Any]]], job: str) -> None:
    began = next((one for parts in told.values() for one in parts if one["part"] == "Started"), None)
    if (began is not None and began["job"] != proof.job) or (job and job != proof.job):
        raise _Broken("other_job", f"It is a receipt of another job: {began['job'] if began else proof.job}.")


# the statement


def _agree(statement: Mapping[str, Json], told: Mapping[int, list[dict[str, Any]]]) -> Iterator[str]:
    """What the parts prove of the statement, line by line. Raises _Broken where it says something else."""
    last = max(told)
    own = {part["part"]: part for part in told[last]}
    began = [part for parts in told.values() for part in parts]
    yield _same(statement, "at", own["entry"]["at"], "When")
    by = own["entry"]["by"]
    yield _same(statement, "by", {"kind": by["kind"], "id": by["id"]}, "Who")
    if "language" in statement:
        yield _same(statement, "language", by.get("language", ""), "In which language it was shown")
    command = own.get("command")
    who = {} if command is None else command["by"]
    if "known_by" in statement:
        yield _same(statement, "known_by", who.get("strength") or VOUCHED, "How strongly who it was is known")
    if "for" in statement:
        yield _same(statement, "for", who.get("party", ""), "For whom it was done")
    for name, what in (("answer", "What was answered"), ("outcome", "The outcome"), ("words", "What was said")):
        if name in statement:
            source = {} if command is None else command
            told_of_it = source.get("text" if name == "words" else name, {} if name == "answer" else "")
            yield _same(statement, name, told_of_it, what)
    for name, what in (("title", "What was asked"), ("shown", "What was shown")):
        if name in statement:
            step = _step(began, 0 if command is None else command["step"])
            if "language" in statement:
                kept = step["others"][by["language"]]
                step = {"title": kept.get("words", ""), "shown": kept.get("shown", [])}
            yield _same(statement, name, step.get(name, [] if name == "shown" else ""), what)
    if "version" in statement:
        versions = [part["version"] for part in began if part["part"] in ("Started", "Migrated")]
        yield _same(statement, "version", versions[-1] if versions else "", "The version of the process")
    if "saved" in statement:
        saved = {part["place"]: part["value"] for part in told[last] if part["part"] == "Saved"}
        yield _same(statement, "saved", saved, "What was noted of it, with its prices")
    if "promised" in statement:
        yield _same(statement, "promised", own["Promised"]["promise"]["by"], "What was promised")
    if "ended" in statement:
        yield _same(statement, "ended", own["Ended"].get("because", ""), "How the job ended")


def _step(parts: list[dict[str, Any]], number: int) -> dict[str, Any]:
    """The step of that number, as it was opened."""
    return next((one for one in parts if one["part"] == "StepOpened" and one["number"] == number), {})


def _same(statement: Mapping[str, Json], name: str, proved: Json, what: str) -> str:
    if canonical(statement[name]) != canonical(proved):
        raise _Broken("forged", f"{what}: the receipt says something else than the history.")
    return f"{what}: {plain(proved)}"


_PROVED = frozenset((
    "at", "by", "known_by", "for", "answer", "outcome", "words", "title", "shown", "version", "saved", "promised",
    "ended", "job", "seq", "language",
))  # fmt: skip


def _unproved(statement: Mapping[str, Json]) -> Iterator[str]:
    for name, value in statement.items():
        if name not in _PROVED:
            yield f"{name.replace('_', ' ')}: {plain(value)}"


def plain(value: Json) -> str:
    """A value on one line."""
    return value if isinstance(value, str) else canonical(value).decode()
