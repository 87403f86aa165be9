"""Small processes for the tests of several rooms."""

from __future__ import annotations

PAIR = """
process: pair
title: Two at once
need: Both
states:
  need: {type: need, next: both}
  both:
    type: parallel
    branches:
      left: {start: one, states: {one: {type: service, call: order_cloth, on: {done: done}}}}
      right: {start: other, states: {other: {type: service, call: order_cloth, on: {done: done}}}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""
