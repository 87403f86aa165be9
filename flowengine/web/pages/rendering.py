"""Pages made of templates: an environment a language, strict about what a template names, overridden one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from flowengine.speech.catalogues import texts
from flowengine.speech.languages import LANGUAGES
from flowengine.speech.telling import Speech
from flowengine.views.consents import parts_in_words, until_in_words
from flowengine.web.pages.asked_fields import problems_of
from flowengine.web.pages.tags import TAGS

TEMPLATES = Path(__file__).parent / "templates"


class Renderer:
    """Makes pages. ``folders`` hold templates that stand in the place of ours of the same name."""

    def __init__(self, folders: Sequence[str | Path] = ()) -> None:
        loader = FileSystemLoader([*folders, TEMPLATES])
        self._by_language = {language: _environment(loader, language) for language in LANGUAGES}

    def render(self, template: str, speech: Speech, **what: Any) -> str:
        """A page, in the language of ``speech``. HTML knows no NUL: the sign for what cannot be shown stands for it.
        Raises what Jinja raises for a template that is wrong."""
        found = self._by_language[speech.language].get_template(template)
        return found.render(speech=speech, **what).replace("\0", "�")


def _environment(loader: BaseLoader, language: str) -> Environment:
    made = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"], auto_reload=False,
    )  # fmt: skip
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(texts(language), newstyle=True)  # type: ignore[attr-defined]
    made.globals["problems_of"] = problems_of
    for name in ("day", "time", "moment", "distance", "span", "number", "money", "wait"):
        made.filters[name] = pass_context(partial(_told, name))
    made.filters["tag"] = pass_context(lambda context, name: context["speech"].tell(TAGS.get(name, name)))
    made.filters["parts"] = pass_context(lambda context, parts: context["speech"].tell(parts_in_words(parts)))
    made.filters["until"] = pass_context(lambda context, until: until_in_words(until, context["speech"].words))
    made.globals["partners_of"] = lambda found: [(one.id, one.name) for one in found.partners]
    made.filters["seconds"] = lambda seconds: timedelta(seconds=seconds)
    return made


def _told(
    name: str, context: Context, value: datetime | date | timedelta | float | Decimal, *more: Any, **named: Any
) -> str:
    """``{{ step.due|moment }}``, ``{{ price|money("GBP") }}``: a value as the reader has it."""
    found: str = getattr(context["speech"], name)(value, *more, **named)
    return found
