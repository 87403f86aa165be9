"""How people are known: links, codes, sessions, passkeys, and tokens of their own."""

from __future__ import annotations

from flowengine.engine.part import Part


class SigningIn(Part):
    """How people are known: links, codes, sessions, passkeys, and tokens of their own."""
