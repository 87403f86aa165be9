"""Letters: what is written to whom, as a mail has it. Nothing that a person types can add a line to its head."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses

from flowengine.errors import NotConfigured
from flowengine.people.contacts import ascii_domain, is_address


def sender_of(text: str) -> Address:
    """Who writes, from ``Name <address>`` or an address. Raises NotConfigured."""
    found = getaddresses([text])
    if len(found) != 1 or not is_address(found[0][1]) or "\n" in text or "\r" in text:
        raise NotConfigured(
            f"{text!r} is not one mail address" if text else "nobody is named who writes the mails",
            where="FLOW_MAIL_FROM",
            possible=("Tailor <suits@example.org>",),
        )
    return _addressed(*found[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is to be said to whom, as plain text and, where there is some, as HTML in the same words. ``id`` is the same
    at each attempt; ``at`` is when it was written. ``calendar`` is an appointment as iCalendar, and ``method`` what the
    receiver's calendar is to do with it (RFC 6047)."""

    id: str
    to: str
    name: str
    subject: str
    text: str
    at: datetime
    method: str = ""
    calendar: str = ""
    html: str = ""


def message_of(letter: Letter, sender: Address) -> EmailMessage:
    """The letter as a mail: plain text, and HTML as another way of reading it; its header fields free of line breaks
    whatever the letter says. An appointment is one more way of saying the same, which mail programs offer to take in,
    and a file for those that do not."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = _addressed(letter.name, letter.to)
    message["Subject"] = one_line(letter.subject)
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.id}@{ascii_domain(sender.addr_spec).rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    if letter.html:
        message.add_alternative(letter.html, subtype="html", charset="utf-8", cte="quoted-printable")
    if letter.calendar:
        message.add_alternative(
            letter.calendar, subtype="calendar", charset="utf-8", cte="base64", params={"method": letter.method}
        )
        message.add_attachment(
            letter.calendar, subtype="calendar", charset="utf-8", cte="base64", filename="appointment.ics"
        )
    return message


def _addressed(name: str, address: str) -> Address:
    """Whom a letter is to. A name is without the signs that mean something beside an address: Python folds a long
    header without the quotation marks that would keep them from it, and part of a name would be a receiver."""
    local, _, domain = ascii_domain(address).rpartition("@")
    bare = "".join(" " if sign in _MEANING else sign for sign in name)
    return Address(display_name=one_line(bare), username=local, domain=domain)


_MEANING = frozenset('<>()[]:;@\\,"')
"""The specials of RFC 5322, but for the point."""


def one_line(text: str) -> str:
    """One line, without control characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
