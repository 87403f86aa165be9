"""Pages as people with other eyes, hands and screens have them: axe finds nothing, all fits, and is large enough."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

import pytest
from crawling import Crawl, crawl, sort_of
from forms import forms_of
from house import House, Visitor
from playwright.sync_api import Browser, BrowserContext, Page, Route

from flowengine.web.cookies import LOCAL

WIDTHS = (390, 1180)
NARROWEST = 320
"""What is left of a screen of 1280 pixels at four times its size, too."""
_TARGET = 44

_RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_BY_LOOKS = {"type": "rule", "values": ["color-contrast", "target-size", "scrollable-region-focusable"]}
"""Those that another width or other colours may break."""
_FOUND = """async only => {
  const found = await axe.run(document, {runOnly: only, resultTypes: ['violations']});
  return found.violations.flatMap(one => one.nodes.map(node => `${one.id}: ${node.html.slice(0, 150)}`));
}"""
_WIDE = """() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide <= 0) return [];
  return [...document.querySelectorAll('main *, header *, footer *')]
    .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .slice(0, 3).map(one => `${wide} too wide: ${one.outerHTML.slice(0, 120)}`);
}"""
_SMALL = """least => [...document.querySelectorAll(
    'main button, main .btn, main summary, main select, main label:has(input), footer button, footer a, nav a')]
  .filter(one => one.checkVisibility())
  .filter(one => { const at = one.getBoundingClientRect(); return at.height < least - 0.5 || at.width < 24 })
  .map(one => `${Math.round(one.getBoundingClientRect().height)} high: ${one.outerHTML.slice(0, 120)}`)"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The program that finds what is in the way of people."""
    if find_spec("axe_playwright_python") is None:
        pytest.skip("axe is not installed here (pip install axe-playwright-python; the extra `test` has it)")
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def _sorts(visitor: Visitor, start: str = "/") -> dict[str, str]:
    """A page of each sort that can be reached, and of each that comes of a form that is sent as it stands."""
    found: Crawl = crawl(visitor, start)
    pages = {path: found.pages[path].text for path in found.of_each_sort()}
    answers: dict[str, str] = {}
    for path in found.of_each_sort():
        for form in forms_of(found.pages[path]):
            if not form.posts or form.action.endswith(("/logout", "/end-all", "/end", "/language")):
                continue
            pressed = {one["name"]: one.get("value", "") for one in form.buttons[:1] if one.get("name")}
            answer = visitor.post(form.action, {**form.values, **pressed})
            if answer.status_code != 303 and answer.text:
                answers.setdefault(f"{sort_of(form.action, answer)} {answer.status_code}", answer.text)
    return pages | {f"/answer/{number}?{sort.split()[0]}": text for number, (sort, text) in enumerate(answers.items())}


def _browser(chromium: Browser, house: House, visitor: Visitor, pages: dict[str, str], **more: Any) -> BrowserContext:
    """A browser that shows these pages at their addresses."""
    context = chromium.new_context(**more)
    secret = visitor.client.cookies.get(LOCAL)
    if secret:
        context.add_cookies([{"name": LOCAL, "value": secret, "url": house.url}])

    def show(route: Route) -> None:
        path = route.request.url.removeprefix(house.url)
        if path in pages:
            route.fulfill(body=pages[path], content_type="text/html; charset=utf-8")
        elif path.startswith("/api/v1/events"):
            route.abort()
        else:
            route.continue_()

    context.route("**/*", show)
    return context


def _shown(context: BrowserContext, house: House, pages: dict[str, str]) -> Iterator[tuple[str, Page]]:
    page = context.new_page()
    for path in pages:
        page.goto(house.url + path)
        yield path, page
    context.close()


def _pages(house: House, person: str) -> tuple[Visitor, dict[str, str]]:
    if person == "by a link":
        job = house.engine.inbox(by="cy")[0].job
        visitor = house.visitor("cy", "link", job)
        return visitor, _sorts(visitor, f"/jobs/{job}")
    if person == "nobody":
        visitor = house.visitor()
        door = f"/door/{house.engine.make_link(house.engine.inbox(by='cy')[0].job, 'cy').secret}"
        none = visitor.client.get("/none", headers={"accept": "text/html"})
        return visitor, _sorts(visitor) | {door: visitor.get(door).text} | {"/none": none.text}
    visitor = house.visitor(person)
    pages = _sorts(visitor)
    own = person != "olga"  # the pages that she has in common with staff are looked at with Tom's
    return visitor, {path: text for path, text in pages.items() if own or "/ops" in path}


PEOPLE = ["nobody", "by a link", "cy", "tom", "olga"]


@pytest.mark.parametrize("person", PEOPLE)
def test_axe_finds_nothing(full: House, chromium: Browser, axe: str, person: str) -> None:
    """On no page, at a telephone or a desk, by day or by night."""
    visitor, pages = _pages(full, person)
    context = _browser(chromium, full, visitor, pages, reduced_motion="reduce")  # colours do not fade into each other
    wrong: list[str] = []
    for path, page in _shown(context, full, pages):
        page.evaluate(axe)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                rules = _RULES if (width, scheme) == (WIDTHS[0], "light") else _BY_LOOKS
                wrong += [f"{path} {width} {scheme} {one}" for one in page.evaluate(_FOUND, rules)]
    assert not wrong, "\n".join(wrong)
    assert len(pages) > 3


@pytest.mark.parametrize("person", PEOPLE)
def test_all_fits_on_the_narrowest_screen_and_can_be_hit(full: House, chromium: Browser, person: str) -> None:
    """Nothing is to be scrolled sideways, and what is pressed is as large as a thumb."""
    visitor, pages = _pages(full, person)
    size = {"width": NARROWEST, "height": 700}
    wrong: list[str] = []
    for path, page in _shown(_browser(chromium, full, visitor, pages, viewport=size), full, pages):
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        wrong += [f"{path} {one}" for one in [*page.evaluate(_WIDE), *page.evaluate(_SMALL, _TARGET)]]
    assert not wrong, "\n".join(wrong)
