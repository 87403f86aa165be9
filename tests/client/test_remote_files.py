"""Files of a desk: their bytes go as they are, near and far."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from served_engine import serving_engine, token_of
from striking import Losing, Scripted, Time, answer, lost

from flowengine import AnswerRefused, BadAnswer, ConnectionLost, Engine, NotFound, Settings, SimulatedClock, TooLarge
from flowengine.client import Desk, LocalDesk, RemoteDesk
from flowengine.client.remote import server_at

SHOP = """
process: shop
title: A shop
need: A table
roles: {maker: {title: Maker}}
states:
  need: {type: need, next: make}
  make: {type: task, for: maker, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 100


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    """A shop that takes files of up to 100,000 bytes."""
    clock = SimulatedClock(datetime(2027, 1, 4, 9, tzinfo=UTC))
    with Engine(sqlite_url, clock=clock, settings=Settings(files="memory://", largest_file=100_000)) as engine:
        engine.deploy(SHOP)
        for id in ("ada", "ben"):
            engine.add_customer(id, id.title())
        yield engine


@pytest.fixture(params=["near", "far"])
def desks(request: pytest.FixtureRequest, engine: Engine) -> Iterator[tuple[Desk, Desk]]:
    """Those of Ada and Ben."""
    if request.param == "near":
        yield LocalDesk(engine, "ada"), LocalDesk(engine, "ben")
        return
    with (
        serving_engine(engine) as url,
        RemoteDesk(url, token_of(engine, "ada")) as ada,
        RemoteDesk(url, token_of(engine, "ben")) as ben,
    ):
        yield ada, ben


def test_a_file_goes_and_comes_byte_by_byte(desks: tuple[Desk, Desk]) -> None:
    """With its name, to the job that it is for; to others it does not exist."""
    ada, ben = desks
    job = ada.start("shop").job
    file = ada.attach("Pläne & mehr.pdf", PDF, job)
    assert (file.name, file.size, file.kind, file.by) == ("Pläne & mehr.pdf", len(PDF), "pdf", "ada")
    assert ada.file(file.id) == file
    assert ada.file_data(file.id) == PDF
    ada.message(job, "See this", [file.id])
    assert [one.text for one in ada.conversation(job)] == ["See this"]
    for id in (file.id, "nothing", "../jobs", ""):
        with pytest.raises(NotFound):
            ben.file_data(id)


def test_what_is_not_taken_is_told(desks: tuple[Desk, Desk]) -> None:
    """As it is for any other verb."""
    ada, _ = desks
    for name, data in (("x.pdf", b""), ("x.exe", b"MZ\0\0"), ("x.png", PDF)):
        with pytest.raises(BadAnswer):
            ada.attach(name, data)
    with pytest.raises((BadAnswer, TooLarge)):
        ada.attach("x.pdf", PDF * 5)
    with pytest.raises(NotFound):
        ada.attach("x.pdf", PDF, "zzzz")


def test_an_upload_is_sent_again(engine: Engine) -> None:
    """What is uploaded twice is a file that nobody uses, and is deleted: so a lost answer costs nothing."""
    time = Time()
    with serving_engine(engine) as url:
        losing = Losing(server_at(url))
        with RemoteDesk(url, token_of(engine, "ada"), server=losing, wait=time.wait, ticks=time.ticks) as desk:
            file = desk.attach("plan.pdf", PDF)
            assert desk.file_data(file.id) == PDF
    assert [one.body == PDF for one in losing.sent] == [True, True, False]
    assert {one.headers["content-type"] for one in losing.sent[:2]} == {"application/octet-stream"}


def test_a_file_that_does_not_come_is_no_file() -> None:
    """A line that breaks, and an answer that tells of no file, are told."""
    time = Time()
    for given, kind in ((lost(), ConnectionLost), (answer(201, b"<html>"), AnswerRefused)):
        server = Scripted([given], time)
        desk = RemoteDesk("https://shop.example", "flow_x", server=server, wait=time.wait, ticks=time.ticks)
        with pytest.raises(kind):
            desk.attach("plan.pdf", PDF)
    with pytest.raises(BadAnswer):
        desk.attach("\ud800.pdf", PDF)
