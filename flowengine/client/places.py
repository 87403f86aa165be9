"""Where a desk stands: the addresses of databases and of servers."""

from __future__ import annotations

import os
from ipaddress import ip_address
from urllib.parse import urlsplit

from flowengine.errors import NotConfigured


def is_server(address: str) -> bool:
    """Whether an address is a server's, and not a database's."""
    return address[:8].lower().startswith(("http://", "https://"))


def server_address(url: str, *, insecure: bool = False) -> str:
    """The address of a server as it is used: without a slash at its end, names in small letters. Raises NotConfigured,
    which does not repeat what may be a password."""
    try:
        parts = urlsplit(url.strip()) if is_server(url.strip()) else None
        port = parts.port if parts is not None else None
    except ValueError:
        parts = None
    if parts is None or not parts.hostname or parts.query or parts.fragment:
        raise NotConfigured(
            "this is no address of a server", where="--at", possible=("https://HOST", "https://HOST/PATH")
        )
    if parts.username is not None or parts.password is not None:
        raise NotConfigured(
            "an address has no user and no password in it", where="--at", possible=("flow login URL", "FLOW_TOKEN")
        )
    host, scheme = parts.hostname.rstrip("."), parts.scheme.lower()
    if scheme == "http" and not insecure and not _on_this_machine(host):
        raise NotConfigured(
            "over http:// anybody on the way could read the token",
            where=f"{scheme}://{host}",
            possible=("https://", f"FLOW_INSECURE={host}, where the way is safe by other means"),
        )
    shown = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{shown}{f':{port}' if port not in (None, usual) else ''}{parts.path.rstrip('/')}"


def _on_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def insecure(address: str) -> bool:
    """Whether ``FLOW_INSECURE`` names the host of that address, to which ``http://`` is safe by other means."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return host in {one.strip().lower() for one in os.environ.get("FLOW_INSECURE", "").split(",") if one.strip()}


def without_password(address: str) -> str:
    """An URL for showing."""
    scheme, rest, path = address.partition("://")
    user, at, host = path.rpartition("@")
    name, colon, _ = user.partition(":")
    return f"{scheme}{rest}{name}{':***' if colon else ''}{at}{host}"
