"""What a ballot may say, by the method of the vote, and what it gives each option.

A ballot answers ``for``: with an id, or a list of up to as many as there are seats that can win together (plurality), a
list of any ids (approval), a list of ids, the best first (ranking), or an object that maps ids to whole numbers
(score). It is kept as ``{"for": …}`` with ids as texts, and who abstains as ``{"abstain": true}``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from flowengine.core import ballots
from flowengine.core.boxes import Papers
from flowengine.core.fields import clip, kind_of, near, take
from flowengine.core.forms import FormField, FormOption, form_limits
from flowengine.core.values import Json, Poll, Standing
from flowengine.errors import BadAnswer
from flowengine.exact import Number
from flowengine.language.parts import option_key
from flowengine.language.types import Vote
from flowengine.speech.phrases import phrase

ABSTAINED: Mapping[str, Json] = {"abstain": True}

_NAMED = 20
"""How many options a message names."""


def paper(state: Vote, poll: Poll, move: str, answer: Json, where: str) -> dict[str, Json]:
    """What is kept of a vote or an abstention. Raises :class:`BadAnswer`."""
    return abstention(answer, where) if move == "abstain" else ballot(state, poll, answer, where)


def ballot(state: Vote, poll: Poll, answer: Json, where: str) -> dict[str, Json]:
    """A ballot as it is kept. Raises :class:`BadAnswer` that says what is wrong with it and lists the options."""
    given, known = take(answer, where), dict(poll.options)
    wrong = next((name for name in given if name != "for"), None)
    if wrong is not None:
        raise BadAnswer(
            {wrong[:60]: phrase("is not asked here%(near)s", near=near(wrong, ["for"]))}, where=where, possible=["for"]
        )
    said = given.get("for")
    try:
        if state.method == "score":
            return {"for": _scores(said, known, state.highest)}
        ids = _ids(said, known, most(state, len(known)), least(state))
        if state.method == "plurality":
            _hold_limits(ids, poll, state)
        return {"for": ids}
    except ValueError as error:
        options = ", ".join(id if id == title else f"{id} ({title})" for id, title in poll.options[:_NAMED])
        if len(known) > _NAMED:
            options = phrase("%(named)s and %(more)s more", named=options, more=len(known) - _NAMED)
        problem = phrase("%(error)s; the options are %(options)s", error=error.args[0], options=options)
        raise BadAnswer({"for": problem}, where=where, possible=list(known)) from None


def abstention(answer: Json, where: str) -> dict[str, Json]:
    """The ballot of who abstains, who says nothing else. Raises :class:`BadAnswer`."""
    wrong = next(iter(take(answer, where)), None)
    if wrong is not None:
        raise BadAnswer(
            {wrong[:60]: phrase("is not asked of who abstains")}, where=where, possible=[phrase("vote, to say it")]
        )
    return dict(ABSTAINED)


def abstains(ballot: Mapping[str, Json]) -> bool:
    """Whether it is the ballot of somebody who abstains."""
    return "for" not in ballot


def given(state: Vote, ballot: Mapping[str, Json]) -> dict[str, int]:
    """How many times its weight a ballot gives each option in the tally; of a ranking it is the first preference."""
    said = ballot.get("for", ())
    if isinstance(said, dict):
        return said
    return dict.fromkeys(said[:1] if state.method == "ranking" else said, 1)


def recounted(
    state: Vote, standing: Standing, weight: Number, before: Mapping[str, Json] | None, now: Mapping[str, Json],
    *, tally: bool = True,
) -> Standing:  # fmt: skip
    """What was counted, with a ballot of that weight in the place of the one before; without ``tally`` it is only
    counted that it was cast."""
    cast, cast_weight, sums = standing.cast, standing.cast_weight, standing.tally
    abstained, abstained_weight = standing.abstained, standing.abstained_weight
    if before is None:
        cast, cast_weight = cast + 1, ballots.total(cast_weight, weight)
    for one, sign in ((before, -1), (now, 1)):
        if one is None or not tally:
            continue
        if abstains(one):
            abstained, abstained_weight = abstained + sign, ballots.total(abstained_weight, sign * weight)
        else:
            sums = ballots.add(sums, given(state, one), sign * weight)
    return Standing(
        cast=cast, cast_weight=cast_weight, abstained=abstained, abstained_weight=abstained_weight, tally=dict(sums)
    )


def counted(state: Vote, papers: Iterable[Papers]) -> Standing:
    """All papers counted from the beginning."""
    cast = cast_weight = abstained = abstained_weight = 0
    sums: dict[str, int] = {}
    for one in papers:
        weight = ballots.parts(one.weight) * one.times
        cast, cast_weight = cast + one.times, cast_weight + weight
        if abstains(one.ballot):
            abstained, abstained_weight = abstained + one.times, abstained_weight + weight
            continue
        for option, times in given(state, one.ballot).items():
            sums[option] = sums.get(option, 0) + times * weight
    return Standing(
        cast=cast,
        cast_weight=ballots.weighing(cast_weight),
        abstained=abstained,
        abstained_weight=ballots.weighing(abstained_weight),
        tally={option: ballots.weighing(weight) for option, weight in sums.items()},
    )


def question(state: Vote, poll: Poll, title: str) -> FormField:
    """What a ballot is asked."""
    options = tuple(_option(poll, state, id, title) for id, title in poll.options)
    if state.method == "score":
        return FormField(
            name="for", title=title, type="object", options=options, shape="scores", min=0, max=state.highest
        )
    several = most(state, len(options)) > 1 or state.method != "plurality" or state.seats > 1
    return FormField(
        name="for",
        title=title,
        type="array" if several else "string",
        options=options,
        shape="ranked" if state.method == "ranking" else "several" if several else "one",
        min=least(state),
        max=most(state, len(options)),
        limits=form_limits(state.limits) if state.method == "plurality" else (),
    )


def _option(poll: Poll, state: Vote, id: str, title: str) -> FormOption:
    kind = poll.kinds.get(id)
    return FormOption(id=id, title=title, more={state.limits.by: kind} if kind else {})


def least(state: Vote) -> int:
    """How many options a ballot names at least: to approve of none says something."""
    return 0 if state.method == "approval" else 1


def most(state: Vote, options: int) -> int:
    """How many options a ballot may name."""
    return min(state.seats, options) if state.method == "plurality" else options


def _ids(said: Json, known: Mapping[str, str], most: int, least: int) -> list[str]:
    if said is None:
        raise ValueError(
            phrase("choose an option") if least else phrase("choose options; an empty list is for none of them")
        )
    ids = said if isinstance(said, list) else [said]
    if len(ids) < least:
        raise ValueError(phrase("choose an option"))
    if len(ids) > most:
        raise ValueError(phrase("chooses %(count)s; choose at most %(most)s", count=len(ids), most=most))
    keys: dict[str, None] = {}
    for id in ids:
        key = _known(id, known)
        if key in keys:
            raise ValueError(phrase("names an option twice: %(option)s", option=clip(key[:60])))
        keys[key] = None
    return list(keys)


def _hold_limits(ids: Sequence[str], poll: Poll, state: Vote) -> None:
    """A ballot names options that can win together: no more of a kind than may, and with room for what must."""
    limits, taken = state.limits, Counter(poll.kinds.get(id, "") for id in ids)
    for kind, limit in limits.of.items():
        if limit.max is not None and taken[kind] > limit.max:
            raise ValueError(
                phrase(
                    "chooses %(taken)s of %(by)s %(kind)s; choose %(words)s",
                    taken=taken[kind],
                    by=limits.by,
                    kind=kind,
                    words=limit.words,
                )
            )
    if len(ids) + limits.lacking(taken) > state.seats:
        raise ValueError(
            phrase(
                "leaves no room for what must win, of %(seats)s seats (%(words)s)",
                seats=state.seats,
                words=limits.words,
            )
        )


def _scores(said: Json, known: Mapping[str, str], highest: int) -> dict[str, int]:
    example = f"{{{clip(next(iter(known))[:60])}: {highest}}}"
    wanted = phrase("give options scores from 0 to %(highest)s, as %(example)s", highest=highest, example=example)
    if not isinstance(said, dict):
        raise ValueError(
            wanted
            if said is None
            else phrase("must be an object, not %(said)s; %(wanted)s", said=kind_of(said), wanted=wanted)
        )
    if not said:
        raise ValueError(wanted)
    for id, score in said.items():
        _known(id, known)
        if isinstance(score, bool) or not isinstance(score, int) or not 0 <= score <= highest:
            raise ValueError(
                phrase(
                    "%(id)s has the score %(score)s; a whole number from 0 to %(highest)s is possible",
                    id=clip(id),
                    score=clip(score),
                    highest=highest,
                )
            )
    return said


def _known(id: Json, known: Mapping[str, str]) -> str:
    if not isinstance(id, str | int):
        raise ValueError(phrase("must be an option's id, not %(id)s", id=kind_of(id)))
    key = option_key(id)
    if key not in known:
        raise ValueError(phrase("%(option)s is no option%(near)s", option=clip(key[:60]), near=near(key, tuple(known))))
    return key
