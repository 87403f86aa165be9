"""Run it: ``python examples/embedding``. It works in a temporary folder and leaves nothing behind."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent))

from shop import Shop, TooExpensive

from flowengine import Actor


def main() -> None:
    with TemporaryDirectory() as folder:
        shop = Shop.open(f"sqlite:///{folder}/shop.db")
        try:
            tell(shop)
        finally:
            shop.close()


def tell(shop: Shop) -> None:
    """One order, from need to fulfilment, with a mistake on the way that leaves no trace."""
    mechanic = Actor(kind="staff", id="mika", roles=("mechanic",))
    order = shop.take_in("ada", "The chain jumps", key="ada's first click")
    job = shop.job(order)
    print(f"Ada brings her bicycle: order {order} and job {job[-12:][:8]} were entered together.")
    again = shop.take_in("ada", "The chain jumps", key="ada's first click")
    print(f"Her browser sends the same again, and is told of order {again}: there is no second one.")

    try:
        shop.estimate(order, 900, mechanic)
    except TooExpensive as error:
        print(f"Mika estimates 900 €, and the shop refuses: {error}.")
    states = shop.flows.jobs(customer="ada")[0].states
    print(f"Nothing has happened: the order's price is {shop.price(order)}, the job stands in {', '.join(states)}.")

    shop.estimate(order, 80, mechanic)
    print(f"Mika estimates 80 €: the order's price is {shop.price(order)} €.")
    for who, outcome in (("ada", "approved"), (mechanic, "done")):
        item = shop.flows.inbox(who)[0]
        receipt = shop.flows.act(item.id, outcome, by=who)
        print(f"{item.title} {outcome.capitalize()}.")
    print(f"The job is {receipt.status}.")


if __name__ == "__main__":
    main()
