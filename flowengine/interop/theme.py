"""The house's own colours, of pages and of pictures alike: by what they are for, in the light and in the dark."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "paper": "#fbf9f5", "card": "#ffffff", "ink": "#1d2433", "soft": "#545c6c", "thread": "#23406e",
        "on-thread": "#ffffff", "you": "#7d2a5c", "you-paper": "#fbf0f6", "done": "#2d6a4f", "done-paper": "#e9f3ed",
        "late": "#8a5a00", "late-paper": "#fdf3dc", "bad": "#b3261e",
    }
)  # fmt: skip
DARK: Mapping[str, str] = MappingProxyType(
    {
        "paper": "#14171d", "card": "#1d222b", "ink": "#ebe8e1", "soft": "#a9b0bd", "thread": "#8fb2ea",
        "on-thread": "#14171d", "you": "#f2a6d0", "you-paper": "#2e1d29", "done": "#86cfa8", "done-paper": "#1b2e25",
        "late": "#f0c36a", "late-paper": "#33290f", "bad": "#ff9b8f",
    }
)  # fmt: skip
"""``thread`` is the house's own, ``you`` marks what waits for the reader."""
