"""Which of the options a text means: by id or title, and at a prompt, where it is said back, by number or a
beginning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from flowengine import exact
from flowengine.cli.typed_json import json_value
from flowengine.client import FormField, FormOption, Json

NAMED = 20
"""How many names are listed where none of them was meant."""

_NUMBERED = re.compile(r"([0-9]{1,5})(\s*[:=].*)?")
"""An option's number in the list, and what is said of it."""


def meant(text: str, named: Sequence[tuple[str, str]], *, begun: bool, ids: bool = False) -> int:
    """The index of what a text means of (name, title) pairs: by the name as it is written, else by name or title
    without regard to case, else, where it may be ``begun`` only, by a beginning that just one has. Names that are
    people's ``ids`` are meant as they are written, and else only by the whole title (L15). Raises ValueError that says
    what is there, and what is near."""
    names = [name for name, _ in named]
    if text in names:
        return names.index(text)
    words = _plainly(text)
    plain = [(_plainly(name), _plainly(title)) for name, title in named]
    found = [index for index, (name, title) in enumerate(plain) if words == title or (words == name and not ids)]
    if not found and begun and words and not ids:
        found = [index for index, both in enumerate(plain) if any(one.startswith(words) for one in both)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{text[:40]!r} means several: type {_apart([named[one] for one in found[:NAMED]])}")
    near = _near(words, plain)
    said = [title if begun else name for name, title in named]
    hinted = f" (did you mean {said[near]}?)" if near is not None else ""
    raise ValueError(
        f"{text[:40]!r} is not one of {', '.join(said[:NAMED])}{' …' if len(said) > NAMED else ''}{hinted}"
    )


def _near(words: str, plain: Sequence[tuple[str, str]]) -> int | None:
    every = {one: index for index, both in enumerate(plain) for one in both}
    near = get_close_matches(words[:80], every, n=1)
    return every[near[0]] if near else None


def _apart(named: Sequence[tuple[str, str]]) -> str:
    """What to type for each of these; with their titles, where these tell them apart."""
    alike = len({_plainly(title) for _, title in named}) < len(named)
    bare = alike or all(_plainly(name) == _plainly(title) for name, title in named)
    return " or ".join(name if bare else f"{name} ({title})" for name, title in named)


def _plainly(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()


def typed_options(field: FormField, text: str, *, prompt: bool = False) -> Json:
    """A text as the answer to a field with options. Raises ValueError that says what was wanted."""
    if prompt:
        text = _by_number(field, text)
    if field.shape == "one":
        return _option(field, text, prompt)
    parts = parts_of(text)
    if field.shape in ("several", "ranked"):
        chosen: list[Any] = [_option(field, part, prompt) for part in parts]
        if len(set(map(str, chosen))) < len(chosen):
            raise ValueError("the same one is named twice")
        _count(field, len(chosen))
        return chosen
    amounts: dict[str, int] = {}
    for part in parts:
        cut = max(part.rfind(":"), part.rfind("=") if field.shape == "scores" else -1)
        name, number = part[: max(cut, 0)], part[cut + 1 :].strip()
        if cut < 0 or not (number.isdecimal() and len(number) < 10):
            of_each = "how many of each" if field.shape == "quantities" else "the score of each"
            raise ValueError(f"write {of_each}, as {example(field, prompt=prompt)}; not {part[:40]!r}")
        id = str(_option(field, name.strip(), prompt))
        if id in amounts:
            raise ValueError("the same one is named twice")
        amounts[id] = int(number)
    if field.shape == "quantities":
        _count(field, sum(amounts.values()))
    else:
        _scored(field, amounts, prompt)
    return amounts


def is_numbered(field: FormField) -> bool:
    """Options whose ids are numbers themselves are taken by id only: a 2 must not mean the second."""
    return not any(str(option.id).isdecimal() for option in field.options)


def example(field: FormField, *, prompt: bool) -> str:
    """How a number is said of an option: ``oak:2``, or ``1:2`` of the first in the list."""
    return f"{'1' if prompt and is_numbered(field) else field.options[0].id}:2"


def parts_of(text: str) -> list[str]:
    """What is listed with commas between; as a JSON list of texts where they have commas themselves. Raises ValueError
    for what begins like a JSON list and is none."""
    if text.lstrip().startswith("["):
        found = json_value(text)
        if isinstance(found, list):
            return [str(one) for one in found]
    return [part.strip() for part in text.split(",") if part.strip()]


def written(option: FormOption) -> str:
    """An option's id as it is typed."""
    return str(option.id).lower() if isinstance(option.id, bool) else str(option.id)


def _scored(field: FormField, amounts: Mapping[str, int], prompt: bool) -> None:
    for id, score in amounts.items():
        if field.max is not None and score > field.max:
            raise ValueError(f"{id[:40]} cannot have the score {score}; from {field.min} to {field.max} is possible")
    if not amounts:
        raise ValueError(f"write the score of each, as {example(field, prompt=prompt)}")


def _option(field: FormField, text: str, prompt: bool) -> str | int | bool:
    """The id that is meant."""
    named = [(written(option), option.title) for option in field.options]
    return field.options[meant(text, named, begun=prompt, ids=field.format == "person")].id


def _count(field: FormField, count: int) -> None:
    if field.min is not None and count < field.min:
        raise ValueError(f"at least {field.min} must be chosen, not {count}")
    if field.max is not None and count > field.max:
        raise ValueError(f"at most {field.max} may be chosen, not {count}")


def _by_number(field: FormField, text: str) -> str:
    """Numbers of the list become the ids that they stand for; of several, also with blanks between: ``1 3``."""
    if text.startswith("["):
        return text
    if field.shape in ("several", "ranked") and re.fullmatch(r"[0-9]+(?:\s+[0-9]+)+", text):
        text = ",".join(text.split())
    if not is_numbered(field):
        return text
    if field.shape == "one":
        return _numbered(field, text)
    ids = [_numbered(field, part.strip()) for part in text.split(",")]
    return exact.encode(ids).decode() if any("," in written(option) for option in field.options) else ",".join(ids)


def _numbered(field: FormField, part: str) -> str:
    found = _NUMBERED.fullmatch(part)
    if found and 1 <= int(found[1]) <= len(field.options):
        return f"{written(field.options[int(found[1]) - 1])}{found[2] or ''}"
    return part
