"""Messages to whatever the library Apprise reaches: chats, phones, pagers. The one file that imports it."""

from __future__ import annotations

from flowengine.distribution import installing
from flowengine.errors import AnswerRefused, NotConfigured, OutsideError


def send(address: str, title: str, text: str) -> None:
    """Send a message to one address of Apprise's (``ntfy://topic``). Its own time limits are a few seconds each.

    Raises NotConfigured when the library is not installed, AnswerRefused for an address that it does not understand,
    OutsideError when the message did not come through. What an address holds besides its scheme is a secret, and is in
    no error.
    """
    scheme = address.partition("://")[0]
    try:
        import apprise
    except ImportError as error:
        raise NotConfigured(
            f"messages to {scheme}:// need the library Apprise, which is not installed",
            where="FLOW_NOTIFY",
            possible=(installing("notify"),),
        ) from error
    sender = apprise.Apprise()
    if not sender.add(address):
        raise AnswerRefused(f"Apprise does not understand this address of {scheme}://", possible=("see its manual",))
    if not sender.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT):
        raise OutsideError(f"the message was not taken by {scheme}://")
