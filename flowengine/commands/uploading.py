"""Files are uploaded before they are used: looked at, written anew where they are pictures, and kept for a day."""

from __future__ import annotations

from datetime import timedelta

from flowengine.commands import access
from flowengine.commands.interventions import check_reason
from flowengine.commands.shell import Shell
from flowengine.core.fields import FILE_ID
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, NotAllowed
from flowengine.outside.file_types import FileType, clean_name, named_as, type_of
from flowengine.outside.pictures import rewritten
from flowengine.people.identities import By
from flowengine.runtime.actors import actor_of, reader_words
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import StoredFile, Transaction
from flowengine.store.files import NEW, REFUSED, named

UNUSED = timedelta(days=1)
"""So long what was uploaded waits to be used."""


def attach(shell: Shell, job: str, name: str, data: bytes, by: By) -> tuple[StoredFile, Words]:
    """Upload a file for a job, or a step of it, or (empty) for what there is no job of yet. What is kept of it, and the
    words of who has uploaded it.

    Raises BadAnswer for what is empty, too large, of no type that is taken or not what it is called, NotFound for a job
    that is not for him, NotConfigured where nobody has said where files are kept, Unreachable where that is away.
    """
    if shell.joined is not None:
        what = phrase(
            "a file is kept outside of the database, and would not be taken back with the caller's transaction"
        )
        raise NotAllowed(what, possible=(phrase("call attach on the engine itself"),))
    with shell.reading() as tx:
        actor, job_id = _whose(tx, job, by)
        words = reader_words(tx, actor)
        now = shell.clock.now()
        waiting = tx.files.waiting(actor.id, now - UNUSED)
    shell.depot.check()
    called = clean_name(name)
    found, contents = _taken(shell, called, data, waiting)
    id, salt = named(contents)
    file = StoredFile(
        id=id,
        author=actor.id,
        job=job_id,
        party="",
        name=named_as(called, found),
        type=found.media,
        kind=found.kind,
        size=len(contents),
        state=NEW,
        why="",
        made=now,
        used=False,
        waits=shell.settings.scanner is not None,
        erased=None,
    )

    def work(tx: Transaction) -> None:
        actor_of(tx, by)  # he may have been erased meanwhile
        tx.files.add(file, salt, now + UNUSED)
        tx.wakes |= file.waits

    shell.keep(work)  # before the contents: a row without them is swept, contents without a row would stay for ever
    shell.depot.put(id, contents)
    return file, words


def _whose(tx: Transaction, job: str, by: By) -> tuple[Actor, str]:
    """Who uploads, and the job that it is for. Raises NotFound for a job that is not for him."""
    actor = access.asker(tx, "attach", by)
    if not actor.id:
        raise NotAllowed(phrase("whose file it is, is not known"), possible=(phrase("ask as a person"),))
    if not job:
        if actor.job:
            raise access.no_such("job", job)
        return actor, ""
    kind, start = ("step", job.rpartition(".")[0]) if "." in job else ("job", job)
    found = access.read(tx, access.job_ref(tx, start, actor, kind, job), kind, job, actor)
    try:
        access.refuse_on_job(tx, found, "attach", actor)
    except access.Hidden:
        raise access.no_such(kind, job) from None
    return actor, found.id


def _taken(shell: Shell, name: str, data: bytes, waiting: int) -> tuple[FileType, bytes]:
    """What a file is, and its contents as they are kept."""
    settings = shell.settings
    if not data:
        raise BadAnswer({"data": phrase("is empty")}, possible=(phrase("a file with something in it"),))
    if len(data) > settings.largest_file:
        size = phrase(
            "has %(count)s bytes; at most %(largest_file)s are taken",
            count=len(data),
            largest_file=settings.largest_file,
        )
        raise BadAnswer({"data": size}, possible=(phrase("make it smaller"),))
    if waiting + len(data) > settings.largest_files:
        raise BadAnswer(
            {"data": phrase("is more than you may upload at once")}, possible=(phrase("use what is uploaded first"),)
        )
    found = type_of(name, data)
    contents = data
    if found.kind == "picture":
        contents, found = rewritten(data, found)
        if len(contents) > settings.largest_file:
            raise BadAnswer(
                {"data": phrase("is too large once it is written anew")}, possible=(phrase("make it smaller"),)
            )
    return found, contents


def refuse(shell: Shell, id: str, because: str, by: By) -> tuple[StoredFile, Words]:
    """Let nobody open a file any more. Raises NotFound for none, and for one that is erased."""

    def work(tx: Transaction) -> tuple[StoredFile, Words]:
        asker = access.asker(tx, "refuse_file", by)
        check_reason(because)
        found = tx.files.get(id) if FILE_ID.fullmatch(id) else None
        if found is None or found.erased is not None:
            raise access.no_such("file", id)
        tx.files.looked(id, REFUSED, because)
        refused = tx.files.get(id) or found
        tx.note(asker, "refuse_file", id, also=found.author, because=because)
        return refused, reader_words(tx, asker)

    return shell.keep(work)
