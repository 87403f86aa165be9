"""The permission table at work: each verb of the engine asks who asks, and meets him by his exact id (L4, L15)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from engine_flows import LETTER, SUIT

from flowengine import PROGRAM, Actor, Ambiguous, BadAnswer, Engine, NotAllowed, NotFound, Refused
from flowengine.people.permissions import NEVER, TABLE, needs
from flowengine.views.replies import Receipt

Suit = Callable[..., str]
StepOf = Callable[[str, str], str]

BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
LATER = datetime(2999, 1, 1, tzinfo=UTC)
ACTORS = {
    "customer": Actor(kind="customer", id="ben"),
    "staff": Actor(kind="staff", id="tom", roles=("tailor",)),
    "operator": Actor(kind="operator", id="olga", roles=("operator",)),
    "program": PROGRAM,
    "service": Actor(kind="service", id="mill"),
    "clock": Actor(kind="clock"),
}
NO_FILE = "file-" + "0" * 32
NOTHING = "01890000-0000-7000-8000-000000000000"
ON_A_STEP: dict[str, Callable[[Engine, Actor, str], Any]] = {
    "act": lambda engine, by, step: engine.act(step, "chosen", {"cloth": "navy"}, by=by),
    "claim": lambda engine, by, step: engine.claim(step, by=by),
    "release": lambda engine, by, step: engine.release(step, by=by),
    "assign": lambda engine, by, step: engine.assign(step, "ben", by=by),
    "step": lambda engine, by, step: engine.step(step, by),
    "take_back": lambda engine, by, step: engine.take_back(step, by=by),
    "preview_act": lambda engine, by, step: engine.preview_act(step, "chosen", {"cloth": "navy"}, by=by),
}
ON_A_JOB: dict[str, Callable[[Engine, Actor, str], Any]] = {
    "appointment_file": lambda engine, by, job: engine.appointment_file(job, by=by),
    "invoke": lambda engine, by, job: engine.invoke(job, "withdraw", by=by),
    "withdraw": lambda engine, by, job: engine.withdraw(job, by=by),
    "say": lambda engine, by, job: engine.say(job, "Hello", by=by),
    "add": lambda engine, by, job: engine.add(job, "choose", [1], by=by),
    "send": lambda engine, by, job: engine.send("letter", job=job, by=by),
    "track": lambda engine, by, job: engine.track(job, by),
    "answered": lambda engine, by, job: engine.answered(job, 1, by),
    "data": lambda engine, by, job: engine.data(job, by=by),
    "preview": lambda engine, by, job: engine.preview(job, "withdraw", by=by),
    "receipts": lambda engine, by, job: engine.receipts(job, by=by),
    "proof": lambda engine, by, job: engine.proof(job, 1, by=by),
    "message": lambda engine, by, job: engine.message(job, "Hello", by=by),
    "note": lambda engine, by, job: engine.note(job, "Hello", by=by),
    "conversation": lambda engine, by, job: engine.conversation(job, by=by),
}
"""What is asked of a job or a step that is there: who may not see it must not learn that it is."""

AT_LARGE: dict[str, Callable[[Engine, str | Actor], Any]] = {
    "deploy": lambda engine, by: engine.deploy(SUIT, by=by),
    "need": lambda engine, by: engine.need("small_suit", by=by),
    "processes": lambda engine, by: engine.processes(by=by),
    "process": lambda engine, by: engine.process("small_suit", by=by),
    "add_customer": lambda engine, by: engine.add_customer("new", by=by),
    "add_staff": lambda engine, by: engine.add_staff("newer", by=by),
    "erase": lambda engine, by: engine.erase("nobody", because="R", by=by),
    "leave": lambda engine, by: engine.leave("nobody", because="R", by=by),
    "set_hours": lambda engine, by: engine.set_hours("tom", {"mon": "09:00-17:00"}, by=by),
    "add_absence": lambda engine, by: engine.add_absence("tom", BEFORE, date(2020, 1, 2), by=by),
    "remove_absence": lambda engine, by: engine.remove_absence("tom", BEFORE, by=by),
    "person": lambda engine, by: engine.person("ben", by=by),
    "find_person": lambda engine, by: engine.find_person("Ada", by=by),
    "people": lambda engine, by: engine.people(by=by),
    "holdings": lambda engine, by: engine.holdings("tom", by=by),
    "roles": lambda engine, by: engine.roles(by=by),
    "actor": lambda engine, by: engine.actor("ben", by=by),
    "start": lambda engine, by: engine.start("small_suit", by=by, need={"occasion": "Work"}, customer="ben"),
    "offer": lambda engine, by: engine.offer(NOTHING, "withdraw", by),
    "find_step": lambda engine, by: engine.find_step(by=by),
    "inbox": lambda engine, by: engine.inbox(by),
    "agenda": lambda engine, by: engine.agenda(by=by),
    "inbox_counts": lambda engine, by: engine.inbox_counts(by),
    "jobs": lambda engine, by: engine.jobs(by=by),
    "promises": lambda engine, by: engine.promises(by=by),
    "promise_counts": lambda engine, by: engine.promise_counts(by=by),
    "ask_new_promise": lambda engine, by: engine.ask_new_promise(NOTHING, date(2999, 1, 1), because="R", by=by),
    "history": lambda engine, by: engine.history(engine.jobs()[0].id, by=by),
    "audit": lambda engine, by: engine.audit(by=by),
    "administration": lambda engine, by: engine.administration(by=by),
    "measures": lambda engine, by: engine.measures(by=by),
    "status": lambda engine, by: engine.status(by=by),
    "incidents": lambda engine, by: engine.incidents(by=by),
    "schedules": lambda engine, by: engine.schedules(by=by),
    "retry": lambda engine, by: engine.retry(f"{engine.jobs()[0].id}.99", by=by),
    "retry_all": lambda engine, by: engine.retry_all(by),
    "stuck": lambda engine, by: engine.stuck(by=by),
    "standing": lambda engine, by: engine.standing("small_suit", by=by),
    "insight": lambda engine, by: engine.insight("small_suit", by=by),
    "forecast": lambda engine, by: engine.forecast("small_suit", by=by),
    "recount": lambda engine, by: engine.recount(by=by),
    "archive": lambda engine, by: engine.archive(BEFORE, Path(engine.jobs()[0].id), by=by),
    "archivable": lambda engine, by: engine.archivable(BEFORE, by=by),
    "migrate": lambda engine, by: engine.migrate(NOTHING, by=by),
    "migrate_all": lambda engine, by: engine.migrate_all("small_suit", by=by),
    "end": lambda engine, by: engine.end(NOTHING, "R", by=by),
    "complete_call": lambda engine, by: engine.complete_call(f"{NOTHING}.9", because="R", by=by),
    "fail_call": lambda engine, by: engine.fail_call(f"{NOTHING}.9", "R", by=by),
    "skip_call": lambda engine, by: engine.skip_call(f"{NOTHING}.9", "R", by=by),
    "act_for": lambda engine, by: engine.act_for(f"{NOTHING}.9", "ben", because="R", by=by),
    "set_data": lambda engine, by: engine.set_data(NOTHING, "need", {}, because="R", by=by),
    "move": lambda engine, by: engine.move(NOTHING, "sew", because="R", by=by),
    "suspend": lambda engine, by: engine.suspend(NOTHING, because="R", by=by),
    "resume": lambda engine, by: engine.resume(NOTHING, because="R", by=by),
    "suspend_process": lambda engine, by: engine.suspend_process("nothing", because="R", by=by),
    "resume_process": lambda engine, by: engine.resume_process("nothing", because="R", by=by),
    "move_deadline": lambda engine, by: engine.move_deadline(f"{NOTHING}.9", LATER, because="R", by=by),
    "fire_timer": lambda engine, by: engine.fire_timer(f"{NOTHING}.9", because="R", by=by),
    "drop_timer": lambda engine, by: engine.drop_timer(f"{NOTHING}.9", because="R", by=by),
    "timers": lambda engine, by: engine.timers(NOTHING, by=by),
    "hand_over": lambda engine, by: engine.hand_over("ben", "ada", because="R", by=by),
    "issue_token": lambda engine, by: engine.issue_token("metrics", "mill", by=by),
    "revoke_token": lambda engine, by: engine.revoke_token("none", by=by),
    "tokens": lambda engine, by: engine.tokens(by=by),
    "next_due": lambda engine, by: engine.next_due(by=by),
    "attach": lambda engine, by: engine.attach("x.txt", b"", NOTHING, by=by),
    "file": lambda engine, by: engine.file(NO_FILE, by=by),
    "file_data": lambda engine, by: engine.file_data(NO_FILE, by=by),
    "file_parts": lambda engine, by: engine.file_parts(NO_FILE, by=by),
    "refuse_file": lambda engine, by: engine.refuse_file(NO_FILE, because="R", by=by),
    "write": lambda engine, by: engine.write("", by=by),
    "message_to": lambda engine, by: engine.message_to("nobody", "Hello", by=by),
    "conversation_with": lambda engine, by: engine.conversation_with("ben", by=by),
    "open_conversations": lambda engine, by: engine.open_conversations(by=by),
    "let_act": lambda engine, by: engine.let_act("nobody", "ben", by=by),
    "end_acting": lambda engine, by: engine.end_acting("nobody", "ben", by=by),
    "acting": lambda engine, by: engine.acting("ben", by=by),
    "contacts": lambda engine, by: engine.contacts("ben", by=by),
    "add_contact": lambda engine, by: engine.add_contact("nobody", "ada@example.org", by=by),
    "set_name": lambda engine, by: engine.set_name("nobody", "Ada", by=by),
    "remove_contact": lambda engine, by: engine.remove_contact("nobody", "ada@example.org", by=by),
    "links": lambda engine, by: engine.links(engine.jobs()[0].id, by=by),
    "make_link": lambda engine, by: engine.make_link(engine.jobs()[0].id, by=by),
    "revoke_link": lambda engine, by: engine.revoke_link("none", by=by),
    "make_enrolment": lambda engine, by: engine.make_enrolment("nobody", by=by),
    "bind_subject": lambda engine, by: engine.bind_subject("nobody", "nowhere", "1", by=by),
    "sessions": lambda engine, by: engine.sessions(by=by),
    "end_session": lambda engine, by: engine.end_session("none", by=by),
    "sign_out_everywhere": lambda engine, by: engine.sign_out_everywhere(by=by),
    "credentials": lambda engine, by: engine.credentials(by=by),
    "remove_credential": lambda engine, by: engine.remove_credential("none", by=by),
    "begin_passkey": lambda engine, by: engine.begin_passkey(by=by),
    "add_passkey": lambda engine, by: engine.add_passkey("none", {}, by=by),
    "begin_totp": lambda engine, by: engine.begin_totp(by=by),
    "confirm_totp": lambda engine, by: engine.confirm_totp("none", "1", by=by),
    "issue_own_token": lambda engine, by: engine.issue_own_token(["read"], by=by),
    "own_tokens": lambda engine, by: engine.own_tokens(by=by),
    "revoke_own_token": lambda engine, by: engine.revoke_own_token("none", by=by),
    "device": lambda engine, by: engine.device("none", by=by),
    "approve_device": lambda engine, by: engine.approve_device("none", by=by),
    "deny_device": lambda engine, by: engine.deny_device("none", by=by),
    "add_fact": lambda engine, by: engine.add_fact("ben", "note", "Hello", by=by),
    "change_fact": lambda engine, by: engine.change_fact("zzzz", "Hello", by=by),
    "answer_fact": lambda engine, by: engine.answer_fact("zzzz", "Hello", by=by),
    "take_back_fact": lambda engine, by: engine.take_back_fact("zzzz", by=by),
    "facts": lambda engine, by: engine.facts("ben", by=by),
    "record": lambda engine, by: engine.record("ben", by=by),
    "timeline": lambda engine, by: engine.timeline("ben", by=by),
    "customers": lambda engine, by: engine.customers("Ada", by=by),
    "merge": lambda engine, by: engine.merge("nobody", "ben", because="R", by=by),
    "unmerge": lambda engine, by: engine.unmerge("nobody", by=by),
    "duplicates": lambda engine, by: engine.duplicates(by=by),
    "reject_duplicate": lambda engine, by: engine.reject_duplicate("nobody", "ben", by=by),
    "export_person": lambda engine, by: engine.export_person("ben", by=by),
    "import_people": lambda engine, by: engine.import_people([], by=by),
    "close_calendar": lambda engine, by: engine.close_calendar("none", date(2030, 1, 1), date(2030, 1, 2), by=by),
    "open_calendar": lambda engine, by: engine.open_calendar("none", date(2030, 1, 1), by=by),
    "closures": lambda engine, by: engine.closures(by=by),
    "free_hours": lambda engine, by: engine.free_hours(by=by),
    "agenda_file": lambda engine, by: engine.agenda_file(by=by),
    "make_feed": lambda engine, by: engine.make_feed(by=by),
    "feeds": lambda engine, by: engine.feeds(by=by),
    "end_feed": lambda engine, by: engine.end_feed("none", by=by),
    "consents": lambda engine, by: engine.consents("ben", by=by),
    "give_consent": lambda engine, by: engine.give_consent("ben", "mill", until=LATER, by=by),
    "withdraw_consent": lambda engine, by: engine.withdraw_consent("ben", "mill", by=by),
    "send_record": lambda engine, by: engine.send_record("ben", "mill", by=by),
}
"""What is asked of no thing in particular: the kind of the actor alone decides."""


def test_every_verb_with_a_row_is_tried() -> None:
    """The tests below try each verb that somebody besides the program may use."""
    own = {verb for verb, row in TABLE.items() if {row[1], row[2], row[3], row[5], row[6]} == {NEVER}}
    elsewhere = {"ballot"}  # of a step that is no vote there is none: the tests of ballot boxes try it
    assert ON_A_STEP.keys() | ON_A_JOB.keys() | AT_LARGE.keys() == TABLE.keys() - own - elsewhere


@pytest.mark.parametrize("kind", ACTORS)
def test_the_kind_of_an_actor_decides_at_large(
    engine: Engine, suit: Suit, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no thing is named, an actor is refused with what is possible exactly where the table says so."""
    monkeypatch.chdir(tmp_path)
    suit("ada")
    for verb, ask in AT_LARGE.items():
        try:
            ask(engine, ACTORS[kind])
            refused = None
        except Refused as error:
            refused = error
        if needs(verb, ACTORS[kind]) == NEVER:
            assert type(refused) is NotAllowed, verb
            assert refused.possible, verb
        else:
            assert not isinstance(refused, NotAllowed), verb


@pytest.mark.parametrize("kind", ACTORS)
@pytest.mark.parametrize("verb", [*ON_A_STEP, *ON_A_JOB])
def test_the_relation_to_a_thing_decides(engine: Engine, suit: Suit, step_of: StepOf, verb: str, kind: str) -> None:
    """A foreign job or step and a missing one answer alike to those who may not see it; who may see it is told."""
    job, by = suit("ada"), ACTORS[kind]
    step = step_of(job, "ada")
    ask = ON_A_STEP.get(verb) or ON_A_JOB[verb]
    there = step if verb in ON_A_STEP else job
    gone = there.replace(job, NOTHING)
    with pytest.raises(NotFound) as missing:
        ask(engine, by, gone)
    if needs(verb, by) == "any" and verb not in ("release", "add", "send"):
        ask(engine, by, there)
    elif needs(verb, by) == "any":  # it is his to ask, and the job does not stand so that it can be done
        with pytest.raises(Refused) as refused:
            ask(engine, by, there)
        assert "only" not in str(refused.value)
    elif needs("step" if verb in ON_A_STEP else "track", by) == "any":
        with pytest.raises(NotAllowed):
            ask(engine, by, there)
    else:
        with pytest.raises(NotFound) as foreign:
            ask(engine, by, there)
        assert str(foreign.value).replace(there, gone) == str(missing.value)


def test_a_customer_meets_only_his_own(engine: Engine, suit: Suit) -> None:
    """A customer lists his own jobs in his own words, reads no history, and is shown nobody but himself."""
    mine, other = suit("ada"), suit("ben")
    assert [(row.id, row.states) for row in engine.jobs(by="ada")] == [(mine, ("Choose your cloth",))]
    assert engine.jobs(by="ada", customer="ada") == engine.jobs(by="ada")
    said = []
    for customer in ("ben", "nobody"):
        with pytest.raises(NotAllowed) as refused:
            engine.jobs(by="ada", customer=customer)
        said.append(str(refused.value))
    assert said[0] == said[1]
    engine.withdraw(mine, by="ada")
    assert engine.jobs(by="ada")[0].states == ("The customer withdrew",)
    for job in (mine, other, NOTHING):
        with pytest.raises(NotAllowed, match="only staff and operators may read the history") as no_history:
            engine.history(job, by="ada")
        assert no_history.value.possible == ("track tells a customer where his job is",)
    engine.add_customer("ada", record={"credit": "bad"})
    assert engine.person("ada", by="tom").record == {"credit": "bad"}
    assert (engine.person("ada", by="ada").name, engine.person("ada", by="ada").record) == ("Ada", {})
    for id in ("ben", "nobody"):
        with pytest.raises(NotFound, match=f"nobody with the id '{id}'"):
            engine.person(id, by="ada")


def test_staff_read_and_add_on_every_customer(engine: Engine, suit: Suit) -> None:
    """Every part of the organisation may read and add on every customer."""
    job = suit("ada")
    assert engine.history(job, by="cleo")
    assert [row.customer for row in engine.jobs(by="cleo")] == ["ada"]
    engine.add_customer("ada", record={"likes": "navy"}, by="cleo")
    assert engine.start("small_suit", by="cleo", customer="ada", need={"occasion": "Work"}).job


def test_nobody_is_made_somebody_else(engine: Engine) -> None:
    """A customer cannot be made staff, nor staff a customer, by entering him again."""
    with pytest.raises(NotAllowed):
        engine.add_customer("olga", by="tom")
    with pytest.raises(NotAllowed):
        engine.add_staff("ada", roles=["operator"])
    assert engine.actor("olga").kind == "operator"


# exact identities


@pytest.fixture
def eve(engine: Engine) -> str:
    """The id of a customer who is called Eve, and has a job."""
    engine.add_customer("u1", "Eve", contact="eve@example.org")
    return engine.start("small_suit", by="u1", need={"occasion": "Work"}).job


@pytest.mark.parametrize("text", ["Eve", "eve", "eve@example.org", "U1", "u", "u1 ", "\ud800", "x" * 5_000, ""])
def test_a_name_is_nobody(engine: Engine, eve: str, step_of: StepOf, text: str) -> None:
    """Names, contacts, beginnings and other spellings of an id are nobody, at each verb that takes a person."""
    step = step_of(eve, "u1")
    asks: list[Callable[[], Any]] = [
        lambda: engine.inbox(text),
        lambda: engine.step(step, text),
        lambda: engine.act(step, "chosen", {"cloth": "navy"}, by=text),
        lambda: engine.claim(step, by=text),
        lambda: engine.assign(step, text, by="olga"),
        lambda: engine.track(eve, text),
        lambda: engine.say(eve, "Hello", by=text),
        lambda: engine.withdraw(eve, by=text),
        lambda: engine.start("small_suit", by="tom", customer=text, need={"occasion": "Work"}),
        lambda: engine.person(text),
        lambda: engine.actor(text),
        lambda: engine.jobs(by=text),
        lambda: engine.deploy(SUIT, by=text),
    ]
    for ask in asks:
        with pytest.raises(NotFound, match="nobody with the id"):
            ask()


def test_a_start_by_a_name_is_by_somebody_new(engine: Engine, eve: str) -> None:
    """An exact id that nobody has becomes a customer of that name, whoever else is called so."""
    job = engine.start("small_suit", by="eve", need={"occasion": "Work"}).job
    assert engine.person("eve").id == engine.jobs(customer="eve")[0].customer == "eve"
    assert [row.id for row in engine.jobs(customer="u1")] == [eve]
    with pytest.raises(NotFound):
        engine.track(job, by="u1")


def test_people_are_found_by_what_is_typed(engine: Engine) -> None:
    """An id counts before a contact, a contact before a name, a name before a beginning; what fits several is told
    whom it fits, and what fits nobody, who was meant."""
    engine.add_customer("u1", "Eve", contact="eve@example.org")
    for text in ("u1", "EVE", " eve@Example.org ", "ev", "u"):
        assert engine.find_person(text).id == "u1"
    engine.add_customer("eve", "Evelyn")
    assert engine.find_person("eve").id == "eve"
    assert engine.find_person("Eve", kind="customer").id == "u1"
    with pytest.raises(Ambiguous) as several:
        engine.find_person("e")
    assert set(several.value.possible) == {"eve (Evelyn)", "u1 (Eve)"}
    assert engine.find_person("t", kind="staff").id == "tom"
    with pytest.raises(NotFound):
        engine.find_person("tom", kind="customer")
    with pytest.raises(NotFound) as nobody:
        engine.find_person("Evelin")
    assert nobody.value.possible == ("eve",)
    for text in ("", " ", "\0", "\ud800", "%", "zz"):
        with pytest.raises(NotFound):
            engine.find_person(text)
    with pytest.raises(NotAllowed):
        engine.find_person("ada", by="ben")


def test_nobody_acts_for_somebody_else(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """An identity that is not the asker's own does not help: another's step is hidden, whoever hands it on learns
    nothing of other people, and a job begins for a customer, named by a customer's id."""
    step = step_of(suit("ada"), "ada")
    with pytest.raises(NotFound):
        engine.act(step, "chosen", {"cloth": "navy"}, by=Actor(kind="customer", id="ben"))
    for person in ("ben", "nobody"):
        with pytest.raises(NotAllowed, match="is not one of those for whom the step waits"):
            engine.assign(step, person, by="ada")
        with pytest.raises(NotFound, match="no step"):
            engine.assign(step, person, by="ben")
    for ask in (
        lambda: engine.start("small_suit", by="tom", customer="cleo", need={"occasion": "Work"}),
        lambda: engine.start("small_suit", by=Actor(kind="customer", id="cleo"), need={"occasion": "Work"}),
        lambda: engine.start("small_suit", by="ben", customer="ada", need={"occasion": "Work"}),
        lambda: engine.start("small_suit", by=ACTORS["clock"], customer="ada", need={"occasion": "Work"}),
    ):
        with pytest.raises(NotAllowed):
            ask()


@pytest.mark.parametrize("id", ["auth0|5f7c", "ada+home@example.org", "urn:uuid:1", "https://id.example.org/ada?x=1"])
def test_ids_of_identity_providers_work_throughout(engine: Engine, id: str) -> None:
    """Such an id begins jobs, is waited for, is seen by expressions, is handed steps, and repeats requests (L15)."""
    engine.deploy(
        SUIT.replace("process: small_suit", "process: other").replace("    not_by: cut", "    prefer: by('cut')")
    )

    def begin() -> Receipt:
        return engine.start("other", by=id, need={"occasion": "Work"}, key="k")

    job = begin().job
    assert begin().job == job
    engine.act(engine.inbox(id)[0].id, "chosen", {"cloth": "grey"}, by=id)
    engine.assign(engine.inbox("cleo")[0].id, id, by="olga")
    engine.act(engine.inbox(id)[0].id, by=id)
    assert [line.who for line in engine.history(job)] == [id, id, "Olga", id]
    tailor = Actor(kind="staff", id=id, roles=("tailor",))
    assert [item.preferred for item in engine.inbox(tailor)] == [True]
    assert engine.find_person(id).id == id
    assert engine.audit(job).fine


def test_a_contact_of_two_people_is_neither(engine: Engine) -> None:
    """Two may have one contact, a family's address; whoever says who he is by it is asked which of them."""
    engine.add_customer("mum", "Mum", contact="home@example.org")
    engine.add_customer("son", "Son", contact="HOME@example.org")
    with pytest.raises(Ambiguous) as told:
        engine.find_person("home@example.org")
    assert told.value.possible == ("mum (Mum)", "son (Son)")
    with pytest.raises(NotFound):
        engine.inbox("home@example.org")


def test_a_referral_is_on_one_line(engine: Engine) -> None:
    """Whom a customer brings has a name on one line; another is refused where it is given."""
    engine.deploy(LETTER)
    engine.start("letters", by="ada", need={"number": "1"})
    engine.send("letter", "1")
    engine.act(next(item.id for item in engine.inbox("ben")), by="ben")
    (item,) = engine.inbox("ada")
    for referral in ({"name": "Cid\nDan"}, {"name": "\x1b[2J"}, {"name": " "}, {"name": "Cid", "contact": "a\r\nb"}):
        with pytest.raises(BadAnswer):
            engine.act(item.id, "given", {"rating": 5, "referral": referral}, by="ada")
    engine.act(item.id, "given", {"rating": 5, "referral": {"name": "Cid Ümlaut", "contact": ""}}, by="ada")
