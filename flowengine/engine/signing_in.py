"""How people are known: links, codes, sessions, passkeys, and tokens of their own.

Some verbs are the program's: it asks for somebody whom nobody knows yet, at a door of his, and says where that is
(:class:`~flowengine.people.browsers.Browser`). The others are asked by who is known, about himself. Each way in ends in
a session or a token, and :meth:`SigningIn.identify` says whose it is. What was asked too often raises TooMany.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from flowengine.commands import (
    codes,
    credentials,
    devices,
    links,
    oidc,
    own_tokens,
    passkeys,
    public_starts,
    sessions,
    totp,
)
from flowengine.core.values import Json
from flowengine.engine.part import Part
from flowengine.people.browsers import Browser
from flowengine.people.identities import By, Identity, Strength
from flowengine.people.permissions import PROGRAM
from flowengine.views.signing_in import (
    CodeSent,
    CredentialView,
    DeviceBegun,
    DevicePolled,
    DeviceView,
    LinkView,
    NewLink,
    NewOwnToken,
    NewSession,
    OidcBegun,
    OidcDone,
    Opened,
    OwnToken,
    PasskeyAsked,
    PublicStart,
    SessionView,
    TotpBegun,
)

NOWHERE = Browser()
"""A browser of which nothing is known."""


class SigningIn(Part):
    """How people are known: links, codes, sessions, passkeys, and tokens of their own."""

    # who it is

    def identify(self, secret: str) -> Identity:
        """Whose session or own token that is, with its strength and its scopes: one look at the database, and a write
        no more than once a minute. What is unknown, over or revoked answers alike. Raises BadToken."""
        return own_tokens.identify(self._shell, secret)

    def sign_in(self, person: str, *, strength: Strength = "host", browser: Browser = NOWHERE) -> NewSession:
        """A session for somebody of whom the program has made sure itself, as by its own login. Raises NotFound,
        NotAllowed for one who has left, SignedInAsAnother."""
        return sessions.sign_in(self._shell, person, strength, browser)

    # links

    def make_link(self, of: str, person: str = "", *, expires: datetime | None = None, by: By = PROGRAM) -> NewLink:
        """A link to a job, or to a step of it, for a customer: the job's own unless another is named who may see it.
        It lasts until the step's deadline, or ``expires``, at most 30 days, and opens some twenty times. A customer
        makes links for himself alone. Raises NotFound, NotAllowed, StaleCommand, BadAnswer."""
        return links.make(self._shell, of, person, expires, by)

    def make_enrolment(self, person: str, *, by: By = PROGRAM) -> NewLink:
        """A link by which somebody registers a passkey or an authenticator, and does nothing else: once, within a day.
        It is given to him by hand, for whoever opens it first is he. Raises NotFound, NotAllowed."""
        return links.enrol(self._shell, person, by)

    def links(self, job: str, *, by: By = PROGRAM) -> list[LinkView]:
        """The links of a job with each use of them, the oldest first; a customer's own. Raises NotFound."""
        return links.listed(self._shell, job, by)

    def revoke_link(self, id: str, *, by: By = PROGRAM) -> LinkView:
        """Make a link invalid, now, by its public id, with the sessions that came of it. Raises NotFound."""
        return links.revoke(self._shell, id, by)

    def open_link(self, secret: str, *, browser: Browser = NOWHERE) -> Opened:
        """Open a link: a session for its job alone, of the strength ``link``. Where the settings ask for a code beside
        it, one is sent instead; who is signed in already stays so. Raises BadToken for one that is unknown, over,
        revoked or used up, alike; SignedInAsAnother."""
        return links.open_(self._shell, secret, browser)

    # codes

    def send_code(self, contact: str = "", *, link: str = "", browser: Browser = NOWHERE) -> CodeSent:
        """Send a code of six digits to whoever has a contact, to the person of a ``link``, or to who is signed in. It
        goes out with the other letters, so a worker has to run. The answer, and the work done, is the same whether
        anybody has the contact. Raises BadAnswer, BadToken for a link."""
        return codes.send(self._shell, contact, link, browser)

    def check_code(
        self, id: str, code: str, *, person: str = "", totp: str = "", browser: Browser = NOWHERE
    ) -> NewSession:
        """Answer a code, within ten minutes and five tries: a session of the strength ``code``, and the contact is
        confirmed. A member of staff shows what his authenticator shows (``totp``) as well. Raises BadToken; Ambiguous,
        which names those who share the contact, one of whom is then the ``person``; NotAllowed where a mail would be
        all that a member of staff has; SignedInAsAnother."""
        return codes.check(self._shell, id, code, person, totp, browser)

    def check_totp(self, code: str, *, browser: Browser) -> NewSession:
        """Who is signed in by a link shows what his authenticator shows, and is known as by a code. Raises BadToken,
        NotAllowed."""
        return totp.raise_to_code(self._shell, code, browser)

    # sessions

    def sessions(self, person: str = "", *, by: By = PROGRAM) -> list[SessionView]:
        """The sessions of who asks, or of another for operators, the newest first. Raises NotFound, NotAllowed."""
        return sessions.listed(self._shell, person, by)

    def end_session(self, id: str, *, by: By = PROGRAM) -> SessionView:
        """End a session of one's own by its public id, or another's for operators. Raises NotFound."""
        return sessions.end(self._shell, id, by)

    def sign_out_everywhere(self, person: str = "", *, by: By = PROGRAM) -> int:
        """End all sessions of who asks, or of another for operators: how many. Tokens of one's own stay."""
        return sessions.end_all(self._shell, person, by)

    # what somebody signs in with

    def credentials(self, person: str = "", *, by: By = PROGRAM) -> list[CredentialView]:
        """What who asks signs in with (passkeys, an authenticator, accounts of providers), or another, for operators;
        the oldest first."""
        return credentials.listed(self._shell, person, by)

    def remove_credential(self, id: str, person: str = "", *, by: By = PROGRAM) -> CredentialView:
        """Take away something that who asks signs in with, or another, for operators. Raises NotFound."""
        return credentials.remove(self._shell, id, person, by)

    def begin_passkey(self, *, by: By) -> PasskeyAsked:
        """What the browser of who asks is asked, to make a passkey; it answers within five minutes, once. Raises
        NotFound without the address of this installation, NotConfigured without the library ``webauthn``."""
        return passkeys.begin(self._shell, by)

    def add_passkey(self, id: str, response: Mapping[str, Json], name: str = "", *, by: By) -> CredentialView:
        """The browser has made a passkey: ``response`` as WebAuthn has it. Raises BadToken for an answer of another
        site, or to what was not asked or was answered before."""
        return passkeys.add(self._shell, id, response, name, by)

    def begin_passkey_sign_in(self, *, browser: Browser = NOWHERE) -> PasskeyAsked:
        """What a browser is asked, to show a passkey of whoever is there. Raises NotFound, NotConfigured."""
        return passkeys.begin_sign_in(self._shell, browser)

    def sign_in_by_passkey(self, id: str, response: Mapping[str, Json], *, browser: Browser = NOWHERE) -> NewSession:
        """Somebody has shown a passkey: a session of the strength ``passkey``. Raises BadToken, NotAllowed,
        SignedInAsAnother."""
        return passkeys.sign_in(self._shell, id, response, browser)

    def begin_totp(self, *, by: By) -> TotpBegun:
        """A secret for an authenticator of who asks (RFC 6238). It counts once a code was shown, within 15 minutes."""
        return totp.begin(self._shell, by)

    def confirm_totp(self, id: str, code: str, name: str = "", *, by: By) -> CredentialView:
        """The authenticator shows that code, and signs in from now on. Raises BadToken, NotAllowed."""
        return totp.confirm(self._shell, id, code, name, by)

    def begin_oidc(self, provider: str, *, back: str = "/", browser: Browser = NOWHERE) -> OidcBegun:
        """Send a browser to a provider of the settings (OpenID Connect, with PKCE, state and nonce); afterwards it goes
        ``back``, to a path here or a target that the settings list. Raises NotFound, BadAnswer, OutsideError."""
        return oidc.begin(self._shell, provider, back, browser)

    def finish_oidc(
        self, state: str, code: str, *, binding: str, issuer: str = "", browser: Browser = NOWHERE
    ) -> OidcDone:
        """A browser has come back from a provider, with the ``binding`` that only it has: a session of the strength
        ``oidc``. Raises BadToken where something of it does not fit, NotAllowed where the account is nobody's,
        SignedInAsAnother, OutsideError."""
        return oidc.finish(self._shell, state, code, binding, issuer, browser)

    def bind_subject(self, person: str, provider: str, subject: str, *, by: By = PROGRAM) -> CredentialView:
        """Say that an account of a provider is somebody's, by its subject (``sub``). Raises NotFound, NotAllowed."""
        return oidc.bind(self._shell, person, provider, subject, by)

    # tokens of one's own, and devices

    def issue_own_token(
        self, scopes: Sequence[str], *, name: str = "", expires: datetime | timedelta | None = None, by: By
    ) -> NewOwnToken:
        """A token for programs that ask in the name of who asks: its secret is in the answer and never shown again.
        ``scopes`` are of ``read``, ``act`` and ``operate``; it lasts 90 days unless ``expires`` says otherwise, at most
        400. Raises BadAnswer, NotAllowed."""
        return own_tokens.issue(self._shell, scopes, name, expires, by)

    def own_tokens(self, *, by: By) -> list[OwnToken]:
        """The tokens of who asks, the oldest first, without their secrets."""
        return own_tokens.listed(self._shell, by)

    def revoke_own_token(self, id: str, *, by: By) -> OwnToken:
        """Make a token of one's own invalid, now, by its public id. Raises NotFound."""
        return own_tokens.revoke(self._shell, id, by)

    def begin_device(self, client: str, *, browser: Browser = NOWHERE) -> DeviceBegun:
        """A device wants in (RFC 8628), and says what it is. Raises BadAnswer."""
        return devices.begin(self._shell, client, browser)

    def poll_device(self, device_code: str) -> DevicePolled:
        """Whether a device is let in by now; its token is in one answer alone."""
        return devices.poll(self._shell, device_code)

    def device(self, user_code: str, *, by: By) -> DeviceView:
        """What asks to be let in with those letters, to be looked at before. Raises NotFound."""
        return devices.look(self._shell, user_code, by)

    def approve_device(self, user_code: str, *, scopes: Sequence[str] = ("read", "act"), by: By) -> DeviceView:
        """Let a device in, in the name of who asks, who is known by a code at least. Raises NotFound, BadAnswer."""
        return devices.approve(self._shell, user_code, scopes, by)

    def deny_device(self, user_code: str, *, by: By) -> DeviceView:
        """Do not let a device in. Raises NotFound."""
        return devices.deny(self._shell, user_code, by)

    # who is new

    def start_publicly(
        self,
        process: str,
        *,
        need: Mapping[str, Json] | None = None,
        name: str = "",
        contact: str,
        browser: Browser = NOWHERE,
        language: str = "",
        key: str | None = None,
    ) -> PublicStart:
        """Begin a job for somebody whom nobody knows, of a process that the settings open to the public, and send him a
        code. He becomes a party of his own, whose contact counts once he has answered it; who has not within seven days
        is erased, and the job is ended with that reason. ``language`` is that in which he is spoken to, ``key`` a
        request key, of nobody: make it by chance. Raises NotFound, BadAnswer, KeyConflict."""
        return public_starts.start(self._shell, process, need or {}, name, contact, browser, language, key)
