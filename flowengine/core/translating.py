"""What a job keeps as it was told, in another language of its process.

A job tells in its process's own language: titles of steps, what they show, what somebody was told. What is filled in
from data is rendered then and there in the other languages too, and kept beside (``others``), so that whoever reads it
later reads it as it was. What the file says as it stands (titles of options and ways, reasons of ends) is found among
the texts of the process by what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from flowengine.core import events as e
from flowengine.core.values import Actor, Inners, Json, Offer, Poll, Saying, Step
from flowengine.core.wording import said_each
from flowengine.language.model import Process

_REPLACE = msgspec.structs.replace
_SAID = frozenset({"title", "description"})
"""What people read of an option."""

E = TypeVar("E", bound=e.Event)
K = TypeVar("K", bound="Inners | None")


def language_in(process: Process, actor: Actor) -> str:
    """The language in which somebody is told what the process says; empty where that is its own."""
    return actor.language if actor.language in process.others else ""


def step_in(process: Process, step: Step) -> Step:
    """A step as it is told by a process in another language; by one in its own as it is."""
    if not process.told:
        return step
    kept = step.others.get(process.language, Saying())
    lines = kept.shown or tuple((process.said(title), process.said(text)) for title, text in step.shown)
    return _REPLACE(step, title=title_in(process, step.title, step.others), shown=lines)


def title_in(process: Process, title: str, others: Mapping[str, Saying]) -> str:
    """What a step is called by a process in another language; by one in its own its title."""
    return (others[process.language].words if process.language in others else "") or process.said(title)


def inner_in(process: Process, inner: K) -> K:
    """What a state keeps of what it offers, as a process in another language calls it."""
    if not process.told:
        return inner
    if isinstance(inner, Offer):
        picks = {name: [_option_in(process, one) for one in options] for name, options in inner.picks.items()}
        return _REPLACE(inner, picks=picks)
    if isinstance(inner, Poll):
        return _REPLACE(inner, options=tuple((id, process.said(title)) for id, title in inner.options))
    return inner


def _option_in(process: Process, option: dict[str, Json]) -> dict[str, Json]:
    said = {key: process.said(option[key]) for key in _SAID & option.keys() if isinstance(option[key], str)}
    return option | said


def saved_in(process: Process, saved: Json) -> Json:
    """What an answer has saved, for telling it: of a choice with the titles that another language has."""
    titles = saved.get("titles") if process.told and isinstance(saved, dict) else None
    if not isinstance(titles, dict):
        return saved
    said = {name: said_each(process, one) if isinstance(one, str) else one for name, one in titles.items()}
    return {**saved, "titles": said}


def events_in(process: Process, events: Iterable[E]) -> tuple[E, ...]:
    """What happened, as a process in another language tells it."""
    return tuple(_event_in(process, one) for one in events) if process.told else tuple(events)


def _event_in(process: Process, event: Any) -> Any:
    match event:
        case e.StepOpened() | e.StepChanged():
            return _REPLACE(event, step=step_in(process, event.step))
        case e.Told():
            kept = event.others.get(process.language, Saying())
            return _REPLACE(event, words=kept.words or process.said(event.words), shown=kept.shown or event.shown)
        case e.Thanked():
            return _REPLACE(event, words=event.others.get(process.language) or process.said(event.words))
        case e.Entered():
            return _REPLACE(event, way=process.said(event.way))
        case e.Ended():
            return _REPLACE(event, because=process.said(event.because))
        case e.Saved():
            return _REPLACE(event, value=saved_in(process, event.value))
        case e.Kept():
            return _REPLACE(event, inner=inner_in(process, event.inner))
    return event
