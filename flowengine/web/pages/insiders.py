"""What the pages of those inside the organisation have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar

from starlette.responses import Response

from flowengine import errors as e
from flowengine.client.desk import Desk
from flowengine.runtime.actors import OPERATOR
from flowengine.speech.phrases import phrase
from flowengine.web.pages.visit import Visit

T = TypeVar("T")

INSIDE = ("staff", "operator")


def refuse_outside(visit: Visit) -> None:
    """Raises NotFound for customers, and for whoever came by a link: to them there is no such page."""
    if visit.kind not in INSIDE or visit.only_job:
        raise e.NotFound(phrase("there is no such page"))


def refuse_all_but_operators(visit: Visit) -> None:
    """Raises NotFound for everybody else."""
    refuse_outside(visit)
    if visit.kind != "operator":
        raise e.NotFound(phrase("there is no such page"))


def refuse_unless_mended(error: e.FlowError) -> None:
    """Raises it again where no form helps: who has to be known more strongly, and who asks too often."""
    if isinstance(error, (e.WeakIdentity, e.TooMany)):
        raise error


def tried(do: Callable[[], T], then: Callable[[T], Response], again: Callable[[int, str], Response]) -> Response:
    """Do something, and ``then`` go on with what came of it; what is refused comes back as the page, ``again``, with
    its status and the words for the box."""
    try:
        done = do()
    except e.Refused as error:
        refuse_unless_mended(error)
        return again(status_of(error), in_words(error))
    return then(done)


def status_of(error: e.FlowError) -> int:
    """The status of a form that is shown again; where what was typed is nowhere to be found, the form is wrong."""
    return 422 if isinstance(error, (e.NotFound, e.Ambiguous)) else e.http_status(error)


def in_words(error: e.FlowError) -> str:
    """What is wrong and what is possible, in a line."""
    if isinstance(error, e.BadAnswer):
        return "; ".join(dict.fromkeys(error.problems.values()))
    return f"{error.what} ({'; '.join(error.possible)})" if error.possible else error.what


def titles_of(desk: Desk) -> dict[str, str]:
    """What the processes are called that are in use, by name."""
    return {one.name: one.title for one in desk.processes() if one.latest}


def role_titles(visit: Visit, roles: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What roles are called in the files of the processes that have them (``Desk.roles``), by name, in the order of
    their titles; one that no process has any more is called as it is."""
    found: dict[str, str] = {}
    for role, processes in roles.items():
        named = (visit.process(name).roles.get(role) for name in processes)
        title = next((one.title for one in named if one is not None), "")
        found[role] = title or (visit.speech.say("Operator") if role == OPERATOR else role)
    return dict(sorted(found.items(), key=lambda one: one[1].casefold()))


def on_days(
    visit: Visit,
    do: Callable[[date, date], T],
    then: Callable[[T, date], Response],
    again: Callable[[int, dict[str, str]], Response],
    prefix: str = "",
) -> Response:
    """Do something from the ``first`` to the ``last`` day that were typed, in boxes of these names behind a ``prefix``,
    and ``then`` go on with what came of it and the first; what is wrong comes back as the page, ``again``, by box."""
    problems, days = dict[str, str](), dict[str, date]()
    for name in ("first", "last"):
        try:
            days[name] = date.fromisoformat(visit.posted.get(prefix + name))
        except ValueError:
            problems[prefix + name] = visit.speech.say("Please give a day.")
    if problems:
        return again(422, problems)
    return tried(
        lambda: do(days["first"], days["last"]),
        lambda done: then(done, days["first"]),
        lambda status, words: again(status, {f"{prefix}first": words}),
    )


def start_typed(visit: Visit, lacking: str) -> datetime:
    """The beginning of what a button is for. Raises NotFound, with ``lacking``, for what is no moment."""
    try:
        return datetime.fromisoformat(visit.posted.get("start"))
    except ValueError:
        raise e.NotFound(lacking) from None
