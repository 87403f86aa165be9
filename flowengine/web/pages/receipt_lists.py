"""The receipts of a job: which there are, and the file of each, which proves it."""

from __future__ import annotations

from starlette.responses import Response

from flowengine.errors import NotFound
from flowengine.speech.phrases import phrase
from flowengine.views.proofs import canonical
from flowengine.web.pages.book import Book
from flowengine.web.pages.visit import Visit

pages = Book()
MOST = 100


@pages.get("/jobs/{job}/receipts")
def receipts(visit: Visit) -> Response:
    """What one has done in the job, each with its receipt."""
    job, after = visit.part("job"), _number(visit.query("after", "0"))
    rows = visit.desk.receipts(job, after=after, limit=MOST)
    more = rows[-1].seq if len(rows) == MOST else 0
    return visit.page("customers/receipts.html", home=rows[0].zone if rows else "", job=job, rows=rows, more=more)


@pages.get("/jobs/{job}/receipts/{seq}.json")
def file(visit: Visit) -> Response:
    """The file of a receipt, which ``flow receipt verify`` checks without the database."""
    proof = visit.desk.proof(visit.part("job"), _number(visit.part("seq")))
    headers = {
        "content-disposition": f'attachment; filename="receipt-{proof.job}-{proof.seq}.json"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(canonical(proof), media_type="application/json", headers=headers)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 12:
        raise NotFound(phrase("there is no such receipt"), possible=(phrase("the receipts of the job"),))
    return int(text)
