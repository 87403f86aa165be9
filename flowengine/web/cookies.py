"""The cookie of a session, and where a request comes from: small code of our own, since no library of ours has it.

A cookie goes with every request to us, whoever had the browser send it. So what changes something, be it by a cookie
of ours or by the host's own login, must not come from a page of another site, by what the browser says of it
(``Origin``, ``Sec-Fetch-Site``). What shows our cookie must say so, and must show the session's CSRF token in a header,
which only a page of ours can know. Who shows a token does so himself.
"""

from __future__ import annotations

from hmac import compare_digest
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request, Response

from flowengine.commands.sessions import csrf_of
from flowengine.errors import BadToken, NotAllowed
from flowengine.speech.phrases import phrase
from flowengine.web import security_log

COOKIE, LOCAL = "__Host-flow", "flow"
"""Its name: over TLS with the prefix, by which browsers take it from this very host alone; over plain HTTP, which
is for this machine itself, without."""

CSRF = "x-flow-csrf"
SHOWN_SECONDS = 60
YEAR = 31_536_000
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def secret_of(request: Request) -> str:
    """The session's secret that the browser shows; empty where it shows none."""
    return request.cookies.get(COOKIE if _over_tls(request) else LOCAL, "")


def set_cookie(request: Request, response: Response, secret: str) -> None:
    """Have the browser keep a session's secret, out of the reach of scripts. Raises NotAllowed over plain HTTP, but on
    this machine itself. That somebody is signed in now is logged."""
    _put(request, response, COOKIE if _over_tls(request) else LOCAL, secret, None)
    try:
        who = request.app.state.engine.identify(secret)
    except BadToken:
        return  # it has been ended meanwhile, and so nobody is signed in
    security_log.signed_in(request.scope, who)


def drop_cookie(request: Request, response: Response) -> None:
    """Have the browser forget it, and the pages that it keeps to go back to."""
    _put(request, response, COOKIE if _over_tls(request) else LOCAL, "", 0)
    response.headers["clear-site-data"] = '"cache"'
    security_log.signed_out(request.scope)


def set_binding(request: Request, response: Response, binding: str, seconds: int) -> None:
    """Have the browser keep by what it is known when it comes back from a provider; 0 seconds: forget it."""
    _put(request, response, _binding_name(request), binding, seconds)


def binding_of(request: Request) -> str:
    """By what a browser is known that comes back from a provider."""
    return request.cookies.get(_binding_name(request), "")


def _binding_name(request: Request) -> str:
    return f"{COOKIE if _over_tls(request) else LOCAL}-provider"


def set_language(request: Request, response: Response, language: str) -> None:
    """Have the browser keep in which language it is spoken to, for a year; over plain HTTP too, for it is no secret.
    An empty one has it forget."""
    name, secure = _language_name(request), _over_tls(request)
    if not language:
        response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")
        return
    response.set_cookie(name, language, max_age=YEAR, path="/", secure=secure, httponly=True, samesite="lax")


def language_chosen(request: Request) -> str:
    """In which language somebody has chosen to be spoken to; empty where he has not."""
    return request.cookies.get(_language_name(request), "")


def _language_name(request: Request) -> str:
    return f"{COOKIE if _over_tls(request) else LOCAL}-language"


def set_shown(request: Request, response: Response, secret: str) -> None:
    """Have the browser bring a secret that was just made to the next page, which shows it; for a minute."""
    _put(request, response, _shown_name(request), secret, SHOWN_SECONDS)


def shown_once(request: Request) -> str:
    """The secret that was just made; empty where none was, or it was shown."""
    return request.cookies.get(_shown_name(request), "").strip('"')


def drop_shown(request: Request, response: Response) -> None:
    """It is shown, and not again."""
    _put(request, response, _shown_name(request), "", 0)


def _shown_name(request: Request) -> str:
    return f"{COOKIE if _over_tls(request) else LOCAL}-shown"


def _put(request: Request, response: Response, name: str, value: str, seconds: int | None) -> None:
    secure = _over_tls(request)
    if not secure and not _is_this_machine(request.url.hostname or ""):
        raise NotAllowed(
            phrase("nobody signs in over plain HTTP"),
            where=request.url.hostname or "",
            possible=("https://", "FLOW_URL"),
        )
    response.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def _over_tls(request: Request) -> bool:
    """Whether the browser speaks TLS: with us, or with a proxy in front of us, as ``FLOW_URL`` says."""
    return request.url.scheme == "https" or _address(request).startswith("https://")


def _address(request: Request) -> str:
    """Where people reach this installation, as it says itself."""
    url: str = request.app.state.engine.shell.settings.url
    return url


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def check_origin(request: Request, *, must_say: bool) -> None:
    """Raises NotAllowed for what another site had the browser send. With ``must_say`` it has to say where it comes
    from, as every browser does; a program without cookies need not.

    A page of ours is one of this host, by the name under which it was asked or by ``FLOW_URL``, whatever a proxy in
    front of us has made of its scheme; but where people speak TLS, none that came without.
    """
    site, origin = request.headers.get("sec-fetch-site", ""), request.headers.get("origin", "")
    foreign = site not in ("", "same-origin", "none") or (origin and not _is_ours(request, origin))
    if foreign or (must_say and not site and not origin):
        raise NotAllowed(
            phrase("this was not sent from a page of ours"),
            where="Origin",
            possible=(phrase("a page of this site"), phrase("Authorization: Bearer, without a cookie")),
        )


def _is_ours(request: Request, origin: str) -> bool:
    page = urlsplit(origin)
    known = page.netloc in (request.url.netloc, urlsplit(_address(request)).netloc) and bool(page.netloc)
    return known and (page.scheme == "https" or not _over_tls(request))


def check_csrf(request: Request, secret: str) -> None:
    """Raises NotAllowed where what changes something does not show the session's token: in the header, or in the form
    that a page has read and put into ``request.state.csrf``."""
    shown = request.headers.get(CSRF, "") or getattr(request.state, "csrf", "")
    if not compare_digest(shown.encode(), csrf_of(secret).encode()):
        raise NotAllowed(
            phrase("the page is not of this session any more"), where=CSRF, possible=(phrase("load it again"),)
        )
