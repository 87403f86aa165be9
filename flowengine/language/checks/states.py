"""Questions that all checks ask of a state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowengine.language.model import Audience, Decision, Ended, Fulfilled, Race, Route, State

CUSTOMERS = frozenset({"customer", "customers", "group", "anyone"})
"""The audiences that are customers."""
EXPIRED = "expired"
"""The outcome of a state whose ``within`` is over."""


def is_end(state: State) -> bool:
    """Whether the state is an end."""
    return isinstance(state, Fulfilled | Ended)


def routes(state: State) -> Iterator[tuple[str, int, Route]]:
    """All ways on: the outcome, which of its routes, and the route. A decision's have the outcome ``""``."""
    if isinstance(state, Decision):
        for index, route in enumerate((*state.rules, state.otherwise)):
            yield "", index, route
        return
    for outcome, ways in state.on.items():
        for index, route in enumerate(ways):
            yield outcome, index, route


def members(state: State) -> tuple[State, ...]:
    """The state itself, or the members of a race: all that waits for somebody."""
    return tuple(state.of.values()) if isinstance(state, Race) else (state,)


def for_customers(audience: Iterable[Audience]) -> bool:
    """Whether customers are among those meant."""
    return any(one.kind in CUSTOMERS for one in audience)


def waits_for_customer(state: State) -> bool:
    """Whether the state, or a member of the race, waits for a customer."""
    return any(one.customer or for_customers(one.audience) for one in members(state))
