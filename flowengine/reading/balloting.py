"""A voter's own ballot: what he has voted, and that it was counted."""

from __future__ import annotations

from bisect import bisect_right

from msgspec.structs import replace

from flowengine import exact
from flowengine.commands import access, voting
from flowengine.commands.shell import Shell
from flowengine.core import boxes
from flowengine.core.seatings import stands_for
from flowengine.core.translating import step_in
from flowengine.core.values import Actor, Seat
from flowengine.errors import Ambiguous, NotFound, StaleCommand
from flowengine.people.identities import By
from flowengine.speech.phrases import phrase
from flowengine.store import Transaction, shown
from flowengine.store.ballots import COUNTED, OPEN, Paper, StoredBox, leaf_of
from flowengine.store.codec import decode
from flowengine.views.ballots import BallotView, ProofNode


def ballot(shell: Shell, step_id: str, by: By) -> BallotView:
    """Of a vote in which he could not vote, and of one without a box, nothing is told (L4)."""
    with shell.reading() as tx:
        actor = access.asker(tx, "ballot", by)
        job_id, number = _vote(tx, step_id, actor)
        box = tx.ballots.find(job_id, number)
        found = _seats(tx, job_id, number, actor)
        if box is None or not found or (actor.job and actor.job != job_id):
            raise access.no_such("vote", step_id)
        seat = next((one for one in found if one.answer is not None), found[0])
        person = seat.audience.partition(":")[2]
        job = access.read(tx, job_id, "vote", step_id)
        opened = access.opening(tx, job, number)
        if opened is None:
            raise StaleCommand(phrase("the vote is in no history"), where=step_id)
        voted, still = seat.answer is not None, access.open_step(job, number)
        over = still is None or still.is_over(shell.clock.now())
        changeable = False
        process = shell.catalogue.told(tx, job.process, job.version, actor.language).process
        if still is not None:
            state = shell.catalogue.compiled(tx, job.process, job.version).at(still)
            changeable = state.member(still.member).takes_another_answer
        view = BallotView(
            step=f"{job_id}.{number}",
            title=step_in(process, still or opened[1].step).title,
            state=box.state,  # type: ignore[arg-type]  # the column holds one of the three
            due=still.due if still is not None else None,
            voted=voted,
            may_change=box.state == OPEN and not over and (changeable or not voted),
            voters=box.voters,
            cast=box.papers if box.state == COUNTED else None,
            root=box.root or "" if box.state == COUNTED else "",
        )
        own = voting.own_ballot(tx, box, person, shell.settings.ballot_secret) if voted else None
        return view if own is None else _with_paper(tx, box, view, *own)


def _seats(tx: Transaction, job_id: str, step: int, actor: Actor) -> list[Seat]:
    """Those of whom he is one, or for whom he acts, who may vote."""
    found = (tx.ballots.seat(job_id, step, one) for one in stands_for(actor))
    return [seat for seat in found if seat is not None]


def _vote(tx: Transaction, text: str, actor: Actor) -> tuple[str, int]:
    """The vote that is meant: by its step, or by its job, where it is the only one in which he may vote."""
    try:
        if "." in text:
            return access.numbered_ref(tx, text, actor, "vote")
        job_id = access.job_ref(tx, text, actor, "vote")
    except NotFound:
        raise access.no_such("vote", text) from None
    votes = [box.step for box in tx.ballots.of_job(job_id) if _seats(tx, job_id, box.step, actor)]
    if len(votes) > 1:
        possible = [f"{shown(job_id)}.{step}" for step in votes]
        raise Ambiguous(
            phrase("%(text)s has several votes in which you may vote", text=repr(text)), where=text, possible=possible
        )
    if not votes:
        raise access.no_such("vote", text)
    return job_id, votes[0]


def _with_paper(tx: Transaction, box: StoredBox, view: BallotView, id: str, paper: Paper) -> BallotView:
    leaf = leaf_of((id, *paper))
    view = replace(
        view,
        ballot=exact.decode(paper.body) if paper.body is not None else None,
        leaf=leaf.hex(),
        id=id,
        weight=paper.weight,
        salt=paper.salt or "",
        written=paper.body or "",
    )
    if box.state != COUNTED or box.layer is None:
        return view
    beside = proof(tx, box, id)
    counted = boxes.leads_to(leaf, beside).hex() == box.root
    nodes = tuple(ProofNode(side=side, hash=other.hex()) for side, other in beside)  # type: ignore[arg-type]  # left, right
    return replace(view, counted=counted, beside=nodes)


def proof(tx: Transaction, box: StoredBox, id: str) -> list[tuple[str, bytes]]:
    """The hashes beside the way from a paper up to the root: of the papers no more are read than lie below one node of
    the layer that is kept."""
    layer = decode(box.layer or "[]", list[tuple[str, str]])
    place = bisect_right([first for first, _ in layer], id) - 1
    below = tx.ballots.bucket(box.job_id, box.step, layer[place][0])
    index = next((index for index, (one, _) in enumerate(below) if one == id), 0)
    upper = boxes.proof([bytes.fromhex(node) for _, node in layer], place)
    return boxes.proof([leaf for _, leaf in below], index) + upper
