"""Ranges kept honest: factors that move outwards after a miss, and inwards after a hit."""

from __future__ import annotations

from random import Random

import pytest

from flowengine.insight.calibrating import MOST, STEP, Calibration


def test_a_miss_moves_outwards_nine_times_as_far_as_a_hit_moves_inwards() -> None:
    """So nine of ten are hit where it stands still; the middle moves alike both ways."""
    missed, hit = Calibration().after([(5, 9, 10)]), Calibration().after([(5, 9, 4)])
    assert missed.late == pytest.approx(STEP * 0.9)
    assert hit.late == pytest.approx(-STEP * 0.1)
    assert (missed.middle, hit.middle) == (pytest.approx(STEP / 2), pytest.approx(-STEP / 2))


def test_a_job_counts_once_however_often_it_is_looked_at() -> None:
    """Half of the looks missed is half a miss; no look changes nothing."""
    half = Calibration().after([(5, 9, 10), (5, 9, 4)])
    assert half.late == pytest.approx(STEP * 0.4)
    assert Calibration(0.3, 0.2).after([]) == Calibration(0.3, 0.2)


def test_whatever_happens_nine_of_ten_are_met_in_the_long_run() -> None:
    """Lengths that jump about and are estimated several times too short: of 2,000 jobs 90 % within 2 points."""
    chance, calibration, hits = Random(1), Calibration(), 0
    for number in range(2_000):
        truth = chance.lognormvariate(1 + 0.5 * (number // 400 % 3), 0.5)
        middle, late = calibration.corrected(1.0, 1.5)
        hits += truth <= late
        calibration = calibration.after([(middle, late, truth)])
    assert hits / 2_000 == pytest.approx(0.9, abs=0.02)


def test_no_factor_grows_without_bound() -> None:
    """A process that never keeps what is told stays with a number."""
    calibration = Calibration()
    for _ in range(1_000):
        calibration = calibration.after([(1, 1, 1e12)])
    assert (calibration.middle, calibration.late) == (MOST, MOST)
