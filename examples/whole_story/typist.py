"""Commands that begin where the program is loaded already: each is a process of its own, forked from one that waits.

A process of ``flow`` reads some five hundred files of Python before it does anything. Where a hundred commands are
typed one after the other, this one has read them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType


class Typist:
    """Runs commands of ``flow`` one after the other."""

    def __init__(self) -> None:
        self._waiting = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("FLOW_")},
        )  # fmt: skip

    def run(
        self, words: Sequence[str], folder: Path, environment: Mapping[str, str], pasted: str
    ) -> subprocess.CompletedProcess[str]:
        """One command in a folder, with an environment and what goes to its standard input."""
        line, answer = self._waiting.stdin, self._waiting.stdout
        assert line is not None
        assert answer is not None
        asked = {"words": [*words], "folder": str(folder), "environment": {**environment}, "pasted": pasted}
        line.write(f"{json.dumps(asked)}\n")
        line.flush()
        done = json.loads(answer.readline())
        return subprocess.CompletedProcess([*words], done["code"], done["out"], done["err"])

    def __enter__(self) -> Typist:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._waiting:
            assert self._waiting.stdin is not None
            self._waiting.stdin.close()


def main() -> None:
    """A line of JSON for each command that comes as one."""
    import flowengine.cli.acting
    import flowengine.client.local
    import flowengine.client.remote
    import flowengine.outside.http  # noqa: F401 - what commands load

    for line in sys.stdin:
        print(json.dumps(_ran(json.loads(line))), flush=True)


def _ran(asked: dict[str, object]) -> dict[str, object]:
    """What one command came to."""
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(str(asked["pasted"]).encode())
        given.seek(0)
        child = os.fork()
        if child == 0:
            _become(asked, (given.fileno(), out.fileno(), err.fileno()))
        _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return {"code": os.waitstatus_to_exitcode(status), "out": texts[0], "err": texts[1]}


def _become(asked: dict[str, object], streams: tuple[int, int, int]) -> None:
    """Be that command, and end."""
    from flowengine.cli import flow

    code = 70
    try:
        for place, stream in enumerate(streams):
            os.dup2(stream, place)
        os.chdir(str(asked["folder"]))
        os.environ.clear()
        os.environ.update(asked["environment"])  # type: ignore[call-overload]
        words = [str(one) for one in asked["words"]]  # type: ignore[attr-defined]
        flow.main(words, prog_name="flow")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
