"""Processes as pictures in SVG and PNG.

Others take from here: :func:`can_draw`, :func:`picture`, :func:`png`, :func:`stylesheet` (for pages that show pictures
embedded), and what a picture may tell beside the process: :class:`JobPath` and :class:`Crowd`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flowengine.errors import Refused
from flowengine.interop.drawing.arranging import arrange
from flowengine.interop.drawing.colours import DARK, LIGHT, alone, stylesheet
from flowengine.interop.drawing.graphviz import can_draw
from flowengine.interop.drawing.painting import paint
from flowengine.interop.drawing.raster import rasterised
from flowengine.interop.drawing.scene import Crowd, JobPath, Links
from flowengine.interop.drawing.telling import tell
from flowengine.interop.labels import usual as without_the_rest
from flowengine.language.model import Process

MOST_STATES = 1_000
"""States of a process that is drawn: more take long, and a picture of them says nothing."""
MOST_PIXELS = 30_000_000
"""Pixels of a PNG: a larger picture becomes a smaller one."""

__all__ = ["Crowd", "JobPath", "can_draw", "picture", "png", "stylesheet"]


def picture(
    process: Process,
    *,
    path: JobPath | None = None,
    counts: Mapping[str, Crowd] | None = None,
    links: Links | None = None,
    usual: bool = False,
    embedded: bool = False,
) -> str:
    """A process as SVG.

    path: a job's way, by names of states: passed states are solid, those to come dashed, where it stands has a ring.
    counts: by state, how many jobs stand there and how long.
    links: by state, where its card leads: a path, or an address of http or https.
    usual: only what is hoped for, without deadlines, failures and changes of mind.
    embedded: without styles, for a page that has those of :func:`stylesheet`.

    Raises NotConfigured where the extra ``draw`` is not installed, and Refused for a process of more than
    :data:`MOST_STATES` states and a link that leads elsewhere.
    """
    shown = tell(_kept(process, usual), path, counts, links)
    return paint(shown, arrange(shown.scene), "" if embedded else stylesheet())


def png(
    process: Process,
    *,
    path: JobPath | None = None,
    counts: Mapping[str, Crowd] | None = None,
    usual: bool = False,
    dark: bool = False,
    zoom: float = 1.5,
) -> bytes:
    """The same as PNG. ``zoom``: how many pixels each pixel of the SVG becomes; fewer where it
    would have more than :data:`MOST_PIXELS`."""
    shown = tell(_kept(process, usual), path, counts)
    plan = arrange(shown.scene)
    most = (MOST_PIXELS / max(1, plan.w * plan.h)) ** 0.5
    return rasterised(paint(shown, plan, alone(DARK if dark else LIGHT)), min(zoom, most))


def _kept(process: Process, usual: bool) -> Process:
    kept = replace(process, root=without_the_rest(process.root)) if usual else process
    if len(list(kept.states())) > MOST_STATES:
        what = f"a process of more than {MOST_STATES:,} states is too large for a picture"
        raise Refused(what, where=process.name, possible=("an outline of it: flow draw --format text",))
    return kept
