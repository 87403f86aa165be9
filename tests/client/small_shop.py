"""A small shop, of which desks are asked."""

from __future__ import annotations

from collections.abc import Callable

from flowengine.client import Desk

SHOP = """
process: small_shop
title: A small shop
need: A table
roles: {maker: {title: Maker}}
states:
  need: {type: need, ask: What for?, fields: {wish: {type: string, title: Wish}}, next: choose}
  choose:
    type: ask
    ask: How many legs?
    fields: {legs: {type: integer, title: Legs}}
    within: P14D
    on: {answered: build, expired: gone}
  build: {type: task, for: maker, phase: Being built, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
always:
  withdraw: {by: customer, title: Withdraw, when: '!passed("choose")', to: gone}
"""

Desks = Callable[[str], Desk]
"""Gives a desk of the person with that id; of the program itself for an empty one."""
