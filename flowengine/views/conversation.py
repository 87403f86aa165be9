"""What is told of conversations and files."""

from __future__ import annotations

from datetime import datetime

from flowengine.views.replies import View


class FileView(View, frozen=True, kw_only=True):
    """A file: what it is called, its media ``type``, its ``kind`` as processes name it, ``size`` in bytes, by whom
    (an id) and when it was uploaded.

    ``state`` is ``new`` (nobody has looked at it yet), ``clean``, ``refused`` or ``erased``; ``words`` say so where
    that keeps it from being opened. ``job`` is the one that it is for; empty where it is for none, or not used yet.
    """

    id: str
    name: str
    type: str
    kind: str
    size: int
    state: str
    by: str
    at: datetime
    job: str = ""
    words: str = ""


class MessageView(View, frozen=True, kw_only=True):
    """Something that was said in a conversation: when, ``who`` (a name, and ``by``, the id), of which ``kind``
    (``message``, ``question``, ``concern``, ``note``, ``wish``, ``expectation``, ``answer``), the words and the files.

    ``place`` is where it stands in the conversation: ask for what comes ``after`` it. ``outside``: a customer has said
    it; ``inside``: it is told to nobody outside; ``yours``: he who looks has said it. What wants an answer has an
    ``id`` (a step's, or, without a job, the customer's id and a number), and a ``status``: ``waiting``, ``answered`` or
    ``taken_back``; while it waits, ``whom`` is to answer it until ``due``. An answer is ``to`` such an id.
    """

    place: str
    at: datetime
    who: str
    by: str
    kind: str
    saying: str
    text: str
    files: tuple[FileView, ...] = ()
    job: str = ""
    process: str = ""
    outside: bool = False
    inside: bool = False
    yours: bool = False
    id: str = ""
    short: str = ""
    to: str = ""
    status: str = ""
    whom: str = ""
    due: datetime | None = None


class OpenConversation(View, frozen=True, kw_only=True):
    """Somebody has written without a job, and waits for an answer until ``due``: his last words, and how many of his
    messages wait."""

    place: str
    party: str
    name: str
    text: str
    at: datetime
    due: datetime
    waiting: int


class Sent(View, frozen=True, kw_only=True):
    """What was written without a job is kept: ``id`` is the one of the customer and its number."""

    id: str
    party: str
    number: int
    due: datetime | None = None
