"""Small processes for the tests of the engine."""

from __future__ import annotations

SUIT = """
process: small_suit
title: A small suit
need: A suit
roles:
  tailor: {title: Tailor}
  cutter: {title: Cutter}
options:
  cloth:
    - {id: navy, title: Navy flannel, price: 420, lead_time: P12D}
    - {id: grey, title: Grey worsted, price: 380, lead_time: P3D}
states:
  need:
    type: need
    ask: What is it for?
    fields:
      occasion: {type: string, title: Occasion}
      guests: {type: integer, title: Guests, optional: true}
    next: choose
  choose:
    type: choice
    ask: Choose your cloth
    choose:
      cloth: {from: cloth}
    within: P7D
    remind: [P3D]
    on: {chosen: cut, expired: gone}
  cut:
    type: task
    for: cutter
    title: Cut the cloth
    uses: choose.cloth
    phase: Making your suit
    fields:
      note: {type: string, title: Note to the tailor, optional: true}
      waste: {type: number, title: Waste, unit: cm, show: true, optional: true}
    on: {done: sew}
  sew:
    type: task
    for: tailor
    not_by: cut
    phase: Making your suit
    next: accept
  accept:
    type: approval
    by: customer
    ask: Does it fit?
    within: P30D
    on: {approved: fulfilled, changes: sew, declined: gone, expired: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: The customer went away}
  withdrawn: {type: ended, because: The customer withdrew}
always:
  withdraw: {by: customer, when: '!passed("cut")', to: withdrawn}
"""

SERVICE = """
process: ordering
title: Ordering
need: Cloth
states:
  need: {type: need, fields: {metres: {type: integer}}, next: order}
  order:
    type: service
    call: order_cloth
    input: {metres: data.need.metres}
    retry: {attempts: 3, first: PT10S, factor: 2, longest: PT15S}
    limit: PT2S
    on: {done: accept, out_of_stock: sorry, failed: sorry}
  accept:
    type: approval
    by: customer
    within: P1D
    on: {approved: fulfilled, changes: order, declined: sorry, expired: sorry}
  fulfilled: {type: fulfilled}
  sorry: {type: ended, because: No cloth}
"""

STUBBORN = SERVICE.replace("process: ordering", "process: stubborn").replace(", failed: sorry}", "}")
"""The same without a route for ``failed``: giving up is an incident."""

PARENT = """
process: house
title: A house
need: A house
roles: {builder: {title: Builder}}
states:
  need: {type: need, fields: {rooms: {type: integer}}, next: kitchen}
  kitchen:
    type: call
    process: kitchen
    need: {size: data.need.rooms * 2}
    on: {fulfilled: fulfilled, ended: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No kitchen}
"""

CHILD = """
process: kitchen
title: A kitchen
need: A kitchen
roles: {builder: {title: Builder}}
states:
  need: {type: need, fields: {size: {type: integer}}, next: build}
  build:
    type: task
    for: builder
    fields: {colour: {type: string}}
    on: {done: fulfilled, impossible: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It does not fit}
"""

LETTER = """
process: letters
title: Letters
need: An answer
groups: {friends: {title: Friends}}
states:
  need: {type: need, fields: {number: {type: string}}, next: wait_for_letter}
  wait_for_letter:
    type: race
    of:
      letter: {type: message, name: letter, key: data.need.number}
      late: {type: wait, for: P10D}
    on: {letter: talk, late: gone}
  talk:
    type: each
    of: '["first"]'
    more: true
    start: answer
    states:
      answer: {type: task, open_to: [customers], within: P30D, on: {done: done, expired: done}}
    on: {joined: rate}
  rate:
    type: feedback
    refer: true
    within: P7D
    on: {given: fulfilled, expired: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No letter came}
"""

VOTE = """
process: ballot
title: A ballot
need: A decision
groups: {members: {title: Members}}
states:
  need: {type: need, next: vote}
  vote:
    type: vote
    of: {group: members}
    options: [attack, defend]
    quorum: 0.5
    within: P2D
    on: {decided: fulfilled, no_quorum: gone, tied: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Undecided}
"""
