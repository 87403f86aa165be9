"""How people are known: links, codes, sessions, passkeys, and tokens of their own."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from flowengine.client.desk.part import Part


class SigningIn(Part):
    """How people are known: links, codes, sessions, passkeys, and tokens of their own."""
