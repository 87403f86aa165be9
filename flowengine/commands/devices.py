"""Devices that are let in by a person elsewhere (RFC 8628): a command line, which has no browser.

The device shows a few letters, and asks again and again whether it is let in; the person types them where he is signed
in, and sees first what asks. What the device is given is a token of his own.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from flowengine.commands import own_tokens, sessions
from flowengine.commands.sessions import himself
from flowengine.commands.shell import Shell
from flowengine.commands.shown_once import hashed, new_secret
from flowengine.commands.throttling import count, settled
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, NotFound, Refused
from flowengine.people.browsers import Browser
from flowengine.people.identities import By, Identity
from flowengine.runtime.actors import as_actor
from flowengine.speech.phrases import phrase
from flowengine.store import Transaction
from flowengine.store.devices import StoredDevice, Wish
from flowengine.views.signing_in import DeviceBegun, DevicePolled, DeviceView

PREFIX = "flowd_"
LASTS = timedelta(minutes=10)
INTERVAL = timedelta(seconds=5)
KEPT = timedelta(days=1)
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""Without vowels, so that they make no words, and alike on every keyboard (RFC 8628, 6.1): eight give 34 bits."""

LONGEST_CLIENT = 100


def begin(shell: Shell, client: str, browser: Browser) -> DeviceBegun:
    """A device wants in. Raises BadAnswer, TooMany."""
    if not 0 < len(client) <= LONGEST_CLIENT or not client.isprintable():
        raise BadAnswer(
            {
                "client": phrase(
                    "must say what asks, in 1 to %(longest_client)s characters", longest_client=LONGEST_CLIENT
                )
            },
            possible=("flow",),
        )
    page = f"{shell.settings.url}/device"

    def work(tx: Transaction) -> DeviceBegun:
        now = shell.clock.now()
        count(shell, tx, device_from_address=browser.address)
        tx.devices.tidy(now - KEPT)
        secret, letters = new_secret(PREFIX), "".join(secrets.choice(LETTERS) for _ in range(8))
        tx.devices.add(
            StoredDevice(
                hash=hashed(secret),
                user_code=letters,
                state="waiting",
                wish=Wish(client=client, address=browser.address[: sessions.LONGEST_AGENT]),
                polled=now - INTERVAL,
                interval=INTERVAL,
                until=now + LASTS,
            )
        )
        return DeviceBegun(
            device_code=secret,
            user_code=_shown(letters),
            verification_uri=page,
            verification_uri_complete=f"{page}?code={_shown(letters)}",
            expires_in=int(LASTS.total_seconds()),
            interval=int(INTERVAL.total_seconds()),
        )

    return shell.keep(work)


def _shown(letters: str) -> str:
    return f"{letters[:4]}-{letters[4:]}"


def _typed(user_code: str) -> str:
    return "".join(sign for sign in user_code.upper() if sign in LETTERS)


def look(shell: Shell, user_code: str, by: By) -> DeviceView:
    """What asks to be let in, for the person to look at first. Raises NotFound, TooMany."""

    def work(tx: Transaction) -> DeviceView | Refused:
        found = _found(shell, tx, user_code, himself(tx, "device", by))
        return found if isinstance(found, Refused) else _view(found)

    return settled(shell, work)


def approve(shell: Shell, user_code: str, scopes: Sequence[str], by: By) -> DeviceView:
    """Let a device in, in the name of who asks. Raises NotFound, BadAnswer, TooMany."""

    def work(tx: Transaction) -> DeviceView | Refused:
        actor = himself(tx, "approve_device", by)
        own_tokens.check(actor, scopes)
        if own_tokens.beyond(by, scopes):
            raise BadAnswer({"scopes": phrase("are more than what you ask with")}, possible=own_tokens.scopes_of(by))
        found = _found(shell, tx, user_code, actor)
        if isinstance(found, Refused):
            return found
        strength = by.strength if isinstance(by, Identity) else "host"
        wish = replace(found.wish, person=actor.id, strength=strength, scopes=tuple(scopes))
        return _view(found) if tx.devices.move(found, "approved", wish) else _gone(user_code)

    return settled(shell, work)


def deny(shell: Shell, user_code: str, by: By) -> DeviceView:
    """Do not let a device in. Raises NotFound, TooMany."""

    def work(tx: Transaction) -> DeviceView | Refused:
        found = _found(shell, tx, user_code, himself(tx, "deny_device", by))
        if isinstance(found, Refused):
            return found
        return _view(found) if tx.devices.move(found, "denied", found.wish) else _gone(user_code)

    return settled(shell, work)


def _found(shell: Shell, tx: Transaction, user_code: str, actor: Actor) -> StoredDevice | NotFound:
    """The device that shows those letters; a guess stays counted."""
    count(shell, tx, device_of_person=actor.id)
    return tx.devices.shown(_typed(user_code), shell.clock.now()) or _gone(user_code)


def _gone(user_code: str) -> NotFound:
    return NotFound(
        phrase("no device that waits shows this code"), where=user_code[:20], possible=(phrase("look at the device"),)
    )


def _view(one: StoredDevice) -> DeviceView:
    return DeviceView(
        user_code=_shown(one.user_code), client=one.wish.client, address=one.wish.address, expires=one.until
    )


def poll(shell: Shell, device_code: str) -> DevicePolled:
    """A device asks whether it is let in; the token is there once."""

    def work(tx: Transaction) -> DevicePolled:
        now = shell.clock.now()
        one = tx.devices.find(hashed(device_code))
        if one is None or one.until <= now or one.state == "taken":
            return DevicePolled(state="expired_token")
        if one.state == "denied":
            return DevicePolled(state="access_denied")
        if now - one.polled < one.interval:
            slower = one.interval + INTERVAL
            tx.devices.polled(one.hash, now, slower)
            return DevicePolled(state="slow_down", interval=int(slower.total_seconds()))
        tx.devices.polled(one.hash, now, one.interval)
        if one.state == "waiting":
            return DevicePolled(state="authorization_pending", interval=int(one.interval.total_seconds()))
        return _let_in(shell, tx, one)

    return shell.keep(work)


def _let_in(shell: Shell, tx: Transaction, one: StoredDevice) -> DevicePolled:
    """The token for a device that was approved; none where its person has left meanwhile."""
    person = tx.people.get(one.wish.person)
    if person is None or person.left is not None or person.erased is not None:
        return DevicePolled(state="access_denied")
    if not tx.devices.move(one, "taken", one.wish):
        return DevicePolled(state="expired_token")
    wish = one.wish
    token = own_tokens.made(
        shell, tx, as_actor(person, shell.clock.now()), wish.scopes, wish.client, None, wish.strength
    )
    return DevicePolled(state="approved", token=token.token, person=person.id, expires=token.expires)
