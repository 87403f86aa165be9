"""The databases under the simulated processes, emptied for each schedule.

| name | what it is |
|-|-|
| ``memory`` | SQLite in memory: one connection that all processes take in turns. Fast; it proves the logic, not files |
| ``sqlite`` | a SQLite file; each simulated process opens it anew, with locks and connections of its own |
| ``postgresql`` | a real PostgreSQL; each simulated process connects anew |

Deploying and entering people is done once; between schedules only what belongs to jobs is deleted.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from fault_processes import PROCESSES
from faulty import FaultyDatabase, Process

from flowengine import Engine
from flowengine.core.seatings import seatings
from flowengine.store import Database

OF_JOBS = (
    "flow_receipts", "flow_history", "flow_outbox", "flow_calls", "flow_timers", "flow_steps", "flow_branches",
    "flow_bookings", "flow_calendars", "flow_awaiting", "flow_messages", "flow_participants", "flow_promises",
    "flow_boxes", "flow_voters", "flow_papers", "flow_sums", "flow_shown_files", "flow_letters", "flow_jobs",
)  # fmt: skip

ROWS_OF_A_JOB = {
    "flow_jobs": "id", "flow_branches": "job_id", "flow_steps": "job_id", "flow_timers": "job_id",
    "flow_calls": "job_id", "flow_outbox": "job_id", "flow_history": "job_id", "flow_receipts": "job_id",
    "flow_bookings": "job_id", "flow_awaiting": "job_id", "flow_participants": "job_id", "flow_promises": "job_id",
    "flow_boxes": "job_id", "flow_voters": "job_id", "flow_papers": "job_id", "flow_sums": "job_id",
}  # fmt: skip


ROLES = ("joiner", "painter", "host", "builder")

CUSTOMERS = ("ada", "ben", "cleo", "dana")


def prepare(database: Database) -> None:
    """Put the processes in use and enter those who take part."""
    with Engine(database, handlers={}) as engine:
        for text in PROCESSES.values():
            engine.deploy(text)
        for name in CUSTOMERS:
            engine.add_customer(name, name.title(), contact=f"{name}@example.org", groups=("members",))
        for role in ROLES:
            engine.add_staff(f"{role}_1", roles=(role,), contact=f"{role}@example.org")
        engine.add_staff("olga", "Olga", roles=("operator",))
        engine.shell.secret.made(engine.shell)  # or the first schedule would differ from those after it


class Plain(Database):
    """A database whose driver others can stand on, too: what is in memory cannot be opened twice."""

    def __init__(self, driver: Any, *more: Any) -> None:
        super().__init__(driver, *more)
        self.driver = driver


class Store:
    """One database: how processes connect, and a look at its rows that no fault touches."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.kind = "memory" if url == "sqlite://" else url.partition(":")[0].partition("+")[0]
        self.plain = Plain.open(url)
        assert isinstance(self.plain, Plain)
        prepare(self.plain)
        self.settings = self.rows("SELECT name FROM flow_settings")
        self.people: set[str] = set()
        self.invited: dict[str, list[str]] = defaultdict(list)
        with Engine(self.plain, handlers={}) as engine:
            for person in sorted(engine.people(), key=lambda one: one.id):
                self.people.add(person.id)
                for seating in seatings(engine.actor(person.id)):
                    self.invited[seating].append(person.id)

    def connect(self, process: Process) -> FaultyDatabase:
        """The database as a new process opens it."""
        if self.kind == "memory":
            opened = FaultyDatabase(self.plain.driver, self.url)
        else:
            opened = FaultyDatabase.open(self.url)
            assert isinstance(opened, FaultyDatabase)
        opened.process = process
        return opened

    def disconnect(self, database: Database) -> None:
        """A process is over: its connections go with it."""
        if self.kind != "memory":
            database.close()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a statement of SQL gives."""
        with self.plain.reading() as tx:
            cursor = tx.channel.raw.cursor()  # type: ignore[attr-defined]  # both channels have the driver's connection
            try:
                return [tuple(row) for row in cursor.execute(sql).fetchall()]
            finally:
                cursor.close()

    def rows_of(self, job: str) -> dict[str, list[tuple[Any, ...]]]:
        """All that is stored of a job."""
        return {
            table: sorted(self.rows(f"SELECT * FROM {table} WHERE {key} = '{job}'"), key=repr)
            for table, key in ROWS_OF_A_JOB.items()
        }

    def empty(self) -> None:
        """Delete all jobs and all that belongs to them, and whoever was entered on the way."""
        with self.plain.writing() as tx:
            cursor = tx.channel.raw.cursor()  # type: ignore[attr-defined]
            cursor.execute("INSERT INTO flow_settings (name, value) VALUES ('archiving', 'between schedules')")
            for table in OF_JOBS:
                cursor.execute(f"DELETE FROM {table}")
            kept = ", ".join(f"'{one}'" for one in sorted(self.people))
            cursor.execute(f"DELETE FROM flow_memberships WHERE person NOT IN ({kept})")
            cursor.execute(f"DELETE FROM flow_contacts WHERE person NOT IN ({kept})")
            cursor.execute(f"DELETE FROM flow_people WHERE id NOT IN ({kept})")
            names = ", ".join(f"'{name}'" for (name,) in self.settings)
            cursor.execute(f"DELETE FROM flow_settings WHERE name NOT IN ({names})")
            cursor.close()

    def close(self) -> None:
        self.plain.close()
