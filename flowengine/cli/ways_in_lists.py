"""Sessions, links, tokens of one's own and what one signs in with, as lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from flowengine.cli import show
from flowengine.cli.listing import Listing
from flowengine.cli.moments import told

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import CredentialView, LinkView, OwnToken, SessionView


def sessions(console: Console, rows: Sequence[SessionView], _: datetime) -> None:
    show.table(
        console,
        ("Session", "Known by", "Since", "Used last", "Until", "From", "With"),
        [
            (row.id, row.strength, told(row.created), told(row.seen), told(row.expires), row.address, row.agent)
            for row in rows
        ],
        "Nobody is signed in.",
        drop="With, From",
    )


def links(console: Console, rows: Sequence[LinkView], now: datetime) -> None:
    show.table(
        console,
        ("Link", "For", "Made by", "State", "Used", "Last from"),
        [
            (row.id, row.person, row.made_by, _state(row, now), f"{len(row.uses)} of {row.most}", _last(row))
            for row in rows
        ],
        "There are no links to this job.",
        drop="Made by",
    )


def _state(row: LinkView | OwnToken, now: datetime) -> str:
    if row.revoked:
        return f"revoked {told(row.revoked)}"
    if row.expires and row.expires <= now:
        return f"expired {told(row.expires)}"
    return f"until {told(row.expires)}" if row.expires else "valid"


def _last(row: LinkView) -> str:
    return f"{row.uses[-1].address} {row.uses[-1].agent}".strip() if row.uses else ""


def own_tokens(console: Console, rows: Sequence[OwnToken], now: datetime) -> None:
    show.table(
        console,
        ("Token", "Name", "May", "State", "Used last"),
        [
            (row.id, row.name, ", ".join(row.scopes), _state(row, now), told(row.used) if row.used else "never")
            for row in rows
        ],
        "You have no tokens.",
    )


def keys(console: Console, rows: Sequence[CredentialView], _: datetime) -> None:
    show.table(
        console,
        ("Id", "What", "Name", "Since", "Used last"),
        [
            (row.id, _CALLED[row.kind], row.name, told(row.created), told(row.used) if row.used else "never")
            for row in rows
        ],
        "There is nothing to sign in with but a code or a link.",
    )


_CALLED = {"passkey": "passkey", "totp": "authenticator", "oidc": "account at a provider"}

SESSIONS = Listing(("SessionView",), "id", sessions)
LINKS = Listing(("LinkView",), "id", links)
OWN_TOKENS = Listing(("OwnToken",), "id", own_tokens)
KEYS = Listing(("CredentialView",), "id", keys)
