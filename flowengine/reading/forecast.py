"""What to order today of each option, from what customers have chosen and not used yet, and what will be chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from msgspec.structs import replace

from flowengine.commands import access, counting
from flowengine.commands.shell import Shell
from flowengine.core.values import Json
from flowengine.errors import BadAnswer, NotAllowed
from flowengine.insight.notice import Notice
from flowengine.insight.ordering import Stock, ahead, to_order
from flowengine.insight.pieces import Uses
from flowengine.language.model import Process
from flowengine.language.parts import Option, option_key, options_of
from flowengine.language.suggest import near
from flowengine.people.identities import By
from flowengine.reading.insight import SOON
from flowengine.speech.phrases import phrase
from flowengine.speech.readers import words_for
from flowengine.speech.words import Words
from flowengine.store import Transaction
from flowengine.views.forecast import Forecast, ForecastRow, ForecastWeek

MOST_ROWS = 10_000
MOST_PIECES = 1_000_000_000
MOST_DAYS = 1_000
"""Days of a lead time, at most."""

MEMORY = 3 * 366
"""Days for which it counts what was chosen of each option."""

LATELY = 366
"""Days for which it counts how soon choices were used, of all options."""

FEW = 10
"""Choices that were used below which it is not known how soon they are: each counts as needed at once."""

WEEKS = 8
"""Weeks of which is told what is ahead."""

VERSIONS = 50
"""Versions of a process in which is looked for an option that the newest has no more."""

COUNTS = ("on_hand", "on_order", "owed")


class Counted(NamedTuple):
    """A row of a stock: how many pieces of an option are free, ordered, and owed."""

    options: str
    option: str
    on_hand: int
    on_order: int
    owed: int


class _Kept(NamedTuple):
    """An option of a list of options, as a version of the process has it."""

    options: str
    option: Option
    gone: bool


class _Past(NamedTuple):
    """What was chosen: the first day that counts (None: there is none), how many pieces of each option on each day
    since, which choices wait (their ages in days, and their pieces), and what choices have taught: ``young`` where too
    few were used to tell."""

    since: date | None
    made: dict[tuple[str, str], list[float]]
    waiting: dict[tuple[str, str], list[tuple[int, int]]]
    notice: Notice
    young: bool


def forecast(
    shell: Shell, process: str, stocks: Sequence[Mapping[str, Json]], service: float | Decimal, by: By
) -> Forecast:
    """What to order of the options of a process. Raises NotFound, NotAllowed, BadAnswer."""
    share = _share(service)
    with shell.reading() as tx:
        actor = access.asker(tx, "forecast", by)
        compiled = shell.catalogue.latest(tx, process, language=actor.language)
        if actor.kind == "staff" and tx.terms.closes(tx, process, compiled.process.version, actor.roles):
            raise NotAllowed(phrase("what is to be ordered for %(process)s is closed to your roles", process=process),
                             where=process)  # fmt: skip
    uses = Uses.of(compiled.process)
    if not uses.by_state:
        raise _nothing_used(compiled.process)
    counting.count_for(shell, SOON)
    now = shell.clock.now()
    today = now.astimezone(uses.zone).date()
    with shell.reading() as tx:
        past = _past(tx, process, today)
        known = _listed(compiled.process, uses)
        known |= _gone(shell, tx, process, known, past, actor.language)
        behind, anew = tx.insights.behind(counting.MOST_BEHIND), tx.insights.progress() is not None
    counted = _counted(stocks, known)
    teller = _Teller(words_for(actor.language), past, today, share, now, uses.zone, bool(counted))
    rows = [
        teller.row(one, counted.get(key)) for key, one in known.items() if not one.gone or key in counted
        or key in past.waiting
    ]  # fmt: skip
    return Forecast(
        process=process,
        title=compiled.process.title,
        today=today,
        since=past.since,
        service=share,
        rows=tuple(sorted(rows, key=lambda row: (not row.pieces, row.level is None, row.gone))),
        behind=behind,
        anew=anew,
    )


def _share(service: object) -> float:
    if isinstance(service, int | float | Decimal) and not isinstance(service, bool) and 0 < service < 1:
        return float(service)
    raise BadAnswer(
        {"service": phrase("%(given)s is no share between 0 and 1", given=str(service)[:60])},
        possible=(phrase("0.95, for 95 of 100 pieces in time"),),
    )


def _nothing_used(process: Process) -> BadAnswer:
    """The process does not say what is used up: what to write."""
    places = {place: pick for state in process.states() for place, pick in state.picked}
    timed = [place for place, pick in places.items() if _is_timed(options_of(pick.source, process.options))]
    possible = [f"uses: {place}" for place in timed or places]
    what = phrase("no state of %(process)s says that it uses up what was chosen", process=process.name)
    if not timed:
        possible.append(phrase("options with a lead time, as {id: navy, lead_time: P12D}"))
    if not places:
        possible.append(phrase("a choice of these options"))
    else:
        possible.append(phrase("in the state in which it is used up"))
    return BadAnswer({"uses": what}, where=process.name, possible=possible)


def _is_timed(options: Iterable[Option]) -> bool:
    return any(one.lead_time is not None for one in options)


def _past(tx: Transaction, process: str, today: date) -> _Past:
    last = today.toordinal()
    first = last - MEMORY
    rows = tx.pieces.made(process, first, last)
    since = min((day for _, _, day, _ in rows), default=None)
    made: dict[tuple[str, str], list[float]] = {}
    for options, option, day, pieces in rows:
        days = made.get((options, option))
        if days is None:
            days = made[options, option] = [0.0] * (last - (since or last) + 1)
        days[day - (since or last)] += pieces
    notice, used = Notice(), 0
    for fate, days_after, choices in tx.pieces.over(process, last - LATELY, last):
        if fate == "used":
            notice.add(max(days_after, 0), used=choices)
            used += choices
        else:
            notice.add(max(days_after, 0), withdrawn=choices)
    waiting: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for one in tx.pieces.waiting(process, last):
        age = last - one.made
        notice.add(age, waiting=one.choices)
        waiting.setdefault((one.options, one.option), []).extend([(age, one.size)] * one.choices)
    if used < FEW:
        notice = Notice()
        notice.add(0, used=1)
    return _Past(None if since is None else date.fromordinal(since), made, waiting, notice, used < FEW)


def _listed(process: Process, uses: Uses, *, gone: bool = False) -> dict[tuple[str, str], _Kept]:
    """The options that are used up, in the order of the file, by list and id."""
    found: dict[tuple[str, str], _Kept] = {}
    for state in process.states():
        for place, pick in state.picked:
            if place in uses.lists:
                options = uses.lists[place]
                for one in options_of(pick.source, process.options):
                    found.setdefault((options, option_key(one.id)), _Kept(options, one, gone))
    return found


def _gone(
    shell: Shell, tx: Transaction, process: str, known: Mapping[tuple[str, str], _Kept], past: _Past, language: str
) -> dict[tuple[str, str], _Kept]:
    """Options that were chosen, or could be, and can be no more: as the newest version has them that lists them."""
    missing = {key for key in (*past.made, *past.waiting) if key not in known}
    found: dict[tuple[str, str], _Kept] = {}
    versions = sorted((row for row in tx.processes.all() if row.name == process), key=lambda row: -row.number)
    for row in versions[1 : VERSIONS + 1]:
        older = shell.catalogue.told(tx, process, row.version, language).process
        for key, one in _listed(older, Uses.of(older), gone=True).items():
            if key not in known:
                found.setdefault(key, one)
    for options, option in missing - found.keys():
        found[options, option] = _Kept(options, Option(id=option, title=option), gone=True)
    return found


def _counted(stocks: object, known: Mapping[tuple[str, str], _Kept]) -> dict[tuple[str, str], Counted]:
    """The rows of a stock, each looked at; all that is wrong is told at once."""
    if isinstance(stocks, str | bytes | Mapping) or not isinstance(stocks, Sequence):
        raise BadAnswer({"stocks": phrase("is no list of rows")}, possible=('[{"option": "navy", "on_hand": 3}]',))
    if len(stocks) > MOST_ROWS:
        what = phrase("has %(rows)s rows, and %(most)s are possible", rows=len(stocks), most=MOST_ROWS)
        raise BadAnswer({"stocks": what})
    by_name: dict[str, list[tuple[str, str]]] = {}
    for options, option in known:
        by_name.setdefault(option, []).append((options, option))
        by_name.setdefault(f"{options}.{option}", []).append((options, option))
    found: dict[tuple[str, str], Counted] = {}
    problems: dict[str, str] = {}
    seen: dict[tuple[str, str], str] = {}
    for number, row in enumerate(stocks, 1):
        where = f"row {number}"
        if isinstance(row, Mapping) and isinstance(row.get("line"), int):
            where = f"line {row['line']}"
        try:
            counted = _row(row, by_name)
        except _Wrong as wrong:
            problems[where] = wrong.what
            continue
        key = (counted.options, counted.option)
        if key in seen:
            problems[where] = phrase("%(option)s stands in %(where)s already", option=counted.option, where=seen[key])
            continue
        seen[key], found[key] = where, counted
    if problems:
        possible = () if len(known) > MOST_NAMED else tuple(dict.fromkeys(option for _, option in known))
        raise BadAnswer(problems, where="stocks", possible=possible)
    return found


MOST_NAMED = 20
"""Options that are named where one is not known."""


class _Wrong(Exception):
    """What is wrong with a row."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def _row(row: object, by_name: Mapping[str, Sequence[tuple[str, str]]]) -> Counted:
    if not isinstance(row, Mapping):
        raise _Wrong(phrase("is no row: {option, on_hand, on_order, owed}"))
    unknown = next((name for name in row if name not in ("option", *COUNTS, "line")), None)
    if unknown is not None:
        what = phrase("there is no column %(name)s; possible: %(possible)s",
                      name=repr(str(unknown)[:60]), possible=", ".join(("option", *COUNTS)))  # fmt: skip
        raise _Wrong(what)
    named = row.get("option")
    name = option_key(named) if isinstance(named, str | int) else ""
    if not name.strip():
        raise _Wrong(phrase("option: which one is missing"))
    fits = by_name.get(name.strip(), ())
    if not fits:
        meant = near(name, by_name)
        if meant:
            raise _Wrong(phrase("there is no option %(name)s; did you mean %(meant)s?", name=repr(name[:60]),
                                meant=repr(meant)))  # fmt: skip
        raise _Wrong(phrase("there is no option %(name)s", name=repr(name[:60])))
    if len(fits) > 1:
        several = ", ".join(".".join(one) for one in fits)
        raise _Wrong(phrase("%(name)s is an option of several lists: %(several)s", name=name[:60], several=several))
    if row.get("on_hand") is None:
        raise _Wrong(phrase("on_hand: how many there are is missing"))
    return Counted(*fits[0], *(_count(name, row.get(name)) for name in COUNTS))


def _count(name: str, value: object) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or value != value:
        raise _Wrong(phrase("%(name)s: %(value)s is no number", name=name, value=repr(value)[:60]))
    if not 0 <= value <= MOST_PIECES:
        raise _Wrong(phrase("%(name)s: %(value)s is not from 0 to %(most)s", name=name, value=str(value)[:60],
                            most=MOST_PIECES))  # fmt: skip
    if value != int(value):
        raise _Wrong(phrase("%(name)s: %(value)s is no whole number", name=name, value=str(value)[:60]))
    return int(value)


class _Teller:
    """Tells one option after another."""

    def __init__(
        self, words: Words, past: _Past, today: date, service: float, now: datetime, zone: tzinfo, counted: bool
    ) -> None:
        self.words, self.past, self.today, self.service = words, past, today, service
        self.now, self.zone, self.counted = now, zone, counted

    def row(self, kept: _Kept, counted: Counted | None) -> ForecastRow:
        """The row of an option, of which so much is ``counted``."""
        key = kept.options, option_key(kept.option.id)
        waiting, past = self.past.waiting.get(key, ()), self.past
        made = () if kept.gone else past.made.get(key, ())
        chosen = sum(pieces for _, pieces in waiting)
        untold = ForecastRow(
            options=kept.options, option=key[1], title=kept.option.title, chosen=chosen, gone=kept.gone, reason="",
            on_hand=counted and counted.on_hand, on_order=counted and counted.on_order, owed=counted and counted.owed,
        )  # fmt: skip
        say, days = self.words.say, self._days(kept.option)
        if kept.gone and not (chosen or (counted and counted.owed)):
            reason = say("order nothing: nobody can choose it any more, and nobody waits for it")
            return replace(untold, pieces=0 if counted else None, level=0, reason=reason)
        if days is None:
            text = phrase("the process does not say how long it takes to come: write lead_time: P10D, say, beside it")
            return replace(untold, reason=say(text))
        if days > MOST_DAYS:
            text = phrase("it takes %(days)s days to come; up to %(most)s can be told")
            return replace(untold, lead_time=days, reason=say(text, days=days, most=MOST_DAYS))
        stock = Stock(
            option=key[1], lead_time=days,
            on_hand=counted.on_hand if counted else 0,
            on_order=counted.on_order if counted else 0,
            owed=counted.owed if counted else 0,
        )  # fmt: skip
        order = to_order(stock, made, _not_owed(waiting, stock.owed), past.notice, self.today, service=self.service)
        reason = order.told(self.words, counted=counted is not None)
        if past.young and (chosen or order.rate.a_day):
            text = phrase("%(reason)s; how soon choices are used is not known yet, so each counts as needed at once")
            reason = say(text, reason=reason)
        if kept.gone:
            reason = say("%(reason)s; nobody can choose it any more", reason=reason)
        elif counted is None and self.counted:
            reason = say("%(reason)s; it is not in the stock that was given", reason=reason)
        return replace(untold,
            pieces=order.pieces if counted else None, level=order.level, until=order.until, lead_time=days,
            chosen=order.chosen,
            known=round(order.known, 3), to_come=round(order.to_come, 3), a_day=round(order.rate.a_day, 4),
            method=order.rate.method, reason=reason, weeks=tuple(self._weeks(order.rate.a_day, waiting)),
        )  # fmt: skip

    def _days(self, option: Option) -> int | None:
        """Its lead time in whole days, one at least; months are as long as they are from today on."""
        length = option.lead_time
        if length is None:
            return None
        if length.months or length.days > MOST_DAYS:
            try:
                until = length.after(self.now, self.zone)
            except (OverflowError, ValueError):
                return MOST_DAYS + 1
            return max(ceil((until - self.now) / timedelta(days=1)), 1)
        return max(ceil(length.exact / timedelta(days=1)), 1)

    def _weeks(self, a_day: float, waiting: Sequence[tuple[int, int]]) -> Iterator[ForecastWeek]:
        known_before = more_before = 0.0
        ends = [7 * week for week in range(1, WEEKS + 1)]
        for days, (known, more) in zip(ends, ahead(a_day, waiting, self.past.notice, ends), strict=True):
            this, others = known - known_before, more - more_before
            known_before, more_before = known, more
            yield ForecastWeek(
                until=self.today + timedelta(days=days), known=round(this, 3), expected=round(this + others, 3)
            )


def _not_owed(waiting: Sequence[tuple[int, int]], owed: int) -> Sequence[tuple[int, int]]:
    """What waits without what is owed, which is chosen and not used yet as well: those who have waited longest."""
    if not owed:
        return waiting
    left = []
    for age, pieces in sorted(waiting, reverse=True):
        given = min(pieces, owed)
        owed -= given
        if pieces > given:
            left.append((age, pieces - given))
    return left
