"""Messages, notes, conversations and files at the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Flow

PDF = b"%PDF-1.7\nhello"
ROOF = """
process: roof
title: A roof
need: A roof that is tight
roles: {maker: {title: Maker}}
states:
  need:
    type: need
    fields:
      where: {type: string, title: Where}
      photo: {type: file, kinds: [picture, pdf], title: A photo, optional: true}
    next: look
  look:
    type: task
    for: maker
    fields:
      plan: {type: file, kinds: [pdf], title: The plan, show: true}
      more: {type: array, items: {type: file}, title: More, optional: true}
    next: fulfilled
  fulfilled: {type: fulfilled}
"""


@pytest.fixture
def plan(shop: Flow) -> Path:
    """A file, and the roof in use."""
    (shop.folder / "roof.yaml").write_text(ROOF, "utf-8")
    shop.run("deploy", str(shop.folder / "roof.yaml"))
    path = shop.folder / "plan.pdf"
    path.write_bytes(PDF)
    return path


def begun(shop: Flow, *more: str) -> str:
    job: str = shop.json("start", "roof", "--new", "--set", "where=North", *more, who="ada")["job"]
    return job


def test_a_conversation_by_command_line(shop: Flow, plan: Path) -> None:
    """A customer writes with a file, staff answer and note; each sees what is for him."""
    job = begun(shop)
    asked = shop.json("message", job, "Please", "look", "--file", str(plan), who="ada")["question"]
    told = shop.run("message", job, "We do", "--to", asked, who="tom").stdout
    assert "To: Ada: Please look" in told
    shop.run("note", job, "Difficult", who="tom")
    hers = shop.run("conversation", job, who="ada").stdout
    assert "Please look" in hers
    assert "plan.pdf, 14 bytes" in hers
    assert "→ flow file get file-" in hers
    assert "We do" in hers
    assert "Difficult" not in hers
    assert "for those inside" in shop.run("conversation", job, who="tom").stdout
    (first, _) = shop.json("conversation", job, who="ada")
    assert (first["files"][0]["name"], first["status"]) == ("plan.pdf", "answered")


def test_a_file_is_written_where_it_is_wanted_and_over_nothing(shop: Flow, plan: Path, tmp_path: Path) -> None:
    """To a path, into a folder under its name, or to standard output; what is there stays unless --yes is said."""
    job = begun(shop)
    shop.run("message", job, "Look", "--file", str(plan), who="ada")
    id = shop.json("conversation", job, who="ada")[0]["files"][0]["id"]
    into, folder = tmp_path / "mine.pdf", tmp_path / "folder"
    folder.mkdir()
    assert shop.json("file", "get", id, "--to", str(into), who="tom")["size"] == len(PDF)
    shop.run("file", "get", id, "--to", str(folder), who="tom")
    assert into.read_bytes() == (folder / "plan.pdf").read_bytes() == PDF
    into.write_bytes(b"other")
    assert "is there already" in shop.run("file", "get", id, "--to", str(into), who="tom", code=2).stderr
    assert into.read_bytes() == b"other"
    shop.run("file", "get", id, "--to", str(into), "--yes", who="tom")
    assert into.read_bytes() == PDF
    assert shop.run("file", "get", id, "--to", "-", who="tom").stdout_bytes == PDF
    assert "there is no file" in shop.run("file", "get", id, who="ben", code=1).stderr
    shop.run("file", "refuse", id, "--because", "a worm", who="olga")
    assert "a worm" in shop.run("file", "get", id, "--to", str(tmp_path / "x"), who="ada", code=1).stderr
    assert not (tmp_path / "x").exists()


def test_a_file_is_an_answer(shop: Flow, plan: Path) -> None:
    """With a need and on a step, one or several; it is uploaded on the way."""
    job = begun(shop, "--set", f"photo=@{plan}")
    other = shop.folder / "b.txt"
    other.write_text("words", "utf-8")
    lacking = shop.run("act", job, who="tom", code=1).stderr
    assert "--set plan=@PATH" in lacking
    shop.run("act", job, "--set", f"plan=@{plan}", "--set", f"more=@{plan},@{other}", who="tom")
    facts = dict(shop.json("track", job, who="ada")["facts"])
    assert facts["A photo"].startswith("plan.pdf (file-")
    assert facts["The plan"].startswith("plan.pdf (file-")
    assert len(shop.json("track", job)["facts"]) == 4


@pytest.mark.parametrize(
    ("given", "words"),
    [("@missing.pdf", "is no file that is there"), ("@{folder}/roof.yaml", "is called .yaml, and is a text")],
)
def test_what_is_no_file_that_is_wanted_is_told(shop: Flow, plan: Path, given: str, words: str) -> None:
    """By the name of the field; nothing is begun."""
    assert plan.exists()
    told = shop.run(
        *("start", "roof", "--new", "--set", "where=x", "--set", f"photo={given.format(folder=shop.folder)}"),
        who="ada",
        code=1,
    )
    assert "photo" in told.stderr
    assert words in told.stderr
    assert shop.json("jobs") == []


def test_without_a_job(shop: Flow, plan: Path) -> None:
    """A customer writes, staff see who waits, and write back."""
    begun(shop)
    assert "Waits for an answer" in shop.run("write", "Do you cater?", "--file", str(plan), who="ada").stdout
    assert "Do you cater?" in shop.run("conversation", "--open", who="tom").stdout
    shop.run("write", "We do", "--to", "ada", who="tom")
    assert "Nobody waits" in shop.run("conversation", "--open", who="tom").stdout
    seen = shop.json("conversation", "--with", "ada", who="ada")
    assert [(one["text"], one["status"]) for one in seen] == [("We do", ""), ("Do you cater?", "answered")]


def test_in_a_trial_nothing_is_uploaded(shop: Flow, plan: Path) -> None:
    """A file is made up there, and in lives by chance."""
    (shop.folder / "script").write_text(f"need where=x photo=@{plan}\nmaker_1 look plan=@{plan}\n", "utf-8")
    found = shop.json("try", str(shop.folder / "roof.yaml"), "--script", str(shop.folder / "script"))
    assert (found["end"], found["troubles"]) == ("fulfilled", [])
    lives = shop.json("try", str(shop.folder / "roof.yaml"), "--random", "20")
    assert lives["fine"] is True
    assert lives["unanswered"] == []
