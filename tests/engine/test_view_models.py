"""Views as response models: pydantic writes and describes them as ``to_json`` gives them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import TypeAdapter, ValidationError

from flowengine import Engine, Receipt
from flowengine.views import replies
from flowengine.views.replies import View

VIEWS = [one for one in vars(replies).values() if isinstance(one, type) and issubclass(one, View) and one is not View]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_a_view_has_a_schema(view: type[View]) -> None:
    """Its JSON schema names its fields, and refers to nothing outside itself."""
    schema = TypeAdapter(view).json_schema(mode="serialization")
    assert set(schema["properties"]) == set(view.__struct_fields__)
    assert "$ref" not in str(schema)


def test_a_view_is_written_as_it_is(engine: Engine, suit: Callable[..., str]) -> None:
    """What pydantic writes of a view is what the view gives itself, also within lists; what is none is refused."""
    job = suit()
    step = engine.step(engine.inbox("ada")[0].id, "ada")
    for view in (step, engine.track(job, "ada"), engine.track(job, "olga"), *engine.inbox("ada")):
        model: TypeAdapter[list[View]] = TypeAdapter(list[type(view)])  # type: ignore[misc]  # as FastAPI makes it
        assert model.dump_python(model.validate_python([view])) == [view.to_json()]
    with pytest.raises(ValidationError):
        TypeAdapter(Receipt).validate_python({"job": "j"})
