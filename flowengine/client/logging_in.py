"""Signing in at a server, and out again: what the command line asks for, on the logins that are kept."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from secrets import token_hex

import msgspec

from flowengine.client import device
from flowengine.client.line import Server
from flowengine.client.logins import Login, Logins
from flowengine.client.places import insecure, server_address
from flowengine.client.remote import RemoteDesk, server_at
from flowengine.errors import BadToken, FlowError, NotFound

PATIENCE = 5.0
"""Seconds for which a server is asked to revoke a token: whoever signs out does not wait long for it."""


def kept_logins() -> Logins:
    """The logins of whoever runs this program. Raises NotConfigured."""
    return Logins.of(os.environ)


def log_in(address: str, show: Callable[[device.Code], object]) -> tuple[str, Login]:
    """Sign in at a server by a code, which is given to ``show`` and typed where somebody is signed in already: the
    server's address as it is kept, and the login. Raises as :func:`flowengine.client.device.sign_in` does."""
    url = server_address(address, insecure=insecure(address))
    kept = kept_logins()
    kept.default  # noqa: B018 - a file that may not be used is told before anybody types a code
    label = f"flow on {socket.gethostname()[:60]} ({token_hex(3)})"
    with _server(url) as server:
        login = device.sign_in(server, label, show)
    return url, _kept(kept, address, url, msgspec.structs.replace(login, label=label))


def login_with(address: str, token: str) -> tuple[str, Login]:
    """Sign in with a token that is there, once the server has taken it. Raises BadToken."""
    url = server_address(address, insecure=insecure(address))
    return url, _kept(kept_logins(), address, url, Login(token=token))


def _kept(kept: Logins, address: str, url: str, login: Login) -> Login:
    """The login with whose it is, as the server says."""
    with RemoteDesk(url, login.token, insecure=insecure(address), proxy=_proxy()) as desk:
        me = desk.me
    login = msgspec.structs.replace(
        login, person=me.id if me is not None else login.person, name=me.name if me is not None else ""
    )
    kept.keep(url, login)
    return login


def log_out(address: str = "") -> tuple[str, Login, str]:
    """Forget the login to a server, the default without an address: which it was, and why its token is still valid
    there; empty where it was made for this login, and is revoked. Raises NotFound."""
    kept = kept_logins()
    url = server_address(address, insecure=True) if address else kept.default
    found = kept.drop(url) if url else None
    if found is None:
        raise NotFound(
            "nobody has signed in there" if url else "nobody has signed in anywhere",
            where=url,
            possible=[f"flow logout {one}" for one in kept.all()] or ["flow login URL"],
        )
    return url, found, _revoked(url, found)


def _revoked(url: str, login: Login) -> str:
    """Revoke the token of a login: why it is not; empty where it is."""
    if not login.label:
        return "it was made elsewhere"
    try:
        with RemoteDesk(url, login.token, patience=PATIENCE, insecure=True, proxy=_proxy()) as desk:
            mine = [one for one in desk.own_tokens() if one.name == login.label and one.revoked is None]
            for one in mine:
                desk.revoke_own_token(one.id)
    except BadToken:
        return ""  # it is not valid any more
    except FlowError as error:
        return error.what
    return "" if mine else "it is none of your own there"


@contextmanager
def _server(url: str) -> Iterator[Server]:
    server = server_at(url, proxy=_proxy())
    try:
        yield server
    finally:
        server.close()


def _proxy() -> str:
    return os.environ.get("FLOW_PROXY", "")
