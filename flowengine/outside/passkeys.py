"""The ceremonies of WebAuthn, by the library ``webauthn``: what a browser is asked, and whether its answer is right."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import ModuleType
from typing import Any

from flowengine.distribution import installing
from flowengine.errors import BadToken, NotConfigured
from flowengine.speech.phrases import phrase


@dataclass(frozen=True, slots=True)
class Site:
    """Where passkeys count: a host, and the origin of its pages."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A passkey as it is kept: its id, its public key, and how often it has signed."""

    id: bytes
    key: bytes
    count: int


def _library() -> ModuleType:
    try:
        import webauthn
    except ImportError as error:
        raise NotConfigured(
            "passkeys need the library webauthn, which is not installed", possible=(installing("web"),)
        ) from error
    return webauthn


def registration(site: Site, challenge: bytes, person: str, name: str, there: Sequence[bytes]) -> dict[str, Any]:
    """What a browser is asked to make one; it makes none on a device that has one of those ``there``."""
    webauthn = _library()
    from webauthn.helpers import structs as s

    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=site.host,
        user_id=sha256(person.encode()).digest(),
        user_name=person,
        user_display_name=name,
        challenge=challenge,
        authenticator_selection=s.AuthenticatorSelectionCriteria(
            resident_key=s.ResidentKeyRequirement.REQUIRED, user_verification=s.UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[s.PublicKeyCredentialDescriptor(id=id) for id in there],
    )
    return _plain(webauthn, options)


def registered(site: Site, challenge: bytes, response: Mapping[str, Any]) -> Registered:
    """The passkey that a browser has made. Raises BadToken."""
    webauthn = _library()
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        found = webauthn.verify_registration_response(
            credential=dict(response),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, *_MALFORMED) as error:
        raise _refused(error) from error
    return Registered(found.credential_id, found.credential_public_key, found.sign_count)


def sign_in(site: Site, challenge: bytes) -> dict[str, Any]:
    """What a browser is asked to show one, whichever it has for this site."""
    webauthn = _library()
    from webauthn.helpers import structs as s

    options = webauthn.generate_authentication_options(
        rp_id=site.host, challenge=challenge, user_verification=s.UserVerificationRequirement.REQUIRED
    )
    return _plain(webauthn, options)


def id_of(response: Mapping[str, Any]) -> bytes:
    """Which passkey a browser shows. Raises BadToken."""
    webauthn = _library()
    try:
        found: bytes = webauthn.base64url_to_bytes(response["rawId"])
    except _MALFORMED as error:
        raise _refused(error) from error
    return found


def signed_in(site: Site, challenge: bytes, response: Mapping[str, Any], key: bytes, count: int) -> int:
    """How often the passkey has signed by now, where the answer is right. Raises BadToken."""
    webauthn = _library()
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        found = webauthn.verify_authentication_response(
            credential=dict(response),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=key,
            credential_current_sign_count=count,
            require_user_verification=True,
        )
    except (WebAuthnException, *_MALFORMED) as error:
        raise _refused(error) from error
    new: int = found.new_sign_count
    return new


_MALFORMED = (ValueError, KeyError, TypeError, AttributeError)
"""What the library raises of an answer that is none."""


def _plain(webauthn: ModuleType, options: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return found


def _refused(error: Exception) -> BadToken:
    return BadToken(
        phrase("the passkey is not taken: %(why)s", why=str(error)[:200]), possible=(phrase("begin again"),)
    )
