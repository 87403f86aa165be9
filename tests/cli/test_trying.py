"""``flow try``: by a person at a terminal, by a script, and by chance; nothing is stored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from terminal import Terminal

if TYPE_CHECKING:
    from conftest import Flow


def test_a_person_plays_both_sides_and_goes_back(empty: Flow) -> None:
    """Wrong answers are told and asked again; what is made up is taken by Enter; Ctrl-D ends it with what happened."""
    with Terminal(empty.folder, "try", "workshop.yaml", "--from", "2027-05-03") as terminal:
        terminal.expect("Ada: What do you need?")
        terminal.expect("Your wish [something nice]: ")
        terminal.send("A table")
        terminal.expect("Width (20 to 300 cm) [20 cm]: ")
        terminal.send("wide")
        terminal.expect("must be a number in cm")
        terminal.send("80")
        terminal.expect(", Enter to leave out): ")
        terminal.send("")
        terminal.expect("Your choice  choose")
        terminal.expect("1  Ada: Which wood should it be?")
        terminal.expect("let time pass until Mon 17 May 2027")
        terminal.expect("What happens?: ")
        terminal.send("nine")
        terminal.expect("type a number from 1 to 3, b, q or ?")
        terminal.send("?")
        terminal.expect("back to before the last move")
        terminal.expect("What happens?: ")
        terminal.send("b")
        terminal.expect("This is the beginning.")
        terminal.expect("What happens?: ")
        terminal.send("1")
        terminal.expect("Wood (number or name) [Oak]: ")
        terminal.send("teak")
        terminal.expect("'teak' is not one of Oak, Pine")
        terminal.send("")
        terminal.expect("Legs (3, 4) [3]: ")
        terminal.send("")
        terminal.expect("Extras")
        terminal.send("")
        terminal.expect("chose Wood: Oak")
        terminal.expect("What happens?: ")
        terminal.send("ada visit")
        terminal.expect("Which day? [Mon 3 May 2027]: ")
        terminal.send("")
        terminal.expect("What time? [")
        terminal.send("")
        terminal.expect("booked")
        terminal.expect("Maker: Visit")
        terminal.expect("What happens?: ")
        terminal.send("b")
        terminal.expect("ada visit")
        terminal.expect("What happens?: ")
        terminal.end_of_input()
        terminal.expect("It stands at visit")
        terminal.expect("ada choose: chose Wood: Oak")
        assert terminal.leave() == 0
    assert not (empty.folder / "flow.db").exists()


def test_quick_asks_for_no_answers_and_stopping_a_move_makes_none(empty: Flow) -> None:
    """With --quick only the moves are asked, and Ctrl-C at them ends it politely."""
    with Terminal(empty.folder, "try", "workshop.yaml", "--quick") as terminal:
        terminal.expect("What happens?: ")
        terminal.send("1")
        terminal.expect("chose Wood: Oak")
        terminal.expect("What happens?: ")
        terminal.interrupt()
        terminal.expect("It stands at visit")
        assert terminal.leave() == 0


def test_a_script_is_followed_and_what_it_leaves_out_is_made_up(empty: Flow) -> None:
    """One move a line, with outcome and answers; going back is a line as well."""
    lines = [
        "# the whole table",
        "need wish='A desk'",
        "ada choose: chosen wood=pine",
        "back",
        "1 wood=pine legs=4",
        "",
    ]
    lines += ["ada visit: book"]
    found = empty.json("try", "workshop.yaml", input="\n".join(lines))
    assert found["states"] == ["visit"]
    assert found["data"]["need"]["wish"] == "A desk"
    assert found["data"]["choose"]["legs"] == 4
    assert "maker_1 visit" in [one["name"] for one in found["moves"]]
    rest = ["maker_1 visit: held", "buy done", "maker_1 build: done", "message dried", "ada accept: approved"]
    (empty.folder / "all.txt").write_text("\n".join([*lines, *rest]), "utf-8")
    done = empty.json("try", "workshop.yaml", "--script", "all.txt")
    assert (done["status"], done["end"], done["moves"], done["troubles"]) == ("fulfilled", "fulfilled", [], [])
    told = empty.run("try", "workshop.yaml", "--script", "all.txt").stdout
    assert "It ended as fulfilled: The table is there" in told
    assert "ada accept: approved" in told


def test_a_line_that_cannot_be_followed_is_named(empty: Flow) -> None:
    """The number of the line, why, and what could have happened there."""
    error = empty.json("try", "workshop.yaml", input="need\nmaker_1 build\n", code=1)
    assert error["error"] == "NotFound"
    assert error["where"] == "line 2, choose"
    assert error["possible"][0] == "ada choose"
    assert empty.json("try", "workshop.yaml", input="ada choose: eaten", code=1)["possible"] == ["chosen"]
    assert "No closing quotation" in empty.json("try", "workshop.yaml", input="ada 'choose", code=1)["what"]
    assert empty.json("try", "workshop.yaml", input="need\nback", code=1)["what"] == "there is nothing to go back to"


def test_lives_by_chance_are_told_and_can_be_played_again(empty: Flow) -> None:
    """The same seed and day give the same; a process that can fail gives exit code 1 and how to see it again."""
    words = ("try", "workshop.yaml", "--random", "20", "--seed", "4", "--from", "2027-05-03")
    found = empty.json(*words)
    assert (found["fine"], found["lives"], sum(found["ends"].values())) == (True, 20, 20)
    assert found == empty.json(*words)
    told = empty.run(*words).stdout
    assert "20 lives, seed 4" in told
    assert "No life got stuck, and nothing failed." in told
    text = (empty.folder / "workshop.yaml").read_text("utf-8")
    bad = text.replace("on: {done: build}", "on: {done: [{to: build, when: data.buy.price > 3}, {to: build}]}")
    (empty.folder / "bad.yaml").write_text(bad, "utf-8")
    shown = empty.run("try", "bad.yaml", "--random", "20", "--seed", "4", "--from", "2027-05-03", code=1).stdout
    assert "data.buy.price" in shown
    again = next(line for line in shown.splitlines() if "again:" in line).partition("try ")[2].split()
    life = json.loads(empty.run("try", *again, "--json", code=1).stdout)
    assert life["lives"] == 1
    assert "data.buy.price" in life["troubles"][0]["what"]


def test_paths_and_logs_are_told_in_words_and_as_json(empty: Flow) -> None:
    """The ways to an end, and where a case leaves the process."""
    found = empty.json("paths", "workshop.yaml", "--most", "2")
    assert set(found["ends"]) == {"fulfilled", "gone"}
    assert [leg["state"] for leg in found["ends"]["fulfilled"][0]["legs"]][:3] == ["need", "choose", "visit"]
    told = empty.run("paths", "workshop.yaml", "--end", "gone").stdout
    assert "need: stated → choose: expired → gone" in told
    log = [
        "who,what,at",
        "1,choose,2026-10-05T10:00:00Z",
        "1,visit,2026-10-06T10:00:00Z",
        "2,visit,2026-10-06T10:00:00Z",
    ]
    (empty.folder / "log.csv").write_text("\n".join(log), "utf-8")
    words = ("accepts", "workshop.yaml", "log.csv", "--case", "who", "--activity", "what", "--time", "at")
    judged = empty.json(*words, code=1)
    assert (judged["cases"], judged["fit"], judged["leave"], judged["unknown"]) == (2, 1, 1, 0)
    assert judged["verdicts"][1]["possible"] == ["choose", "rethink", "withdraw"]
    shown = empty.run(*words, code=1).stdout
    assert "2 cases, 1 fit" in shown
    assert "'visit' at choose" in shown
    (empty.folder / "log.csv").write_text("\n".join(log[:3]), "utf-8")
    assert "1 case, 1 fit" in empty.run(*words).stdout
