"""What ``flow demo --club`` tells: a matchday that thousands of members shape, in simulated time.

The engine, its database and each ballot are real; the members, what they wish and the days are made up.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import perf_counter

from rich.console import Console

from flowengine import Engine, InvariantBroken, NotFound, Settings, SimulatedClock
from flowengine.samples import process_file

from ..telling import Telling
from . import wishes

LENGTH = timedelta(days=21)
"""No telling takes longer: it begins this long ago, so that it ends by now."""
THREADS = 8
TURNOUT = 0.3
"""The share of the members who vote; most of them have other things to do."""
NAMED = ("Kim", "Lou", "Max", "Noa")
"""Members who are seen to do more than vote."""
SEEN = ("We stood too deep after the break", "They left the wings open", "Oke was not to be caught")
"""What they saw of the match."""
SHOWN = 3
"""Options of a vote that are told, the strongest first."""


def tell(address: str, console: Console, members: int) -> tuple[str, str, str, str]:
    """Tell it on the database at an address: the short id of that job, and its customer; that of one in which a vote is
    open, and a member who has not voted there yet. Raises InvariantBroken where what is counted is not what was
    cast."""
    now = datetime.now(UTC).replace(microsecond=0)
    clock = SimulatedClock((now - LENGTH).replace(hour=9, minute=0, second=0))
    with Engine(address, clock=clock, handlers={}, settings=Settings.from_environment(os.environ)) as engine:
        club = Club(engine, clock, console, members)
        club.shape_the_match()
        club.play_and_learn()
        played = club.story.job
        clock.set(max(now, clock.now()))
        next_ = club.story.short(club.open_the_next())
        return club.story.short(played), club.members[0], next_, club.members[-1]


class Club:
    """A club with so many members, a trainer, and a match to be set up."""

    def __init__(self, engine: Engine, clock: SimulatedClock, console: Console, members: int) -> None:
        self.engine = engine
        self.kickoff = (clock.now() + timedelta(days=9)).replace(hour=14)
        self.members = [f"member-{number:05}" for number in range(1, members + 1)]
        engine.deploy(process_file("club_matchday"))
        began = perf_counter()
        rows = [{"id": id, "name": f"Member {id[7:]}", "groups": ["members"]} for id in self.members]
        engine.import_people(rows)
        engine.add_staff("tina", "Tina", roles=["trainer"])
        engine.add_staff("olga", "Olga", roles=["operator"])
        self.electorate = self.members
        named = dict(zip(self.members, NAMED, strict=False))
        for id, name in named.items():
            engine.set_name(id, name)
        self.story = Telling(engine, clock, console, self.members[0], named | {"tina": "Tina"})
        self.story.zone = engine.process("club_matchday").zone
        self.story.line("club", f"{members:,} members are entered", _seconds(began), "green")

    def shape_the_match(self) -> None:
        """Strategy, line-up and training: each of them a vote of all."""
        match = {"opponent": "Northport", "kickoff": self.kickoff.isoformat(), "at_home": True}
        self.story.begin("club_matchday", "wants a match", **match)
        self.vote("strategy", wishes.plan)
        self.change_members()
        self.vote("line_up", wishes.line_up)
        self.vote("training", wishes.training)
        self.story.act("tina", "train", "done", report="They ran, and they passed")

    def play_and_learn(self) -> None:
        """The match, and what the members learn from it."""
        self.story.until(self.kickoff)
        self.story.act("tina", "play", "done", ours=2, theirs=1)
        played = [str(one) for one in self.engine.data(self.story.job)["players"]]
        for who, seen in zip(self.members[1:], SEEN, strict=False):
            self.story.act(who, "write", "done", seen=seen)
        self.vote("vote_best", lambda member: wishes.best_player(member, played))
        self.story.act(self.members[0], "thanks", "given", rating=5)

    def open_the_next(self) -> str:
        """Another match, for which some have voted: its job."""
        kickoff = self.story.clock.now() + timedelta(days=9)
        match = {"opponent": "Dale End", "kickoff": kickoff.isoformat(), "at_home": False}
        self.story.begin("club_matchday", "wants another match", **match)
        voting = [one for one in self.members[:-1] if wishes.votes(f"next {one}", TURNOUT / 3)]
        step = self.story.step_of("strategy")
        self._cast(step, voting, wishes.plan)
        self._live(step)
        return self.story.job

    def vote(self, state: str, wish: Callable[[str], object]) -> None:
        """Those who vote cast their ballots, from several threads; the days go by until the vote is closed. Raises
        InvariantBroken."""
        step = self.story.step_of(state)
        voting = [one for one in self.electorate if wishes.votes(f"{state} {one}", TURNOUT)]
        began = perf_counter()
        cast: Counter[str] = Counter()
        for chosen in self._cast(step, voting, wish):
            cast.update(chosen if isinstance(chosen, list) else [chosen])
        seconds = perf_counter() - began
        speed = f"{len(voting) / seconds:,.0f} ballots a second"
        self.story.line("all", f"{len(voting):,} of {len(self.electorate):,} vote", speed)
        self._live(step)
        while self.story.waits_at(state):
            self.story.later(0.5)
        self._counted(state, cast)
        self.electorate = self.members

    def _cast(self, step: str, voting: Sequence[str], wish: Callable[[str], object]) -> list[object]:
        def one(member: str) -> object:
            chosen = wish(member)
            self.engine.act(step, "vote", {"for": chosen}, by=member, key=f"ballot {step} {member}")
            return chosen

        with ThreadPoolExecutor(THREADS) as threads:
            return list(threads.map(one, voting))

    def _live(self, step: str) -> None:
        """How it stands, for a member who looks meanwhile, where the file lets all see it."""
        tally = self.engine.step(step, self.members[0]).tally
        if tally is not None:
            best = sorted(tally.options, key=lambda one: -one.votes)[:SHOWN]
            told = ", ".join(f"{one.title} {one.votes:,}" for one in best)
            self.story.line("", f"Kim sees: {tally.cast:,} of {tally.voters:,} have voted. {told}", style="dim")

    def _counted(self, state: str, cast: Counter[str]) -> None:
        """What was counted is what was cast, each ballot once."""
        result = self.engine.data(self.story.job)[state]
        counted = {id: votes for id, votes in result["tally"].items() if votes}
        if counted != cast:
            raise InvariantBroken(f"counted is {counted}, and cast were {dict(cast)}", where=self.story.job)
        won = ", ".join(result.get("titles", {}).get(one, one) for one in result["winners"])
        self.story.line("vote", f"{sum(cast.values()):,} crosses, each of them counted once", won, "green")

    def change_members(self) -> None:
        """Some leave and some join while a vote is open: who votes in it is who was a member when it was opened. Raises
        InvariantBroken."""
        left, joined = self.members[-20:], [f"member-{len(self.members) + number:05}" for number in range(1, 31)]
        self.engine.import_people([{"id": id, "groups": []} for id in left])
        self.engine.import_people([{"id": id, "name": f"Member {id[7:]}", "groups": ["members"]} for id in joined])
        self.members = [*self.members[:-20], *joined]
        try:
            self.engine.act(self.story.step_of("line_up"), "vote", {"for": wishes.line_up(joined[0])}, by=joined[0])
        except NotFound:
            self.story.line("club", "20 members leave and 30 join; those vote from the next time on", style="green")
        else:
            raise InvariantBroken("who joined later has voted", where=self.story.job)


def _seconds(began: float) -> str:
    return f"{perf_counter() - began:.1f} s"
