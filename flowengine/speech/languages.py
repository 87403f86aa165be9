"""The languages that flowengine speaks, and which of them somebody asks for."""

from __future__ import annotations

LANGUAGES = {"en": "English", "de": "Deutsch"}
"""The languages that there are, each in its own words. English is that of the texts themselves."""

SOURCE = "en"


def wished(accepted: str) -> str:
    """The first language of an ``Accept-Language`` that there is; empty where there is none of them."""
    wanted = []
    for one in accepted.split(",")[:20]:
        tag, _, quality = one.strip().partition(";q=")
        try:
            wanted.append((-float(quality or 1), tag.strip().lower().partition("-")[0]))
        except ValueError:
            continue
    return next((tag for weight, tag in sorted(wanted, key=lambda one: one[0]) if tag in LANGUAGES and weight), "")
