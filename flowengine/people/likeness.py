"""Which people may be one: what two of them have in common, and how far a name or contact counts as the same (pure).

Nobody is anybody by being alike (L15): this only proposes, and a person decides.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from flowengine.people.contacts import any_way

_ANYBODYS = frozenset({"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "yahoo.com", "gmx.de", "web.de",
                       "icloud.com", "proton.me", "aol.com"})  # fmt: skip
"""Providers of mail for everybody: to have the same says nothing."""

LONGEST_COMPARED = 60
"""Characters of a name that is compared with others that are nearly the same."""

CONTACT = "the same contact"
NEARLY = "nearly"
"""How the reasons begin that do not hold to the letter."""

LEAST_COMPARED = 6
"""Shorter names differ by a letter where they are different."""


def normal_contact(contact: str) -> str:
    """A contact as it is compared: by the key of all that mean the same, mail without what stands behind a plus."""
    found = any_way(contact) if contact.strip() else None
    if found is None or found.kind != "mail":
        return found.key if found is not None else ""
    box, _, domain = found.key.rpartition("@")
    return f"{box.rstrip('@').partition('+')[0]}@{domain}"


def normal_name(name: str) -> str:
    """A name as it is compared: without case, accents, punctuation and the order of its parts."""
    bare = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(sign if sign.isalnum() else " " for sign in bare if not unicodedata.combining(sign))
    return " ".join(sorted(letters.split()))


def marks(name: str, contact: str, zone: str) -> Iterator[tuple[str, str]]:
    """What two people have in common who may be one, each as the reason in words and what both must have."""
    reached, called = normal_contact(contact), normal_name(name)
    if reached:
        yield CONTACT, reached
    where = _where(reached, zone)
    if not called or not where:
        return
    yield f"the same name, and {where[0]}", f"{called}\n{where[1]}"
    if LEAST_COMPARED <= len(called) <= LONGEST_COMPARED:
        for near in {called[:index] + called[index + 1 :] for index in range(len(called))} | {called}:
            yield f"{NEARLY} the same name, and {where[0]}", f"{near}\n{where[1]}"


def _where(contact: str, zone: str) -> tuple[str, str] | None:
    """What makes two of nearly the same name one: how they are reached, or where they live; in words, and itself."""
    domain = contact.rpartition("@")[2] if "@" in contact else ""
    if domain and domain not in _ANYBODYS:
        return f"mail at {domain}", domain
    if contact.removeprefix("+").isdigit():
        return "telephone numbers that begin alike", contact[:6]
    return (f"both in {zone}", zone) if zone else None
