"""What the services of the templates call: no money moves, nothing buzzes, no parcel is sent.

    flow worker --handlers examples.templates.pretend:HANDLERS

They are for trying ``table_service``, ``device_return`` and ``school_excursion`` before your own handlers are there,
and show what these must keep to: what is done under a key is done once, however often it is asked for (L11), and what
is undone is undone by the key of the call that did it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any

from examples.bespoke_suit.till import PaymentDeclined, Till
from flowengine.runtime.handlers import Handler, HandlerCall, Outcome

SOLD = {"HX-1001": Decimal("129.00"), "HX-1002": Decimal("89.50")}
"""What the devices had cost that the pretend shop has sold, by their serial numbers."""

BUZZERS = range(1, 61)
"""The buzzers that there are."""


def handlers(
    till: Till, *, sold: Mapping[str, Decimal] = SOLD, buzz: Callable[[int], None] = lambda _: None
) -> dict[str, Handler]:
    """The handlers by name, at this till; ``buzz`` is what rings a buzzer."""
    services = _Services(till, sold, buzz)
    return {
        "take_payment": services.take_payment,
        "refund_payment": services.refund_payment,
        "refund_price": services.refund_price,
        "ring_buzzer": services.ring_buzzer,
        "make_label": services.make_label,
        "cancel_label": services.cancel_label,
    }


class _Services:
    def __init__(self, till: Till, sold: Mapping[str, Decimal], buzz: Callable[[int], None]) -> None:
        self._till = till
        self._sold = sold
        self._buzz = buzz

    def take_payment(self, call: HandlerCall) -> Any:
        """Take the amount from ``payer``, or else from the job's customer; ``declined`` where the bank does not pay."""
        payer, how = _payer(call, call.input), call.input.get("how", "by card")
        try:
            payment = self._till.take(call.key, payer, Decimal(call.input["amount"]), call.input["for"], how)
        except PaymentDeclined:
            return Outcome("declined")
        return {"receipt": payment.receipt}

    def refund_payment(self, call: HandlerCall) -> Any:
        """Give back what the undone call has taken."""
        return {"refunded": self._till.refund(call.input["call"], _payer(call, call.input["input"]))}

    def refund_price(self, call: HandlerCall) -> Any:
        """Pay out what a device had cost. One that was not sold here is left to a person: it fails."""
        serial = call.input["serial"]
        amount = self._sold[serial]
        payment = self._till.take(call.key, call.customer["id"], -amount, f"the price of {serial}", "by transfer")
        return {"amount": amount, "receipt": payment.receipt}

    def ring_buzzer(self, call: HandlerCall) -> Any:
        """Ring a buzzer. One that is not there is left to a person: it fails."""
        number = call.input["buzzer"]
        if number not in BUZZERS:
            raise LookupError(f"there is no buzzer {number}")
        self._buzz(number)
        return {}

    def make_label(self, call: HandlerCall) -> Any:
        """A label: the number of its parcel, the same at each attempt, and where it can be printed."""
        parcel = f"P-{sha256(call.key.encode()).hexdigest()[:8].upper()}"
        return {"parcel": parcel, "link": f"https://carrier.example/labels/{parcel}"}

    def cancel_label(self, _call: HandlerCall) -> Any:
        """A label that is not used costs nothing, and need not be told to anybody."""
        return {}


def _payer(call: HandlerCall, given: Mapping[str, Any]) -> str:
    return str(given.get("payer") or call.customer["id"])


def __getattr__(name: str) -> dict[str, Handler]:
    """``HANDLERS``: at the till in the file that ``SUIT_TILL`` names, else ``till.db``, made when it is asked for."""
    if name != "HANDLERS":
        raise AttributeError(name)
    return handlers(Till(os.environ.get("SUIT_TILL", "till.db")), buzz=lambda number: print(f"buzzer {number} buzzes"))
