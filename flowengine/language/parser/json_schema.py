"""The JSON Schema of the language, made from the parser's own tables.

``python -m flowengine.language.parser`` writes it into the package.
"""

from __future__ import annotations

from typing import Any

from flowengine.language.parser.process import ROOT


def make_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a process file.

    It describes the structure: keys, types of values, the form of names and durations. What takes more than that, such
    as targets that exist, is left to the checks.
    """
    defs: dict[str, Any] = {}
    root = ROOT.schema(defs)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "flowengine process",
        "description": "One flow that begins with a customer's need and ends with that need fulfilled.",
        **root,
        "$defs": dict(sorted(defs.items())),
    }
