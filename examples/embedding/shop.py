"""A bicycle shop with a table of its own. Its rows and the flows change together, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from flowengine import Actor, Engine

metadata = sa.MetaData()
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("customer", sa.String, nullable=False),
    sa.Column("job", sa.String, nullable=False),
    sa.Column("price", sa.Integer),
    sa.Column("paid", sa.Boolean, nullable=False, default=False),
)

REPAIR = Path(__file__).with_name("repair.yaml")


class TooExpensive(Exception):
    """The shop's own rule: nothing is repaired for more than the bicycle is worth."""


@dataclass(frozen=True)
class Shop:
    """The application. ``database`` holds its table, ``flows`` are in the same database."""

    database: sa.Engine
    flows: Engine

    @classmethod
    def open(cls, url: str) -> Shop:
        database = sa.create_engine(url)
        flows = Engine(url)
        flows.deploy(REPAIR)
        metadata.create_all(database)
        return cls(database, flows)

    def close(self) -> None:
        self.flows.close()
        self.database.dispose()

    def take_in(self, customer: str, trouble: str, key: str | None = None) -> int:
        """Enter an order and begin its flow, in one transaction. The number of the order: the same for the same request
        key."""
        need = {"trouble": trouble}
        with self.database.begin() as connection:
            receipt = self.flows.using(connection).start("bicycle_repair", by=customer, need=need, key=key)
            if receipt.repeated:
                return int(connection.execute(sa.select(orders.c.id).where(orders.c.job == receipt.job)).scalar_one())
            row = connection.execute(orders.insert().values(customer=customer, job=receipt.job, paid=False))
            return int(row.inserted_primary_key[0])

    def estimate(self, order: int, price: int, mechanic: Actor, worth: int = 500) -> None:
        """Write the price into the order and end the mechanic's step, in one transaction.

        Raises TooExpensive when the shop's own rule forbids it: then neither has happened.
        """
        with self.database.begin() as connection:
            flows = self.flows.using(connection)
            flows.act(self._step(order, mechanic, connection), answer={"price": price}, by=mechanic)
            connection.execute(orders.update().where(orders.c.id == order).values(price=price))
            if price > worth:
                raise TooExpensive(f"{price} € is more than the bicycle is worth ({worth} €)")

    def _step(self, order: int, who: Actor, connection: sa.Connection) -> str:
        """The step of that order that waits for somebody."""
        job = connection.execute(sa.select(orders.c.job).where(orders.c.id == order)).scalar_one()
        return next(item.id for item in self.flows.using(connection).inbox(who) if item.job == job)

    def price(self, order: int) -> int | None:
        with self.database.connect() as connection:
            price: int | None = connection.execute(sa.select(orders.c.price).where(orders.c.id == order)).scalar_one()
            return price

    def job(self, order: int) -> str:
        with self.database.connect() as connection:
            return str(connection.execute(sa.select(orders.c.job).where(orders.c.id == order)).scalar_one())
