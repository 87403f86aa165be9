"""``vote``: a group of customers decides.

The electorate, its weights and the options are frozen when the vote opens.

Where the world keeps ballot boxes (:mod:`flowengine.core.boxes`), the ballots go in without a command; the command that
closes the vote counts all papers, once, and the history commits to them. Else, in memory and for votes that were opened
before there were boxes, a ballot is the answer of a seat; the tally is kept beside them and changed by each ballot
alone. Rankings are read once more when the vote closes, for only then they can be counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from flowengine.core import ballots, live, ranked
from flowengine.core import events as e
from flowengine.core.boxes import Box
from flowengine.core.commands import Act
from flowengine.core.draft import replace
from flowengine.core.forms import Way
from flowengine.core.kinds import papers
from flowengine.core.kinds.base import Waiting, chosen
from flowengine.core.options import offered
from flowengine.core.seatings import person_seating, stands_for
from flowengine.core.spot import Result, Spot
from flowengine.core.translating import inner_in
from flowengine.core.values import Actor, Json, Poll, Seat, Standing, Step, Timer
from flowengine.core.world import Member
from flowengine.errors import ExpressionFailed, NotAllowed, NotFound
from flowengine.exact import Number
from flowengine.language.expressions import Expression
from flowengine.language.parts import option_key
from flowengine.language.types import Vote
from flowengine.speech.phrases import phrase

_KEEPING = (phrase("keep it as it was in the new version"), phrase("wait until the vote has closed"))


class Voting(Waiting[Vote]):
    """Waits for the ballots of an electorate until ``within`` is over, or, with ``early``, until the result is certain.

    What a ballot says depends on the method (:mod:`flowengine.core.kinds.papers`). Saved: ``{winner, winners, tied,
    tally, cast, voters, turnout}``; ``winner`` is empty and ``winners`` has none unless the vote ended as ``decided``.
    Where ballots may abstain, ``abstained`` counts those that did; of rankings, ``rounds`` tells how they were counted
    (:class:`flowengine.core.ranked.Round`), and ``tally`` has the first preferences.
    """

    def enter(self, spot: Spot) -> Result | None:
        state = self.state(spot)
        options = offered(spot.process, state.options, spot.names())
        if state.most_options is not None and len(options) > state.most_options:
            what = phrase(
                "gives %(number)s options; at most %(most)s can be ranked", number=len(options), most=state.most_options
            )
            raise ExpressionFailed(what, where=f"{state.name}: {state.options}")
        number = spot.draft.serial + 1
        frozen = spot.world.freeze(number, _voters(spot), secret=state.secret) if options else None
        seats = [(person_seating(id), weight) for id, weight in _electorate(spot)] if frozen is None else []
        voters, weight = len(seats), ballots.weighing(sum(ballots.parts(weight) for _, weight in seats))
        if frozen is not None:
            voters, weight = frozen.voters, frozen.weight
        if weight > ballots.LARGEST:
            raise ExpressionFailed(f"the electorate weighs {weight}; at most {ballots.LARGEST}", where=state.name)
        poll = Poll(
            voters=voters,
            weight=weight,
            tally={option_key(one["id"]): 0 for one in options},
            options=tuple((option_key(one["id"]), str(one["title"])) for one in options),
            kinds={option_key(one["id"]): kind for one in options if (kind := state.limits.kind(one))},
            electorate=frozen.hash if frozen is not None else "",
        )
        spot.keep(poll)
        if not voters or not options:
            return self._close(spot)
        step = spot.open_step((), seats=seats, box=frozen.voters if frozen is not None else 0, due=spot.due())
        assert step.number == number or not step.box, "the box is that of the step"
        spot.set_deadlines(step, "close")
        return None

    def renew(self, spot: Spot, before: Spot) -> None:
        """Ballots that are cast are counted as what they said, by the limits of now, as by the rule and the seats; of
        what kind each option is, they say. And what was said of who sees the tally holds."""
        now, was, poll = self.state(spot), self.state(before), self.poll(spot)
        step = _boxed(spot)
        cast = spot.world.standing(step.number).cast if step is not None else poll.cast
        if cast and (now.method, now.highest) != (was.method, was.highest):
            what = phrase(
                "%(cast)s ballots are cast by %(was)s, and the vote is by %(method)s there",
                cast=cast,
                was=was.method,
                method=now.method,
            )
            raise NotAllowed(what, where=now.name, possible=_KEEPING)
        if step is not None and (now.secret, _tells(now)) != (was.secret, _tells(was)):
            what = phrase("how ballots are kept was settled when the vote opened: 'secret', 'early' and 'live' stay")
            raise NotAllowed(what, where=now.name, possible=_KEEPING)
        seen, seen_before = ((one.live, one.secret, one.changeable, one.weight) for one in (now, was))
        if (now.live or was.live) and seen != seen_before:
            what = phrase("who may see the tally, and in which batches, was settled when the vote opened")
            raise NotAllowed(what, where=now.name, possible=_KEEPING)
        super().renew(spot, before)
        if now.limits != was.limits:
            poll, listed = self.poll(spot), offered(spot.process, now.options, spot.names())
            found = poll.kinds if now.limits.by == was.limits.by else {}
            found = found | {option_key(one["id"]): now.limits.kind(one) for one in listed}
            spot.keep(replace(poll, kinds={id: found[id] for id, _ in poll.options if found.get(id)}))

    def renewed(self, spot: Spot, before: Spot, step: Step) -> Step:  # noqa: ARG002 - the protocol's signature
        """Voters answer what they were asked: the question, the options and the electorate stay."""
        return step

    def act(self, spot: Spot, step: Step, command: Act) -> Result | None:
        move, state = chosen(step, command, self.possible(spot, step)), self.state(spot)
        told = "vote" if state.secret else move  # that somebody abstained is his secret, too
        moved = e.Moved(branch=spot.branch_id, step=step.number, move=told, by=command.by.id)
        if step.box:  # his ballot was put into it beside this command, which says nothing of it
            spot.draft.record(moved)
            return self._close(spot) if self.is_certain(spot, step) else None
        poll, seat = self.poll(spot), self.admit(spot, step, command.by)
        ballot = papers.paper(state, poll, move, command.answer, step.state)
        answered = replace(seat, answer=ballot, by=command.by.id)
        spot.draft.record(e.SeatAnswered(branch=spot.branch_id, seat=answered, secret=state.secret))
        spot.draft.record(moved)
        spot.draft.record(_counted(spot, poll, seat, ballot))
        return self._close(spot) if state.early and certain(state, poll_of(spot)) else None

    def cast(self, spot: Spot, step: Step, command: Act, *, voted: bool) -> tuple[str, dict[str, Json]]:
        """The move of a ballot for the box, and what is kept of it. ``voted``: there is one of his before."""
        move, state = chosen(step, command, self.possible(spot, step)), self.state(spot)
        if voted and not state.changeable:
            raise _cast_already(step)
        return move, papers.paper(state, self.poll(spot), move, command.answer, step.state)

    def is_certain(self, spot: Spot, step: Step) -> bool:
        """Whether a vote with a box that closes early can close: by what is kept while it runs, and then by its
        papers, to which none comes any more meanwhile."""
        state, poll = self.state(spot), self.poll(spot)
        if not state.early or not certain(state, standing_poll(poll, spot.world.standing(step.number))):
            return False
        return certain(state, standing_poll(poll, papers.counted(state, spot.world.box(step.number).papers)))

    def admit(self, spot: Spot, step: Step, by: Actor) -> Seat:
        """Each of the electorate has one ballot."""
        seats = [
            seat for one in stands_for(by) if (seat := spot.draft.seat(step.number, person_seating(one))) is not None
        ]
        if not seats:
            raise NotFound(phrase("no such step"), where=str(step.number))
        seat = next((one for one in seats if one.answer is None), seats[0])
        if seat.answer is not None and not self.state(spot).changeable:
            raise _cast_already(step)
        return seat

    def fire(self, spot: Spot, timer: Timer) -> Result | None:
        return self._close(spot) if timer.purpose == "close" else super().fire(spot, timer)

    def poll(self, spot: Spot) -> Poll:
        """The tally as it stands."""
        return poll_of(spot)

    def count(self, spot: Spot) -> ballots.Count:
        """The vote as the counting sees it."""
        return count_of(self.state(spot), self.poll(spot))

    def _close(self, spot: Spot) -> Result:
        state, step = self.state(spot), _boxed(spot)
        box = spot.world.box(step.number) if step is not None else None
        if step is not None and box is not None:
            spot.draft.record(_box_closed(spot, step, box))
        poll, count = self.poll(spot), self.count(spot)
        rounds: tuple[ranked.Round, ...] = ()
        if state.method == "ranking":
            ended, rounds = ranked.count(count, _rankings(spot, box))
        else:
            ended = ballots.result(count)
        value: dict[str, Json] = {
            "winner": ended.winners[0] if ended.winners else "",
            "winners": list(ended.winners),
            "tied": list(ended.tied),
            "tally": dict(poll.tally),
            "cast": poll.cast,
            "voters": poll.voters,
            "turnout": _share(poll.cast_weight, poll.weight),
        }
        if isinstance(state.options, Expression):  # the file does not know how they are called
            titles = dict(poll.options)
            value["titles"] = {id: titles[id] for id in ended.winners}
        if state.abstain:
            value["abstained"] = poll.abstained
        if state.method == "ranking":
            value["rounds"] = [_told(one) for one in rounds]
        return Result(ended.outcome, value)

    def possible(self, spot: Spot, step: Step) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's signature
        return ("vote", "abstain") if self.state(spot).abstain else ("vote",)

    def ways(self, spot: Spot, step: Step) -> tuple[Way, ...]:
        asked = papers.question(self.state(spot), inner_in(spot.process, self.poll(spot)), step.title)
        voting = Way(outcome="vote", title="Vote", fields=(asked,), move=True)
        return (voting, _ABSTAINING) if self.state(spot).abstain else (voting,)


def _cast_already(step: Step) -> NotAllowed:
    return NotAllowed(phrase("your ballot has been cast; in this vote it cannot be changed"), where=step.state)


def poll_of(spot: Spot) -> Poll:
    """What a vote keeps."""
    poll = spot.inner
    assert isinstance(poll, Poll), "a vote keeps its tally"
    return poll


def standing_poll(poll: Poll, standing: Standing) -> Poll:
    """The vote as it stands with what lies in its box."""
    return replace(
        poll,
        cast=standing.cast,
        cast_weight=standing.cast_weight,
        abstained=standing.abstained,
        abstained_weight=standing.abstained_weight,
        tally=dict.fromkeys(poll.tally, 0) | standing.tally,
    )


def count_of(state: Vote, poll: Poll) -> ballots.Count:
    """A vote as the counting sees it."""
    return ballots.Count(
        options=[id for id, _ in poll.options],
        tally=poll.tally,
        weight=poll.weight,
        cast=poll.cast_weight,
        abstained=poll.abstained_weight,
        most=state.highest if state.method == "score" else 1,
        seats=state.seats,
        rule=state.rule,
        quorum=state.quorum,
        listed_first=state.tie == "first",
        kinds=poll.kinds,
        limits=state.limits,
    )


def certain(state: Vote, poll: Poll) -> bool:
    """Whether nothing that is still to come can change how the vote ends."""
    return (ranked.certain if state.method == "ranking" else ballots.certain)(count_of(state, poll))


def _boxed(spot: Spot) -> Step | None:
    """The vote's step, where its ballots lie in a box."""
    return next((step for step in spot.steps if step.box), None)


def _tells(state: Vote) -> bool:
    """Whether the tally is kept while the vote runs."""
    return state.early or bool(state.live)


_ABSTAINING = Way(outcome="abstain", title="Abstain", move=True)


def _share(part: Number, whole: Number) -> Number:
    """A part of a whole, from 0 to 1, to the millionth."""
    return ballots.weighing(round(Fraction(part) / Fraction(whole) * ballots.UNIT)) if whole else 0


def _voters(spot: Spot) -> str | Sequence[tuple[str, Number]]:
    """Who may vote: the name of a group of which each has one vote, or people with their weights."""
    state = spot.state
    assert isinstance(state, Vote)
    if state.weight is None and state.of.kind in ("group", "customers"):
        return _group(spot, state)
    return list(_electorate(spot))


def _group(spot: Spot, state: Vote) -> str:
    of = state.of
    name = of.name.value(spot.names()) if isinstance(of.name, Expression) else of.name
    return str(name) if of.kind == "group" else "customers"


def _electorate(spot: Spot) -> Iterator[tuple[str, Number]]:
    """Who may vote, each once, with what weight. Who weighs nothing has no vote."""
    state = spot.state
    assert isinstance(state, Vote)
    seen: set[str] = set()
    for member in _members(spot, state):
        weight = _weight(spot, state.weight, member) if state.weight is not None else 1
        if member.id not in seen and ballots.parts(weight) > 0:
            seen.add(member.id)
            yield member.id, weight


def _members(spot: Spot, state: Vote) -> Iterator[Member]:
    of = state.of
    if of.kind in ("group", "customers"):
        yield from spot.world.group(_group(spot, state))
        return
    for seating in spot.seatings((of,)):
        kind, _, id = seating.partition(":")
        if kind != "person":
            raise ExpressionFailed(
                f"{seating} cannot vote: a vote is of customers, a group, or listed people", where=state.name
            )
        yield Member(id=id, record=spot.world.customer if id == spot.draft.head.customer else {})


def _weight(spot: Spot, weight: Expression, member: Member) -> Number:
    value = weight.value(spot.names(member={**member.record, "id": member.id}))
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value <= ballots.LARGEST:
        raise ExpressionFailed(f"gives {value} for {member.id}, not a weight from 0", where=weight.source)
    return ballots.weighing(ballots.parts(value))


def _rankings(spot: Spot, box: Box | None) -> Iterator[tuple[ranked.Ranking, Number]]:
    """The rankings that were cast, each with its weight; of a box, those that are alike with all their weight."""
    for one in box.papers if box is not None else ():
        if not papers.abstains(one.ballot):
            yield tuple(one.ballot["for"]), ballots.weighing(ballots.parts(one.weight) * one.times)
    for step in spot.steps if box is None else ():
        for seat in spot.draft.seats(step.number):
            if seat.answer is not None and not papers.abstains(seat.answer):
                yield tuple(seat.answer["for"]), seat.weight


def _told(one: ranked.Round) -> Json:
    return {
        "quota": one.quota,
        "tally": dict(one.tally),
        "exhausted": one.exhausted,
        "elected": list(one.elected),
        "eliminated": list(one.eliminated),
    }


def _counted(spot: Spot, poll: Poll, seat: Seat, ballot: dict[str, Json]) -> e.Counted:
    """The count with the seat's new ballot in the place of its former one."""
    state = spot.state
    assert isinstance(state, Vote)
    before = Standing(
        cast=poll.cast,
        cast_weight=poll.cast_weight,
        abstained=poll.abstained,
        abstained_weight=poll.abstained_weight,
        tally=poll.tally,
    )
    now = papers.recounted(state, before, seat.weight, seat.answer, ballot)
    return e.Counted(
        branch=spot.branch_id,
        member=spot.member,
        cast=now.cast,
        cast_weight=now.cast_weight,
        tally={option: weight for option, weight in now.tally.items() if weight != poll.tally[option]},
        abstained=now.abstained,
        abstained_weight=now.abstained_weight,
        shows=state.shown_while_it_runs == "batches" and live.completes_batch(poll, now.cast, state.live),
    )


def _box_closed(spot: Spot, step: Step, box: Box) -> e.BoxClosed:
    """All papers counted, once."""
    state = spot.state
    assert isinstance(state, Vote)
    now = papers.counted(state, box.papers)
    return e.BoxClosed(
        branch=spot.branch_id,
        member=spot.member,
        step=step.number,
        root=box.root,
        cast=now.cast,
        cast_weight=now.cast_weight,
        tally=standing_poll(poll_of(spot), now).tally,
        abstained=now.abstained,
        abstained_weight=now.abstained_weight,
    )
