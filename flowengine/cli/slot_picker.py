"""Picking a free appointment: where there are many first the day, then the time, as people say them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rich.console import Console

from flowengine.cli import show
from flowengine.cli.moments import local, told
from flowengine.cli.moments import now as clock
from flowengine.cli.prompt import Back, question_of
from flowengine.cli.typed_moments import clock_in, day_in, typed_moment
from flowengine.speech import spoken_time

SLOTS_SHOWN = 12
"""Appointments that are listed at once; of more, the day is asked first."""

TIMES_A_LINE = 6

DAYS_SHOWN = 14
"""Days with free appointments that are listed; later ones are typed."""

NEAR = 3
"""Free days that are named where nothing is free on the one that was typed."""

LATE = "after the day you were promised"


@dataclass(frozen=True, slots=True)
class Slots:
    """The appointments that are free, the earliest first; those that are ``late`` lie after the promised day."""

    free: Sequence[datetime] = ()
    late: frozenset[datetime] = frozenset()


NONE = Slots()

Days = dict[date, list[datetime]]
"""Free appointments by the day on the person's clock."""


def pick(console: Console, slots: Slots, known: str | None = None, *, back: bool) -> str:
    """The appointment that a person wants, as ISO 8601. An empty line takes what is ``known``, where that is free.
    Raises Back where he goes back, from the first question."""
    usual = next((slot for slot in slots.free if known is not None and slot == datetime.fromisoformat(known)), None)
    days: Days = {}
    for slot in slots.free:
        days.setdefault(local(slot).date(), []).append(slot)
    if len(days) == 1:
        return _iso(_time(console, slots, slots.free, usual, back=back))
    if len(slots.free) <= SLOTS_SHOWN:
        return _iso(_of_few(console, slots, days, usual, back=back))
    while True:
        found = _day(console, slots, days, usual, back=back)
        if len(found) == 1:
            return _iso(found[0])
        try:
            return _iso(_time(console, slots, found, usual if usual in found else None, back=True))
        except Back:
            continue


def _of_few(console: Console, slots: Slots, days: Days, usual: datetime | None, *, back: bool) -> datetime:
    """One of a few appointments on several days, by its number, or by what is said of its day and time."""
    free = slots.free
    for number, slot in enumerate(free, 1):
        show.line(console, (f"  {number:>3}  ", "bold"), told(slot), _late(slots, [slot]))

    def read(text: str) -> datetime:
        if not text and usual is not None:
            return usual
        if text.isdecimal() and len(text) < 6 and 1 <= int(text) <= len(free):
            return free[int(text) - 1]
        found = _meant(text, days) or [slot for slot in free if _at(text) == _clock(slot)]
        if len(found) == 1:
            return found[0]
        if found:
            raise ValueError(f"several fit: {', '.join(map(told, found))}; type one, or its number")
        raise ValueError(f"type a number from 1 to {len(free)}, or {told(free[0])}")

    def explain() -> None:
        _help(
            console, f"Type a number from 1 to {len(free)}, or a day and a time, as {told(free[0])}.", usual, back=back
        )

    return question_of(console, f"Which appointment?{_usual(usual, told)}", read, explain, back=back)


def _day(console: Console, slots: Slots, days: Days, usual: datetime | None, *, back: bool) -> list[datetime]:
    """What is free on the day that a person wants, or the one appointment whose time he said too."""
    every = list(days.items())
    for number, (one, free) in list(enumerate(every, 1))[:DAYS_SHOWN]:
        times = f"{len(free)} free, {_clock(free[0])} to {_clock(free[-1])}" if len(free) > 1 else _clock(free[0])
        show.line(
            console, (f"  {number:>3}  ", "bold"), spoken_time.day(one), (f"   {times}", "dim"), _late(slots, free)
        )
    last, shown = spoken_time.day(every[-1][0]), min(len(days), DAYS_SHOWN)
    if len(days) > DAYS_SHOWN:
        more = f"       and {len(days) - DAYS_SHOWN} more days until {last}; type one of those as {last[4:]}"
        show.line(console, (more, "dim"))

    def read(text: str) -> list[datetime]:
        if not text and usual is not None:
            return days[local(usual).date()]
        if text.isdecimal() and len(text) < 6 and 1 <= int(text) <= len(days):
            return every[int(text) - 1][1]
        found = _meant(text, days)
        if not found:
            raise ValueError(
                f"type a number from 1 to {shown}, or a day, as {spoken_time.day(every[0][0])[4:]} or friday"
            )
        return found

    def explain() -> None:
        _help(
            console,
            f"Type a number from 1 to {shown}, or a day until {last}: {last[4:]}, friday, tomorrow. A time may follow.",
            usual,
            back=back,
        )

    return question_of(
        console, f"Which day?{_usual(usual, lambda slot: spoken_time.day(local(slot)))}", read, explain, back=back
    )


def _time(console: Console, slots: Slots, free: Sequence[datetime], usual: datetime | None, *, back: bool) -> datetime:
    """One of the appointments of a day, by its time."""
    show.line(console, ("  Free on ", "dim"), spoken_time.day(local(free[0])), (":", "dim"))
    good, late = ([slot for slot in free if (slot in slots.late) is wanted] for wanted in (False, True))
    for some in (good, late):
        if some is late and late:
            show.line(console, (f"  {LATE}:", "yellow"))
        for begin in range(0, len(some), TIMES_A_LINE):
            show.line(console, "    ", "  ".join(map(_clock, some[begin : begin + TIMES_A_LINE])))

    def read(text: str) -> datetime:
        if not text and usual is not None:
            return usual
        at = _at(text)
        found = [slot for slot in free if at == _clock(slot)] or _on(text, free)
        if len(found) == 1:
            return found[0]
        if found:
            raise ValueError(f"clocks are put back on that day: type {' or '.join(map(_iso, found))}")
        raise ValueError(f"{f'{at} is not free; ' if at else ''}type one of the times, as {_clock(free[0])}")

    def explain() -> None:
        _help(console, f"Type one of the times, as {_clock(free[0])}.", usual, back=back)

    return question_of(console, f"What time?{_usual(usual, _clock)}", read, explain, back=back)


def _meant(text: str, days: Days) -> list[datetime]:
    """What is free on the day, or at the moment, that a text means; nothing where it means none. Raises ValueError
    where nothing is free then, which tells the next free days."""
    free = [slot for found in days.values() for slot in found]
    exactly = _on(text, free) or _at_hour(text, days)
    if exactly:
        return exactly
    wanted = day_in(text)
    if wanted is not None:
        return days.get(wanted) or _nothing_free(wanted, days)
    moment = _moment(typed_moment(text)) if text else None
    if moment is None:
        return []
    on = local(moment).date()
    if on not in days:
        raise ValueError(_nothing(on, days))
    raise ValueError(f"{_clock(moment)} is not free on {spoken_time.day(on)}; free are {_times(days[on])}")


def _at_hour(text: str, days: Days) -> list[datetime]:
    """What is free on a day at an hour, as in ``friday 10`` or ``friday at 10``."""
    before, _, hour = text.rpartition(" ")
    on = _day_in(before.removesuffix(" at")) if before else None
    return [slot for slot in days.get(on, ()) if _clock(slot) == _at(hour)] if on is not None else []


def _nothing_free(wanted: date, days: Days) -> list[datetime]:
    raise ValueError(_nothing(wanted, days))


def _nothing(wanted: date, days: Days) -> str:
    on = spoken_time.day(wanted)
    if wanted < clock().date():
        return f"{on} is over; the next free days are {_names(list(days)[:NEAR])}"
    after = [one for one in days if one > wanted][:NEAR]
    if after:
        return f"nothing is free on {on}; the next free {'day is' if len(after) == 1 else 'days are'} {_names(after)}"
    last = list(days)[-NEAR:]
    return f"nothing can be booked on {on}; the last free {'day is' if len(last) == 1 else 'days are'} {_names(last)}"


def _names(days: Sequence[date]) -> str:
    return ", ".join(map(spoken_time.day, days))


def _times(free: Sequence[datetime]) -> str:
    more = ", …" if len(free) > SLOTS_SHOWN else ""
    return f"{', '.join(map(_clock, free[:SLOTS_SHOWN]))}{more}"


def _on(text: str, free: Sequence[datetime]) -> list[datetime]:
    """The appointments of exactly the moment that a text means."""
    if not re.search("[0-9]", text):
        return []
    moment = _moment(typed_moment(text)) if _day_in(text) is None else None
    return [slot for slot in free if slot == moment or told(slot) == text]


def _day_in(text: str) -> date | None:
    """The day that a text means; None for any other text, and for a day that is not taken."""
    try:
        return day_in(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _at(text: str) -> str:
    """The time of day that a text means, as clocks show it; empty for none."""
    found = clock_in(text)
    return f"{found:%H:%M}" if found else ""


def _late(slots: Slots, free: Sequence[datetime]) -> tuple[str, str]:
    """That appointments lie after the promised day, where all of them do."""
    return (f"   {LATE}" if all(slot in slots.late for slot in free) else "", "yellow")


def _usual(usual: datetime | None, name: object) -> str:
    return f" [{name(usual)}]" if usual is not None and callable(name) else ""


def _help(console: Console, how: str, usual: datetime | None, *, back: bool) -> None:
    show.line(console, (f"  {how}", "dim"))
    if usual is not None:
        show.line(console, (f"  Enter takes {told(usual)}.", "dim"))
    goes = "back, or <, goes to the question before. " if back else ""
    show.line(console, (f"  {goes}Ctrl-C stops, and nothing is changed.", "dim"))


def _clock(slot: datetime) -> str:
    return f"{local(slot):%H:%M}"


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
