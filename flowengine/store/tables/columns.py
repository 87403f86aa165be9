"""What tables are made of: their metadata, and the columns that each of them has."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

HEAD = "0025"
"""The revision of the schema that this code works with."""

Key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Micros = sa.BigInteger()
NEVER = 2**62
"""A moment that never comes."""
metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


def key(name: str, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, Key, nullable=False, primary_key=primary_key)


def text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def time(name: str, nullable: bool = False, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(name, Micros, nullable=nullable, primary_key=primary_key)


def count(name: str, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, primary_key=primary_key)


def added(name: str, type_: sa.types.TypeEngine[Any], default: str) -> sa.Column[Any]:
    """A column that came later: its default lets code of the revision before go on writing (rolling upgrades)."""
    return sa.Column(name, type_, nullable=False, server_default=sa.text(default))
