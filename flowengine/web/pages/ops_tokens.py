"""Tokens of those who come in over HTTP without a person: external workers, programs of operators, readers of measures.

A secret is shown once, as on the page of one's own tokens (:mod:`flowengine.web.pages.ways_in`).
"""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from flowengine import errors as e
from flowengine.commands.tokens import SCOPES
from flowengine.web.cookies import drop_shown, set_shown, shown_once
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import in_words, refuse_all_but_operators, refuse_unless_mended, status_of
from flowengine.web.pages.visit import Visit

pages = Book()

PAGE = "/ops/tokens"
MOST_DAYS = 3650


@pages.get(PAGE)
def tokens(visit: Visit) -> Response:
    """All that are valid; a secret that was just made is shown now, and never again."""
    refuse_all_but_operators(visit)
    answer = shown(visit, made=shown_once(visit.request) if visit.query("made") else "")
    drop_shown(visit.request, answer)
    return answer


def shown(visit: Visit, status: int = 200, problems: dict[str, str] | None = None, made: str = "") -> Response:
    """The page; ``problems`` by the ids of the boxes, ``made`` the secret of a new one."""
    now = visit.speech.now
    with visit.still():
        found = [one for one in visit.desk.tokens() if one.revoked is None]
    return visit.page(
        "operators/tokens.html", status, tokens=[one for one in found if one.expires is None or one.expires > now],
        over=sum(one.expires is not None and one.expires <= now for one in found), scopes=sorted(SCOPES, reverse=True),
        problems=problems or {}, typed=visit.posted, made=made,
    )  # fmt: skip


@pages.post(PAGE)
def make(visit: Visit) -> Response:
    """A new one; its secret is shown on the page that follows."""
    refuse_all_but_operators(visit)
    posted, expires = visit.posted, None
    days = posted.get("days").strip()
    if days:
        if not (days.isascii() and days.isdecimal() and 0 < int(days[:6]) <= MOST_DAYS):
            return shown(visit, 422, {"days": visit.speech.say("A number of days from 1 to 3650, or nothing.")})
        expires = visit.engine.clock.now() + timedelta(days=int(days))
    handlers = [one.strip() for one in posted.get("handlers").replace(",", " ").split()]
    try:
        made = visit.desk.issue_token(
            posted.get("scope"), posted.get("subject").strip(), handlers=handlers, expires=expires
        )  # fmt: skip
    except e.BadAnswer as error:
        boxes = ("scope", "subject", "handlers")
        return shown(
            visit, 422, {box if box in boxes else "subject": words for box, words in error.problems.items()}
        )  # fmt: skip
    except e.Refused as error:
        refuse_unless_mended(error)
        return shown(visit, status_of(error), {"subject": in_words(error)})
    answer = visit.go(PAGE, {"made": "1"})
    set_shown(visit.request, answer, made.token)
    return answer


@pages.post(f"{PAGE}/revoke")
def revoke(visit: Visit) -> Response:
    """It counts no more, now and for ever."""
    refuse_all_but_operators(visit)
    visit.desk.revoke_token(visit.posted.get("id"), take_back=visit.posted.get("back") == "yes")
    return visit.go(PAGE)
