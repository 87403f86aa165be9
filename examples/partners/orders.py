"""Orders of four kinds, what people of both sides do on them, and what has to stand in both databases at the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from examples.whole_story.person import NotAsTold
from flowengine import Engine, JobRow, NotFound, StaleCommand

from .records import Records

KINDS = ("changed", "withdrawn", "plain", "declined")
FIRST, LOWER = 126, 110
"""What the mill asks at first, and when it was asked for less."""

SAID = {
    "plain": ["done", "approved", "done", "all_right"],
    "changed": ["done", "changes", "done", "approved", "done", "all_right"],
    "declined": ["done", "declined"],
    "withdrawn": ["done"],
}
"""What was done at the mill on an order of each kind, each once."""

MILLS_END = {"plain": "fulfilled", "changed": "fulfilled", "declined": "withdrawn", "withdrawn": "withdrawn"}
OURS = {"plain": "fulfilled", "changed": "fulfilled", "declined": "no_cloth", "withdrawn": "withdrawn"}
PAGE = 100

Tell = Callable[[str], None]


class Orders:
    """``begun`` are the shop's jobs, by number: the number says of which kind the order is."""

    def __init__(self, shop: Engine, mill: Engine, tell: Tell) -> None:
        self.shop, self.mill, self.tell = shop, mill, tell
        self.begun: dict[str, int] = {}
        self.records = Records(shop, mill)
        day = datetime.now(UTC).date()
        self._needed, self._delivered = f"{day + timedelta(days=60)}", f"{day + timedelta(days=30)}"

    def begin(self) -> None:
        """The next order."""
        number = len(self.begun)
        need = {"cloth": f"navy flannel {number:04}", "needed_by": self._needed}
        self.records.begin()
        self.begun[self.shop.start("waistcoat", by="ada", need=need).job] = number
        self.tell(f"Ada needs a waistcoat of {need['cloth']}")

    @property
    def open(self) -> int:
        """How many are not over yet, here or there."""
        return max(len(engine.jobs(status="open")) for engine in (self.shop, self.mill))

    def act(self) -> int:
        """Everybody does what waits for him: how many things were done."""
        done = 0
        self.records.act()
        for act in (*self._at_mill(), *self._at_shop(), *self._of_ada()):
            try:
                act()
                done += 1
            except (StaleCommand, NotFound):  # the other side was quicker
                continue
        return done

    def _at_mill(self) -> Iterator[Callable[[], None]]:
        for item in self.mill.inbox("sam"):
            yield lambda id=item.id, title=item.title: self._serve(id, title)

    def _serve(self, step: str, title: str) -> None:
        """Sam offers, or sends."""
        if title.startswith("Offer"):
            lower = dict(self.mill.step(step, "sam").shown)["Said of the last offer"] != "nothing"
            price = LOWER if lower else FIRST
            self.mill.act(step, "done", {"price": price, "delivers_on": self._delivered}, by="sam")
            self.tell(f"   Sam of the mill: {title} → £{price}")
        elif title.startswith("Send"):
            self.mill.act(step, "done", {"parcel": f"P-{_number(title)}"}, by="sam")
            self.tell(f"   Sam of the mill: {title} → sent")
        else:
            raise NotAsTold(f"the mill asks Sam: {title}")

    def _at_shop(self) -> Iterator[Callable[[], None]]:
        for item in self.shop.inbox("bea"):
            yield lambda id=item.id, job=item.job: self._buy(id, job)

    def _buy(self, step: str, job: str) -> None:
        """Bea answers what the mill asks, and sews."""
        kind, seen = KINDS[self.begun[job] % len(KINDS)], self.shop.step(step, "bea")
        ways = {way.outcome for way in seen.form.ways}
        if "all_right" in ways:
            self._say(step, seen.title, "all_right")
        elif "approved" not in ways:
            self._say(step, seen.title, "done")
        elif kind == "withdrawn":
            self.shop.invoke(job, "withdraw", by="ada")
            self.tell("Ada withdraws")
        elif kind == "changed" and dict(seen.shown)["Price"] == f"£{FIRST:.2f}":
            self._say(step, seen.title, "changes", words="A lower price")
        else:
            self._say(step, seen.title, "declined" if kind == "declined" else "approved")

    def _say(self, step: str, title: str, outcome: str, **answer: str) -> None:
        self.shop.act(step, outcome, answer, by="bea")
        self.tell(f"Bea: {title} → {' '.join([outcome, *answer.values()])}")

    def _of_ada(self) -> Iterator[Callable[[], None]]:
        for item in self.shop.inbox("ada"):
            yield lambda id=item.id: self._wear(id)

    def _wear(self, step: str) -> None:
        self.shop.act(step, "approved", by="ada")
        self.tell("Ada wears it")

    # at the end

    def check(self) -> None:
        """Each order is where it should be, once on each side, and histories are whole. Raises NotAsTold."""
        theirs = {int(self.mill.data(row.id)["need"]["article"][-4:]): row for row in _all(self.mill)}  # type: ignore[index,call-overload]
        _same("jobs at the mill", sorted(theirs), sorted(self.begun.values()))
        _same("jobs at the mill, counted", len(_all(self.mill)), len(self.begun))
        for job, number in self.begun.items():
            kind, there = KINDS[number % len(KINDS)], theirs[number]
            _same(f"the end of order {number}, {kind}", _end(self.shop, job), OURS[kind])
            _same(f"the mill's end of order {number}, {kind}", _end(self.mill, there.id), MILLS_END[kind])
            said = [line.command for line in self.mill.history(there.id)]
            acts = [one["outcome"] for one in said if one["command"] == "Act"]
            _same(f"what was done at the mill on order {number}, {kind}", acts, SAID[kind])
            left = [one for one in said if one["command"] == "Invoke"]
            _same(f"withdrawals at the mill of order {number}", len(left), int(kind == "withdrawn"))
            if OURS[kind] == "fulfilled":
                parcel = self.shop.data(job)["order"]["send"]["parcel"]  # type: ignore[index,call-overload]
                _same(f"the parcel of order {number}", parcel, f"P-{number:04}")
        self.records.check()
        for name, engine in (("shop", self.shop), ("mill", self.mill)):
            _same(f"problems at the {name}", [*engine.audit().problems], [])
            _same(f"incidents at the {name}", engine.incidents(), [])


def _number(title: str) -> str:
    """An order's, from a title that names the cloth."""
    found = re.search(r"flannel (\d+)", title)
    if found is None:
        raise NotAsTold(f"the mill's step names no order: {title}")
    return found[1]


def _all(engine: Engine) -> list[JobRow]:
    """All jobs."""
    found = engine.jobs(limit=PAGE)
    while len(page := engine.jobs(limit=PAGE, after=found[-1].id) if found else []):
        found += page
    return found


def _end(engine: Engine, job: str) -> str:
    """The end state of a job; empty while it is open."""
    ended = [one["state"] for line in engine.history(job) for one in line.events if one["event"] == "Ended"]
    return str(ended[-1]) if ended else ""


def _same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise NotAsTold(f"{what}: {found}, and not {wanted}")
