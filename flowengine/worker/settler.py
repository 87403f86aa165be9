"""The settler of a worker: a thread that writes down what handlers came to, all that have just ended together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from time import sleep

from flowengine.commands.shell import Shell
from flowengine.errors import FlowError
from flowengine.work.ending import Done, settle_together
from flowengine.work.services import Held
from flowengine.work.together import MOST

log = logging.getLogger("flowengine.worker")

LINGER = 0.001
"""Seconds to wait for others, while more calls than one are in hand: a wait for the disk is shared by all of them."""

Ended = tuple[Held, Done]


class Settler:
    """Settles calls together. ``in_hand`` tells how many calls the worker has. ``settled`` is told of each that was
    kept, and ``alone`` of each that has to be settled by itself."""

    def __init__(
        self,
        shell: Shell,
        in_hand: Callable[[], int],
        settled: Callable[[Held], None],
        alone: Callable[[Held, Done], None],
    ) -> None:
        self._shell = shell
        self._in_hand = in_hand
        self._settled = settled
        self._alone = alone
        self._queue: SimpleQueue[Ended | None] = SimpleQueue()
        self._thread = Thread(target=self._live, name="flow settler", daemon=True)

    def start(self) -> None:
        """Begin to wait."""
        self._thread.start()

    def close(self) -> None:
        """End when what was given is settled."""
        self._queue.put(None)

    def give(self, held: Held, done: Done) -> None:
        """Write this down soon."""
        self._queue.put((held, done))

    def _live(self) -> None:
        while (first := self._queue.get()) is not None:
            ended = [first, *self._others()]
            for (held, done), kept in zip(ended, self._keep(ended), strict=True):
                if kept:
                    self._settled(held)
                else:
                    self._alone(held, done)

    def _others(self) -> list[Ended]:
        """What has ended meanwhile, too."""
        if self._in_hand() > 1:
            sleep(LINGER)
        found: list[Ended] = []
        while len(found) < MOST - 1:
            try:
                one = self._queue.get_nowait()
            except Empty:
                break
            if one is None:
                self.close()
                break
            found.append(one)
        return found

    def _keep(self, ended: list[Ended]) -> list[bool]:
        """Which of them are kept. Never raises: each that was not is tried by itself, and its own trouble is told."""
        try:
            return settle_together(self._shell, [(held.claimed, done) for held, done in ended])
        except FlowError as error:
            log.info("%d calls are settled one by one: %s", len(ended), error)
        except Exception:
            log.exception("%d calls cannot be settled together", len(ended))
        return [False] * len(ended)
