"""What ``flow demo --partners`` tells: a tailor's shop orders its cloth from a mill, which is another organisation.

Two engines on two databases speak over HTTP on this machine's loopback; the people and the days are made up.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Thread
from time import sleep

from rich.console import Console

from flowengine import Engine, InvariantBroken, Settings, SimulatedClock
from flowengine.runtime.partners import Partner
from flowengine.signing import new_secret
from flowengine.web import make_app
from flowengine.web.serving import Server

from ..telling import Telling
from .people import open_mill, open_shop

LENGTH = timedelta(days=20)
"""No telling takes longer: it begins this long ago, so that it ends by now."""

HOST = "127.0.0.1"
ZONE = "Europe/London"


@dataclass
class Side(Telling):
    """A job as one side sees it; the days are told once for both."""

    other: Side | None = None

    def line(self, who: str, what: str, then: str = "", style: str = "cyan") -> None:
        super().line(who, what, then, style)
        if self.other is not None:
            self.other.today = self.today


@dataclass
class Both:
    """An order, as the shop and the mill have it."""

    shop: Side
    mill: Side

    @classmethod
    def of(cls, shop: Engine, mill: Engine, clock: SimulatedClock, console: Console, customer: str) -> Both:
        """An order of a customer, which has not begun yet."""
        ours = Side(shop, clock, console, customer, {"ada": "Ada", "ben": "Ben", "cleo": "Cleo", "bea": "Bea"})
        theirs = Side(mill, clock, console, "tailor", {"tailor": "The shop", "sam": "mill"}, other=ours)
        ours.other = theirs
        for one, another in ((ours, mill), (theirs, shop)):
            one.zone, one.outside = ZONE, lambda _, another=another: another.run_due().anything  # type: ignore[misc]
        return cls(ours, theirs)

    def begin(self, cloth: str) -> None:
        """The customer needs it, and the mill has the order. Raises InvariantBroken where it has not."""
        day = (self.shop.clock.now() + timedelta(days=45)).date()
        self.shop.begin("waistcoat", "needs a waistcoat", cloth=cloth, needed_by=f"{day}")
        self.mill.job = self.mill.engine.jobs(status="open", limit=1)[0].id
        self.mill.sees()

    def offer(self, price: int) -> None:
        """The mill offers a price, and a day."""
        day = (self.shop.clock.now() + timedelta(days=14)).date()
        self.mill.act("sam", "offer", "done", price=price, delivers_on=f"{day}")

    def send(self, parcel: str) -> None:
        """The mill sends the cloth, and it comes."""
        self.shop.later(5)
        self.mill.act("sam", "send", "done", parcel=parcel)
        self.shop.later(2)
        self.shop.act("bea", "order", "all_right")


def tell(address: str, theirs: str, console: Console) -> tuple[str, str, str]:
    """Tell it on two databases, the shop's and the mill's: the short ids of the shop's job that is fulfilled, of one
    that waits for Bea, and of the mill's job of the first. Raises InvariantBroken where it goes otherwise."""
    now = datetime.now(UTC).replace(microsecond=0)
    clock, secret = SimulatedClock((now - LENGTH).replace(hour=9, minute=0, second=0)), new_secret()
    ports = {name: _free_port() for name in ("tailor", "mill")}
    with (
        Engine(address, clock=clock, handlers={}, settings=_knowing("mill", ports["mill"], "tailor", secret)) as shop,
        Engine(theirs, clock=clock, handlers={}, settings=_knowing("tailor", ports["tailor"], "mill", secret)) as mill,
        ExitStack() as serving_shop,
        ExitStack() as serving_mill,
    ):
        open_shop(shop)
        open_mill(mill)
        shop.add_customer("ben", "Ben")
        shop.add_customer("cleo", "Cleo")
        serving_shop.enter_context(_served(shop, ports["tailor"]))
        serving_mill.enter_context(_served(mill, ports["mill"]))

        first = Both.of(shop, mill, clock, console, "ada")
        first.begin("navy flannel")
        first.offer(126)
        first.shop.act("bea", "order", "changes", seeing="Price", words="A lower price")
        first.offer(110)
        serving_mill.close()
        first.mill.line("mill", "its server is down", style="yellow")
        first.shop.act("bea", "order", "approved", seeing="Price")
        first.shop.until(clock.now() + timedelta(hours=3))
        if first.mill.waits_at("send"):
            raise InvariantBroken("the mill has heard what it could not hear", where=first.mill.job)
        first.mill.line("mill", "its server is there again", style="green")
        serving_mill.enter_context(_served(mill, ports["mill"]))
        first.shop.until(clock.now() + timedelta(hours=3))
        first.mill.line("mill", "has heard that the shop orders, and once", style="green")
        first.mill.sees()
        first.send("P-1")
        first.shop.later(3)
        first.shop.act("bea", "sew", "done")
        first.shop.act("ada", "accept", "approved")
        _record(shop, mill, first)

        second = Both.of(shop, mill, clock, console, "ben")
        second.shop.today = second.mill.today = first.shop.today
        second.begin("green tweed")
        second.offer(140)
        second.shop.change("withdraw", "does not need it any more")
        second.mill.sees()

        third = Both.of(shop, mill, clock, console, "cleo")
        third.shop.today = third.mill.today = second.shop.today
        third.begin("grey worsted")
        third.offer(118)
        third.shop.act("bea", "order", "approved", seeing="Price")
        third.send("P-2")
        first.shop.until(max(now, clock.now()))
        _check(shop, mill, first)
        return first.shop.short(first.shop.job), third.shop.short(third.shop.job), first.mill.short(first.mill.job)


def _record(shop: Engine, mill: Engine, first: Both) -> None:
    """Ada lets the mill have her record for half a year, and withdraws it: it comes, and goes."""

    def there() -> list[str]:
        while shop.run_due().anything | mill.run_due().anything:
            pass
        return [one.name for one in mill.people("customer") if one.record.get("source") == "tailor"]

    shop.add_contact("ada", "ada@lund.example", by="ada")
    shop.add_fact("ada", "preference", "No wool against the skin", by="ada")
    until = shop.clock.now() + timedelta(days=180)
    shop.give_consent("ada", "mill", until=until, parts=["facts"], by="ada")
    first.shop.line("Ada", "lets the mill have her record", f"until {until:%d %B %Y}")
    shop.send_record("ada", "mill", by="bea")
    if there() != ["Ada"]:
        raise InvariantBroken(f"the mill has the records of {there()}", where="ada")
    first.mill.line("mill", "knows Ada now, and what she prefers", style="green")
    shop.withdraw_consent("ada", "mill", by="ada")
    if there():
        raise InvariantBroken(f"the mill has the records of {there()}", where="ada")
    first.shop.line("Ada", "withdraws it", "the mill has erased it")


def _check(shop: Engine, mill: Engine, first: Both) -> None:
    """Each order is there once on both sides, and what the shop said of the first the mill has heard once."""
    there = [row.status for row in reversed(mill.jobs())]
    if there != ["fulfilled", "ended", "fulfilled"] or len(shop.jobs()) != len(there):
        raise InvariantBroken(f"the mill's jobs have come to {', '.join(there)}", where=first.mill.job)
    lines = mill.history(first.mill.job)
    heard = [line.command["outcome"] for line in lines if line.command.get("by", {}).get("id") == "tailor"
             and line.command["command"] == "Act"]  # fmt: skip
    if heard != ["changes", "approved", "all_right"]:
        raise InvariantBroken(f"the mill has heard {', '.join(heard)}", where=first.mill.job)


def _knowing(name: str, port: int, us: str, secret: str) -> Settings:
    """The settings of this machine, and of the other as a partner."""
    partner = Partner(name, f"http://{HOST}:{port}/api/v1/partners/{us}", (secret,))
    settings = Settings.from_environment(os.environ)
    return replace(settings, partners={name: partner}, http_allow=(*settings.http_allow, f"{HOST}:{port}"))


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextmanager
def _served(engine: Engine, port: int) -> Iterator[None]:
    """Its server, in a thread, as long as the block lasts."""
    app = make_app(engine)
    server = Server(app)
    with socket.create_server((HOST, port)) as listening:
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            while not server.started and thread.is_alive():
                sleep(0.01)
            yield
        finally:
            app.state.stopping.set()
            server.should_exit = True
            thread.join()
