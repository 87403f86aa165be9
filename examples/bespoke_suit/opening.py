"""The shop opened for a story: its process in use, its people there, its handlers at the mill and the till."""

from __future__ import annotations

from rich.console import Console

from flowengine import Engine, SimulatedClock
from flowengine.samples import process_file

from ..telling import Telling
from .handlers import handlers
from .mill import Mill, Order
from .till import Till

TOM_WORKS = {"mon-thu": "09:00-12:30, 13:30-17:00", "fri": "09:00-12:30"}
"""The shop is open longer; the only tailor is not there all the time, and no fittings are offered without him."""

STAFF = (("hana", "Hana", "host"), ("tom", "Tom", "tailor"), ("carl", "Carl", "cutter"), ("olga", "Olga", "operator"))


def open_shop(engine: Engine, clock: SimulatedClock, console: Console, mill: Mill, till: Till) -> Telling:
    """A telling of Ada's suit, which has not begun yet."""
    engine.deploy(process_file("bespoke_suit"))
    engine.add_customer("ada", "Ada", "ada@example.org")
    for id, name, role in STAFF:
        engine.add_staff(id, name, roles=[role])
    engine.set_hours("tom", TOM_WORKS)
    names = {"ada": "Ada"} | {id: name for id, name, _ in STAFF}
    story = Telling(engine, clock, console, "ada", names, lambda told: _delivered(told, mill))
    story.zone = engine.process("bespoke_suit").zone
    engine.register({name: story.code(handler) for name, handler in handlers(mill, till).items()})
    return story


def _delivered(story: Telling, mill: Mill) -> bool:
    """Bring what the mill sends out by now; a job is told of its cloth."""
    cloths = [order for order in mill.deliver() if not order.item.startswith("lining")]
    for order in cloths:
        story.line("mill", f"{order.metres:g} m of {_item(order)} arrive", order.number, "green")
        story.engine.send("cloth_delivered", order.number, {"metres": order.metres}, job=story.job)
    return bool(cloths)


def _item(order: Order) -> str:
    return order.item.replace("_", " ")
