"""Processes, people, receipts, the outbox and bookings, alike on every database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from time import monotonic

import pytest
import sqlalchemy as sa
from drafts import HOUR, NOW, act, begin, change, move_on, started, write

from flowengine.core import events as e
from flowengine.core.draft import Draft
from flowengine.core.values import ROOT
from flowengine.errors import BadAnswer, DatabaseBusy, NotFound, SlotTaken, StoreError
from flowengine.people.contacts import any_way
from flowengine.store import Database, Person, new_id

# processes


def test_a_version_is_kept_once(database: Database) -> None:
    """Adding a version again is not new; every version can be read back (L6)."""
    with database.writing() as tx:
        assert tx.processes.add("suit", "v1", "A suit", "process: suit\n", NOW)
        assert not tx.processes.add("suit", "v1", "A suit", "process: suit\n", NOW)
        assert tx.processes.add("suit", "v2", "A better suit", "process: suit # 2\n", NOW + HOUR)
    with database.reading() as tx:
        first, latest = tx.processes.get("suit", "v1"), tx.processes.latest("suit")
        assert first is not None
        assert latest is not None
        assert (first.title, first.source, first.at) == ("A suit", "process: suit\n", NOW)
        assert (latest.version, latest.number) == ("v2", 2)
        assert tx.processes.get("suit", "v3") is None
        assert tx.processes.latest("shirt") is None


def test_an_older_version_can_be_put_in_use_again(database: Database) -> None:
    """Deploying an older version again makes it the latest, and the list ends with the one in use."""
    with database.writing() as tx:
        for version in ("v1", "v2", "v1"):
            tx.processes.add("suit", version, "A suit", "…", NOW)
        tx.processes.add("ball", "v1", "A ball", "…", NOW)
    with database.reading() as tx:
        assert [(row.name, row.version) for row in tx.processes.all()] == [
            ("ball", "v1"),
            ("suit", "v2"),
            ("suit", "v1"),
        ]
        latest = tx.processes.latest("suit")
        assert latest is not None
        assert latest.version == "v1"


# people


def person(id: str, **more: object) -> Person:
    return Person(**({"id": id, "kind": "customer", "created": NOW} | more))  # type: ignore[arg-type]


def test_a_person_is_read_back_whole(database: Database) -> None:
    """Name, contact, roles, groups and record come back as they were, odd characters included."""
    ada = person(
        "ada@x.org", name="Ada \u202e\0 Byron", contact="ada@x.org", groups=("fans", "club"), record={"n": [1, "ü"]}
    )
    ben = person("ben", kind="staff", roles=("tailor",))
    with database.writing() as tx:
        tx.people.add(ada)
        tx.people.add(ben)
    with database.reading() as tx:
        assert tx.people.get("ada@x.org") == ada
        assert tx.people.all() == [ada, ben]
        assert tx.people.all("staff") == [ben]
        assert tx.people.get("nobody") is None


def test_people_are_found_by_contact_name_or_beginning(database: Database) -> None:
    """Contact and name are found without regard to case, an id by its exact beginning; nothing finds nobody."""
    with database.writing() as tx:
        tx.people.add(person("a1", name="Ada Byron", contact="Ada@x.org"))
        tx.people.add(person("a2", name="ADA BYRON", contact="other@x.org"))
        tx.people.add(person("b1", name="Ben", contact=""))
    with database.reading() as tx:
        assert [one.id for one in tx.people.with_contact("mail", any_way(" ada@X.org ").key)] == ["a1"]
        assert [one.id for one in tx.people.called("ben")] == ["b1"]
        assert [one.id for one in tx.people.called("Ada Byron")] == ["a1", "a2"]
        assert [one.id for one in tx.people.beginning("a")] == ["a1", "a2"]
        assert [one.id for one in tx.people.beginning("B")] == ["b1"]
        assert tx.people.beginning("A1") == []
        for nobody in ("Carl", "", " ", "\0"):
            assert tx.people.with_contact("mail", nobody.strip()) == tx.people.called(nobody) == []


def test_groups_have_members_in_a_stable_order(database: Database) -> None:
    """A group's members are its customers by id, follow changes of the record, and customers means all of them."""
    with database.writing() as tx:
        for id_ in ("c", "a", "B"):
            tx.people.add(person(id_, groups=("club", "club")))
        tx.people.add(person("s", kind="staff", groups=("club",)))
    with database.reading() as tx:
        assert [one.id for one in tx.people.members("club")] == ["B", "a", "c"]
    with database.writing() as tx:
        tx.people.update(person("a", groups=("choir",), name="Anna"))
    with database.reading() as tx:
        assert [one.id for one in tx.people.members("club")] == ["B", "c"]
        assert [one.name for one in tx.people.members("choir")] == ["Anna"]
        assert [one.id for one in tx.people.members("customers")] == ["B", "a", "c"]
        assert tx.people.members("nothing") == []


def test_odd_people_are_refused(database: Database) -> None:
    """An id with other characters, a taken id, and an update of nobody are refused."""
    with database.writing() as tx:
        tx.people.add(person("ada"))
        for id_ in ("", "a b", "a\0", "ü", "x" * 201, "ada"):
            with pytest.raises(BadAnswer):
                tx.people.add(person(id_))
        with pytest.raises(NotFound):
            tx.people.update(person("nobody"))


# receipts


def test_a_receipt_is_found_by_actor_and_key(database: Database) -> None:
    """A receipt belongs to one actor and key, and comes back byte by byte (L3)."""
    job = new_id()
    with database.writing() as tx:
        assert tx.receipts.find("customer:ada", "k1") is None
        tx.receipts.add("customer:ada", "k1", job, "hash", b'{"a":1}', NOW)
    with database.reading() as tx:
        assert tx.receipts.find("customer:ada", "k1") == ("hash", b'{"a":1}')
        assert tx.receipts.find("customer:ben", "k1") is None
        assert tx.receipts.find("customer:ada", "k2") is None


def test_a_key_is_taken_once(database: Database) -> None:
    """A second receipt under one key fails and takes its whole transaction with it (L3)."""
    with database.writing() as tx:
        tx.receipts.add("customer:ada", "k1", new_id(), "hash", b"1", NOW)

    def again() -> None:
        with database.writing() as tx:
            write(tx, started())
            tx.receipts.add("customer:ada", "k1", new_id(), "hash", b"2", NOW)

    with pytest.raises(StoreError):
        again()
    with database.reading() as tx:
        assert tx.receipts.find("customer:ada", "k1") == ("hash", b"1")
        assert tx.jobs.list() == []


# receipts and locks


def test_a_receipt_is_found_with_the_lock(database: Database) -> None:
    """Locking a job gives what was answered under a key of the actor, and nothing for another key or actor."""
    job = begin(database)
    with database.writing() as tx:
        tx.receipts.add("ada", "k", job, "hash", b"receipt", NOW)
    with database.writing() as tx:
        locked, stored = tx.receipts.lock_and_find(job, "ada", "k")
        assert (locked.id, locked.seq, stored) == (job, 1, ("hash", b"receipt"))
        for actor, key in (("ada", "other"), ("ben", "k")):
            assert tx.receipts.lock_and_find(job, actor, key)[1] is None
        with pytest.raises(NotFound):
            tx.receipts.lock_and_find(new_id(), "ada", "k")


def somebody_waits_for_a_lock(url: str) -> None:
    """Returns once a transaction waits for another in that PostgreSQL."""
    outside = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    end = monotonic() + 60
    with outside.connect() as connection:
        while not connection.execute(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar():
            assert monotonic() < end, "nobody waits for a lock"
    outside.dispose()


def test_a_receipt_that_was_written_while_the_lock_was_waited_for_is_found(
    database: Database, database_url: str
) -> None:
    """Whoever waits for a job's lock sees the receipt that the one before him left (L3)."""
    job = begin(database)
    found: list[object] = []

    def second() -> None:
        with database.writing() as tx:
            locked, stored = tx.receipts.lock_and_find(job, "ada", "k")
            found.extend((locked.seq, stored))

    waiting = Thread(target=second)
    with database.writing() as tx:
        tx.jobs.lock(job)
        waiting.start()
        if database.dialect == "postgresql":  # on SQLite it cannot even begin
            somebody_waits_for_a_lock(database_url)
        assert not found
        change(tx, job, move_on)
        tx.receipts.add("ada", "k", job, "hash", b"receipt", NOW)
    waiting.join(10)
    assert found == [2, ("hash", b"receipt")]


# bookings


def book(
    start: int, minutes: int = 60, *, seats: int = 1, every: int = 1800, calendar: str = "shop"
) -> Callable[[Draft], None]:
    """A booking that begins so many minutes after noon."""

    def work(draft: Draft) -> None:
        begins = NOW + timedelta(minutes=start)
        slot = e.SlotBooked(
            branch=ROOT,
            calendar=calendar,
            start=begins,
            end=begins + timedelta(minutes=minutes),
            every=every,
            seats=seats,
        )
        draft.record(slot)

    return work


def taken(database: Database, calendar: str = "shop") -> list[int]:
    """When the booked slots begin, in minutes after noon."""
    with database.reading() as tx:
        found = tx.bookings.of([calendar], NOW - HOUR, NOW + 24 * HOUR, NOW)[calendar]
        return [int((one.start - NOW).total_seconds() // 60) for one in found]


def test_a_slot_cannot_be_booked_twice(database: Database) -> None:
    """A slot that overlaps a booked one is refused, and nothing of that command is kept; the next one is free."""
    first, second = begin(database), begin(database)
    act(database, first, book(60))
    for start, minutes in ((60, 60), (30, 60), (90, 30), (0, 240)):
        with pytest.raises(SlotTaken):
            act(database, second, book(start, minutes))
    act(database, second, book(0))
    act(database, second, book(120))
    act(database, second, book(60, calendar="other"))
    assert taken(database) == [0, 60, 120]
    with database.reading() as tx:
        assert tx.jobs.get(second).seq == 4
        assert tx.bookings.of(["shop"], NOW + HOUR, NOW + 2 * HOUR, NOW) == {
            "shop": [(NOW + HOUR, NOW + 2 * HOUR, first)]
        }


def test_slots_off_the_hour_stand_beside_each_other(database: Database) -> None:
    """Slots that touch do not overlap, wherever the calendar's grid begins and whatever a slot's length is."""
    job = begin(database)
    for start in (10, 55, 100):
        act(database, job, book(start, 45, every=2700))
    act(database, job, book(145, 20, every=2700))
    act(database, job, book(165, 60 * 30, every=0))
    with pytest.raises(SlotTaken):
        act(database, job, book(165 + 60 * 29, 45, every=2700))
    assert taken(database) == [10, 55, 100, 145, 165]


def test_a_calendar_has_as_many_places_as_seats(database: Database) -> None:
    """With two seats two appointments fit side by side, and the third is refused."""
    job = begin(database)
    act(database, job, book(0, seats=2))
    act(database, job, book(30, seats=2))
    with pytest.raises(SlotTaken):
        act(database, job, book(30, seats=2))
    act(database, job, book(60, seats=2))
    assert taken(database) == [0, 30, 60]


def test_a_freed_slot_can_be_booked_again(database: Database) -> None:
    """Moving an appointment frees the old slot within the same command."""
    first, second = begin(database), begin(database)
    act(database, first, book(60))

    def move(draft: Draft) -> None:
        draft.record(e.SlotFreed(branch=ROOT, calendar="shop", start=NOW + HOUR))
        book(90)(draft)

    act(database, first, move)
    act(database, second, book(30))
    assert taken(database) == [30, 90]


def test_a_job_frees_only_its_own_slots(database: Database) -> None:
    """Freeing a slot that another job has booked changes nothing."""
    first, second = begin(database), begin(database)
    act(database, first, book(60))
    act(database, second, lambda draft: draft.record(e.SlotFreed(branch=ROOT, calendar="shop", start=NOW + HOUR)))
    assert taken(database) == [60]


def test_versions_with_other_grids_do_not_book_twice(database: Database) -> None:
    """Two versions of a calendar, one in steps of 30 minutes and one in steps of 20, do not share a time."""
    first, second = begin(database), begin(database)
    act(database, first, book(30, 30, every=1800))
    for start in (20, 40):
        with pytest.raises(SlotTaken):
            act(database, second, book(start, 20, every=1200))
    act(database, second, book(60, 20, every=1200))
    assert taken(database) == [30, 60]


def test_a_version_with_fewer_seats_counts_those_beyond_them(database: Database) -> None:
    """Where a calendar had three seats and now has two, three bookings at one time are still too many."""
    job = begin(database)
    for _ in range(3):
        act(database, job, book(0, seats=3))
    other = begin(database)
    with pytest.raises(SlotTaken):
        act(database, other, book(30, seats=2))
    assert taken(database) == [0, 0, 0]


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_two_at_once_do_not_book_one_time(postgres_url: str, isolation: str) -> None:
    """Two transactions at once, on different grids: the second waits, and is refused in every isolation level."""
    engine = sa.create_engine(postgres_url)
    with Database.open(postgres_url) as database:
        first, second = begin(database), begin(database)
        refused: list[type[Exception]] = []

        def later() -> None:
            with engine.connect().execution_options(isolation_level=isolation) as connection, connection.begin():
                tx = database.joined(connection)
                try:
                    change(tx, second, book(20, 20, every=1200))
                except (SlotTaken, DatabaseBusy) as error:
                    refused.append(type(error))
                    connection.rollback()

        waiting = Thread(target=later)
        with database.writing() as tx:
            change(tx, first, book(30, 30, every=1800))
            tx.channel.flush()
            waiting.start()
            somebody_waits_for_a_lock(postgres_url)  # the calendar's
            assert not refused
        waiting.join(10)
        assert refused == [SlotTaken if isolation == "READ COMMITTED" else DatabaseBusy]
        assert taken(database) == [30]
    engine.dispose()
