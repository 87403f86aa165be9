"""Small processes with services, for the tests of how calls are tried, completed and undone."""

from __future__ import annotations

ORDERING = """
process: ordering
title: Ordering
need: Cloth
states:
  need: {type: need, fields: {metres: {type: integer}}, next: order}
  order:
    type: service
    call: order_cloth
    input: {metres: data.need.metres}
    fields: {order: {type: integer, optional: true}}
    retry: {attempts: 3, first: PT10S, factor: 2, longest: PT15S}
    limit: PT5S
    on: {done: accept, out_of_stock: sorry, failed: phone}
  phone: {type: task, for: clerk, on: {done: accept}}
  accept: {type: approval, by: customer, within: P9D, on: {approved: fulfilled, declined: sorry, expired: sorry}}
  fulfilled: {type: fulfilled}
  sorry: {type: ended, because: No cloth}
roles: {clerk: {title: Clerk}}
"""

STUBBORN = (
    ORDERING.replace("process: ordering", "process: stubborn")
    .replace(", failed: phone}", "}")
    .replace("  phone: {type: task, for: clerk, on: {done: accept}}\n", "")
)
"""The same without a route for ``failed``."""

BROKEN_ROUTE = ORDERING.replace("process: ordering", "process: broken_route").replace(
    "failed: phone}", "failed: [{to: phone, when: 'customer.age > 3'}, sorry]}"
)
"""The route for ``failed`` asks for something that nobody has."""

UNDOING = """
process: undoing
title: Undoing
need: A suit
roles: {clerk: {title: Clerk}}
states:
  need: {type: need, next: cloth}
  cloth: {type: service, call: buy_cloth, undo: return_cloth, on: {done: buttons}}
  buttons: {type: service, call: buy_buttons, undo: return_buttons, on: {done: lining}}
  lining: {type: service, call: buy_lining, undo: return_lining, on: {done: sew}}
  sew: {type: task, for: clerk, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
  withdrawn: {type: ended, because: The customer withdrew}
always:
  withdraw: {by: customer, undo: true, to: withdrawn}
"""
