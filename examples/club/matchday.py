"""A matchday that the members of a club shape: each with a ballot of his own, over HTTP."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import perf_counter, sleep

from examples.whole_story.crowd import Wish, ask_all
from examples.whole_story.installation import ROOT, Installation
from examples.whole_story.person import NotAsTold, Person, found

from . import wishes
from .looking import Looking, ask

KIM = "member-00000"
LOOKS = 200
PAUSE = 0.25
"""How often, and seconds after which, it is looked whether a worker has done what it has to."""


def play(place: Installation, members: int) -> None:
    """Strategy, line-up, training, match and what is learnt from it. Raises NotAsTold."""
    print(f"\n# A club of {members:,} members")
    club = Club(place, members)
    club.enter()
    club.open()
    club.vote("strategy", wishes.plan, early=True)
    club.change()
    club.vote("line_up", wishes.line_up)
    club.vote("training", wishes.training)
    club.train_and_play()
    club.learn()


class Club:
    """An installation with so many members; ``voters`` are those who were members when the open vote was opened."""

    def __init__(self, place: Installation, members: int) -> None:
        self.place = place
        self.otto, self.kim, self.tara, self.ben = (
            Person(name, place.folder / name, quick=place.quick) for name in ("otto", "kim", "tara", "ben")
        )
        self.members = [f"member-{number:05}" for number in range(members)]
        self.voters = self.members
        self.tokens: dict[str, str] = {}
        self.job = ""

    # before

    def enter(self) -> None:
        """They come in a file, all together; each has a token, as the page of the club would give him."""
        machine, url = self.place.machine, self.place.url
        machine.types(f"flow deploy {ROOT}/processes/club_matchday.yaml", sees=["club_matchday"])
        machine.types("flow people add otto --name Otto --role operator", sees=["operator"])
        machine.types("flow people add tara --name Tara --role trainer", sees=["trainer"])
        self.tokens["otto"] = found(r"(flow_\S+)", machine.types("flow token create operator otto"))
        self.otto.types(f"flow login {url} --token-stdin", pasted=self.tokens["otto"], sees=["Signed in at"])
        began = perf_counter()
        self._import([{"id": id, "name": f"Member {id[7:]}", "groups": ["members"]} for id in self.members])
        _took(f"{len(self.members):,} members are entered", perf_counter() - began, len(self.members))
        self._let_in([*self.members, "tara"])
        for one, id in ((self.kim, KIM), (self.ben, self.members[-1]), (self.tara, "tara")):
            one.types(f"flow login {url} --token-stdin", pasted=self.tokens[id], sees=["Signed in at"])

    def _import(self, rows: Sequence[dict[str, object]]) -> None:
        (self.otto.home / "members.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
        self.otto.types("flow people import members.jsonl", sees=[f"{len(rows):,}"])

    def _let_in(self, ids: Sequence[str]) -> None:
        """A token for each."""
        asked = [Wish(self.tokens["otto"], "/tokens", {"scope": "operator", "subject": id}) for id in ids]
        came, took = ask_all(self.place.port, asked)
        refused = next((one for one in came if one.status != 201), None)
        if refused is not None:
            raise NotAsTold(f"a token is answered with {refused.status}: {refused.answer}")
        self.tokens |= {id: one.answer["token"] for id, one in zip(ids, came, strict=True)}
        _took(f"{len(ids):,} tokens are made", took, len(ids))

    def open(self) -> None:
        """A member wants a match, and all are asked."""
        match = "--set opponent='Dynamo Dale' --set kickoff='in 9 days, 15:00' --set at_home=yes"
        began = perf_counter()
        begun = self.kim.types(f"flow start club_matchday {match}", sees=["We know what you need."])
        self.job = found(r"flow track (\w+)", begun)
        _took("the vote is open", perf_counter() - began)
        self.kim.types("flow", sees=["How do we play against Dynamo Dale?"])

    # votes

    def vote(self, state: str, wish: Callable[[str], object], *, early: bool = False) -> None:
        """All vote at once, while somebody looks at the page; what is counted is what was taken. Raises NotAsTold."""
        step, before = self._step(state), len(self._boxes())
        cast = [self._act(id, step, "vote", {"for": wish(id)}) for id in self.voters]
        print(f"\n  … all vote: {state} …", flush=True)
        with Looking(self.place, KIM, step) as looking:
            came, took = ask_all(self.place.port, cast, looking.acknowledged)
        taken: Counter[str] = Counter()
        late = 0
        for one, answer in zip(cast, came, strict=True):
            if answer.status == 200:
                chosen = one.body["answer"]["for"]
                taken.update(chosen if isinstance(chosen, list) else [chosen])
            elif early and answer.status in (404, 409):
                late += 1
            else:
                raise NotAsTold(f"a ballot is answered with {answer.status}: {answer.answer}")
        told = f", {late:,} came when it was certain" if late else ""
        _took(f"{len(cast) - late:,} ballots are in{told}", took, len(cast))
        looking.tell()
        if not early:
            self.place.later(days=2)
        self._closed(state, step, taken, before)
        self.voters = self.members

    def _act(self, id: str, step: str, outcome: str, answer: dict[str, object]) -> Wish:
        """What a member does, under a key by which it is done once."""
        body = {"outcome": outcome, "answer": answer}
        return Wish(self.tokens[id], f"/steps/{step}/act", body, f"{outcome}-{step}-{id}")

    def _step(self, state: str) -> str:
        """The id of the step of a state, once the job stands there."""
        for _ in range(LOOKS):
            waiting = self.otto.has_read(f"flow track {self.job}")["waiting"]
            if step := next((one["id"] for one in waiting if one["state"] == state), ""):
                return str(step)
            sleep(PAUSE)
        raise NotAsTold(f"the match does not come to {state}")

    def _boxes(self) -> list[dict[str, object]]:
        entries = self.otto.has_read(f"flow history {self.job} --raw")
        return [event for entry in entries for event in entry["events"] if event["event"] == "BoxClosed"]

    def _closed(self, state: str, step: str, taken: Counter[str], before: int) -> None:
        """It was closed, at its time or as soon as it was certain, and each ballot that was taken is counted, once."""
        for _ in range(LOOKS):
            if len(boxes := self._boxes()) > before:
                break
            sleep(PAUSE)
        else:
            raise NotAsTold(f"the vote on {state} is not closed")
        counted = {id: votes for id, votes in boxes[-1]["tally"].items() if votes}
        if counted != taken:
            raise NotAsTold(f"counted is {counted}, and taken were {dict(taken)}")
        print(f"\n  … counted is what was taken: {', '.join(f'{id} {n:,}' for id, n in taken.most_common(3))} …")
        self.kim.types(f"flow ballot {step}", sees=["You have voted", "Your ballot is one of them"])

    def change(self) -> None:
        """While the players are picked some leave and some join: who votes is who was there when it was opened."""
        step = self._step("line_up")
        left, new = self.members[-2:], [f"member-{len(self.members) + number:05}" for number in range(3)]
        self._import([{"id": id, "groups": []} for id in left])
        self._import([{"id": id, "name": f"Member {id[7:]}", "groups": ["members"]} for id in new])
        self._let_in(new)
        came, _ = ask_all(self.place.port, [self._act(new[0], step, "vote", {"for": wishes.line_up(new[0])})])
        if came[0].status != 404:
            raise NotAsTold(f"who joined later is answered with {came[0].status}: {came[0].answer}")
        self.members = [*self.members[:-2], *new]

    # the match

    def train_and_play(self) -> None:
        """The trainer trains what they wish, and the team plays."""
        self._step("train")
        self.tara.types(f"flow act {self.job} --outcome done --set report='They ran'", sees=["Done: "])
        day_is_over = datetime.fromisoformat(self.otto.has_read(f"flow track {self.job}")["promise"]["by"])
        self.place.until(day_is_over - timedelta(hours=6))
        self._step("play")
        self.tara.types(f"flow act {self.job} --outcome done --set ours=2 --set theirs=1", sees=["Done: "])

    def learn(self) -> None:
        """The best player, what was seen, and how it was to make this day."""
        self._step("vote_best")
        waiting = self.otto.has_read(f"flow track {self.job}")["waiting"]
        steps = [one["id"] for one in waiting if one["state"] == "write"]
        seen = {"seen": "We stood well"}
        writing = [self._act(id, step, "done", seen) for step, id in zip(steps, self.members[1:], strict=False)]
        came, _ = ask_all(self.place.port, writing)
        if [one.status for one in came] != [200, 200, 200]:
            raise NotAsTold(f"what three have seen is answered with {[one.answer for one in came]}")
        data = ask(self.place.url, f"/jobs/{self.job}/data", self.tokens["otto"])
        self.vote("vote_best", lambda member: wishes.best_player(member, data["players"]))
        self._step("thanks")
        self.kim.types(f"flow act {self.job} --outcome given --set rating=5", sees=["Thank you"])
        fulfilled = ["Fulfilled: The match was played as the members shaped it", ", kept"]
        self.kim.types(f"flow track {self.job}", sees=fulfilled)
        began = perf_counter()
        self.otto.types("flow audit", sees=["the histories and what is stored agree"])
        _took("all is audited", perf_counter() - began)


def _took(what: str, seconds: float, count: int = 0) -> None:
    rate = f", {count / seconds:,.0f} a second" if count else ""
    print(f"\n  … {what}: {seconds:.1f} s{rate} …", flush=True)
