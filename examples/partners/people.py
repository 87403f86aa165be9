"""Who is there on both sides, and the processes that they use."""

from __future__ import annotations

from pathlib import Path

from flowengine import Engine
from flowengine.samples import process_file

WAISTCOAT = Path(__file__).with_name("waistcoat.yaml")


def open_shop(shop: Engine) -> None:
    """Ada is its customer; Bea buys and sews."""
    shop.deploy(WAISTCOAT)
    shop.add_customer("ada", "Ada")
    shop.add_staff("bea", "Bea", roles=["buyer", "tailor"])


def open_mill(mill: Engine) -> None:
    """The tailor's shop is its customer; Sam sells and sends."""
    mill.deploy(process_file("supplier"))
    mill.add_customer("tailor", "The tailor's shop", organisation=True)
    mill.add_staff("sam", "Sam", roles=["sales", "warehouse"])
