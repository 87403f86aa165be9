"""OpenID Connect: where a browser is sent, and who somebody is by what a provider answers.

The authorization code flow with PKCE (S256), a state and a nonce; the pieces are Authlib's, and the signatures are
checked by joserfc, on which it stands. What is asked over HTTP goes through our own client, so that a provider inside
has to be allowed (``FLOW_HTTP_ALLOW``).
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from flowengine.distribution import installing
from flowengine.errors import AnswerRefused, BadToken, NotConfigured, OutsideError

if TYPE_CHECKING:
    from flowengine.outside.http import Client

WITHIN = 10.0
"""Seconds that one question to a provider may take."""

FRESH = 3600.0
"""Seconds for which is remembered what a provider says of itself."""

LEEWAY = 60
"""Seconds by which clocks may differ."""

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that are taken: with a key of the provider's own, never with one that we share, nor none."""


@dataclass(frozen=True, slots=True)
class Party:
    """We, as a provider knows us. ``acr`` is how somebody has to have signed in there, in the provider's words (one of
    these), or empty where that is the provider's business."""

    issuer: str
    client: str
    secret: str
    callback: str
    acr: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """Who somebody is at a provider. ``mail`` is there only where the provider has verified it."""

    issuer: str
    subject: str
    mail: str
    name: str


class Providers:
    """What providers say of themselves, remembered for an hour; may be asked from many threads."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}
        self._lock = Lock()

    def about(self, url: str, allow: Sequence[str], *, anew: bool = False) -> dict[str, Any]:
        """The JSON document at an address of a provider. Raises OutsideError."""
        with self._lock:
            found = self._known.get(url)
        if found is not None and not anew and monotonic() < found[0]:
            return found[1]
        answer = _client(allow).get(url, within=WITHIN)
        if answer.status != 200:
            raise OutsideError(f"the provider answers {answer.status}", where=url)
        document = _document(answer.body, url)
        with self._lock:
            self._known[url] = (monotonic() + FRESH, document)
        return document

    def endpoints(self, party: Party, allow: Sequence[str]) -> dict[str, Any]:
        """What a provider says of itself. Raises OutsideError; AnswerRefused where it calls itself otherwise."""
        url = f"{party.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = self.about(url, allow)
        if found.get("issuer") != party.issuer:
            raise AnswerRefused("the provider calls itself otherwise than it is set here", where=party.issuer)
        return found

    def begin(self, party: Party, allow: Sequence[str], state: str, nonce: str, verifier: str) -> str:
        """Where the browser is sent. Raises OutsideError."""
        _installed()
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        wished = {"acr_values": " ".join(party.acr)} if party.acr else {}
        found: str = prepare_grant_uri(
            str(self.endpoints(party, allow)["authorization_endpoint"]),
            client_id=party.client,
            response_type="code",
            redirect_uri=party.callback,
            scope="openid email profile",
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
            **wished,
        )
        return found

    def names_itself(self, party: Party, allow: Sequence[str]) -> bool:
        """Whether a provider says in each answer whose it is (RFC 9207). Raises OutsideError."""
        return self.endpoints(party, allow).get("authorization_response_iss_parameter_supported") is True

    def account(
        self, party: Party, allow: Sequence[str], code: str, nonce: str, verifier: str, now: datetime
    ) -> Account:
        """Who has come back with a code. Raises BadToken for what the provider, or its signature, does not vouch for;
        OutsideError where it cannot be asked."""
        endpoints = self.endpoints(party, allow)
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": party.callback,
            "code_verifier": verifier,
        }
        # RFC 6749, 2.3.1: each half is form-encoded before both are joined
        basic = b64encode(f"{quote(party.client, safe='')}:{quote(party.secret, safe='')}".encode()).decode()
        headers = {"content-type": "application/x-www-form-urlencoded", "authorization": f"Basic {basic}"}
        url = str(endpoints["token_endpoint"])
        answer = _client(allow).post(url, urlencode(fields).encode(), headers, within=WITHIN)
        if answer.status != 200:
            raise _refused(f"the provider answers {answer.status}")
        given = _document(answer.body, url)
        claims = self._claims(party, allow, endpoints, str(given.get("id_token", "")), nonce, now)
        verified = claims.get("email_verified") is True
        return Account(
            issuer=party.issuer,
            subject=str(claims["sub"]),
            mail=str(claims.get("email", "")) if verified else "",
            name=str(claims.get("name", "")),
        )

    def _claims(
        self, party: Party, allow: Sequence[str], endpoints: Mapping[str, Any], token: str, nonce: str, now: datetime
    ) -> dict[str, Any]:
        """What an ID token says, once its signature and its claims are checked. Raises BadToken."""
        _installed()
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        keys = str(endpoints["jwks_uri"])
        for anew in (False, True):  # a provider changes its keys now and then
            try:
                found: Any = self.about(keys, allow, anew=anew)
                read = jwt.decode(token, KeySet.import_key_set(found), [*ALGORITHMS])
                break
            except (JoseError, ValueError, KeyError, TypeError) as error:
                if anew:
                    raise _refused("its ID token is not signed as it must be") from error
        options = {"iss": {"essential": True, "value": party.issuer}, "aud": {"essential": True, "value": party.client}}
        claims = CodeIDToken(read.claims, read.header, options, {"nonce": nonce, "client_id": party.client})
        try:
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
        except (JoseError, ValueError, TypeError) as error:
            raise _refused(f"its ID token does not fit: {str(error)[:200]}") from error
        if party.acr and claims.get("acr") not in party.acr:  # one that says nothing of it vouches for nothing
            raise _refused("it does not vouch for how he has signed in there")
        return dict(claims)


PROVIDERS = Providers()
"""Those of this process."""


def _client(allow: Sequence[str]) -> Client:
    _installed()
    from flowengine.outside.http import client

    return client(allow)


def _installed() -> None:
    try:
        import authlib  # noqa: F401
        import httpx  # noqa: F401
    except ImportError as error:
        raise NotConfigured(
            "OpenID Connect needs the libraries authlib and httpx, which are not installed",
            possible=(installing("web"), installing("http")),
        ) from error


def _document(body: bytes, url: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        raise AnswerRefused("its answer is no JSON", where=url) from None
    if not isinstance(found, dict):
        raise AnswerRefused("its answer is no JSON object", where=url)
    return found


def _refused(why: str) -> BadToken:
    return BadToken(f"nobody is signed in by this: {why}", possible=("begin again",))
