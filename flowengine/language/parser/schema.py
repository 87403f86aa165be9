"""The JSON Schema of the language, made from the parser's own tables.

``python -m flowengine.language.parser.schema`` writes it into the package.
"""

from __future__ import annotations

import json
from pathlib import Path
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


def main() -> None:
    """Write the schema that is shipped in the package; a test compares it with the tables."""
    path = Path(__file__).parents[1] / "process.schema.json"
    path.write_text(json.dumps(make_schema(), indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
