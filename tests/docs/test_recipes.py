"""The recipes: each is fine, its ends are reached, its scripts lead where the page says, and lives of it end."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from flowengine import Engine, Kept, SimulatedClock
from flowengine.cli.trying import follow
from flowengine.language import parse, problems
from flowengine.rehearsal.lives import play
from flowengine.rehearsal.trial import Trial
from flowengine.rehearsal.ways_to_ends import ways_to_ends

TEXT = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
BEGIN = datetime(2027, 1, 4, 10, tzinfo=UTC)


class Recipe(NamedTuple):
    """One recipe: its heading, its file, and its scripts with the end of each."""

    name: str
    source: str
    scripts: list[tuple[str, str]]


def _recipes() -> list[Recipe]:
    found = []
    for part in TEXT.split("\n## ")[1:]:
        files = re.findall(r"^```yaml\n(.*?)^```$", part, re.DOTALL | re.MULTILINE)
        scripts = re.findall(r"^```try (\w+)\n(.*?)^```$", part, re.DOTALL | re.MULTILINE)
        assert len(files) == 1
        assert scripts
        found.append(Recipe(part.partition("\n")[0], files[0], scripts))
    return found


RECIPES = _recipes()


def name(recipe: Recipe) -> str:
    return recipe.name.replace(" ", "_")


@pytest.mark.parametrize("recipe", RECIPES, ids=name)
def test_a_recipe_is_fine_and_short(recipe: Recipe) -> None:
    """It has no problem, and can be seen at a glance."""
    assert [str(one) for one in problems(recipe.source, recipe.name)] == []
    assert recipe.source.count("\n") <= 40


@pytest.mark.parametrize("recipe", RECIPES, ids=name)
def test_there_is_a_way_to_each_of_its_ends(recipe: Recipe) -> None:
    """What `flow paths` lists has a way to every end."""
    process = parse(recipe.source)
    found = ways_to_ends(process)
    assert found.keys() == process.ends.keys()
    assert all(found.values())


@pytest.mark.parametrize("recipe", RECIPES, ids=name)
def test_its_scripts_lead_where_the_page_says(recipe: Recipe) -> None:
    """Each script is followed to its last line, nothing fails, and the job ends as is written."""
    for end, script in recipe.scripts:
        trial = Trial(parse(recipe.source), BEGIN)
        follow(trial, script.splitlines())
        assert (trial.states, trial.is_over, trial.troubles) == ((end,), True, ())


@pytest.mark.parametrize("recipe", RECIPES, ids=name)
def test_lives_of_it_end(recipe: Recipe) -> None:
    """By chance, with silence and failing services: none gets stuck, nothing fails, and some are fulfilled."""
    lives = play(parse(recipe.source), 20, 3, BEGIN)
    assert lives.is_fine, lives.to_json()["failed"]
    assert lives.ends["fulfilled"] > 0
    assert lives.unfinished == 0


def test_the_message_of_its_recipe_may_come_early() -> None:
    """What came before the job waits for it is taken when it does."""
    (recipe,) = (one for one in RECIPES if one.name == "A message that may come early")
    with Engine("sqlite://", clock=SimulatedClock(BEGIN)) as engine:
        engine.add_staff("tom")
        engine.deploy(recipe.source)
        job = engine.start("delivery", by="ada")
        assert isinstance(engine.send("bed_came", key=job.job), Kept)
        (step,) = engine.inbox("tom")
        assert engine.act(step.id, "done", by="tom").states == ("build",)


def test_the_page_lists_its_recipes() -> None:
    """Each recipe is found from the top, and nothing else is named there."""
    links = re.findall(r"\]\(#([\w-]+)\)", TEXT.split("\n## ")[0])
    headings = [re.sub(r"[^\w -]", "", one.name.lower()).replace(" ", "-") for one in RECIPES]
    assert sorted(links) == sorted(headings)
