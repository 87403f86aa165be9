"""The same commands on PostgreSQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from flowengine.cli import flow


def test_a_job_is_begun_and_acted_on(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deploy, start, act, track and audit work alike on PostgreSQL."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLOW_AT", postgres_url)

    def run(*words: str) -> Any:
        result = CliRunner().invoke(flow, [*words, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    run("new", "my_shop")
    run("deploy", "my_shop.yaml")
    job = run("start", "my_shop", "--new", "--set", "wish=A table", "--as", "ada")["job"]
    run("act", "--set", "material=oak", "--as", "ada")
    assert run("track", job)["waiting"][0]["state"] == "make"
    assert run("audit")["fine"] is True
    assert run("db", "upgrade")["database"].startswith("postgresql+psycopg://")
