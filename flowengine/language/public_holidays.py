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
    if wrong := unknown(name):
        raise ExpressionFailed(wrong, possible=near(name), kind="missing")
    found = library.country_holidays(country, subdiv=part or None, years=year, expand=False)
    if not found.start_year <= year <= found.end_year:
        what = f"the library 'holidays' {library.__version__} knows no holidays of {name} in {year}"
        raise ExpressionFailed(what, possible=(f"the years {found.start_year} to {found.end_year}",))
    return frozenset(found)


def unknown(name: str) -> str:
    """What is wrong with the name of a country or a part of one, or an empty text. Raises ExpressionFailed."""
    country, dash, part = name.partition("-")
    parts = _countries().get(country)
    if parts is None:
        return f"the library 'holidays' knows no country {country!r}"
    return f"the library 'holidays' knows no part {part!r} of {country}" if dash and part not in parts else ""


def near(name: str) -> tuple[str, ...]:
    """Names that were perhaps meant by an unknown one: that which is spelt alike, else all in the country, or all
    countries, as many as can be taken in. Raises ExpressionFailed."""
    country, _, part = name.partition("-")
    known = _countries()
    if country in known:
        # suggestions know small letters, which the codes of countries and of their parts are not
        parts = {one.lower(): f"{country}-{one}" for one in known[country]}
        meant = suggest.near(part, parts)
        return (parts[meant],) if meant else tuple(parts.values())[: suggest.MOST] or (country,)
    countries = {one.lower(): one for one in known if len(one) == 2}
    if country.lower() in countries:
        return (countries[country.lower()] + name[len(country) :],)
    meant = suggest.near(country, countries)
    return (countries[meant],) if meant else ("the country's code of two letters, as GB, or with a part, as GB-ENG",)


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
