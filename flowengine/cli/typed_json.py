"""JSON as people and programs type it."""

from __future__ import annotations

from flowengine import exact
from flowengine.client import Json, repeated_key


def json_value(text: str) -> Json:
    """The value that a text is in JSON. Raises ValueError that says why it is none."""
    try:
        value: Json = exact.decode(text)
        if key := repeated_key(text):
            raise ValueError(f"{key[:60]!r} is there twice")
        return value
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this is not JSON: {str(error)[:100]}") from None
