"""Hot queries keep their indexes: what an act or an inbox costs does not grow with the number of jobs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from drafts import HOUR, NOW, call, fork, started, write

from flowengine.core import events as e
from flowengine.core.values import ROOT, Actor, KeptMessage, Wait
from flowengine.store import (
    Database,
    Person,
    StoredToken,
    Transaction,
    administration,
    archive,
    ballots,
    bookings,
    calls,
    changes,
    codes,
    credentials,
    devices,
    erasing,
    expected,
    history,
    insight,
    jobs,
    links,
    measures,
    messages,
    outbox,
    participants,
    parties,
    people,
    pieces,
    promises,
    provisional,
    receipts,
    referrals,
    schedules,
    sessions,
    steps,
    throttles,
    timers,
    tokens,
    work,
)
from flowengine.store.query import Query

BY_KEY = {
    jobs.GET: "flow_jobs",
    jobs.LOCK_HELD: "flow_calls",
    jobs.LOCK_SET: "flow_timers",
    jobs.UPDATE[True, False, False]: "flow_jobs",
    jobs.UPDATE[True, False, True]: "flow_jobs",
    jobs.BY_SHORT: "ix_flow_jobs_short",
    jobs.BY_ID: "flow_jobs",
    jobs.CHILD: "ix_flow_jobs_parent",
    jobs.BRANCH: "flow_branches",
    jobs.DROP_BRANCH: "flow_branches",
    jobs.CHILDREN: "ix_flow_branches_parent",
    steps.DROP: "flow_steps",
    steps.SEAT: "flow_steps",
    steps.ANSWER: "flow_steps",
    steps.BRANCH: "flow_steps",
    timers.DROP: "flow_timers",
    timers.DUE: "ix_flow_timers_wake",
    timers.OVERDUE: "flow_timers|ix_flow_timers_wake",
    timers.CLAIM: "ix_flow_timers_wake",
    timers.POSTPONE: "flow_timers",
    timers.QUEUE.incidents: "ix_flow_timers_failed",
    timers.HEAL: "ix_flow_timers_wake",
    work.NEXT: "ix_flow_calls_ready",
    schedules.CLAIM: "ix_flow_schedules_wake",
    schedules.HEAL: "ix_flow_schedules_wake",
    schedules.ONE: "flow_schedules",
    schedules.PASS: "flow_schedules",
    schedules.POSTPONE: "flow_schedules",
    schedules.PUSH: "flow_schedules",
    calls.DROP: "flow_calls",
    calls.READY: "ix_flow_calls_ready",
    calls.claiming(100): "ix_flow_calls_ready",
    calls.OWNED: "flow_calls",
    calls.PROLONG: "flow_calls",
    calls.RESCHEDULE: "flow_calls",
    calls.TELL: "flow_calls",
    calls.HEAL: "ix_flow_calls_ready",
    calls.FREE: "ix_flow_calls_ready",
    calls.BLAME: "flow_calls",
    calls.ONE: "flow_calls",
    calls.QUEUE.incidents: "ix_flow_calls_incident",
    outbox.READY: "ix_flow_outbox_ready",
    outbox.DONE: "flow_outbox",
    outbox.CLAIM: "flow_outbox",
    outbox.PUSH: "flow_outbox",
    outbox.POSTPONE: "flow_outbox",
    outbox.GIVE_UP: "flow_outbox",
    outbox.WAKE: "ix_flow_outbox_lane",
    outbox.RETRY: "flow_outbox",
    outbox.QUEUE.incidents: "ix_flow_outbox_incident",
    referrals.GET: "flow_referrals",
    referrals.CAME: "flow_referrals",
    referrals.SENT: "ix_flow_referrals_sender",
    referrals.BROUGHT: "ix_flow_referrals_person",
    tokens.FIND: "flow_tokens",
    tokens.OF_ID: "ix_flow_tokens_id",
    tokens.VALID: "ix_flow_tokens_scope",
    archive.FINISHED: "ix_flow_jobs_status|flow_jobs",
    archive.TAKE: "flow_jobs",
    insight.UNCOUNTED: "ix_flow_jobs_uncounted",
    insight.BEHIND: "ix_flow_jobs_uncounted",
    insight.PAGE: "flow_jobs",
    insight.MARK: "flow_jobs",
    insight.LIFE: "flow_lives",
    insight.COUNTED_TO: "flow_lives",
    insight.STANDING: "ix_flow_lives_again",
    insight.REST: "flow_lives",
    expected.STAMP: "flow_calibrated",
    expected.OF: "flow_expected",
    expected.DROP: "flow_expected",
    expected.STANDING: "flow_jobs",
    expected.BRANCHES: "flow_branches|ix_flow_branches_parent",
    promises.TO_LOOK_AT: "ix_flow_promises_look",
    promises.LOOKED_AT: "flow_promises|ix_flow_promises_look",
    insight.DROP: "flow_cells",
    insight.OF: "flow_cells",
    insight.MEASURED: "flow_cells",
    pieces.CLEAR: "flow_pieces",
    pieces.MADE: "flow_pieces",
    pieces.WAITING: "flow_pieces",
    pieces.WORK: "flow_piecework",
    pieces.FORGET: "flow_piecework",
    ballots.BOX: "flow_boxes",
    ballots.SEAT: "flow_voters|ix_flow_voters_person",
    ballots.PAPER: "flow_papers",
    ballots.PAPERS: "flow_papers",
    ballots.HAS_VOTED: "flow_voters|ix_flow_voters_person",
    ballots.COUNT: "flow_sums",
    ballots.SUMS: "flow_sums",
    ballots.RUNNING: "flow_sums",
    steps.may_vote(1): "ix_flow_voters_person|flow_voters",
    erasing.SENDS: "flow_outbox|ix_flow_outbox_lane",
    erasing.EMPTY: "flow_history",
    erasing.RECEIPTS: "ix_flow_receipts_job",
    erasing.FORGET: "flow_receipts",
    erasing.UNTELL: "flow_outbox|ix_flow_outbox_lane",
    erasing.LIVE: "flow_jobs",
    erasing.REPLACE: "flow_jobs",
    **{query: query.name.removeprefix("archive.") for query in archive.REST},
    messages.WAITING: "ix_flow_awaiting_message",
    messages.LEAVE: "flow_awaiting",
    messages.FORGET_JOB: "flow_awaiting",
    messages.KEPT: "flow_messages",
    messages.TAKE: "flow_messages",
    messages.OVER: "ix_flow_messages_until",
    messages.COUNT: "flow_messages",
    messages.COUNT_NAME: "flow_messages",
    messages.OWN_RECEIPT: "ix_flow_receipts_job",
    messages.FORGET_RECEIPT: "ix_flow_receipts_job",
    bookings.taken(1): "flow_bookings",
    bookings.taken(8): "flow_bookings",
    bookings.agenda(1): "flow_bookings",
    bookings.agenda(8): "flow_bookings",
    bookings.whose(8): "ix_flow_bookings_job",
    bookings.LAPSED: "flow_bookings",
    bookings.FREE: "ix_flow_bookings_job",
    participants.ANY: "flow_participants|ix_flow_participants_person",
    participants.OF: "flow_participants|ix_flow_participants_person",
    jobs.listing((("took_part", 1),), True): "ix_flow_participants_person",
    history.OF_JOB: "flow_history",
    receipts.FIND: "flow_receipts",
    receipts.LOCK_AND_FIND: "flow_receipts",
    people.GET: "flow_people",
    people.BY_NAME: "ix_flow_people_name_key",
    people.BY_CONTACT: "ix_flow_people_contact_key",
    parties.OF: "flow_contacts|ix_flow_contacts_key",
    parties.WITH: "ix_flow_contacts_key",
    parties.CONFIRM: "flow_contacts|ix_flow_contacts_key",
    parties.FOR: "flow_acting|ix_flow_acting_party",
    parties.BY: "ix_flow_acting_party",
    parties.END: "flow_acting|ix_flow_acting_party",
    steps.inbox(1): "ix_flow_steps_urgent",
    steps.inbox(4): "ix_flow_steps_urgent",
    steps.inbox(3, (0, 1, 2), person=True): "ix_flow_steps_urgent",
    steps.inbox(1, (0,), person=True): "ix_flow_steps_holder",
    steps.inbox(2, (1,), person=True, narrow=steps.Narrowed("p", "c", ("w",))): "ix_flow_steps_urgent",
    steps.counting(2, steps.WHOLE): "ix_flow_steps_urgent",
    steps.counting(2, steps.Narrowed("p", "c", ("w",))): "ix_flow_steps_urgent",
    steps.seated(2, steps.WHOLE): "ix_flow_steps_urgent",
    steps.PROMISED: "flow_steps",
    steps.HELD: "ix_flow_steps_claimed",
    jobs.listing((("customer", 1),), True): "ix_flow_jobs_customer",
    jobs.listing((("process", 1),), False): "ix_flow_jobs_process",
    jobs.listing((), False): "flow_jobs",
    jobs.listing((("late", 1),), True): "ix_flow_jobs_promised",
    jobs.listing((("begun_before", 1),), True): "flow_jobs",
    jobs.OVERDUE: "ix_flow_jobs_promised",
    measures.LATE_PROMISES: "ix_flow_jobs_promised",
    changes.JOBS: "flow_jobs",
    changes.CUSTOMERS: "ix_flow_jobs_customer",
    changes.WAITING: "ix_flow_steps_urgent",
    changes.MOST_URGENT: "ix_flow_steps_urgent",
    tokens.OF: "ix_flow_tokens_subject",
    tokens.HELD: "ix_flow_tokens_subject",
    sessions.FIND: "flow_sessions",
    sessions.OF: "ix_flow_sessions_person",
    sessions.SEEN: "ix_flow_sessions_id",
    sessions.END: "ix_flow_sessions_id",
    sessions.END_OF_SOURCE: "ix_flow_sessions_source",
    sessions.TIDY: "ix_flow_sessions_until",
    links.FIND: "ix_flow_links_hash",
    links.USE: "ix_flow_links_hash",
    links.OF_ID: "ix_flow_links_id",
    links.OF_JOB: "flow_links",
    links.USES: "flow_link_uses",
    codes.TRY: "flow_codes",
    codes.OVER: "ix_flow_codes_until",
    credentials.FIND: "flow_credentials",
    credentials.OF: "ix_flow_credentials_person",
    credentials.ASKED: "flow_challenges",
    devices.FIND: "flow_devices",
    devices.SHOWN: "ix_flow_devices_user_code",
    throttles.HITS: "flow_throttles",
    throttles.TIDY: "ix_flow_throttles_until",
    provisional.OVER: "ix_flow_provisional_until",
    administration.LAST: "flow_deeds",
    administration.CHAIN: "flow_deeds",
    administration.WRITTEN: "flow_deeds",
    administration.EMPTY: "flow_deeds",
    administration.OF_PERSON: "ix_flow_deeds_about|ix_flow_deeds_also",
}
"""Each hot query, and the indexes (or the table, for its primary key) one of which must serve it."""

BY_KEY |= {
    query: f"{BY_KEY[query]}|{index}"
    for query, index in {
        archive.REST[0]: "ix_flow_branches_parent",
        archive.REST[-1]: "ix_flow_receipts_job",
        archive.REST[-2]: "ix_flow_voters_person",
        outbox.CLAIM: "ix_flow_outbox_lane",
        outbox.PUSH: "ix_flow_outbox_lane|ix_flow_outbox_ready",
        outbox.POSTPONE: "ix_flow_outbox_lane|ix_flow_outbox_ready",
        outbox.GIVE_UP: "ix_flow_outbox_lane|ix_flow_outbox_ready",
    }.items()
}
"""Where the planner may as well take another one that leads to the very row."""

SORTS = {
    administration.OF_PERSON,
    people.BY_CONTACT,
    parties.OF,
    changes.CUSTOMERS,
    changes.WAITING,
    bookings.agenda(1),
    bookings.agenda(8),
    bookings.whose(8),
    jobs.listing((("late", 1),), True),
    jobs.OVERDUE,
    measures.LATE_PROMISES,
    bookings.taken(1),
    bookings.taken(8),
    steps.BRANCH,
    steps.counting(2, steps.WHOLE),
    steps.counting(2, steps.Narrowed("p", "c", ("w",))),
    steps.seated(2, steps.WHOLE),
    participants.OF,
    calls.QUEUE.incidents,
    timers.QUEUE.incidents,
    timers.OVERDUE,
    outbox.QUEUE.incidents,
    tokens.VALID,
    tokens.OF,
    tokens.HELD,
    sessions.OF,
    links.OF_JOB,
    credentials.OF,
}
"""Queries that may sort the few rows they find."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with enough rows, and fresh statistics, for its planner to choose as it would in use."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('plans') / 'flow.db'}"
    else:
        import psycopg

        server: str = request.getfixturevalue("postgres_server")
        with psycopg.connect(server.replace("+psycopg", "").format(name="postgres"), autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS flow_plans WITH (FORCE)")
            connection.execute("CREATE DATABASE flow_plans")
        url = server.format(name="flow_plans")
    with Database.open(url) as database:
        with database.writing() as tx:
            for number in range(600):
                fill(tx, number)
        with database.writing() as tx:
            tx.channel.raw.execute("ANALYZE")  # type: ignore[attr-defined]
        yield database


def fill(tx: Transaction, number: int) -> None:
    """A customer, and a job of his with rows in every table."""
    draft = started(customer=f"c{number}", audience=(f"person:c{number}", "role:tailor"), process=f"p{number // 10}")
    fork(draft, 3)
    for n in range(5):
        call(draft, incident="it failed" if n == 0 and number % 50 == 0 else "")
    start = NOW + HOUR * number
    draft.record(e.SlotBooked(branch=ROOT, calendar="shop", start=start, end=start + HOUR, every=1200))
    write(tx, draft)
    job = draft.head.job
    tx.messages.read(job, {ROOT: (Wait(message="come", key=f"{number}"), Wait(message="stop"))})
    early = KeptMessage(id=job, name="come", key=f"{number}", came=NOW, until=NOW + HOUR * number)
    tx.messages.keep(early)
    tx.people.add(Person(id=f"c{number}", kind="customer", name=f"Name {number}", contact=f"{number}@x", created=NOW))
    tx.receipts.add(f"customer:c{number}", "key", job, "hash", b"receipt", NOW)
    for n in range(4):
        tx.outbox.add(job, 1, "note", {}, NOW + HOUR * number, number=n, lane=f"lane{n % 2}")
    for n in range(3):
        tx.channel.write(participants.NOTE, {"job_id": job, "person": f"c{number % 7}", "step": n, "seq": 1})
    sent = {"job": job, "seq": 1, "at": NOW, "person": f"c{number}", "standing": "invited"}
    tx.referrals.add(referrals.Referral(id=f"{job}.1.0", sender=f"c{number % 7}", **sent))
    if number % 50 == 0:
        fail(tx, job)
    tx.tokens.add(f"hash{number}", token(number))
    tx.schedules.place(f"p{number}", [("0 7 * * *", "UTC", NOW + HOUR * number)] * 2)
    promised = {"job_id": job, "process": f"p{number // 10}", "customer": f"c{number}", "state": "open", "body": "{}"}
    tx.channel.write(promises.PUT, promised | {"promised": number, "look": number})
    sign_in(tx, number, job)


def sign_in(tx: Transaction, number: int, job: str) -> None:
    """What there is of a customer who signs in."""
    id, who, later = f"id{number}", f"c{number}", NOW + HOUR * number
    session = sessions.StoredSession(
        id=id, person=who, strength="code", job="", source=id, where=sessions.Where(), created=NOW, seen=NOW,
        idle=HOUR, until=later,
    )  # fmt: skip
    tx.sessions.add(f"hash{number}", session)
    link = links.StoredLink(
        id=id, job=job, step=0, person=who, uses=0, most=20, made=links.MadeBy(), created=NOW, until=later + HOUR
    )
    tx.links.add(f"hash{number}", link)
    assert tx.links.use(f"hash{number}", link, NOW, "", "")
    tx.codes.add(codes.StoredCode(id=id, person=who, contact="", until=later))
    known = credentials.Credential(kind="passkey", name=id, id=id, person=who, known={}, created=NOW)
    tx.credentials.add(known)
    tx.credentials.ask(f"hash{number}", "oidc", {}, later)
    device = devices.StoredDevice(
        hash=f"hash{number}", user_code=id, state="waiting", wish=devices.Wish(), polled=NOW, interval=HOUR, until=later
    )
    tx.devices.add(device)
    tx.note(Actor(kind="operator"), "add_contact", who, also=f"c{number // 2}", address=id)
    tx.throttles.hit(id, later, HOUR)
    tx.provisional.add(provisional.Awaited(who, job, ""), later)


def token(number: int) -> StoredToken:
    """One of a hundred of its scope."""
    scope, powers = f"scope{number // 100}", tokens.Powers(handlers=("fetch",))
    return StoredToken(
        id=f"t{number}", scope=scope, subject=f"c{number}", powers=powers, created=NOW, expires=None, revoked=None
    )


def fail(tx: Transaction, job: str) -> None:
    """What a few jobs have: a timer that could not be fired, and a message that could not be sent."""
    row = next(row for row in tx.outbox.ready(NOW + HOUR * 1000, limit=10**6) if row.job == job)
    tx.outbox.give_up(row, NOW, "nobody there")
    tx.timers.postpone(job, tx.channel.rows(timers.OF_JOB, {"job_id": job})[0][0], NOW, "it failed")


def plan(database: Database, query: Query) -> str:
    """The database's plan for a query, as text."""
    sql = query.on(database.dialect).sql
    with database.reading() as tx:
        raw = tx.channel.raw  # type: ignore[attr-defined]
        if database.dialect == "sqlite":
            nothing = (None,) * sql.count("?")
            return "\n".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", nothing))
        raw.execute("SET LOCAL enable_seqscan = off")  # the tables are still small for PostgreSQL
        return "\n".join(row[0] for row in raw.execute("EXPLAIN (GENERIC_PLAN) " + sql))


def test_a_claim_is_not_planned_each_time(filled: Database) -> None:
    """PostgreSQL keeps the plan of a claim among many calls: it knows how few are wanted."""
    if filled.dialect == "sqlite":
        pytest.skip("SQLite plans a statement once, when it is prepared")
    now = NOW + HOUR * 1000
    with filled.writing() as tx:
        for _ in range(40):
            assert len(tx.calls.claim("w1", 1, now + HOUR, now)) == 1
        kept = tx.channel.raw.execute(  # type: ignore[attr-defined]
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements "
            "WHERE statement LIKE 'WITH ready%flow_calls%'"
        ).fetchall()
    ((generic, custom),) = kept
    assert generic > custom


@pytest.mark.parametrize("query", BY_KEY, ids=lambda query: query.name)
def test_a_hot_query_keeps_its_index(filled: Database, query: Query) -> None:
    """The query is answered from its index, without reading a whole table and without sorting."""
    found = plan(filled, query)
    name = BY_KEY[query]
    if filled.dialect == "sqlite":
        wanted = [one if one.startswith("ix_") else f"PRIMARY KEY|sqlite_autoindex_{one}_1" for one in name.split("|")]
        assert re.search(rf"USING (COVERING )?(INDEX )?({'|'.join(wanted)})\b", found), found
        assert "TEMP B-TREE" not in found or query in SORTS, found
        assert all("USING" in line for line in found.splitlines() if line.startswith("SCAN flow_")), found
    else:
        assert any((one if one.startswith("ix_") else f"pk_{one}") in found for one in name.split("|")), found
        assert "Seq Scan" not in found, found
        assert "Sort" not in found or query in SORTS, found
