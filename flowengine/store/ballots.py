"""Ballot boxes: who may vote and who has, the papers, and what is counted while a vote runs.

A ballot is cast without the job's lock. Who casts locks his own row and one of the rows of sums; whoever closes the box
locks all of the sums and deletes them. So a ballot is in the box before it is closed, or finds no sums and is refused.
Two ballots of one person wait for each other at his row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from hmac import digest
from secrets import token_hex
from typing import Any, NamedTuple
from zlib import crc32

import msgspec
import sqlalchemy as sa

from flowengine import exact
from flowengine.core import events as e
from flowengine.core.ballots import UNIT, parts, total, weighing
from flowengine.core.boxes import LAYER, Box, Electorate, leaf, root
from flowengine.core.values import Json, Seat, Seating, Standing
from flowengine.exact import Number
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import decode, plain, text
from flowengine.store.dialects import Dialect
from flowengine.store.people import CUSTOMERS
from flowengine.store.query import Query, Statement, inserts, param

SHARDS = {"sqlite": 1, "postgresql": 32}
"""In how many rows is counted while a vote runs. SQLite has one writer at a time."""

PAGE = 20_000
"""Papers that are read at once."""

OPEN, COUNTED, LEFT = "open", "counted", "left"
"""The states of a box."""

_X, _V, _P, _S = t.boxes, t.voters, t.papers, t.sums
_JOB, _STEP, _WHO = param("of_job"), param("of_step"), param("who")
_ITS_PROCESS, _ITS_VERSION = (
    sa.select(one).where(t.jobs.c.id == _S.c.job_id).scalar_subquery() for one in (t.jobs.c.process, t.jobs.c.version)
)


def _this(table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    return (table.c.job_id == _JOB, table.c.step == _STEP)


def _freeze(dialect: Dialect, customers: bool) -> Statement:
    """The planner sees a plain range, so that a million rows are written in the order of the key."""
    erased = "json_extract(p.body, '$.erased')" if dialect.name == "sqlite" else "(p.body::jsonb ->> 'erased')"
    source = (
        f"flow_people p WHERE p.kind = 'customer' AND {erased} IS NULL"
        if customers
        else "flow_memberships m JOIN flow_people p ON p.id = m.person "
        "WHERE m.group_name = :group_name AND p.kind = 'customer'"
    )
    return sa.text(
        "INSERT INTO flow_voters (job_id, step, person, weight, voted) "
        f"SELECT CAST(:of_job AS TEXT), CAST(:of_step AS BIGINT), p.id, {UNIT}, 0 FROM {source} ORDER BY p.id"
    )


def _listed(dialect: Dialect) -> Statement:
    order = " ORDER BY person" if dialect.name == "postgresql" else ""
    join = "string_agg" if dialect.name == "postgresql" else "group_concat"
    return sa.text(
        f"SELECT count(*), sum(weight), {join}(person || ' ' || weight, '\n'{order}) FROM "
        "(SELECT person, weight FROM flow_voters WHERE job_id = :of_job AND step = :of_step ORDER BY person) AS listed"
    )


ADD = Query("ballots.add", "A box is opened.", inserts(_X))
VOTER = Query("ballots.voter", "Somebody may vote.", inserts(_V))
FREEZE = Query(
    "ballots.freeze", "All members of a group may vote, as they are now.", lambda one: _freeze(one, customers=False)
)
FREEZE_ALL = Query(
    "ballots.freeze_all", "All customers may vote, as they are now.", lambda one: _freeze(one, customers=True)
)
LISTED = Query("ballots.listed", "How many may vote, with what weight, and their list.", _listed)
MERGED = Query(
    "ballots.merged",
    "Those who may vote and are somebody else, and who that is.",
    sa.select(_V.c.person, t.aliases.c.root)
    .join(t.aliases, t.aliases.c.id == _V.c.person)
    .where(*_this(_V))
    .order_by(_V.c.person),
)
DISMISS = Query(
    "ballots.dismiss", "Somebody may not vote once more.", sa.delete(_V).where(*_this(_V), _V.c.person == _WHO)
)
OPEN_SUM = Query("ballots.open_sum", "A row to count in.", inserts(_S))
BOX = Query("ballots.box", "The box of a step.", sa.select(_X).where(*_this(_X)))
OF_JOB = Query("ballots.of_job", "All boxes of a job.", sa.select(_X).where(_X.c.job_id == _JOB).order_by(_X.c.step))
ADMIT = Query(
    "ballots.admit",
    "A voter of a box that is open, its secrets, and the row that his ballot is counted in, both locked.",
    sa.select(_V.c.weight, _V.c.voted, _S.c.held, _S.c.body, _X.c.secret, _X.c.salt, _X.c.mark)
    .select_from(
        _V.join(_S, sa.and_(_S.c.job_id == _V.c.job_id, _S.c.step == _V.c.step, _S.c.shard == param("shard"))).join(
            _X, sa.and_(_X.c.job_id == _V.c.job_id, _X.c.step == _V.c.step)
        )
    )
    .where(*_this(_V), _V.c.person == _WHO)
    .with_for_update(of=[_V, _S]),
)
SEAT = Query("ballots.seat", "A voter.", sa.select(_V.c.weight, _V.c.voted).where(*_this(_V), _V.c.person == _WHO))
WAITING = Query(
    "ballots.waiting",
    "Those who have not voted.",
    sa.select(_V.c.person).where(*_this(_V), _V.c.voted == sa.literal_column("0")).order_by(_V.c.person),
)
PAPER = Query(
    "ballots.paper",
    "One paper.",
    sa.select(_P.c.weight, _P.c.salt, _P.c.body, _P.c.leaf).where(*_this(_P), _P.c.id == param("id")),
)
HAS_VOTED = Query(
    "ballots.has_voted", "Somebody has voted.", sa.update(_V).where(*_this(_V), _V.c.person == _WHO).values(voted=1)
)
CAST = Query(
    "ballots.cast",
    "A paper comes into the box.",
    sa.insert(_P).values({one: param(one) for one in ("job_id", "step", "id", "weight", "salt", "body")}),
)
RECAST = Query(
    "ballots.recast",
    "A paper is another now.",
    sa.update(_P).where(*_this(_P), _P.c.id == param("id")).values(salt=param("new_salt"), body=param("new_body")),
)
COUNT = Query(
    "ballots.count",
    "What was counted in one row.",
    sa.update(_S).where(*_this(_S), _S.c.shard == param("shard")).values(body=param("new_body")),
)
SUMS = Query("ballots.sums", "What was counted in all rows.", sa.select(_S.c.body).where(*_this(_S)))
RUNNING = Query(
    "ballots.running",
    "A page of the votes that take ballots, with the processes of their jobs.",
    sa.select(_S.c.job_id, _S.c.step, _ITS_PROCESS, _ITS_VERSION)
    .where(
        _S.c.shard == sa.literal_column("0"),
        _S.c.held == sa.literal_column("0"),
        sa.tuple_(_S.c.job_id, _S.c.step) > sa.tuple_(_JOB, _STEP),
    )
    .order_by(_S.c.job_id, _S.c.step)
    .limit(param("most")),
)
LOCK_SUMS = Query(
    "ballots.lock_sums",
    "Nobody casts a ballot until this transaction ends.",
    sa.select(_S.c.shard).where(*_this(_S)).order_by(_S.c.shard).with_for_update(),
)
DROP_SUMS = Query("ballots.drop_sums", "Nobody casts a ballot any more.", sa.delete(_S).where(*_this(_S)))
HOLD = Query(
    "ballots.hold",
    "The job is suspended, or goes on.",
    sa.update(_S).where(_S.c.job_id == _JOB).values(held=param("now_held")),
)
PAPERS = Query(
    "ballots.papers",
    "A page of papers in the order of their ids.",
    sa.select(_P.c.id, _P.c.weight, _P.c.salt, _P.c.body, _P.c.leaf)
    .where(*_this(_P), _P.c.id > param("after"))
    .order_by(_P.c.id)
    .limit(param("most")),
)
BUCKET = Query(
    "ballots.bucket",
    "The papers below one node.",
    sa.select(_P.c.id, _P.c.weight, _P.c.salt, _P.c.body, _P.c.leaf)
    .where(*_this(_P), _P.c.id >= param("first"))
    .order_by(_P.c.id)
    .limit(LAYER),
)
SEALED = Query(
    "ballots.sealed",
    "The box was counted.",
    sa.update(_X)
    .where(*_this(_X))
    .values(root=param("new_root"), layer=param("new_layer"), papers=param("new_papers")),
)
CLOSE = Query("ballots.close", "A box is closed.", sa.update(_X).where(*_this(_X)).values(state=param("new_state")))
SHOW = Query(
    "ballots.show",
    "A batch of secret ballots is complete; nobody else has found it so before.",
    sa.update(_X)
    .where(*_this(_X), sa.func.coalesce(_X.c.coming, sa.literal_column("''")) == param("was"))
    .values(shown=_X.c.coming, coming=param("new_coming")),
)
VOTED_COUNT = Query(
    "ballots.voted_count",
    "How many have voted.",
    sa.select(sa.func.count()).select_from(_V).where(*_this(_V), _V.c.voted == sa.literal_column("1")),
)
VOTED_IN = Query(
    "ballots.voted_in",
    "The votes of a job in which somebody has voted.",
    sa.select(_V.c.step)
    .where(_V.c.job_id == _JOB, _V.c.person == _WHO, _V.c.voted == sa.literal_column("1"))
    .order_by(_V.c.step),
)
VOTED_JOBS = Query(
    "ballots.voted_jobs",
    "The jobs in which somebody has voted.",
    sa.select(_V.c.job_id)
    .distinct()
    .where(_V.c.person == _WHO, _V.c.voted == sa.literal_column("1"))
    .order_by(_V.c.job_id),
)
VOTERS = Query(
    "ballots.voters",
    "All who may vote.",
    sa.select(_V.c.person, _V.c.weight, _V.c.voted).where(*_this(_V)).order_by(_V.c.person),
)
FIRST = Query(
    "ballots.first",
    "The first few who may vote.",
    sa.select(_V.c.person).where(*_this(_V)).order_by(_V.c.person).limit(param("most")),
)
WHO_VOTED = Query(
    "ballots.who_voted",
    "Those who have voted.",
    sa.select(_V.c.person).where(*_this(_V), _V.c.voted == sa.literal_column("1")).order_by(_V.c.person),
)
KEPT = Query(
    "ballots.kept",
    "The votes of a job in whose boxes there are papers that are not erased.",
    sa.select(_P.c.step).distinct().where(_P.c.job_id == _JOB, _P.c.leaf.is_(None)).order_by(_P.c.step),
)
ERASE = Query(
    "ballots.erase",
    "Of a paper only its hash is left.",
    sa.update(_P)
    .where(*_this(_P), _P.c.id == param("id"))
    .values(salt=sa.null(), body=sa.null(), leaf=param("new_leaf")),
)


class StoredBox(msgspec.Struct, frozen=True):
    """A row of ``flow_boxes``."""

    job_id: str
    step: int
    state: str
    secret: int
    voters: int
    weight: int
    electorate: str
    salt: str
    mark: str
    shown: str | None
    coming: str | None
    root: str | None
    layer: str | None
    papers: int | None


class Admitted(NamedTuple):
    """A voter, the row in which his ballot is counted, and the secrets of the box."""

    weight: Number
    voted: bool
    held: bool
    counted: Standing
    secret: bool
    salt: str
    mark: str

    def seat(self, step: int, person: str) -> Seat:
        """The voter as the one whose seat it would be."""
        return _seat(step, person, parts(self.weight), self.voted)


class Paper(NamedTuple):
    """A paper. Of one that was erased only ``leaf`` is left, its hash."""

    weight: int
    salt: str | None
    body: str | None
    leaf: str | None


class Cast(NamedTuple):
    """A paper that was put into a box: how it is found again, if the answer to its commit is lost."""

    job: str
    step: int
    person: str
    id: str
    salt: str


class Sealed(NamedTuple):
    """What the papers of a box come to: each kind of them with how many there are, the hash of all, the layer below it,
    how many there are, and how many of them were erased."""

    kinds: Counter[tuple[str, int]]
    root: str
    layer: list[tuple[str, str]]
    papers: int
    erased: int


def paper_id(salt: str, secret: str, person: str) -> str:
    """The id of a secret paper: only who knows the secrets of the box and of the installation can tell whose it is."""
    return digest(f"{salt}{secret}".encode(), f"paper {person}".encode(), "sha256").hex()


def mark_of(salt: str, secret: str) -> str:
    """By what is told whether the installation's secret is the one with which the box was opened."""
    return digest(f"{salt}{secret}".encode(), b"mark", "sha256").hex()


class Ballots:
    """Ballot boxes in one transaction."""

    __slots__ = ("_channel", "cast_here")

    def __init__(self, channel: Channel, cast_here: list[Cast]) -> None:
        self._channel = channel
        self.cast_here = cast_here

    # opening

    def open(
        self, job: str, step: int, voters: str | Sequence[tuple[str, Number]], installation: str, *, secret: bool
    ) -> Electorate:
        """Open the box of a step: who may vote is frozen, a group by its name or people with their weights."""
        channel, this = self._channel, {"of_job": job, "of_step": step}
        if isinstance(voters, str):
            everybody = voters == CUSTOMERS
            given = {} if everybody else {"group_name": plain(voters)}
            channel.count(FREEZE_ALL if everybody else FREEZE, this | given)
            self._once_each(this)
        else:
            row = {"job_id": job, "step": step, "voted": 0}
            channel.write_many(VOTER, [row | {"person": id, "weight": parts(weight)} for id, weight in voters])
        found = self.electorate(job, step)
        if not found.voters:
            return found
        salt = token_hex(32)
        box = StoredBox(
            job, step, OPEN, int(secret), found.voters, parts(found.weight), found.hash, salt,
            mark_of(salt, installation), None, None, None, None, None,
        )  # fmt: skip
        channel.write(ADD, msgspec.structs.asdict(box))
        sums = {"job_id": job, "step": step, "held": 0, "body": text(Standing())}
        channel.write_many(OPEN_SUM, [sums | {"shard": shard} for shard in range(SHARDS[channel.dialect])])
        return found

    def _once_each(self, this: dict[str, Any]) -> None:
        """Each person votes once: of several ids that were merged, the one that stands for them, else the first."""
        seen: set[str] = set()
        for person, stands in self._channel.rows(MERGED, this):
            if stands in seen or self._channel.one(SEAT, this | {"who": stands}) is not None:
                self._channel.write(DISMISS, this | {"who": person})
            seen.add(stands)

    def electorate(self, job: str, step: int) -> Electorate:
        """Who may vote, as it stands in the rows."""
        row = self._channel.one(LISTED, {"of_job": job, "of_step": step})
        voters, weight, listed = row or (0, 0, "")
        return Electorate(voters, weighing(int(weight or 0)), sha256((listed or "").encode()).hexdigest())

    # looking

    def find(self, job: str, step: int) -> StoredBox | None:
        """The box of a step, open or not."""
        row = self._channel.one(BOX, {"of_job": job, "of_step": step})
        return StoredBox(*row) if row else None

    def of_job(self, job: str) -> list[StoredBox]:
        """All boxes of a job."""
        return [StoredBox(*row) for row in self._channel.rows(OF_JOB, {"of_job": job})]

    def standing(self, job: str, step: int) -> Standing:
        """What was counted while the vote runs."""
        return together(
            decode(body, Standing) for (body,) in self._channel.rows(SUMS, {"of_job": job, "of_step": step})
        )

    def running(self, after: tuple[str, int], most: int) -> list[tuple[str, int, str, str]]:
        """The votes that take ballots behind that job and step: job, step, and the process of the job with its
        version."""
        rows = self._channel.rows(RUNNING, {"of_job": after[0], "of_step": after[1], "most": most})
        return [(job, step, process, version) for job, step, process, version in rows]

    def seat(self, job: str, step: int, person: str) -> Seat | None:
        """A voter, as the one whose seat it would be: what he has voted is not in it."""
        row = self._channel.one(SEAT, {"of_job": job, "of_step": step, "who": plain(person)})
        return _seat(step, person, *row) if row else None

    def waiting(self, job: str, step: int) -> list[str]:
        """The ids of those who have not voted."""
        return [row[0] for row in self._channel.rows(WAITING, {"of_job": job, "of_step": step})]

    def paper(self, job: str, step: int, id: str) -> Paper | None:
        """The paper of that id."""
        row = self._channel.one(PAPER, {"of_job": job, "of_step": step, "id": id})
        return Paper(*row) if row else None

    def voted(self, job: str, step: int) -> int:
        """How many have voted."""
        row = self._channel.one(VOTED_COUNT, {"of_job": job, "of_step": step})
        return row[0] if row else 0

    def voted_in(self, job: str, person: str) -> list[int]:
        """The steps of a job in which somebody has voted."""
        return [row[0] for row in self._channel.rows(VOTED_IN, {"of_job": job, "who": plain(person)})]

    def voted_jobs(self, person: str) -> list[str]:
        """The jobs in which somebody has voted."""
        return [row[0] for row in self._channel.rows(VOTED_JOBS, {"who": plain(person)})]

    def voters(self, job: str, step: int) -> list[tuple[str, int, int]]:
        """All who may vote, with their weights in millionths, and whether they have."""
        rows = self._channel.rows(VOTERS, {"of_job": job, "of_step": step})
        return [(person, weight, voted) for person, weight, voted in rows]

    def papers(self, job: str, step: int) -> Iterator[tuple[str, int, str | None, str | None, str | None]]:
        """All papers as they are stored."""
        for page in self._pages(job, step):
            yield from page

    def first(self, job: str, step: int, most: int) -> list[str]:
        """The ids of the first few who may vote."""
        return [row[0] for row in self._channel.rows(FIRST, {"of_job": job, "of_step": step, "most": most})]

    def who_voted(self, job: str, step: int) -> list[str]:
        """The ids of those who have voted."""
        return [row[0] for row in self._channel.rows(WHO_VOTED, {"of_job": job, "of_step": step})]

    def kept(self, job: str) -> list[int]:
        """The steps of a job in whose boxes there are papers that are not erased."""
        return [row[0] for row in self._channel.rows(KEPT, {"of_job": job})]

    # casting

    def expect_box(self, job: str, step: int) -> None:
        """:meth:`find` will be asked for this box."""
        self._channel.expect(BOX, {"of_job": job, "of_step": step})

    def expect_admitted(self, job: str, step: int, person: str) -> None:
        """:meth:`admit` will be asked for these. The locks may be taken from now on."""
        self._channel.expect(ADMIT, self._admitting(job, step, person))

    def admit(self, job: str, step: int, person: str) -> Admitted | None:
        """A voter of a box that is open, and the row in which he is counted, both locked. None for anybody else."""
        row = self._channel.one(ADMIT, self._admitting(job, step, person))
        if row is None:
            return None
        weight, voted, held, body, secret, salt, mark = row
        return Admitted(weighing(weight), bool(voted), bool(held), decode(body, Standing), bool(secret), salt, mark)

    def _admitting(self, job: str, step: int, person: str) -> dict[str, Any]:
        return {"of_job": job, "of_step": step, "who": plain(person), "shard": self._shard(person)}

    def _shard(self, person: str) -> int:
        return crc32(person.encode()) % SHARDS[self._channel.dialect]

    def cast(self, job: str, step: int, person: str, voter: Admitted, id: str, ballot: Json, counted: Standing) -> None:
        """Put a paper into the box, in the place of the one before, and count it. The voter was admitted."""
        channel, this = self._channel, {"of_job": job, "of_step": step}
        salt, body = token_hex(16), text(ballot)
        if voter.voted:
            channel.write(RECAST, this | {"id": id, "new_salt": salt, "new_body": body})
        else:
            channel.write(HAS_VOTED, this | {"who": plain(person)})
            row = {"job_id": job, "step": step, "id": id, "weight": parts(voter.weight)}
            channel.write(CAST, row | {"salt": salt, "body": body})
        channel.write(COUNT, this | {"shard": self._shard(person), "new_body": text(counted)})
        self.cast_here.append(Cast(job, step, person, id, salt))

    def holds(self, cast: Cast) -> bool:
        """Whether a paper that was cast is in its box; who cast it is locked, so that it is for good."""
        self.admit(cast.job, cast.step, cast.person)
        found = self.paper(cast.job, cast.step, cast.id)
        return found is not None and found.salt == cast.salt

    def show(self, box: StoredBox, coming: Standing) -> None:
        """What the batch before came to is shown from now on, and this one once another is complete."""
        was = {"was": box.coming or "", "new_coming": text(coming)}
        self._channel.count(SHOW, {"of_job": box.job_id, "of_step": box.step} | was)

    # closing

    def count(self, job: str, step: int, *, seal: bool) -> Box:
        """All papers. With ``seal`` nobody casts a ballot until the transaction ends, and the box is given the hash of
        them."""
        this = {"of_job": job, "of_step": step}
        if seal:
            self._channel.rows(LOCK_SUMS, this)
        sealed = self.sealed(job, step)
        kinds = [(body, weighing(weight), times) for (body, weight), times in sealed.kinds.items()]
        if not seal:
            return Box(kinds, exact.decode)
        layer = {"new_layer": text(sealed.layer), "new_papers": sealed.papers}
        self._channel.count(SEALED, this | layer | {"new_root": sealed.root})
        return Box(kinds, exact.decode, sealed.root)

    def sealed(self, job: str, step: int) -> Sealed:
        """What the papers come to, read a page at a time."""
        kinds: Counter[tuple[str, int]] = Counter()
        layer: list[tuple[str, bytes]] = []
        ids: list[str] = []
        leaves: list[bytes] = []
        papers = erased = 0
        for page in self._pages(job, step):
            whole = [(body, weight) for _, weight, _, body, kept in page if kept is None]
            kinds.update(whole)
            erased += len(page) - len(whole)
            ids += [row[0] for row in page]
            leaves += [leaf_of(row) for row in page]
            papers += len(page)
            full = len(leaves) - len(leaves) % LAYER
            layer += [(ids[place], root(leaves[place : place + LAYER])) for place in range(0, full, LAYER)]
            del ids[:full], leaves[:full]
        if leaves:
            layer.append((ids[0], root(leaves)))
        top = root([node for _, node in layer])
        return Sealed(kinds, top.hex(), [(id, node.hex()) for id, node in layer], papers, erased)

    def _pages(self, job: str, step: int) -> Iterator[list[Any]]:
        after = ""
        while page := self._channel.rows(PAPERS, {"of_job": job, "of_step": step, "after": after, "most": PAGE}):
            yield page
            after = page[-1][0]

    def bucket(self, job: str, step: int, first: str) -> list[tuple[str, bytes]]:
        """The ids and leaves below a node of the layer."""
        rows = self._channel.rows(BUCKET, {"of_job": job, "of_step": step, "first": first})
        return [(row[0], leaf_of(row)) for row in rows]

    def erase(self, job: str, step: int, id: str | None = None) -> int:
        """Leave of a paper, or of all of a box, nothing but the hash; gives how many there were."""
        this = {"of_job": job, "of_step": step}
        if id is not None:
            found = self.paper(job, step, id)
            rows = [(id, *found)] if found else []
            pages: Iterable[list[Any]] = [rows]
        else:
            pages = self._pages(job, step)
        erased = 0
        for page in pages:
            left = [this | {"id": row[0], "new_leaf": leaf_of(row).hex()} for row in page if row[4] is None]
            self._channel.write_many(ERASE, left)
            erased += len(left)
        return erased


def leaf_of(row: Sequence[Any]) -> bytes:
    """The hash of a paper's row: id, weight, salt, body, and the hash of one that was erased."""
    id, weight, salt, body, kept = row
    return bytes.fromhex(kept) if kept is not None else leaf(id, weight, salt, body)


def together(standings: Iterable[Standing]) -> Standing:
    """What was counted in several rows."""
    cast = abstained = 0
    cast_weight: Number = 0
    abstained_weight: Number = 0
    tally: dict[str, Number] = {}
    for one in standings:
        cast, abstained = cast + one.cast, abstained + one.abstained
        cast_weight = total(cast_weight, one.cast_weight)
        abstained_weight = total(abstained_weight, one.abstained_weight)
        for option, weight in one.tally.items():
            tally[option] = total(tally.get(option, 0), weight)
    return Standing(
        cast=cast, cast_weight=cast_weight, abstained=abstained, abstained_weight=abstained_weight, tally=tally
    )


def close(channel: Channel, job: str, events: Sequence[e.AnyEvent], steps: Iterable[int]) -> None:
    """Boxes take nothing any more: those that these events count, and those that are left."""
    counted = {event.step for event in events if isinstance(event, e.BoxClosed)}
    for step in steps:
        this = {"of_job": job, "of_step": step}
        channel.write(DROP_SUMS, this)
        channel.write(CLOSE, this | {"new_state": COUNTED if step in counted else LEFT})


def hold(channel: Channel, job: str, held: bool) -> None:
    """Of a job that is suspended no box takes a ballot."""
    channel.write(HOLD, {"of_job": job, "now_held": int(held)})


def seat_of(channel: Channel, job: str, step: int, audience: Seating) -> Seat | None:
    """The voter whom a seating means, if it means one who may vote on a step with a box."""
    kind, _, person = audience.partition(":")
    if kind != "person":
        return None
    row = channel.one(SEAT, {"of_job": job, "of_step": step, "who": plain(person)})
    return _seat(step, person, *row) if row else None


def _seat(step: int, person: str, weight: int, voted: int) -> Seat:
    said: dict[str, Json] = {}
    audience = f"person:{person}"
    return Seat(
        step=step, number=0, audience=audience, weight=weighing(weight), answer=said if voted else None,
        by=person if voted else None,
    )  # fmt: skip
