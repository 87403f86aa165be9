"""What made-up members would like: the same for the same member and match, so that a result can be checked."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

PLANS = {"attack": 55, "control": 25, "counter": 20}
DRILLS = {"pressing": 40, "passing": 30, "finishing": 20, "set_pieces": 10}
KEEPERS = {"ansel": 70, "bruno": 30}
DEFENDERS = {"cai": 30, "dov": 26, "emil": 20, "falk": 14, "gero": 10}
MIDFIELDERS = {"hanno": 30, "ivo": 26, "jannik": 20, "kees": 14, "levi": 10}
FORWARDS = {"milo": 40, "nils": 30, "oke": 20, "piet": 10}
FORMATIONS = ((4, 4, 2), (4, 3, 3), (3, 5, 2), (5, 3, 2))
"""Defenders, midfielders and forwards: what the limits of the file let be."""


def votes(member: str, turnout: float) -> bool:
    """Whether a member votes at all."""
    return Random(f"votes {member}").random() < turnout


def plan(member: str) -> str:
    """The plan that a member votes for."""
    return _some(Random(f"plan {member}"), PLANS, 1)[0]


def line_up(member: str) -> list[str]:
    """The eleven that a member would send out, as the file limits them."""
    chance = Random(f"line-up {member}")
    lines = zip((DEFENDERS, MIDFIELDERS, FORWARDS), chance.choice(FORMATIONS), strict=True)
    return [*_some(chance, KEEPERS, 1), *(one for line, number in lines for one in _some(chance, line, number))]


def training(member: str) -> list[str]:
    """The two drills that a member would have."""
    return _some(Random(f"training {member}"), DRILLS, 2)


def best_player(member: str, played: Sequence[str]) -> str:
    """Whom of those who played a member liked best."""
    return Random(f"best {member}").choice(sorted(played))


def _some(chance: Random, liked: dict[str, int], number: int) -> list[str]:
    """So many different ones, those more often that are liked more."""
    left, taken = dict(liked), []
    for _ in range(number):
        (one,) = chance.choices(list(left), list(left.values()))
        del left[one]
        taken.append(one)
    return taken
