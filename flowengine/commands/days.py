"""Days and moments as programs say them: a bare day is that day in the zone of what it is said of."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from flowengine.errors import BadAnswer
from flowengine.speech.phrases import phrase


def moment_of(given: date, zone: tzinfo, *, last: bool = False) -> datetime:
    """The moment that is meant; of a bare day its beginning, or with ``last`` its end. Raises BadAnswer for a moment
    without an offset, OverflowError for a day that no calendar has."""
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise BadAnswer(
                {"moment": phrase("must say its offset")},
                possible=[phrase("a moment with a time zone"), phrase("a day")],
            )
        return given.astimezone(UTC)
    return datetime.combine(given + timedelta(days=last), time(), zone).astimezone(UTC)


def near_moment(given: date, zone: tzinfo, *, last: bool = False) -> datetime:
    """As :func:`moment_of`, with BadAnswer for what is too far away as well."""
    try:
        return moment_of(given, zone, last=last)
    except OverflowError:
        raise BadAnswer({"moment": phrase("is too far away")}) from None
