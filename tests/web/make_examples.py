"""Make the examples of the description: ``python tests/web/make_examples.py``, from the cases of all verbs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

from verb_cases import CASES, Ready, without_ids, workshop

from flowengine import exact
from flowengine.client import LocalDesk
from flowengine.client.routes import PREFIX
from flowengine.client.wire import asking
from flowengine.web.description import EXAMPLES

MOST = 2
"""Rows in an example of a list."""


def made() -> Iterator[tuple[str, dict[str, Any]]]:
    """By verb: what is asked and what is answered."""
    with workshop("sqlite://") as engine:
        ready = Ready(engine)
        for verb in CASES:
            case, found = CASES[verb](ready), asking(verb)
            sent = found.request(case.given)
            asked = getattr(LocalDesk(engine, case.by), verb)
            answer = exact.decode(found.content(asked(**case.given) if callable(asked) else asked))
            if found.listed:
                answer["items"] = answer["items"][:MOST]
            names, parts = (PREFIX + found.route.path).split("/"), sent.path.split("/")
            path = {name[1:-1]: unquote(part) for name, part in zip(names, parts, strict=True) if name[:1] == "{"}
            example = {"path": path, "query": dict(sent.query), "body": exact.decode(sent.body or b"{}")}
            yield verb, {key: value for key, value in example.items() if value} | {"answer": answer}


def readable(text: str) -> str:
    """A text with ids that are made up, so that making it again changes nothing."""
    found = re.sub(r'(?<="python":")[^"]+|(?<="SQLite )[^"]+', "3.51.3", without_ids(text))
    for number in range(found.count("<")):
        id = f"018f3a2b-5c4d-7e6f-8a9b-{number:012x}"
        found = found.replace(f"<{number}>", id)
    return found


if __name__ == "__main__":
    written = {verb: exact.decode(readable(exact.encode(one).decode())) for verb, one in made()}
    EXAMPLES.write_text(json.dumps(exact.writable(written), indent=1, ensure_ascii=False) + "\n", "utf-8")
