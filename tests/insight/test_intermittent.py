"""What is asked for a day: the methods of the literature, and which of them is taken."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from statistics import fmean

import pytest

from flowengine.insight.intermittent import rate, smoothed, syntetos_boylan, teunter_syntetos_babai

ORACLE = json.loads((Path(__file__).parent / "oracle.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ORACLE["rows"], ids=lambda row: f"{len(row['days'])} days, {sum(row['days'])} pieces")
def test_the_methods_say_what_another_library_says(row: dict[str, list[float]]) -> None:
    """Smoothing, Syntetos-Boylan and Teunter-Syntetos-Babai are to the last digit what statsforecast makes of them."""
    days = row["days"]
    assert smoothed(days) == pytest.approx(row["smoothed"], rel=1e-12)
    assert syntetos_boylan(days) == pytest.approx(row["syntetos_boylan"], rel=1e-12)
    assert teunter_syntetos_babai(days) == pytest.approx(row["teunter_syntetos_babai"], rel=1e-12)
    slow = teunter_syntetos_babai(days, 0.05, 0.3)
    assert slow == pytest.approx(row["teunter_syntetos_babai_slow"], rel=1e-12)


def test_the_method_is_taken_that_fits_the_demand() -> None:
    """Daily demand is smoothed; seldom demand is size by interval; few demands are averaged; what is not wanted any
    more fades; what never was is nothing."""
    assert rate([2, 1, 3, 2, 2, 0, 3, 1] * 5).method == "exponential smoothing"
    assert rate([0, 0, 0, 0, 1] * 20).method == "Syntetos-Boylan"
    assert rate([0, 0, 0, 0, 1] * 5) == (0.2, "the average", 1.0, 1 / 5)
    fading = rate([0, 0, 1] * 20 + [0] * 60)
    assert fading.method == "Teunter-Syntetos-Babai"
    assert fading.a_day < 0.05
    assert rate([]).a_day == rate([0, 0]).a_day == 0.0


def test_one_demand_on_the_first_day_is_no_demand_a_day() -> None:
    """The first choice of a new option does not make it a fast mover."""
    assert rate([1] + [0] * 29).a_day == pytest.approx(1 / 30)


def test_the_rate_is_right_on_average_and_as_sure_as_it_says() -> None:
    """Over many histories of demand by chance: the mean of the estimates is the truth within 7 %, and they spread as
    ``doubt`` says, within a third."""
    for truth in (0.1, 0.4, 3.0):
        found = []
        for seed in range(300):
            chance, at, days = Random(seed), 0.0, [0] * 300
            while (at := at + chance.expovariate(truth)) < 300:
                days[int(at)] += 1
            found.append(rate(days))
        mean = fmean(one.a_day for one in found)
        assert mean == pytest.approx(truth, rel=0.07)
        variance = fmean((one.a_day / truth - 1) ** 2 for one in found)
        assert variance == pytest.approx(fmean(one.doubt for one in found), rel=0.35)


def test_nothing_cannot_be_smoothed() -> None:
    """Without values there is no level."""
    with pytest.raises(ValueError, match="nothing to smooth"):
        smoothed([])
