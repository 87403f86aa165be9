"""What is known of a job, told as titles and texts. A customer is told his own answers, and what is marked to be
shown; data of inner states stay inside (L9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from flowengine.core.position import Position
from flowengine.core.values import Json
from flowengine.language.model import Choice, Field, Fitting, Option, Pick, Process, Race, State, Vote, Wait
from flowengine.language.texts import plain


def facts(process: Process, position: Position, *, inside: bool) -> tuple[tuple[str, str], ...]:
    """Title and text of what is known, in the order of the process file; what several states save in one place once.

    ``inside``: for those who may see everything that the states declare.
    """
    told: dict[str, tuple[tuple[str, str], ...]] = {}
    for state, own in _answerable(process):
        place = state.saves or state.name
        told[place] = told.get(place) or tuple(_of_state(process, state, position.data, inside, own=own))
    return tuple(fact for facts in told.values() for fact in facts)


def _answerable(process: Process) -> Iterator[tuple[State, bool]]:
    """States and members of races, each with where it saves and whether what is there is the customer's own answer.

    Where others could have saved in a race's place, what is there is not taken for the customer's.
    """
    for state in process.states():
        if not isinstance(state, Race):
            yield state, _answered_by_customer(state)
            continue
        alone = all(_answered_by_customer(member) or isinstance(member, Wait) for member in state.of.values())
        for member in state.of.values():
            own = _answered_by_customer(member) and (alone or bool(member.saves))
            yield replace(member, saves=member.saves or state.saves or state.name), own


def _of_state(
    process: Process, state: State, data: Mapping[str, Json], inside: bool, *, own: bool
) -> Iterator[tuple[str, str]]:
    saved = _read(data, state.saves or state.name)
    if not isinstance(saved, Mapping):
        return
    for field in state.fields:
        if field.name in saved and (inside or field.show or own):
            yield field.title, _with_unit(field, saved[field.name])
    if isinstance(state, Choice) and (own or inside):
        yield from _chosen(process, state, saved)
    if isinstance(state, Fitting) and "slot" in saved:
        yield state.title, plain(saved["slot"])
    if isinstance(state, Vote) and "winner" in saved:
        yield state.title, _option_title(_listed(process, state.options), saved["winner"])


def _answered_by_customer(state: State) -> bool:
    """Whether the fields of the state are the customer's own answers; a fitting's are the findings of the role."""
    if isinstance(state, Fitting):
        return False
    return state.customer or (bool(state.audience) and all(one.kind == "customer" for one in state.audience))


def _chosen(process: Process, state: Choice, saved: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    for pick in state.choose.values():
        if pick.name in saved:
            words = saved.get("titles")
            words = words.get(pick.name) if isinstance(words, Mapping) else None
            yield pick.title, words if isinstance(words, str) else _picked(process, pick, saved[pick.name])
    if "price" in saved:
        yield f"{state.title}: price", plain(saved["price"])


def _picked(process: Process, pick: Pick, value: Json) -> str:
    options = _listed(process, pick.source)
    if isinstance(value, Mapping):
        return ", ".join(f"{count} × {_option_title(options, id)}" for id, count in value.items())
    if isinstance(value, list):
        return ", ".join(_option_title(options, id) for id in value)
    return _option_title(options, value)


def _listed(process: Process, source: object) -> tuple[Option, ...]:
    """The options that the file itself lists; those of an expression are known by their ids alone."""
    if isinstance(source, str):
        return process.options.get(source, ())
    return source if isinstance(source, tuple) else ()


def _option_title(options: tuple[Option, ...], id: Json) -> str:
    return next((option.title for option in options if option.id == id or str(option.id) == id), plain(id))


def _with_unit(field: Field, value: Json) -> str:
    return f"{plain(value)} {field.unit}" if field.unit else plain(value)


def _read(data: Mapping[str, Json], place: str) -> Json:
    value: Json = data
    for key in place.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value
