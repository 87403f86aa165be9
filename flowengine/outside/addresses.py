"""Where calls over HTTP may go: out into the world, and inside only where the installation allows it.

The rule is kept where a connection is made, on the address itself and not on the name: a name that is looked up twice
may answer with a public address first and with an internal one afterwards.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Thread
from urllib.parse import SplitResult, urlsplit

from flowengine.errors import AddressRefused, NotConfigured, Unreachable

IP = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = {"http": 80, "https": 443}

SETTING = "FLOW_HTTP_ALLOW"

LONGEST_URL = 2_000

# Of our own, since the tables of the ipaddress module change with the version of Python. From the registries of
# special-purpose addresses of IANA; 168.63.129.16 is the metadata service of Azure, the other clouds' are in the rest.
_INSIDE_V4 = tuple(
    (IPv4Network(network), word)
    for network, word in (
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a provider"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "metadata"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarks"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_OPEN_V6 = IPv6Network("2000::/3")
_INSIDE_V6 = tuple(
    (IPv6Network(network), word)
    for network, word in (
        ("::/128", "this host"),
        ("::1/128", "loopback"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "reserved"),  # 6to4, which wraps an IPv4 address
        ("3fff::/20", "documentation"),
    )
)
_TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64: the last four bytes are an IPv4 address


@dataclass(frozen=True, slots=True)
class Target:
    """Where an URL leads. ``host`` is a name in small letters, or an address without brackets."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def target_of(url: str) -> Target:
    """Where an URL leads. Raises AddressRefused when it is none that can be called."""
    parts = _split(url)
    if parts.scheme not in PORTS:
        raise _refused(f"calls go over http or https, not {parts.scheme!r}" if parts.scheme else "it has no scheme")
    if parts.username is not None or parts.password is not None:
        raise _refused("it has a user or password in it", "sign calls with FLOW_HTTP_SECRET")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _refused("its port is not a number from 1 to 65535") from None
    if not host:
        raise _refused("it has no host")
    if port == 0:
        raise _refused("its port is 0")
    if parts.fragment:
        raise _refused("it has a fragment (#), which is never sent")
    return Target(parts.scheme, host.lower().rstrip("."), port or PORTS[parts.scheme])


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST_URL:
        raise _refused(f"it has {len(url):,} characters, more than {LONGEST_URL:,}")
    if any(char.isspace() or not char.isprintable() or char == "\\" for char in url):
        raise _refused("it has a space, a backslash or a control character in it")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise _refused(f"it cannot be read: {error}") from None


def _refused(why: str, *possible: str) -> AddressRefused:
    # the address itself is not repeated: what is wrong with it may be that it has a password in it
    return AddressRefused(f"not an address that can be called: {why}", possible=possible or ("https://host/path",))


def inside(ip: IP) -> str:
    """What an address is that lies inside, in a word; empty for an address of the open net."""
    if isinstance(ip, IPv4Address):
        return next((word for network, word in _INSIDE_V4 if ip in network), "")
    if ip.ipv4_mapped is not None:
        return inside(ip.ipv4_mapped)
    if ip in _TRANSLATED:
        return inside(IPv4Address(int(ip) & 0xFFFF_FFFF))
    return next((word for network, word in _INSIDE_V6 if ip in network), "" if ip in _OPEN_V6 else "reserved")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What lies inside and may be called all the same: hosts by name and networks, each with a port or with any."""

    hosts: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[tuple[Network, int | None], ...] = ()

    @classmethod
    def of(cls, entries: Sequence[str]) -> Allowed:
        """Read ``host``, ``host:port``, ``10.0.0.0/8``, ``10.0.0.7:8080``, ``[::1]:8080``. Raises NotConfigured."""
        hosts: set[tuple[str, int | None]] = set()
        networks: list[tuple[Network, int | None]] = []
        for entry in entries:
            host, port = _entry(entry)
            try:
                networks.append((ip_network(host), port))
            except ValueError:
                if "/" in host or ":" in host or not host:
                    raise _bad_entry(entry) from None
                hosts.add((host.lower().rstrip("."), port))
        return cls(frozenset(hosts), tuple(networks))

    def check(self, target: Target, ip: IP) -> None:
        """Raise AddressRefused when that address lies inside, and neither it nor the name is allowed."""
        why = inside(ip)
        if not why:
            return
        if not self.hosts.isdisjoint({(target.host, None), (target.host, target.port)}):
            return
        plain = (isinstance(ip, IPv6Address) and ip.ipv4_mapped) or ip
        for network, port in self.networks:
            if plain in network and port in (None, target.port):
                return
        raise AddressRefused(
            f"{target.host} leads inside ({why}), where services may call only what is allowed",
            where=str(target),
            possible=(f"{SETTING}={target}",),
        )


def _entry(entry: str) -> tuple[str, int | None]:
    text = entry.strip()
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        if rest and not rest.startswith(":"):
            raise _bad_entry(entry)
        return host, _port(entry, rest[1:]) if rest else None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, _port(entry, port)
    return text, None


def _port(entry: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65_536):
        raise _bad_entry(entry)
    return int(text)


def _bad_entry(entry: str) -> NotConfigured:
    possible = ("host", "host:port", "10.0.0.0/8", "10.0.0.7:8080", "[::1]:8080")
    return NotConfigured(f"{entry[:80]!r} is nothing that can be allowed", where=SETTING, possible=possible)


def resolve(target: Target, within: float) -> tuple[IP, ...]:
    """The addresses of a host, asked once. Raises Unreachable when there is none, or no answer ``within`` seconds.

    The operating system's resolver cannot be given a time limit; so it runs in a thread that is left behind when it
    takes too long, and it ends there by itself.
    """
    try:
        return (ip_address(target.host.partition("%")[0]),)
    except ValueError:
        pass  # a name, or a number in some other way of writing, which the resolver turns into an address to check
    box: list[tuple[IP, ...] | OSError | UnicodeError] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            # a dict, for its order: the resolver's own says which address is to be tried first
            box.append(tuple(dict.fromkeys(ip_address(str(row[4][0]).partition("%")[0]) for row in found)))
        except (OSError, UnicodeError) as error:
            box.append(error)

    thread = Thread(target=ask, name=f"flow resolve {target.host[:60]}", daemon=True)
    thread.start()
    thread.join(max(within, 0))
    if not box:
        raise Unreachable("the name was not resolved in time", where=str(target), in_doubt=False)
    if isinstance(box[0], tuple) and box[0]:
        return box[0]
    why = box[0] if isinstance(box[0], Exception) else "it has no address"
    raise Unreachable(f"the name cannot be resolved: {why}", where=str(target), in_doubt=False)
