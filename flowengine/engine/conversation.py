"""Messages between customers and the organisation, and files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowengine.commands import corresponding, talking, uploading
from flowengine.engine.part import Part
from flowengine.people.identities import By
from flowengine.people.permissions import PROGRAM
from flowengine.reading import conversation, correspondence, files
from flowengine.views.conversation import FileView, MessageView, OpenConversation, Sent
from flowengine.views.replies import Receipt


class Conversation(Part):
    """Messages between customers and the organisation, and files."""

    def message(
        self, job: str, text: str, files: Sequence[str] = (), *, to: str = "", by: By, key: str | None = None
    ) -> Receipt:
        """Write about a job. What a customer writes waits in the inbox of those who answer questions, until one has;
        what those inside write is told to the job's customer. ``to`` is the id of what it answers. ``files`` are ids
        of what he has uploaded (:meth:`attach`); who may read the message may open them.

        Raises BadAnswer for no words, too many, and files that are not his to give; else as :meth:`say` does.
        """
        return talking.message(self._shell, job, text, files, to, by, key)

    def note(
        self, job: str, text: str, files: Sequence[str] = (), *, by: By = PROGRAM, key: str | None = None
    ) -> Receipt:
        """Note something about a job for those inside: no customer ever sees it, nor its files. Raises NotAllowed for
        customers."""
        return talking.note(self._shell, job, text, files, by, key)

    def conversation(self, job: str, after: str = "", limit: int = 100, *, by: By = PROGRAM) -> list[MessageView]:
        """What was said about a job, the oldest first, as who asks may read it (L9): those inside all of it, a customer
        his own words, those said for a party that is his, and what was told to him. ``after`` is the place of the last
        one that he has seen."""
        return conversation.thread(self._shell, job, after, limit, by)

    def attach(self, name: str, data: bytes, job: str = "", *, by: By) -> FileView:
        """Upload a file, for a job or a step of it, or for what there is no job of yet. Its id is given with a message
        or in an answer; what is not used within a day is deleted, and until then nobody else may open it.

        What it is, its first bytes say; pictures are written anew, without what a camera has put in besides. Raises
        BadAnswer for what is empty, too large, of a type that is not taken, or not what its name says; NotFound for a
        job that is not his; NotConfigured where no place for files is set; Unreachable where that is away.
        """
        return files.file_view(self._shell, *uploading.attach(self._shell, job, name, data, by))

    def file(self, id: str, *, by: By = PROGRAM) -> FileView:
        """What a file is, by its exact id. Raises NotFound for one that is not for him."""
        return files.file(self._shell, id, by)

    def file_data(self, id: str, *, by: By = PROGRAM) -> bytes:
        """The contents of a file. Raises NotFound for one that is not for him, or erased; NotAllowed while it is being
        looked at, and for one that was refused."""
        return files.data(self._shell, id, by)

    def file_parts(self, id: str, *, by: By = PROGRAM) -> tuple[FileView, Iterator[bytes]]:
        """What a file is, and its contents part by part, for whoever hands them on. Raises as :meth:`file_data`."""
        return files.parts(self._shell, id, by)

    def refuse_file(self, id: str, *, because: str, by: By = PROGRAM) -> FileView:
        """Let nobody open a file any more, and say ``because`` of what to those who try. Raises NotFound."""
        return files.file_view(self._shell, *uploading.refuse(self._shell, id, because, by))

    def write(self, text: str, files: Sequence[str] = (), *, by: By, key: str | None = None) -> Sent:
        """A customer writes to the organisation about no job in particular: it waits for any member of staff
        (:meth:`open_conversations`) until one has answered. Raises BadAnswer, and NotAllowed for those inside."""
        return corresponding.write(self._shell, text, files, by, key)

    def message_to(
        self,
        person: str,
        text: str,
        files: Sequence[str] = (),
        *,
        answers: bool = True,
        by: By = PROGRAM,
        key: str | None = None,
    ) -> Sent:
        """Write to a customer about no job in particular; unless it ``answers`` nothing, all that he has written by now
        is answered. Raises NotFound, BadAnswer."""
        return corresponding.message_to(self._shell, person, text, files, answers, by, key)

    def conversation_with(
        self, person: str, after: str = "", limit: int = 50, *, by: By = PROGRAM
    ) -> list[MessageView]:
        """All that was said with a customer, without a job and about his own jobs, the newest first; a customer is told
        his own, as :meth:`conversation` does. Of each of his fifty newest jobs the last two hundred entries are looked
        through. ``after`` is the place of the last one that was seen. Raises NotFound."""
        return correspondence.conversation_with(self._shell, person, after, limit, by)

    def open_conversations(self, after: str = "", limit: int = 100, *, by: By = PROGRAM) -> list[OpenConversation]:
        """Which customers wait for an answer to what they have written without a job, the most urgent first; ``after``
        is the place of the last one that was seen."""
        return correspondence.open_conversations(self._shell, after, limit, by)
