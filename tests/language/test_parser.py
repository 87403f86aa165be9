"""Every type and key of the language gives the value it means."""

from __future__ import annotations

import hashlib
from datetime import date, time, timedelta
from typing import Any

import pytest
from language_samples import ALTERNATIVES, HEAD, STATES, WHOLE, one, state, task

from flowengine.language import load, parse
from flowengine.language.durations import Duration
from flowengine.language.expressions import Expression
from flowengine.language.limits import Limit
from flowengine.language.meaning import meaning
from flowengine.language.model import Process, Scope
from flowengine.language.parser.process import read_process
from flowengine.language.parts import Audience, Field, Option, Reminder, Route, Show
from flowengine.language.texts import Text
from flowengine.problem import Place


def read(text: str) -> Process:
    process, problems = read_process(text, "f.yaml")
    assert process is not None, problems
    return process


def it(type_name: str) -> Any:
    """The sample state of a type, which uses every key of it."""
    return read(state(type_name, STATES[type_name])).root.states["it"]


def only(mapping: str) -> Any:
    """The one state that a mapping in one line gives."""
    return read(one(mapping)).root.states["it"]


def days(number: float) -> Duration:
    return Duration(days=number)


def reminder(number: float) -> Reminder:
    return Reminder(after=days(number))


def to(*states: str) -> tuple[Route, ...]:
    return tuple(Route(to=name) for name in states)


def role(name: str) -> Audience:
    return Audience(kind="role", name=name)


CUSTOMER = Audience(kind="customer")
END = to("end")


# the process


def test_the_head_of_a_process() -> None:
    """A process has its name, title, need and file; its version is made of what it means."""
    process = read(WHOLE)
    assert (process.name, process.title, process.need) == ("sample", "A sample", "Something that helps")
    assert (process.file, process.source) == ("f.yaml", WHOLE)
    assert process.version == hashlib.sha256(meaning(process).encode()).hexdigest()[:12]
    assert process.promise == Expression("data.need.needed_by")
    assert process.promise_kept == Expression('passed("need")')


def test_a_process_is_read_again_from_its_own_source() -> None:
    """What a process stores of its text gives the same process and version, a byte order mark or not."""
    with_mark = read_process(b"\xef\xbb\xbf" + WHOLE.encode(), "f.yaml")[0]
    assert with_mark == read(WHOLE)
    assert with_mark is not None
    assert read(with_mark.source) == with_mark


def test_a_file_is_read_from_disk(tmp_path: Any) -> None:
    """``load`` gives what ``parse`` gives, with the file's name."""
    path = tmp_path / "sample.yaml"
    path.write_text(WHOLE, "utf-8")
    process = load(path, check=False)
    assert process == parse(WHOLE, check=False)
    assert process.file == str(path)


def test_roles_and_groups() -> None:
    """Roles and groups are given by title or by mapping; without a title the name is made one."""
    process = read(WHOLE.replace("cutter: Cutter", "master_cutter: {}"))
    assert {name: one.title for name, one in process.roles.items()} == {
        "tailor": "The tailor",
        "master_cutter": "Master cutter",
    }
    assert {name: one.title for name, one in process.groups.items()} == {"members": "The members", "board": "The board"}


def test_options() -> None:
    """Options are ids or mappings; what the language does not know of them is kept."""
    more = {"colour": "#777", "care": ["dry", "cold"]}
    assert read(WHOLE).options["cloth"] == (
        Option(id="navy", title="Navy"),
        Option(id=7, title="7"),
        Option(id=True, title="Yes"),
        Option(id="grey", title="Grey worsted", price=380.0, lead_time=days(3), more=more),
    )


def test_calendars() -> None:
    """Opening hours are given by weekday or by a range of weekdays."""
    shop = read(WHOLE).calendars["shop"]
    weekday = ((time(9), time(12)), (time(13), time(17)))
    assert shop.hours == {0: weekday, 1: weekday, 2: weekday, 3: weekday, 5: ((time(10), time(14)),)}
    assert (shop.zone, shop.seats) == ("Europe/London", 2)
    assert shop.closed == {date(2026, 12, 25), date(2026, 12, 26)}
    assert shop.every == Duration(rest=timedelta(minutes=15))
    assert (shop.notice, shop.ahead) == (Duration(rest=timedelta(hours=2)), days(21))


def test_always() -> None:
    """What may happen always comes from a person, a message or the clock."""
    withdraw, recall, forget = read(WHOLE).root.always
    assert (withdraw.name, withdraw.title, withdraw.to) == ("withdraw", "Withdraw from it", "gone")
    assert withdraw.by == (CUSTOMER, role("tailor"))
    assert withdraw.when == Expression('!passed("need")')
    assert withdraw.set == {"withdrawn.why": Expression('"changed"'), "withdrawn.count": Expression("1")}
    assert withdraw.undo
    assert withdraw.fields == (Field(name="why", type="string", title="Why", schema={"type": "string"}),)
    assert (recall.title, recall.message, recall.key, recall.by) == ("Recall", "recalled", Expression("job.id"), ())
    assert forget.within == Duration(months=12)


def test_the_root_begins_with_the_first_state() -> None:
    """The states of a process are in the order of the file, and the first one is its start."""
    process = read(WHOLE)
    assert (process.root.path, process.root.start) == ("", "need")
    assert list(process.root.states) == ["need", "gone", "fulfilled"]
    assert list(process.ends) == ["gone", "fulfilled"]


# keys of many types


def test_naming() -> None:
    """Each state that takes time has a title, a phase and an estimate; a title is made of the name."""
    ask = it("ask")
    assert (ask.title, ask.phase, ask.takes) == ("A title", "On the way", days(2))
    assert read(task("next: x")).root.states["work"].title == "Work"
    assert ask.place == Place(5, 3)


@pytest.mark.parametrize("name", ["choice", "ask", "fitting", "approval", "vote", "feedback", "task"])
def test_waiting_for_people(name: str) -> None:
    """Each state that waits for people has a question, lines, a place for the answer, a deadline and what nudges."""
    found = it(name)
    assert found.ask == Text("Dear {customer.name}, what now?")
    assert found.shows == (
        Show(title="Cloth", value=Expression("data.need.cloth")),
        Show(title="Note", value=Text("As {data.need.cloth} {{cut}}")),
        Show(title="customer", value=Text(""), kinds=("concern", "promise")),
    )
    assert (found.panel, found.closed_to) == (("concern", "promise"), ("cutter",))
    assert (found.saves, found.within, found.remind) == ("suit.part", days(7), (reminder(3), reminder(6)))
    if name == "vote":
        assert found.escalate == ()
        return
    first, second = found.escalate
    assert (first.after, first.to) == (days(2), (Audience(kind="staff"),))
    assert (second.after, second.to) == (days(5), (role("cutter"), Audience(kind="group", name="members")))


def test_lines_may_be_a_list() -> None:
    """``shows`` may be a list of title and value, where titles repeat or order matters."""
    assert it("need").shows == (
        Show(title="Prices", value=Text("From 300")),
        Show(title="Name", value=Expression("customer.name")),
    )


def test_an_answer_goes_under_the_states_name() -> None:
    """Without ``saves`` the answer's place is the state's name."""
    assert read(task("next: x")).root.states["work"].saves == "work"


def test_one_entry_stands_for_a_list() -> None:
    """A single reminder, escalation, audience or state stands for a list of one."""
    work: Any = read(task("remind: P1D, escalate: {after: P1D, to: b}, not_by: x, next: y")).root.states["work"]
    assert (work.remind, len(work.escalate), work.not_by, work.on) == ((reminder(1),), 1, ("x",), {"done": to("y")})


def test_a_deadline_may_be_an_expression() -> None:
    """``within`` takes a duration, or an expression in braces."""
    assert it("service").within == Expression("data.need.by")


def test_fields() -> None:
    """A field keeps its JSON Schema apart from the words of the language."""
    chest, who, photo, plan, papers, others = it("task").fields
    assert [one.file for one in (who, photo, plan, papers)] == [(), ("picture", "pdf"), ("text",), ("document",)]
    assert (photo.type, papers.type, papers.schema["maxItems"]) == ("string", "array", 3)
    assert chest == Field(
        name="chest",
        type="number",
        title="Chest",
        unit="cm",
        optional=True,
        show=True,
        schema={"type": "number", "minimum": 10},
    )
    assert (who.type, who.person) == ("string", Audience(kind="role", name="tailor"))
    assert (others.type, others.person) == ("array", Audience(kind="group", name="members"))


def test_fields_take_nested_schemas() -> None:
    """The JSON Schema of a field may nest, combine, and name formats and patterns."""
    schema = (
        "{type: array, minItems: 1, items: {type: object, properties: {'a b': {type: string, pattern: '^x', "
        "format: date}}, required: ['a b'], additionalProperties: false}, anyOf: [true, {not: {const: [1.5, null]}}]}"
    )
    (found,) = read(task(f"fields: {{x: {schema}}}")).root.states["work"].fields
    assert found.schema == {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "properties": {"a b": {"type": "string", "pattern": "^x", "format": "date"}},
            "required": ["a b"],
            "additionalProperties": False,
        },
        "anyOf": [True, {"not": {"const": [1.5, None]}}],
    }


def test_routes() -> None:
    """An outcome leads to a state, to a route, or to the first of several routes that holds."""
    on = it("task").on
    assert on["done"] == END
    assert on["expired"] == (
        Route(to="end", when=Expression("now > now"), set={"late": Expression("true")}, undo=True, title="Too late"),
    )
    assert on["other"] == (Route(to="end", when=Expression('outcome == "other"')), Route(to="end"))


@pytest.mark.parametrize(
    ("name", "usual"),
    [
        ("need", "stated"), ("choice", "chosen"), ("ask", "answered"), ("fitting", "held"), ("approval", "approved"),
        ("vote", "decided"), ("feedback", "given"), ("task", "done"), ("service", "done"), ("wait", "elapsed"),
        ("message", "received"), ("parallel", "joined"), ("each", "joined"), ("call", "fulfilled"), ("stage", "done"),
    ],
)  # fmt: skip
def test_next_stands_for_the_usual_outcome(name: str, usual: str) -> None:
    """``next`` is the first outcome of the type, beside the others in ``on``."""
    on = it(name).on
    assert on[usual] == END
    assert all(routes == END or name == "task" for routes in on.values())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("customer", (CUSTOMER,)),
        ("customers", (Audience(kind="customers"),)),
        ("staff", (Audience(kind="staff"),)),
        ("anyone", (Audience(kind="anyone"),)),
        ("tailor", (role("tailor"),)),
        ("{role: tailor}", (role("tailor"),)),
        ("{person: 'by(\"draft\")'}", (Audience(kind="person", name=Expression('by("draft")')),)),
        ("{people: data.team}", (Audience(kind="people", name=Expression("data.team")),)),
        ("{group: members}", (Audience(kind="group", name="members"),)),
        ("{group: '{data.group}'}", (Audience(kind="group", name=Expression("data.group")),)),
        ("[customer, tailor]", (CUSTOMER, role("tailor"))),
    ],
)
def test_audiences(written: str, meant: tuple[Audience, ...]) -> None:
    """Whom a step waits for is a word, a role, a mapping, or a list of these."""
    assert only(f"{{type: task, open_to: {written}}}").open_to == meant


@pytest.mark.parametrize(
    ("written", "source"),
    [("1", "1"), ("1.5", "1.5"), ("true", "true"), ("null", "null"), ("data.a + 1", "data.a + 1"), ("'\"x\"'", '"x"')],
)
def test_literals_are_expressions(written: str, source: str) -> None:
    """Where an expression is taken, a number, true, false and null stand for themselves."""
    assert only(f"{{type: service, call: a, input: {{x: {written}}}}}").input["x"] == Expression(source)


# types


def test_choice() -> None:
    """A choice picks from the process's options, a list, or what an expression gives."""
    choose = it("choice").choose
    cloth, pockets, buttons, trims, lining = choose.values()
    assert (cloth.name, cloth.title, cloth.source, cloth.min, cloth.max) == ("cloth", "Your cloth", "cloth", 0, 2)
    assert [option.id for option in pockets.source] == [2, 3, 4]
    assert (pockets.title, pockets.min, pockets.max, pockets.quantity) == ("Pockets", 1, 1, False)
    assert (buttons.source, buttons.quantity, buttons.max) == (Expression("data.need.buttons"), True, 12)
    assert (trims.limits.by, trims.limits.of) == ("row", {"2": Limit(min=1, max=1), "3": Limit(min=0, max=1)})
    assert lining.source == Expression("data.need.linings")
    assert buttons.place == Place(28, 7)


def test_at_least_two_means_at_most_two() -> None:
    """With ``min`` alone, ``max`` is not below it."""
    pick = only("{type: choice, choose: {a: {from: [x, y, z], min: 2}}}").choose["a"]
    assert (pick.min, pick.max) == (2, 2)


def test_fitting() -> None:
    """A fitting has a role, a length, a calendar and a hold."""
    fitting = it("fitting")
    assert (fitting.with_, fitting.calendar) == ((role("tailor"),), "shop")
    assert (fitting.length.seconds, fitting.hold.seconds) == (45 * 60, 15 * 60)


@pytest.mark.parametrize(
    ("written", "by", "needed"),
    [
        ("", (CUSTOMER,), 1),
        (", by: tailor", (role("tailor"),), 1),
        (", by: [customer, tailor]", (CUSTOMER, role("tailor")), 1),
        (", by: {all: [customer, tailor]}", (CUSTOMER, role("tailor")), None),
        (", by: {any: 2, of: [customer, tailor]}", (CUSTOMER, role("tailor")), 2),
        (", by: {any: 9, of: {group: members}}", (Audience(kind="group", name="members"),), 9),
        (", by: {group: members}", (Audience(kind="group", name="members"),), 1),
    ],
)
def test_approval(written: str, by: tuple[Audience, ...], needed: int | None) -> None:
    """An approval is the customer's, one's of an audience, all's, or that of n of several."""
    approval = only(f"{{type: approval{written}}}")
    assert (approval.by, approval.needed) == (by, needed)


def test_vote() -> None:
    """A vote has its electorate, options and rules."""
    vote = it("vote")
    assert vote.of == Audience(kind="group", name="members")
    assert vote.options == (Option(id="a", title="The one", more={"colour": "red"}), Option(id="b", title="B"))
    assert (vote.seats, vote.quorum, vote.rule, vote.weight) == (2, 0.25, "two_thirds", Expression("member.shares"))
    assert (vote.secret, vote.changeable, vote.early, vote.tie) == (False, False, True, "first")
    assert (vote.limits.by, vote.limits.of) == ("colour", {"red": Limit(max=1)})
    plain = only("{type: vote, of: customers, options: cloth}")
    assert (plain.of, plain.options, plain.secret, plain.tie) == (Audience(kind="customers"), "cloth", True, "outcome")


def test_feedback() -> None:
    """Feedback has a scale, may be a referral, and asks further fields."""
    feedback = it("feedback")
    assert (feedback.scale, feedback.refer) == ((0, 10), True)
    assert [field.optional for field in feedback.fields] == [True]


def test_task() -> None:
    """A task is for some and open to others, apart from who did something, and kept for somebody first."""
    found = it("task")
    assert found.open_to == (
        role("tailor"),
        Audience(kind="person", name=Expression('by("need")')),
        Audience(kind="people", name=Expression("data.need.people")),
        Audience(kind="customers"),
    )
    assert (found.not_by, found.prefer) == (("need", Expression("data.need.who")), Expression('by("need")'))


def test_service() -> None:
    """A service is a handler or an address, with input, retries, a limit and an undo."""
    service = it("service")
    assert (service.call, service.http, service.undo, service.saves) == ("shop.order:cloth", "", "cancel", "order")
    assert list(service.input) == ["cloth", "count", "fast", "none"]
    assert (service.retry.attempts, service.retry.factor) == (3, 1.5)
    assert (service.retry.first.seconds, service.retry.longest.seconds, service.limit.seconds) == (1, 60, 30)
    assert set(service.on) == {"done", "failed", "expired", "sold_out"}
    other: Any = read(state("service", ALTERNATIVES["service"][0])).root.states["it"]
    assert (other.call, other.http) == ("", "https://mill.example/order")


def test_decision() -> None:
    """A decision has rules with conditions, and a way otherwise."""
    decision = it("decision")
    first, second = decision.rules
    assert first == Route(to="end", when=Expression("data.a > 1"), set={"way": Expression('"left"')}, undo=True)
    assert second == Route(to="end", when=Expression("true"))
    assert decision.otherwise == Route(to="end", set={"way": Expression('"right"')})
    assert only("{type: decision, rules: [{when: true, to: a}], else: b}").otherwise == Route(to="b")


def test_wait() -> None:
    """A wait is for a span, for what an expression gives, or until a moment."""
    assert (it("wait").for_, it("wait").until) == (Expression("data.need.by"), None)
    assert only("{type: wait, for: PT5M}").for_.seconds == 300
    other: Any = read(state("wait", ALTERNATIVES["wait"][0])).root.states["it"]
    assert (other.for_, other.until) == (None, Expression("date(data.need.by) + days(3)"))


def test_message() -> None:
    """A message has a name and a key, and may be kept when it comes early."""
    message = it("message")
    assert (message.message, message.key, message.keep, message.saves) == (
        "paper_came",
        Expression("job.id"),
        days(2),
        "paper",
    )


def test_race() -> None:
    """A race offers its members; ``next`` is where each leads that has no way of its own."""
    race = it("race")
    assert [(name, one.type, one.saves) for name, one in race.of.items()] == [
        ("answer", "ask", "reply"),
        ("late", "wait", ""),
        ("work", "task", ""),
    ]
    assert set(race.on) == {"answer", "late", "work", "work.other", "expired"}
    assert (race.saves, race.of["work"].open_to) == ("winner", (role("tailor"),))


def test_names_of_members_are_local() -> None:
    """Two races may call their members alike, and a member may be called as a state is."""
    members = "of: {late: {type: wait, for: P1D}, it: {type: wait, for: P2D}}"
    text = f"{HEAD}states:\n  it: {{type: race, {members}}}\n  other: {{type: race, {members}}}\n"
    assert list(read(text).root.states) == ["it", "other"]


def test_parallel() -> None:
    """A parallel has branches with scopes of their own, an order, and a join."""
    parallel = it("parallel")
    first, second = parallel.branches.values()
    assert (first.title, first.when, first.after) == ("The first", None, ())
    assert (second.title, second.when, second.after) == ("Two", Expression("data.x"), ("one",))
    assert (first.scope.path, first.scope.start, list(first.scope.states)) == ("it/one", "b", ["a", "b"])
    assert (second.scope.path, second.scope.start) == ("it/two", "c")
    assert [(one.name, one.to) for one in first.scope.always] == [("stop", "done")]
    assert (parallel.join, parallel.rest, parallel.one_at_a_time) == (Expression("done >= 1"), "continue", True)
    assert parallel.scopes == (first.scope, second.scope)


@pytest.mark.parametrize(("written", "join"), [("all", "all"), ("2", 2), ("done > 1", Expression("done > 1"))])
def test_joins(written: str, join: Any) -> None:
    """A join is all branches, a number of them, or an expression."""
    states = "{a: {type: wait, for: P1D, next: done}}"
    assert only(f"{{type: each, of: data.x, join: {written}, states: {states}}}").join == join


def test_each() -> None:
    """An each has a list, a name for its items, and one scope for all of them."""
    each = it("each")
    assert (each.of, each.as_, each.at_a_time, each.more) == (Expression("data.need.people"), "person", 3, True)
    assert (each.join, each.rest, each.saves) == (2, "cancel", "tries")
    assert (each.scope.path, each.scope.start, len(each.scope.always)) == ("it", "b", 1)


def test_call() -> None:
    """A call starts another process's job, here or elsewhere, with its need."""
    call = it("call")
    assert (call.process, call.at, call.saves) == ("weaving", "mill", "weave")
    assert call.need == {"colour": Expression("data.need.colour")}


def test_stage() -> None:
    """A stage has one scope, which begins where it says: in a state, or in the first of several that may be."""
    stage = it("stage")
    assert isinstance(stage.scope, Scope)
    assert (stage.scope.path, stage.scope.start, len(stage.scope.always)) == ("it", "it-start", 1)
    begins = stage.scope.states["it-start"].ways[""]
    assert [(one.to, one.when, one.title) for one in begins] == [
        ("a", Expression("data.need.ok"), "So"),
        ("b", None, ""),
    ]


def test_scopes_nest() -> None:
    """A scope's path names the states and branches around it."""
    inner = "{type: stage, states: {c: {type: wait, for: P1D, next: done}}, next: done}"
    process = read(one(f"{{type: parallel, branches: {{b: {{states: {{s: {inner}}}}}}}}}"))
    assert [scope.path for scope in process.scopes()] == ["", "it/b", "it/b/s"]
    assert [found.name for found in process.states()] == ["it", "s", "c"]


def test_ends() -> None:
    """An end has a title, a phase and why it ended."""
    for name, because in (("fulfilled", "All is well"), ("ended", "The mill burnt down")):
        end = it(name)
        assert (end.because, end.phase) == (because, "Over")
