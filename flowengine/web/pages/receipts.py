"""What somebody has done, to keep: on a page that can be printed, and as a file that can be checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.responses import Response

from flowengine import errors as e
from flowengine.client import FormField, FormOption, Json, canonical
from flowengine.core.forms import Shape
from flowengine.speech.phrases import phrase
from flowengine.speech.telling import Speech
from flowengine.web.pages.book import Book
from flowengine.web.pages.fields import summary
from flowengine.web.pages.visit import Visit, at

pages = Book()

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@pages.get("/receipts/{job}/{seq}")
def receipt(visit: Visit) -> Response:
    """What was answered, when and as whom, and what comes next. Of a ballot the number is below 0: it lies in its box,
    and there is no file of it."""
    job, seq = visit.part("job"), _number(visit.part("seq"))
    with visit.still():
        told = visit.desk.answered(job, seq)
        track = visit.desk.track(told.job)
        visit.at_home(track.zone)
        ballot = visit.desk.ballot(f"{told.job}.{-seq}") if seq < 0 else None
        statement = _statement(visit, told.job, seq)
    return visit.page(
        "customers/receipt.html",
        told=told,
        seq=seq,
        ballot=ballot,
        statement=statement,
        booked=statement.get("outcome") in ("book", "move") and any(one.booked for one in track.waiting),
        lines=_lines(statement, visit.speech),
        when=datetime.fromisoformat(str(statement["at"])) if "at" in statement else None,
        file=at("receipts", told.job, str(seq), "file") if statement else "",
    )


@pages.get("/receipts/{job}/{seq}/file")
def file(visit: Visit) -> Response:
    """The receipt as ``flow receipt verify`` checks it."""
    proof = visit.desk.proof(visit.part("job"), _number(visit.part("seq")))
    named = {
        "content-disposition": f'attachment; filename="receipt-{proof.job}-{proof.seq}.json"',
        "cache-control": "no-store",
    }
    return Response(canonical(proof) + b"\n", 200, named, media_type="application/json")


def _statement(visit: Visit, job: str, seq: int) -> dict[str, Json]:
    """What the file says of it; nothing where there is none."""
    try:
        return visit.desk.proof(job, seq).statement if seq > 0 else {}
    except e.Refused:
        return {}


def _lines(statement: Mapping[str, Any], speech: Speech) -> list[tuple[str, str]]:
    """What was answered, by the questions that the statement names. It does not say which kinds of questions they were:
    days are told as days, and all else as it was answered."""
    given = statement.get("answer")
    if not isinstance(given, Mapping):
        return []
    fields = []
    for one in statement.get("offered", ()):
        name, value = one["name"], given.get(one["name"])
        options = tuple(FormOption(id=each["id"], title=each["title"]) for each in one.get("options", ()))
        shape: Shape = "quantities" if isinstance(value, dict) else "several" if isinstance(value, list) else "one"
        kind: Any = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "string"
        format = "date" if isinstance(value, str) and _DAY.fullmatch(value) else ""
        if name in given:
            days = isinstance(value, list) and all(isinstance(day, str) and _DAY.fullmatch(day) for day in value)
            schema = {"items": {"type": "string", "format": "date"}} if days else {}
            made = FormField(
                name=name, title=one["title"], type=kind, options=options, shape=shape, format=format, schema=schema
            )
            fields.append(made)
    return summary(fields, given, speech)


def _number(text: str) -> int:
    try:
        return int(text[:20])
    except ValueError:
        raise e.NotFound(phrase("there is no receipt %(id)s", id=repr(text[:20])), where=text[:20]) from None
