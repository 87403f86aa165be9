"""People at real browsers: each has a context of his own, signs in by the pages, and does what pages let him do."""

from __future__ import annotations

import re
from base64 import b32decode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from house import House
from playwright.sync_api import Browser, Locator, Page, expect

from flowengine.commands.codes import digits_of
from flowengine.commands.totp import STEP, code_at

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1180, "height": 900}

Hand = Literal["pointer", "keyboard"]

_FOCUSED = """one => one === document.activeElement"""
_SEEN = """one => [one, ...document.querySelectorAll('label:focus-within')].some(seen => {
  const style = getComputedStyle(seen);
  return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
})"""
_MOST_TABS = 400


def digits(house: House, address: str) -> str:
    """The digits that the letter has whose code an address names."""
    found = re.search(r"(?:id|code)=([\w-]+)", address)
    assert found is not None, address
    return digits_of(house.engine.shell.secret.made(house.engine.shell), found[1])


@dataclass
class Person:
    """Somebody at a browser. ``contact`` is what he signs in with, ``secret`` what his authenticator has."""

    house: House
    page: Page
    contact: str = ""
    secret: str = ""
    hand: Hand = "pointer"
    scripts: bool = True
    refused: list[str] = field(default_factory=list)
    """What the browser has kept a page from doing."""

    @classmethod
    def at(
        cls, browser: Browser, house: House, contact: str, *, size: Any = PHONE, scripts: bool = True,
        hand: Hand = "pointer", staff: str = "",
    ) -> Person:  # fmt: skip
        """A new browser; ``staff`` is whose authenticator is set up before."""
        context = browser.new_context(java_script_enabled=scripts, viewport=size)
        context.set_default_timeout(20_000)
        house.closing.callback(context.close)
        secret = ""
        if staff:
            begun = house.engine.begin_totp(by=staff)
            house.engine.confirm_totp(begun.id, _shown(begun.secret, house), by=staff)
            secret = begun.secret
        made = cls(house, context.new_page(), contact, secret, hand, scripts)
        made.page.on("console", lambda said: made.refused.append(said.text) if "Policy" in said.text else None)
        return made

    # where he is

    def go(self, path: str) -> None:
        """To a page; who is not signed in there, or not any more, signs in and comes back."""
        self.page.goto(self.house.url + path)
        if urlsplit(self.page.url).path == "/login":
            self.sign_in()

    def sign_in(self) -> None:
        """By the six digits of a letter, and what the authenticator shows."""
        self.write("Your e-mail address or your number", self.contact)
        self.press("Send me a code")
        self.answer_code()

    def answer_code(self) -> None:
        """Type the digits that the letter has."""
        self.write("Six digits", digits(self.house, self.page.url))
        if self.secret:
            self.house.clock.advance(timedelta(seconds=STEP))  # what an authenticator shows counts once
            self.unfold("You work here?")
            self.write("What your authenticator shows", _shown(self.secret, self.house))
        self.press("Sign in")

    def follow(self, name: str) -> None:
        """A link by its words."""
        self._do(self.page.get_by_role("link", name=name).first, self._enter)

    def open(self, title: str, at: str = "/") -> None:
        """What waits for him under that title."""
        self.go(at)
        self.follow(f"Answer: {title}" if at == "/" else title)

    # what he does there

    def press(self, name: str) -> None:
        """A button by its words."""
        self._do(self.page.get_by_role("button", name=_exactly(name)).first, self._enter)

    def unfold(self, name: str) -> None:
        """What stands behind a line that can be opened."""
        self._do(self.page.locator("summary", has_text=name).first, self._unfold)

    def write(self, label: str, text: str) -> None:
        """Into a box, in the place of what stands there."""
        box = self.page.get_by_label(label).first
        if self.hand == "keyboard" and box.get_attribute("type") not in ("date",):
            self._reach(box)
            self.page.keyboard.press("Control+A")
            self.page.keyboard.type(text)
        else:
            if self.hand == "keyboard":
                self._reach(box)
            box.fill(text)

    def tick(self, label: str, exact: bool = False) -> None:
        """One of several, or a box."""
        box = self.page.get_by_label(label, exact=exact).first
        if self.hand == "keyboard":
            self._choose(box)
        else:
            box.check()
        expect(box).to_be_checked()

    def tick_in(self, group: str, label: str) -> None:
        """One of several, by the words of the question."""
        self.choose(self.page.get_by_role("group", name=group).get_by_label(label, exact=True).first)

    def choose(self, box: Locator) -> None:
        """One of several, where it stands."""
        if self.hand == "keyboard":
            self._choose(box)
        else:
            box.check()

    def finish(self) -> None:
        """The main button of a step at work, and back in the list."""
        self._do(self.page.locator("#ways button.btn").first, self._enter)
        self.heads("What waits")

    def open_appointment(self) -> None:
        """The one that is booked, from his first page."""
        self.go("/")
        self._do(self.page.locator("[aria-labelledby=dates] a").first, self._enter)

    def reads(self, *words: str) -> None:
        """The page says all that."""
        for one in words:
            expect(self.page.locator("main")).to_contain_text(one)

    def heads(self, words: str) -> None:
        """The page is headed so."""
        expect(self.page.locator("h1")).to_have_text(words)

    # by which hand

    def _do(self, what: Locator, by_keyboard: Callable[[Locator], None]) -> None:
        if self.hand == "keyboard":
            by_keyboard(what)
        else:
            what.click()

    def _enter(self, what: Locator) -> None:
        self._reach(what)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def _unfold(self, what: Locator) -> None:
        self._reach(what)
        self.page.keyboard.press("Enter")

    def _reach(self, what: Locator) -> None:
        """Tab to it: it can be reached, and whoever looks sees where he is."""
        what.wait_for()
        for _ in range(_MOST_TABS):
            if what.evaluate(_FOCUSED):
                assert what.evaluate(_SEEN), f"{what} has the focus, and nobody sees it"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{what} cannot be reached by Tab")

    def _choose(self, box: Locator) -> None:
        """Tab to its group, and by the arrows to it; a box of its own is ticked by Space."""
        if box.get_attribute("type") == "checkbox":
            self._reach(box)
            if not box.is_checked():
                self.page.keyboard.press("Space")
            return
        box.wait_for()
        same = "one => document.activeElement.type === 'radio' && document.activeElement.name === one.name"
        for _ in range(_MOST_TABS):
            if box.evaluate(same):
                break
            self.page.keyboard.press("Tab")
        for _ in range(_MOST_TABS):
            if box.evaluate(_FOCUSED):
                self.page.keyboard.press("Space")
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{box} cannot be reached by the arrows")


def _exactly(name: str) -> re.Pattern[str]:
    """What stands in a span of its own is read after a pause."""
    return re.compile("^" + re.escape(name).replace(":", " ?:") + "$")


def _shown(secret: str, house: House) -> str:
    return code_at(b32decode(secret), int(house.clock.now().timestamp()) // STEP)
