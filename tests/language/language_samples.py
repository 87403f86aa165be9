"""Process files for the tests of the language: accepted ones that use every key, and refused ones for every code."""

from __future__ import annotations

HEAD = """\
process: sample
need: Something that helps
"""

WHOLE = (
    HEAD
    + """\
title: A sample
roles:
  tailor: {title: The tailor}
  cutter: Cutter
groups:
  members: {title: The members}
  board: The board
options:
  cloth:
    - navy
    - 7
    - true
    - {id: grey, title: Grey worsted, price: 380, lead_time: P3D, colour: '#777', care: [dry, cold]}
calendars:
  shop:
    zone: Europe/London
    open: {mon-thu: '09:00-12:00, 13:00-17:00', sat: 10:00-14:00}
    every: PT15M
    notice: PT2H
    ahead: P3W
    seats: 2
    closed: [2026-12-25, '2026-12-26']
promise: {by: data.need.needed_by, kept: passed("need")}
closed_to: [cutter]
always:
  withdraw:
    title: Withdraw from it
    by: [customer, tailor]
    when: '!passed("need")'
    to: gone
    set: {withdrawn.why: '"changed"', withdrawn.count: 1}
    undo: true
    asks: passkey
    fields: {why: {type: string}}
  recall: {message: recalled, key: job.id, to: gone}
  forget: {within: P1Y, to: gone}
states:
  need: {type: need, next: gone}
  gone: {type: ended, title: It is over, phase: Over, because: Gone}
  fulfilled: {type: fulfilled, title: Here it is, phase: Over, because: All is well}
"""
)

_NAMING = """
    title: A title
    phase: On the way
    takes: P2D
    uses: [fabric.cloth, pick.buttons]
"""
_WAITING = """
    ask: Dear {customer.name}, what now?
    shows: {Cloth: '{data.need.cloth}', Note: 'As {data.need.cloth} {{cut}}', customer: [concern, promise]}
    closed_to: cutter
    saves: suit.part
    within: P7D
    deadline_moved_by: tailor
    remind: [P3D, P6D]
    asks: code
"""
_ESCALATING = """\
    escalate:
      - {after: P2D, to: staff}
      - {after: P5D, to: [cutter, {group: members}]}
"""

STATES: dict[str, str] = {
    "need": _NAMING
    + """
    thanks: Thank you for that
    ask: What do you need?
    shows: [{title: Prices, value: From 300}, {title: Name, value: '{customer.name}'}]
    saves: wish
    fields: {occasion: {type: string}}
    next: end
    on: {}
""",
    "choice": _NAMING
    + _WAITING
    + _ESCALATING
    + """
    thanks: Thank you for that
    choose:
      cloth: {from: cloth, title: Your cloth, min: 0, max: 2}
      pockets: {from: [2, 3, 4]}
      buttons: {from: '{data.need.buttons}', quantity: true, max: 12}
      trims: {from: [a, {id: b, row: 2}], max: 2, limits: {row: {'2': 1, '3': {min: 0, max: 1}}}}
      lining: {from: data.need.linings}
    optional: true
    next: end
    on: {skipped: end, expired: end}
""",
    "ask": _NAMING
    + _WAITING
    + _ESCALATING
    + """
    thanks: Thank you for that
    fields: {more: {type: string}}
    optional: true
    next: end
    on: {skipped: end, later: end, expired: end}
""",
    "fitting": _NAMING
    + _WAITING
    + _ESCALATING
    + """
    thanks: Thank you for that
    with: tailor
    length: PT45M
    calendar: shop
    hold: PT15M
    remind_before: [P1D, PT2H]
    fields: {chest: {type: number}}
    next: end
    on: {missed: end, expired: end}
""",
    "approval": _NAMING
    + _WAITING
    + _ESCALATING
    + """
    thanks: Thank you for that
    attention: P2D
    by: {any: 2, of: [customer, tailor, {role: cutter}]}
    show: true
    next: end
    on: {changes: end, declined: end, expired: end}
""",
    "vote": _NAMING
    + _WAITING
    + """
    thanks: Thank you for that
    of: {group: members}
    options: [{id: a, title: The one, colour: red}, b]
    method: approval
    seats: 2
    limits: {colour: {red: {max: 1}}}
    quorum: 0.25
    rule: two_thirds
    weight: member.shares
    secret: false
    changeable: false
    abstain: true
    early: true
    live: 1
    tie: first
    next: end
    on: {no_quorum: end, tied: end, expired: end}
""",
    "feedback": _NAMING
    + _WAITING
    + _ESCALATING
    + """
    thanks: Thank you for that
    scale: [0, 10]
    refer: true
    fields: {more: {type: string, optional: true}}
    optional: true
    next: end
    on: {skipped: end}
""",
    "task": _NAMING
    + _WAITING
    + _ESCALATING
    + """
    thanks: Thank you for that
    attention: P2D
    for: [tailor, {person: 'by("need")'}, {people: data.need.people}]
    open_to: customers
    not_by: [need, {person: data.need.who}]
    prefer: by("need")
    claim: P3D
    fields:
      chest:
        type: number
        title: Chest
        unit: cm
        optional: true
        show: true
        minimum: 10
      who: {type: person, role: tailor}
      photo: {type: file, kinds: [picture, pdf], title: A photo, description: Of all of it, optional: true, show: true}
      plan: {type: file, kinds: text, optional: true}
      papers: {type: array, items: {type: file, kinds: [document]}, maxItems: 3, optional: true}
      others: {type: array, items: {type: person, group: members}, maxItems: 3}
    next: end
    on:
      expired: {to: end, when: now > now, set: {late: true}, undo: true, title: Too late}
      other:
        - {to: end, when: outcome == "other"}
        - end
""",
    "service": _NAMING
    + """
    attention: P2D
    saves: order
    within: '{data.need.by}'
    fields: {number: {type: integer}}
    call: shop.order:cloth
    input: {cloth: data.need.cloth, count: 2, fast: true, none: null}
    retry: {attempts: 3, first: PT1S, factor: 1.5, longest: PT1M}
    limit: PT30S
    undo: {call: cancel, words: "The {data.need.cloth} is cancelled", costs: 2}
    next: end
    on: {failed: end, expired: end, sold_out: end}
""",
    "decision": """
    title: Which way
    phase: On the way
    rules:
      - {when: data.a > 1, to: end, set: {way: '"left"'}, undo: true}
      - {when: true, to: end}
    else: {to: end, set: {way: '"right"'}}
""",
    "tell": """
    title: Say so
    to: [everyone, tailor, {role: tailor}, {group: members}, {person: 'by("need")'}]
    say: 'It is done: {data.need.cloth}'
    shows: {Cloth: '{data.need.cloth}'}
    next: end
    on: {}
""",
    "wait": _NAMING + "\n    for: '{data.need.by}'\n    next: end\n    on: {}\n",
    "message": _NAMING
    + """
    attention: P2D
    saves: paper
    within: P1M
    fields: {number: {type: integer}}
    name: paper_came
    key: job.id
    keep: P2D
    next: end
    on: {expired: end}
""",
    "race": _NAMING
    + """
    attention: P2D
    saves: winner
    within: P7D
    of:
      answer: {type: ask, fields: {yes: {type: boolean}}, within: P2D, saves: reply}
      late: {type: wait, until: now}
      work: {type: task, for: tailor}
    next: end
    on: {work.other: end, expired: end}
""",
    "parallel": _NAMING
    + """
    within: P90D
    join: done >= 1
    rest: continue
    one_at_a_time: true
    branches:
      one:
        title: The first
        start: b
        states: {a: {type: wait, for: P1D, next: done}, b: {type: wait, for: P1D, next: a}}
        always: {stop: {by: customer, to: done}}
      two: {when: data.x, after: one, states: {c: {type: wait, for: P1D, next: done}}}
    next: end
    on: {expired: end}
""",
    "each": _NAMING
    + """
    saves: tries
    within: P90D
    of: data.need.people
    as: person
    start: b
    states: {a: {type: wait, for: P1D, next: done}, b: {type: wait, for: P1D, next: a}}
    always: {stop: {by: customer, to: done}}
    at_a_time: 3
    more: true
    items: {type: string, maxLength: 80}
    most: 50
    join: 2
    rest: cancel
    next: end
    on: {expired: end}
""",
    "call": _NAMING
    + """
    attention: P2D
    saves: weave
    within: P9D
    process: weaving
    at: mill
    for: [tailor, {person: 'by("need")'}]
    agreement: 0a1b2c3d4e5f6789
    need: {colour: data.need.colour}
    next: end
    on: {ended: end, expired: end}
""",
    "stage": _NAMING
    + """
    within: P9D
    start: [{to: a, when: data.need.ok, set: {x: 1}, title: So}, b]
    states: {a: {type: wait, for: P1D, next: done}, b: {type: wait, for: P1D, next: a}}
    always: {stop: {by: customer, to: done}}
    next: end
    on: {expired: end}
""",
    "fulfilled": "\n    title: Here it is\n    phase: Over\n    because: All is well\n",
    "ended": "\n    title: It is over\n    phase: Over\n    because: The mill burnt down\n",
}
"""For every type one state that uses every key of it, but for those that exclude others."""

ALTERNATIVES: dict[str, tuple[str, ...]] = {
    "service": (
        "\n    http: https://mill.example/order\n    undo: https://mill.example/cancel?at=once\n    next: end\n",
    ),
    "message": ("\n    name: closed\n    all: true\n    next: end\n",),
    "wait": ("\n    until: date(data.need.by) + days(3)\n    next: end\n",),
    "parallel": (
        "\n    branches: {one: {type: wait, for: P1D, when: data.x, after: two}, two: {type: wait, for: P2D}}"
        "\n    next: end\n",
    ),
    "decision": ("\n    else: end\n",),
    "vote": (
        "\n    of: customers\n    options: [a, b]\n    method: score\n    highest: 10\n    within: P1D"
        "\n    on: {decided: end, no_quorum: end, tied: end}\n",
    ),
}
"""The keys that :data:`STATES` cannot use at the same time."""


def state(type_name: str, keys: str) -> str:
    """A process file with one state of a type, called ``it``."""
    shop = "calendars: {shop: {zone: UTC, open: {mon: '09:00-10:00'}, every: PT30M}}\n"
    end = "  end: {type: ended, because: It is over}\n"
    return f"{HEAD}{shop}states:\n  it:\n    type: {type_name}{keys}{end}"


def task(keys: str) -> str:
    """A process with one task that has further keys, all in one line."""
    return f"{HEAD}states:\n  work: {{type: task, for: a, {keys}}}\n"


def accepted() -> dict[str, str]:
    """Every accepted sample by name."""
    files = {"whole": WHOLE} | {name: state(name, keys) for name, keys in STATES.items()}
    for name, others in ALTERNATIVES.items():
        files |= {f"{name} {index}": state(name, keys) for index, keys in enumerate(others)}
    return files


def calendar(keys: str) -> str:
    """A process with one calendar."""
    return f"{HEAD}calendars: {{a: {{{keys}}}}}\nstates: {{}}\n"


def one(mapping: str) -> str:
    """A process with one state."""
    return f"{HEAD}states:\n  it: {mapping}\n"


WAIT = "{type: wait, for: P1D, next: done}"

REFUSED: list[tuple[str, str]] = [
    ("wrong-type", "§- a\n- b\n"),
    ("wrong-type", "§just a text\n"),
    ("wrong-type", HEAD + "states: §[a]\n"),
    ("wrong-type", HEAD + "states:\n  it:§\n"),
    ("wrong-type", task("fields: §3")),
    ("wrong-type", task("next: {to: done, title: §[a]}")),
    ("wrong-type", one("{type: ask, optional: §sometimes, next: done}")),
    ("missing-key", one("{type: stage, start: §{when: x}, states: {a: {type: wait, for: P1D}}}")),
    ("unknown-key", one("{type: stage, start: {to: a, §undo: true}, states: {a: {type: wait, for: P1D}}}")),
    ("unknown-key", one("{type: task, for: a, §optional: true, next: done}")),
    ("unknown-value", one("{type: ask, asks: §link, next: done}")),
    ("missing-key", one("§{type: decision}")),
    ("unknown-type", one("{type: parallel, branches: {a: {type: §tusk}}, next: done}")),
    ("unknown-key", one("{type: parallel, branches: {a: {type: wait, for: P1D, §states: {}}}, next: done}")),
    ("wrong-type", one("{type: parallel, branches: {a: {type: wait, for: P1D, when: §[a]}}, next: done}")),
    ("wrong-type", task("title: §2026")),
    ("wrong-type", task("next: {to: §[a]}")),
    ("wrong-type", task("prefer: §[a]")),
    ("wrong-type", task("within: §3")),
    ("wrong-type", one("{type: §3}")),
    ("wrong-type", one("{type: vote, of: §members, options: [a]}")),
    ("wrong-type", one("{type: feedback, refer: §'yes'}")),
    ("wrong-type", one("{type: feedback, scale: [1, §b]}")),
    ("wrong-type", one("{type: vote, of: customers, options: [§1.5]}")),
    ("missing-key", "§process: sample\n"),
    ("missing-key", HEAD + "states:\n  it: §{title: It}\n"),
    ("missing-key", one("§{type: task}")),
    ("missing-key", one("§{type: service}")),
    ("missing-key", one("§{type: wait}")),
    ("missing-key", one("§{type: choice}")),
    ("missing-key", one("{type: approval, by: §{any: 2}}")),
    ("missing-key", one("§{type: ended}")),
    ("too-many-keys", one("{type: service, call: a, §http: 'https://a.example'}")),
    ("too-many-keys", one("{type: wait, for: P1D, §until: now}")),
    ("too-many-keys", task("§next: a, on: {done: b}")),
    ("too-many-keys", HEAD + "always: {a: {by: customer, §message: m, to: x}}\nstates: {}\n"),
    ("unknown-key", HEAD + "§colour: red\nstates: {a: {type: fulfilled}}\n"),
    ("unknown-key", task("§nxet: a")),
    ("unknown-key", task("fields: {x: {type: string, §minimun: 3}}")),
    ("unknown-key", task("fields: {x: {type: array, items: {§$ref: 'http://a.example'}}}")),
    ("unknown-key", one("{type: race, of: {a: {type: wait, for: P1D, §next: a}}}")),
    ("unknown-type", one("{type: §tsak}")),
    ("unknown-type", one("{type: race, of: {a: {type: §need}}}")),
    ("unknown-value", one("{type: vote, of: customers, options: [a], rule: §most}")),
    ("unknown-value", one("{type: vote, of: customers, options: [a], method: §condorcet}")),
    ("too-many-keys", one("{type: vote, of: customers, options: [a], method: ranking, §rule: majority}")),
    ("too-many-keys", one("{type: vote, of: customers, options: [a], method: score, §rule: plurality}")),
    ("too-many-keys", one("{type: vote, of: customers, options: [a], method: approval, §highest: 3}")),
    (
        "too-many-keys",
        one("{type: vote, of: customers, options: [a], method: ranking, seats: 2, §limits: {x: {y: 1}}}"),
    ),
    ("too-many-keys", one("{type: vote, of: customers, options: [a], changeable: false, weight: '1', §live: 5}")),
    ("too-many-keys", one("{type: vote, of: customers, options: [a], §live: 5}")),
    ("bad-number", one("{type: vote, of: customers, options: [a], changeable: false, §live: 4}")),
    ("bad-number", one("{type: vote, of: customers, options: [a], secret: false, §live: 5}")),
    ("bad-number", one("{type: vote, of: customers, options: [a], method: score, highest: §0}")),
    ("bad-length", HEAD + "states: §{}\n"),
    ("bad-length", task("next: §[]")),
    ("bad-length", one("{type: race, of: §{}}")),
    ("bad-length", one("{type: parallel, branches: §{}}")),
    ("bad-name", "process: §My Process\nneed: x\nstates: {a: {type: fulfilled}}\n"),
    ("bad-name", HEAD + "states: {§a-b: {type: fulfilled}}\n"),
    ("bad-name", task("next: §To End")),
    ("bad-name", task("on: {§a.b.c: x}")),
    ("bad-name", task("saves: §a..b")),
    ("bad-name", one("{type: service, call: §'rm -rf'}")),
    ("bad-name", one("{type: vote, of: customers, options: [§'']}")),
    ("too-long", HEAD + "states: {§" + "a" * 61 + ": {type: fulfilled}}\n"),
    ("too-long", task("title: §" + "a" * 201)),
    ("too-long", task("ask: §" + "a" * 10_001)),
    ("reserved-name", HEAD + "states: {§done: {type: fulfilled}}\n"),
    ("reserved-name", HEAD + "roles: {§staff: Staff}\nstates: {a: {type: fulfilled}}\n"),
    ("reserved-name", one("{type: choice, choose: {§price: {from: [a]}}}")),
    ("reserved-name", one("{type: choice, choose: {§price: {from: [a]}}}")),
    ("reserved-name", one("{type: choice, choose: {§price: {from: [a]}}}")),
    ("reserved-name", one("{type: race, of: {§expired: {type: wait, for: P1D}}}")),
    ("duplicate-state", one("{type: stage, states: {§it: {type: wait, for: P1D, next: done}}}")),
    ("duplicate-option", one("{type: vote, of: customers, options: [1, §'1']}")),
    ("bad-title", task("title: §' '")),
    ("bad-text", task("ask: §' '")),
    ("bad-text", "process: sample\nneed: §' '\nstates: {a: {type: fulfilled}}\n"),
    ("bad-duration", task("within: §3 days")),
    ("bad-duration", task("remind: [P1D, §PT0S]")),
    ("bad-duration", task("takes: §P200Y")),
    ("bad-duration", calendar("zone: UTC, open: {mon: '09:00-10:00'}, every: §P2D")),
    ("bad-expression", task("prefer: §1 +")),
    ("bad-expression", task("prefer: §''")),
    ("bad-expression", task("ask: §'Hello {name'")),
    ("bad-expression", task("within: §'{1 +}'")),
    ("bad-number", one("{type: vote, of: customers, options: [a], quorum: §1.5}")),
    ("bad-number", one("{type: feedback, scale: §[5, 1]}")),
    ("bad-number", one("{type: approval, by: {§any: 3, of: [customer, a]}}")),
    ("bad-number", one("{type: choice, choose: {a: {from: [1, 2], §min: 3, max: 3}}}")),
    ("bad-number", one("{type: choice, choose: {a: {from: [1, 2], §min: 2, max: 1}}}")),
    ("bad-number", one("{type: service, call: a, retry: §{first: PT1H, longest: PT1S}}")),
    ("bad-number", task("prefer: §99999999999999999999")),
    ("bad-number", task("prefer: §1e999")),
    ("bad-number", task("prefer: §.nan")),
    ("bad-field", task("fields: {x: {type: string, §pattern: '('}}")),
    ("bad-field", task("fields: {x: {type: number, minimum: 3, §maximum: 2}}")),
    ("bad-hours", calendar("zone: UTC, open: {§monday: '09:00-10:00'}, every: PT1H")),
    ("bad-hours", calendar("zone: UTC, open: {§fri-mon: '09:00-10:00'}, every: PT1H")),
    ("bad-hours", calendar("zone: UTC, open: {mon: §9-5}, every: PT1H")),
    ("bad-hours", calendar("zone: UTC, open: {mon: §'10:00-09:00'}, every: PT1H")),
    (
        "bad-hours",
        calendar("zone: UTC, open: {mon: §'09:00-11:00, 10:00-12:00'}, every: PT1H"),
    ),
    (
        "bad-hours",
        HEAD
        + "calendars: {a: {zone: UTC, open: {mon-fri: '09:00-10:00', §tue: '09:00-10:00'}, every: PT1H}}\nstates: {}\n",
    ),
    ("bad-schedule", HEAD + "starts: {every: §'0 7 * *', customer: '\"ada\"'}\nstates: {}\n"),
    ("bad-schedule", HEAD + "starts: [{every: §61 7 * * mon, customer: '\"ada\"'}]\nstates: {}\n"),
    ("too-many-keys", HEAD + "starts: {§every: 0 7 * * *, message: come, customer: '\"ada\"'}\nstates: {}\n"),
    ("too-many-keys", HEAD + "starts: {every: 0 7 * * *, §fields: {}, customer: '\"ada\"'}\nstates: {}\n"),
    ("missing-key", HEAD + "starts: §{every: 0 7 * * *}\nstates: {}\n"),
    ("bad-currency", HEAD + "currency: §gbp\nstates: {}\n"),
    ("bad-currency", HEAD + "currency: §XXX\nstates: {}\n"),
    ("unknown-language", HEAD + "language: §fr\nstates: {}\n"),
    ("unknown-language", HEAD + "texts: {§en: {Baker: Bakery}}\nstates: {}\n"),
    ("bad-zone", calendar("zone: §Mars/Base, open: {mon: '09:00-10:00'}, every: PT1H")),
    ("bad-zone", calendar("zone: §../etc, open: {mon: '09:00-10:00'}, every: PT1H")),
    (
        "bad-date",
        HEAD
        + "calendars: {a: {zone: UTC, open: {mon: '09:00-10:00'}, every: PT1H, closed: [§2026-02-30]}}\nstates: {}\n",
    ),
    ("bad-url", one("{type: service, http: §'file:///etc/passwd'}")),
    ("bad-url", one("{type: service, http: §'https://a.example:99999/'}")),
    ("bad-url", one("{type: service, http: §'https:/a.example'}")),
    ("bad-url", one("{type: service, call: a, undo: §'https://me:secret@a.example'}")),
    ("bad-name", one("{type: service, call: §'https://a.example'}")),
    ("bad-name", one("{type: call, process: a, at: §'Our mill'}")),
    ("bad-name", one("{type: call, process: a, at: b, for: staff, agreement: §soon}")),
    ("yaml-syntax", "process: [a\n§"),
    ("yaml-syntax", "need: a§: b\n"),
    ("empty-file", "§"),
    ("empty-file", "§# nothing\n"),
    ("empty-file", "§~\n"),
    ("several-documents", WHOLE + "§---\na: b\n"),
    ("anchor", HEAD + "title: §&a A\nstates: {a: {type: fulfilled}}\n"),
    ("alias", HEAD + "title: §*a\nstates: {a: {type: fulfilled}}\n"),
    ("tag", HEAD + "title: §!!str A\nstates: {a: {type: fulfilled}}\n"),
    ("merge-key", HEAD + "§<<: {title: A}\nstates: {a: {type: fulfilled}}\n"),
    ("duplicate-key", HEAD + "§need: Again\nstates: {a: {type: fulfilled}}\n"),
    ("duplicate-key", HEAD + "states: {a: {type: fulfilled}, §a: {type: fulfilled}}\n"),
    ("bad-key", HEAD + "states: {§1: {type: fulfilled}}\n"),
    ("bad-key", HEAD + "states: {? §[a] : {type: fulfilled}}\n"),
    ("bad-key", HEAD + "§true: x\nstates: {a: {type: fulfilled}}\n"),
    ("too-deep", HEAD + "title: " + "[" * 63 + "§" + "[" * 4_937),
    ("control-character", HEAD + "title: A§\x07\nstates: {a: {type: fulfilled}}\n"),
    ("control-character", HEAD + 'title: §"A\\e[31m"\nstates: {a: {type: fulfilled}}\n'),
]
"""Each code with a text that gives it; a § stands before the place where it is found."""


def unmarked(text: str) -> tuple[str, tuple[int, int]]:
    """A text without its §, and the line and column where that stood."""
    before, _, after = text.partition("§")
    return before + after, (before.count("\n") + 1, len(before) - before.rfind("\n"))
