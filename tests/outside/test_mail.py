"""Mail, held against a real mail server on loopback."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from mail_server import MailServer
from waiting import join

from flowengine.errors import AnswerRefused, NotConfigured, OutsideError, Unreachable
from flowengine.outside.letter import Letter, sender_of
from flowengine.outside.mail import PER_CONNECTION, Mailer, server_of
from flowengine.people.contacts import is_address

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
Serve = Callable[..., MailServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts mail servers, which are stopped at the end."""
    servers: list[MailServer] = []

    def start(**how: Any) -> MailServer:
        servers.append(MailServer(**how))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A certificate authority that this process believes."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def context_of(authority: Any, name: str = "localhost") -> ssl.SSLContext:
    """What a server of that name encrypts with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@contextmanager
def mailer(url: str, sender: str = "Tailor <suits@example.org>", limit: float = 20.0) -> Iterator[Mailer]:
    """Sends by that server, and leaves no connection open."""
    made = Mailer(server_of(url), sender_of(sender), limit)
    try:
        yield made
    finally:
        made.rest()


def letter(id: str = "job.3.1", to: str = "ada@example.org", **more: Any) -> Letter:
    """A letter to Ada."""
    plain: dict[str, Any] = {"name": "Ada", "subject": "Choose your cloth", "text": "Hello Ada,\n\nchoose.\n", "at": AT}
    return Letter(id=id, to=to, **(plain | more))


def test_a_letter_arrives_as_it_was_written(serve: Serve) -> None:
    """Sender, receiver, subject, text and a Message-ID that follows from the letter's id arrive."""
    server = serve()
    with mailer(f"smtp://127.0.0.1:{server.port}") as sending:
        sending.send(letter())
        sending.send(letter())
    first, second = server.letters
    assert first["From"] == "Tailor <suits@example.org>"
    assert first["To"] == "Ada <ada@example.org>"
    assert first["Subject"] == "Choose your cloth"
    assert first["Date"].datetime == AT
    assert first["Message-ID"] == second["Message-ID"] == "<job.3.1@example.org>"
    assert first.get_content_type() == "text/plain"
    assert first.get_content().replace("\r\n", "\n") == "Hello Ada,\n\nchoose.\n"
    assert server.envelopes[0].mail_from == "suits@example.org"
    assert server.envelopes[0].rcpt_tos == ["ada@example.org"]


def test_umlauts_and_long_lines_arrive(serve: Serve) -> None:
    """Names, subject and text in any script arrive; the domain of an address is written as the DNS has it."""
    server = serve()
    text = "Grüße aus Łódź 🧵\n.\n" + "sehr lang " * 200 + "\n"
    with mailer(f"smtp://127.0.0.1:{server.port}", "Schneiderei Müller <post@müller.example>") as sending:
        sending.send(
            letter(name="Ädä Ωmega", subject="Wähle dein Tuch – " + "x" * 300, text=text, to="ada@müller.example")
        )
    (came,) = server.letters
    assert came["From"].addresses[0].display_name == "Schneiderei Müller"
    assert came["From"].addresses[0].addr_spec == "post@xn--mller-kva.example"
    assert came["To"].addresses[0].display_name == "Ädä Ωmega"
    assert came["Subject"] == "Wähle dein Tuch – " + "x" * 300
    assert came.get_content().replace("\r\n", "\n") == text
    assert server.envelopes[0].rcpt_tos == ["ada@xn--mller-kva.example"]
    assert "SMTPUTF8" not in server.envelopes[0].mail_options


def test_an_address_beyond_ascii_needs_a_server_that_takes_it(serve: Serve) -> None:
    """SMTPUTF8 is used where an address needs it; without it such an address is refused for good."""
    server = serve()
    with mailer(f"smtp://127.0.0.1:{server.port}") as sending:
        sending.send(letter(to="ädä@example.org"))
    assert server.envelopes[0].rcpt_tos == ["ädä@example.org"]
    assert "SMTPUTF8" in server.envelopes[0].mail_options
    old = serve(wide=False)
    with mailer(f"smtp://127.0.0.1:{old.port}") as sending, pytest.raises(AnswerRefused, match="ASCII"):
        sending.send(letter(to="ädä@example.org"))


def test_nobody_can_add_a_header_field(serve: Serve) -> None:
    """Line breaks in names and titles become spaces: no receiver and no field is added (L12)."""
    server = serve()
    with mailer(f"smtp://127.0.0.1:{server.port}") as sending:
        sending.send(letter(name="Ada\r\nBcc: eve@example.org", subject="Hello\nBcc: eve@example.org\x00\u2028X: y"))
    (came,) = server.letters
    assert came["Bcc"] is None
    assert came["X"] is None
    assert came["Subject"] == "Hello Bcc: eve@example.org X: y"
    assert server.envelopes[0].rcpt_tos == ["ada@example.org"]


@pytest.mark.parametrize(
    "text",
    ["", "ada", "ada@", "@example.org", "a b@example.org", "a@b\nRCPT TO:<eve@x>", "Ada <a@example.org>", "a@b,c@d",
     "a@.org", "a..b@example.org", "a" * 65 + "@example.org", "a@" + "ü" * 80 + ".org", "<a@b>", "a@b@c"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    """Only one bare address is an address: nothing that could say more to a mail server."""
    assert not is_address(text)


def test_a_connection_is_used_for_a_few_letters(serve: Serve) -> None:
    """Letters one after another go over one connection; after a while a new one is made."""
    server = serve()
    with mailer(f"smtp://127.0.0.1:{server.port}") as sending:
        for number in range(PER_CONNECTION + 2):
            sending.send(letter(f"job.1.{number}"))
    assert len(server.letters) == PER_CONNECTION + 2
    assert server.connections == 2


def test_a_connection_that_died_is_replaced(serve: Serve) -> None:
    """A kept connection that the server has closed meanwhile costs no letter."""
    server = serve()
    with mailer(f"smtp://127.0.0.1:{server.port}") as sending:
        sending.send(letter())
        server.hang_up()
        sending.send(letter())
    assert len(server.letters) == 2
    assert server.connections == 2


# encryption and passwords


def test_starttls_is_used_where_it_is_offered(serve: Serve, authority: Any) -> None:
    """With a password the connection is encrypted, to a certificate of the server's name, before it is sent."""
    server = serve(context=context_of(authority), password="se:cr@t")
    with mailer(f"smtp://suits:se%3Acr%40t@localhost:{server.port}") as sending:
        sending.send(letter())
    assert server.encrypted == [True]


def test_without_a_password_any_certificate_will_do(serve: Serve) -> None:
    """Encryption with whoever answers is better than none, where there is no password to protect."""
    server = serve(context=context_of(trustme.CA(), "elsewhere.example"))
    with mailer(f"smtp://127.0.0.1:{server.port}") as sending:
        sending.send(letter())
    assert server.encrypted == [True]


def test_a_password_goes_to_its_server_only(serve: Serve, authority: Any) -> None:
    """A certificate of another name, or of nobody we know, ends the attempt before the password is sent."""
    for wrong in (context_of(authority, "elsewhere.example"), context_of(trustme.CA())):
        server = serve(context=wrong, password="secret")
        url = f"smtp://suits:secret@localhost:{server.port}"
        with mailer(url) as sending, pytest.raises(Unreachable, match="certificate is not valid"):
            sending.send(letter())
        assert server.letters == []


def test_a_password_is_never_sent_in_clear(serve: Serve) -> None:
    """A server without STARTTLS is not given the password."""
    server = serve(password="secret")
    url = f"smtp://suits:secret@127.0.0.1:{server.port}"
    with mailer(url) as sending, pytest.raises(Unreachable, match="offers no encryption") as caught:
        sending.send(letter())
    assert "secret" not in str(caught.value)
    assert server.letters == []


def test_smtps_is_encrypted_from_the_beginning(serve: Serve, authority: Any) -> None:
    """``smtps://`` speaks TLS from the first byte, with the server's certificate checked."""
    server = serve(context=context_of(authority), secure=True)
    with mailer(f"smtps://localhost:{server.port}") as sending:
        sending.send(letter())
    assert server.encrypted == [True]
    other = serve(context=context_of(trustme.CA()), secure=True)
    with mailer(f"smtps://localhost:{other.port}") as sending, pytest.raises(Unreachable, match="certificate"):
        sending.send(letter())


def test_a_wrong_password_is_told_without_it(serve: Serve, authority: Any) -> None:
    """A refused login rests the server and repeats no password."""
    server = serve(context=context_of(authority), password="secret")
    url = f"smtp://suits:wrong-one@localhost:{server.port}"
    with mailer(url) as sending, pytest.raises(Unreachable, match="does not accept user and password") as caught:
        sending.send(letter())
    assert "wrong-one" not in str(caught.value)
    assert caught.value.possible


# refusals


@pytest.mark.parametrize(
    ("what", "answer", "error"),
    [
        ("ada@example.org", "550 no such mailbox", AnswerRefused),
        ("ada@example.org", "450 come back later", OutsideError),
        ("ada@example.org", "421 too much of you", Unreachable),
        ("DATA", "554 we do not like it", AnswerRefused),
        ("DATA", "452 no room just now", OutsideError),
        ("MAIL", "553 not you", Unreachable),
    ],
)
def test_what_the_server_says_is_told(serve: Serve, what: str, answer: str, error: type[OutsideError]) -> None:
    """5xx for the receiver or the letter is for good, 4xx for now, and what concerns us all rests the server."""
    server = serve()
    server.refuse[what] = answer
    with mailer(f"smtp://127.0.0.1:{server.port}") as sending:
        with pytest.raises(OutsideError, match=answer[4:]) as caught:
            sending.send(letter())
        assert type(caught.value) is error or (error is Unreachable and isinstance(caught.value, Unreachable))
        server.refuse.clear()
        sending.send(letter())
    assert len(server.letters) == 1


def test_a_refused_receiver_does_not_spoil_the_connection(serve: Serve) -> None:
    """After a refusal the next letter goes over the same connection, and to its own receiver only."""
    server = serve()
    server.refuse["ada@example.org"] = "550 no such mailbox"
    with mailer(f"smtp://127.0.0.1:{server.port}") as sending:
        with pytest.raises(AnswerRefused):
            sending.send(letter())
        sending.send(letter(to="ben@example.org"))
    assert server.connections == 1
    assert server.envelopes[0].rcpt_tos == ["ben@example.org"]


def test_a_server_that_is_not_there() -> None:
    """Nobody listens, or the name is unknown: the server is away, and named."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with mailer(f"smtp://127.0.0.1:{port}") as sending, pytest.raises(Unreachable, match=f"127.0.0.1:{port}"):
            sending.send(letter())
    with mailer("smtp://nowhere.invalid") as sending, pytest.raises(Unreachable, match="cannot be used"):
        sending.send(letter())


def test_a_server_that_is_silent_is_left_in_time() -> None:
    """A server that takes the connection and says nothing costs no more than the limit."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        with mailer(url, limit=0.3) as sending, pytest.raises(Unreachable, match="did not answer in time"):
            sending.send(letter())


def test_a_server_that_breaks_off_is_away() -> None:
    """A server that hangs up in the middle is away; what it took is not known, so it is sent again."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            listening.settimeout(60)
            connection, _ = listening.accept()
            connection.settimeout(60)
            with connection:
                connection.sendall(b"220 hello\r\n")
                connection.recv(100)

        greeting = threading.Thread(target=greet)
        greeting.start()
        with mailer(f"smtp://127.0.0.1:{listening.getsockname()[1]}") as sending, pytest.raises(Unreachable):
            sending.send(letter())
        join(greeting)


# settings


@pytest.mark.parametrize(
    "url",
    ["mail.example.org", "http://mail.example.org", "smtp://", "smtp://user@host", "smtp://:word@host/x", "smtp://h:0",
     "smtp://h:99999", "smtp://u:p@h?x=1", "smtp://u:p/w@h", "smtp://[::1"],
)  # fmt: skip
def test_what_is_no_mail_server(url: str) -> None:
    """What names no mail server is refused at once, with what is possible, and without its password."""
    with pytest.raises(NotConfigured) as caught:
        server_of(url)
    assert caught.value.where == "FLOW_MAIL"
    assert caught.value.possible
    assert "word" not in caught.value.what.replace("password", "")


def test_a_server_has_its_usual_port() -> None:
    """587 with STARTTLS, 465 when encrypted from the beginning; user and password are decoded, and not shown."""
    server = server_of("smtp://ad%40m:p%3Aw%2F@mail.example.org")
    assert (server.host, server.port, server.secure) == ("mail.example.org", 587, False)
    assert (server.user, server.password) == ("ad@m", "p:w/")
    assert "p:w/" not in repr(server)
    assert server_of("smtps://mail.example.org").port == 465


@pytest.mark.parametrize("text", ["", "Tailor", "a@b, c@d", "Tailor <a@b>\r\nBcc: c@d", "Tailor <>"])
def test_who_writes_is_one_address(text: str) -> None:
    """The sender is one mail address, with a name or without."""
    with pytest.raises(NotConfigured) as caught:
        sender_of(text)
    assert caught.value.where == "FLOW_MAIL_FROM"
