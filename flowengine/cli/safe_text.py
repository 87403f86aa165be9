"""Texts from people, made harmless for a terminal.

A name, an answer or an error may hold control characters, ANSI escapes or right-to-left overrides. They are kept as
they are in the database and in ``--json``; on a terminal they are shown as visible escapes (``\\x1b``, ``\\u202e``), so
that no text can move the cursor, colour the screen, hide itself or read in another order than it is.
"""

from __future__ import annotations

import unicodedata

_JOINERS = frozenset("\u200c\u200d")
"""Zero-width joiners: invisible, but part of how some scripts and emoji are written, and unable to reorder text."""

_HARMFUL = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Unicode categories without a glyph of their own: controls, formats, surrogates, private and line separators."""


def harmless(text: object, *, lines: bool = False) -> str:
    """The text with everything that a terminal could act on as a visible escape.

    With ``lines`` line breaks are kept, else they are escapes too: one value stays on one line.
    """
    raw = str(text)
    if raw.isascii() and raw.isprintable():
        return raw
    return "".join(char if _plain(char, lines) else _escape(char) for char in raw)


def _plain(char: str, lines: bool) -> bool:
    if char == "\n":
        return lines
    return char in _JOINERS or unicodedata.category(char) not in _HARMFUL


def _escape(char: str) -> str:
    code = ord(char)
    if char in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[char]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
