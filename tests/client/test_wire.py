"""How a verb is asked and answered over HTTP: both sides from one table."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin
from urllib.parse import parse_qsl, unquote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowengine import BadAnswer, Kept, Malformed, NotFound, Receipt, StaffTrack
from flowengine.client import Desk
from flowengine.client.routes import BY_HAND, NEAR_ONLY, PREFIX, ROUTES
from flowengine.client.wire import MOST, Asking, Sent, alternatives, asking, every_asking
from flowengine.exact import encode
from flowengine.views.replies import InboxCounts

VERBS = [route.verb for route in ROUTES]
NO_VERBS = {"once", "close", "zone"}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | texts | st.just(Decimal("0.10")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
moments = st.datetimes(timezones=zones)


def _drawn(kind: Any) -> st.SearchStrategy[Any]:
    """Arguments of a kind."""
    if kind in (str, bool, int, date, datetime):
        plain: dict[Any, st.SearchStrategy[Any]] = {
            str: texts, bool: st.booleans(), int: st.integers(1, MOST), date: st.dates() | moments, datetime: moments,
        }  # fmt: skip
        return plain[kind]
    if kind == float | Decimal:
        return st.floats(0.01, 0.99)
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if get_origin(kind) is Sequence:
        return st.lists(_drawn(get_args(kind)[0]), min_size=1, max_size=3)
    if get_origin(kind) is Mapping:
        return st.dictionaries(texts, _drawn(get_args(kind)[1]), max_size=3)
    assert kind is Any, kind
    return values


def _came(verb: Asking, sent: Sent) -> dict[str, Any]:
    """What a server makes of what was sent."""
    parts = (PREFIX + verb.route.path).split("/")
    path = {
        name.strip("{}"): unquote(part, errors="strict")
        for name, part in zip(parts, sent.path.split("/"), strict=True)
        if name.startswith("{")
    }
    query = parse_qsl(urlencode(sent.query), keep_blank_values=True)
    return verb.given(path, query, sent.body or b"", sent.key)


def test_each_verb_of_the_desk_has_a_row_and_each_row_a_verb() -> None:
    """What a desk can be asked can be asked over HTTP, but for what writes a file where it runs."""
    public = {name for name, _ in inspect.getmembers(Desk) if not name.startswith("_")}
    assert public - NO_VERBS - NEAR_ONLY - BY_HAND == set(VERBS)
    assert len(VERBS) == len(set(VERBS))
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_sent_is_what_comes(verb: str) -> None:
    """Whatever a verb is given, the other side has the same: texts in paths and queries, days, moments, numbers."""
    found = asking(verb)

    @settings(max_examples=15)
    @given(st.data())
    def same(data: st.DataObject) -> None:
        sent = {
            one.name: data.draw(_drawn(one.kind).filter(lambda v: v not in ("", ".", "..")), label=one.name)
            for one in found.arguments
            if one.required or data.draw(st.booleans(), label=f"with {one.name}?")
        }
        defaults = {one.name: one.default for one in found.arguments if not one.required}
        assert defaults | _came(found, found.request(sent)) == defaults | sent

    same()


@pytest.mark.parametrize("verb", VERBS)
def test_what_an_answer_is_can_be_told_from_it(verb: str) -> None:
    """Where a verb answers one of several views, no two of them have the same fields; each can be described."""
    views, others = alternatives(asking(verb).answers)
    assert len({frozenset(view.__struct_fields__) for view in views}) == len(views)
    assert views or others


def test_texts_that_no_path_can_have_are_the_id_of_nothing() -> None:
    """Clients and proxies take dots out of a path, so that it would ask something else."""
    for text in ("", ".", ".."):
        with pytest.raises(NotFound):
            asking("track").request({"job": text})
    assert asking("track").request({"job": "a/../b?c"}).path == f"{PREFIX}/jobs/a%2F..%2Fb%3Fc"


@pytest.mark.parametrize(
    ("verb", "query", "field"),
    [
        ("jobs", [("limit", "0")], "limit"),
        ("jobs", [("limit", str(MOST + 1))], "limit"),
        ("jobs", [("limit", "1e2")], "limit"),
        ("jobs", [("late", "yes")], "late"),
        ("jobs", [("status", "open"), ("status", "ended")], "status"),
        ("jobs", [("colour", "red")], "colour"),
        ("archivable", [], "before"),
        ("archivable", [("before", "2026-05-04T09:00:00")], "before"),
        ("archivable", [("before", "2026-05-04")], "before"),
        ("agenda", [("first", "next week")], "first"),
    ],
)
def test_a_query_that_does_not_fit_is_refused_with_its_field(
    verb: str, query: list[tuple[str, str]], field: str
) -> None:
    """Unknown and repeated fields, limits, truth values, days and moments without a zone: each says what is wrong."""
    with pytest.raises(BadAnswer) as refused:
        asking(verb).given({}, query, b"", None)
    assert set(refused.value.problems) == {field}
    assert refused.value.where == "query"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"person": "tom", "colour": 1}', "body"),
        (b"{}", "body"),
        (b'{"person": 1}', "person"),
        (b'{"person": null}', "person"),
        (b'{"person": "a", "person": "b"}', "person"),
        (b"[]", "body"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_its_field(body: bytes, field: str) -> None:
    """Unknown, missing, repeated fields and wrong types are refused, and it says which."""
    with pytest.raises(BadAnswer) as refused:
        asking("assign").given({"step_id": "x.1"}, [], body, "k")
    assert set(refused.value.problems) == {field}
    with pytest.raises(Malformed):
        asking("assign").given({"step_id": "x.1"}, [], b"{", "k")
    with pytest.raises(BadAnswer, match="not taken"):
        asking("track").given({"job": "x"}, [], b"{}", None)
    with pytest.raises(BadAnswer, match="colour"):
        asking("claim").given({"step_id": "x.1"}, [], b'{"colour": 1}', "k")
    assert asking("claim").given({"step_id": "x.1"}, [], b"{}", "k") == {"step_id": "x.1", "key": "k"}


def test_values_that_json_would_change_are_not_sent() -> None:
    """A set has no order, and infinity is no number: they are refused as the engine refuses them."""
    for value in ({1, 2}, float("inf")):
        with pytest.raises(BadAnswer):
            asking("set_data").request({"job": "x", "place": "p", "value": value, "because": "y"})


def test_answers_come_back_as_what_they_were() -> None:
    """A receipt of each kind, rows, texts and numbers; that a receipt was given before is in no body."""
    receipt = Receipt(job="j", seq=1, status="open", repeated=True)
    kept = Kept(until=datetime(2026, 5, 4, tzinfo=UTC), key="k")
    act, send = asking("act"), asking("send")
    assert act.content(receipt) == encode(Receipt(job="j", seq=1, status="open"))
    again = act.answer(act.content(receipt), repeated=True)
    assert (again, again.repeated) == (receipt, True)
    assert type(send.answer(send.content(kept))) is Kept
    assert send.answer(send.content(kept)) == kept
    assert asking("source").answer(b'"a: 1"') == "a: 1"
    assert asking("data").answer(b'{"a": {"price": 0.10}}') == {"a": {"price": Decimal("0.10")}}
    assert asking("me").answer(b"null") is None
    assert asking("find_step").answer(b'{"1a2b.3": "How many?"}') == {"1a2b.3": "How many?"}
    counts = InboxCounts(count=0, late=0, today=0, groups=())
    assert asking("inbox_counts").answer(encode(counts)) == counts


def test_a_list_says_where_the_next_page_begins() -> None:
    """As many rows as were asked for: perhaps there are more, after the last. Fewer are all."""
    history = asking("history")
    jobs = asking("jobs")
    assert jobs.content([], 2) == b'{"items":[],"next":null}'
    assert jobs.answer(b'{"items":[],"next":null}') == []
    assert history.content([], None).endswith(b'"next":null}')


def test_every_verb_says_what_it_does() -> None:
    """Each has words of its own, and its answers can be read."""
    for one in every_asking():
        assert one.about
        assert one.needs_key == (one.key is not None and one.route.method != "GET")
    assert alternatives(asking("track").answers)[0][1] is StaffTrack
