"""flow archive, and flow audit on an archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Flow


def test_finished_jobs_go_into_a_file(shop: Flow, tmp_path: Path) -> None:
    """The command counts first, writes and deletes then, and the audit of the file finds every history whole."""
    over, live = shop.start("ada"), shop.start("ben")
    shop.run("withdraw", over, "--yes", who="ada")
    file = str(tmp_path / "old.jsonl.gz")
    assert "0 finished jobs" in shop.run("archive", file, "--ended-before", "P1D", "--count").stdout
    assert shop.json("archive", file, "--ended-before", "2999-01-01", "--count") == {"jobs": 1}
    assert not Path(file).exists()
    told = " ".join(shop.run("archive", file, "--ended-before", "PT0S", "--yes").stdout.split())
    assert "Archived: 1 finished job in" in told
    assert [row["short"] for row in shop.json("jobs")] == [live]
    assert shop.json("audit", "--archive", file)["jobs"] == 1
    assert "Fine" in shop.run("audit", "--archive", file).stdout


def test_a_wrong_moment_or_file_is_told(shop: Flow, tmp_path: Path) -> None:
    """A span that is none is wrong use, and a file that is there already is refused."""
    wrong = shop.run("archive", "x", "--ended-before", "soon", code=2)
    assert "neither a span like P365D nor a date" in wrong.stderr
    there = tmp_path / "there.jsonl"
    there.write_text("precious")
    assert "already" in shop.run("archive", str(there), "--ended-before", "P1D", "--yes", code=1).stderr
    assert "leave JOB out" in shop.run("audit", "abc", "--archive", str(there), code=2).stderr
