"""Enough of what is asked for, and not too many: people for an approval or a task, options for a choice or a vote, also
under limits."""

from __future__ import annotations

from collections import Counter

from flowengine.language.checks.survey import Survey
from flowengine.language.model import Limited, State
from flowengine.language.parts import Audience, Option, options_of
from flowengine.language.suggest import hint
from flowengine.language.syntax import Call, Literal


def check(survey: Survey) -> None:
    """Report what the file itself says can never be: how many people a role or a group has is not in it."""
    for state in survey.states.values():
        for one in state.members.values():
            _approvers(survey, one)
            _excluded(survey, one, lasting=not state.has_deadline)
            _options(survey, one)
            for limited in one.limited:
                _limits(survey, limited, options_of(limited.source, survey.process.options))


def _approvers(survey: Survey, state: State) -> None:
    """Each of those listed is asked once, however often he is listed; a list of people has as many as it has."""
    if not state.asks_each:
        return
    if any(one.kind == "people" for one in state.audience):
        return
    seats = {(one.kind, str(one.name)) for one in state.audience}
    needed = len(state.audience) if state.quorum_of_seats is None else state.quorum_of_seats
    if needed > len(seats):
        twice = len(seats) < len(state.audience)
        what = "each is asked once, however often it is listed" if twice else "a role or a group answers once"
        message = f"{state.name!r} needs {needed} to approve, and asks {len(seats)}: {what}"
        advice = "list roles or persons that differ, or {people: …} with a list of ids"
        survey.report(state.place, "too-few-people", message, advice)


def _excluded(survey: Survey, state: State, *, lasting: bool) -> None:
    """A task for one person only, who must not do it; a ``lasting`` one, which no deadline ends, also where that is so
    only when the job's customer has begun it himself."""
    excluded = [one.name for one in state.names if one.key == "not_by" and one.name in survey.states]
    if not excluded or not state.audience or state.escalate:
        return
    if all(_is_excluded(survey, one, excluded) for one in state.audience):
        message = f"{state.name!r} is for nobody: whoever it asks has done what not_by names ({', '.join(excluded)})"
        survey.report(state.place, "too-few-people", message, "let somebody else do it, or leave not_by out")
    elif lasting and all(_is_excluded(survey, one, excluded, begun=True) for one in state.audience):
        message = f"{state.name!r} is for nobody where the customer has begun the job himself: he has done what not_by "
        message += f"names ({', '.join(excluded)})"
        survey.report(state.place, "too-few-people", message, "let somebody else do it, or give it an end: within: P3D")


def _is_excluded(survey: Survey, audience: Audience, excluded: list[str], *, begun: bool = False) -> bool:
    """Whether it is one person, who is known to have done one of the states; ``begun``: as the customer has begun the
    job himself."""
    if audience.kind == "customer":
        return any(_by_customer_alone(survey.states[name], begun=begun) for name in excluded)
    if audience.kind != "person" or isinstance(audience.name, str):
        return False
    match audience.name.tree:
        case Call(name="by", args=(Literal(value=name),)):
            if name in excluded:
                return True
            his = begun and name in survey.states and survey.states[name].is_start
            return his and any(_by_customer_alone(survey.states[one]) for one in excluded)
        case _:
            return False


def _by_customer_alone(state: State, *, begun: bool = False) -> bool:
    """Whether nobody else may do it: a job may be begun for its customer, if he has not ``begun`` it himself, who meets
    others in a fitting."""
    alone = bool(state.audience) and all(one.kind == "customer" for one in state.audience)
    return alone and not ((state.is_start and not begun) or state.companions or state.escalate)


def _options(survey: Survey, state: State) -> None:
    for what, source, least, place in state.chosen_from:
        listed = options_of(source, survey.process.options)
        if listed and least > len(listed):
            message = f"{state.name!r}: {least} {what}, but there are only {len(listed)} options"
            survey.report(place, "too-few-options", message, f"possible: 1 to {len(listed)}")
        if listed and state.most_options is not None and len(listed) > state.most_options:
            message = f"{state.name!r} lists {len(listed)} options, and no more than {state.most_options} can be ranked"
            survey.report(place, "too-many-options", message, "list fewer, or take another method: approval")


def _limits(survey: Survey, limited: Limited, listed: tuple[Option, ...]) -> None:
    """Limits are of what the options are, and can be kept; of the options of an expression nobody knows."""
    limits, what = limited.limits, limited.what
    if not listed:
        return
    if not any(limits.by in one.more for one in listed):
        known = dict.fromkeys(name for one in listed for name in one.more)
        message = f"{what}: no option has the attribute {limits.by!r}"
        survey.report(limits.place, "unknown-attribute", message, hint(limits.by, known))
        return
    there: Counter[str] = Counter()
    for one in listed:
        kind = limits.kind(one.more)
        if limits.by in one.more and not kind:
            message = f"{limits.by!r} of the option {one.title!r} is no text, number, true or false"
            survey.report(one.place, "type-mix", message, f"{what} has limits by it")
        there[kind] += limited.most if limited.repeated else 1
    misspelt = [kind for kind in limits.of if kind not in there]
    for kind in misspelt:
        message = f"{what}: no option has the {limits.by} {kind!r}"
        kinds = [one for one in there if one]
        survey.report(limits.of[kind].place, "unknown-attribute", message, hint(kind, kinds))
    problem = "" if misspelt else limits.impossible(there, min(limited.least, there.total()), limited.most)
    if problem:
        survey.report(limits.place, "impossible-limits", f"{what}: {problem}", "")
