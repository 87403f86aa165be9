"""What the services of ``processes/bespoke_suit.yaml`` call.

Every handler hands mill and till the key of its call, which is the same at each attempt, so that a handler that is run
twice orders, or takes a payment, once (L11). An undo handler is told the key of the call that it undoes.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flowengine.runtime.handlers import Handler, HandlerCall, Outcome

from .mill import Mill, OutOfStock
from .till import PaymentDeclined, Till

CLOTH_NEEDED = {"single_breasted": 3.2, "double_breasted": 3.5, "three_piece": 4.0}
"""Metres of cloth by style."""

LINING_NEEDED = 2.5
"""Metres of lining for any suit."""

CLOTHS: Mapping[str, Mapping[str, Any]] = {
    "navy_flannel": {"title": "Navy flannel", "price": 420, "lead_time": "P12D"},
    "grey_worsted": {"title": "Grey worsted", "price": 380, "lead_time": "P3D"},
    "green_tweed": {"title": "Green tweed", "price": 460, "lead_time": "P20D"},
    "black_barathea": {"title": "Black barathea", "price": 510, "lead_time": "P8D"},
}
"""What the shop asks for the mill's cloths, for offering them instead of one that is gone."""


def handlers(mill: Mill, till: Till) -> dict[str, Handler]:
    """The handlers by name, at this mill's counter and this till."""
    shop = _Shop(mill, till)
    return {
        "order_cloth": shop.order_cloth,
        "cancel_cloth": shop.cancel,
        "order_trimmings": shop.order_trimmings,
        "cancel_trimmings": shop.cancel,
        "take_payment": shop.take_payment,
        "refund_payment": shop.refund_payment,
    }


class _Shop:
    def __init__(self, mill: Mill, till: Till) -> None:
        self._mill = mill
        self._till = till

    def order_cloth(self, call: HandlerCall) -> Any:
        """Order the cloth: its order number and its day, or the outcome ``out_of_stock`` with what there is instead."""
        metres = CLOTH_NEEDED[call.input["style"]]
        try:
            order = self._mill.order(call.key, call.customer["id"], call.input["cloth"], metres)
        except OutOfStock:
            return Outcome("out_of_stock", {"instead": self._instead(call.input["cloth"], metres)})
        return {"order": order.number, "arrives": order.arrives.isoformat()}

    def order_trimmings(self, call: HandlerCall) -> Any:
        """Order the lining; buttons and thread come with it. A shortage is left to a person: it fails."""
        order = self._mill.order(call.key, call.customer["id"], f"lining_{call.input['lining']}", LINING_NEEDED)
        return {"order": order.number}

    def cancel(self, call: HandlerCall) -> Any:
        """Cancel what the undone call has ordered; what was delivered meanwhile stays in the shop's own stock."""
        return {"cancelled": self._mill.cancel(call.input["call"], call.customer["id"])}

    def take_payment(self, call: HandlerCall) -> Any:
        """Take the amount: its receipt, or the outcome ``declined`` where the customer's bank does not pay."""
        amount, what, how = Decimal(call.input["amount"]), call.input["for"], call.input["how"]
        try:
            payment = self._till.take(call.key, call.customer["id"], amount, what, how)
        except PaymentDeclined:
            return Outcome("declined")
        return {"receipt": payment.receipt}

    def refund_payment(self, call: HandlerCall) -> Any:
        """Give back what the undone call has taken."""
        return {"refunded": self._till.refund(call.input["call"], call.customer["id"])}

    def _instead(self, wanted: str, metres: float) -> list[dict[str, Any]]:
        shelf = self._mill.stock()
        return [
            {"id": cloth, **about}
            for cloth, about in CLOTHS.items()
            if cloth != wanted and shelf.get(cloth, 0.0) >= metres
        ]
