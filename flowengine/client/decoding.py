"""What a server answers, as the views that a desk answers near: of several that it may be the one that fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from flowengine.client.desk import Desk


@cache
def kind_of(verb: str) -> Any:
    """The type of a verb's answer, as the desk declares it."""
    return get_type_hints(getattr(Desk, verb))["return"]


def listed(verb: str) -> bool:
    """Whether a verb answers a list."""
    return get_origin(kind_of(verb)) is list


def converted(value: Any, kind: Any) -> Any:
    """A decoded value as that type. Raises msgspec.ValidationError."""
    if get_origin(kind) is list:
        rows = msgspec.convert(value, list[Any])
        return [converted(row, get_args(kind)[0]) for row in rows]
    return msgspec.convert(value, _fitting(value, kind))


def _fitting(value: Any, kind: Any) -> Any:
    """Of the types that are meant, the one whose fields are there: the most of them, and as few others as possible."""
    views, others = _meant(kind)
    if not isinstance(value, Mapping) or not views:
        return Union[others] if others else kind  # noqa: UP007 - of types that are known when it runs
    fitting = [view for view in views if _required(view) <= value.keys()]
    if not fitting:
        return Union[others] if others and others != (NoneType,) else views[0]  # noqa: UP007 - as above
    return max(fitting, key=lambda view: (len(_fields(view) & value.keys()), -len(_fields(view))))


@cache
def _meant(kind: Any) -> tuple[tuple[type[msgspec.Struct], ...], tuple[Any, ...]]:
    """The views that are meant by a type, with those that are of their kind; and the other types."""
    one_of = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    structs = [one for one in one_of if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    others = tuple(one for one in one_of if one not in structs)
    return tuple(dict.fromkeys(_with_kinds(structs))), others


def _with_kinds(structs: Iterable[type[msgspec.Struct]]) -> Iterator[type[msgspec.Struct]]:
    for one in structs:
        yield one
        yield from _with_kinds(one.__subclasses__())


@cache
def _fields(view: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(view.__struct_encode_fields__)


@cache
def _required(view: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(view) if field.required)
