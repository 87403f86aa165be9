"""A coat made with its customer: each kind of step that waits for one."""

COATS = """
process: coat
title: A coat made with you
need: A coat
zone: Europe/London
currency: GBP
roles: {tailor: {title: Tailor}}
groups: {members: {title: Members}}
options:
  cloth:
    - {id: navy, title: "Navy <b>flannel", price: 420, lead_time: P12D,
       description: Soft and warm, picture: /looks/navy.svg}
    - {id: tweed, title: Tweed, price: 460.5, lead_time: P40D, picture: "//evil.example/x.svg"}
  extras: [{id: cuffs, title: Cuffs, price: 60}, {id: ticket, title: A ticket pocket, price: 25}]
  buttons: [{id: horn, title: Horn, price: 3}, {id: metal, title: Metal, price: 2}]
promise: {by: data.need.by}
states:
  need:
    type: need
    ask: What is the coat for?
    fields:
      what: {type: string, title: What for, minLength: 2, maxLength: 200}
      by: {type: string, format: date, title: Needed by, earliest: now}
    next: choose
  choose:
    type: choice
    ask: Choose your cloth
    shows: {For: "{data.need.what}"}
    choose:
      cloth: {from: cloth, title: Cloth}
      extras: {from: extras, title: Extras, min: 0, max: 2}
      buttons: {from: buttons, title: Buttons, quantity: true, min: 1, max: 12}
    within: P7D
    on: {chosen: about_you, expired: gone}
  about_you:
    type: ask
    ask: Tell us about yourself
    fields:
      height: {type: number, title: Height, unit: cm, minimum: 100, maximum: 230}
      warm: {type: boolean, title: Do you get cold easily?}
      photo: {type: file, kinds: [text], title: A photo, optional: true}
      who:
        type: object
        title: Who comes with you
        optional: true
        properties: {name: {type: string, title: Name}}
        required: [name]
    within: P7D
    on: {answered: measure, expired: gone}
  measure:
    type: fitting
    ask: When can we measure you?
    with: tailor
    length: PT45M
    hold: PT20M
    within: P14D
    on: {held: agree, missed: measure, expired: gone}
  agree:
    type: approval
    by: customer
    ask: Is this what you order?
    asks: code
    shows: {Cloth: "{data.choose.titles.cloth}", Together: "{money(data.choose.price)}"}
    within: P7D
    on: {approved: ballot, changes: choose, declined: gone, expired: gone}
  ballot:
    type: vote
    ask: Which colour for the lining?
    of: {group: members}
    options: [{id: red, title: Red}, {id: blue, title: Blue}]
    changeable: true
    abstain: true
    secret: false
    live: 1
    within: P3D
    on: {decided: fulfilled, no_quorum: fulfilled, tied: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: The customer did not answer}
"""
