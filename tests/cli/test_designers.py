"""new, check, draw, deploy, processes and migrate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from flowengine.cli import flow
from flowengine.language import problems
from flowengine.language.explaining import CODES
from flowengine.samples import process_file, process_names

if TYPE_CHECKING:
    from conftest import Flow

BAD = """process: bad
title: "Bad \u202e"
need: Something
states:
  need: {type: nead, next: fulfiled}
  fulfilled: {type: fulfilled}
"""


def test_new_writes_a_process_that_is_fine_and_runs(empty: Flow) -> None:
    """The file that new writes passes check, can be deployed, and a job of it can be begun."""
    written = empty.json("new", "my_shop")
    assert written["file"] == "my_shop.yaml"
    assert empty.json("check", "my_shop.yaml")["fine"] is True
    empty.run("deploy", "my_shop.yaml")
    assert empty.json("start", "my_shop", "--new", "--set", "wish=A chair", who="ada")["status"] == "open"


@pytest.mark.parametrize("template", process_names())
def test_new_begins_with_a_process_that_is_shipped(empty: Flow, template: str) -> None:
    """The file has the new name, is fine, and is told how it is tried; its template is offered on Tab."""
    written = empty.json("new", "ours", "--template", template)
    assert "flow try ours.yaml" in written["next"]
    assert empty.json("check", "ours.yaml")["fine"] is True
    assert empty.json("deploy", "ours.yaml")[0]["name"] == "ours"
    asked = {
        "_FLOW_COMPLETE": "zsh_complete",
        "COMP_WORDS": f"flow new ours --template {template[:3]}",
        "COMP_CWORD": "4",
    }
    assert template in CliRunner().invoke(flow, [], prog_name="flow", env=asked).stdout


def test_new_tells_the_templates_there_are(empty: Flow) -> None:
    """One that is not there is refused with those that are, and nothing is written."""
    refused = empty.json("new", "ours", "--template", "table_servic", code=1)
    assert refused["possible"] == process_names()
    assert not (empty.folder / "ours.yaml").exists()


def test_new_replaces_nothing_unasked(empty: Flow) -> None:
    """A file that is there is kept unless --force is given."""
    empty.run("new", "workshop", code=1)
    assert "workshop.yaml" in empty.run("new", "workshop", code=1).stderr
    assert "Wrote other.yaml" in empty.run("new", "workshop", "-o", "other.yaml").stdout
    empty.run("new", "workshop", "--force")


@pytest.mark.parametrize("name", ["My Shop", "1shop", "../shop", "a" * 61, ""])
def test_new_refuses_a_name_that_cannot_be_one(empty: Flow, name: str) -> None:
    """A name that the language does not take is refused before a file is written, with one that it takes."""
    error = empty.json("new", name, code=1)
    assert problems(f"process: {error['possible'][0]}\n") != []
    assert sorted(path.name for path in empty.folder.glob("*.yaml")) == ["workshop.yaml"]


def test_check_tells_how_long_the_customer_is_left_out(empty: Flow) -> None:
    """A file without problems is fine; then the longest stretch without the customer is named."""
    out = empty.run("check", "workshop.yaml").stdout
    assert "workshop.yaml: fine" in out
    assert "The customer takes part in 4 of 7 states." in out
    assert "at most 3 states (buy, build, hear)" in out
    found = empty.json("check", "workshop.yaml")["files"][0]
    assert found["left_out"]["path"] == ["buy", "build", "hear"]


def test_check_tells_all_stretches_without_the_customer(empty: Flow) -> None:
    """The longest, then those elsewhere with what they take; programs are told all."""
    states = "".join(f"  w{n}: {{type: task, for: staff, takes: P{n}D, next: w{n + 1}}}\n" for n in range(1, 4))
    text = f"""process: twice
need: Twice
states:
  need: {{type: need, next: w1}}
{states}  w4: {{type: ask, fields: {{x: {{type: string}}}}, within: P3D, on: {{answered: later, expired: fulfilled}}}}
  later: {{type: task, for: staff, next: last}}
  last: {{type: task, for: staff, takes: P9D, next: fulfilled}}
  fulfilled: {{type: fulfilled}}
"""
    (empty.folder / "twice.yaml").write_text(text, "utf-8")
    out = empty.run("check", "twice.yaml").stdout
    assert "at most 3 states (w1, w2, w3)" in out
    assert "Elsewhere: 2 states, 9 days (later, last)" in out
    found = empty.json("check", "twice.yaml")["files"][0]["left_out"]["stretches"]
    day = 86_400
    assert found == [
        {"states": 3, "path": ["w1", "w2", "w3"], "seconds": 6 * day},
        {"states": 2, "path": ["later", "last"], "seconds": 9 * day},
    ]


def test_check_names_command_steps(empty: Flow) -> None:
    """Where one role decides on the work of another and no customer is in between, with its line; none is no word."""
    assert "command step" not in empty.run("check", "workshop.yaml").stdout
    assert empty.json("check", "workshop.yaml")["files"][0]["command_steps"] == []
    text = """process: signed
need: Signed
roles: {clerk: {title: Clerk}, head_of_desk: {title: Head}}
states:
  need: {type: need, next: write}
  write: {type: task, for: clerk, next: sign}
  sign: {type: approval, by: head_of_desk, on: {approved: fulfilled, changes: write}}
  fulfilled: {type: fulfilled}
"""
    (empty.folder / "signed.yaml").write_text(text, "utf-8")
    out = " ".join(empty.run("check", "signed.yaml").stdout.split())
    decided = "in sign head of desk decides on what others have done in write"
    assert f"A command step: {decided}, and no customer is in between (line 7)" in out
    found = empty.json("check", "signed.yaml")["files"][0]["command_steps"]
    assert found == [{"state": "sign", "line": 7, "by": ["head of desk"], "of": ["write"]}]
    (empty.folder / "wrong.yaml").write_text(text.replace("next: sign", "next: sing"), "utf-8")
    assert empty.json("check", "wrong.yaml", code=1)["files"][0]["command_steps"] is None


def test_check_tells_after_how_long_a_wait_is_an_incident(empty: Flow) -> None:
    """In one line for each length with the states that it holds for, and for programs by state."""
    source = (empty.folder / "workshop.yaml").read_text("utf-8")
    (empty.folder / "patient.yaml").write_text(source.replace("states:\n", "attention: P30D\nstates:\n", 1), "utf-8")
    out = empty.run("check", "patient.yaml").stdout
    assert "  An incident after 30 days (buy, build" in out
    found = empty.json("check", "patient.yaml")["files"][0]["attention"]
    assert found["build"] == "P30D"


def test_check_says_how_far_it_is_a_proof(empty: Flow) -> None:
    """Where all ways were followed it says nothing; where there are too many, which conditions were decided alone."""
    assert "Proved but for this" not in empty.run("check", "workshop.yaml").stdout
    assert empty.json("check", "workshop.yaml")["files"][0]["proof"]["decided_alone"] == []
    states = ["  need: {type: need, next: a0}", "  fulfilled: {type: fulfilled}"]
    for n in range(9):
        states.append(
            f"  a{n}: {{type: task, for: staff, on: {{yes: {(after := f'a{n + 1}' if n < 8 else 'b0')}, no: {after}}}}}"
        )
        after = f"b{n + 1}" if n < 8 else "fulfilled"
        rule = f'{{when: \'outcome("a{n}") == "yes"\', to: {after}}}'
        states.append(f"  b{n}: {{type: decision, rules: [{rule}], else: c{n}}}")
        states.append(f"  c{n}: {{type: task, for: staff, next: {after}}}")
    (empty.folder / "many.yaml").write_text("process: many\nneed: Many\nstates:\n" + "\n".join(states) + "\n", "utf-8")
    assert "Proved but for this: 9 of 9 conditions are decided alone" in empty.run("check", "many.yaml").stdout
    (found,) = empty.json("check", "many.yaml")["files"]
    assert found["fine"]
    assert found["proof"]["conditions"] == 9
    assert {"line": 7, "what": "b0.rules.when"} in found["proof"]["decided_alone"]


def test_check_shows_each_problem_with_its_line_and_a_caret(empty: Flow) -> None:
    """A problem is told as file:line:column, with the source line, a caret below the column, and a hint."""
    (empty.folder / "bad.yaml").write_text(BAD, "utf-8")
    out = empty.run("check", "workshop.yaml", "bad.yaml", code=1).stdout
    assert "workshop.yaml: fine" in out
    lines = out.splitlines()
    at = next(index for index, line in enumerate(lines) if "bad.yaml:5:16: unknown-type" in line)
    assert lines[at + 1].endswith("need: {type: nead, next: fulfiled}")
    assert lines[at + 2].index("^") == lines[at + 1].index("nead")
    assert "did you mean 'need'?" in out
    found = empty.json("check", "bad.yaml", code=1)
    assert found["fine"] is False
    assert found["files"][0]["problems"][0]["code"] == "unknown-type"


def test_check_finds_files_that_call_one_another_for_ever(empty: Flow) -> None:
    """Each file is fine by itself; together they are not."""
    for name, other in (("one", "two"), ("two", "one")):
        states = f"""states:
  need: {{type: need, next: again}}
  again: {{type: call, process: {other}, on: {{fulfilled: fulfilled, ended: fulfilled}}}}
  fulfilled: {{type: fulfilled}}
"""
        (empty.folder / f"{name}.yaml").write_text(f"process: {name}\nneed: It\n{states}", "utf-8")
        assert empty.json("check", f"{name}.yaml")["fine"] is True
    found = empty.json("check", "one.yaml", "workshop.yaml", "two.yaml", code=1)["files"]
    assert [[problem["code"] for problem in file["problems"]] for file in found] == [
        ["endless-calls"],
        [],
        ["endless-calls"],
    ]
    assert "one calls two, two calls one" in empty.run("check", "one.yaml", "two.yaml", code=1).stdout


def test_check_finds_files_that_start_by_one_message(empty: Flow) -> None:
    """Two processes that the same message starts cannot both be in use: told of each, at its entry."""
    for name in ("one", "two"):
        (empty.folder / f"{name}.yaml").write_text(
            f"process: {name}\nneed: It\nstarts: {{message: bell, customer: '\"ada\"'}}\n"
            "states:\n  need: {type: need, next: fulfilled}\n  fulfilled: {type: fulfilled}\n",
            "utf-8",
        )
    found = empty.json("check", "one.yaml", "two.yaml", code=1)["files"]
    assert [[one["code"] for one in file["problems"]] for file in found] == [["ambiguous-start"], ["ambiguous-start"]]


def test_check_says_where_a_length_is_in_months(empty: Flow) -> None:
    """A file may be fine with P5M, which looks like minutes: it is said, and comments are passed over."""
    text = (empty.folder / "workshop.yaml").read_text("utf-8")
    (empty.folder / "months.yaml").write_text(text.replace("within: P14D", "within: P5M # not P3M", 1), "utf-8")
    line = next(number for number, one in enumerate(text.splitlines(), 1) if "within: P14D" in one)
    assert f"Line {line}: P5M is 5 months (minutes would be PT5M)" in empty.run("check", "months.yaml").stdout
    assert empty.json("check", "months.yaml")["files"][0]["months"] == [{"line": line, "months": 5}]
    assert empty.json("check", "workshop.yaml")["files"][0]["months"] == []


def test_problems_end_with_how_to_have_them_explained(empty: Flow) -> None:
    """However many there are, it is said once, with a command that can be pasted."""
    (empty.folder / "bad.yaml").write_text(BAD.replace("fulfilled: {", "1x: {"), "utf-8")
    out = empty.run("check", "bad.yaml", "bad.yaml", code=1).stdout
    assert out.count("--explain") == 1
    command = out.splitlines()[-1].partition(": flow ")[2].split()
    assert command[:2] == ["check", "--explain"]
    assert out.splitlines()[-1].startswith("To have each code explained")
    assert f"{command[2]}: " in empty.run(*command).stdout
    assert "--explain" not in empty.run("check", "workshop.yaml").stdout


def test_a_code_is_explained_with_a_file_that_has_it_and_the_file_mended(empty: Flow) -> None:
    """What it means, why, the line marked with a caret below the place, what is told of it, and the mend."""
    out = empty.run("check", "--explain", "unknown-target").stdout
    assert out.startswith("unknown-target: A route leads to nothing.")
    lines = out.splitlines()
    fault = next(index for index, line in enumerate(lines) if line.startswith(">") and "fulfiled" in line)
    assert lines[fault + 1].index("^") == lines[fault].index("fulfiled")
    assert "tea.yaml:5:40: unknown-target: there is no state 'fulfiled'" in out
    assert "did you mean 'fulfilled'?" in out
    mended = lines[lines.index("Mended:") + 1 :]
    assert [line for line in mended if line.startswith(">")] == [lines[fault].replace("fulfiled", "fulfilled")]


def test_an_explanation_is_a_document_for_programs(empty: Flow) -> None:
    """Both files are in it whole, so that a program can check them."""
    found = empty.json("check", "--explain", "no-fallback")
    assert found["code"] == found["problem"]["code"] == "no-fallback"
    assert [one.code for one in problems(found["faulty"])] == ["no-fallback"]
    assert problems(found["mended"]) == []
    assert found["faulty"].splitlines()[found["problem"]["line"] - 1] not in found["mended"].splitlines()


def test_a_fault_that_needs_two_files_is_shown_with_both(empty: Flow) -> None:
    """What stands beside it is shown as well; of what no file can show there are words alone."""
    out = empty.run("check", "--explain", "ambiguous-start").stdout
    assert out.index("With the fault") < out.index("tea.yaml:4:5: ambiguous-start") < out.index("Beside it stands")
    out = empty.run("check", "--explain", "unreadable-file").stdout
    assert "it is a folder" in out
    assert "Mended" not in out


def test_explain_alone_lists_all_codes(empty: Flow) -> None:
    """Every code with what it means, by kinds, for persons and programs."""
    out = empty.run("check", "--explain").stdout
    listed = empty.json("check", "--explain")
    assert {one["code"]: one["means"] for one in listed} == CODES
    assert all(one["code"] in out for one in listed)
    assert len({one["about"] for one in listed}) == 7


def test_check_reads_standard_input(empty: Flow) -> None:
    """A dash reads the file from standard input."""
    assert "unknown-type" in empty.run("check", "-", code=1, input=BAD).stdout


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"a" * 5_000_000, b"[" * 5000, b"process: [\x1b[2J"])
def test_any_bytes_are_answered(empty: Flow, data: bytes) -> None:
    """Whatever a file holds, check tells its problems with exit code 1 (L12)."""
    (empty.folder / "bad.yaml").write_bytes(data)
    told = empty.run("check", "bad.yaml", code=1)
    assert "bad.yaml:1:" in told.stdout
    assert "\x1b" not in told.stdout
    assert empty.json("check", "bad.yaml", code=1)["files"][0]["problems"]
    assert "bad.yaml:1:" in empty.run("deploy", "bad.yaml", code=1).stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["check"], 2, "FILE"),
        (["check", "nowhere.yaml"], 1, "workshop.yaml"),
        (["check", "."], 1, "not a file"),
        (["check", "--explain", "unknown-tarket"], 1, "unknown-target"),
        (["check", "--explain", "no-need", "workshop.yaml"], 2, "leave the files out"),
        (["draw"], 2, "--job"),
        (["draw", "nowhere.yaml"], 1, "no such file"),
        (["draw", "nothing"], 1, "nothing"),
        (["draw", "workshop.yaml", "--format", "gif"], 2, "png"),
        (["draw", "workshop.yaml", "--counts"], 2, "--svg or --png"),
        (["draw", "workshop.yaml", "--svg", "--dark"], 2, "--png"),
        (["draw", "workshop.yaml", "--svg", "--png"], 2, "One format"),
        (["draw", "--job", "zzzz"], 1, "no job"),
        (["deploy"], 2, "FILE"),
        (["deploy", "nowhere.yaml"], 1, "no such file"),
        (["new"], 2, "NAME"),
        (["migrate"], 2, "Name a job"),
        (["migrate", "zzzz"], 1, "no job"),
    ],
)
def test_bad_input_is_refused(shop: Flow, words: list[str], code: int, said: str) -> None:
    """Each command says what is wrong, with exit code 1 for refused and 2 for wrong use, for persons and programs."""
    assert said in shop.run(*words, code=code).stderr
    assert said in str(shop.json(*words, code=code))


def test_draw_draws_files_processes_and_jobs(shop: Flow) -> None:
    """A file and a process in use give the same picture; a job's marks where it stands."""
    of_file = shop.json("draw", "workshop.yaml")
    assert of_file["text"] == shop.json("draw", "workshop")["text"]
    assert of_file["text"].startswith("%%{init")
    assert " here" not in of_file["text"]
    job = shop.start()
    assert "class s_choose here" in shop.run("draw", "--job", job).stdout
    assert "▶ choose" in shop.run("draw", "workshop", "--job", job, "--format", "text").stdout
    assert shop.json("draw", "other", "--job", job, code=1)["possible"] == ["workshop"]


def test_draw_can_leave_out_what_nobody_hopes_for(shop: Flow) -> None:
    """--usual draws neither deadlines nor changes of mind."""
    assert "s_gone" in shop.run("draw", "workshop.yaml").stdout
    usual = shop.run("draw", "workshop.yaml", "--usual").stdout
    assert "not within" not in usual
    assert "always" not in usual
    assert "↯ withdraw" not in shop.run("draw", "workshop.yaml", "--usual", "--format", "text").stdout


@pytest.mark.usefixtures("graphviz")
def test_draw_makes_pictures(shop: Flow) -> None:
    """A picture in SVG or PNG is written where it is told, or to where output goes; the file's name says which."""
    svg = shop.json("draw", "workshop.yaml", "--svg")
    assert (svg["format"], svg["text"][:4]) == ("svg", "<svg")
    assert shop.run("draw", "workshop", "--svg").stdout == svg["text"]
    shop.run("draw", "workshop.yaml", "-o", "out.svg")
    assert (shop.folder / "out.svg").read_text("utf-8") == svg["text"]
    assert shop.json("draw", "workshop.yaml", "--usual", "--dark", "-o", "out.png") == {
        "process": "workshop", "version": svg["version"], "format": "png", "file": "out.png",
    }  # fmt: skip
    assert (shop.folder / "out.png").read_bytes().startswith(b"\x89PNG")
    assert "no text" in shop.json("draw", "workshop.yaml", "--png", code=2)["what"]


@pytest.mark.usefixtures("graphviz")
def test_a_picture_shows_a_jobs_way_and_where_jobs_stand(shop: Flow) -> None:
    """Staff see a job's way in its process, operators how many jobs stand where; nobody sees more than he may."""
    job = shop.start()
    for who in ("tom", "olga"):
        way = shop.json("draw", "--job", job, "--svg", who=who)["text"]
        assert (way.count(">here now<"), way.count(">✓<")) == (1, 1)
    assert shop.json("draw", "--job", job, "--svg", who="ada", code=1)["error"] == "NotAllowed"
    assert "1 job here for" in shop.json("draw", "workshop", "--counts", "--svg", who="olga")["text"]
    assert shop.json("draw", "workshop", "--counts", "--svg", who="tom", code=1)["error"] == "NotAllowed"


def test_draw_writes_a_file(shop: Flow) -> None:
    """-o writes the picture where it is told."""
    shop.run("draw", "workshop.yaml", "-o", "out.mmd")
    assert (shop.folder / "out.mmd").read_text("utf-8") == shop.json("draw", "workshop.yaml")["text"]
    assert "No such file" in shop.run("draw", "workshop.yaml", "-o", "nowhere/out.mmd", code=1).stderr


def test_an_outline_of_a_hostile_file_is_harmless(empty: Flow) -> None:
    """Overrides in a title are visible escapes on the terminal, and whole in JSON."""
    text = BAD.replace("nead", "need, fields: {a: {type: string}}").replace("fulfiled", "fulfilled")
    (empty.folder / "odd.yaml").write_text(text, "utf-8")
    out = empty.run("draw", "odd.yaml", "--format", "text").stdout
    assert "Bad \\u202e" in out
    assert "\u202e" not in out
    assert "\u202e" in empty.json("draw", "odd.yaml", "--format", "text")["text"]


def test_deploy_says_whom_it_needs(empty: Flow) -> None:
    """The handlers that nothing installed here has are named, so that workers get them in time."""
    assert "It calls buy_wood: give them to workers with --handlers." in empty.run("deploy", "workshop.yaml").stdout


def test_deploy_is_all_or_nothing(empty: Flow) -> None:
    """One file with problems keeps all of them out."""
    (empty.folder / "bad.yaml").write_text(BAD, "utf-8")
    empty.run("deploy", "workshop.yaml", "bad.yaml", code=1)
    assert not (empty.folder / "flow.db").exists()
    first, again = empty.json("deploy", "workshop.yaml")[0], empty.json("deploy", "workshop.yaml")[0]
    assert (first["new"], again["new"]) == (True, False)


def test_processes_lists_the_versions(shop: Flow) -> None:
    """Both versions of a process are listed, the one for new jobs marked."""
    path = shop.folder / "workshop.yaml"
    path.write_text(path.read_text("utf-8").replace("A table made", "A chair made"), "utf-8")
    shop.run("deploy", "workshop.yaml")
    rows = shop.json("processes")
    assert [(row["title"], row["latest"]) for row in rows] == [
        ("A table made with you", False),
        ("A chair made with you", True),
    ]
    assert "latest" in shop.run("processes").stdout


def test_migrate_moves_a_job_to_the_latest_version(shop: Flow) -> None:
    """A job keeps its version until it is migrated on purpose (L6)."""
    job = shop.start()
    path = shop.folder / "workshop.yaml"
    path.write_text(path.read_text("utf-8").replace("A table made", "A chair made"), "utf-8")
    version = shop.json("deploy", "workshop.yaml")[0]["version"]
    assert shop.json("track", job)["version"] != version
    shop.run("migrate", job)
    assert shop.json("track", job)["version"] == version


def test_migrate_tells_what_it_would_change_and_what_is_in_the_way(shop: Flow) -> None:
    """A dry run says all of it and changes nothing; a state of another name is mapped, missing data filled in."""
    job = shop.start()
    path = shop.folder / "workshop.yaml"
    text = path.read_text("utf-8")
    first = shop.json("track", job)["version"]
    begun = text.replace("fields:", "fields:\n      colour: {type: string}", 1)
    state = shop.json("track", job)["where"][0]["state"]
    renamed = begun.replace(f"  {state}:", "  picked:", 1)
    for key in ("next", "to", *("answered", "chosen", "done", "stated", "changes", "declined")):
        renamed = renamed.replace(f"{key}: {state}", f"{key}: picked")
    for before in ("data.", "uses: "):
        renamed = renamed.replace(f"{before}{state}", f"{before}picked")
    renamed = renamed.replace(f'"{state}"', '"picked"')
    path.write_text(renamed, "utf-8")
    version = shop.json("deploy", "workshop.yaml")[0]["version"]
    told = shop.run("migrate", job, "--dry-run", code=1).stdout
    assert f"the job stands in '{state}', which is not in it" in told
    refused = shop.run("migrate", "--process", "workshop", "--from", first, "--all", "--dry-run", code=1).stdout
    assert "They would be moved: 0 jobs" in refused
    assert f"In the way of 1 job: the job stands in '{state}'" in refused
    given = ("--map", f"{state}=picked", "--fill", "need.colour=blue", "--because", "The names are plainer")
    told = shop.run("migrate", job, *given, "--dry-run").stdout
    assert f"main: {state} to picked" in told
    assert "filled: need.colour = blue" in told
    assert shop.json("track", job)["version"] == first
    done = shop.json("migrate", "--process", "workshop", "--from", first, "--all", *given)
    assert (done["version"], done["refused"]) == (version, {})
    assert len(done["moved"]) == 1
    assert "because: The names are plainer" in shop.json("history", job)[-1]["what"]
    assert shop.json("audit", job)["problems"] == []


def test_deploy_says_what_is_different_and_who_notices(shop: Flow) -> None:
    """A new version is told against the one in use: what changed, who notices, and that running jobs keep theirs."""
    file = shop.folder / "workshop.yaml"
    file.write_text(file.read_text("utf-8").replace("title: Maker", "title: Joiner"), "utf-8")
    told = shop.run("diff", "workshop.yaml").stdout
    assert "the role Maker is now called Joiner" in told
    assert shop.json("diff", "workshop.yaml", "--against", "workshop.yaml")["changes"] == []
    told = shop.run("deploy", "workshop.yaml").stdout
    assert "the role Maker is now called Joiner" in told
    assert "Who notices: " in told
    assert "Jobs that run keep the version they began with." in told
    assert "It means the same." in shop.run("diff", "workshop.yaml").stdout
    assert shop.json("deploy", "workshop.yaml")[0]["changes"] == []


def test_a_partner_is_told_what_he_is_promised(shop: Flow) -> None:
    """What is asked, told and how it ends, with a version; what is different from a partner's file."""
    (shop.folder / "supplier.yaml").write_text(process_file("supplier").read_text("utf-8"), "utf-8")
    told = shop.run("agreement", "supplier.yaml").stdout
    assert "pieces: integer, minimum 1, maximum 10000" in told
    assert "arrive.goods: ask; all_right or something_is_wrong" in told
    assert "send: parcel (string, minLength 1, maxLength 60)" in told
    assert "not_to_be_had: ended" in told
    theirs = shop.json("agreement", "supplier.yaml")
    assert theirs["version"] in told
    (shop.folder / "theirs.json").write_text(json.dumps(theirs), "utf-8")
    (deployed,) = shop.json("deploy", "supplier.yaml")
    assert "It is the same." in shop.run("agreement", "supplier", "--against", "theirs.json").stdout
    file = shop.folder / "supplier.yaml"
    file.write_text(file.read_text("utf-8").replace("maximum: 10000", "maximum: 500"), "utf-8")
    found = shop.json("agreement", "supplier.yaml", "--against", "theirs.json")
    assert (found["was"], found["changes"]) == (theirs["version"], ["need: pieces is otherwise"])
    assert "need: pieces is otherwise" in shop.run("agreement", "supplier.yaml", "--against", "theirs.json").stdout
    against = shop.json("agreement", "supplier.yaml", "--against", deployed["version"])
    assert against["was"] == theirs["version"]


@pytest.mark.parametrize(
    "broken", ['{"version": "0123"}', "[]", "{", '{"version": "1", "agreed": {"need": 3}}', "[" * 9000]
)
def test_what_is_no_agreement_is_not_compared(shop: Flow, broken: str) -> None:
    """A file that is none, and one in which somebody has changed something."""
    (shop.folder / "theirs.json").write_text(broken, "utf-8")
    refused = shop.json("agreement", "workshop.yaml", "--against", "theirs.json", code=1)
    assert "this is no agreement" in refused["what"]
    ours = shop.json("agreement", "workshop.yaml")
    ours["agreed"]["withdraw"] = not ours["agreed"]["withdraw"]
    (shop.folder / "theirs.json").write_text(json.dumps(ours), "utf-8")
    assert "was changed" in shop.json("agreement", "workshop.yaml", "--against", "theirs.json", code=1)["what"]
