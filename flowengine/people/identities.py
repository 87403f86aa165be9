"""Who a person is: an exact id (L15). Names and contacts are for finding people, never for being them.

Who asks is such an id, for which the program vouches; or an :class:`Identity`, which says how strongly he is known, and
for what; or an actor that the program has made itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal, TypeAlias, get_args

from msgspec.structs import replace

from flowengine.clock import is_zone
from flowengine.core.values import Actor, Value
from flowengine.errors import BadAnswer
from flowengine.speech.languages import LANGUAGES
from flowengine.speech.phrases import phrase

LONGEST_ID = 200
LONGEST_NAME = 200
LONGEST_CONTACT = 2_000
_SIGNS = r"[!#-&(-+\--;=?-\[\]-_a-~]"
PERSON_ID = re.compile(rf"(?=.*[A-Za-z0-9])(?!(.*/)?\.\.?(/|$)){_SIGNS}{{1,{LONGEST_ID}}}", re.ASCII)
"""What identity providers give: ``auth0|5f7c``, ``ada+home@example.org``, ``urn:uuid:1``. Printable ASCII without what
ends a word or a quotation somewhere, and never a step of a path (``..``)."""

_POSSIBLE_ID = f"1 to {LONGEST_ID} printable ASCII characters without space, quotes, backslash, comma, < and >"


Strength: TypeAlias = Literal["link", "code", "passkey", "oidc", "host"]
"""How strongly somebody is known, the weakest first: by a link that was sent to him, by a code too, by a passkey, by
the provider of an organisation, by the program itself (its own login)."""

STRENGTHS: tuple[str, ...] = get_args(Strength)

SCOPES = ("read", "act", "operate")
"""What a token may be for: to look, to do what a customer or a member of staff may, to do what operators may. Each
looks too; none of them: whatever the person may."""


class Identity(Value, frozen=True, kw_only=True):
    """Who asks, as a door has made sure of it: the person with that exact id, and how strongly he is known.

    ``job`` is the full id of the only job for which that counts, as with a link; ``scopes`` are those of a token, none
    for whatever the person may. ``party`` is for whom he acts, where he has said so; ``session`` is the public id of
    the session in which he asks. ``shown`` is the hash of a token whose he was a moment ago: it is looked up with him,
    in the transaction in which he acts. Where it is empty the door has made sure of him. ``language`` is that in which
    he reads here, as ``de``; empty: his own, else that of the installation.
    """

    person: str
    strength: Strength = "host"
    job: str = ""
    scopes: tuple[str, ...] = ()
    party: str = ""
    session: str = ""
    shown: str = ""
    language: str = ""


By: TypeAlias = str | Actor | Identity
"""Who asks: a person's exact id, an identity that a door has made sure of, or an actor that the program vouches for."""


_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"
"""What a made id is written with: nothing that looks like something else."""
_MADE = 10
"""Letters of a made id: thirty to the tenth are more than 49 bits."""


def made_id(number: int) -> str:
    """An id that says nothing of whose it is: ten unambiguous letters and digits, from a number of 64 bits that
    nobody can guess."""
    letters = []
    for _ in range(_MADE):
        number, place = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[place])
    return "".join(letters)


def as_strong(strength: str, least: str) -> bool:
    """Whether somebody is known at least so strongly; for whom the program vouches (empty) is."""
    return not strength or STRENGTHS.index(strength) >= STRENGTHS.index(least)


def reading(by: By, language: str) -> By:
    """Who asks, as one who reads in that language; without one as he is."""
    if not language:
        return by
    return Identity(person=by, language=language) if isinstance(by, str) else replace(by, language=language)


def person_of(by: str | Identity) -> str:
    """The exact id of the person who asks."""
    return by if isinstance(by, str) else by.person


def check_person(
    id: str,
    name: str = "",
    contact: str = "",
    zone: str = "",
    roles: Iterable[str] = (),
    groups: Iterable[str] = (),
    language: str = "",
) -> None:
    """Raises BadAnswer with all that is wrong with what is known of a person; what is empty is fine, but for the id."""
    problems: dict[str, str] = {}
    possible: list[str] = []
    if not PERSON_ID.fullmatch(id):
        problems["id"] = phrase("%(id)s is no id of a person", id=repr(id[:LONGEST_ID]))
        possible.append(_POSSIBLE_ID)
    for what, text, longest, wrong in (
        ("name", name, LONGEST_NAME, phrase("%(text)s is no name of a person")),
        ("contact", contact, LONGEST_CONTACT, phrase("%(text)s is no contact of a person")),
    ):
        if text and (not text.strip() or len(text) > longest or not on_one_line(text)):
            problems[what] = phrase(wrong, text=repr(text[:60]))
            possible.append(phrase("1 to %(longest)s characters on one line, not blank", longest=longest))
    for what, names in (("roles", roles), ("groups", groups)):
        bad = next((one for one in names if not one.strip() or len(one) > LONGEST_NAME or not on_one_line(one)), None)
        if bad is not None:
            problems[what] = f"{bad[:60]!r} is no name of a {what[:-1]}"
            possible.append(f"names of 1 to {LONGEST_NAME} characters on one line, not blank")
    if zone and not is_zone(zone):
        problems["zone"] = phrase("%(zone)s is not a time zone", zone=repr(zone[:60]))
        possible.append(phrase("a time zone, as Europe/London"))
    if language and language not in LANGUAGES:
        problems["language"] = phrase("%(language)s is not spoken here", language=repr(language[:20]))
        possible.append(", ".join(LANGUAGES))
    if problems:
        raise BadAnswer(problems, possible=possible)


def on_one_line(text: str) -> bool:
    """Whether a text has no line breaks, control characters, halves of characters, or marks by which it, or what
    stands behind it, would be read in another order."""
    return all(unicodedata.category(sign) not in ("Cc", "Zl", "Zp", "Cs") and sign not in _TURNING for sign in text)


_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates of directions. Scripts that are written from the right need none of them."""


def actor_key(actor: Actor) -> str:
    """The name under which an actor's request keys are kept: his id, or his kind when he has none."""
    return actor.id or actor.kind
