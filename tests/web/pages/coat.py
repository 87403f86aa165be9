"""A coat: a process small enough to be walked on pages, with all that the page of a job shows."""

from __future__ import annotations

COAT = """
process: coat
title: A coat for you
need: A coat
zone: Europe/London
currency: GBP
roles: {tailor: {title: Tailor}}
options:
  cloth: [{id: tweed, title: Tweed, price: 100}, {id: wool, title: Wool <b>, price: 120}]
promise: {by: data.need.day}
states:
  need:
    type: need
    fields:
      day: {type: string, format: date, title: The day}
      wish: {type: string, title: A wish, optional: true}
    next: cloth
  cloth:
    type: choice
    title: Cloth
    ask: Which cloth?
    choose: {cloth: {from: cloth, title: Cloth}}
    within: P7D
    on: {chosen: make, expired: gone}
  make:
    type: parallel
    phase: Making your coat
    branches:
      cut:
        start: cut
        states:
          cut: {type: task, for: tailor, phase: Cutting your cloth, ask: Cut it, on: {done: sew}}
          sew: {type: task, for: tailor, phase: Sewing, ask: Sew it, on: {done: done}}
      money: {start: margin, states: {margin: {type: task, for: tailor, title: Reckon our margin, on: {done: done}}}}
    on: {joined: fits}
  fits:
    type: approval
    by: customer
    title: Your coat
    ask: Does it fit?
    within: P7D
    on: {approved: fulfilled, changes: make, declined: gone, expired: gone}
  fulfilled: {type: fulfilled, because: You wear it}
  gone: {type: ended, because: It did not come to a coat}
always:
  change_cloth:
    title: Choose another cloth
    by: customer
    when: '!passed("cut")'
    otherwise: you can until it is cut
    fields: {why: {type: string, title: Why, optional: true}}
    to: cloth
"""
