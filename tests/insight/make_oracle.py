"""What another library says of intermittent demand, for the tests: its figures are kept, so that nobody has to install
it (it brings pandas, SciPy and Arrow: 580 MB). To make them anew, with ``statsforecast`` installed:

    python tests/insight/make_oracle.py
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from random import Random

ORACLE = Path(__file__).with_name("oracle.json")


def series() -> list[list[int]]:
    """Days of demand: daily, seldom, in lots, dying out, once."""
    chance = Random(20)
    found = [
        [sum(chance.random() < 0.5 for _ in range(4)) for _ in range(120)],
        [int(chance.random() < 0.2) for _ in range(120)],
        [chance.randrange(1, 9) * (chance.random() < 0.3) for _ in range(200)],
        [int(chance.random() < 0.6) for _ in range(40)] + [0] * 60,
        [0, 0, 3],
        [5],
        [0, 1, 0, 0, 0],
    ]
    return [days for days in found if any(days)]


def main() -> None:
    """Ask the other library, and write what it says."""
    import numpy
    from statsforecast.models import TSB, CrostonSBA, SimpleExponentialSmoothing

    def of(model: object, days: list[int]) -> float:
        fitted = model.fit(numpy.array(days, dtype=float))  # type: ignore[attr-defined]
        return float(fitted.predict(h=1)["mean"][0])

    rows = [
        {
            "days": days,
            "smoothed": of(SimpleExponentialSmoothing(0.1), days),
            "syntetos_boylan": of(CrostonSBA(), days),
            "teunter_syntetos_babai": of(TSB(0.1, 0.1), days),
            "teunter_syntetos_babai_slow": of(TSB(0.3, 0.05), days),
        }
        for days in series()
    ]
    versions = {name: version(name) for name in ("statsforecast", "numpy")}
    ORACLE.write_text(json.dumps({"versions": versions, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
