"""What ``mypy --strict`` says of an application of flowengine: right uses pass, and wrong ones are found."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="mypy, which comes with the extra 'test', is not installed")

ROOT = Path(__file__).parents[1]

APPLICATION = {
    "handlers.py": """
        from collections.abc import Mapping
        from typing import Any

        from flowengine import GiveUp, Handler, HandlerCall, Later, Outcome

        def order(call: HandlerCall) -> Outcome | dict[str, int]:
            reveal_type(call.input)  # is Mapping[str, Any]
            call.input.get("metres")
            call.input.metres  # error: "Mapping[str, Any]" has no attribute "metres"
            call.input["metres"] = 3  # error: Unsupported target for indexed assignment ("Mapping[str, Any]")
            call.key = "mine"  # error: Property "key" defined in "HandlerCall" is read-only
            if call.attempt > 3:
                raise GiveUp("no cloth")
            return Outcome("out_of_stock", {"instead": "grey"})

        async def ask(call: HandlerCall) -> Later:
            return Later()

        def two(call: HandlerCall, more: str) -> None: ...

        def words(call: str) -> str:
            return call

        ALL: Mapping[str, Handler] = {"order": order, "ask": ask, "lambda": lambda call: call.key}
        TWO: Mapping[str, Handler] = {"two": two}  # error: Dict entry 0 has incompatible type
    """,
    "shop.py": """
        import flowengine
        from flowengine import Engin  # error: Module "flowengine" has no attribute "Engin"
        from flowengine import Engine, HandlerCall, Settings, SimulatedClock, Worker

        import handlers

        engine = Engine("sqlite://", handlers=handlers.ALL, settings=Settings())

        @engine.handler("cut")
        def cut(call: HandlerCall) -> dict[str, int]:
            return {"pieces": 3}

        reveal_type(cut)  # is def (call: flowengine.runtime.handlers.HandlerCall) -> dict[str, int]
        engine.handler("two")(handlers.two)  # error: Value of type variable "AnyHandler" of function cannot be
        engine.handler("words")(handlers.words)  # error: Value of type variable "AnyHandler" of function cannot be
        reveal_type(engine.handler("ask")(handlers.ask))  # is def (call: flowengine.runtime.handlers.HandlerCall)
        engine.register({"order": handlers.order, "ask": handlers.ask, "cut": cut})
        engine.register({"two": handlers.two})  # error: Dict entry 0 has incompatible type
        flowengine.strat  # error: Module has no attribute "strat"
        reveal_type(flowengine.__version__)  # is str
        Worker(engine)
    """,
    "acts.py": """
        import flowengine
        from flowengine import AnswerRefused, AddressRefused, BadAnswer, BadSignature, FlowError, Receipt

        from shop import engine

        def begin() -> Receipt:
            receipt = engine.start("bread", by="ada", need={"day": "2027-05-01"})
            reveal_type(receipt)  # is flowengine.views.replies.Receipt
            reveal_type(receipt.job)  # is str
            receipt.jobb  # error: "Receipt" has no attribute "jobb"
            engine.start("bread", need={})  # error: Missing named argument "by" for "start" of "Engine"
            engine.act(3, by="ada")  # error: Argument 1 to "act" of "Engine" has incompatible type "int"
            engine.strat("bread")  # error: "Engine" has no attribute "strat"
            return receipt

        def look() -> None:
            try:
                [item] = engine.inbox("ada")
                reveal_type(item.title)  # is str
                seen = engine.track(item.job, by="ada")
                reveal_type(seen)  # is flowengine.views.replies.CustomerTrack | flowengine.views.replies.StaffTrack
            except BadAnswer as error:
                reveal_type(error.problems)  # is dict[str, str]
                error.problem  # error: "BadAnswer" has no attribute "problem"
            except (BadSignature, AddressRefused, AnswerRefused) as error:
                reveal_type(error.possible)  # is tuple[str, ...]
            except FlowError as error:
                reveal_type(error.what)  # is str
            except flowengine.Refuse:  # error: Module has no attribute "Refuse"
                pass

        wrong: BadSignature = 3  # error: Incompatible types in assignment
    """,
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], list[str]]:
    """What mypy says of each line of the application."""
    folder = tmp_path_factory.mktemp("application")
    for name, text in APPLICATION.items():
        (folder / name).write_text(text.replace("\n        ", "\n"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", *APPLICATION],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "MYPY_CACHE_DIR": str(ROOT / ".mypy_cache/application")},
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found: dict[tuple[str, int], list[str]] = {}
    for line in done.stdout.splitlines():
        place = re.match(r"(\w+\.py):(\d+): (.*)", line)
        assert place is not None, line
        found.setdefault((place[1], int(place[2])), []).append(place[3])
    return found


@pytest.mark.parametrize("name", APPLICATION)
def test_every_line_is_judged_as_it_should_be(name: str, said: dict[tuple[str, int], list[str]]) -> None:
    """Each wrong use is an error, each right one is none, and what is revealed is a type that helps."""
    for number, line in enumerate(APPLICATION[name].splitlines(), 1):
        told = " / ".join(said.get((name, number), []))
        wanted = re.search(r"  # (error|is):? (.*)$", line)
        if wanted is None:
            assert not told, line
        elif wanted[1] == "is":
            assert told.startswith("note: Revealed type is"), (line, told)
            assert wanted[2] in told.replace("typing.", "").replace("builtins.", ""), (line, told)
        else:
            assert told.startswith(f"error: {wanted[2]}"), (line, told)
