"""Tokens for those who come in from outside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flowengine import BadAnswer, BadToken, Engine, NotFound, SimulatedClock


def test_a_token_is_known_again(engine: Engine) -> None:
    """Whoever shows the secret is known by what it was issued for."""
    made = engine.issue_token("worker", "mill", handlers=["order_cloth", "cut", "cut"], expires=timedelta(days=2))
    who = engine.token(made.token)
    assert (who.id, who.scope, who.subject) == (made.id, "worker", "mill")
    assert who.handlers == ("order_cloth", "cut")
    assert who.expires == engine.clock.now() + timedelta(days=2)
    assert engine.tokens() == [who]


def test_a_token_is_256_random_bits(engine: Engine) -> None:
    """A secret has the form that scanners know, and no two are alike."""
    made = {engine.issue_token("metrics", "grafana").token for _ in range(20)}
    assert len(made) == 20
    assert all(re.fullmatch(r"flow_[A-Za-z0-9_-]{43}", token) for token in made)


def test_a_secret_is_neither_stored_nor_printed(engine: Engine) -> None:
    """Who reads the database or a log finds no token."""
    made = engine.issue_token("operator", "olga")
    assert made.token not in repr(made)
    with engine.database.reading() as tx:
        stored = tx.tokens.get(made.id)
    assert made.token not in repr(stored)
    assert all(made.token not in str(one.to_json()) for one in engine.tokens())


def test_unknown_expired_and_revoked_answer_alike(engine: Engine, clock: SimulatedClock) -> None:
    """Why a token is not valid is not told (L4)."""
    expired = engine.issue_token("metrics", "one", expires=timedelta(hours=1)).token
    revoked = engine.issue_token("metrics", "two")
    engine.revoke_token(revoked.id)
    clock.advance(timedelta(hours=1))
    said = set()
    for text in (expired, revoked.token, "flow_" + "A" * 43, "", "nonsense", "flow_ä" + "A" * 42, expired + " "):
        with pytest.raises(BadToken) as told:
            engine.token(text)
        said.add(str(told.value))
    assert len(said) == 1


def test_revoking_is_told_and_stays(engine: Engine, clock: SimulatedClock) -> None:
    """A revoked token stays listed with the moment at which it was revoked, which a second time does not change."""
    made = engine.issue_token("metrics", "grafana")
    at = clock.now()
    assert engine.revoke_token(made.id).revoked == at
    clock.advance(timedelta(hours=1))
    assert engine.revoke_token(made.id).revoked == at
    assert [one.revoked for one in engine.tokens()] == [at]


def test_an_unknown_id_cannot_be_revoked(engine: Engine) -> None:
    """A typing error is told with the id that was meant."""
    made = engine.issue_token("metrics", "grafana")
    wrong = made.id[:-1] + ("0" if made.id[-1] != "0" else "1")
    with pytest.raises(NotFound) as told:
        engine.revoke_token(wrong)
    assert made.id in str(told.value.possible)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"scope": "emperor"}, "scope"),
        ({"subject": ""}, "subject"),
        ({"subject": "a\nb"}, "subject"),
        ({"subject": "x" * 101}, "subject"),
        ({"handlers": ()}, "handlers"),
        ({"handlers": ("no name",)}, "handlers"),
        ({"handlers": tuple(f"h{n}" for n in range(101))}, "handlers"),
        ({"scope": "metrics"}, "handlers"),
        ({"expires": timedelta(0)}, "expires"),
        ({"expires": datetime(2020, 1, 1, tzinfo=UTC)}, "expires"),
        ({"expires": datetime(2099, 1, 1)}, "expires"),  # noqa: DTZ001 - what is refused here
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_what_no_token_can_be_is_refused(engine: Engine, given: Mapping[str, Any], field: str) -> None:
    """Each part of a token is checked, and nothing is kept (L12)."""
    whole: dict[str, Any] = {"scope": "worker", "subject": "mill", "handlers": ("cut",), **given}
    with pytest.raises(BadAnswer) as told:
        engine.issue_token(**whole)
    assert set(told.value.problems) == {field}
    assert engine.tokens() == []
