"""What the installation is told from outside: secrets, addresses, what may be reached. Never stored, never logged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from flowengine.clock import is_zone
from flowengine.core.draft import LARGEST_DATA
from flowengine.errors import NotConfigured
from flowengine.language.parts import FACT_KINDS
from flowengine.language.suggest import near
from flowengine.outside.addresses import Allowed
from flowengine.outside.files import Scanner, check_url
from flowengine.outside.letter import sender_of
from flowengine.outside.mail import server_of
from flowengine.people.identities import LONGEST_NAME, STRENGTHS, on_one_line
from flowengine.people.permissions import EACH, TABLE
from flowengine.runtime.partners import Partner, partners_of
from flowengine.runtime.ways_in import WaysIn
from flowengine.signing import key_of
from flowengine.speech.languages import LANGUAGES

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,30}")

MOST_OF_A_FILE = 100_000_000
"""Bytes that a file may have at most, whatever is set: it is looked at in memory."""

UNSIGNED = "unsigned"
"""The ``http_secret`` of an installation that calls services without a signature, and knows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this installation reaches the world.

    | field | variable | what |
    |-|-|-|
    | ``url`` | ``FLOW_URL`` | where people and services reach this installation, for links: ``https://flow.example`` |
    | ``http_secret`` | ``FLOW_HTTP_SECRET`` | signs what is sent over HTTP (Standard Webhooks): ``whsec_`` and base64;
    two with a space between while it is being changed; ``unsigned``: nothing is signed |
    | ``http_allow`` | ``FLOW_HTTP_ALLOW`` | internal hosts, ``host:port`` or networks that may be called, by commas |
    | ``hook_secrets`` | ``FLOW_HOOK_SECRETS`` | who may send messages in: ``parcel=whsec_…,paid=whsec_…``, for each
    message its secret, or two with a space between |
    | ``partners`` | ``FLOW_PARTNERS`` | organisations whose processes call ours, or ours theirs, by commas: the name
    that one has here, the address at which it takes what we say, and the secret of both, or two while it is being
    changed: ``mill=https://mill.example/api/v1/partners/tailor whsec_…`` |
    | ``mail`` | ``FLOW_MAIL`` | the mail server: ``smtp://user:password@host:587`` or ``smtps://…`` |
    | ``mail_from`` | ``FLOW_MAIL_FROM`` | who writes: ``Tailor <suits@example.org>`` |
    | ``notify`` | ``FLOW_NOTIFY`` | other ways to people, as Apprise names them, by commas: ``ntfy,tgram`` |
    | ``largest_data`` | ``FLOW_LARGEST_DATA`` | bytes that the data of a job, or an item of an each, may have |
    | ``facts_closed_to`` | ``FLOW_FACTS_CLOSED_TO`` | kinds of facts on customers that some roles neither see nor add:
    ``concern=sales,note=sales driver`` |
    | ``staff_as`` | ``FLOW_STAFF_AS`` | what customers read in the place of names of staff, which they are then not to
    know: ``Lund Tailors``; else they read the names |
    | ``ballot_secret`` | ``FLOW_BALLOT_SECRET`` | with it, who has the database alone cannot tell whose a secret ballot
    is; as long as votes are open it must stay the same |
    | ``zone`` | ``FLOW_ZONE`` | the time zone of processes that name none: ``Europe/London``; else UTC |
    | ``files`` | ``FLOW_FILES`` | where files are kept: ``file:///folder``, ``s3://bucket/prefix``, ``memory://``; else
    a folder beside the SQLite file |
    | ``largest_file`` | ``FLOW_LARGEST_FILE`` | bytes that a file may have |
    | ``largest_files`` | ``FLOW_LARGEST_FILES`` | bytes that the files of a job may have together |
    | ``scanner`` | | looks at each file before anybody may open it: a function of its bytes, which gives a
    :class:`~flowengine.outside.files.Scanned`; a worker runs it. The same is to be set wherever files are given out |
    | ``ways_in`` | several | how people sign in: :class:`~flowengine.runtime.ways_in.WaysIn` |
    | ``language`` | ``FLOW_LANGUAGE`` | the language of people of whom none is known: ``de``; else English, and process
    texts as they were written |
    | ``strengths`` | ``FLOW_STRENGTHS`` | how strongly somebody has to be known for a verb, where that is not as the
    table of permissions says: ``withdraw=link,start=code``; ``*=code``: for each |
    """

    url: str = ""
    http_secret: str = field(default="", repr=False)
    http_allow: tuple[str, ...] = ()
    hook_secrets: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    partners: Mapping[str, Partner] = field(default_factory=dict, repr=False, hash=False)
    mail: str = field(default="", repr=False)
    mail_from: str = ""
    notify: tuple[str, ...] = ()
    largest_data: int = LARGEST_DATA
    facts_closed_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    staff_as: str = ""
    ballot_secret: str = field(default="", repr=False)
    zone: str = "UTC"
    language: str = ""
    files: str = field(default="", repr=False)
    largest_file: int = 20_000_000
    largest_files: int = 200_000_000
    scanner: Scanner | None = None
    ways_in: WaysIn = field(default_factory=WaysIn)
    strengths: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be used at once, not when the first call of the night is made. Raises NotConfigured."""
        Allowed.of(self.http_allow)
        if self.largest_data < 1:
            raise NotConfigured("data have at least one byte", where="FLOW_LARGEST_DATA", possible=(str(LARGEST_DATA),))
        if not 1 <= self.largest_file <= MOST_OF_A_FILE:
            what = f"a file has 1 to {MOST_OF_A_FILE} bytes"
            raise NotConfigured(what, where="FLOW_LARGEST_FILE", possible=("20000000",))
        if self.largest_files < self.largest_file:
            what = "the files of a job have at least as many bytes as one may have"
            raise NotConfigured(what, where="FLOW_LARGEST_FILES", possible=("200000000",))
        if self.files:
            check_url(self.files)
        if not is_zone(self.zone):
            what = f"{self.zone[:60]!r} is not a time zone"
            raise NotConfigured(what, where="FLOW_ZONE", possible=("Europe/London", "UTC"))
        if self.language and self.language not in LANGUAGES:
            what = f"{self.language[:60]!r} is no language that is spoken here"
            raise NotConfigured(what, where="FLOW_LANGUAGE", possible=tuple(LANGUAGES))
        if self.staff_as and (
            not self.staff_as.strip() or len(self.staff_as) > LONGEST_NAME or not on_one_line(self.staff_as)
        ):
            what = f"{self.staff_as[:60]!r} is no name that stands for staff"
            raise NotConfigured(what, where="FLOW_STAFF_AS", possible=("the name of your house, on one line",))
        unknown = next((kind for kind in self.facts_closed_to if kind not in FACT_KINDS), None)
        if unknown is not None:
            what = f"{unknown[:60]!r} is no kind of fact"
            raise NotConfigured(what, where="FLOW_FACTS_CLOSED_TO", possible=FACT_KINDS)
        if self.http_secret != UNSIGNED:
            for secret in self.http_secret.split():
                key_of(secret, "FLOW_HTTP_SECRET")
        for name, secrets in self.hook_secrets.items():
            if not secrets.split():
                raise NotConfigured(f"the hook {name!r} has no secret", where="FLOW_HOOK_SECRETS")
            for secret in secrets.split():
                key_of(secret, "FLOW_HOOK_SECRETS")
        for verb, strength in self.strengths.items():
            if verb not in (*TABLE, EACH):
                possible = near(verb, list(TABLE)) or "a verb of the table of permissions"
                raise NotConfigured(f"{verb[:60]!r} is no verb", where="FLOW_STRENGTHS", possible=(possible,))
            if strength not in STRENGTHS:
                what = f"{strength[:60]!r} does not say how strongly somebody is known"
                raise NotConfigured(what, where="FLOW_STRENGTHS", possible=STRENGTHS)
        if self.mail:
            server_of(self.mail)
            sender_of(self.mail_from)
        if self.ways_in.providers and not self.url:
            what = "a provider sends browsers back here, and the address is not set"
            raise NotConfigured(what, where="FLOW_URL", possible=("https://flow.example",))
        for scheme in self.notify:
            if not _SCHEME.fullmatch(scheme) or scheme in ("http", "https", "mailto"):
                raise NotConfigured(f"{scheme!r} is not a way to people", where="FLOW_NOTIFY", possible=("ntfy,tgram",))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """The settings that variables give."""
        allow = environment.get("FLOW_HTTP_ALLOW", "")
        return cls(
            url=environment.get("FLOW_URL", "").rstrip("/"),
            http_secret=environment.get("FLOW_HTTP_SECRET", ""),
            http_allow=tuple(one.strip() for one in allow.split(",") if one.strip()),
            hook_secrets=_by_name(environment.get("FLOW_HOOK_SECRETS", "")),
            partners=partners_of(environment.get("FLOW_PARTNERS", "")),
            mail=environment.get("FLOW_MAIL", ""),
            mail_from=environment.get("FLOW_MAIL_FROM", ""),
            largest_data=_bytes(environment.get("FLOW_LARGEST_DATA") or str(LARGEST_DATA)),
            staff_as=environment.get("FLOW_STAFF_AS", ""),
            ballot_secret=environment.get("FLOW_BALLOT_SECRET", ""),
            zone=environment.get("FLOW_ZONE") or "UTC",
            language=environment.get("FLOW_LANGUAGE", ""),
            files=environment.get("FLOW_FILES", ""),
            largest_file=_bytes(environment.get("FLOW_LARGEST_FILE") or "20000000", "FLOW_LARGEST_FILE"),
            largest_files=_bytes(environment.get("FLOW_LARGEST_FILES") or "200000000", "FLOW_LARGEST_FILES"),
            facts_closed_to=_roles_by_kind(environment.get("FLOW_FACTS_CLOSED_TO", "")),
            ways_in=WaysIn.from_environment(environment),
            strengths=_strengths(environment.get("FLOW_STRENGTHS", "")),
            notify=tuple(one.strip().lower() for one in environment.get("FLOW_NOTIFY", "").split(",") if one.strip()),
        )


def _bytes(text: str, where: str = "FLOW_LARGEST_DATA") -> int:
    if not (text.isascii() and text.isdecimal()):
        raise NotConfigured(f"{text!r} is no number of bytes", where=where, possible=(str(LARGEST_DATA),))
    return int(text)


def _roles_by_kind(text: str) -> dict[str, tuple[str, ...]]:
    """``kind=role,kind=role role``."""
    found: dict[str, tuple[str, ...]] = {}
    for one in filter(None, (part.strip() for part in text.split(","))):
        kind, separator, roles = (part.strip() for part in one.partition("="))
        if not separator or not roles.split():
            what = f"{one[:60]!r} is not a kind of fact and its roles"
            raise NotConfigured(what, where="FLOW_FACTS_CLOSED_TO", possible=("concern=sales,note=sales driver",))
        found[kind] = tuple(roles.split())
    return found


def _strengths(text: str) -> dict[str, str]:
    """``verb=strength,verb=strength``. Raises NotConfigured."""
    found: dict[str, str] = {}
    for one in filter(None, (part.strip() for part in text.split(","))):
        verb, separator, strength = (part.strip() for part in one.partition("="))
        if not separator or not verb or verb in found:
            why = f"{verb[:60]!r} is there twice" if verb in found else f"{one[:60]!r} is not a verb and a strength"
            raise NotConfigured(why, where="FLOW_STRENGTHS", possible=("withdraw=link,start=code",))
        found[verb] = strength
    return found


def _by_name(text: str) -> dict[str, str]:
    """``name=secret,name2=secret secret``. Raises NotConfigured, which repeats no secret."""
    found: dict[str, str] = {}
    for one in text.split(","):
        name, separator, secrets = (part.strip() for part in one.partition("="))
        if not (name or secrets):
            continue
        if not separator or not name or name in found:
            why = f"{name!r} is there twice" if name in found else "an entry is not a name and its secrets"
            raise NotConfigured(why, where="FLOW_HOOK_SECRETS", possible=("parcel=whsec_…,paid=whsec_… whsec_…",))
        found[name] = secrets
    return found
