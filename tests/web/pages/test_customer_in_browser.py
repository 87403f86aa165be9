"""A customer of the tailor's shop in a real browser: with scripts, and with none."""

from __future__ import annotations

from pathlib import Path

import pytest
from house import House
from playwright.sync_api import Browser, BrowserContext, Page

from flowengine.web.cookies import LOCAL

SUIT = Path(__file__).parents[3] / "processes" / "bespoke_suit.yaml"
NARROWEST = 320


def _browser(chromium: Browser, house: House, *, scripts: bool) -> BrowserContext:
    context = chromium.new_context(java_script_enabled=scripts, viewport={"width": NARROWEST, "height": 700})
    context.set_default_timeout(10_000)
    session = house.session("ada")
    context.add_cookies([{"name": LOCAL, "value": session.secret, "url": house.url}])
    return context


def _is_narrow(page: Page) -> bool:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width <= NARROWEST


def _another(house: House) -> None:
    house.engine.start("bespoke_suit", need={"occasion": "Another", "needed_by": "2026-10-01"}, by="ada")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_suit_is_begun_chosen_and_ordered(house: House, chromium: Browser, scripts: bool) -> None:
    """On a telephone of 320 pixels, by what any browser can do. A script says what the choice costs meanwhile and that
    something has changed; the focus is where something is to be put right."""
    house.engine.deploy(SUIT.read_text())
    house.engine.add_customer("ada", "Ada", contact="ada@example.org", zone="Europe/London")
    with _browser(chromium, house, scripts=scripts) as context:
        page = context.new_page()
        refused: list[str] = []
        page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(f"{house.url}/start/bespoke_suit")
        page.fill("[name='need.occasion']", "My sister's wedding")
        page.click("text=Go on")
        if scripts:
            page.wait_for_function("document.activeElement.className === 'problems'")
            assert _is_narrow(page)
        page.fill("[name='need.needed_by']", "2026-09-01")
        page.click("text=Go on")
        page.click("text=Send it")
        page.click("text=Choose your cloth")
        page.check("text=Grey worsted")
        if scripts:
            assert page.inner_text("[data-sum]") == "£380.00"
            assert _is_narrow(page)
        page.click("text=Go on")
        page.click("text=Send it")
        page.click("text=Choose the style")
        for choice in ("Double-breasted", "Striped silk", "A ticket pocket"):
            page.check(f"text={choice}")
        page.check("[name='chosen.pockets'][value='3']")
        page.click("text=Go on")
        assert "£1,090.00" in page.inner_text("main")
        page.click("[aria-label='Change: Lining']")
        page.check("text=Plain viscose")
        page.click("text=Go on")
        page.click("text=Send it")
        page.click("text=Is this what you order?")
        assert "Grey worsted" in page.inner_text("main")
        page.check("text=Approve")
        page.click("text=Go on")
        page.click("text=Send it")
        assert page.inner_text("h1") == "It is in"
        assert "Ada" in page.inner_text("[aria-labelledby=keep]")
        if scripts:
            page.route("**/api/v1/events*", lambda asked: (_another(house), asked.continue_()), times=1)
            page.goto(house.url)  # what changes before it listens is told, too
            with page.expect_response("**/api/v1/events*"):
                page.click("text=Show it")
            assert page.get_by_text("Choose your cloth").count() == 1
            _another(house)
            page.click("text=Show it")
            page.wait_for_function("document.body.innerText.split('Choose your cloth').length === 3")
        assert refused == []
