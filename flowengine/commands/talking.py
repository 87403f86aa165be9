"""Messages between a customer and the organisation about a job, and what is for those inside alone.

A message is told; a note never is. They are two verbs, so that neither is ever taken for the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowengine.commands import access
from flowengine.commands.on_jobs import speak
from flowengine.commands.shell import Shell
from flowengine.people.identities import By
from flowengine.views.replies import Receipt


def message(shell: Shell, job: str, text: str, files: Sequence[str], to: str, by: By, key: str | None) -> Receipt:
    """A customer's waits for whoever answers; one of those inside is told to the customer, or is ``to`` what waits."""
    return speak(shell, job, text, "answer" if to else "message", files, to, by, key, access.permit_message)


def note(shell: Shell, job: str, text: str, files: Sequence[str], by: By, key: str | None) -> Receipt:
    """Words for those inside."""
    return speak(shell, job, text, "note", files, "", by, key, access.permit_note)
