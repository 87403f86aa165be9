"""Messages between customers and the organisation, and files."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Sequence

from flowengine.client.desk.part import Part
from flowengine.views.conversation import FileView, MessageView, OpenConversation, Sent
from flowengine.views.replies import Receipt


class Conversation(Part):
    """Messages between customers and the organisation, and files."""

    def message(
        self, job: str, text: str, files: Sequence[str] = (), *, to: str = "", key: str | None = None
    ) -> Receipt:
        """Write about a job: a customer to whoever answers, those inside to the customer, or ``to`` what waits."""
        return self._ask("message", job, text, files, to=to, key=key)

    def note(self, job: str, text: str, files: Sequence[str] = (), *, key: str | None = None) -> Receipt:
        """Note something about a job for those inside, which no customer ever sees."""
        return self._ask("note", job, text, files, key=key)

    def conversation(self, job: str, after: str = "", limit: int = 100) -> list[MessageView]:
        """What was said about a job, the oldest first, as who asks may read it (L9)."""
        return self._ask("conversation", job, after=after, limit=limit)

    def attach(self, name: str, data: bytes, job: str = "") -> FileView:
        """Upload a file, for a job or a step, or for what there is no job of yet; it is used by its id."""
        return self._ask("attach", name, data, job)

    def file(self, id: str) -> FileView:
        """What a file is, by its exact id."""
        return self._ask("file", id)

    def file_data(self, id: str) -> bytes:
        """The contents of a file."""
        return self._ask("file_data", id)

    def refuse_file(self, id: str, *, because: str) -> FileView:
        """Let nobody open a file any more, and say why."""
        return self._ask("refuse_file", id, because=because)

    def write(self, text: str, files: Sequence[str] = (), *, key: str | None = None) -> Sent:
        """A customer writes to the organisation about no job in particular."""
        return self._ask("write", text, files, key=key)

    def message_to(
        self, person: str, text: str, files: Sequence[str] = (), *, answers: bool = True, key: str | None = None
    ) -> Sent:
        """Write to a customer about no job in particular, which answers all that he has written by now."""
        return self._ask("message_to", person, text, files, answers=answers, key=key)

    def conversation_with(self, person: str, after: str = "", limit: int = 50) -> list[MessageView]:
        """All that was said with a customer, the newest first, as who asks may read it (L9)."""
        return self._ask("conversation_with", person, after=after, limit=limit)

    def open_conversations(self, after: str = "", limit: int = 100) -> list[OpenConversation]:
        """Which customers wait for an answer to what they have written without a job, the most urgent first."""
        return self._ask("open_conversations", after=after, limit=limit)
