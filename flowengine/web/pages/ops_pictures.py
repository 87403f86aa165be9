"""Pictures for operators: a process with how many jobs stand where, and a job's way through it."""

from __future__ import annotations

from starlette.responses import Response

from flowengine import errors as e
from flowengine.interop.drawing import Crowd, JobPath, can_draw, picture
from flowengine.language import parse
from flowengine.speech.phrases import phrase
from flowengine.views.replies import StaffTrack
from flowengine.web.pages.book import Book
from flowengine.web.pages.insiders import refuse_all_but_operators
from flowengine.web.pages.visit import Visit

pages = Book()

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser lets a picture do that is looked at by itself: it has its colours in it, and nothing else."""


@pages.get("/ops/processes/{name}/picture")
def of_process(visit: Visit) -> Response:
    """The latest version, with how many jobs stand in each state and how long."""
    _refuse(visit)
    name, now = visit.part("name"), visit.engine.clock.now()
    with visit.still():
        text, found = visit.desk.source(name), visit.desk.standing(name)
    counts = {one.state: Crowd(jobs=one.jobs, median=now - one.half_since, longest=now - one.since) for one in found}
    return svg(picture(parse(text, check=False), counts=counts))


@pages.get("/ops/jobs/{job}/picture")
def of_job(visit: Visit) -> Response:
    """The version that the job has, with its way so far."""
    _refuse(visit)
    with visit.still():
        track = visit.desk.track(visit.part("job"))
        lines = visit.desk.history(track.job)
        text = visit.desk.source(track.process, track.version)
    stands = [place.state for place in track.where] if isinstance(track, StaffTrack) else []
    path = JobPath.of((event for line in lines for event in line.events), stands)
    return svg(picture(parse(text, check=False), path=path))


def _refuse(visit: Visit) -> None:
    refuse_all_but_operators(visit)
    if not can_draw():
        raise e.NotFound(phrase("there are no pictures here"), possible=(phrase("install the extra draw"),))


def svg(text: str) -> Response:
    """A picture, looked at by itself or on a page; it is made anew each time."""
    headers = {"cache-control": "no-store", "content-security-policy": POLICY, "x-content-type-options": "nosniff"}
    return Response(text, media_type="image/svg+xml", headers=headers)
