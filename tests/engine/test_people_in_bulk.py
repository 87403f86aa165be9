"""People in bulk: a thousand rows at once, whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from flowengine import BadAnswer, Engine, NotAllowed

Rows = list[dict[str, Any]]


def many(number: int, **more: Any) -> Rows:
    """Rows of customers."""
    return [
        {"id": f"c{one:05}", "name": f"Customer {one}", "contact": f"c{one}@example.org"} | more
        for one in range(number)
    ]


def test_rows_are_entered_changed_and_left_as_they_are(engine: Engine) -> None:
    """New ones are added, others changed in what is said of them; the same rows again change nothing."""
    rows: Rows = [
        {"id": "eva", "name": "Eva", "contact": "eva@example.org", "groups": ["vip", "vip"], "zone": "Europe/London"},
        {"id": "ada", "groups": ["vip"], "record": {"size": 40}},
        {"id": " ben "},
    ]
    done = engine.import_people(rows)
    assert (done.added, done.changed, done.same, done.refused) == (1, 1, 1, ())
    again = engine.import_people(rows)
    assert (again.added, again.changed, again.same) == (0, 0, 3)
    ada, eva = engine.person("ada"), engine.person("eva")
    assert (ada.name, ada.contact, ada.groups, ada.record) == ("Ada", "ada@example.org", ("vip",), {"size": 40})
    assert (eva.groups, eva.zone) == (("vip",), "Europe/London")
    assert engine.find_person("eva@example.org").id == "eva"
    with engine.database.reading() as tx:
        assert sorted(tx.people.member_ids("vip")) == ["ada", "eva"]


def test_every_bad_row_is_told_and_nothing_of_its_batch_is_entered(engine: Engine) -> None:
    """Of a thousand rows all are entered, or none; those before and after are."""
    engine.add_customer("gone")
    engine.erase("gone", because="He asked")
    rows: list[Any] = many(2_500)
    wrong: dict[int, tuple[Any, str, str]] = {
        1_003: ({"id": "a b"}, "id", "is no id of a person"),
        1_100: ({"id": "tom"}, "id", "is a member of staff"),
        1_101: ({"id": "gone"}, "id", "was erased"),
        1_102: ({"name": "x"}, "id", "is missing"),
        1_103: ({"id": "c00001"}, "id", "stands in row 2 already"),
        1_104: ({"id": "x", "name": "x" * 201}, "name", "is no name"),
        1_105: ({"id": "x1", "contact": "a\nb"}, "contact", "is no contact"),
        1_106: ({"id": "x2", "zone": "Mars"}, "zone", "is not a time zone"),
        1_107: ({"id": "x3", "groups": "vip"}, "groups", "must be a list"),
        1_108: ({"id": "x4", "groups": [""]}, "groups", "must be a list"),
        1_109: ({"id": "x5", "record": [1]}, "record", "must be an object"),
        1_110: ({"id": "x6", "colour": 1}, "colour", "is unknown; possible: id, name"),
        1_111: (["x"], "", "is no row"),
        1_112: ({"id": 7}, "id", "must be a text"),
    }
    for number, (row, _, _) in wrong.items():
        rows[number - 1] = row
    for dry in (True, False):
        done = engine.import_people(rows, dry=dry)
        assert (done.added, done.left_out, done.dry) == (1_500, 1_000 - len(wrong), dry)
        assert {one.row for one in done.refused} == set(wrong)
        for one in done.refused:
            _, field, words = wrong[one.row]
            assert words in one.problems[field], one
        assert len(engine.people("customer")) == 3 + (0 if dry else 1_500)
    assert [one.id for one in engine.people("customer", after="c00998", limit=2)] == ["c00999", "c02000"]


def test_who_is_in_a_group_no_more_gives_back_what_he_claimed(engine: Engine) -> None:
    """As where one is changed alone: what he has claimed and may no longer do waits for the others again."""
    engine.deploy(
        "process: open\nneed: Help\ngroups: {members: {}}\nstates:\n  need: {type: need, next: do}\n"
        "  do: {type: task, open_to: {group: members}, within: P9D, on: {done: fulfilled, expired: fulfilled}}\n"
        "  fulfilled: {type: fulfilled}\n"
    )
    engine.import_people([{"id": id, "groups": ["members"]} for id in ("ada", "ben")])
    engine.start("open", by="olga", customer="ben")
    (item,) = engine.inbox("ada")
    engine.claim(item.id, by="ada")
    engine.import_people([{"id": "ada", "groups": []}])
    assert engine.inbox("ada") == []
    assert [one.claimed for one in engine.inbox("ben")] == [""]


def test_only_operators_import(engine: Engine) -> None:
    """A customer and a member of staff may not; what is no list of rows is refused."""
    for who in ("ada", "tom"):
        with pytest.raises(NotAllowed, match="only an operator may enter many people"):
            engine.import_people([], by=who)
    for rows in ("x", {"id": "x"}, 7):
        with pytest.raises(BadAnswer, match="no list of rows"):
            engine.import_people(rows, by="olga")  # type: ignore[arg-type]
    assert engine.import_people([], by="olga").added == 0


def test_an_import_joins_the_callers_transaction(engine: Engine) -> None:
    """Rolled back with the caller's own rows, nobody was entered."""
    driver = sa.create_engine(engine.database.url.replace("***", ""))
    with driver.connect() as connection, connection.begin() as transaction:
        assert engine.using(connection).import_people(many(3)).added == 3
        transaction.rollback()
    driver.dispose()
    assert len(engine.people("customer")) == 2


def test_people_are_listed_in_pages(engine: Engine) -> None:
    """Behind an id, so many at most, of one kind or all."""
    engine.import_people(many(5))
    assert [one.id for one in engine.people(limit=3)] == ["ada", "ben", "c00000"]
    assert [one.id for one in engine.people(after="c00003")] == ["c00004", "cleo", "olga", "tom"]
    for wrong in ({"limit": 0}, {"after": "a b"}):
        with pytest.raises(BadAnswer):
            engine.people(**wrong)  # type: ignore[arg-type]
