"""Versions are made of what a process means, not of how its file is written."""

from __future__ import annotations

import pytest

from flowengine.language import parse

SHOP = """\
process: shop
title: A shop
need: Something nice
roles:
  tailor: {title: Tailor}
  cutter: {title: Cutter}
options:
  cloth: [{id: navy, title: Navy, price: 4}, {id: grey, title: Grey}]
states:
  need: {type: need, ask: What?, fields: {n: {type: integer}}, next: choose}
  choose:
    type: choice
    ask: Which?
    choose: {cloth: {from: cloth}, pockets: {from: [2, 3]}}
    within: P7D
    on: {chosen: cut, expired: given_up}
  cut:
    type: task
    for: tailor
    title: "Cut"
    on: {done: fulfilled, spoilt: choose}
  fulfilled: {type: fulfilled}
  given_up: {type: ended, because: Nobody chose}
"""


CALENDARS = """\
zone: Europe/London
calendars:
  shop: {zone: Europe/London, open: {mon: "09:00-17:00"}, every: PT1H, closed: ["2026-12-24", "2027-01-01"]}
states:
"""


def _version(text: str) -> str:
    return parse(text).version


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n", "\r\n"),
        ("process:", "\ufeffprocess:"),
        ("process:", "# a word about it\nprocess:"),
        ('title: "Cut"', "title: 'Cut'   # the cloth"),
        ('    for: tailor\n    title: "Cut"\n', "    title: Cut\n    for: tailor\n"),
        ("roles:\n  tailor: {title: Tailor}\n  cutter: {title: Cutter}\n", "roles: {cutter: Cutter, tailor: Tailor}\n"),
        ("within: P7D", "within: P1W"),
        ("{n: {type: integer}}", "{n: {type: integer, optional: false}}"),
        ("next: choose}", "on: {stated: choose}}"),
        ('    title: "Cut"\n', ""),
    ],
)
def test_how_a_file_is_written_makes_no_version(old: str, new: str) -> None:
    """Line ends, a byte order mark, comments, quotes, the order of keys, and defaults written out mean nothing."""
    assert old in SHOP
    once = -1 if old == "\n" else 1
    assert _version(SHOP.replace(old, new, once)) == _version(SHOP)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("What?", "What now?"),
        ("within: P7D", "within: P8D"),
        ("for: tailor", "for: cutter"),
        ("{done: fulfilled, spoilt: choose}", "{spoilt: choose, done: fulfilled}"),
        ("{cloth: {from: cloth}, pockets: {from: [2, 3]}}", "{pockets: {from: [2, 3]}, cloth: {from: cloth}}"),
        ("[2, 3]", "[3, 2]"),
        ("price: 4", "price: 5"),
        ("type: integer", "type: integer, minimum: 0"),
        ("type: integer", "type: number"),
        ("  fulfilled: {type: fulfilled}\n  given_up: {type: ended, because: Nobody chose}\n",
         "  given_up: {type: ended, because: Nobody chose}\n  fulfilled: {type: fulfilled}\n"),
    ],
)  # fmt: skip
def test_what_a_job_or_a_person_could_notice_makes_a_version(old: str, new: str) -> None:
    """Words, people, times, options and the order in which states, questions and outcomes stand."""
    assert old in SHOP
    assert _version(SHOP.replace(old, new, 1)) != _version(SHOP)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('["2026-12-24", "2027-01-01"]', '["2027-01-01", "2026-12-24"]', True),
        ("{zone: Europe/London, open", "{open", True),
        ("{zone: Europe/London, open", "{zone: Europe/Paris, open", False),
        ('["2026-12-24", "2027-01-01"]', "{holidays: GB}", False),
        ("within: P7D", "within: {working: P7D}", False),
    ],
)
def test_what_a_calendar_means(old: str, new: str, same: bool) -> None:
    """The order of closed days means nothing, nor the process's zone written out; holidays and working time do."""
    text = SHOP.replace("states:\n", CALENDARS)
    assert old in text
    assert (_version(text.replace(old, new, 1)) == _version(text)) is same


def test_the_version_of_a_process_stays() -> None:
    """The version is a promise to every database that holds it: this text keeps this one."""
    assert _version(SHOP) == "d9df9150cb3e"
