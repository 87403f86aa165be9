"""What to order today, as it is told: of each option how many pieces, why, and what is ahead (M8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from flowengine.views.view import View


class ForecastWeek(View, frozen=True, kw_only=True):
    """Pieces of an option that are expected to be used within seven days, the last of which is ``until``: ``known`` of
    those that are chosen already, ``expected`` with those that will be chosen by then."""

    until: date
    known: float
    expected: float


class ForecastRow(View, frozen=True, kw_only=True):
    """What to order of an option, by its list of ``options`` and its id, and the ``reason`` in words.

    ``pieces`` are to be ordered so that ``level`` are there and on the way; None where no stock was counted: then
    ``level`` is what to hold. Both are None where nothing can be told; the ``reason`` says why. What is ordered today
    comes in ``lead_time`` days, on ``until``. ``chosen`` pieces wait to be used, beside those that are owed, and of
    them ``known`` are expected to be by then; ``to_come`` more are expected to be chosen and used by then, at ``a_day``
    chosen a day, by the ``method``. ``on_hand``, ``on_order`` and ``owed`` are what was counted. ``gone``: nobody can
    choose it any more.
    """

    options: str
    option: str
    title: str
    pieces: int | None = None
    level: int | None = None
    until: date | None = None
    lead_time: int | None = None
    chosen: int = 0
    known: float | None = None
    to_come: float | None = None
    a_day: float | None = None
    method: str = ""
    on_hand: int | None = None
    on_order: int | None = None
    owed: int | None = None
    gone: bool = False
    reason: str
    weeks: tuple[ForecastWeek, ...] = ()


class Forecast(View, frozen=True, kw_only=True):
    """What to order of each option of a process at the end of ``today``, a day of its zone, so that a share ``service``
    of the pieces is there when it is needed; what is to be ordered comes first.

    ``since`` is the first day on which anything was chosen that is counted, None where nothing was. ``behind`` and
    ``anew`` are as of :class:`~flowengine.views.insight.Insight`.
    """

    process: str
    title: str
    today: date
    since: date | None
    service: float
    rows: tuple[ForecastRow, ...]
    behind: int = 0
    anew: bool = False


COLUMNS = tuple(name for name in ForecastRow.__struct_fields__ if name != "weeks")


def forecast_cells(found: Forecast) -> Iterator[tuple[str, ...]]:
    """All rows for programs that read columns (CSV), the heads first; what is not known is empty."""
    yield COLUMNS
    for row in found.rows:
        yield tuple(_plain(getattr(row, name)) for name in COLUMNS)


def _plain(value: object) -> str:
    if value is None or value is False:
        return ""
    return "yes" if value is True else f"{value:g}" if isinstance(value, float) else str(value)
