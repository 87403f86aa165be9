"""Where logins are kept."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flowengine import NotConfigured
from flowengine.client import Login
from flowengine.client.logins import Logins

ADA = Login(token="flow_a", person="ada", name="Ada", expires=datetime(2030, 1, 1, tzinfo=UTC))
HERE, THERE = "https://shop.example", "https://mill.example/flow"


def test_a_login_is_kept_by_its_server(tmp_path: Path) -> None:
    """Each server has one; the last that was made is the default, and forgetting it leaves none."""
    logins = Logins(tmp_path / "new" / "logins.json")
    assert (logins.all(), logins.default, logins.to(HERE)) == ({}, "", None)
    logins.keep(HERE, ADA)
    logins.keep(THERE, Login(token="flow_b"))
    again = Logins(tmp_path / "new" / "logins.json")
    assert again.to(HERE) == ADA
    assert again.default == THERE
    assert again.drop(THERE) == Login(token="flow_b")
    assert (again.default, again.all()) == ("", {HERE: ADA})
    again.keep(HERE, Login(token="flow_c"))
    assert again.drop(THERE) is None
    assert again.default == HERE


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    """The file is made for its owner alone, whatever else files are made for; what was left half is no matter."""
    before = os.umask(0)
    try:
        logins = Logins(tmp_path / "config" / "logins.json")
        (tmp_path / "config").mkdir(mode=0o755)
        (tmp_path / "config" / f".logins.json.{os.getpid()}").write_text("half")
        logins.keep(HERE, ADA)
    finally:
        os.umask(before)
    assert logins.path is not None
    assert stat.S_IMODE(logins.path.stat().st_mode) == 0o600
    assert [one.name for one in logins.path.parent.iterdir()] == ["logins.json"]
    logins.path.chmod(0o644)
    for use in (logins.all, lambda: logins.to(HERE), lambda: logins.drop(HERE), lambda: logins.keep(HERE, ADA)):
        with pytest.raises(NotConfigured, match="others can read or change your logins"):
            use()


def test_a_place_for_it_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FLOW_CONFIG, else the user's folder for configuration; without any, there are none, and none can be kept."""
    assert Logins.of({"FLOW_CONFIG": "/x", "XDG_CONFIG_HOME": "/y"}).path == Path("/x/logins.json")
    assert Logins.of({"XDG_CONFIG_HOME": "/y"}).path == Path("/y/flowengine/logins.json")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Logins.of({"XDG_CONFIG_HOME": "relative"}).path == tmp_path / ".config/flowengine/logins.json"
    nowhere = Logins(None)
    assert (nowhere.default, nowhere.all()) == ("", {})
    with pytest.raises(NotConfigured, match="no place to keep a login"):
        nowhere.keep(HERE, ADA)


def test_a_token_is_in_no_representation() -> None:
    """What is shown of a login, in a trace for instance, holds no secret."""
    assert "flow_a" not in f"{ADA!r} {ADA}"
