"""Every form that somebody can reach, sent wrongly: without its token, about what is not there, late, twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from crawling import crawl
from forms import Form, forms_of
from house import House
from httpx import Response

TYPED = "What I <typed>"
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_TOO_OFTEN = 429


def _filled(form: Form, button: dict[str, str]) -> dict[str, Any]:
    """All boxes that are empty have something typed in them, which is right in some and wrong in others."""
    typed = dict.fromkeys(form.empty, TYPED)
    pressed = {button["name"]: button.get("value", "")} if button.get("name") else {}
    kept = {name: values for name, values in form.values.items() if name != "csrf"}  # each visitor has his own
    return {**kept, **typed, **pressed}


def _forms(person: str, house: House) -> Iterator[tuple[str, Form, dict[str, str]]]:
    """Each form of each sort of page, with each of its buttons."""
    found, seen = crawl(house.visitor(person)), set()
    for path in found.of_each_sort():
        for form in forms_of(found.pages[path]):
            for button in form.buttons or [{}]:
                action = button.get("formaction") or form.action
                sort = (_ID.sub("", action), button.get("name"), tuple(form.values), tuple(form.empty))
                if form.posts and sort not in seen:
                    seen.add(sort)
                    yield action, form, button


def _says_what_happened(answer: Response) -> bool:
    """A page of ours with a heading, or on to one."""
    return "<h1>" in answer.text if answer.status_code != 303 else answer.headers["location"].startswith("/")


def _keeps(answer: Response, form: Form) -> bool:
    """What was typed stands on the page, where there is one."""
    return answer.status_code == 303 or not form.empty or "What I &lt;typed&gt;" in answer.text


@pytest.mark.parametrize("person", ["cy", "tom", "olga"])
def test_no_form_fails_and_nothing_typed_is_lost(full: House, person: str) -> None:
    """Whatever is wrong with how it is sent, a page says so, and what was typed is there to be read or sent again."""
    wrong: list[str] = []
    count = 0
    for action, form, button in _forms(person, full):
        count += 1
        visitor = full.visitor(person)
        values = _filled(form, button)
        told = f"{action} {button.get('name', '')}={button.get('value', '')}"
        bare = visitor.client.post(action, data={**values, "csrf": ""}, headers={"sec-fetch-site": "same-origin"})
        if bare.status_code not in (401, 403, 303) or not _says_what_happened(bare) or not _keeps(bare, form):
            wrong.append(f"{told}, without its token: {bare.status_code}")
        foreign = visitor.post(_ID.sub("01900000-0000-7000-8000-000000000000", action), values)
        if _ID.search(action) and (foreign.status_code not in (404, 409, 422) or not _says_what_happened(foreign)):
            wrong.append(f"{told}, about what is not there: {foreign.status_code}")
        for time in ("once", "twice"):
            answer = visitor.post(action, values)
            if answer.status_code >= 500 or not _says_what_happened(answer):
                wrong.append(f"{told}, {time}: {answer.status_code}")
            elif answer.status_code != _TOO_OFTEN and not _keeps(answer, form):
                wrong.append(f"{told}, {time}, {answer.status_code}: what was typed is lost")
    assert not wrong, "\n".join(wrong)
    assert count > 15


@pytest.mark.parametrize("person", ["cy", "tom", "olga"])
def test_what_comes_too_late_is_shown_once_more(full: House, person: str) -> None:
    """All jobs have ended while the forms stood open: each page says so, and keeps what was typed."""
    forms = list(_forms(person, full))
    for job in full.engine.jobs(status="open"):
        full.engine.end(job.id, "The shop is closed", by="olga")
    wrong: list[str] = []
    about = [one for one in forms if re.search(r"/(steps|work|jobs)/", one[0])]
    for action, form, button in about:
        answer = full.visitor(person).post(action, _filled(form, button))
        if answer.status_code >= 500 or not _says_what_happened(answer) or not _keeps(answer, form):
            wrong.append(f"{action} {button.get('name', '')}={button.get('value', '')}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert len(about) > 4
