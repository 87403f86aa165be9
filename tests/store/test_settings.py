"""Named texts that all processes share."""

from __future__ import annotations

import threading

from flowengine.store import Database


def test_what_is_set_is_there(database: Database) -> None:
    """A name holds what was set last; one that nobody has set holds nothing."""
    with database.writing() as tx:
        assert tx.settings.get("notices") is None
        tx.settings.put("notices", "mail")
        tx.settings.put("notices", "mail\0 and more")
    with database.reading() as tx:
        assert tx.settings.get("notices") == "mail� and more"


def test_what_is_set_once_stays(database: Database) -> None:
    """Set unless it is set: the first one stays, and later ones are told it."""
    with database.writing() as tx:
        assert tx.settings.once("secret", "first") == "first"
    with database.writing() as tx:
        assert tx.settings.once("secret", "second") == "first"
        tx.settings.put("secret", "third")
        assert tx.settings.once("secret", "fourth") == "third"


def test_of_several_who_set_it_at_once_all_are_told_the_same(database: Database) -> None:
    """Whoever comes second waits for the first, and gets what that one has set."""
    gate, told = threading.Barrier(4), []

    def once(number: int) -> None:
        gate.wait(30)
        told.append(database.keep(lambda tx: tx.settings.once("secret", f"of {number}")))

    crowd = [threading.Thread(target=once, args=(number,)) for number in range(4)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join(60)
    assert len(told) == 4
    assert len(set(told)) == 1
