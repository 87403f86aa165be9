"""Facts of customers, the record, and finding customers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flowengine import Engine, NotAllowed, NotFound


def test_quick(engine: Engine, suit: Callable[..., str]) -> None:
    job = suit()
    engine.say(job, "Will it be ready?", "concern", by="ada")
    f = engine.add_fact("ada", "concern", "It was late last time", job=job, by="tom")
    g = engine.add_fact("ada", "preference", "I like blue", by="ada", key="k")
    assert engine.add_fact("ada", "preference", "I like blue", by="ada", key="k") == g
    print(engine.record("ada", by="tom"))
    print(engine.record("ada", by="ada"))
    for line in engine.timeline("ada", by="tom"): print(line.at, line.kind, line.what, line.who, line.place)
    assert [one.id for one in engine.facts("ada", by="ada")] == [g.id]
    with pytest.raises(NotFound): engine.facts("ada", by="ben")
    engine.answer_fact(f.short, "We begin earlier", by="cleo")
    engine.merge("ben", "ada", because="same", by="tom")
    assert engine.facts("ben", by="tom") == engine.facts("ada", by="tom")
    assert engine.customers("blue", by="tom").count == 1
    print(engine.export_person("ben", by="tom").keys())
    print(engine.export_person("ada", by="ada"))
    print(engine.import_people([{"id":"x1","name":"X"},{"id":"ada","groups":["vip"]}]))
    assert engine.import_people([{"id":"x1","name":"X"},{"id":"ada","groups":["vip"]}]).same==2
    print(engine.import_people([{"id":"x 1","name":"X", "a":1},{"id":"ada","groups":"vip"},{"id":"tom"},{"id":"tom"},{},3]))
    assert 0
