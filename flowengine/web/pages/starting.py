"""Beginning a job: what it asks, of who is signed in, and of somebody new."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.responses import Response

from flowengine import errors as e
from flowengine.client import FormField
from flowengine.people.identities import reading
from flowengine.people.permissions import PROGRAM
from flowengine.views.replies import NeedView
from flowengine.web.pages import nobody
from flowengine.web.pages.book import Book
from flowengine.web.pages.fields import Answered, answer, asked, carried, price, summary
from flowengine.web.pages.posted import Posted, Upload
from flowengine.web.pages.visit import Visit, at
from flowengine.web.signing_in import browser_of

pages = Book()

PREFIX = "need."


@pages.get("/start/{process}", "anyone")
def start(visit: Visit) -> Response:
    """What a process asks at its beginning. Who was ``invited`` is known already, and signs in as who he is."""
    if visit.who is None and (visit.query("invited") or not _is_public(visit)):
        return nobody.sign_in_first(visit)
    return _show(visit, _need(visit))


@pages.post("/start/{process}", "anyone")
def begin(visit: Visit) -> Response:
    """The answers to check, then the job; for somebody new the code that shows that the contact is his."""
    if visit.who is None and not _is_public(visit):
        return nobody.send_again(visit)
    need, posted, speech = _need(visit), visit.posted, visit.speech
    given = answer(need.questions, posted, speech, _attach(visit), PREFIX)
    who = answer(_contact(visit), posted, speech)
    if posted.get("stage") == "change" or given.problems or who.problems:
        return _show(visit, need, given, who, 422 if given.problems or who.problems else 200)
    if posted.get("stage") != "send" and (need.questions or visit.who is None):
        return _check(visit, need, given, who)
    try:
        if visit.who is None:
            return _publicly(visit, given, who)
        receipt = visit.desk.start(need.process, need=given.values, key=posted.get("key") or None)
    except e.BadAnswer as error:
        return _refused(visit, need, given, who, error.tell(visit.speech.tell).problems)
    except e.KeyConflict:
        said = speech.say("This page was used before for another answer. Look whether it is right, and send it.")
        return _show(visit, need, given, who, 409, (said,))
    return visit.go(at("receipts", receipt.job, str(receipt.seq)))


def _publicly(visit: Visit, given: Answered, who: Answered) -> Response:
    begun = visit.engine.start_publicly(
        visit.part("process"), need=given.values, name=str(who.values.get("name", "")),
        contact=str(who.values.get("contact", "")), browser=browser_of(visit.request), language=visit.language,
        key=visit.posted.get("key") or None,
    )  # fmt: skip
    return visit.go("/login/answer", {"id": begun.code.id, "back": at("jobs", begun.job)})


def _refused(visit: Visit, need: NeedView, given: Answered, who: Answered, problems: Mapping[str, str]) -> Response:
    names = {field.name for field in need.questions}
    own = {name: words for name, words in problems.items() if name.partition(".")[0] in names}
    contact = {name: words for name, words in problems.items() if name == "contact"}
    others = tuple(words for name, words in problems.items() if name not in own and name not in contact)
    return _show(visit, need, Answered(given.values, own), Answered(who.values, contact), 422, others)


def _is_public(visit: Visit) -> bool:
    """Whether somebody new may begin it here: not in a host, to whose login nobody of ours is known."""
    host: str = visit.request.app.state.sign_in_at
    return not host and visit.engine.shell.settings.ways_in.may_start(visit.part("process"))


def _need(visit: Visit) -> NeedView:
    process = visit.part("process")
    if visit.who is not None:
        return visit.desk.need(process)
    return visit.engine.need(process, by=reading(PROGRAM, visit.language))


def _contact(visit: Visit) -> tuple[FormField, ...]:
    """Who is new says who he is."""
    if visit.who is not None:
        return ()
    say = visit.speech.say
    return (
        FormField(name="name", title=say("Your name"), type="string", schema={"maxLength": 200}),
        FormField(
            name="contact", title=say("Your e-mail address"), type="string", format="email",
            schema={"format": "email", "description": say("A code goes there, by which the job becomes yours.")},
        ),
    )  # fmt: skip


def _attach(visit: Visit) -> Callable[[Upload], str] | None:
    """Files are kept for who is signed in; nobody else sends any."""
    if visit.who is None:
        return None

    def attach(upload: Upload) -> str:
        return visit.desk.attach(upload.name, upload.data).id

    return attach


def _show(
    visit: Visit, need: NeedView, given: Answered | None = None, who: Answered | None = None, status: int = 200,
    others: tuple[str, ...] = (),
) -> Response:  # fmt: skip
    again = given is not None and who is not None and bool(given.problems or who.problems)
    typed: Posted | None = visit.posted if again else None
    given, who = given or Answered({}, {}), who or Answered({}, {})
    return visit.page(
        "customers/start.html",
        status,
        need=need,
        questions=asked(
            need.questions, given.values, given.problems, speech=visit.speech, prefix=PREFIX, typed=typed,
            pictures=visit.assets, name_of=lambda id: visit.desk.file(id).name,
        ),
        contact=asked(_contact(visit), who.values, who.problems, speech=visit.speech, typed=typed),
        others=others,
        process=visit.part("process"),
    )  # fmt: skip


def _check(visit: Visit, need: NeedView, given: Answered, who: Answered) -> Response:
    lines = []
    for fields, found, prefix in ((need.questions, given, PREFIX), (_contact(visit), who, "")):
        told = summary(fields, found.values, visit.speech, lambda id: visit.desk.file(id).name)
        again = asked(fields, found.values, speech=visit.speech, prefix=prefix)
        lines += [(title, text, one.id) for (title, text), one in zip(told, again, strict=True)]
    cost = price(need.questions, given.values)
    return visit.page(
        "customers/check.html",
        title=need.title,
        lines=lines,
        kept=[
            *carried(need.questions, given.values, visit.speech, PREFIX),
            *carried(_contact(visit), who.values, visit.speech),
        ],
        concern="",
        cost=visit.speech.money(*cost) if cost else "",
        action=at("start", visit.part("process")),
    )
