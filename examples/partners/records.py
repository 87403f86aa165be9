"""Customers of the shop who let the mill have their records; one in two withdraws that, and is erased there again."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from examples.whole_story.person import NotAsTold
from flowengine import Engine

HOLDS = timedelta(days=300)


class Records:
    """``sent`` are the shop's customers whose records go, by number: those with an odd one withdraw their consent."""

    def __init__(self, shop: Engine, mill: Engine) -> None:
        self.shop, self.mill = shop, mill
        self.sent: list[str] = []
        self._withdrawn: set[str] = set()

    def begin(self) -> None:
        """One customer more, who consents; and Bea sends the record."""
        name = f"Customer {len(self.sent):04}"
        id = name.lower().replace(" ", "-")
        self.shop.add_customer(id, name, contact=f"{id}@example.org")
        self.shop.give_consent(id, "mill", until=datetime.now(UTC) + HOLDS, by=id)
        self.shop.send_record(id, "mill", by="bea")
        self.sent.append(id)

    def act(self) -> None:
        """Who withdraws does so, whether the record is there by now or not."""
        for id in self.sent[1::2]:
            if id not in self._withdrawn:
                self.shop.withdraw_consent(id, "mill", by=id)
                self._withdrawn.add(id)

    @property
    def pending(self) -> bool:
        """Whether something is on its way still."""
        return self._there() != Counter(self._expected()) or any(not self._taken(id) for id in self.sent[::2])

    def check(self) -> None:
        """Raises NotAsTold."""
        if (there := self._there()) != Counter(self._expected()):
            raise NotAsTold(f"the mill has {sorted(there.elements())}, and not {self._expected()}")

    def _expected(self) -> list[str]:
        return [f"{id}@example.org" for id in self.sent[::2]]

    def _there(self) -> Counter[str]:
        """Whom the mill has from the shop, by their contacts."""
        return Counter(one.contact for one in self.mill.people("customer") if one.record.get("source") == "tailor")

    def _taken(self, id: str) -> bool:
        (consent,) = self.shop.consents(id).consents
        return consent.sent[0].taken is not None
