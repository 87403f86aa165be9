"""What the page on HTTP asks with curl is answered as it says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from served_app import served

from flowengine import Engine
from flowengine.web import make_app

PAGE = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text("utf-8")
BLOCK = re.compile(r"^```(sh|json|text|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _fits(shown: Any, answered: Any, where: str = "") -> None:
    """What is shown is part of what was answered; ``…`` is any text."""
    if isinstance(shown, dict):
        assert isinstance(answered, dict), where
        for key, value in shown.items():
            assert key in answered, f"{where}.{key}"
            _fits(value, answered[key], f"{where}.{key}")
    elif isinstance(shown, list):
        assert len(shown) == len(answered), where
        for index, value in enumerate(shown):
            _fits(value, answered[index], f"{where}[{index}]")
    elif shown == "…":
        assert isinstance(answered, str), where
        assert answered, where
    else:
        assert shown == answered, where


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_examples_with_curl_are_answered_as_they_are_shown(sqlite_url: str) -> None:
    """Each command of the page in its order, with the answer that stands below it."""
    blocks = [(found[1], found[2]) for found in BLOCK.finditer(PAGE)]
    process = next(text for kind, text in blocks if kind == "yaml")
    asked = [
        (text, blocks[at + 1]) for at, (kind, text) in enumerate(blocks) if kind == "sh" and text.startswith("curl")
    ]
    with Engine(sqlite_url) as engine:
        engine.deploy(process)
        engine.add_customer("ada", "Ada")
        token = engine.issue_token("operator", "ada").token
        with served(make_app(engine)) as url:
            names = {"AT": f"{url}/api/v1", "TOKEN": token, "PATH": "/usr/local/bin:/usr/bin:/bin"}
            for command, (kind, shown) in asked:
                found = subprocess.run(["sh", "-c", command], env=names, capture_output=True, text=True, timeout=60)
                assert found.returncode in (0, 28), (
                    command + found.stderr
                )  # 28: it has listened for as long as it was to
                if kind == "text":
                    for line in shown.splitlines():
                        assert line in found.stdout.replace("\r", ""), command
                    continue
                answer = json.loads(found.stdout)
                _fits(json.loads(shown), answer, command)
                names["JOB"] = answer.get("job", names.get("JOB", ""))
                names["STEP"] = answer["steps"][0] if answer.get("steps") else names.get("STEP", "")
    assert len(asked) >= 8
