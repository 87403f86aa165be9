"""Parties: a step waits for one, and whoever may act for it can; links, scopes and strengths bound what is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from flowengine import (
    Actor,
    AlreadyClaimed,
    BadAnswer,
    Engine,
    Identity,
    KeyConflict,
    NotAllowed,
    NotFound,
    SimulatedClock,
    WeakIdentity,
)
from flowengine.commands.parties import MOST_PARTIES
from flowengine.core.values import Actor as CoreActor

ORDER = """
process: order
title: An order
need: Something is needed
currency: GBP
roles: {maker: {title: Maker}}
states:
  need: {type: need, ask: What?, fields: {what: {type: string, title: What}}, next: choose}
  choose:
    type: ask
    ask: Which size?
    fields: {size: {type: integer, title: Size}}
    within: P30D
    on: {answered: make, expired: gone}
  make: {type: task, for: maker, on: {done: agree}}
  agree:
    type: approval
    ask: Is it well?
    shows: {Price: "{money(data.choose.size)}"}
    within: P30D
    on: {approved: thank, changes: make, expired: gone}
  thank:
    type: ask
    ask: What did you think?
    asks: passkey
    fields: {words: {type: string, title: Words}}
    within: P30D
    on: {answered: fulfilled, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody answered}
  withdrawn: {type: ended, because: Withdrawn}
always:
  withdraw: {by: customer, to: withdrawn}
  enough: {by: customer, to: withdrawn, asks: passkey}
"""

VOTE = """
process: choice_of_all
title: A vote
need: A decision
groups: {members: {title: Members}}
states:
  need: {type: need, next: decide}
  decide:
    type: vote
    ask: Which?
    of: {group: members}
    options: [red, blue]
    changeable: false
    within: P7D
    on: {decided: fulfilled, no_quorum: gone, tied: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No decision}
"""

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


@pytest.fixture
def engine(database_url: str, clock: SimulatedClock):  # type: ignore[no-untyped-def]
    with Engine(database_url, clock=clock) as made:
        made.deploy(ORDER)
        made.add_customer("lund", "Lund Ltd", organisation=True)
        for id in ("ada", "ben", "eve"):
            made.add_customer(id, id.title())
        made.add_staff("tom", "Tom", ["maker"])
        made.add_staff("olga", "Olga", ["operator"])
        yield made


@pytest.fixture
def order(engine: Engine) -> Callable[..., str]:
    """Begin an order for Lund; its id."""
    return lambda by="lund", **more: engine.start("order", by=by, need={"what": "A table"}, **more).job


def step_of(engine: Engine, by: str | Identity) -> str:
    (item,) = engine.inbox(by)
    return item.id


# acting


def test_who_may_act_for_a_party_does_what_waits_for_it(engine: Engine, order: Callable[..., str]) -> None:
    """Lund's step is in Ada's inbox once she may act for it, she answers it, and the history says for whom."""
    job = order()
    assert engine.inbox("ada") == []
    with pytest.raises(NotFound):
        engine.track(job, "ada")
    said = engine.let_act("ada", "lund", because="She buys for them", by="olga")
    assert (said.may, said.now, said.by, said.party_name) == ("act", True, "olga", "Lund Ltd")
    engine.act(step_of(engine, "ada"), "answered", {"size": 3}, by="ada")
    line = engine.history(job, by="olga")[-1]
    assert line.who == "Ada, for Lund Ltd"
    assert engine.history(job, by="olga")[0].who == "Lund Ltd"
    with engine.database.reading() as tx:
        kept = tx.history.of(job)[-1].by
        assert tx.participants.took_part(job, "ada") is False
    assert kept == CoreActor(kind="customer", id="ada", party="lund")
    assert [row.id for row in engine.jobs(by="ada")] == [job]
    assert engine.track(job, "ada").customer_name == "Lund Ltd"
    assert engine.answered(job, 2, "ada").said


def test_colleagues_know_what_was_done_for_their_party(engine: Engine, order: Callable[..., str]) -> None:
    """What one who acts for Lund has written and done is Lund's: another who acts or looks for it reads it, with the
    answers to it and the receipts; what is another's own in the same job is not."""
    job = order()
    engine.let_act("ada", "lund", by="olga")
    engine.let_act("eve", "lund", "see", by="olga")
    ada = Identity(person="ada", party="lund", strength="code")
    asked = engine.message(job, "Does it fold?", by=ada)
    engine.message(job, "It does", to=asked.question, by="tom")
    engine.say(job, "And the legs?", "question", by=ada)
    done = engine.act(step_of(engine, ada), "answered", {"size": 3}, by=ada)
    read = [one.text for one in engine.conversation(job, by="lund")]
    assert read == ["Does it fold?", "It does", "And the legs?"]
    assert [one.text for one in engine.conversation(job, by="eve")] == read
    assert [one.yours for one in engine.conversation(job, by="eve")] == [False] * 3
    assert "And the legs?" in [one.text for one in engine.track(job, "eve").conversation]
    assert done.seq in [one.seq for one in engine.receipts(job, by="eve")]
    statement = engine.proof(job, done.seq, by="eve").statement
    assert (statement["by"]["id"], statement["for"], statement["known_by"]) == ("ada", "lund", "code")
    assert engine.answered(job, done.seq, "eve").said
    engine.let_act("ben", "lund", "see", by="olga")
    engine.end_acting("eve", "lund", by="olga")
    with pytest.raises(NotFound):
        engine.conversation(job, by="eve")
    assert [one.text for one in engine.conversation(job, by="ben")] == read


def test_whoever_may_only_look_opens_what_he_reads(engine: Engine, order: Callable[..., str]) -> None:
    """He makes no link and uploads nothing, and he is told that he may not, for he knows of the job."""
    job = order()
    engine.let_act("eve", "lund", "see", by="olga")
    for ask in (lambda: engine.make_link(job, by="eve"), lambda: engine.attach("a.txt", b"A", job, by="eve")):
        with pytest.raises(NotAllowed):
            ask()
    assert engine.contacts("lund", by="eve") == engine.contacts("lund", by="lund")


def test_what_he_does_for_himself_names_no_party(engine: Engine) -> None:
    """Where he is asked himself, he acts for himself, whatever else he may."""
    engine.let_act("ada", "lund")
    job = engine.start("order", by="ada", need={"what": "A chair"}).job
    engine.act(step_of(engine, "ada"), "answered", {"size": 1}, by="ada")
    assert [line.who for line in engine.history(job, by="olga")] == ["Ada", "Ada"]


def test_a_job_is_begun_for_a_party(engine: Engine, order: Callable[..., str]) -> None:
    """Whoever may act for Lund begins its job; whoever may not is told whose he may begin."""
    engine.let_act("ada", "lund")
    job = order("ada", customer="lund")
    assert engine.track(job, "olga").customer == "lund"
    assert engine.history(job, by="olga")[0].who == "Ada, for Lund Ltd"
    assert engine.start("order", by=Identity(person="ada", party="lund"), need={"what": "A table"}, key="k").job != job
    with pytest.raises(NotAllowed, match="and those of whom he may act for"):
        order("ben", customer="lund")
    with pytest.raises(NotAllowed, match="may not act for"):
        order(Identity(person="ben", party="lund"))


@pytest.mark.parametrize(("since", "until", "may"), [(-2, -1, False), (-1, 1, True), (1, 2, False), (None, 1, True)])
def test_a_window_of_time_counts_at_the_moment_of_the_act(
    engine: Engine, order: Callable[..., str], clock: SimulatedClock, since: int | None, until: int, may: bool
) -> None:
    """Who may act from one moment until before another may then, and not before or after."""
    job, day = order(), timedelta(days=1)
    clock.set(NOW - 3 * day) if since == -2 else None
    begins = NOW + since * day if since is not None else None
    engine.let_act("ada", "lund", since=begins, until=NOW + until * day)
    clock.set(NOW)
    assert len(engine.inbox("ada")) == may
    assert engine.acting("ada")[0].now is may
    if may:
        clock.set(NOW + until * day)
        with pytest.raises(NotFound):
            engine.act(step_of(engine, "lund"), "answered", {"size": 3}, by="ada")
    assert job


def test_looking_is_not_acting(engine: Engine, order: Callable[..., str]) -> None:
    """Who may only look sees where the job is and what is known, and can do nothing in it."""
    job = order()
    engine.let_act("ada", "lund", "see")
    assert engine.track(job, "ada").customer == "lund"
    assert [row.id for row in engine.jobs(by="ada")] == [job]
    assert engine.jobs(customer="lund", by="ada")[0].id == job
    assert engine.data(job, by="ada")["need"] == {"what": "A table"}
    assert engine.inbox("ada") == []
    step = step_of(engine, "lund")
    with pytest.raises(NotFound):
        engine.act(step, "answered", {"size": 3}, by="ada")
    with pytest.raises(NotAllowed):
        engine.say(job, "Hello", by="ada")
    with pytest.raises(NotAllowed):
        engine.withdraw(job, by="ada")


def test_approving_for_a_party_takes_who_may_sign(engine: Engine, order: Callable[..., str]) -> None:
    """Who may act and not sign is told who may; who may sign approves."""
    order()
    engine.let_act("ada", "lund")
    engine.let_act("ben", "lund", "sign")
    engine.act(step_of(engine, "ada"), "answered", {"size": 3}, by="ada")
    engine.act(step_of(engine, "tom"), "done", by="tom")
    step = step_of(engine, "ada")
    for ask in (lambda: engine.act(step, "approved", by="ada"), lambda: engine.claim(step, by="ada")):
        with pytest.raises(NotAllowed, match="not sign") as refused:
            ask()
        assert "ben" in refused.value.possible
    assert engine.act(step, "approved", by="ben").acted == "Is it well?"


def test_who_acts_no_more_gives_back_what_he_held(engine: Engine, order: Callable[..., str]) -> None:
    """When Ada leaves, what she has claimed for Lund waits for all who may act for it, and she sees nothing of it."""
    job = order()
    engine.let_act("ada", "lund")
    engine.let_act("ben", "lund")
    step = step_of(engine, "ada")
    engine.claim(step, by="ada")
    with pytest.raises(AlreadyClaimed):
        engine.act(step, "answered", {"size": 3}, by="ben")
    ended = engine.end_acting("ada", "lund", by="olga")
    assert (ended.released, ended.others) == ((step,), 1)
    assert engine.inbox("ada") == []
    with pytest.raises(NotFound):
        engine.track(job, "ada")
    assert engine.act(step, "answered", {"size": 3}, by="ben").acted == "Which size?"


def test_an_organisation_for_which_nobody_may_act_is_an_incident(
    engine: Engine, order: Callable[..., str], clock: SimulatedClock
) -> None:
    """Nothing waits for nobody: operators see a step of an organisation without persons, and a claim that lapsed."""
    engine.let_act("ada", "lund", until=NOW + timedelta(days=2))
    order()
    step = step_of(engine, "ada")
    assert engine.incidents(by="olga") == []
    engine.claim(step, by="ada")
    clock.set(NOW + timedelta(days=3))
    (incident,) = engine.incidents(by="olga")
    assert "ada has it, and may no longer do it" in incident.error
    engine.release(step, by="olga")
    (incident,) = engine.incidents(by="olga")
    assert "nobody may act for lund" in incident.error
    engine.let_act("ben", "lund")
    assert engine.incidents(by="olga") == []


def test_acting_is_not_handed_on(engine: Engine) -> None:
    """Ada for Ben and Ben for Eve is not Ada for Eve; a circle harms nobody."""
    engine.let_act("ada", "ben")
    engine.let_act("ben", "eve")
    engine.let_act("eve", "ada")
    engine.start("order", by="eve", need={"what": "A lamp"})
    assert engine.inbox("ada") == []
    assert len(engine.inbox("ben")) == 1


def test_a_customer_lets_somebody_act_for_himself_alone(engine: Engine) -> None:
    """A mother lets her son act; for others she may not even know whether somebody acts."""
    engine.let_act("ben", "ada", by="ada")
    assert [one.person for one in engine.acting("ada", by="ada")] == ["ben"]
    for party in ("eve", "nobody"):
        with pytest.raises(NotFound, match=f"there is nobody with the id '{party}'"):
            engine.let_act("ben", party, by="ada")
    assert engine.acting("ada", by="ben")[0].party == "ada"
    with pytest.raises(NotFound):
        engine.acting("ada", by="eve")
    with pytest.raises(NotFound, match="'ben' does not act for 'ada', or it is not for you"):
        engine.end_acting("ben", "ada", by="eve")
    assert engine.end_acting("ben", "ada", by="ben").others == 0
    with pytest.raises(NotFound):
        engine.end_acting("ben", "ada", by="ada")


@pytest.mark.parametrize(
    ("person", "party", "said", "error", "words"),
    [
        ("ada", "ada", {}, NotAllowed, "for himself already"),
        ("ada", "tom", {}, NotAllowed, "tom is staff"),
        ("lund", "ada", {}, NotAllowed, "acts by its persons"),
        ("ada", "nobody", {}, NotFound, "nobody with the id 'nobody'"),
        ("nobody", "lund", {}, NotFound, "nobody with the id 'nobody'"),
        ("ada", "lund", {"may": "rule"}, BadAnswer, "'rule' is none"),
        ("ada", "lund", {"since": NOW, "until": NOW}, BadAnswer, "is not after since"),
        ("ada", "lund", {"until": NOW}, BadAnswer, "is over"),
        ("ada", "lund", {"until": NOW.replace(tzinfo=None)}, BadAnswer, "has no time zone"),
        ("ada", "lund", {"because": "x" * 1_001}, BadAnswer, "at most 1,000"),
    ],
)
def test_acting_that_cannot_be_is_refused(engine: Engine, person, party, said, error, words) -> None:  # type: ignore[no-untyped-def]
    """What is wrong is said, with what is possible, and nothing is kept."""
    with pytest.raises(error, match=words) as refused:
        engine.let_act(person, party, **said)
    assert refused.value.possible
    assert engine.acting("lund") == []


def test_one_person_acts_for_a_bounded_number_of_parties(engine: Engine) -> None:
    """Beyond a hundred it is refused, and an inbox over all of them still answers."""
    for number in range(MOST_PARTIES):
        engine.add_customer(f"c{number}")
        engine.let_act("ada", f"c{number}")
    with pytest.raises(NotAllowed, match="100 parties, and no more"):
        engine.let_act("ada", "lund")
    engine.start("order", by="c99", need={"what": "A lamp"})
    assert len(engine.inbox("ada")) == 1
    assert engine.inbox_counts("ada").count == 1
    assert len(engine.jobs(by="ada")) == 1
    assert engine.let_act("ada", "c5", "sign").may == "sign"


def test_a_member_votes_for_himself_and_for_a_party(engine: Engine) -> None:
    """Ada has her own ballot and that of her mother: her own first, then the other; each is counted once."""
    engine.deploy(VOTE)
    engine.add_customer("ada", groups=["members"])
    engine.add_customer("eve", groups=["members"])
    engine.let_act("ada", "eve", by="eve")
    engine.start("choice_of_all", by="ben")
    step = step_of(engine, "eve")
    engine.act(step, "vote", {"for": "red"}, by="ada")
    assert len(engine.inbox("ada")) == 1
    engine.act(step, "vote", {"for": "blue"}, by="ada")
    assert engine.inbox("ada") == []
    with pytest.raises(NotAllowed, match="has been cast"):
        engine.act(step, "vote", {"for": "red"}, by="ada")
    assert engine.ballot(step, by="eve").ballot == {"for": ["blue"]}
    assert engine.ballot(step, by="ada").ballot == {"for": ["red"]}


def test_a_group_of_the_party_counts(engine: Engine) -> None:
    """What is open to a group is open to who acts for a member of it."""
    engine.deploy(
        ORDER.replace("process: order", "process: open_order")
        .replace(
            "{type: task, for: maker, on: {done: agree}}",
            "{type: task, open_to: [{group: members}], within: P9D, on: {done: agree, expired: gone}}",
        )
        .replace("roles: {maker: {title: Maker}}", "groups: {members: {title: Members}}")
    )
    engine.add_customer("lund", groups=["members"])
    engine.let_act("ada", "lund")
    engine.start("open_order", by="ben", need={"what": "A lamp"})
    engine.act(step_of(engine, "ben"), "answered", {"size": 1}, by="ben")
    job = engine.act(step_of(engine, "ada"), "done", by="ada").job
    assert engine.history(job, by="olga")[-1].who == "Ada, for Lund Ltd"
    with engine.database.reading() as tx:
        assert tx.participants.took_part(job, "lund")


def test_a_party_that_is_said_counts_in_a_request_key(engine: Engine, order: Callable[..., str]) -> None:
    """The same request for another party is another request."""
    engine.let_act("ada", "lund")
    order()
    step = step_of(engine, "lund")
    for_lund = Identity(person="ada", party="lund")
    first = engine.act(step, "answered", {"size": 3}, by=for_lund, key="k")
    assert engine.act(step, "answered", {"size": 3}, by=for_lund, key="k") == type(first)(
        **{name: getattr(first, name) for name in first.__struct_fields__} | {"repeated": True}
    )
    with pytest.raises(KeyConflict):
        engine.act(step, "answered", {"size": 3}, by="ada", key="k")


def test_other_ids_of_the_same_person_are_his_own(engine: Engine, order: Callable[..., str]) -> None:
    """An actor with other ids of his sees and does what waits for each, as himself."""
    job = order("ben")
    ada = Actor(kind="customer", id="ada", same=("ben",))
    assert engine.track(job, ada).customer == "ben"
    assert [row.id for row in engine.jobs(by=ada)] == [job]
    (item,) = engine.inbox(ada)
    engine.act(item.id, "answered", {"size": 3}, by=ada)
    assert engine.history(job, by="olga")[-1].who == "Ada"
    with engine.database.reading() as tx:
        assert tx.history.of(job)[-1].by == CoreActor(kind="customer", id="ada")


# links, strengths and scopes


def test_a_link_is_for_its_job_alone(engine: Engine, order: Callable[..., str]) -> None:
    """Who comes by a link sees and acts on that job; everything else is as absent as to a stranger."""
    mine, other = order("ada"), order("ada")
    link = Identity(person="ada", strength="link", job=mine)
    assert engine.track(mine, link).job == mine
    assert [item.job for item in engine.inbox(link)] == [mine]
    assert engine.inbox_counts(link).count == 1
    assert [row.id for row in engine.jobs(by=link)] == [mine]
    (theirs,) = (item.id for item in engine.inbox("ada") if item.job == other)
    for ask in (
        lambda: engine.track(other, link),
        lambda: engine.track(other[:8], link) if not mine.startswith(other[:8]) else engine.track(other, link),
        lambda: engine.step(theirs, link),
        lambda: engine.act(theirs, "answered", {"size": 3}, by=link),
        lambda: engine.say(other, "Hello", by=link),
        lambda: engine.withdraw(other, by=link),
        lambda: engine.person("ada", by=link),
        lambda: engine.contacts("ada", by=link),
        lambda: engine.start("order", by=link, need={"what": "More"}),
    ):
        with pytest.raises(NotFound):
            ask()
    assert engine.act(step_of(engine, link), "answered", {"size": 3}, by=link).acted == "Which size?"
    with engine.database.reading() as tx:
        assert tx.history.of(mine)[-1].by.strength == "link"


def test_what_is_dear_asks_for_a_code(engine: Engine, order: Callable[..., str]) -> None:
    """By a link nobody withdraws, approves a price, or does what the designer raised; who may not know is not told."""
    job = order("ada")
    link, code, key = (Identity(person="ada", strength=one) for one in ("link", "code", "passkey"))  # type: ignore[arg-type]
    with pytest.raises(WeakIdentity) as weak:
        engine.withdraw(job, by=link)
    assert (weak.value.needed, weak.value.possible, weak.value.status) == ("code", ("confirm with a code",), 403)
    with pytest.raises(WeakIdentity):
        engine.invoke(job, "enough", by=code)
    with pytest.raises(NotFound):
        engine.withdraw(job, by=Identity(person="ben", strength="link"))
    engine.act(step_of(engine, link), "answered", {"size": 3}, by=link)
    engine.act(step_of(engine, "tom"), "done", by="tom")
    agree = step_of(engine, link)
    with pytest.raises(WeakIdentity):
        engine.act(agree, "approved", by=link)
    engine.act(agree, "approved", by=code)
    thank = step_of(engine, code)
    with pytest.raises(WeakIdentity) as weak:
        engine.act(thank, "answered", {"words": "Fine"}, by=code)
    assert weak.value.to_json()["needed"] == "passkey"
    with pytest.raises(NotFound):
        engine.act(thank, "answered", {"words": "Fine"}, by=Identity(person="ben", strength="code"))
    assert engine.act(thank, "answered", {"words": "Fine"}, by=key).status == "fulfilled"
    for ask in (
        lambda: engine.add_contact("ada", "ada@example.org", by=link),
        lambda: engine.remove_contact("ada", "ada@example.org", by=link),
        lambda: engine.let_act("ben", "ada", by=link),
    ):
        with pytest.raises(WeakIdentity):
            ask()


def test_an_installation_says_otherwise(database_url: str, clock: SimulatedClock) -> None:
    """What the table asks for can be lowered and raised by the settings, verb by verb, or for all of them."""
    from flowengine import Settings

    with Engine(database_url, clock=clock, settings=Settings(strengths={"*": "code", "withdraw": "link"})) as engine:
        engine.deploy(ORDER)
        engine.add_customer("ada")
        link = Identity(person="ada", strength="link")
        job = engine.start("order", by="ada", need={"what": "A table"}).job
        for ask in (
            lambda: engine.track(job, link),
            lambda: engine.inbox(link),
            lambda: engine.say(job, "Hi", by=link),
        ):
            with pytest.raises(WeakIdentity):
                ask()
        assert engine.withdraw(job, by=link).status == "ended"


def test_a_token_reaches_as_far_as_its_scopes(engine: Engine, order: Callable[..., str]) -> None:
    """``read`` changes nothing, ``act`` does what staff may, ``operate`` what operators may; none of them: all."""
    job = order("ada")
    read, act, operate = (Identity(person="olga", scopes=(one,)) for one in ("read", "act", "operate"))
    assert engine.track(job, read).job == engine.track(job, act).job == engine.track(job, operate).job
    with pytest.raises(NotAllowed, match="the token may only read") as refused:
        engine.say(job, "Hello", by=read)
    assert refused.value.possible == ("a token with the scope act",)
    engine.say(job, "Hello", by=act)
    with pytest.raises(NotAllowed, match="the token may only act"):
        engine.suspend(job, because="R", by=act)
    with pytest.raises(NotAllowed, match="the token may only operate"):
        engine.say(job, "Hello", by=operate)
    assert engine.suspend(job, because="R", by=operate).status == "open"
    assert engine.resume(job, because="R", by=Identity(person="olga")).status == "open"
    with pytest.raises(NotFound):
        engine.act(step_of(engine, "ada"), "answered", {"size": 3}, by=Identity(person="ben", scopes=("act",)))
