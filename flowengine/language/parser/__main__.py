"""Write the JSON Schema that is shipped in the package; a test compares it with the tables."""

import json
from pathlib import Path

from flowengine.language.parser.json_schema import make_schema

path = Path(__file__).parents[1] / "process.schema.json"
path.write_text(json.dumps(make_schema(), indent=1, ensure_ascii=False) + "\n", "utf-8")
