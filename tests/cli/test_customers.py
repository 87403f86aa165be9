"""start, inbox, act, track, say, change, withdraw and add, as a program uses them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from statement_log import commands, statements

from flowengine import Database
from flowengine.cli.moments import told

if TYPE_CHECKING:
    from conftest import Flow


def test_a_job_goes_from_need_to_fulfilment_by_commands_alone(shop: Flow) -> None:
    """A customer, a maker, code and the outside bring a job to its end from the command line (L1)."""
    job = shop.visited()
    assert shop.work()["calls"] == 1
    step = shop.step(job, "tom")
    shop.run("claim", step, who="tom")
    shop.run("act", step, "--outcome", "done", who="tom")
    shop.run("send", "dried", "--body", '{"humidity": 8}')
    shop.run("act", job, "--outcome", "approved", who="ada")
    seen = shop.json("track", job, who="ada")
    assert (seen["status"], seen["because"]) == ("fulfilled", "The table is there")
    assert shop.json("audit", job)["fine"] is True


def test_start_tells_what_came_of_it(shop: Flow) -> None:
    """A person reads where his job is and what to do next, with the options that he gave."""
    out = shop.run("start", "workshop", "--set", "wish=A table", "--set", "width=80", who="ada").stdout
    assert out.startswith("Thank you. We know what you need.\nNext: Which wood should it be?")
    assert "→ flow act " in out
    assert f"export FLOW_AT={shop.at} FLOW_AS=ada" in out.replace("\n", "")


def test_start_lists_all_that_is_missing(shop: Flow) -> None:
    """A program that leaves fields out is told each of them, and how to give it."""
    error = shop.json("start", "workshop", who="ada", code=1)
    assert error["error"] == "BadAnswer"
    assert set(error["problems"]) == {"wish", "width"}
    assert error["possible"] == ["--set wish=TEXT", "--set width=NUMBER"]
    assert shop.json("jobs") == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["start", "nothing", "--set", "wish=x"], 1, "nothing"),
        (["start", "workshop.yaml"], 1, "deploy workshop.yaml"),
        (["start", "workshop", "--set", "wish"], 2, "key=value"),
        (["start", "workshop", "--set", "wish=x", "--set", "width=wide"], 1, "must be a number in cm"),
        (["start", "workshop", "--set", "wish=x", "--set", "width=1"], 1, "at least 20"),
        (["start", "workshop", "--set", "wihs=x"], 1, "did you mean wish?"),
        (["start", "workshop", "--answer", "[]"], 2, "JSON object"),
        (["start", "workshop", "--answer", '{"wish": 3, "width": 80}'], 1, "must be a text"),
        (["inbox", "--limit", "0"], 2, "limit"),
        (["act", "zzzz.1"], 1, "no step"),
        (["act", "zzzz"], 1, "no job"),
        (["act"], 1, "nothing waits for you"),
        (["track", "zzzz"], 1, "no job"),
        (["track"], 2, "JOB"),
        (["say", "zzzz", "hello"], 1, "no job"),
        (["say", "zzzz", "hello", "--kind", "shout"], 2, "shout"),
        (["change", "zzzz"], 1, "no job"),
        (["withdraw", "zzzz"], 1, "no job"),
        (["add", "zzzz", "state", "item"], 1, "no job"),
        (["add", "zzzz", "state"], 2, "ITEM"),
    ],
)
def test_bad_input_is_refused(shop: Flow, words: list[str], code: int, said: str) -> None:
    """Each command says what is wrong, with exit code 1 for refused and 2 for wrong use, for persons and programs."""
    shown = shop.run(*words, who="ada", code=code)
    assert said in shown.stderr
    assert shown.stdout == ""
    assert said in str(shop.json(*words, who="ada", code=code))


def test_who_acts_must_be_said(shop: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --as and FLOW_AS acting is wrong use; FLOW_AS is enough, and --as comes before it."""
    assert "FLOW_AS" in shop.run("inbox", code=2).stderr
    monkeypatch.setenv("FLOW_AS", "ada")
    job = shop.json("start", "workshop", "--set", "wish=x", "--set", "width=80")["job"]
    assert [item["job"] for item in shop.json("inbox")] == [job]
    assert shop.json("inbox", who="ben") == []


def test_a_reading_command_makes_no_database(empty: Flow) -> None:
    """In the wrong folder a command says so, and leaves no file behind."""
    assert "there is no database here yet" in empty.run("inbox", who="ada", code=1).stderr
    assert not (empty.folder / "flow.db").exists()


def test_one_step_is_found_by_its_job_or_by_nothing(shop: Flow) -> None:
    """A step need not be named when it is the only one; when there are several, they are listed."""
    shop.start()
    give = ("--set", "wood=oak", "--set", "legs=3", "--set", "extras=wax,drawer")
    assert shop.json("act", *give, who="ada")["outcome"] == "chosen"
    shop.start()
    error = shop.json("act", *give, who="ada", code=1)
    assert error["error"] == "Ambiguous"
    assert len(error["possible"]) == 2


def test_a_booked_appointment_is_said_and_no_longer_asked_for(shop: Flow) -> None:
    """After booking nothing waits for the customer; track says what is booked, and inbox --all lists it."""
    job = shop.start()
    shop.run("act", job, "--set", "wood=oak", "--set", "legs=4", "--set", "extras=", who="ada")
    first, second = shop.free(job, "ada")[1:3]
    assert "Waits for you" in shop.run("track", job, who="ada").stdout
    shop.run("act", job, "--outcome", "book", "--set", f"slot={first}", who="ada")
    seen = shop.run("track", job, who="ada").stdout
    assert "Waits for you" not in seen
    assert f"Booked: {told(datetime.fromisoformat(first))}, with Tess; you may move or cancel it" in seen
    assert "→ flow act " in seen
    assert "Nothing waits for you." in shop.run("inbox", who="ada").stdout
    assert "booked: " in shop.run("inbox", "--all", who="ada").stdout
    inside = shop.run("track", job, who="tom").stdout
    assert "Booked: " in inside
    assert "you may move" not in inside
    shop.run("act", job, "--outcome", "move", "--set", f"slot={second}", who="ada")
    assert f"Booked: {told(datetime.fromisoformat(second))}" in shop.run("track", job, who="ada").stdout


def test_an_outcome_must_be_named_where_there_are_several(shop: Flow) -> None:
    """A program is told the outcomes that it may take, also for one that is not known."""
    shop.visited()
    shop.work()
    for words in ((), ("--outcome", "finished")):
        error = shop.json("act", *words, who="tom", code=1)
        assert error["error"] == "UnknownOutcome"
        assert error["possible"] == ["done", "broken"]


def test_somebody_elses_step_is_not_there(shop: Flow) -> None:
    """A step that waits for another is answered like one that does not exist (L4)."""
    job = shop.start()
    other = shop.json("act", shop.step(job, "ada"), who="ben", code=1)
    missing = shop.json("act", "ffffffff.9", who="ben", code=1)
    assert other["error"] == missing["error"] == "NotFound"


def test_a_request_key_does_a_thing_once(shop: Flow) -> None:
    """The same key gives the same receipt; another request under it is a conflict (L3)."""
    words = ("start", "workshop", "--set", "wish=x", "--set", "width=80", "--key", "k1")
    first, again = shop.json(*words, who="ada"), shop.json(*words, who="ada")
    assert (again, first["repeated"]) == (first | {"repeated": True}, False)
    assert len(shop.json("jobs")) == 1
    error = shop.json(*words[:-4], "--set", "width=90", "--key", "k1", who="ada", code=1)
    assert error["error"] == "KeyConflict"


def test_changing_ones_mind(shop: Flow) -> None:
    """What a job offers is listed, used, and refused when it is not open."""
    job = shop.start()
    assert shop.json("change", job, who="ada", code=1)["possible"] == ["withdraw"]
    assert shop.json("change", job, "rethink", "--yes", who="ada", code=1)["error"] in ("NotAllowed", "NotFound")
    refused = shop.run("change", job, "rethink", "--yes", who="ada", code=1).stderr
    assert "Refused: Choose again cannot be done now: Your choice comes first" in refused
    assert f"where: {job}" in refused, "ids are as short as elsewhere"
    shop.run("act", job, "--set", "wood=oak", "--set", "legs=4", "--set", "extras=", who="ada")
    assert shop.json("change", job, "rethink", "--yes", who="ada")["states"] == ["Your choice"]


def test_withdrawing(shop: Flow) -> None:
    """A customer withdraws where the process allows it, and only once."""
    job = shop.start()
    assert shop.json("withdraw", job, "--yes", who="ada")["status"] == "ended"
    assert shop.json("withdraw", job, "--yes", who="ada", code=1)["error"]


def test_saying_something(shop: Flow) -> None:
    """Words are kept with their kind and shown with the job; no words are refused."""
    job = shop.start()
    shop.run("say", job, "Mind", "the", "stairs", "--kind", "concern", who="ada")
    assert shop.json("track", job, who="ada")["said"][0][2] == "Mind the stairs"
    assert "flow say JOB TEXT" in shop.run("say", job, who="ada", code=1).stderr


def test_asking_something(shop: Flow) -> None:
    """Who asks is told who answers, until when, and how to take it back; who answers finds it in his inbox."""
    job = shop.start()
    said = shop.run("say", job, "Is it oak?", "--kind", "question", who="ada").stdout
    assert said.splitlines()[0] == "Said (question): Is it oak?"
    assert "waits for an answer from any of the staff, by " in said
    (item,) = [one for one in shop.json("inbox", who="tom") if one["title"] == "Is it oak?"]
    assert f"takeback {item['short']}" in said
    shown = shop.run("track", job, who="ada").stdout
    assert "  Ada (asked): Is it oak?\n    waits for an answer from any of the staff, by " in shown
    assert "1 to answer" in shop.run("jobs", who="tom").stdout
    shop.run("act", item["short"], "--set", "answer=It is", who="tom")
    assert "  Ada (asked): Is it oak?\n    Tom (answered): It is\n" in shop.run("track", job, who="ada").stdout


def test_answering_and_taking_back(shop: Flow) -> None:
    """An answer names what it is to where several things wait; who has asked takes it back."""
    job = shop.start()
    first, second = (
        shop.json("say", job, text, "--kind", "question", who="ada")["question"] for text in ("Is it oak?", "And dry?")
    )
    refused = shop.json("say", job, "Yes", "--kind", "answer", who="tom", code=1)
    assert [one.partition(" ")[2] for one in refused["possible"]] == ["(Is it oak?)", "(And dry?)"]
    said = shop.run("say", job, "Yes", "--kind", "answer", "--to", second, who="tom").stdout
    assert said.splitlines() == ["Said (answer): Yes", "  To: Ada: And dry?"]
    assert "only who has asked" in shop.run("takeback", first, who="tom", code=1).stderr
    assert shop.json("takeback", first, who="ada")["outcome"] == "taken_back"
    assert [one["status"] for one in shop.json("track", job, who="ada")["conversation"]] == ["taken_back", "answered"]
    assert shop.run("say", job, "We are open", "--kind", "answer", who="tom").stdout.splitlines() == [
        "Said (answer): We are open", "  The customer reads it, too.",
    ]  # fmt: skip


def test_who_reads_what_is_said_is_told(shop: Flow) -> None:
    """Words that wait for no answer say who reads them."""
    job = shop.start()
    mine = shop.run("say", job, "Hello", who="ada").stdout
    theirs = shop.run("say", job, "Difficult", who="tom").stdout
    assert mine == "Said (note): Hello\n  Those inside read it when they look at the job.\n"
    assert theirs.endswith("its customer does not.\n")
    assert "Difficult" not in shop.run("track", job, who="ada").stdout


def test_staff_begin_a_job_for_a_customer(shop: Flow) -> None:
    """--for names the customer whose job it is."""
    receipt = shop.json("start", "workshop", "--for", "ben", "--set", "wish=x", "--set", "width=80", who="tom")
    assert shop.json("track", receipt["job"])["customer"] == "ben"


def test_an_answer_comes_from_standard_input(shop: Flow) -> None:
    """--answer @- reads the object from standard input."""
    receipt = shop.json("start", "workshop", "--answer", "@-", who="ada", input='{"wish": "x", "width": 80}')
    assert receipt["states"] == ["Your choice"]


def test_items_are_added_while_a_state_takes_more(empty: Flow) -> None:
    """add gives a running each more items: JSON where it is JSON, else a text."""
    (empty.folder / "tries.yaml").write_text(TRIES, "utf-8")
    empty.run("deploy", "tries.yaml")
    job = empty.json("start", "tries", "--new", "--set", "first=one", who="ada")["job"]
    empty.run("add", job, "tries", "two", '"3"', who="ada")
    assert len(empty.json("inbox", who="ada")) == 3
    assert "not a number" in empty.json("add", job, "tries", "3", who="ada", code=1)["problems"]["items.0"]
    assert empty.json("add", job, "need", "x", who="ada", code=1)["error"]


def test_words_of_others_are_harmless_in_every_view(shop: Flow) -> None:
    """Escapes and markup in an answer and in what is said are shown as they are written, in words and in JSON whole."""
    hostile = "\x1b]0;x\x07[red]\u202eflip\n▶ forged"
    job = shop.start(wish=hostile)
    shop.run("say", job, hostile, who="ada")
    shown = shop.run("track", job, who="ada").stdout
    assert "\\x1b]0;x\\x07[red]\\u202eflip\\n▶ forged" in shown
    for words, who in (
        (("track", job), "ada"), (("inbox",), "ada"), (("jobs",), "ada"), (("history", job), "tom"),
        (("history", job, "--raw"), "tom"),
    ):  # fmt: skip
        out = shop.run(*words, who=who).stdout
        assert not {"\x1b", "\x07", "\u202e"} & set(out)
        assert "\n▶ forged" not in out
    assert dict(shop.json("track", job, who="ada")["facts"])["Your wish"] == hostile


def test_a_repeated_act_gives_the_same_receipt_also_when_the_step_is_over(shop: Flow) -> None:
    """Under its key an act is done once, whichever way the step is named; another answer under it is refused (L3)."""
    job = shop.start()
    step = shop.step(job, "ada")
    give = ("--set", "wood=oak", "--set", "legs=4", "--set", "extras=", "--key", "k1")
    first = shop.json("act", step, *give, who="ada")
    again = first | {"repeated": True}
    assert [shop.json("act", *ref, *give, who="ada") for ref in ((step,), (job,), ())] == [again] * 3
    assert len(shop.json("history", job)) == 2
    error = shop.json("act", step, "--set", "wood=pine", *give[2:], who="ada", code=1)
    assert error["error"] == "KeyConflict"


def test_a_repeated_change_of_mind_gives_the_same_receipt(shop: Flow) -> None:
    """Under its key an offer is used once, also when the job offers it no longer (L3)."""
    job = shop.start()
    shop.run("act", job, "--set", "wood=oak", "--set", "legs=4", "--set", "extras=", who="ada")
    words = ("change", job, "rethink", "--yes", "--key", "k2")
    first, again = shop.json(*words, who="ada"), shop.json(*words, who="ada")
    assert again == first | {"repeated": True}


def test_acting_looks_in_one_transaction_and_acts_in_one(shop: Flow) -> None:
    """However the step is named and who acts, one act costs a program one transaction to look and one to write."""
    with statements() as given:
        Database.open(f"sqlite:///{shop.folder}/flow.db").close()
        opening, give = commands(given).count("BEGIN"), ("--set", "wood=oak", "--set", "legs=4", "--set", "extras=")
        assert opening > 0
        for who, named in (("ada", True), ("Ada", True), ("ada@example.org", False)):
            job = shop.start()
            given.clear()
            shop.json("act", *([job] if named else []), *give, who=who)
            begun = Counter(sql for sql in commands(given) if sql.startswith("BEGIN"))
            assert begun == {"BEGIN": opening + 1, "BEGIN IMMEDIATE": 1}
            shop.run("withdraw", job, "--yes", who="ada")


TRIES = """
process: tries
title: Tries
need: Something tried
states:
  need: {type: need, fields: {first: {type: string}}, next: tries}
  tries:
    type: each
    of: '[data.need.first]'
    more: true
    start: try_it
    states: {try_it: {type: ask, fields: {words: {type: string}}, within: P7D, on: {answered: done, expired: done}}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""


NEWS = """
process: news
need: Some news
states:
  need: {type: need, fields: {of: {type: string}}, next: tell}
  tell: {type: tell, to: everyone, say: "There is news of {data.need.of}", shows: {For: "{customer.name}"}, next: end}
  end: {type: fulfilled}
"""


def test_track_shows_what_was_told(shop: Flow) -> None:
    """The words and lines that a process told stand in the timeline, and are harmless for a terminal."""
    (shop.folder / "news.yaml").write_text(NEWS, "utf-8")
    shop.run("deploy", "news.yaml")
    job = shop.json("start", "news", "--set", "of=\x1b[31mrain", who="ada")["job"]
    shown = shop.run("track", job, who="ada").output
    assert "What was told\n" in shown
    assert "    For: Ada\n" in shown
    assert "There is news of" in shown
    assert "\x1b[31m" not in shown
    ((_, words, lines),) = shop.json("track", job, who="ada")["told"]
    assert (words, lines) == ("There is news of \x1b[31mrain", [["For", "Ada"]])


@pytest.mark.parametrize("who", ["auth0|5f7c", "ada+home@example.org", "urn:uuid:1"])
def test_an_id_of_an_identity_provider_acts(shop: Flow, who: str) -> None:
    """Whoever an identity provider knows by such an id begins a job and acts on his step by it."""
    job = shop.start(who)
    assert shop.json("act", shop.step(job, who), "--set", "wood=oak", "--set", "legs=3", who=who)["outcome"] == "chosen"


def test_nobody_becomes_a_customer_by_a_typing_error(shop: Flow) -> None:
    """Who is not known begins a job only where he says that he is new, and is known from then on."""
    words = ("start", "workshop", "--set", "wish=x", "--set", "width=80")
    error = shop.json(*words, who="adaa", code=1)
    assert (error["error"], error["what"]) == ("NotFound", "there is nobody with the id 'adaa' yet")
    assert error["possible"] == ["--new enters a new customer", "the id of somebody who is known"]
    assert shop.json("jobs") == []
    assert {one["id"] for one in shop.json("people", "list", "--kind", "customer")} == {"ada", "ben"}
    first = shop.json(*words, "--new", "--key", "k", who="adaa")
    assert shop.json(*words, "--key", "k", who="adaa")["job"] == first["job"]
    assert shop.json(*words, who="ada")["status"] == "open"


def test_who_asks_is_somebody_whole(shop: Flow) -> None:
    """Who acts is said by a whole id, contact or name; the beginning of one is somebody new."""
    job = shop.start("ada")
    assert shop.json("inbox", who="ADA@example.org") == shop.json("inbox", who="Ada") == shop.json("inbox", who="ada")
    assert "nobody with the id 'ad'" in shop.run("inbox", who="ad", code=1).stderr
    shop.start("ad")
    assert [one["customer"] for one in shop.json("jobs")] == ["ad", "ada"]
    assert shop.json("track", job, who="Ada")["customer"] == "ada"


JOINT = """
process: joint
title: A day out
need: A day out
groups: {parents: {title: Parents}}
states:
  need: {type: need, next: where}
  where:
    type: vote
    title: Where to
    ask: Where shall they go?
    of: {group: parents}
    options: [sea, zoo]
    early: true
    within: P7D
    on: {decided: fulfilled, no_quorum: off, tied: off}
  fulfilled: {type: fulfilled, because: They went there}
  off: {type: ended, because: Nobody came}
"""


def test_who_took_part_finds_the_job_again_and_what_he_did(shop: Flow) -> None:
    """In a list of its own; what is told of it has no blanks where he may not see something."""
    (shop.folder / "joint.yaml").write_text(JOINT, "utf-8")
    shop.run("deploy", "joint.yaml", who="olga")
    shop.run("people", "change", "ben", "--group", "parents", who="olga")
    job = shop.json("start", "joint", who="ada")["job"]
    shop.run("act", job, "--set", "for=sea", who="ben")
    assert shop.json("jobs", who="ben") == []
    (row,) = shop.json("jobs", "--took-part", who="ben")
    assert (row["id"], row["because"], row["customer_name"]) == (job, "They went there", "")
    shown = shop.run("track", row["short"], who="ben").stdout
    assert "  for " not in shown.splitlines()[0]
    assert "Fulfilled: They went there" in shown
    assert "Where to: Sea" in shown
    assert "What you did" in shown
    assert "voted for Sea: Where shall they go?" in shown
    assert "for Ada" in shop.run("track", row["short"], who="ada").stdout.splitlines()[0]
    assert "sees all jobs" in shop.run("jobs", "--took-part", who="tom", code=1).output
    assert (
        "--stuck takes --process and --limit" in shop.run("jobs", "--took-part", "--stuck", who="olga", code=2).output
    )
