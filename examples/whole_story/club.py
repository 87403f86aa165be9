"""The members of a club decide how it plays: each with a ballot of his own, over HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from time import perf_counter

from .crowd import Wish, ask_all
from .installation import ROOT, Installation
from .person import NotAsTold, Person, found

PLANS = ("attack", "control", "counter")


def play(place: Installation, members: int) -> None:
    """The vote on the strategy. Raises NotAsTold."""
    print(f"\n# A club of {members:,} members")
    operator = Person("otto", place.folder / "otto", quick=place.quick)
    ids = _enter(place, operator, members)
    tokens = _tokens(place, ids)
    kim, ben = (Person(name, place.folder / name, quick=place.quick) for name in ("kim", "ben"))
    for one, id in ((kim, ids[0]), (ben, ids[-1])):
        one.types(f"flow login {place.url} --token-stdin", pasted=tokens[id], sees=["Signed in at"])
    job, step = _open(kim)
    cast = _vote(place, operator, job, step, [(id, tokens[id]) for id in ids])
    _closed(operator, kim, ben, job, step, cast)


def _enter(place: Installation, operator: Person, members: int) -> list[str]:
    """They come in a file, all together."""
    machine = place.machine
    machine.types(f"flow deploy {ROOT}/processes/club_matchday.yaml", sees=["club_matchday"])
    machine.types("flow people add otto --name Otto --role operator", sees=["operator"])
    machine.types("flow people add tara --name Tara --role trainer", sees=["trainer"])
    token = found(r"(flow_\S+)", machine.types("flow token create operator otto"))
    operator.types(f"flow login {place.url} --token-stdin", pasted=token, sees=["Signed in at"])
    ids = [f"member-{number:05}" for number in range(members)]
    rows = "".join(f"{id},Member {id[7:]},members\n" for id in ids)
    (operator.home / "members.csv").write_text(f"id,name,groups\n{rows}", "utf-8")
    began = perf_counter()
    operator.types("flow people import members.csv", sees=[f"{members:,}"])
    _took(f"{members:,} members are entered", perf_counter() - began, members)
    return ids


def _tokens(place: Installation, ids: Sequence[str]) -> dict[str, str]:
    """Each is given a token, as the page of the club would when he signs in there."""
    mine = found(r"(flow_\S+)", place.machine.types("flow token create operator otto"))
    wishes = [Wish(mine, "/tokens", {"scope": "operator", "subject": id}) for id in ids]
    came, took = ask_all(place.port, wishes)
    refused = next((one for one in came if one.status != 201), None)
    if refused is not None:
        raise NotAsTold(f"a token is answered with {refused.status}: {refused.answer}")
    _took(f"{len(ids):,} tokens are made", took, len(ids))
    return {id: one.answer["token"] for id, one in zip(ids, came, strict=True)}


def _open(kim: Person) -> tuple[str, str]:
    """A member wants a match, and all are asked."""
    match = "--set opponent='Dynamo Dale' --set kickoff='in 9 days, 15:00' --set at_home=yes"
    began = perf_counter()
    job = found(r"flow track (\w+)", kim.types(f"flow start club_matchday {match}", sees=["We know what you need."]))
    _took("the vote is open", perf_counter() - began)
    home = kim.types("flow", sees=["How do we play against Dynamo Dale?"])
    return job, found(rf"flow act ({job}\.\d+)", home)


def _vote(
    place: Installation, operator: Person, job: str, step: str, members: Sequence[tuple[str, str]]
) -> Counter[str]:
    """All vote at once, until it is certain: what was taken, by plan."""

    def plan(number: int) -> str:
        return PLANS[0] if number % 20 < 11 else PLANS[1 + number % 2]

    wishes = [
        Wish(token, f"/steps/{step}/act", {"outcome": "vote", "answer": {"for": plan(number)}}, f"ballot-{id}")
        for number, (id, token) in enumerate(members)
    ]
    print("\n  … all vote; when half of them have, somebody looks how it stands …", flush=True)
    half = len(wishes) // 2
    first, took = ask_all(place.port, wishes[:half])
    operator.types(f"flow track {job}", sees=["So far:", f"of {len(wishes)} have voted"])
    rest, longer = ask_all(place.port, wishes[half:])
    came = first + rest
    taken = Counter(plan(number) for number, one in enumerate(came) if one.status == 200)
    late = [one for one in came if one.status != 200]
    wrong = next((one for one in late if one.status not in (404, 409)), None)
    if wrong is not None:
        raise NotAsTold(f"a ballot is answered with {wrong.status}: {wrong.answer}")
    _took(f"{taken.total():,} ballots are in, {len(late):,} came when it was certain", took + longer, len(wishes))
    return taken


def _closed(operator: Person, kim: Person, ben: Person, job: str, step: str, cast: Counter[str]) -> None:
    """It was closed as soon as no other plan could win, and each ballot that was taken is counted, once."""
    print(f"\n  … taken for {', '.join(f'{plan}: {votes:,}' for plan, votes in cast.most_common())} …")
    kim.types(f"flow track {job}", sees=["Strategy: Attack from the first minute"])
    entries = operator.has_read(f"flow history {job} --raw")
    (box,) = [event for entry in entries for event in entry["events"] if event["event"] == "BoxClosed"]
    if box["tally"] != cast:
        raise NotAsTold(f"counted is {box['tally']}, and taken were {cast}")
    kim.types(f"flow ballot {step}", sees=["You have voted: attack", "Your ballot is one of them"])
    ben.types(f"flow ballot {step}", sees=["You have not voted, and it is over."])
    operator.types(f"flow history {job}")
    began = perf_counter()
    operator.types("flow audit", sees=["the histories and what is stored agree"])
    _took("all is audited", perf_counter() - began)


def _took(what: str, seconds: float, count: int = 0) -> None:
    rate = f", {count / seconds:,.0f} a second" if count else ""
    print(f"\n  … {what}: {seconds:.1f} s{rate} …", flush=True)
