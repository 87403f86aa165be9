"""The crew of a worker: its hands, its heart and its chores, and the look that hands work out to them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from time import monotonic

from flowengine.commands import counting, voting
from flowengine.commands.shell import Shell
from flowengine.errors import StoreError
from flowengine.post.outbox import Post
from flowengine.runtime.waking import Ear
from flowengine.work import due, foresight, house, services
from flowengine.worker.caution import Caution
from flowengine.worker.chore import Chore
from flowengine.worker.hands import Hands
from flowengine.worker.heart import Heart
from flowengine.worker.tally import Tally

HEALING = 60.0
"""Seconds between two looks for what a clock that ran ahead has put off."""

PLENTY = 0.05
"""Seconds after a look in which more calls are taken without another, while there are as many as there are hands."""

COUNTING = 10.0
"""Seconds between two looks for jobs that insight has not counted yet, and for promises that may be at risk."""

NEVER = 3600.0
"""Seconds to wait when nothing is due at all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """How a worker works: the name its claims stand under, how many calls it runs at a time, how many timers it takes
    at once, and for how long a call stays with it when it is lost."""

    name: str
    concurrency: int
    limit: int
    lease: timedelta


class Crew:
    """All threads of one worker. ``trouble`` is what the database said last when one of them could not work."""

    def __init__(self, shell: Shell, post: Post, terms: Terms, ear: Ear, caution: Caution, gone: deque[str]) -> None:
        self.tally = Tally()
        self._shell = shell
        self._post = post
        self._terms = terms
        self._ear = ear
        self._gone = gone
        self._hands = Hands(shell, terms.concurrency, self._settled, caution)
        self._heart = Heart(shell, self._hands.held, terms.lease)
        self._timers = Chore("timers", lambda: due.fire_timers(shell, terms.limit), self._fired)
        self._ending = Event()
        self._messages = Chore("messages", self._deliver, lambda *_: ear.wake())
        self._votes = Chore("votes", lambda: voting.look_after_all(shell), self._fired)
        self._files = Chore("files", lambda: house.keep_house(shell, terms.limit), self._kept)
        self._insight = Chore("insight", self._learn, lambda *_: ear.wake())
        self._chores = (self._timers, self._messages, self._files, self._votes, self._insight)
        self._looked: datetime | None = None
        self._healed = self._asked = self._counted = -HEALING
        self.has_plenty = False
        """Whether the last time as many calls were there as could be taken."""
        self._idle = False

    def start(self) -> None:
        """Start the threads."""
        self._hands.start()
        self._heart.start()
        for chore in self._chores:
            chore.start()

    # what the threads say

    def _settled(self, well: bool) -> None:
        self.tally.add(calls=int(well), failed=int(not well))
        self._ear.wake()

    def _fired(self, done: int, failed: int) -> None:
        self.tally.add(timers=done, failed=failed)
        self._ear.wake()

    def _deliver(self) -> tuple[int, int]:
        """As long as there is anything to deliver: a slow receiver is waited for, and the others are not held up."""
        return self._post.deliver(None, self._ending, self._delivered)

    def _delivered(self, done: int, failed: int) -> None:
        self.tally.add(outbox=done, failed=failed)
        self._ear.wake()

    def _learn(self) -> tuple[int, int]:
        """Count what jobs teach, and look by it whether promises are at risk."""
        counted, uncounted = counting.count(self._shell)
        looked, failed = foresight.look(self._shell)
        return counted + looked, uncounted + failed

    def _kept(self, done: int, failed: int) -> None:
        self.tally.add(uploads=done, failed=failed)
        self._ear.wake()

    # looking

    def look(self) -> float:
        """See what is due and hand it out. After how many seconds something more will be. Raises StoreError."""
        now = self._shell.clock.now()
        resting = self.is_at_rest()
        self._mind_the_clock(now)
        self._take_over()
        if self.has_plenty and monotonic() - self._asked < PLENTY:
            self._take()
            self._idle = False
            return PLENTY
        self._asked = monotonic()
        with self._shell.reading() as tx:
            ahead = tx.ahead(now)
            is_new = self._shell.settings.scanner is not None and bool(tx.files.to_look_at(now, 1))
        fruitless = True
        if is_new:
            fruitless = self._files.fruitless
            self._files.wake()
        for moment, chore in ((ahead.timer, self._timers), (ahead.message, self._messages)):
            if moment is not None and moment <= now:
                fruitless = fruitless and chore.fruitless
                chore.wake()
        if ahead.call is not None and ahead.call <= now:
            fruitless = not self._take() and fruitless
        self._idle = resting and fruitless
        coming = ahead.next()
        return NEVER if coming is None else (coming - now).total_seconds() if coming > now else NEVER

    def _take(self) -> bool:
        """Take as many calls as there are free hands. Whether there was one."""
        wanted = self._hands.free
        if wanted <= 0:
            return False
        taken = services.take(self._shell, wanted, lease=self._terms.lease, worker=self._terms.name)
        self.has_plenty = len(taken) == wanted
        if taken:
            self._hands.give(taken)
            self._heart.wake()
        return bool(taken)

    def _take_over(self) -> None:
        """Make ready what workers had that are gone; each of them is forgotten once that is done."""
        while self._gone:
            services.free(self._shell, self._gone[0])
            self._gone.popleft()

    def _mind_the_clock(self, now: datetime) -> None:
        """Where the clock has jumped, or this process has stood still: prolong the leases that now seem to be over
        before anybody takes the calls anew, and free what was put off by a clock that ran ahead."""
        passed = timedelta() if self._looked is None else now - self._looked
        self._looked = now
        if passed > self._terms.lease / 2 or passed < timedelta():
            self._heart.beat()
        if passed < timedelta() or monotonic() - self._healed >= HEALING:
            services.heal(self._shell)
            self._post.heal()
            self._post.offer()
            self._files.wake()
            self._votes.wake()
            self._healed = monotonic()
        if monotonic() - self._counted >= COUNTING:
            self._insight.wake()
            self._counted = monotonic()

    def is_idle(self) -> bool:
        """Whether the last look found nothing that anybody here could do, while nothing ran."""
        return self._idle and self.is_at_rest()

    def is_at_rest(self) -> bool:
        """Whether nothing runs."""
        return not (self._hands.held() or any(one.busy for one in self._chores))

    @property
    def is_hungry(self) -> bool:
        """Whether there is plenty, and half of the hands have nothing to do."""
        return self.has_plenty and 2 * self._hands.free >= self._hands.most

    @property
    def stuck(self) -> int:
        """How many handlers overran their limits and run on."""
        return self._hands.stuck

    @property
    def trouble(self) -> StoreError | None:
        """What the database said last when something could not be done."""
        return self._hands.trouble or next((one.trouble for one in self._chores if one.trouble), None)

    # ending

    def end(self) -> None:
        """The chores begin nothing more; what runs goes on."""
        self._ending.set()
        for chore in self._chores:
            chore.stop()

    def close(self) -> None:
        """Give back what still runs, and end the threads."""
        self._hands.drop()
        self._heart.stop()
        self._hands.close()
        for chore in self._chores:
            chore.join(0.5)
