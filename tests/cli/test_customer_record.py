"""``flow customer``, ``flow my-data``, and people from and to files, at a terminal and for programs."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
from terminal import Terminal

if TYPE_CHECKING:
    from conftest import Flow

HOSTILE = "\x1b[2J\x07\u202e=cmd|'/C calc'!A0"


def test_staff_read_and_add_what_is_known(shop: Flow) -> None:
    """A note, a concern and its answer, the record on one screen, and the timeline, in plain words."""
    job = shop.start()
    told = shop.run("customer", "note", "ada", "Fears", "the", "cold", "--kind", "concern", "--job", job, who="tom")
    assert "Noted." in told.stdout
    assert "customer answer" in told.stdout
    fact = shop.json("customer", "facts", "ada", "--open", who="tom")[0]
    assert (fact["text"], fact["job"][-12:-4], fact["open"]) == ("Fears the cold", job, True)
    screen = shop.run("customer", "show", "ada", who="tom").stdout
    for words in (
        "Ada",
        "What is known",
        "concern: Fears the cold (Tom",
        "waits for an answer",
        "Open jobs",
        "A table",
    ):
        assert words in screen
    assert "Answered." in shop.run("customer", "answer", fact["short"], "It is warm", who="tom").stdout
    assert shop.json("customer", "facts", "ada", "--open", who="tom") == []
    lines = shop.run("customer", "timeline", "ada", who="tom").stdout
    assert "is concerned: Fears the cold" in lines
    assert "answered: It is warm (to: Fears the cold)" in lines
    assert "began: A table made with you" in lines
    shop.run("customer", "note", "ada", "Tall", who="tom")
    note = shop.json("customer", "facts", "ada", "--kind", "note", who="tom")[0]
    assert shop.json("customer", "change", note["id"], "Taller", "--show", who="tom")["version"] == 2
    assert shop.json("customer", "takeback", note["id"], who="tom")["taken_back"]


def test_what_is_known_stands_beside_the_step(shop: Flow) -> None:
    """Whoever of the staff acts reads it before he is asked; the customer is not shown what is inside."""
    job = shop.visited_with_wish("A desk")
    shop.run("customer", "note", "ada", "Hates varnish", "--kind", "concern", who="tom")
    with Terminal(shop.folder, "act", job, "--as", "tom") as terminal:
        terminal.expect("Build the table")
        terminal.expect("What is known")
        terminal.expect("concern: Hates varnish (Tom")
        terminal.interrupt()
    other = shop.start("ben")
    shop.run("customer", "note", "ben", "Hates varnish", "--kind", "concern", who="tom")
    with Terminal(shop.folder, "act", other, "--as", "ben") as terminal:
        assert "What is known" not in terminal.expect("Wood")
        terminal.interrupt()


def test_people_are_found_paged_and_told_apart(shop: Flow) -> None:
    """Words of all that is known, pages with the command for the next, proposals with the commands that decide."""
    shop.run("people", "add", "eva", "--name", "Eva Lund", "--contact", "eva@lund.example")
    shop.run("people", "add", "eve", "--name", "Lund, Eva", "--contact", "e@lund.example")
    assert [one["id"] for one in shop.json("customer", "find", "lund", who="tom")] == ["eva", "eve"]
    page = shop.run("customer", "find", "--limit", "1", who="tom").stdout
    assert "customers." in page
    assert "customer find --after ada" in page
    told = shop.run("customer", "duplicates", who="tom").stdout
    assert "the same name, and mail at lund.example" in told
    assert "customer merge eve eva --because WHY" in told
    assert shop.json("customer", "merge", "eve", "eva", "--because", "One", "--yes", who="tom")["ids"] == ["eva", "eve"]
    assert "also: eve" in shop.run("customer", "show", "eve", who="tom").stdout
    assert shop.json("customer", "merge", "eva", "eve", "--because", "One", "--yes", code=1)["error"] == "NotAllowed"
    assert "by itself again" in shop.run("customer", "unmerge", "eve", who="tom").stdout
    shop.run("customer", "distinct", "eve", "eva", who="tom")
    assert shop.json("customer", "duplicates", who="tom") == []


def test_a_customer_reads_and_takes_his_own_data(shop: Flow) -> None:
    """In plain words, as one document, and as a file that is his alone and is never written over."""
    shop.start()
    shop.run("customer", "note", "ada", "Pays late", who="tom")
    shop.run("customer", "note", "ada", "Measures are kept", "--show", who="tom")
    told = shop.run("my-data", who="ada").stdout
    assert "Measures are kept" in told
    assert "began: A table made with you" in told
    assert "Pays late" not in told
    found = shop.json("my-data", who="ada")
    assert (found["schema"], found["customer"], len(found["jobs"]), len(found["facts"])) == (
        "flowengine/customer/1",
        "ada",
        1,
        1,
    )
    assert "Pays late" not in str(found)
    shop.run("my-data", "-o", "mine.json", who="ada")
    path = shop.folder / "mine.json"
    assert json.loads(path.read_text("utf-8"))["customer"] == "ada"
    assert path.stat().st_mode & 0o077 == 0
    assert "there is a file already" in shop.run("my-data", "-o", "mine.json", who="ada", code=1).stderr
    assert "Pays late" in str(shop.json("people", "export", "ada"))
    assert shop.json("people", "export", "ben", who="ada", code=1)["error"] == "NotFound"


def test_a_file_of_people_is_imported_and_comes_back(shop: Flow) -> None:
    """Told what would come of it, entered, the same again; bad rows with their lines; and exported without formulas."""
    rows = ["id,name,contact,groups,record.size", 'eva,"=2+5",+44 20 7946 0000,vip;old,40', "fay,Fay,fay@x.example,,"]
    (shop.folder / "in.csv").write_text("\r\n".join(rows), "utf-8")
    assert shop.json("people", "import", "in.csv", "--dry")["added"] == 2
    assert "2 added, 0 changed, 0 as they were" in shop.run("people", "import", "in.csv").stdout
    assert shop.json("people", "import", "in.csv")["same"] == 2
    assert shop.json("people", "show", "eva")["record"] == {"size": "40"}
    out = shop.run("people", "export", "--all", "--csv").stdout
    cells = [cell for row in csv.reader(io.StringIO(out, newline="")) for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]
    (shop.folder / "out.csv").write_text(out, "utf-8")
    again = shop.json("people", "import", "out.csv")
    assert (again["added"], again["changed"], again["refused"]) == (0, 0, [])
    lines = shop.run("people", "export", "--all").stdout.splitlines()
    assert {json.loads(line)["id"] for line in lines} == {"ada", "ben", "eva", "fay"}
    bad = ['{"id": "gil"}', "{", '{"id": "tom"}', '{"id": "gil"}', '{"id": "hal", "size": 1}']
    (shop.folder / "bad.jsonl").write_text("\n".join(bad), "utf-8")
    found = shop.json("people", "import", "bad.jsonl", code=1)
    assert [one["line"] for one in found["refused"]] == [2, 3, 4, 5]
    assert (found["added"], found["left_out"]) == (0, 1)
    told = shop.run("people", "import", "bad.jsonl", code=1).stdout
    assert "line 4: the id gil stands in line 1 already" in told
    assert "Left out with them: 1" in told
    assert shop.json("people", "show", "gil", code=1)["error"] == "NotFound"


@pytest.mark.parametrize(
    ("text", "words"),
    [("id,colour\nx,y\n", "no column 'colour'"), ("name\nx\n", "no column 'id'"), (None, "there is no such file")],
)
def test_a_file_that_is_none_is_refused(shop: Flow, text: str | None, words: str) -> None:
    """With words, and nobody is entered."""
    if text is not None:
        (shop.folder / "in.csv").write_text(text, "utf-8")
    assert words in shop.run("people", "import", "in.csv", code=1).stderr


def test_hostile_texts_come_back_harmless(shop: Flow) -> None:
    """Escapes and formulas in facts, names and reasons act on no terminal, and are whole in JSON."""
    shop.stored("eve", name=f"Eve{HOSTILE}", contact=HOSTILE)
    shop.run("customer", "note", "eve", HOSTILE, "--kind", "concern", "--show", who="tom")
    fact = shop.json("customer", "facts", "eve")[0]
    assert fact["text"] == HOSTILE
    shop.run("customer", "answer", fact["id"], HOSTILE, who="tom")
    shop.stored("eva", name=f"Eve{HOSTILE}", contact=HOSTILE)
    for line in (
        "customer show eve", "customer facts eve", "customer timeline eve", "customer find", "customer duplicates",
        "my-data --as eve",
    ):  # fmt: skip
        out = shop.run(*line.split()).stdout
        assert not {sign for sign in out if sign in "\x1b\x07\u202e"}, line
    assert "\x1b" not in shop.run("people", "export", "eve").stdout


def test_people_are_listed_in_pages(shop: Flow) -> None:
    """With the command that shows the next one."""
    told = shop.run("people", "list", "--limit", "1").stdout
    assert "people list --limit 1 --after ada" in told
    assert [one["id"] for one in shop.json("people", "list", "--kind", "customer", "--after", "ada")] == ["ben"]
