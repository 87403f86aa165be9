"""flow db backup."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Flow


def test_a_database_is_copied_and_the_copy_works(shop: Flow, tmp_path: Path) -> None:
    """The copy holds the jobs; a second copy under the same name is refused."""
    job = shop.start()
    copy = tmp_path / "copy.db"
    assert "Copied" in shop.run("db", "backup", str(copy)).stdout
    assert [row["short"] for row in shop.json("jobs", "--at", f"sqlite:///{copy}")] == [job]
    assert shop.json("audit", "--at", f"sqlite:///{copy}")["fine"]
    assert "already" in shop.run("db", "backup", str(copy), code=1).stderr
    assert shop.json("db", "backup", str(tmp_path / "other.db"))["size"] == (tmp_path / "other.db").stat().st_size
