"""What may be shown of a vote while it runs (``live``).

Two tallies tell the ballots between them, and it is known who votes when. So of a secret vote no tally is shown with
fewer than so many ballots (5 at least) between it and the one before, nor with fewer between it and the result: what a
batch of ballots came to is shown once another batch is complete behind it. A small electorate, of less than two
batches, sees nothing before the end. Weights, and ballots that change, would tell more; the language refuses them
beside it. What no batch can hide is that all in it voted alike, as a unanimous result cannot.

Where the ballots lie in a box, several may come at once, and a batch is what has come by when somebody finds it
complete: it may have more ballots, and never fewer.

An open vote hides nothing: its tally is shown as it stands.
"""

from __future__ import annotations

from typing import Literal

from flowengine.core.values import Poll, Tally


def completes_batch(poll: Poll, cast: int, batch: int) -> bool:
    """Whether a batch is complete with the ballot that makes it so many cast."""
    before = poll.coming.cast if poll.coming else 0
    return cast - before >= batch


def shown(how: Literal["", "batches", "whole"], poll: Poll) -> Tally | None:
    """The tally that may be shown now; None while there is none."""
    if how == "whole":
        return Tally(cast=poll.cast, abstained=poll.abstained, tally=poll.tally)
    return poll.shown if how == "batches" else None
