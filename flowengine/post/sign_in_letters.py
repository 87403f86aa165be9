"""Letters with codes. They name no job and no title: whoever reads another's mail learns that somebody signs in."""

from __future__ import annotations

from flowengine.commands import totp
from flowengine.commands.codes import STAFF, digits_of, owners
from flowengine.commands.shell import Shell
from flowengine.post.letters import channel_of
from flowengine.post.writing import Composed, Part, Quoted, hello
from flowengine.runtime.actors import person_words
from flowengine.speech.phrases import listing, phrase
from flowengine.speech.words import ENGLISH
from flowengine.store import OutboxMessage, Transaction


def address(shell: Shell, row: OutboxMessage) -> None:
    """A code was asked for: a letter leaves where somebody has the contact, and nothing where nobody has."""

    def work(tx: Transaction) -> None:
        code = tx.codes.get(str(row.body["code"]))
        now = shell.clock.now()
        if code is None or code.until <= now or code.used is not None:
            return
        people = owners(tx, code)
        channel, to = channel_of(code.contact)
        if people and channel:
            tx.outbox.add(row.job, 2, "code", {"code": code.id, "channel": channel, "to": to}, now, channel)

    shell.keep(work)


def compose(shell: Shell, row: OutboxMessage) -> Composed | None:
    """What the letter says; None once the code is over. A member of staff whom no mail signs in is told what does."""
    key = shell.secret.made(shell)
    with shell.reading() as tx:
        code = tx.codes.get(str(row.body["code"]))
        if code is None or code.until <= shell.clock.now() or code.used is not None:
            return None
        people = owners(tx, code)
        reader = person_words(tx, people[0]) if people else ENGLISH
        in_vain = bool(people) and all(one.kind == "staff" and totp.of(tx, one.id) is None for one in people)
    if not people:
        return None
    name = people[0].name if len(people) == 1 else ""
    digits = digits_of(key, code.id)
    words = _for_staff() if in_vain else _with_code(digits)
    return Composed(
        reader=reader,
        to=str(row.body["to"]),
        name=name,
        subject=phrase("Signing in") if in_vain else phrase("Your code"),
        parts=(hello(name), *words),
        why="sign_in.code",
        data={"code": None if in_vain else digits, "until": code.until.isoformat()},
        at=shell.clock.now(),
    )


def _with_code(digits: str) -> tuple[Part, ...]:
    return (
        phrase("Your code is:"),
        Quoted(f"{digits[:3]} {digits[3:]}"),
        phrase("It is good for ten minutes. Nobody of ours will ever ask you for it."),
        phrase("You have not asked for it? Then somebody has typed your address; there is nothing to do."),
    )


def _for_staff() -> tuple[Part, ...]:
    ways = listing((listing(("    - ", way), "") for way in STAFF), "\n")
    return (
        phrase(
            "Somebody, perhaps you, has asked for a code to sign in. A code by mail alone signs no member of staff in."
        ),
        phrase("What does:"),
        ways,
        phrase("An operator can give you a link by which you register a passkey or an authenticator."),
    )
