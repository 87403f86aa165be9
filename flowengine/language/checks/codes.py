"""The codes of the checks' problems: stable, for programs, and each with what it means."""

from __future__ import annotations

CODES: dict[str, str] = {
    "no-need": "The first state is not a need.",
    "second-need": "A need stands somewhere else than first in the process.",
    "need-again": "A route leads back to the need.",
    "no-fulfilled": "There is no end of type fulfilled, or no way leads to one.",
    "unknown-state": "A state is named that does not exist.",
    "unknown-target": "A route leads to nothing.",
    "foreign-target": "A route leads into another branch, stage or scope.",
    "unknown-role": "A role is named that the process does not list.",
    "unknown-group": "A group is named that the process does not list.",
    "unknown-options": "Options are named that the process does not list.",
    "unknown-calendar": "A calendar is named that the process does not list.",
    "unknown-branch": "A branch waits for one that does not exist.",
    "after-circle": "Branches wait for one another.",
    "impossible-join": "A join waits for more branches than there can be.",
    "two-writers": "Two branches that run at the same time save to one place.",
    "unknown-outcome": "An outcome is routed that the state cannot have.",
    "missing-outcome": "An outcome that the state can have leads nowhere.",
    "no-fallback": "Every route of an outcome has a condition, so that none may hold.",
    "dead-route": "A route stands behind one that always holds.",
    "no-deadline": "A state waits for a customer without a deadline, or does not say what happens then.",
    "unreachable-state": "No way leads to a state.",
    "no-way-out": "From a state no end can be reached.",
    "endless-loop": "States lead round in a circle in which nothing waits.",
    "unknown-variable": "An expression uses a name that is not there.",
    "unknown-data": "An expression reads data that nothing in the process saves.",
    "unknown-field": "An expression reads a field that an answer does not have.",
    "missing-data": "An expression reads data before anything has saved them.",
    "maybe-missing": "An expression reads data that are not there on every way, or may be left out.",
    "internal-data": "A customer would be shown data of an internal state that are not marked with show: true.",
}
"""Every code that the checks can give beside the parser's, with what it means. ``wrong-type`` is also given for
expressions that mix types or do not give what is wanted."""
