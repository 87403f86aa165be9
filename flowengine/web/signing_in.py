"""The doors: links, codes, passkeys, providers, devices; and who asks, by a cookie or a token.

``GET`` tells nothing of a link and signs nobody in; the one exception is the way back from a provider, which the
protocol has as a ``GET``, and which counts once, in the browser that was sent there.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from flowengine.commands import own_tokens
from flowengine.commands.sessions import csrf_of
from flowengine.errors import BadToken
from flowengine.people.browsers import Browser
from flowengine.people.identities import By, Identity
from flowengine.speech.languages import wished
from flowengine.speech.phrases import phrase
from flowengine.views.replies import View
from flowengine.views.signing_in import (
    CodeSent,
    DeviceBegun,
    NewSession,
    Opened,
    PasskeyAsked,
    PublicStart,
    SessionView,
)
from flowengine.web.auth import engine_of
from flowengine.web.bodies import body_of, error_of, json_of, request_of
from flowengine.web.cookies import (
    SAFE,
    binding_of,
    check_csrf,
    check_origin,
    drop_cookie,
    secret_of,
    set_binding,
    set_cookie,
)
from flowengine.web.errors import answer, shape
from flowengine.web.security_log import asked_by

BINDING_SECONDS = 600

router = APIRouter(
    prefix="/api/v1",
    tags=["signing in"],
    responses={
        401: error_of("not known by this: unknown, over, used up or revoked, which answer alike"),
        400: error_of("what was sent is no JSON"),
        403: error_of("not from a page of ours, or not by this way"),
        404: error_of("there is no such thing, or no such way in here"),
        409: error_of("somebody else is signed in here: say who you are now, with switch"),
        413: error_of("more than is taken"),
        422: error_of("what was sent is not as it has to be; problems says what"),
        429: error_of("asked too often; Retry-After says when to ask again"),
    },
)


# who asks


def authenticate(request: Request) -> By | None:
    """Who asks: by ``Authorization: Bearer`` with a token of his own, or an operator's; else by the cookie of a
    session; None for nobody.

    A token that is not valid is refused; a session that is over is nobody's. What changes something and comes with a
    cookie must come from a page of ours, with the session's CSRF token. Raises BadToken, NotAllowed.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        confirms = getattr(request.scope.get("route"), "confirms", False)
        return own_tokens.bearer(engine_of(request).shell, token.strip(), confirms=confirms)
    found = signed_in(request)
    if found is not None and request.method not in SAFE:
        check_origin(request, must_say=True)
        check_csrf(request, secret_of(request))
    return found


def signed_in(request: Request) -> Identity | None:
    """Who is signed in in this browser."""
    secret = secret_of(request)
    if not secret:
        return None
    try:
        found = engine_of(request).identify(secret)
    except BadToken:
        return None  # the session is over: who asks is nobody until he signs in
    asked_by(request.scope, found.person)
    return found


def browser_of(request: Request, *, switch: bool = False) -> Browser:
    """Where somebody signs in. Raises NotAllowed for what another site had the browser send."""
    check_origin(request, must_say=False)
    address = request.client.host if request.client is not None else ""
    agent = request.headers.get("user-agent", "")
    return Browser(address=address, agent=agent, current=signed_in(request), switch=switch)


class SignedIn(SessionView, frozen=True, kw_only=True):
    """A session that has just begun. Its secret is in a cookie; ``csrf`` goes into the header ``X-Flow-CSRF`` of what
    changes something."""

    csrf: str


def _let_in(request: Request, session: NewSession, more: dict[str, Any] | None = None) -> Response:
    """The answer to who is signed in now: his session, without its secret, which is in the cookie."""
    shown = {name: value for name, value in msgspec.structs.asdict(session).items() if name != "secret"}
    response = answer(200, shown if more is None else more | {"session": shown})
    set_cookie(request, response, session.secret)
    return response


# links


class OpenLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Open a link, which somebody has confirmed: he has pressed a button. ``switch``: he is another than who is signed
    in here."""

    secret: str
    switch: bool = False


@router.post("/links/open", summary="Open a link", openapi_extra=request_of(OpenLink), responses={200: json_of(Opened)})
def open_link(request: Request, asked: Annotated[OpenLink, Depends(body_of(OpenLink))]) -> Response:
    """A session for the link's job alone, in a cookie; or a code was sent, which is asked beside it."""
    opened = engine_of(request).open_link(asked.secret, browser=browser_of(request, switch=asked.switch))
    plain = msgspec.structs.asdict(opened)
    return answer(200, plain) if opened.session is None else _let_in(request, opened.session, plain)


# codes


class SendCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Send a code to a contact, to the person of a link, or, with neither, to who is signed in."""

    contact: str = ""
    link: str = ""


class CheckCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Answer a code. ``person`` says who, where several have the contact; ``totp`` is what the authenticator of a
    member of staff shows."""

    id: str
    code: str
    person: str = ""
    totp: str = ""
    switch: bool = False


class CheckTotp(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the authenticator of who is signed in shows."""

    code: str


@router.post("/codes", summary="Send a code", openapi_extra=request_of(SendCode), responses={200: json_of(CodeSent)})
def send_code(request: Request, asked: Annotated[SendCode, Depends(body_of(SendCode))]) -> Response:
    """The answer is the same whether anybody has the contact."""
    return answer(200, engine_of(request).send_code(asked.contact, link=asked.link, browser=browser_of(request)))


@router.post(
    "/codes/check", summary="Answer a code", openapi_extra=request_of(CheckCode), responses={200: json_of(SignedIn)}
)
def check_code(request: Request, asked: Annotated[CheckCode, Depends(body_of(CheckCode))]) -> Response:
    """A session, in a cookie. Five tries, within ten minutes."""
    browser = browser_of(request, switch=asked.switch)
    engine = engine_of(request)
    session = engine.check_code(asked.id, asked.code, person=asked.person, totp=asked.totp, browser=browser)
    return _let_in(request, session)


@router.post(
    "/totp/check",
    summary="Show an authenticator's code",
    openapi_extra=request_of(CheckTotp),
    responses={200: json_of(SignedIn)},
)
def check_totp(request: Request, asked: Annotated[CheckTotp, Depends(body_of(CheckTotp))]) -> Response:
    """Who came by a link is known better."""
    authenticate(request)
    return _let_in(request, engine_of(request).check_totp(asked.code, browser=browser_of(request)))


# the session


class Session(View, frozen=True, kw_only=True):
    """Who is signed in in this browser, and the CSRF token of its session."""

    person: str
    strength: str
    job: str = ""
    session: str
    csrf: str


@router.get("/session", summary="Who is signed in here", responses={200: json_of(Session)})
def session(request: Request) -> Response:
    """401 for nobody. Only by the cookie: a token is no session."""
    found = signed_in(request)
    if found is None:
        raise BadToken(
            phrase("nobody is signed in here"),
            possible=("POST /api/v1/codes", "POST /api/v1/links/open"),
        )
    shown = Session(
        person=found.person,
        strength=found.strength,
        job=found.job,
        session=found.session,
        csrf=csrf_of(secret_of(request)),
    )
    return answer(200, shown)


@router.delete("/session", summary="Sign out here", responses={200: json_of(SessionView)})
def sign_out(request: Request) -> Response:
    """The session ends, and the browser forgets it. 401 where there is none."""
    found = authenticate(request)
    if not isinstance(found, Identity) or not found.session:
        raise BadToken(phrase("nobody is signed in here"), possible=(phrase("nothing is left to do"),))
    response = answer(200, engine_of(request).end_session(found.session, by=found))
    drop_cookie(request, response)
    return response


# passkeys


class ShowPasskey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What ``navigator.credentials.get`` gave, as JSON, and the id of what was asked."""

    id: str
    response: dict[str, Any]
    switch: bool = False


@router.post(
    "/passkeys/sign-in/begin",
    summary="Ask a browser for a passkey",
    responses={200: json_of(PasskeyAsked)},
)
def begin_passkey_sign_in(request: Request) -> Response:
    """``options`` are for ``navigator.credentials.get``; the answer to them counts once, within five minutes."""
    return answer(200, engine_of(request).begin_passkey_sign_in(browser=browser_of(request)))


@router.post(
    "/passkeys/sign-in",
    summary="Sign in by a passkey",
    openapi_extra=request_of(ShowPasskey),
    responses={200: json_of(SignedIn)},
)
def sign_in_by_passkey(request: Request, asked: Annotated[ShowPasskey, Depends(body_of(ShowPasskey))]) -> Response:
    """A session, in a cookie."""
    browser = browser_of(request, switch=asked.switch)
    return _let_in(request, engine_of(request).sign_in_by_passkey(asked.id, asked.response, browser=browser))


# providers


class BeginOidc(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the browser goes afterwards: a path here, or a target of the settings."""

    back: str = "/"


@router.post("/oidc/{provider}/login", summary="Sign in at a provider", openapi_extra=request_of(BeginOidc))
def begin_oidc(request: Request, provider: str, asked: Annotated[BeginOidc, Depends(body_of(BeginOidc))]) -> Response:
    """``url`` is where the browser goes; a cookie makes sure that the answer counts in it alone."""
    begun = engine_of(request).begin_oidc(provider, back=asked.back, browser=browser_of(request))
    response = answer(200, {"url": begun.url})
    set_binding(request, response, begun.binding, BINDING_SECONDS)
    return response


@router.get("/oidc/callback", summary="Come back from a provider", status_code=303)
def finish_oidc(request: Request, state: str = "", code: str = "", iss: str = "", error: str = "") -> Response:
    """303 to where the browser wanted to go, with a session in a cookie. 401 where something of it does not fit."""
    if error or not code:
        raise BadToken(phrase("the provider signs nobody in"), where=error[:60], possible=(phrase("begin again"),))
    address = request.client.host if request.client is not None else ""
    agent = request.headers.get("user-agent", "")
    browser = Browser(address=address, agent=agent, current=signed_in(request))
    done = engine_of(request).finish_oidc(state, code, binding=binding_of(request), issuer=iss, browser=browser)
    response = Response(status_code=303, headers={"location": done.back, "cache-control": "no-store"})
    set_cookie(request, response, done.session.secret)
    set_binding(request, response, "", 0)
    return response


# devices


class BeginDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What wants in: the words that a person sees before he lets it."""

    client: str


class PollDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A device that asks whether it is let in."""

    device_code: str


class DeviceToken(View, frozen=True, kw_only=True):
    """The token for a device, and whose it is."""

    token: str
    person: str
    expires: str


@router.post(
    "/device/code",
    summary="Begin to let a device in",
    openapi_extra=request_of(BeginDevice),
    responses={200: json_of(DeviceBegun)},
)
def begin_device(request: Request, asked: Annotated[BeginDevice, Depends(body_of(BeginDevice))]) -> Response:
    """RFC 8628: the device shows ``user_code``, and asks ``/device/token`` every ``interval`` seconds."""
    begun = engine_of(request).begin_device(asked.client, browser=browser_of(request))
    here = str(request.base_url).rstrip("/") if begun.verification_uri.startswith("/") else ""
    pages = {name: f"{here}{getattr(begun, name)}" for name in ("verification_uri", "verification_uri_complete")}
    return answer(200, msgspec.structs.asdict(begun) | pages)


@router.post(
    "/device/token",
    summary="Whether a device is let in",
    openapi_extra=request_of(PollDevice),
    responses={200: json_of(DeviceToken), 400: error_of("not yet, or never: error says which, as in RFC 8628")},
)
def poll_device(request: Request, asked: Annotated[PollDevice, Depends(body_of(PollDevice))]) -> Response:
    """``token``, ``person`` and ``expires`` once it is; else 400 with ``error``: ``authorization_pending``,
    ``slow_down`` (``interval`` seconds from now on), ``access_denied`` or ``expired_token``."""
    polled = engine_of(request).poll_device(asked.device_code)
    if polled.state == "approved":
        return answer(200, {"token": polled.token, "person": polled.person, "expires": polled.expires})
    words = {
        "authorization_pending": "nobody has let this device in yet",
        "slow_down": f"ask every {polled.interval} seconds",
        "access_denied": "this device was not let in",
        "expired_token": "this is over; begin again",
    }
    return answer(400, shape(400, polled.state, words[polled.state]) | {"interval": polled.interval})


# who is new


class StartPublicly(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The need of somebody whom nobody knows, his name, and the mail address to which a code goes."""

    contact: str
    name: str = ""
    need: dict[str, Any] = {}


@router.post(
    "/public/{process}",
    status_code=202,
    summary="Begin a job as somebody new",
    openapi_extra=request_of(StartPublicly),
    responses={202: json_of(PublicStart)},
)
def start_publicly(
    request: Request, process: str, asked: Annotated[StartPublicly, Depends(body_of(StartPublicly))]
) -> Response:
    """202: the job is there, and is his once he has answered the code (``/codes/check``), within seven days."""
    language = wished(request.headers.get("accept-language", ""))
    begun = engine_of(request).start_publicly(
        process, need=asked.need, name=asked.name, contact=asked.contact, browser=browser_of(request), language=language
    )
    return answer(202, begun)
