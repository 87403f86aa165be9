"""Makes docs/reference.md from the docstrings: ``python docs/make_reference.py`` writes it, a test holds it equal."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import msgspec

import flowengine
from flowengine import AsyncEngine, Engine, FlowError, Worker
from flowengine.engine.part import Part
from flowengine.people.permissions import PROGRAM

PAGE = Path(__file__).with_name("reference.md")

HEAD = """# The Python reference

Every public name of `flowengine`, from its docstrings: this page is made by `python docs/make_reference.py`. Whole
examples stand in [flowengine in your application](embedding.md).

Everything is imported from `flowengine`. Laws (L1 …) are numbered promises, which tests prove. `Json` is plain JSON:
None, bool, int, float, str, lists, and dicts with texts as keys. Moments are aware datetimes in UTC. `By` is who asks:
a person's id, or an `Actor` for whom your application vouches.
"""

ANSWERS = """Frozen values. `to_json()` gives each as plain values, and each can be a response model of FastAPI. In all:

- `id`, `job` and `step` are full ids, `short` is what people are shown and may type; `customer`, `claimed` and
  `ended_by` are ids of persons, `customer_name` is for showing.
- A job's `status` is `open`, `fulfilled` or `ended`; `because` is the reason of an end, `seq` the number of an entry in
  its history, from 1.
- `title`, `words`, `whom`, `what` and `facts` are texts for people, as they were written: whoever shows them escapes
  them.
- A `form` has one `Way` for each outcome or move, with the fields to answer; a price is in the process's own unit."""

STATUSES = """
`http_status(error)` gives the status to answer an error with; a class that is not listed here has its parent's.

| status | errors |
|-|-|
"""

WIDE = 110
NEWLINE = "\n"
_ROLE = re.compile(r":\w+:`~?(?:[\w.]+\.)?([\w]+)`|:\w+:`[^`<]*?([\w.]+) <[^`]*>`")


def page() -> str:
    """The whole page."""
    public = {name: getattr(flowengine, name) for name in sorted(flowengine.__all__)}
    errors = [value for value in public.values() if _is(value, FlowError)]
    answers = _answers(public.values())
    rest = {
        name: value
        for name, value in public.items()
        if value not in (Engine, AsyncEngine, Worker, *errors, *answers) and not isinstance(value, types.UnionType)
    }
    parts = [
        HEAD,
        "## Engine\n",
        *_class(Engine),
        "## AsyncEngine\n",
        *_class(AsyncEngine),
        f"## What the engine answers\n\n{ANSWERS}\n",
        *(f"### {name}\n\n`{value}`\n" for name, value in public.items() if isinstance(value, types.UnionType)),
        *(part for value in answers for part in _class(value, "###")),
        "## Worker\n",
        *_class(Worker),
        "## The other names\n\nWho, when and where; what handlers are given and say; processes as values.\n",
        *(part for name, value in rest.items() for part in _other(name, value)),
        "## Errors\n",
        f"{_text(inspect.getmodule(FlowError))}\n",
        STATUSES + "".join(_statuses(errors)),
        *(part for value in errors for part in _class(value, "###")),
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).replace("flowengine.views.replies.", "").rstrip() + "\n"


def _is(value: object, kind: type) -> bool:
    return isinstance(value, type) and issubclass(value, kind)


def _answers(public: Iterable[Any]) -> list[type]:
    """The structs that the engine answers with, and those that they are made of, by name."""
    found: dict[str, type] = {}
    waiting = [value for value in public if _is(value, msgspec.Struct)]
    for value in [*public, *(function for _, function in inspect.getmembers(Engine, inspect.isfunction))]:
        waiting.extend(_mentioned(value))
    while waiting:
        one = waiting.pop()
        if one.__name__ not in found:
            found[one.__name__] = one
            waiting.extend(_mentioned(one))
    return [found[name] for name in sorted(found)]


def _mentioned(value: Any) -> list[type]:
    """The structs that annotations speak of."""
    if isinstance(value, types.UnionType):
        return [one for one in value.__args__ if _is(one, msgspec.Struct)]
    said = list(getattr(value, "__annotations__", {}).values())
    names = {name for one in said for name in re.findall(r"\w+", str(one))}
    known = vars(inspect.getmodule(value) or types)
    found = []
    for name in sorted(names & set(known)):
        if isinstance(known[name], types.UnionType):
            found.extend(_mentioned(known[name]))
        elif _is(known[name], msgspec.Struct):
            found.append(known[name])
    return found


def _class(value: type, heading: str = "") -> Iterator[str]:
    """A class: its docstring, how it is made or what it holds, and its public methods."""
    if heading:
        yield f"{heading} {value.__name__}\n"
    yield f"{_text(value)}\n"
    fields = list(_fields(value))
    if fields:
        yield "\n".join(["```python", *fields, "```\n"])
        for kind in reversed(value.__mro__[:-1]):
            for name, said in re.findall(
                r'^    (\w+): [^\n]*\n    """(.*?)"""$', _source(kind), re.MULTILINE | re.DOTALL
            ):
                yield f"- `{name}`: {indent(_words(said), '  ').strip()}\n"
    elif not heading:
        yield _signature(value.__name__, value.__init__)
    own = [kind for kind in value.__mro__ if kind is value or issubclass(kind, Part)]  # the engine is made of parts
    for name, member in (one for kind in own for one in vars(kind).items()):
        if not name.startswith("_") and (heading == "" or not _is(value, FlowError)):
            yield from _member(value, name, member, f"{heading or '##'}#" if heading == "" else "")


def _member(owner: type, name: str, member: Any, heading: str) -> Iterator[str]:
    function = member.fget if isinstance(member, property) else inspect.unwrap(getattr(member, "__func__", member))
    if not inspect.isfunction(function) or (not heading and name in ("to_json", "as_written")):
        return
    if not function.__doc__:
        raise SystemExit(f"{owner.__name__}.{name} has no docstring")
    if heading:
        yield f"{heading} {owner.__name__}.{name}\n"
        yield _signature(f"{owner.__name__.lower()}.{name}", function, called=not isinstance(member, property))
        yield f"{_text(function)}\n"
    else:
        given = inspect.signature(function).return_annotation
        shown = name if isinstance(member, property) else f"{name}({', '.join(_arguments(function))})"
        shown += "" if given in ("None", inspect.Signature.empty) else f" -> {given}"
        yield f"- `{shown}`: {indent(_text(function), '  ').strip()}\n"


def _other(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, type):
        yield from _class(value, "###")
        return
    yield f"### {name}\n"
    if inspect.isfunction(value):
        yield _signature(name, value)
        yield f"{_text(value)}\n"
    else:
        yield f"{_words(_said_below(name))}\n" if _said_below(name) else f"`{value}`\n"


def _said_below(name: str) -> str:
    """What is said below a constant, in the module that has it."""
    home = inspect.getsource(flowengine.runtime.handlers)
    found = re.search(rf'^{name} = [^\n]*\n"""(.*?)"""', home, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def _fields(value: type) -> Iterator[str]:
    """The fields of a struct or dataclass as they are declared, its parents' first."""
    if _is(value, msgspec.Struct):
        known: dict[str, Any] = {one.encode_name: one for one in msgspec.structs.fields(value)}
        missing: Any = msgspec.NODEFAULT
    elif dataclasses.is_dataclass(value):
        known, missing = {one.name: one for one in dataclasses.fields(value)}, dataclasses.MISSING
    else:
        return
    annotations = {
        name: said for kind in reversed(value.__mro__) for name, said in vars(kind).get("__annotations__", {}).items()
    }
    for name, one in known.items():
        default = "" if one.default is missing else f" = {_shown(one.default)}"
        if one.default_factory is not missing:
            default = " = {}"
        if name != "line":
            said = str(annotations[name]).replace("'", '"')  # as the formatter writes texts
            yield f"{name}: {said}{default}"


def _arguments(function: Any) -> list[str]:
    """What a function is given, as it is declared."""
    found = []
    star = False
    for one in inspect.signature(function).parameters.values():
        if one.name in ("self", "cls"):
            continue
        if one.kind is one.KEYWORD_ONLY and not star:
            star = True
            found.append("*")
        name = f"*{one.name}" if one.kind is one.VAR_POSITIONAL else one.name
        kind = "" if one.annotation is one.empty else f": {one.annotation}"
        found.append(f"{name}{kind}" + ("" if one.default is one.empty else f" = {_shown(one.default)}"))
    return found


def _shown(default: object) -> str:
    """A default as it would be written."""
    if isinstance(default, str):
        return f'"{default}"'
    if default is PROGRAM:
        return "PROGRAM"
    return "…" if inspect.isfunction(default) else repr(default).removeprefix("datetime.")


def _signature(name: str, function: Any, called: bool = True) -> str:
    given = inspect.signature(function).return_annotation
    answer = "" if given in ("None", inspect.Signature.empty) else given
    if not called:
        return f"```python\n{name}: {answer}\n```\n"
    arguments, answer = _arguments(function), f" -> {answer}" if answer else ""
    line = f"{name}({', '.join(arguments)}){answer}"
    if len(line) > WIDE:
        line = f"{name}(\n{''.join(f'    {one},{NEWLINE}' for one in arguments)}){answer}"
    return f"```python\n{line}\n```\n"


def _source(kind: type) -> str:
    return inspect.getsource(kind) if kind.__module__.startswith("flowengine") else ""


def _text(value: Any) -> str:
    return _words(inspect.getdoc(value) or "")


def _words(text: str) -> str:
    """A docstring as Markdown: roles and double backticks become code, an indented block a fenced one."""
    plain = _ROLE.sub(lambda match: f"``{match[1] or match[2]}``", inspect.cleandoc(text)).replace("``", "`")
    plain = re.sub(
        r"^::\n\n((?:    .*\n?|\n)+)",
        lambda match: f"```\n{inspect.cleandoc(match[1])}\n```\n\n",
        plain,
        flags=re.MULTILINE,
    )
    plain = re.sub(r"^(\|.*[^|\n])\n(?=[^|\n])", r"\1 ", plain, flags=re.MULTILINE)
    return re.sub(r"^(>>> .*(?:\n.+)*)", r"```python\n\1\n```", plain, flags=re.MULTILINE)


def _statuses(errors: list[type[FlowError]]) -> Iterator[str]:
    """A row for each status: the classes that have it of themselves."""
    own = [
        (value.status, value.__name__) for value in errors if value.status != getattr(value.__base__, "status", None)
    ]
    for status in sorted({status for status, _ in own}):
        yield f"| {status} | {', '.join(f'`{name}`' for one, name in own if one == status)} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
