"""``python -m examples.club``: a club of 13,000 members shapes a matchday, over HTTP, at a server of its own."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from examples.whole_story.installation import Installation
from examples.whole_story.person import NotAsTold
from examples.whole_story.play import database
from examples.whole_story.typist import Typist

from . import matchday


def main() -> None:
    """Play it, and say how long it took; the exit code is 1 at the first thing that is not as told."""
    parser = argparse.ArgumentParser(prog="python -m examples.club", description=__doc__)
    parser.add_argument("--members", type=int, default=13_000, help="of the club, who all vote (13,000)")
    parser.add_argument("--at", default="", help="an empty database; a SQLite file in a temporary folder unless given")
    parser.add_argument("--postgres", action="store_true", help="a PostgreSQL of the wheel, as long as it is played")
    asked = parser.parse_args()
    began = perf_counter()
    with tempfile.TemporaryDirectory(prefix="club") as name:
        folder = Path(name)
        given = asked.at or ("" if asked.postgres else f"sqlite:///{folder}/club.db")
        try:
            with database(given, folder) as address, Typist() as typist:
                place = Installation(address, folder, typist)
                place.machine.types("flow db create")
                with place.running():
                    matchday.play(place, asked.members)
        except NotAsTold as error:
            sys.exit(f"\nNot as it is told: {error}")
    print(f"\nAll went as it is told, in {perf_counter() - began:.0f} s.")


if __name__ == "__main__":
    main()
