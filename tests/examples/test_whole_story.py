"""The whole story, played small."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest) -> str:
    """An empty database, once for each kind."""
    found: str = request.getfixturevalue(f"empty_{'sqlite' if request.param == 'sqlite' else 'postgres'}_url")
    return found


def test_all_goes_as_it_is_told(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A suit from the need until its customer is forgotten, and a vote, by remote command lines alone: what stands in
    the histories is what was done (L5), and each ballot that was taken is counted once."""
    monkeypatch.syspath_prepend(str(ROOT))
    from examples.whole_story.play import play

    play(address, tmp_path, 120, quick=True)
    told = capsys.readouterr().out
    assert "■ Fulfilled: The customer wears a suit that fits" in told
    assert "Erased on request: 2" in told
    assert "Your ballot is one of them" in told
