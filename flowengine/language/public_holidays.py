"""Public holidays by country: the one file that imports the library ``holidays``.

What a year's holidays are is a fact of the version of that library that is installed: the same name and year give the
same days, however often they are asked for (L7).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import ModuleType

from flowengine.distribution import installing
from flowengine.errors import ExpressionFailed
from flowengine.language import suggest

EXTRA = "holidays"
"""The extra that installs the library."""
_YEARS = 512
"""Years of countries that are remembered, a few kilobytes each."""


@lru_cache(maxsize=_YEARS)
def public_holidays(name: str, year: int) -> frozenset[date]:
    """The public holidays of a year in a country (``GB``) or a part of it (``GB-ENG``), those on other days instead
    included. Raises ExpressionFailed where the library is missing, or knows nothing of the country or the year."""
    library, (country, _, part) = _library(), name.partition("-")
    try:
        found = library.country_holidays(country, subdiv=part or None, years=year, expand=False)
    except NotImplementedError:
        raise _unknown(name) from None
    if not found.start_year <= year <= found.end_year:
        what = f"the library 'holidays' {library.__version__} knows no holidays of {name} in {year}"
        raise ExpressionFailed(what, possible=(f"the years {found.start_year} to {found.end_year}",))
    return frozenset(found)


def _unknown(name: str) -> ExpressionFailed:
    """That a name means nothing, with what was perhaps meant: the part of the country that is spelt alike, or all its
    parts; the country, or how one is written."""
    known = _countries()
    country, _, part = name.partition("-")
    # suggestions compare small letters, in which the codes of countries and of their parts are not written
    if country in known:
        parts = {one.lower(): f"{country}-{one}" for one in known[country]}
        what, meant = f"no part {part!r} of {country}", parts.get(suggest.near(part, parts))
        possible = (meant,) if meant else (tuple(parts.values())[: suggest.MOST] or (country,))
    else:
        countries = {one.lower(): one for one in known if len(one) == len(country)}
        what, meant = f"no country {country!r}", countries.get(suggest.near(country, countries))
        possible = (meant,) if meant else ("a country's code, as GB, or with a part of it, as GB-ENG",)
    return ExpressionFailed(f"the library 'holidays' knows {what}", possible=possible, kind="missing")


@lru_cache(maxsize=1)
def _countries() -> Mapping[str, tuple[str, ...]]:
    """The parts of each country that the library knows, by its code."""
    return {code: tuple(parts) for code, parts in _library().list_supported_countries().items()}


def _library() -> ModuleType:
    """The library. It is large, and imported only where a calendar asks for it. Raises ExpressionFailed."""
    try:
        import holidays
    except ImportError:
        what = "public holidays come from the library 'holidays', which is not installed"
        raise ExpressionFailed(what, possible=(installing(EXTRA),), kind="missing") from None
    return holidays
