"""Beginning a job for a customer, as staff do at the counter and on the telephone."""

from __future__ import annotations

from starlette.responses import Response

from flowengine import errors as e
from flowengine.web.pages.book import Book
from flowengine.web.pages.fields import Answered, answer, asked
from flowengine.web.pages.insiders import in_words, refuse_outside, refuse_unless_mended, status_of
from flowengine.web.pages.posted import Upload
from flowengine.web.pages.starting import PREFIX
from flowengine.web.pages.visit import Visit

pages = Book()


@pages.get("/customers/{id}/begin/{process}")
def ask(visit: Visit) -> Response:
    """What the process asks at its beginning."""
    refuse_outside(visit)
    return shown(visit)


def shown(visit: Visit, status: int = 200, given: Answered | None = None, others: tuple[str, ...] = ()) -> Response:
    """The form, with what was ``given``; ``others`` is what is wrong besides."""
    need, record = visit.desk.need(visit.part("process")), visit.desk.record(visit.part("id"))
    found = given or Answered({}, {})
    typed = visit.posted if found.problems or others else None
    return visit.page(
        "staff/begin_for.html", status, need=need, record=record, others=others,
        questions=asked(
            need.questions, found.values, found.problems, speech=visit.speech, prefix=PREFIX, typed=typed,
            name_of=lambda id: visit.desk.file(id).name,
        ),
    )  # fmt: skip


@pages.post("/customers/{id}/begin/{process}")
def begin(visit: Visit) -> Response:
    """The job begins. What was typed stands in the form until it does."""
    refuse_outside(visit)
    customer = visit.desk.record(visit.part("id")).customer
    need = visit.desk.need(visit.part("process"))

    def attach(upload: Upload) -> str:
        return visit.desk.attach(upload.name, upload.data).id

    given = answer(need.questions, visit.posted, visit.speech, attach, PREFIX)
    if given.problems:
        return shown(visit, 422, given)
    key = visit.posted.get("key") or None
    try:
        receipt = visit.desk.start(need.process, need=given.values, customer=customer, key=key)
    except e.BadAnswer as error:
        names = {field.name for field in need.questions}
        own = {name: words for name, words in error.problems.items() if name.partition(".")[0] in names}
        others = tuple(words for name, words in error.problems.items() if name not in own)
        return shown(visit, 422, Answered(given.values, own), others)
    except e.Refused as error:
        refuse_unless_mended(error)
        return shown(visit, status_of(error), given, (in_words(error),))
    return visit.go("/work", {"did": receipt.job, "seq": str(receipt.seq)})
