"""Tokens in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flowengine.store import Database, StoredToken
from flowengine.store.tokens import Powers

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def _token(id: str, scope: str = "worker", expires: datetime | None = None) -> StoredToken:
    powers = Powers(handlers=("cut", "sew"))
    return StoredToken(id=id, scope=scope, subject="mill", powers=powers, created=NOW, expires=expires, revoked=None)


def test_a_token_is_found_by_its_hash_alone(database: Database) -> None:
    """What was kept is found by its hash, whole, and by no other."""
    kept = _token("t1", expires=NOW + timedelta(days=1))
    with database.writing() as tx:
        tx.tokens.add("hash-1", kept)
    with database.reading() as tx:
        assert tx.tokens.find("hash-1", NOW) == kept
        assert tx.tokens.find("hash-2", NOW) is None
        assert tx.tokens.get("t1") == kept
        assert tx.tokens.get("t2") is None


def test_an_expired_token_is_not_found(database: Database) -> None:
    """A token is valid until the moment it expires, and not at it."""
    end = NOW + timedelta(hours=1)
    with database.writing() as tx:
        tx.tokens.add("hash-1", _token("t1", expires=end))
    with database.reading() as tx:
        assert tx.tokens.find("hash-1", end - timedelta(microseconds=1)) is not None
        assert tx.tokens.find("hash-1", end) is None
        assert [one.id for one in tx.tokens.valid("worker", end)] == []
        assert [one.id for one in tx.tokens.all()] == ["t1"]


def test_a_revoked_token_is_not_found(database: Database) -> None:
    """Revoking ends a token, once: the moment of the first time stays."""
    with database.writing() as tx:
        tx.tokens.add("hash-1", _token("t1"))
        tx.tokens.add("hash-2", _token("t2", "metrics"))
    with database.writing() as tx:
        assert tx.tokens.revoke("t1", NOW)
        assert not tx.tokens.revoke("t1", NOW + timedelta(hours=1))
        assert not tx.tokens.revoke("t3", NOW)
    with database.reading() as tx:
        assert tx.tokens.find("hash-1", NOW) is None
        found = tx.tokens.get("t1")
        assert found is not None
        assert found.revoked == NOW
        assert tx.tokens.valid("worker", NOW) == []
        assert [one.id for one in tx.tokens.valid("metrics", NOW)] == ["t2"]
