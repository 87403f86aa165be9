"""What is answered to those who sign in, and about it. A secret is told once, when it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flowengine.people.identities import Strength
from flowengine.views.replies import View


class SessionView(View, frozen=True, kw_only=True):
    """A session. ``id`` is short and public; ``job`` is the only one for which it counts, empty for all; it ends at
    ``expires`` unless it is used before. ``current``: it is that in which was asked."""

    id: str
    person: str
    strength: Strength
    job: str = ""
    created: datetime
    seen: datetime
    expires: datetime
    address: str = ""
    agent: str = ""
    current: bool = False


class NewSession(SessionView, frozen=True, kw_only=True):
    """A new session. ``secret`` is for the cookie of the browser, ``csrf`` for what it sends: both are shown once."""

    secret: str
    csrf: str

    def __repr__(self) -> str:
        return f"NewSession(id={self.id!r}, person={self.person!r}, strength={self.strength!r})"


class LinkUseView(View, frozen=True, kw_only=True):
    """One use of a link, and from where."""

    at: datetime
    address: str = ""
    agent: str = ""


class LinkView(View, frozen=True, kw_only=True):
    """A link without its secret: for a ``person`` to a ``job``, or to one ``step`` of it; ``made_by`` somebody, or the
    program. ``uses`` are all of them, of ``most``."""

    id: str
    person: str
    job: str = ""
    step: str = ""
    made_by: str = ""
    created: datetime
    expires: datetime
    revoked: datetime | None = None
    most: int
    uses: tuple[LinkUseView, ...] = ()


class NewLink(LinkView, frozen=True, kw_only=True):
    """A new link. ``secret`` is shown this once; ``url`` has it in its last part, and is empty where no address of this
    installation is set."""

    secret: str
    url: str = ""

    def __repr__(self) -> str:
        return f"NewLink(id={self.id!r}, person={self.person!r}, job={self.job!r})"


class CodeSent(View, frozen=True, kw_only=True):
    """A code was asked for. Whether anybody has the contact is not told: the answer is the same."""

    id: str
    expires: datetime


class Opened(View, frozen=True, kw_only=True):
    """What a link opened: a ``session``; or nothing yet, for a ``code`` was sent that is asked beside it; or ``there``:
    he was signed in already, and stays so. ``job`` and ``step`` are what it is about."""

    job: str
    step: str = ""
    session: NewSession | None = None
    code: CodeSent | None = None
    there: bool = False


class CredentialView(View, frozen=True, kw_only=True):
    """Something that a person signs in with, without what is secret of it; ``name`` is his own, or the provider's."""

    id: str
    kind: Literal["passkey", "totp", "oidc"]
    name: str
    created: datetime
    used: datetime | None = None


class PasskeyAsked(View, frozen=True, kw_only=True):
    """What a browser is asked: ``options`` are for ``navigator.credentials``, and ``id`` goes with its answer."""

    id: str
    options: dict[str, Any]


class TotpBegun(View, frozen=True, kw_only=True):
    """A new secret for an authenticator, which counts once a code of it was shown. ``uri`` has it, for a QR code."""

    id: str
    secret: str
    uri: str

    def __repr__(self) -> str:
        return f"TotpBegun(id={self.id!r})"


class OidcBegun(View, frozen=True, kw_only=True):
    """Where the browser is sent. ``binding`` is for a cookie of its own: the answer counts in this browser alone."""

    url: str
    binding: str

    def __repr__(self) -> str:
        return "OidcBegun()"


class OidcDone(View, frozen=True, kw_only=True):
    """Somebody has come back from a provider: his session, and where he wanted to go."""

    session: NewSession
    back: str


class DeviceBegun(View, frozen=True, kw_only=True):
    """A device may be let in (RFC 8628): a person types ``user_code`` at ``verification_uri``, and meanwhile it asks
    with ``device_code`` every ``interval`` seconds, for ``expires_in`` seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int

    def __repr__(self) -> str:
        return f"DeviceBegun(user_code={self.user_code!r})"


class DeviceView(View, frozen=True, kw_only=True):
    """A device that waits for somebody to let it in: what it says it is, and from where it asks."""

    user_code: str
    client: str
    address: str = ""
    expires: datetime


class DevicePolled(View, frozen=True, kw_only=True):
    """Whether a device is let in. ``token`` is there once, when it is."""

    state: Literal["approved", "authorization_pending", "slow_down", "access_denied", "expired_token"]
    interval: int = 0
    token: str = ""
    person: str = ""
    expires: datetime | None = None

    def __repr__(self) -> str:
        return f"DevicePolled(state={self.state!r}, person={self.person!r})"


class OwnToken(View, frozen=True, kw_only=True):
    """A token of a person's own, without its secret: what he called it, what may be done with it (``read``, ``act``,
    ``operate``), and when it was used last, to the minute."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None
    used: datetime | None = None


class NewOwnToken(OwnToken, frozen=True, kw_only=True):
    """A new token. ``token`` is the secret itself, which is never shown again."""

    token: str

    def __repr__(self) -> str:
        return f"NewOwnToken(id={self.id!r}, scopes={self.scopes!r})"


class PublicStart(View, frozen=True, kw_only=True):
    """Somebody whom nobody knows has begun a job. It is his once he has answered the ``code`` that was sent to him."""

    job: str
    code: CodeSent
