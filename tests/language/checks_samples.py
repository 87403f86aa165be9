"""Small processes for the tests of the checks."""

from __future__ import annotations

from flowengine.language import parse
from flowengine.language.checks import check
from flowengine.language.checks.codes import CODES
from flowengine.language.model import Process
from flowengine.problem import Problem

HEAD = """\
process: sample
need: Something small
roles: {clerk: {title: Clerk}, smith: {title: Smith}}
groups: {club: {title: The club}}
options:
  plain: [{id: oak, title: Oak}, {id: elm, title: Elm}]
  priced: [{id: gold, title: Gold, price: 20}, {id: tin, title: Tin, price: 2}]
calendars:
  shop: {zone: Europe/London, open: {mon-fri: "09:00-17:00"}, every: PT30M}
"""
NEED = """\
  need:
    type: need
    fields:
      name: {type: string}
      count: {type: integer}
      size: {type: number}
      wish: {type: string, optional: true}
      day: {type: string, format: date}
    next: FIRST
"""
ENDS = "  fulfilled: {type: fulfilled}\n"
GONE = "  gone: {type: ended, because: It was given up}\n"


def source(states: str, more: str = "") -> str:
    """A file with a need that leads to the first of the states, and with the ends that are led to."""
    first = states.strip().split(":")[0]
    ends = ENDS + (GONE if "gone" in states + more else "")
    return f"{HEAD}states:\n{NEED.replace('FIRST', first)}{states}{ends}{more}"


def process(states: str, more: str = "") -> Process:
    """The process of such a file, unchecked."""
    return parse(source(states, more), "sample.yaml", check=False)


def problems(states: str, more: str = "") -> list[Problem]:
    """What the checks find."""
    found = check(process(states, more))
    assert {problem.code for problem in found} <= CODES.keys()
    assert found == sorted(found)
    return found


def codes(states: str, more: str = "") -> list[str]:
    """The codes of what the checks find, in the order of the file."""
    return [problem.code for problem in problems(states, more)]


def work(*lines: str) -> str:
    """States, one a line."""
    return "".join(f"  {line}\n" for line in lines)
