"""Schemathesis asks all that can be asked with what it makes up from the description, and finds no fault of ours."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from verb_cases import Ready, workshop

from flowengine.web import make_app
from flowengine.web.events import PATH
from flowengine.web.limiting import Capacity

EXAMPLES = 6
"""Requests for each operation: it is bounded in time, and finds more when it is asked for more."""

OFF = {
    "positive_data_acceptance": "what fits its schema may still be refused: a process or a person knows more rules",
    "ensure_resource_availability": "what was made by chance needs not be found by chance",
}
"""Checks that do not hold here, with the reason."""


@pytest.mark.parametrize(("who", "on"), [("olga", "sqlite_url"), ("olga", "postgres_url"), ("ada", "sqlite_url")])
def test_whatever_is_asked_is_answered_as_described(request: pytest.FixtureRequest, who: str, on: str) -> None:
    """No server error, no undocumented status, no answer that is not as the description says, and nobody without a
    token: for an operator and for a customer, on each database."""
    checks = [check for check in CHECKS.get_all() if check.__name__ not in OFF]
    with workshop(request.getfixturevalue(on)) as engine:
        ready = Ready(engine)
        ready.table(), ready.built(), ready.order(), ready.broken()
        token = engine.issue_token("operator", who).token
        app = make_app(engine, capacity=Capacity(per_second=1_000_000, at_once=1_000_000))
        asked = 0
        for found in schemathesis.openapi.from_asgi("/openapi.json", app).get_all_operations():
            operation = found.ok()
            if operation.path == PATH:
                continue  # an answer that does not end

            @settings(
                max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(case=operation.as_strategy())
            def ask(case: Any) -> None:
                nonlocal asked
                asked += 1
                case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=checks)

            ask()
    assert asked > 300
