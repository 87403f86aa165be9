"""Signatures of messages over HTTP, held against the library of the specification's authors and against hmac alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from flowengine import BadSignature, NotConfigured
from flowengine.signing import LONGEST_ID, TOLERANCE, headers, key_of, new_secret, sign, verify

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()
NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
BODY = b'{"key": "17", "body": {"text": "Yes"}}'


def test_a_signature_is_what_the_specification_says() -> None:
    """HMAC-SHA256 of id, second and body with full stops between, in base64, after ``v1,``."""
    content = b"msg_1." + str(int(NOW.timestamp())).encode() + b"." + BODY
    right = base64.b64encode(hmac.new(bytes(range(32)), content, hashlib.sha256).digest()).decode()
    assert sign(SECRET, "msg_1", NOW, BODY) == f"v1,{right}"
    assert headers([SECRET], "msg_1", NOW, BODY) == {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1777885200",
        "webhook-signature": f"v1,{right}",
    }


@settings(deadline=None)
@given(
    text=st.text(max_size=200),
    id=st.from_regex(r"[a-z0-9_.-]{1,40}", fullmatch=True),
    key=st.binary(min_size=24, max_size=64),
)
def test_the_reference_library_and_ours_take_each_others_messages(text: str, id: str, key: bytes) -> None:
    """Whatever is signed here is verified by the specification's own library, and the other way round."""
    secret, body, now = "whsec_" + base64.b64encode(key).decode(), text.encode(), datetime.now(UTC)
    reference = Webhook(secret)
    reference.verify(body, headers([secret], id, now, body), json_parse=False)
    theirs = {
        "Webhook-Id": id,
        "Webhook-Timestamp": str(int(now.timestamp())),
        "Webhook-Signature": reference.sign(id, now, text),
    }
    assert verify([secret], theirs, body, now) == id
    with pytest.raises(WebhookVerificationError):
        reference.verify(body + b"!", headers([secret], id, now, body), json_parse=False)


def test_both_secrets_hold_while_they_are_changed() -> None:
    """A sender with two secrets satisfies receivers of either, and a receiver with two takes either sender."""
    both = headers([OTHER, SECRET], "m", NOW, BODY)
    assert len(both["webhook-signature"].split()) == 2
    assert verify([SECRET], both, BODY, NOW) == verify([OTHER], both, BODY, NOW) == "m"
    assert verify([OTHER, SECRET], headers([SECRET], "m", NOW, BODY), BODY, NOW) == "m"


def test_signatures_of_other_kinds_are_passed_over() -> None:
    """A sender may add signatures of a newer kind beside the one that is known."""
    given = headers([SECRET], "m", NOW, BODY)
    given["webhook-signature"] = "v1a,AAAA v2 " + given["webhook-signature"]
    assert verify([SECRET], given, BODY, NOW) == "m"
    given["webhook-signature"] = "v1a," + given["webhook-signature"].rpartition(",")[2]
    with pytest.raises(BadSignature, match="no signature fits"):
        verify([SECRET], given, BODY, NOW)


@pytest.mark.parametrize("seconds", [0, 299, 300, -299, -300])
def test_clocks_may_be_five_minutes_apart(seconds: int) -> None:
    """A message is taken up to five minutes after and before its own time."""
    assert verify([SECRET], headers([SECRET], "m", NOW, BODY), BODY, NOW + timedelta(seconds=seconds)) == "m"


@pytest.mark.parametrize(("seconds", "word"), [(301, "old"), (-301, "new"), (86_400, "old")])
def test_a_time_too_far_from_now_is_refused(seconds: int, word: str) -> None:
    """A message that was caught on its way cannot be sent again tomorrow."""
    assert timedelta(minutes=5) == TOLERANCE
    with pytest.raises(BadSignature, match=f"too {word}") as refused:
        verify([SECRET], headers([SECRET], "m", NOW, BODY), BODY, NOW + timedelta(seconds=seconds))
    assert refused.value.where == "webhook-timestamp"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    """Whoever forgot a header is told which."""
    for change in ({}, {name: "  "}):
        given = {key: value for key, value in headers([SECRET], "m", NOW, BODY).items() if key != name} | change
        with pytest.raises(BadSignature, match=f"{name} is missing") as refused:
            verify([SECRET], given, BODY, NOW)
        assert refused.value.where == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-timestamp", "yesterday"),
        ("webhook-timestamp", "-1777885200"),
        ("webhook-timestamp", "1777885200.5"),
        ("webhook-timestamp", "١٧٧٧٨٨٥٢٠٠"),
        ("webhook-timestamp", "9" * 5_000),
        ("webhook-id", "m" * (LONGEST_ID + 1)),
        ("webhook-id", "m\x00"),
        ("webhook-id", "mühle"),
        ("webhook-id", "another"),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1,ü"),
        ("webhook-signature", "nothing"),
    ],
)
def test_a_header_that_is_not_right_is_refused(name: str, value: str) -> None:
    """A header that cannot be read, or that is not the one that was signed, is a refusal, whatever is in it."""
    with pytest.raises(BadSignature) as refused:
        verify([SECRET], headers([SECRET], "m", NOW, BODY) | {name: value}, BODY, NOW)
    assert refused.value.where in (name, "webhook-signature")


def test_another_body_or_secret_is_refused() -> None:
    """One changed byte, or another's secret, and nothing fits; the error does not help to guess."""
    given = headers([SECRET], "m", NOW, BODY)
    for secrets, body in (([SECRET], BODY + b" "), ([OTHER], BODY), ([], BODY)):
        with pytest.raises(BadSignature) as refused:
            verify(secrets, given, body, NOW)
        assert refused.value.where == "webhook-signature"
        assert "whsec_" not in str(refused.value)
        assert given["webhook-signature"] not in str(refused.value)
        assert sign(SECRET, "m", NOW, body)[3:] not in str(refused.value)


@pytest.mark.parametrize(
    "secret",
    ["", "AAAA", "whsec_", "whsec_ü", "whsec_not base64!", "whsec_" + "A" * 20, "whsec_" + "A" * 100, "whsec_A"],
)
def test_a_secret_that_is_none_is_refused_and_not_repeated(secret: str) -> None:
    """A secret that was cut off or mistyped is a wrong setting, and does not come back in the error."""
    with pytest.raises(NotConfigured) as refused:
        key_of(secret, "FLOW_HTTP_SECRET")
    assert refused.value.where == "FLOW_HTTP_SECRET"
    rest = secret.removeprefix("whsec_")
    assert not rest or rest not in refused.value.what


def test_a_new_secret_is_fit_for_use() -> None:
    """Secrets that are made here have 32 random bytes, and base64 is read without its padding as well."""
    secret = new_secret()
    assert len(key_of(secret)) == 32
    assert key_of(secret.rstrip("=")) == key_of(secret)
    assert new_secret() != secret
