"""``vote``: a group of customers decides.

The electorate, its weights and the options are frozen when the vote opens. A ballot is the answer of a seat; the tally
is kept beside them and changed by each ballot alone, so that the ten-thousandth costs what the first did.

Of a secret vote the history still holds each ballot, for without it the position could not be rebuilt (L5); the event
is marked, and no view shows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from flowengine.core import ballots
from flowengine.core import events as e
from flowengine.core.commands import Act
from flowengine.core.draft import replace
from flowengine.core.fields import clip, kind_of, near, take
from flowengine.core.forms import FormField, FormOption, Way, form_limits
from flowengine.core.kinds.base import Waiting, chosen
from flowengine.core.options import offered
from flowengine.core.seatings import person_seating
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Actor, Json, Poll, Seat, Seating, Step, Timer
from flowengine.core.world import Member
from flowengine.errors import BadAnswer, ExpressionFailed, NotAllowed, NotFound
from flowengine.exact import Number
from flowengine.language.expressions import Expression
from flowengine.language.parts import option_key
from flowengine.language.types import Vote

_NAMED = 20
"""How many options a message names."""


class Voting(Waiting[Vote]):
    """Waits for the ballots of an electorate until ``within`` is over, or, with ``early``, until the result is certain.

    A ballot is ``{"for": id}``, or a list of up to ``seats`` ids, which keeps the ``limits``. Saved: ``{winner,
    winners, tied, tally, cast, voters, turnout}``; ``winner`` is empty and ``winners`` has none
    unless the vote ended as ``decided``.
    """

    def enter(self, spot: Spot) -> Result | None:
        state = self.state(spot)
        seats = list(_electorate(spot))
        weight = ballots.weighing(sum(ballots.parts(weight) for _, weight in seats))
        if weight > ballots.LARGEST:
            raise ExpressionFailed(f"the electorate weighs {weight}; at most {ballots.LARGEST}", where=state.name)
        options = offered(spot.process, state.options, spot.names())
        poll = Poll(
            voters=len(seats),
            weight=weight,
            tally={option_key(one["id"]): 0 for one in options},
            options=tuple((option_key(one["id"]), str(one["title"])) for one in options),
            kinds={option_key(one["id"]): kind for one in options if (kind := state.limits.kind(one))},
        )
        spot.keep(poll)
        if not seats or not options:
            return self._close(spot)
        step = spot.open_step((), seats=seats, due=spot.due())
        spot.set_deadlines(step, "close")
        return None

    def renew(self, spot: Spot, before: Spot) -> None:
        """It is counted by the limits of now, as by the rule and the seats; of what kind each option is, they say."""
        super().renew(spot, before)
        limits, was = self.state(spot).limits, self.state(before).limits
        if limits != was:
            poll, listed = self.poll(spot), offered(spot.process, self.state(spot).options, spot.names())
            found = poll.kinds if limits.by == was.by else {}
            found = found | {option_key(one["id"]): limits.kind(one) for one in listed}
            spot.keep(replace(poll, kinds={id: found[id] for id, _ in poll.options if found.get(id)}))

    def renewed(self, spot: Spot, before: Spot, step: Step) -> Step:  # noqa: ARG002 - the protocol's signature
        """Voters answer what they were asked: the question, the options and the electorate stay."""
        return step

    def act(self, spot: Spot, step: Step, command: Act) -> Result | None:
        move = chosen(step, command, self.possible(spot, step))
        state, poll, seat = self.state(spot), self.poll(spot), self.admit(spot, step, command.by)
        options = _ballot(command.answer, poll, state, step.state)
        answered = replace(seat, answer={"for": options}, by=command.by.id)
        spot.draft.record(e.SeatAnswered(branch=spot.branch_id, seat=answered, secret=state.secret))
        spot.draft.record(e.Moved(branch=spot.branch_id, step=step.number, move=move, by=command.by.id))
        spot.draft.record(_counted(spot, poll, seat, options))
        return self._close(spot) if state.early and ballots.certain(self.count(spot)) else None

    def admit(self, spot: Spot, step: Step, by: Actor) -> Seat:
        """Each of the electorate has one ballot."""
        seat = spot.draft.seat(step.number, person_seating(by.id))
        if seat is None:
            raise NotFound("no such step", where=str(step.number))
        if seat.answer is not None and not self.state(spot).changeable:
            raise NotAllowed("your ballot has been cast; in this vote it cannot be changed", where=step.state)
        return seat

    def fire(self, spot: Spot, timer: Timer) -> Result | None:
        return self._close(spot) if timer.purpose == "close" else super().fire(spot, timer)

    def poll(self, spot: Spot) -> Poll:
        """The tally as it stands."""
        poll = spot.inner
        assert isinstance(poll, Poll), "a vote keeps its tally"
        return poll

    def count(self, spot: Spot) -> ballots.Count:
        """The vote as the counting sees it."""
        state, poll = self.state(spot), self.poll(spot)
        return ballots.Count(
            options=[id for id, _ in poll.options],
            tally=poll.tally,
            weight=poll.weight,
            cast=poll.cast_weight,
            seats=state.seats,
            rule=state.rule,
            quorum=state.quorum,
            listed_first=state.tie == "first",
            kinds=poll.kinds,
            limits=state.limits,
        )

    def _close(self, spot: Spot) -> Result:
        poll, ended = self.poll(spot), ballots.result(self.count(spot))
        value: dict[str, Json] = {
            "winner": ended.winners[0] if ended.winners else "",
            "winners": list(ended.winners),
            "tied": list(ended.tied),
            "tally": dict(poll.tally),
            "cast": poll.cast,
            "voters": poll.voters,
            "turnout": _share(poll.cast_weight, poll.weight),
        }
        return Result(ended.outcome, value)

    def possible(self, spot: Spot, step: Step) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's signature
        return ("vote",)

    def ways(self, spot: Spot, step: Step) -> tuple[Way, ...]:
        poll, state = self.poll(spot), self.state(spot)
        several = state.seats > 1
        ballot = FormField(
            name="for",
            title=step.title,
            type="array" if several else "string",
            options=tuple(_option(poll, state, id, title) for id, title in poll.options),
            shape="several" if several else "one",
            min=1,
            max=min(state.seats, len(poll.options)),
            limits=form_limits(state.limits),
        )
        return (Way(outcome="vote", title="Vote", fields=(ballot,), move=True),)


def _option(poll: Poll, state: Vote, id: str, title: str) -> FormOption:
    kind = poll.kinds.get(id)
    return FormOption(id=id, title=title, more={state.limits.by: kind} if kind else {})


def _share(part: Number, whole: Number) -> Number:
    """A part of a whole, from 0 to 1, to the millionth."""
    return ballots.weighing(round(Fraction(part) / Fraction(whole) * ballots.UNIT)) if whole else 0


def _electorate(spot: Spot) -> Iterator[tuple[Seating, Number]]:
    """Who may vote, each once, with what weight. Who weighs nothing has no vote."""
    state = spot.state
    assert isinstance(state, Vote)
    seen: set[str] = set()
    for member in _members(spot, state):
        weight = _weight(spot, state.weight, member) if state.weight is not None else 1
        if member.id not in seen and ballots.parts(weight) > 0:
            seen.add(member.id)
            yield person_seating(member.id), weight


def _members(spot: Spot, state: Vote) -> Iterator[Member]:
    of = state.of
    if of.kind in ("group", "customers"):
        name = of.name.value(spot.names()) if isinstance(of.name, Expression) else of.name
        yield from spot.world.group(name if of.kind == "group" else "customers")
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


def _ballot(answer: Json, poll: Poll, state: Vote, where: str) -> list[str]:
    """The ids that a ballot names, as texts. Raises :class:`BadAnswer` that lists the options."""
    given, known = take(answer, where), [id for id, _ in poll.options]
    wrong = next((name for name in given if name != "for"), None)
    if wrong is not None:
        raise BadAnswer({wrong[:60]: f"is not asked here{near(wrong, ['for'])}"}, where=where, possible=["for"])
    ids = given.get("for")
    several = ids if isinstance(ids, list) else [] if ids is None else [ids]
    problem = _wrong_ballot(several, known, state.seats) or _beyond_limits(several, poll, state)
    if problem:
        titles = [id if id == title else f"{id} ({title})" for id, title in poll.options[:_NAMED]]
        more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
        raise BadAnswer({"for": f"{problem}; the options are {', '.join(titles)}{more}"}, where=where, possible=known)
    return [option_key(id) for id in several]


def _wrong_ballot(ids: list[Json], known: list[str], seats: int) -> str:
    if not ids:
        return "choose an option"
    if len(ids) > seats:
        return f"chooses {len(ids)}; choose at most {seats}"
    for id in ids:
        if not isinstance(id, str | int):
            return f"must be an option's id, not {kind_of(id)}"
        if option_key(id) not in known:
            return f"{clip(option_key(id)[:60])} is no option{near(option_key(id), known)}"
    return "names an option twice" if len({option_key(id) for id in ids}) < len(ids) else ""


def _beyond_limits(ids: list[Json], poll: Poll, state: Vote) -> str:
    """A ballot names options that can win together: no more of a kind than may, and with room for what must."""
    limits, taken = state.limits, Counter(poll.kinds.get(option_key(id), "") for id in ids)
    for kind, limit in limits.of.items():
        if limit.max is not None and taken[kind] > limit.max:
            return f"chooses {taken[kind]} of {limits.by} {kind}; choose {limit.words}"
    if len(ids) + limits.lacking(taken) > state.seats:
        return f"leaves no room for what must win, of {state.seats} seats ({limits.words})"
    return ""


def _counted(spot: Spot, poll: Poll, before: Seat, options: list[str]) -> e.Counted:
    """The count with the seat's new ballot in the place of its former one."""
    tally, cast, cast_weight = poll.tally, poll.cast, poll.cast_weight
    if before.answer is not None:
        tally = ballots.add(tally, before.answer["for"], -before.weight)
    else:
        cast, cast_weight = cast + 1, ballots.total(cast_weight, before.weight)
    tally = ballots.add(tally, options, before.weight)
    changed = {option: weight for option, weight in tally.items() if weight != poll.tally[option]}
    return e.Counted(branch=spot.branch_id, member=spot.member, cast=cast, cast_weight=cast_weight, tally=changed)
