"""Where calls over HTTP may go."""

from __future__ import annotations

import socket
import threading
from ipaddress import ip_address

import pytest

from flowengine import AddressRefused, NotConfigured, Unreachable
from flowengine.outside.addresses import Allowed, Target, inside, resolve, target_of


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://mill.example/orders", Target("https", "mill.example", 443)),
        ("http://Mill.Example./orders?a=1", Target("http", "mill.example", 80)),
        ("http://mill.example:8080", Target("http", "mill.example", 8080)),
        ("http://[2001:DB8::1]:81/x", Target("http", "2001:db8::1", 81)),
    ],
)
def test_an_url_leads_to_a_host_and_a_port(url: str, target: Target) -> None:
    """The port is the scheme's unless one is given; names are in small letters and without the last dot."""
    assert target_of(url) == target


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "scheme"),
        ("mill.example/orders", "scheme"),
        ("//mill.example/orders", "scheme"),
        ("ftp://mill.example/", "'ftp'"),
        ("file:///etc/passwd", "'file'"),
        ("gopher://mill.example/", "'gopher'"),
        ("https://", "no host"),
        ("https:///orders", "no host"),
        ("https://:443/", "no host"),
        ("https://ada:secret@mill.example/", "user or password"),
        ("https://ada@mill.example/", "user or password"),
        ("https://@mill.example/", "user or password"),
        ("https://mill.example:0/", "port is 0"),
        ("https://mill.example:65536/", "1 to 65535"),
        ("https://mill.example:http/", "1 to 65535"),
        ("https://mill.example/#part", "fragment"),
        ("https://mill.example/a b", "space"),
        ("https://mill.example\\@inside.example/", "backslash"),
        ("https://mill.example/\r\nhost: inside", "control"),
        ("https://[::1", "cannot be read"),
        ("https://mill.example/" + "a" * 2_000, "characters"),
    ],
)
def test_an_url_that_cannot_be_called_is_refused(url: str, why: str) -> None:
    """Bad addresses are refused with the reason and what is possible, and a password is not repeated."""
    with pytest.raises(AddressRefused, match=why) as refused:
        target_of(url)
    assert "secret" not in str(refused.value)
    assert refused.value.possible


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1",
        "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fe80::1", "fec0::1", "fc00::1",
        "fd00:ec2::254", "ff02::1", "2001:db8::1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1",
        "2001:0:4136:e378::1", "3fff::1", "4000::1",
    ],
)  # fmt: skip
def test_what_lies_inside_is_known(address: str) -> None:
    """Loopback, private, shared, link-local, multicast, reserved and metadata addresses lie inside, in disguise too."""
    assert inside(ip_address(address)), address
    with pytest.raises(AddressRefused, match="leads inside") as refused:
        Allowed().check(Target("https", "mill.example", 443), ip_address(address))
    assert refused.value.possible == ("FLOW_HTTP_ALLOW=mill.example:443",)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "93.184.216.34",
        "172.32.0.1",
        "100.128.0.1",
        "192.1.0.1",
        "2606:4700::1111",
        "2001:4860:4860::8888",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ],
)
def test_the_open_net_may_be_called(address: str) -> None:
    """Addresses that are in the open net are called without being allowed one by one."""
    assert inside(ip_address(address)) == ""
    Allowed().check(Target("https", "mill.example", 443), ip_address(address))


@pytest.mark.parametrize(
    ("entry", "host", "port", "address"),
    [
        ("stock", "stock", 8080, "10.0.0.7"),
        ("Stock.Internal.", "stock.internal", 1, "10.0.0.7"),
        ("stock:8080", "stock", 8080, "10.0.0.7"),
        ("10.0.0.0/8", "stock", 8080, "10.0.0.7"),
        ("10.0.0.7", "10.0.0.7", 8080, "10.0.0.7"),
        ("10.0.0.7:8080", "stock", 8080, "10.0.0.7"),
        ("127.0.0.0/8", "localhost", 80, "::ffff:127.0.0.1"),
        ("::1", "localhost", 80, "::1"),
        ("[::1]:80", "localhost", 80, "::1"),
        ("[::1]", "localhost", 80, "::1"),
        ("fd00::/8", "stock", 80, "fd00::7"),
    ],
)
def test_what_is_allowed_may_be_called(entry: str, host: str, port: int, address: str) -> None:
    """A host, a host with its port, an address or a network may be allowed, however the address is written."""
    Allowed.of([entry]).check(Target("http", host, port), ip_address(address))


@pytest.mark.parametrize(
    ("entry", "host", "port", "address"),
    [
        ("stock:8080", "stock", 8081, "10.0.0.7"),
        ("stock", "notstock", 8080, "10.0.0.7"),
        ("stock", "stock.example", 8080, "10.0.0.7"),
        ("10.0.0.0/8", "stock", 8080, "192.168.0.7"),
        ("10.0.0.7:8080", "stock", 80, "10.0.0.7"),
        ("127.0.0.1", "localhost", 80, "::1"),
    ],
)
def test_what_is_not_quite_allowed_may_not_be_called(entry: str, host: str, port: int, address: str) -> None:
    """What is allowed is that host, that port and that network, and no other."""
    with pytest.raises(AddressRefused):
        Allowed.of([entry]).check(Target("http", host, port), ip_address(address))


@pytest.mark.parametrize(
    "entry", ["", ":80", "stock:", "stock:0", "stock:99999", "stock:http", "10.0.0.1/8", "a/8", "[::1]80", "::g"]
)
def test_a_setting_that_allows_nothing_is_refused(entry: str) -> None:
    """An entry that cannot be read is not passed over: it would seem to allow what it does not."""
    with pytest.raises(NotConfigured) as refused:
        Allowed.of([entry])
    assert refused.value.where == "FLOW_HTTP_ALLOW"


def test_a_number_is_resolved_to_the_address_it_stands_for() -> None:
    """Other ways of writing an address come to the address that is checked."""
    for text in ("2130706433", "0x7f.1", "127.1", "127.0.0.1"):
        assert resolve(Target("http", text, 80), 10) == (ip_address("127.0.0.1"),)
    assert resolve(Target("http", "fe80::1%1", 80), 10) == (ip_address("fe80::1"),)


def test_a_name_that_nobody_has_is_unreachable() -> None:
    """A name that cannot be resolved is told as such; so is one that is no name at all."""
    for name in ("nobody.invalid", "a" * 70 + ".example", "a..b"):
        with pytest.raises(Unreachable, match="cannot be resolved"):
            resolve(Target("http", name, 80), 30)


def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look-up of a name is within the time limit too."""
    gate = threading.Event()

    def silent(*_: object, **__: object) -> list[object]:
        gate.wait(60)
        raise OSError("too late")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    try:
        with pytest.raises(Unreachable, match="not resolved in time"):
            resolve(Target("http", "mill.example", 80), 0.05)
    finally:
        gate.set()
