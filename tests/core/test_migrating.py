"""A job goes on in another version of its process, or says what stands in the way (L5, L6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from rehearsal import BEGIN, EVA, HEADER, OPS, TOM, Rehearsal, days

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.values import Actor
from flowengine.core.world import Attempt
from flowengine.errors import NotAllowed
from flowengine.language import parse
from flowengine.language.model import Process

CLEO = Actor(kind="staff", id="cleo", roles=("cutter",))
ROLES = HEADER.replace("tailor: {title: Tailor}", "tailor: {title: Tailor}, cutter: {title: Cutter}")


def made(states: str, *, fields: str = "a: {type: string}", more: str = "", check: bool = True) -> Process:
    """A process that asks these fields first; it leads to the state ``t``."""
    need = f"  need: {{type: need, ask: What?, fields: {{{fields}}}, next: t}}"
    ends = ["  fulfilled: {type: fulfilled}"]
    if "gone" in states + more:
        ends.append("  gone: {type: ended, because: Too late}")
    return parse("\n".join([ROLES + more, "states:", need, states.strip("\n"), *ends]), "new.yaml", check=check)


TASK = """
  t: {type: task, for: tailor, title: Cut it, on: {done: u}}
  u: {type: task, for: tailor, title: Sew it, on: {done: fulfilled}}
"""
PAINT = """
  t:
    {type: task, for: cutter, title: Cut the cloth, fields: {n: {type: integer}}, within: P1D,
     on: {done: u, expired: late}}
  late: {type: task, for: tailor, on: {done: u}}
  u: {type: task, for: tailor, ask: "Paint {data.need.colour}", on: {done: fulfilled}}
"""
COLOUR = "a: {type: string}, colour: {type: string}"


def whats(found: Any) -> list[str]:
    return [one.what for one in found.obstacles]


def test_a_datum_that_a_later_state_reads_has_to_be_there() -> None:
    """Refused with the datum and the way to it; filled in, the job goes on, at the deadline as by the act."""
    job = Rehearsal(made(TASK), {"a": "x"})
    found = job.migrate(made(PAINT, fields=COLOUR))
    (obstacle,) = found.obstacles
    assert obstacle.what == "u.ask reads data.need.colour, which may be missing then, to which it comes by t -> u"
    assert obstacle.possible == ("fill data.need.colour",)
    assert job.position.head.version == made(TASK).version
    assert job.migrate(made(PAINT, fields=COLOUR), fill={"data.need.colour": "blue"}).done
    assert job.data["need"] == {"a": "x", "colour": "blue"}
    job.wait("P1D")
    job.act("late", by=TOM)
    assert job.step("u").title == "Paint blue"


def test_what_is_filled_in_has_to_fit() -> None:
    """A value that breaks the field, and a place that nobody saves to, are refused, together with what is missing."""
    job = Rehearsal(made(TASK), {"a": "x"})
    wrong = job.migrate(made(PAINT, fields=COLOUR), fill={"data.need.colour": 3, "data.nowhere": 1})
    assert "colour must be a text, not a number" in wrong.obstacles[0].what
    assert "nowhere is no place in the data of this process" in wrong.obstacles[1].what
    assert "u.ask reads data.need.colour" in wrong.obstacles[2].what


def test_a_value_of_another_type_is_refused_and_one_out_of_bounds_is_told() -> None:
    """What a job has must be of the type that the new version works with; mere bounds are for new answers."""
    job = Rehearsal(made(TASK), {"a": "x"})
    assert whats(job.migrate(made(TASK, fields="a: {type: integer}"))) == [
        "data.need.a is a text, but in this version it is a whole number"
    ]
    assert job.migrate(made(TASK, fields="a: {type: integer}"), fill={"need.a": 3}).done
    job = Rehearsal(made(TASK), {"a": "x"})
    found = job.migrate(made(TASK, fields="a: {type: string, minLength: 2}"))
    assert found.done
    assert found.warnings == ["data.need.a must have at least 2 characters"]


def test_what_was_there_in_time_is_enough() -> None:
    """A datum that is saved on each way before it is read is not missing, nor one that is asked for with has()."""
    job = Rehearsal(made(TASK), {"a": "x"})
    later = TASK.replace("on: {done: u}", "fields: {n: {type: integer}}, on: {done: u}").replace(
        "title: Sew it", "ask: \"{data.t.n} for {has(data.need.b) ? data.need.b : 'nobody'}\""
    )
    assert job.migrate(made(later, fields="a: {type: string}, b: {type: string}")).done
    job.act("t", by=TOM, answer={"n": 2})
    assert job.step("u").title == "2 for nobody"


def test_an_open_step_is_wholly_new() -> None:
    """Role, title, lines shown, questions and deadline are those of the new version; who may no longer has no claim."""
    job = Rehearsal(made(TASK), {"a": "x"})
    job.do(c.Claim(by=TOM, step=job.step("t").number))
    number, job.now = job.step("t").number, BEGIN + timedelta(hours=5)
    new = PAINT.replace("within: P1D", 'within: P1D, shows: {For: "{data.need.a}"}')
    found = job.migrate(made(new, fields=COLOUR), fill={"need.colour": "blue"})
    step = job.step("t")
    assert (step.number, step.title, step.audience) == (number, "Cut the cloth", ("role:cutter",))
    assert (step.shown, step.claimed, step.due) == ((("For", "x"),), None, BEGIN + days(1))
    assert [timer.due for timer in job.timers] == [BEGIN + days(1)]
    assert job.last.effects.reminded == [number], "those whom it waits for hear of it"
    assert found.warnings == ["tom no longer has 'Cut the cloth', which is for others now"]
    job.act("t", by=CLEO, answer={"n": 1})


def test_who_still_may_keeps_his_claim_and_who_was_added_stays() -> None:
    """A claim stays with who is among those asked; so do those who were added by hand or by an escalation."""
    escalating = TASK.replace("title: Cut it", "title: Cut it, escalate: {after: PT1H, to: cutter}")
    job = Rehearsal(made(escalating), {"a": "x"})
    job.wait("PT2H")
    job.do(c.Assign(by=OPS, step=job.step("t").number, person="eva"))
    both = escalating.replace("t: {type: task, for: tailor", "t: {type: task, for: staff").replace("PT1H", "PT90M")
    assert job.migrate(made(both), EVA).done
    step = job.step("t")
    assert (step.audience, step.claimed) == (("staff", "role:cutter", "person:eva"), "eva")
    assert not job.timers, "the escalation has been"


@pytest.mark.parametrize(
    ("old", "new", "mode", "due"),
    [
        ("within: P3D", "within: P5D", "anew", 5),
        ("within: P3D", "within: P1D", "anew", 2),
        ("within: P3D", "within: P5D", "keep", 3),
        ("within: P3D", "title: T", "anew", None),
        ("title: T", "within: P5D", "keep", 5),
        ("within: P3D", "within: P3D", "anew", 3),
    ],
)
def test_a_deadline_is_counted_from_when_the_state_was_entered(old: str, new: str, mode: str, due: int | None) -> None:
    """Longer is longer, shorter is shorter but never past, kept is kept, dropped is dropped, added is added."""
    states = "  t: {type: task, for: tailor, WITHIN, on: {done: fulfilled, expired: gone}}\n"
    job = Rehearsal(
        made(states.replace("WITHIN", old).replace(", expired: gone", "" if "title" in old else ", expired: gone")),
        {"a": "x"},
    )
    job.now = BEGIN + days(2)
    text = states.replace("WITHIN", new).replace(", expired: gone", "" if "title" in new else ", expired: gone")
    assert job.migrate(made(text, fields="a: {type: string}, b: {type: string, optional: true}"), timers=mode).done
    wanted = None if due is None else BEGIN + days(due)
    assert job.step("t").due == wanted
    assert [timer.due for timer in job.clocks] == ([] if wanted is None else [wanted])


def test_reminders_waits_and_entries_of_always_follow() -> None:
    """Reminders that are still to come, the end of a wait, and an always entry's clock that is new, longer or gone."""
    old = """
  t: {type: task, for: customer, ask: Q, within: P9D, remind: [P1D, P4D], on: {done: w, expired: gone}}
  w: {type: wait, for: P9D, next: fulfilled}
"""
    always = "always:\n  a: {within: P20D, to: gone}\n  b: {within: P30D, to: gone}\n"
    new = old.replace("[P1D, P4D]", "[P1D, P3D, P5D]").replace("for: P9D", "for: P10D")
    later = "always:\n  a: {within: P25D, to: gone}\n  c: {within: P40D, to: gone}\n"
    job = Rehearsal(made(old, more=always), {"a": "x"})
    job.wait("P2D")
    assert job.migrate(made(new, more=later)).done
    dues = sorted((timer.purpose, (timer.due - BEGIN).days) for timer in job.timers)
    assert dues == [("always", 25), ("always", 40), ("expire", 9), ("remind", 3), ("remind", 5)]
    job.act("t")
    assert job.migrate(made(old, more=later)).done
    assert [(timer.due - BEGIN).days for timer in job.timers if timer.purpose == "elapse"] == [11]


# other names


RENAMED = """
  fetch: {type: task, for: tailor, title: Cut it, on: {done: u}}
  u:
    {type: task, for: tailor, not_by: fetch, ask: "{data.fetch.n} {count('fetch')}",
     on: {done: fulfilled, again: fetch}}
""".replace("title: Cut it,", "title: Cut it, fields: {n: {type: integer}},")
BY_OLD_NAMES = RENAMED.replace("fetch", "t")


def test_a_state_can_have_another_name() -> None:
    """The place, what was passed, how often and by whom, and what was saved under the old name follow."""
    job = Rehearsal(made(BY_OLD_NAMES), {"a": "x"})
    job.act("t", by=TOM, answer={"n": 2})
    job.act("u", "again", by=EVA)
    new = parse(made(RENAMED, check=False).source.replace("next: t", "next: fetch"), "new.yaml")
    assert whats(job.migrate(new)) == ["the job stands in 't', which is not in it"]
    assert job.migrate(new, states={"t": "fetch"}).done
    assert job.standing == ["fetch"]
    job.act("fetch", by=TOM, answer={"n": 3})
    assert (job.step("u").title, job.step("u").excluded) == ("3 2", ("tom",))
    assert job.data["fetch"] == {"n": 3}


def test_names_that_mean_nothing_are_refused() -> None:
    """All of them, with what is near."""
    job = Rehearsal(made(TASK), {"a": "x"})
    found = job.migrate(made(PAINT, fields=COLOUR), states={"tt": "u", "t": "lat"})
    assert [one.what for one in found.obstacles[:2]] == [
        "the job's version has no state 'tt' (did you mean t?)",
        "the new version has no state 'lat' (did you mean late?)",
    ]


EACH = """
  t:
    {type: each, of: "[1, 2, 3]", as: piece, at_a_time: 1, on: {joined: fulfilled},
     start: s, states: {s: {type: task, ask: "Sew {piece}", for: tailor, on: {done: done}}}}
"""


def test_a_renamed_each_goes_on_with_its_items() -> None:
    """The scope, the items' name and the branches that still wait have other names; more run where more may."""
    job = Rehearsal(made(EACH), {"a": "x"})
    job.act("s", by=TOM)
    text = made(
        EACH.replace("  t:", "  every:")
        .replace("as: piece", "as: part")
        .replace("piece", "part")
        .replace("s: {type: task", "sew: {type: task")
        .replace("start: s", "start: sew")
        .replace("at_a_time: 1", "at_a_time: 2"),
        check=False,
    ).source
    assert job.migrate(parse(text.replace("next: t", "next: every")), states={"t": "every", "s": "sew"}).done
    assert [step.title for step in job.steps] == ["Sew 2", "Sew 3"]
    for step in job.steps:
        job.do(c.Act(by=TOM, step=step.number))
    assert job.status == "fulfilled"


PARALLEL = """
  t:
    type: parallel
    branches:
      one: {start: p, states: {p: {type: task, for: tailor, on: {done: done}}}}
      two: {start: q, states: {q: {type: task, for: tailor, on: {done: done}}}}
    on: {joined: fulfilled}
"""
THIRD = """      three: {after: [one], start: r, states: {r: {type: task, for: tailor, on: {done: done}}}}
    on: {joined"""


def test_a_branch_that_is_new_is_opened() -> None:
    """At once, or when those that it comes after are done; a join that holds already is taken."""
    for act_first in (True, False):
        job = Rehearsal(made(PARALLEL), {"a": "x"})
        if act_first:
            job.act("p", by=TOM)
        assert job.migrate(made(PARALLEL.replace("    on: {joined", THIRD))).done
        assert job.standing == (["q", "r", "t"] if act_first else ["p", "q", "t"])
        for state in ("q", "r") if act_first else ("p", "r", "q"):
            job.act(state, by=TOM)
        assert job.status == "fulfilled"
    job = Rehearsal(made(PARALLEL), {"a": "x"})
    job.act("p", by=TOM)
    assert job.migrate(made(PARALLEL.replace("type: parallel", "type: parallel\n    join: 1"))).done
    assert job.status == "fulfilled"


def test_a_branch_that_is_gone_is_refused_while_it_runs() -> None:
    """A running branch needs its scope; one that is done does not."""
    job = Rehearsal(made(PARALLEL.replace("    on: {joined", THIRD)), {"a": "x"})
    without = made(
        PARALLEL.replace(
            "      one: {start: p, states: {p: {type: task, for: tailor, on: {done: done}}}}\n", ""
        ).replace("    on: {joined", THIRD.replace("after: [one], ", ""))
    )
    assert "a branch is open in the scope 't/one', which is gone" in whats(job.migrate(without))
    job.act("p", by=TOM)
    assert job.migrate(without).done
    job.act("q", by=TOM)
    job.act("r", by=TOM)
    assert job.status == "fulfilled"


# what stays


def test_an_approval_is_of_what_was_shown() -> None:
    """Another question in the new version changes nothing of what the customer was shown, and approves."""
    old = (
        '  t: {type: approval, ask: "Well?", shows: {Price: "{data.need.a}"}, within: P9D, '
        "on: {approved: fulfilled, expired: gone}}\n"
    )
    job = Rehearsal(made(old), {"a": "ten"})
    assert job.migrate(made(old.replace("Well?", "Good?").replace('Price: "{data.need.a}"', "Now: free"))).done
    assert (job.step("t").title, job.step("t").shown) == ("Well?", (("Price", "ten"),))
    job.act("t", "approved")
    assert job.data["t"]["shown"] == {"Price": "ten"}


def test_more_have_to_approve_unless_somebody_has_answered() -> None:
    """Asked anew with a seat each where nobody has answered; else those stay whom it was opened for."""
    one = "  t: {type: approval, by: tailor, on: {approved: fulfilled, declined: gone}}\n"
    two = one.replace("by: tailor", "by: {all: [tailor, cutter]}")
    job = Rehearsal(made(one), {"a": "x"})
    assert job.migrate(made(two)).done
    assert job.step("t").seats == 2
    job.act("t", "approved", by=TOM)
    assert job.migrate(made(one)).done
    assert (job.status, job.step("t").seats) == ("open", 2)
    job.act("t", "approved", by=CLEO)
    assert job.status == "fulfilled"


def test_a_call_that_nobody_took_is_made_anew() -> None:
    """A handler of another name is called by jobs whose call was never tried; one that was tried goes on."""
    old = "  t: {type: service, call: fetch, on: {done: fulfilled, failed: gone}}\n"
    for attempt in (None, Attempt()):
        job = Rehearsal(made(old), {"a": "x"})
        number = job.call("t").number
        job.world = type(job.world)(customer=job.world.customer, attempts={number: attempt})
        found = job.migrate(made(old.replace("fetch", "bring")))
        assert job.call("t").handler == ("bring" if attempt is None else "fetch")
        assert bool(found.warnings) == (attempt is not None)
        job.finish("t")


def test_a_choice_offers_what_the_new_version_lists() -> None:
    """Other options are offered anew; those of a choice that asks the same stay."""
    old = (
        "  t: {type: choice, ask: Which?, choose: {c: {from: [x, y]}}, within: P9D, "
        "on: {chosen: fulfilled, expired: gone}}\n"
    )
    job = Rehearsal(made(old), {"a": "x"})
    assert job.migrate(made(old.replace("[x, y]", "[y, z]").replace("{c:", "{d:"))).done
    job.act("t", answer={"d": "z"})
    assert job.data["t"]["d"] == "z"


def test_a_race_has_other_members() -> None:
    """One that is gone is closed, one that is new is offered, with its own deadline."""
    old = """
  t:
    type: race
    of: {a: {type: task, for: tailor}, b: {type: task, for: tailor}}
    on: {a: fulfilled, b: fulfilled}
"""
    new = old.replace("b: {type: task, for: tailor}", "c: {type: wait, for: P2D}").replace("b: ful", "c: ful")
    job = Rehearsal(made(old), {"a": "x"})
    assert job.migrate(made(new)).done
    assert [step.member for step in job.steps] == ["a"]
    job.wait("P2D")
    assert job.status == "fulfilled"


def test_a_state_may_have_another_type_where_nothing_is_open_but_a_clock() -> None:
    """A wait can become a task; a task cannot become a question."""
    wait = "  t: {type: wait, for: P9D, next: fulfilled}\n"
    task = "  t: {type: task, for: tailor, on: {done: fulfilled}}\n"
    ask = (
        "  t: {type: ask, ask: Q, fields: {a: {type: string}}, within: P1D, on: {answered: fulfilled, expired: gone}}\n"
    )
    job = Rehearsal(made(wait), {"a": "x"})
    assert job.migrate(made(task)).done
    assert (len(job.steps), job.clocks) == (1, [])
    assert whats(job.migrate(made(ask))) == ["the job stands in 't', which has another type there (ask)"]


def test_a_message_that_lies_here_is_taken() -> None:
    """A state that waits for a message of another name takes one that came early."""
    old = (
        "  t: {type: message, name: m1, on: {received: fulfilled}}\n"
        "  v: {type: message, name: m2, keep: P9D, on: {received: fulfilled}}\n"
    )
    job = Rehearsal(made(old, check=False), {"a": "x"})
    job.deliver("m2")
    assert job.migrate(made("  t: {type: message, name: m2, keep: P9D, on: {received: fulfilled}}\n")).done
    assert job.status == "fulfilled"


def test_what_may_be_undone_needs_its_state() -> None:
    """A service that was done may have to be undone, and is known by its state: it has to be in the new version."""
    old = (
        "  t: {type: service, call: fetch, undo: back, on: {done: u, failed: gone}}\n"
        "  u: {type: task, for: tailor, on: {done: fulfilled, no: {to: gone, undo: true}}}\n"
    )
    job = Rehearsal(made(old), {"a": "x"})
    job.finish("t")
    new = parse(made(old.replace("  t:", "  get:"), check=False).source.replace("next: t", "next: get"))
    assert whats(job.migrate(new)) == ["what was done in 't' may have to be undone, which is not in it"]
    assert job.migrate(new, states={"t": "get"}).done
    job.act("u", "no", by=TOM)
    assert job.call("get").handler == "back"


def test_a_job_that_undoes_goes_on_undoing() -> None:
    """The target and what is still to be undone follow the states' new names."""
    old = (
        "  t: {type: service, call: fetch, undo: back, on: {done: u, failed: gone}}\n"
        "  u: {type: task, for: tailor, on: {done: fulfilled, no: {to: v, undo: true}}}\n"
        "  v: {type: task, for: tailor, on: {done: fulfilled}}\n"
    )
    job = Rehearsal(made(old), {"a": "x"})
    job.finish("t")
    job.act("u", "no", by=TOM)
    new = parse(made(old.replace("  v:", "  w:").replace("to: v", "to: w"), check=False).source)
    assert whats(job.migrate(new)) == ["the job undoes something before it goes to 'v', which is not in it"]
    assert job.migrate(new, states={"v": "w"}).done
    job.finish("t")
    assert job.standing == ["w"]


def test_there_must_be_something_to_migrate() -> None:
    """A job that is over, and one that has the version already, are refused."""
    job = Rehearsal(made(TASK), {"a": "x"})
    with pytest.raises(NotAllowed, match="has version"):
        job.migrate(made(TASK))
    job.act("t", by=TOM)
    job.act("u", by=TOM)
    with pytest.raises(NotAllowed, match="over"):
        job.migrate(made(PAINT, fields=COLOUR))


def test_a_history_from_before_is_read() -> None:
    """An entry that says nothing but the version is rebuilt as ever (L5)."""
    old = msgspec.json.decode(b'{"event":"Migrated","version":"abc"}', type=e.AnyEvent)
    assert old == e.Migrated(version="abc")
    assert msgspec.json.encode(old) == b'{"event":"Migrated","version":"abc"}'
