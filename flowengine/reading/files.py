"""Files: who may open them, and what is told of them. One that is not for somebody is to him as absent as none (L4)."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core.contents import texts
from flowengine.core.fields import FILE_ID
from flowengine.core.seatings import himself, person_seating, seatings, stands_for
from flowengine.core.values import Actor
from flowengine.errors import NotAllowed, NotFound
from flowengine.people.identities import By
from flowengine.people.permissions import ANY, needs, stands
from flowengine.runtime.actors import id_of, reader_words
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import StoredFile, Transaction
from flowengine.store.files import ANSWERED, REFUSED
from flowengine.views.conversation import FileView
from flowengine.views.settled import known_data

BEING_LOOKED_AT = phrase("it is being looked at, and can be opened in a moment")


def file(shell: Shell, id: str, by: By) -> FileView:
    with shell.reading() as tx:
        found, actor = _asked(shell, tx, "file", id, by)
        return _told(shell, tx, found, reader_words(tx, actor))


def data(shell: Shell, id: str, by: By) -> bytes:
    return b"".join(parts(shell, id, by)[1])


def parts(shell: Shell, id: str, by: By) -> tuple[FileView, Iterator[bytes]]:
    """What a file is, and its contents part by part, once no transaction is open any more."""
    with shell.reading() as tx:
        found, actor = _asked(shell, tx, "file_data", id, by)
        seen = _told(shell, tx, found, reader_words(tx, actor))
    if found.erased is not None:
        raise NotFound(phrase("its contents are erased"), where=id)
    if seen.words:
        raise NotAllowed(seen.words, where=id)
    try:
        return seen, shell.depot.stream(id)
    except FileNotFoundError:
        raise NotFound(
            phrase("its contents are not where files are kept"), where=id, possible=(phrase("upload it again"),)
        ) from None


def file_view(shell: Shell, found: StoredFile, words: Words) -> FileView:
    """What is told of a file."""
    said = ""
    if found.state == REFUSED:
        said = words.say("it was refused") + (f": {found.why}" if found.why else "")
    elif found.waits and shell.settings.scanner is not None:
        said = words.say(BEING_LOOKED_AT)
    return FileView(
        id=found.id,
        name=found.name,
        type=found.type,
        kind=found.kind,
        size=found.size,
        state="erased" if found.erased is not None else found.state,
        by=found.author,
        at=found.made,
        job=found.job,
        words="" if found.erased is not None else said,
    )


def views(shell: Shell, tx: Transaction, ids: tuple[str, ...], words: Words) -> tuple[FileView, ...]:
    """What is told of the files of words that somebody may read."""
    found = (tx.files.get(id) for id in ids)
    return tuple(_told(shell, tx, one, words) for one in found if one is not None)


def _told(shell: Shell, tx: Transaction, found: StoredFile, words: Words) -> FileView:
    """A file as who asks is told of it."""
    return replace(file_view(shell, found, words), by=id_of(tx, found.author))


def _asked(shell: Shell, tx: Transaction, verb: str, id: str, by: By) -> tuple[StoredFile, Actor]:
    actor = access.asker(tx, verb, by)
    found = tx.files.get(id) if FILE_ID.fullmatch(id) else None
    if found is None and not actor.job and needs("file", actor) != ANY:
        tx.files.shown(id, id)  # in vain, as long as with another's (L4)
    if found is None or not may_open(shell, tx, found, actor):
        raise access.no_such("file", id)
    return found, actor


def may_open(shell: Shell, tx: Transaction, file: StoredFile, actor: Actor) -> bool:
    """Whether somebody may know of a file: what he has uploaded himself; those inside all that is in use; a customer
    what he was shown, and in his own job what he may know of its data."""
    if actor.job and file.job != actor.job:
        return False  # who comes by a link to a job is shown nothing else
    if himself(actor, file.author):
        return True
    if not file.used and file.erased is None:
        return False
    if needs("file", actor) == ANY:
        return True
    shown = tx.files.shown(file.job or file.id, file.id)
    if file.party:
        return file.party in stands_for(actor, looking=True)
    mine = seatings(actor) | {person_seating(one) for one in stands_for(actor, looking=True)}
    return not mine.isdisjoint(shown) or (ANSWERED in shown and _knows(shell, tx, file, actor))


def _knows(shell: Shell, tx: Transaction, file: StoredFile, actor: Actor) -> bool:
    """Whether the answer that the file is can be known to whose job it is (L9)."""
    try:
        job = tx.jobs.get(file.job)
    except NotFound:  # it is archived
        return False
    if not stands(needs("data", actor), actor, job.customer, looking=True):
        return False
    compiled = shell.catalogue.compiled(tx, job.process, job.version)
    return file.id in texts(known_data(compiled, job.position), keys=False)
