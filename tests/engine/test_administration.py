"""Whatever changes the installation rather than a job is noted, once, by the verb that does it; and told in words."""

from __future__ import annotations

import threading
from base64 import b32decode
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from file_samples import PDF
from soft_passkey import SoftPasskey
from ways_in import HERE, opened

from flowengine import Actor, BadAnswer, Database, Engine, NotAllowed, SimulatedClock
from flowengine.commands.totp import STEP, code_at
from flowengine.people.permissions import LOOKS, TABLE
from flowengine.runtime.partners import Partner
from flowengine.runtime.ways_in import Provider, WaysIn
from flowengine.store.administration import CHAIN

CLOCK = Actor(kind="clock")
SMALL = "process: {name}\nneed: A\nstates:\n  need: {{type: need, next: fulfilled}}\n  fulfilled: {{type: fulfilled}}\n"
DAY, NEXT = date(2026, 8, 3), date(2026, 8, 10)
LATER = datetime(2026, 12, 1, tzinfo=UTC)
MILL = Partner("mill", "https://mill.example/api/v1/partners/shop", ("whsec_" + "A" * 32,))

_JOBS = "it is a command on jobs, which their histories tell"
_ROW = "what it writes stays as a row that says who wrote it and when, and each version of it"
_NOBODY = "it changes no more than who is signed in, which sessions and links list"
NOT_NOTED = {
    **dict.fromkeys(
        ("start", "act", "claim", "release", "assign", "invoke", "withdraw", "say", "take_back", "send", "add", "retry",
         "retry_all", "migrate", "migrate_all", "end", "complete_call", "fail_call", "skip_call", "act_for", "set_data",
         "move", "suspend", "resume", "move_deadline", "fire_timer", "drop_timer", "hand_over", "run_due", "receive",
         "hear_partner",
         "complete", "give_up", "message", "note", "ask_new_promise", "start_publicly"),
        _JOBS,
    ),
    **dict.fromkeys(
        ("add_fact", "change_fact", "answer_fact", "take_back_fact", "write", "message_to", "attach"), _ROW
    ),
    **dict.fromkeys(
        ("sign_in", "open_link", "send_code", "check_code", "check_totp", "begin_passkey_sign_in", "sign_in_by_passkey",
         "begin_oidc", "identify"),
        _NOBODY,
    ),
    **dict.fromkeys(
        ("begin_passkey", "begin_totp", "begin_device", "device", "approve_device", "deny_device"),
        "nothing has come of it yet: what comes of it is noted",
    ),
    "once": "the verb that it has done notes its own",
    "finish_oidc": "it signs in; that an account is somebody's is noted as bind_subject where it finds it by the mail",
    **dict.fromkeys(
        ("using", "looking", "close", "handler", "register", "watch", "token", "verify_archive", "with_contact",
         "read_feed"),
        "it writes nothing",
    ),
}  # fmt: skip
"""Verbs that do more than look, and note no deed: why."""

Ask = Callable[[Any], Any]


def _feed(engine: Engine) -> Ask:
    feed = engine.make_feed(by="ada")
    return lambda by: engine.end_feed(feed.id, by=by)


def _passkey(engine: Engine) -> Ask:
    asked = engine.begin_passkey(by="ada")
    made = SoftPasskey().made(asked.options)
    return lambda by: engine.add_passkey(asked.id, made, by=by)


def _totp(engine: Engine) -> Ask:
    begun = engine.begin_totp(by="ada")
    code = code_at(b32decode(begun.secret), int(engine.clock.now().timestamp()) // STEP)
    return lambda by: engine.confirm_totp(begun.id, code, by=by)


def _credential(engine: Engine) -> Ask:
    engine.bind_subject("ada", "company", "99")
    (bound,) = [one for one in engine.credentials("ada") if one.kind == "oidc"]
    return lambda by: engine.remove_credential(bound.id, "ada", by=by)


def _device(engine: Engine) -> Ask:
    begun = engine.begin_device("flow")
    engine.approve_device(begun.user_code, by="ada")
    return lambda _: engine.poll_device(begun.device_code)


def _own_token(engine: Engine) -> Ask:
    token = engine.issue_own_token(["read"], by="ada")
    return lambda by: engine.revoke_own_token(token.id, by=by)


def _token(engine: Engine) -> Ask:
    token = engine.issue_token("metrics", "grafana")
    return lambda by: engine.revoke_token(token.id, by=by)


def _link(engine: Engine) -> Ask:
    job = engine.start("small_suit", by="ada", need={"occasion": "A ball"}).job
    return lambda by: engine.make_link(job, by=by)


def _revoked(engine: Engine) -> Ask:
    link = engine.make_link(engine.start("small_suit", by="ada", need={"occasion": "A ball"}).job)
    return lambda by: engine.revoke_link(link.id, by=by)


def _session(engine: Engine) -> Ask:
    session = engine.sign_in("ada", browser=HERE)
    return lambda by: engine.end_session(session.id, by=by)


def _archived(engine: Engine) -> Ask:
    engine.deploy(SMALL.format(name="over"))
    engine.start("over", by="ada")
    to, later = Path("old.jsonl"), engine.clock.now() + timedelta(days=1)
    return lambda by: engine.archive(later, to, by=by)


def _file(engine: Engine) -> Ask:
    file = engine.attach("plan.pdf", PDF, by="ada")
    return lambda by: engine.refuse_file(file.id, because="Not a plan", by=by)


def _process(engine: Engine, *before: str) -> str:
    name = f"small_{len(engine.processes())}"
    engine.deploy(SMALL.format(name=name))
    if before:
        engine.suspend_process(name, because="A strike")
    return name


def _suspended(engine: Engine) -> Ask:
    name = _process(engine)
    return lambda by: engine.suspend_process(name, because="A strike", by=by)


def _resumed(engine: Engine) -> Ask:
    name = _process(engine, "suspended")
    return lambda by: engine.resume_process(name, because="It is over", by=by)


def _merged(engine: Engine) -> Ask:
    engine.add_customer("cid"), engine.add_customer("dan")
    engine.merge("cid", "dan", because="The same")
    return lambda by: engine.unmerge("cid", by=by)


def _of(ask: Callable[[Engine, Any], Any]) -> Callable[[Engine], Ask]:
    return lambda engine: lambda by: ask(engine, by)


DONE: dict[str, tuple[str, Callable[[Engine], Ask]]] = {
    "deploy": ("olga", _of(lambda engine, by: engine.deploy(SMALL.format(name="small"), by=by))),
    "recount": ("olga", _of(lambda engine, by: engine.recount(by=by))),
    "suspend_process": ("olga", _suspended),
    "resume_process": ("olga", _resumed),
    "add_customer": ("tom", _of(lambda engine, by: engine.add_customer("eve", "Eve", record={"x": 1}, by=by))),
    "add_staff": ("olga", _of(lambda engine, by: engine.add_staff("zoe", "Zoe", ["tailor"], by=by))),
    "set_hours": ("tom", _of(lambda engine, by: engine.set_hours("tom", {"mon": "09:00-12:00"}, by=by))),
    "add_absence": ("tom", _of(lambda engine, by: engine.add_absence("tom", DAY, NEXT, "Ill", by=by))),
    "remove_absence": ("tom", _of(lambda engine, by: engine.remove_absence("tom", DAY, by=by))),
    "leave": ("olga", _of(lambda engine, by: engine.leave("zoe", because="She moves", by=by))),
    "archive": ("olga", _archived),
    "issue_token": ("olga", _of(lambda engine, by: engine.issue_token("metrics", "mill", by=by))),
    "revoke_token": ("olga", _token),
    "refuse_file": ("olga", _file),
    "make_link": ("tom", _link),
    "revoke_link": ("tom", _revoked),
    "make_enrolment": ("olga", _of(lambda engine, by: engine.make_enrolment("tom", by=by))),
    "bind_subject": ("olga", _of(lambda engine, by: engine.bind_subject("tom", "company", "7", by=by))),
    "end_session": ("olga", _session),
    "sign_out_everywhere": ("olga", _of(lambda engine, by: engine.sign_out_everywhere("ada", by=by))),
    "remove_credential": ("olga", _credential),
    "add_passkey": ("ada", _passkey),
    "confirm_totp": ("ada", _totp),
    "issue_own_token": ("ada", _of(lambda engine, by: engine.issue_own_token(["read"], by=by))),
    "revoke_own_token": ("ada", _own_token),
    "poll_device": ("", _device),
    "let_act": ("ada", _of(lambda engine, by: engine.let_act("ben", "ada", because="I travel", by=by))),
    "end_acting": ("ada", _of(lambda engine, by: engine.end_acting("ben", "ada", by=by))),
    "add_contact": ("ada", _of(lambda engine, by: engine.add_contact("ada", "+442079460000", by=by))),
    "confirm_contact": ("", _of(lambda engine, _: engine.confirm_contact("ada", "+442079460000", how="by phone"))),
    "set_name": ("ada", _of(lambda engine, by: engine.set_name("ada", "Ada Lund", by=by))),
    "remove_contact": ("ada", _of(lambda engine, by: engine.remove_contact("ada", "+442079460000", by=by))),
    "close_calendar": ("tom", _of(lambda engine, by: engine.close_calendar("visits.visit", DAY, NEXT, "Away", by=by))),
    "open_calendar": ("tom", _of(lambda engine, by: engine.open_calendar("visits.visit", DAY, by=by))),
    "make_feed": ("ada", _of(lambda engine, by: engine.make_feed(by=by))),
    "end_feed": ("ada", _feed),
    "merge": ("tom", _of(lambda engine, by: engine.merge("ben", "ada", because="One person", by=by))),
    "unmerge": ("tom", _merged),
    "reject_duplicate": ("tom", _of(lambda engine, by: engine.reject_duplicate("ada", "cid", by=by))),
    "import_people": ("olga", _of(lambda engine, by: engine.import_people([{"id": "m1"}, {"id": "m2"}], by=by))),
    "give_consent": (
        "tom",
        _of(lambda engine, by: engine.give_consent("ada", "mill", until=LATER, paper="Form of 4 May", by=by)),
    ),
    "send_record": ("tom", _of(lambda engine, by: engine.send_record("ada", "mill", by=by))),
    "withdraw_consent": ("ada", _of(lambda engine, by: engine.withdraw_consent("ada", "mill", by=by))),
    "erase": ("olga", _of(lambda engine, by: engine.erase("cid", because="He asked for it", by=by))),
}
"""Who does it, and what is made ready for it, in this order on one installation."""

VISITS = """
process: visits
need: A visit
roles: {tailor: {title: Tailor}}
states:
  need: {type: need, next: visit}
  visit: {type: fitting, with: tailor, length: PT1H, within: P9D, on: {held: fulfilled, missed: visit, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
"""


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))


@pytest.fixture
def engine(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    company = Provider(name="company", issuer="https://login.example", client="flow", secret="s")
    with opened(database, clock, WaysIn(providers=(company,)), files="memory://", partners={"mill": MILL}) as engine:
        engine.deploy(VISITS)
        yield engine


def test_each_verb_that_changes_something_notes_it_or_says_why_not() -> None:
    """A verb that is added to the table is tried below, or stands in the list with its reason."""
    assert DONE.keys() | NOT_NOTED.keys() == TABLE.keys() - LOOKS
    assert DONE.keys().isdisjoint(NOT_NOTED)


def test_each_deed_is_noted_once(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does it is in the one deed that is new, which a person can read; who is refused leaves none. The chain of
    all is whole, in which no secret stands."""
    monkeypatch.chdir(tmp_path)
    for verb, (who, make) in DONE.items():
        ask = make(engine)
        before = engine.administration(limit=1)[0].seq
        if who:
            with pytest.raises(NotAllowed):
                ask(CLOCK)
            assert engine.administration(limit=1)[0].seq == before, verb
        ask(who)
        new = [one for one in engine.administration(limit=5) if one.seq > before]
        assert [one.verb for one in new] == ["issue_own_token" if verb == "poll_device" else verb], verb
        assert new[0].by == (who or ("ada" if verb == "poll_device" else "")), verb
        assert "nothing" not in new[0].what, new[0].what
        assert "{" not in new[0].what
    audit = engine.audit()
    assert audit.fine
    assert audit.deeds == engine.administration(limit=1)[0].seq
    assert audit.head == engine.administration(limit=1)[0].hash


def test_it_is_told_in_plain_words(engine: Engine) -> None:
    """Who did what, with the names of those whom it is about, as it was and as it is, and why."""
    start = engine.administration(limit=1)[0].seq
    engine.add_staff("tom", roles=["tailor", "cutter"], by="olga")
    engine.add_customer("ada", contact="ada@new.example", by="tom")
    engine.add_customer("ada")
    engine.let_act("ben", "ada", "sign", because="She travels", by="ada")
    engine.leave("tom", because="He retires", to="olga", by="olga")
    engine.import_people([{"id": "ada", "name": "Ada L."}, {"id": "eve"}], by="olga")
    told = [(one.who, one.what) for one in reversed(engine.administration()) if one.seq > start]
    assert told == [
        ("Olga", "changed what is said of Tom (tom): roles: tailor, cutter"),
        ("Tom", "changed what is said of Ada L. (ada): contact"),
        ("the program", "changed what is said of Ada L. (ada): nothing new"),
        ("Ada L.", "let Ben (ben) sign for Ada L. (ada): She travels"),
        ("Olga", "had Tom (tom) leave, with what he held going to Olga (olga): He retires"),
        ("Olga", "entered many people: 1 new, 1 changed"),
    ]
    contact = next(one for one in engine.administration("ada") if one.what.endswith("contact"))
    assert contact.words == {"changed": {"contact": ["ada@example.org", "ada@new.example"]}}
    (roles, *_) = [one for one in engine.administration("tom") if one.verb == "add_staff"]
    assert roles.facts == {"changed": {"roles": [["tailor"], ["tailor", "cutter"]]}}
    assert [one.verb for one in engine.administration("eve")] == ["import_people"]
    assert [one.verb for one in engine.administration("ben")] == ["let_act", "add_customer"]


def test_erasing_somebody_erases_what_was_written_with_it(engine: Engine) -> None:
    """Under each of his ids; the chain stays whole, says when and by whom, and why is what is left."""
    engine.add_customer("ada2", "Ada Lovelace", contact="countess@example.org")
    engine.merge("ada2", "ada", because="The countess herself", by="tom")
    engine.let_act("ben", "ada", because="Her secretary", by="ada")
    engine.issue_token("metrics", "ada")
    engine.erase("ada", because="She asked for it", by="olga")
    with engine.shell.reading() as tx:
        kept = str(tx.channel.rows(CHAIN, {"after": 0, "most": 500}))
    for word in ("Lovelace", "countess", "secretary", "ada@example.org"):
        assert word not in kept, word
    assert "She asked for it" in kept
    about = engine.administration("ada")
    assert [(one.verb, one.erased) for one in about] == [
        ("erase", False),
        ("issue_token", True),
        ("let_act", True),
        ("merge", True),
        ("add_customer", True),
    ]
    assert about[2].what == "let Ben (ben) act for ada (what was written with it is erased)"
    assert engine.audit().problems == ()
    assert engine.audit().deeds_erased == 5
    assert engine.erase("ada", because="Once more", by="olga").person == "ada"
    assert engine.audit().problems == ()


def test_what_a_person_does_himself_is_in_his_own_data(engine: Engine) -> None:
    """His own data have what he has changed; those that the organisation is given have all that is about him."""
    engine.add_contact("ada", "+442079460000", by="ada")
    own, all_ = (engine.export_person("ada", by=by)["administration"] for by in ("ada", "tom"))
    assert [one["what"] for one in own] == ["added a contact of Ada (ada): +442079460000"]
    assert [one["who"] for one in all_] == ["the program", "Ada"]


def test_signing_oneself_out_is_nobodys_business(engine: Engine) -> None:
    """Sessions that others end are noted, not one's own; nor what changes nothing."""
    before = engine.administration(limit=1)
    session = engine.sign_in("ada", browser=HERE)
    engine.end_session(session.id, by="ada")
    engine.sign_out_everywhere(by="ada")
    engine.add_contact("ada", "ada@example.org", by="ada")
    engine.erase("ben", because="To see", dry=True, by="olga")
    engine.import_people([{"id": "ada", "name": "Ada"}], by="olga")
    assert engine.administration(limit=1) == before


def test_pages_of_it_are_for_operators(engine: Engine) -> None:
    """The newest first, a page at a time; others are refused, and what is no page."""
    whole = engine.administration(by="olga")
    pages = [engine.administration(limit=4, after=after, by="olga") for after in (0, whole[3].seq, whole[-1].seq)]
    assert pages == [whole[:4], whole[4:8], []]
    for who in ("ada", "tom", CLOCK):
        with pytest.raises(NotAllowed):
            engine.administration(by=who)
    for given in ({"limit": 0}, {"limit": 1_001}, {"after": -1}):
        with pytest.raises(BadAnswer):
            engine.administration(**given)  # type: ignore[arg-type]
    assert engine.administration("nobody") == engine.administration("\0") == []


def test_many_at_once_make_one_chain(engine: Engine) -> None:
    """Threads that change the installation at one time wait for each other, and each has its deed."""
    before = engine.audit().deeds
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(4):
                engine.add_contact("ada", f"https://{number}.{turn}.example.org")
                engine.remove_contact("ada", f"https://{number}.{turn}.example.org")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    audit = engine.audit()
    assert (audit.deeds, audit.problems) == (before + 32, ())


def test_a_deed_is_kept_with_the_callers_rows(engine: Engine, database_url: str) -> None:
    """In a transaction that an engine joins, the deed is kept with all else, or not at all (L2)."""
    own = sa.create_engine(database_url)
    for keep in (False, True):
        before = len(engine.administration())
        with own.connect() as connection:
            joined = engine.using(connection)
            joined.add_contact("ada", "https://ada.example.org", by="ada")
            connection.commit() if keep else connection.rollback()
        assert len(engine.administration()) == before + keep
    own.dispose()
    assert engine.audit().problems == ()
