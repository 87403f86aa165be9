"""What all answers of the engine are: frozen values that encode to JSON as they are."""

from __future__ import annotations

from typing import Any

import msgspec

from flowengine import exact


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen answer of the engine."""

    def as_written(self) -> dict[str, Any]:
        """The view as dicts, lists, texts and numbers; moments as ISO 8601 text, fractions as the Decimals they are."""
        plain: dict[str, Any] = exact.builtins(self)
        return plain

    def to_json(self) -> dict[str, Any]:
        """The view as plain values that any library can write as JSON: dicts, lists, texts and numbers; moments as ISO
        8601 text. A fraction is a float that is written alike; where there is none, it stays a Decimal."""
        plain: dict[str, Any] = exact.writable(self.as_written())
        return plain

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """How pydantic takes and writes a view, so that it can be a response model of FastAPI."""
        from pydantic_core import core_schema

        written = core_schema.plain_serializer_function_ser_schema(lambda view: view.to_json())
        return core_schema.is_instance_schema(cls, serialization=written)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        whole = msgspec.json.schema(cls)

        def inline(node: Any) -> Any:
            if isinstance(node, dict):
                named = whole["$defs"].get(str(node.get("$ref", "")).rpartition("/")[2])
                return inline(named) if named else {key: inline(one) for key, one in node.items() if key != "$defs"}
            return [inline(one) for one in node] if isinstance(node, list) else node

        plain: dict[str, Any] = inline(whole)
        return plain
