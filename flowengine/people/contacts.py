"""What a way to a person is: a mail address, a telephone number or a URL; and the key by which it is found again.

Keys follow from plain rules, so that they are the same whatever is installed. The libraries of the extra ``contacts``
judge besides whether a mail address or a telephone number can be one; without them the plain rules do.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, TypeAlias, get_args

from flowengine.core.values import Value
from flowengine.errors import BadAnswer
from flowengine.people.identities import LONGEST_CONTACT, on_one_line
from flowengine.speech.phrases import phrase

ContactKind: TypeAlias = Literal["mail", "phone", "url"]
"""What a contact can be. What else was once entered as the contact of a person is ``other``: it is kept, and found."""

KINDS: tuple[str, ...] = get_args(ContactKind)
OTHER = "other"

_ADDRESS = re.compile(
    r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{1,64}@[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f.][^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{0,252}"
)
_PHONE = re.compile(r"(?:\+|00)?[0-9(][0-9 ().\-/]{3,40}", re.ASCII)
_NO_DIGITS = re.compile(r"[^0-9]", re.ASCII)
_FEWEST, _MOST = 5, 20
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30})://([^\s/?#]+)([^\s]*)", re.ASCII)
_EXAMPLES = {"mail": "ada@example.org", "phone": "+44 20 7946 0000", "url": "https://example.org/hook"}


def is_address(text: str) -> bool:
    """Whether a text is one mail address, without a name: ``ada@example.org``."""
    if not _ADDRESS.fullmatch(text) or ".." in text:
        return False
    try:
        ascii_domain(text)
    except UnicodeError:
        return False
    return True


def ascii_domain(address: str) -> str:
    """The address with its domain as the DNS has it. Raises UnicodeError for what can be none."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode() if not domain.isascii() else domain}"


class Way(Value, frozen=True, kw_only=True):
    """A way to a person: of what kind, as it was typed, and the key of all that mean the same."""

    kind: str
    address: str
    key: str


def way(kind: str, address: str) -> Way:
    """A way of a kind that is named. Raises BadAnswer for a kind there is not, and an address that is none of it."""
    if kind not in KINDS:
        raise BadAnswer({"kind": phrase("%(kind)s is no kind of contact", kind=repr(kind[:60]))}, possible=KINDS)
    text = address.strip()
    problem = _problem(kind, text)
    if problem:
        raise BadAnswer({"address": problem}, possible=(_EXAMPLES[kind],))
    return Way(kind=kind, address=text, key=_KEYS[kind](text))


def any_way(text: str) -> Way:
    """The way that a text is, of whatever kind: what fits none is of the kind ``other``."""
    address = text.strip()
    for kind, fits in _FITS.items():
        if fits(address):
            return Way(kind=kind, address=address, key=_KEYS[kind](address))
    return Way(kind=OTHER, address=address, key=_folded(address))


def examples() -> tuple[str, ...]:
    """One of each kind."""
    return tuple(_EXAMPLES.values())


def _problem(kind: str, text: str) -> str:
    if not text or len(text) > LONGEST_CONTACT or not on_one_line(text) or not _FITS[kind](text):
        return phrase(_NO_SUCH[kind], text=repr(text[:60]))
    return _JUDGES[kind](text) if kind in _JUDGES else ""


_NO_SUCH = {
    "mail": phrase("%(text)s is no mail address"),
    "phone": phrase("%(text)s is no telephone number"),
    "url": phrase("%(text)s is no URL"),
}


def _judge_mail(text: str) -> str:
    """What a library finds wrong with a mail address: nothing is asked of the network."""
    try:
        import email_validator
    except ImportError:
        return ""
    try:
        email_validator.validate_email(text, check_deliverability=False, test_environment=True)
    except email_validator.EmailNotValidError as error:
        return phrase("%(text)s is no mail address: %(why)s", text=repr(text[:60]), why=str(error))
    return ""


def _judge_phone(text: str) -> str:
    """What a library finds wrong with a number that names its country; of others nobody can tell."""
    number = _phone_key(text)
    try:
        import phonenumbers
    except ImportError:
        return ""
    if not number.startswith("+"):
        return ""
    try:
        possible = phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException as error:
        return phrase("%(text)s is no telephone number: %(why)s", text=repr(text[:60]), why=str(error))
    if possible:
        return ""
    return phrase("%(text)s is no telephone number: no country has such ones", text=repr(text[:60]))


_JUDGES = {"mail": _judge_mail, "phone": _judge_phone}


def _is_phone(text: str) -> bool:
    return _PHONE.fullmatch(text) is not None and _FEWEST <= len(_NO_DIGITS.sub("", text)) <= _MOST


def _is_url(text: str) -> bool:
    return _URL.fullmatch(text) is not None


_FITS = {"mail": is_address, "phone": _is_phone, "url": _is_url}


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


def _mail_key(text: str) -> str:
    local, _, domain = ascii_domain(text).rpartition("@")
    return f"{_folded(local)}@{domain.lower()}"


def _phone_key(text: str) -> str:
    digits = _NO_DIGITS.sub("", text)
    if text.startswith("+"):
        return f"+{digits}"
    return f"+{digits[2:]}" if digits.startswith("00") else digits


def _url_key(text: str) -> str:
    found = _URL.fullmatch(text)
    assert found is not None, "only what fits has a key"
    scheme, host, rest = found.groups()
    return f"{scheme.lower()}://{host.lower()}{'' if rest == '/' else rest}"


_KEYS = {"mail": _mail_key, "phone": _phone_key, "url": _url_key}
