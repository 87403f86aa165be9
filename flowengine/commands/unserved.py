"""Handlers that processes call and nobody here has: told at deploy and when a worker starts, not when a call fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowengine.commands.shell import Shell
from flowengine.language.model import Process
from flowengine.runtime.lanes import Lanes


def unserved(shell: Shell, processes: Iterable[Process]) -> dict[str, list[str]]:
    """The handlers that processes call and that neither this engine has nor an external worker serves, each with the
    services that call it (``process.state``)."""
    with shell.reading() as tx:
        outside = Lanes().of(tx, shell.clock.now())  # as it stands now, not as it was remembered
    found: dict[str, list[str]] = {}
    for process in processes:
        for where, handler in _called(process):
            if handler not in outside and not shell.handlers.has(handler):
                found.setdefault(handler, []).append(where)
    return found


def _called(process: Process) -> Iterator[tuple[str, str]]:
    """Where a process calls handlers, and which; undo handlers too."""
    for state in process.states():
        for member in state.members.values():
            for handler in member.handlers:
                if "://" not in handler:  # an URL is called by the engine itself
                    yield f"{process.name}.{state.name}", handler
