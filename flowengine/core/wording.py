"""What ids stand for in the texts of a process: persons and options, told by name and title.

A place in the data holds persons where a field of type person, or the ``by`` of an approval, is saved there, and
options where a choice or the result of a vote is. It is read from the process file; a place that is saved to in two
ways that do not agree is told as it is. Names are asked of the world, in which they may change: a text holds the one of
its time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from flowengine.core.fields import once
from flowengine.core.values import Json
from flowengine.errors import ExpressionFailed
from flowengine.language.expressions import Expression
from flowengine.language.mentions import chain
from flowengine.language.model import Process, State
from flowengine.language.parts import Field, Option, options_of
from flowengine.language.texts import plain
from flowengine.language.tree import Call, Collection, Condition, Macro, Node
from flowengine.language.types import Each

Path: TypeAlias = tuple[str, ...]
"""Members from a variable on: ``("data", "need", "who")``."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Options: those that the file lists, and where the titles are saved of those that it does not. ``counted``: ids
    stand with how many of each."""

    options: tuple[Option, ...]
    titles: Path = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """What each place holds: a person (None), or one of some options; and all lists of options, by what names them: the
    process's, the choices' and votes', and their questions'."""

    places: Mapping[Path, Listed | None]
    lists: Mapping[str, tuple[Listed, ...]]


def wording(process: Process) -> Wording:
    """What the places of a process hold; found once for each version."""
    return once(process, "wording", lambda: _found(process))


def replaced_persons(process: Process, data: dict[str, Json], by: Callable[[str], str]) -> dict[str, Json]:
    """The data of a job with what stands ``by`` each id of a person in its place, wherever the process keeps persons,
    in the data of an each too."""
    ends = [path[1:] for path, listed in wording(process).places.items() if listed is None and len(path) > 1]

    def walk(value: Json, trail: Path) -> Json:
        if isinstance(value, Mapping):
            return {key: walk(one, (*trail, key)) for key, one in value.items()}
        if isinstance(value, list):
            return [walk(one, trail) for one in value]
        held = isinstance(value, str) and any(trail[-len(end) :] == end for end in ends)
        return by(str(value)) if held else value

    return {key: walk(one, (key,)) for key, one in data.items()}


def _found(process: Process) -> Wording:
    places: dict[Path, list[Listed | None]] = {}
    lists: dict[str, list[Listed]] = {name: [Listed(options)] for name, options in process.options.items()}
    for state in process.states():
        for one in state.members.values():
            for name, path, listed in _of_state(
                process, one, ("data", *(one.saves or state.saves or state.name).split("."))
            ):
                places.setdefault(path, []).append(listed)
                if listed is not None:
                    for known in {name, state.name} - {""}:
                        lists.setdefault(known, []).append(listed)
    for scope in process.scopes():
        for entry in scope.always:
            for path in _persons(entry.fields, ("data", entry.name)):
                places.setdefault(path, []).append(None)
    agreed = {path: found[0] for path, found in places.items() if all(one == found[0] for one in found)}
    agreed |= _of_items(process, agreed)
    return Wording(agreed, {name: tuple(found) for name, found in lists.items()})


def _of_items(process: Process, places: Mapping[Path, Listed | None]) -> dict[Path, Listed | None]:
    """What the items of each ``each`` are, by what they are called in it."""
    found: dict[Path, list[Listed | str | None]] = {}
    for state in process.states():
        if isinstance(state, Each):
            listed = chain(state.of.tree)[0] if state.of is not None else None
            what = places[listed] if listed is not None and listed in places else "unknown"
            for name in {"item", state.as_}:
                found.setdefault((name,), []).append(what)
    return {
        path: first
        for path, (first, *more) in found.items()
        if not isinstance(first, str) and all(one == first for one in more)
    }


def _of_state(process: Process, state: State, at: Path) -> Iterator[tuple[str, Path, Listed | None]]:
    """What its answer puts where: the name of the question, the place, and what is there."""
    for path in _persons(state.fields, at):
        yield "", path, None
    for one in state.fields:
        if one.titles:
            values = tuple(Option(id=value, title=title) for value, title in one.titles.items())
            yield one.name, (*at, one.name), Listed(values)
    for key, source, question, titles in state.ids:
        listed = None if source is None else Listed(options_of(source, process.options), (*at, *titles))
        yield question, (*at, key), listed


def _persons(fields: Iterable[Field], at: Path) -> Iterator[Path]:
    return ((*at, field.name) for field in fields if field.person is not None)


def said_of(process: Process, expression: Expression, value: Any) -> Any:
    """The value of an expression as a process in another language tells it: one that jobs have from texts of the file,
    as titles of what was chosen and what ``set`` says, by its translation."""
    known = once(process, "texts", lambda: _from_texts(process))
    if not isinstance(value, str) or chain(expression.tree)[0] not in known:
        return value
    return said_each(process, value)


_COUNTED = re.compile(r"(\d+ × )?(.*)", re.DOTALL)


def said_each(process: Process, text: str) -> str:
    """A text of the file in the language of a process, or several such in a row, perhaps with how many of each."""
    said = process.said(text)
    if said != text:
        return said
    parts = (_COUNTED.fullmatch(one) for one in text.split(", "))
    return ", ".join(f"{part[1] or ''}{process.said(part[2])}" for part in parts if part is not None)


def _from_texts(process: Process) -> frozenset[Path]:
    """The places in which there are texts of the file."""
    lists = (one for some in wording(process).lists.values() for one in some)
    found = {one.titles for one in lists if one.titles}
    for scope in process.scopes():
        ways = (route for state in scope.states.values() for _, _, route in state.routes)
        settings = (*(one.set for one in ways), *(one.set for one in scope.always))
        found |= {("data", *place.split(".")) for one in settings for place in one}
    return frozenset(found)


def kind_of_value(process: Process, expression: Expression) -> Listed | str | None:
    """What the value of an expression is: ``"person"``, options, or None where nothing is known of it."""
    return _kind(wording(process).places, expression.tree)


def _kind(places: Mapping[Path, Listed | None], tree: Node) -> Listed | str | None:
    """What a part of it gives: what is picked from a list is of its kind, and a list of what its items are."""
    match tree:
        case Call(name="by", target=None):
            return "person"
        case Macro(name="filter", over=over):
            return _kind(places, over)
        case Call(name="distinct", target=over) if over is not None:
            return _kind(places, over)
        case Collection(items=items, mapping=False):
            return _agreed(_kind(places, one) for one in items)
        case Condition(then=then, otherwise=otherwise):
            return _agreed((_kind(places, then), _kind(places, otherwise)))
    path = chain(tree)[0]
    return None if path is None or path not in places else places[path] or "person"


def _agreed(kinds: Iterable[Listed | str | None]) -> Listed | str | None:
    first, *more = [*kinds] or [None]
    return first if all(one == first for one in more) else None


def of_people(value: Any, name: Callable[[str], str]) -> Any:
    """Ids of persons by their names; what is no id as it is."""
    if isinstance(value, list | tuple):
        return [of_people(one, name) for one in value]
    return name(value) if isinstance(value, str) and value else value


def of_options(value: Any, listed: Listed, read: Callable[[Path], Any]) -> str:
    """What was chosen by the titles of its options: one, several, or how many of each."""
    if isinstance(value, Mapping):
        return ", ".join(f"{count} × {of_options(id, listed, read)}" for id, count in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(of_options(one, listed, read) for one in value)
    return _title(value, listed, read) or plain(value)


def _title(id: Any, listed: Listed, read: Callable[[Path], Any]) -> str:
    for option in listed.options:
        if option.id == id or str(option.id) == id:
            return option.title
    saved = read(listed.titles) if listed.titles and not listed.options else None
    if isinstance(saved, Mapping):
        return str(saved.get(str(id), ""))
    return saved if isinstance(saved, str) and _is_alone(id, listed, read) else ""


def _is_alone(id: Any, listed: Listed, read: Callable[[Path], Any]) -> bool:
    """Whether the words that a choice has saved are those of this id: it is all that was picked."""
    *at, _, name = listed.titles
    return bool(read((*at, name)) == id)


def title_of(process: Process, value: Any, among: str, read: Callable[[Path], Any]) -> str:
    """The title of an option by its id, wherever it is listed; ``among``: in that list, choice, vote or question.

    An id that nothing is known of is told as it is. Raises :class:`ExpressionFailed` where it has several titles.
    """
    lists = wording(process).lists
    if among and among not in lists:
        raise ExpressionFailed(f"there are no options {among!r}", possible=sorted(lists))
    if isinstance(value, Mapping):
        return ", ".join(f"{count} × {title_of(process, id, among, read)}" for id, count in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(title_of(process, one, among, read) for one in value)
    found = {among: lists[among]} if among else lists
    titles = dict.fromkeys(title for some in found.values() for one in some if (title := _title(value, one, read)))
    if len(titles) > 1:
        named = sorted(name for name, some in found.items() if any(_title(value, one, read) for one in some))
        what = f"{plain(value)!r} is an option of several lists"
        raise ExpressionFailed(what, possible=tuple(f'title(…, "{name}")' for name in named))
    return next(iter(titles), plain(value))
