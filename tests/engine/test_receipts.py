"""What a receipt says: on what was acted, and whether the request was answered before (L3, L9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import msgspec
import pytest
import sqlalchemy as sa
from engine_flows import SERVICE

from flowengine import Database, DatabaseBusy, Engine, Later, Receipt
from flowengine.commands.receipts import given
from flowengine.store import Transaction

T = TypeVar("T")

WAITING = """
process: parcel
title: A parcel
need: A parcel
roles: {clerk: {title: Clerk}}
states:
  need: {type: need, fields: {}, next: come}
  come: {type: message, name: arrived, within: P9D, on: {received: hand_over, expired: gone}}
  hand_over: {type: task, for: clerk, next: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Lost}
"""


def test_a_receipt_names_what_was_acted_on(engine: Engine, suit: Callable[..., str]) -> None:
    """Staff read the step and its state, and a customer the title or phase; a withdrawal names its entry (L9)."""
    begun = engine.start("small_suit", by="ada", need={"occasion": "Work"})
    assert (begun.step, begun.acted) == ("", "What is it for?")
    (choose,) = begun.steps
    chosen = engine.act(choose, "chosen", {"cloth": "navy"}, by="ada")
    assert (chosen.step, chosen.acted) == (choose, "Choose your cloth")
    (cut,) = [item.id for item in engine.inbox("cleo")]
    assert [(one.step, one.acted) for one in (engine.claim(cut, by="cleo"), engine.act(cut, "done", by="cleo"))] == [
        (cut, "cut")
    ] * 2
    withdrawn = engine.withdraw(suit("ben"), by="ben")
    assert (withdrawn.step, withdrawn.acted) == ("", "Withdraw")
    assert (engine.say(begun.job, "Hm", by="tom").acted, engine.say(begun.job, "Hm", by="ada").acted) == ("", "")


def test_messages_and_calls_name_the_state_that_waited(engine: Engine) -> None:
    """The receipt of a message, and that of a service call that is completed, name the state that waited for it."""
    engine.deploy(WAITING)
    engine.deploy(SERVICE)
    job = engine.start("parcel", by="ada").job
    sent = engine.send("arrived", job=job, request_key="k")
    again = engine.send("arrived", job=job, request_key="k")
    assert (sent.acted, sent.step, sent.repeated, again.repeated) == ("come", "", False, True)
    tokens: list[str] = []
    engine.register({"order_cloth": lambda call: tokens.append(call.token) or Later()})
    engine.start("ordering", by="ada", need={"metres": 3})
    engine.run_due()
    first, second = (engine.complete(tokens[0]) for _ in range(2))
    assert (first.acted, first.step, first.repeated, second.repeated) == ("order", "", False, True)
    assert first == second


def test_a_repeat_says_so_and_is_equal(engine: Engine, suit: Callable[..., str]) -> None:
    """A repeated start, act or withdrawal gives an equal receipt that says that it is a repeat (L3)."""
    withdrawn, chosen = suit(), engine.start("small_suit", by="ada", need={"occasion": "Work"}).steps[0]
    for ask in (
        lambda: engine.start("small_suit", by="ada", need={"occasion": "Work"}, key="a"),
        lambda: engine.withdraw(withdrawn, by="ada", key="b"),
        lambda: engine.act(chosen, "chosen", {"cloth": "navy"}, by="ada", key="c"),
    ):
        first, second = ask(), ask()
        assert (first.repeated, second.repeated) == (False, True)
        assert (first, hash(first)) == (second, hash(second))
        assert second.to_json() == first.to_json() | {"repeated": True}
        assert first != msgspec.structs.replace(first, seq=99)


def test_a_receipt_of_before_is_still_read() -> None:
    """A stored receipt that lacks what receipts say by now is given as it was, as a repeat."""
    old = b'{"job":"j","seq":2,"status":"open","outcome":"chosen","states":["cut"],"steps":[],"because":"","events":[]}'
    found = given(("body", old), "k", "body")
    assert found == Receipt(job="j", seq=2, status="open", outcome="chosen", states=("cut",))
    assert found is not None
    assert found.repeated


class Twice(Database):
    """A database that loses the answer to each commit, and so does the work again."""

    def keep(self, work: Callable[[Transaction], T]) -> T:
        super().keep(work)
        return super().keep(work)


def test_a_start_that_is_done_again_is_no_repeat(engine: Engine, database_url: str) -> None:
    """Where the answer to a commit is lost, the work is done again and meets its own receipt: asked once (L3)."""
    with Twice.open(database_url) as database, Engine(database, clock=engine.clock, handlers={}) as twice:
        receipt = twice.start("small_suit", by="ada", need={"occasion": "Work"}, key="k")
    assert not receipt.repeated
    assert engine.start("small_suit", by="ada", need={"occasion": "Work"}, key="k").repeated


# an application's own rows beside the flow


@pytest.fixture
def invoices(database_url: str) -> Iterator[sa.Engine]:
    """The application's own SQLAlchemy engine on the same database, with a table of invoices."""
    own = sa.create_engine(database_url)
    with own.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS own_invoices"))
        connection.execute(sa.text("CREATE TABLE own_invoices (step VARCHAR(60))"))
    yield own
    with own.begin() as connection:
        connection.execute(sa.text("DROP TABLE own_invoices"))
    own.dispose()


def _invoice(connection: sa.Connection, receipt: Receipt) -> None:
    if not receipt.repeated:
        connection.execute(sa.text("INSERT INTO own_invoices VALUES (:step)"), {"step": receipt.step or receipt.job})


def _rows(invoices: sa.Engine) -> list[str]:
    with invoices.connect() as connection:
        return list(connection.execute(sa.text("SELECT step FROM own_invoices")).scalars())


def test_a_row_of_ones_own_is_written_once(engine: Engine, invoices: sa.Engine, suit: Callable[..., str]) -> None:
    """A request that is sent twice writes its own row once, where the row is written unless the receipt is a repeat."""
    suit()
    step = engine.inbox("ada")[0].id
    for _ in range(2):
        with invoices.begin() as connection:
            _invoice(connection, engine.using(connection).act(step, "chosen", {"cloth": "navy"}, by="ada", key="k"))
    assert _rows(invoices) == [step]


@pytest.mark.parametrize("what", ["act", "start"])
def test_a_row_of_ones_own_is_written_once_by_two_threads(
    engine: Engine, invoices: sa.Engine, suit: Callable[..., str], what: str
) -> None:
    """Of two equal requests at once one writes its row; the other is a repeat, or is told to begin anew and then is."""
    suit()
    step = engine.inbox("ada")[0].id
    both, advice = Barrier(2), set()

    def ask(key: str) -> Receipt:
        both.wait(30)
        for _ in range(1000):
            try:
                with invoices.begin() as connection:
                    joined = engine.using(connection)
                    if what == "act":
                        receipt = joined.act(step, "chosen", {"cloth": "navy"}, by="ada", key=key)
                    else:
                        receipt = joined.start("small_suit", by="ada", need={"occasion": "Work"}, key=key)
                    _invoice(connection, receipt)
                return receipt
            except DatabaseBusy as busy:
                advice.add(busy.possible)
        raise AssertionError("busy a thousand times")

    with ThreadPoolExecutor(2) as threads:
        for time in range(1 if what == "act" else 5):
            first, second = threads.map(ask, [f"k{time}"] * 2)
            assert first == second
            assert {first.repeated, second.repeated} == {False, True}
    assert len(_rows(invoices)) == (1 if what == "act" else 5)
    assert advice <= {("roll your transaction back and begin it again",)}
