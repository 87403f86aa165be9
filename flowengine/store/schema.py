"""The schema's revision, and how a database is brought to the newest one by Alembic's migrations in this package."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from flowengine.errors import SchemaMismatch
from flowengine.store.channel import Channel
from flowengine.store.named_texts import DatabaseSettings
from flowengine.store.query import Query
from flowengine.store.tables import HEAD

VERSION_TABLE = "flow_schema"
MIGRATIONS = Path(__file__).parent / "migrations"

_version = sa.table(VERSION_TABLE, sa.column("version_num", sa.String))

REVISION = Query("schema.revision", "The revision of the schema.", sa.select(_version.c.version_num))


THERE = Query(
    "schema.there", "Whether the table of the revision exists.", lambda dialect: dialect.has_table(VERSION_TABLE)
)


TABLES = Query("schema.tables", "Whether the table of jobs exists.", lambda dialect: dialect.has_table("flow_jobs"))

NOTE_UNREAD = sa.text(
    "INSERT INTO flow_awaiting (job_id, branch, number, message, key)"
    " SELECT id, '', 0, '', '*' FROM flow_jobs WHERE status = 'open' ON CONFLICT DO NOTHING"
)
"""Note of all open jobs that it is not known what they wait for; the next message that names no job has them read."""

OLDEST_CODE = "oldest_code"
"""The name of the setting that says which revision's code still works on this schema. A migration that only adds leaves
it as it is, so that processes can be replaced one after another."""


def fits(channel: Channel, found: str | None) -> bool:
    """Whether this code works on a schema of that revision: its own, or a newer one that says so."""
    if found is None or found <= HEAD:
        return found == HEAD
    oldest = DatabaseSettings(channel).get(OLDEST_CODE)
    return oldest is not None and oldest <= HEAD


def revision(channel: Channel) -> str | None:
    """The revision of the schema, or None for an empty database. Raises SchemaMismatch where there are tables and
    nothing says of which revision: they could be of any."""
    there = channel.one(THERE, {})
    row = channel.one(REVISION, {}) if there and there[0] else None
    if row is None:
        tables = channel.one(TABLES, {})
        if tables and tables[0]:
            raise SchemaMismatch(
                "the tables of flowengine are there, but nothing says of which schema they are",
                where=VERSION_TABLE,
                possible=[f"put the one row of {VERSION_TABLE} back, as a backup has it", "restore the backup"],
            )
    return row[0] if row else None


def upgrade(connection: sa.Connection, to: str = HEAD) -> None:
    """Bring the schema to a revision, in the connection's transaction. What open jobs wait for is read anew then: code
    of an older revision may have moved them."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)
    if to == HEAD:
        connection.execute(NOTE_UNREAD)
