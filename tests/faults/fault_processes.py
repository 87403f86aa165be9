"""Processes written for the schedules: each leads to an end when people act, handlers answer and time passes.

The first route of each state goes on towards an end, so that a world in which nothing fails any more comes to rest.
"""

from __future__ import annotations

ORDER = """
process: order
title: Services with retries, own outcomes, and undo
need: Cloth and buttons
states:
  need: {type: need, fields: {metres: {type: integer}}, next: order_cloth}
  order_cloth:
    type: service
    call: order_cloth
    input: {metres: data.need.metres}
    retry: {attempts: 3, first: PT10S, factor: 2, longest: PT15S}
    undo: cancel_cloth
    on: {done: order_buttons, out_of_stock: sorry, failed: sorry}
  order_buttons:
    type: service
    call: order_buttons
    retry: {attempts: 2, first: PT10S, factor: 2, longest: PT15S}
    undo: cancel_buttons
    on: {done: agree}
  agree:
    type: approval
    by: customer
    within: P2D
    remind: P1D
    on:
      approved: charge
      changes: {to: order_cloth, undo: true}
      declined: {to: sorry, undo: true}
      expired: {to: sorry, undo: true}
  charge:
    type: service
    call: charge
    retry: {attempts: 4, first: PT10S, factor: 2, longest: PT1M}
    on: {done: fulfilled, refused: {to: sorry, undo: true}, failed: {to: sorry, undo: true}}
  fulfilled: {type: fulfilled}
  sorry: {type: ended, because: It could not be had}
always:
  withdraw: {by: customer, undo: true, to: sorry}
"""

FORK = """
process: fork
title: Branches, items, and joins
need: A set of chairs
roles: {joiner: {title: Joiner}, painter: {title: Painter}}
questions: {for: [joiner, painter], within: PT10M}
promise: {by: 'job.started + duration("3h")', kept: passed("making")}
states:
  need: {type: need, fields: {chairs: {type: integer}}, next: making}
  making:
    type: parallel
    branches:
      wood:
        start: buy_wood
        states:
          buy_wood: {type: service, call: buy_wood, undo: sell_wood,
                     retry: {attempts: 3, first: PT10S, factor: 2, longest: PT15S}, on: {done: done, failed: done}}
      plan:
        start: draw
        states:
          draw: {type: task, for: joiner, fields: {pages: {type: integer}}, on: {done: rest}}
          rest: {type: wait, for: PT2H, on: {elapsed: done}}
      frames:
        after: [wood, plan]
        start: saw
        states: {saw: {type: task, for: joiner, on: {done: done}}}
    join: all
    on: {joined: paint}
  paint:
    type: each
    of: '["back", "seat", "legs"]'
    at_a_time: 2
    start: mix
    states:
      mix: {type: service, call: mix_colour, input: {part: item},
            retry: {attempts: 3, first: PT10S, factor: 2, longest: PT15S}, on: {done: brush, failed: brush}}
      brush: {type: task, for: painter, within: P3D, on: {done: done, again: mix, expired: done}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: The chairs are not wanted any more}
always:
  withdraw: {by: customer, when: '!passed("making")', undo: true, to: gone}
"""

RACE = """
process: race
title: What comes first
need: An answer from the mill
roles: {host: {title: Host}}
starts: {message: asked, customer: key, need: {number: message.number}}
states:
  need: {type: need, fields: {number: {type: string}}, next: wait_for_mill}
  wait_for_mill:
    type: race
    of:
      letter: {type: message, name: letter, key: data.need.number, keep: P2D}
      other: {type: choice, ask: Another cloth, choose: {cloth: {from: [navy, grey]}}}
      probe: {type: service, call: ask_mill, retry: {attempts: 2, first: PT1M, factor: 2, longest: PT1H}}
      late: {type: wait, for: P5D}
    on: {letter: call_back, other: call_back, probe.done: call_back, probe.failed: call_back, late: call_back}
  call_back:
    type: task
    for: host
    within: P3D
    escalate: {after: P1D, to: staff}
    on: {done: rate, again: wait_for_mill, expired: rate}
  rate:
    type: feedback
    refer: true
    within: P2D
    on: {given: fulfilled, expired: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: The customer went away}
always:
  withdraw: {by: customer, to: gone}
"""

HOUSE = """
process: house
title: A job that calls others
need: A house
roles: {builder: {title: Builder}}
states:
  need: {type: need, fields: {rooms: {type: integer}}, next: kitchen}
  kitchen:
    type: call
    process: kitchen
    need: {size: data.need.rooms * 2}
    within: P20D
    on: {fulfilled: see, ended: see, expired: see}
  see:
    type: approval
    by: customer
    within: P2D
    on: {approved: fulfilled, changes: kitchen, declined: gone, expired: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: The house is not wanted}
always:
  withdraw: {by: customer, when: '!passed("kitchen")', to: gone}
"""

KITCHEN = """
process: kitchen
title: A job that is called
need: A kitchen
roles: {builder: {title: Builder}}
states:
  need: {type: need, fields: {size: {type: integer}}, next: stone}
  stone: {type: service, call: cut_stone, undo: glue_stone,
          retry: {attempts: 2, first: PT10S, factor: 2, longest: PT15S}, on: {done: build}}
  build:
    type: task
    for: builder
    fields: {colour: {type: string}}
    within: P30D
    on: {done: fulfilled, impossible: gone, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It does not fit}
always:
  withdraw: {by: customer, undo: true, to: gone}
"""

MEETING = """
process: meeting
title: A vote and an appointment
need: A decision and a date
roles: {host: {title: Host}}
groups: {members: {title: Members}}
calendars:
  room: {zone: Europe/London, open: {mon-sun: "09:00-17:00"}, every: PT30M, ahead: P14D}
states:
  need: {type: need, next: vote}
  vote:
    type: vote
    of: {group: members}
    options: [attack, defend]
    secret: false
    early: true
    quorum: 0.5
    within: P2D
    tie: first
    on: {decided: meet, no_quorum: meet}
  meet:
    type: fitting
    with: host
    calendar: room
    length: PT1H
    hold: PT20M
    fields: {words: {type: string}}
    within: P5D
    on: {held: fulfilled, missed: meet, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No date was found}
"""

PROCESSES = {"order": ORDER, "fork": FORK, "race": RACE, "house": HOUSE, "kitchen": KITCHEN, "meeting": MEETING}

STARTED = ("order", "fork", "race", "house", "meeting")
"""Those that customers start; a kitchen is called by a house."""

ATTEMPTS = {
    "order_cloth": 3, "order_buttons": 2, "charge": 4, "buy_wood": 3, "mix_colour": 3, "ask_mill": 2, "cut_stone": 2,
}  # fmt: skip
"""How often each handler may be tried, as the processes say."""

OUTCOMES = {"order_cloth": ("done", "out_of_stock"), "charge": ("done", "refused")}
"""The outcomes of handlers that know more than ``done``; the first leads on."""

HANDLERS = (*ATTEMPTS, "cancel_cloth", "cancel_buttons", "sell_wood", "glue_stone")
