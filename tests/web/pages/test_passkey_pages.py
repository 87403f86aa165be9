"""Passkeys on pages: made and shown by a browser that has an authenticator, and what is offered where there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from house import House
from playwright.sync_api import Browser, BrowserContext
from soft_passkey import SoftPasskey

from flowengine.web.cookies import LOCAL

AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def at_site(house: House) -> House:
    """The house under the address to which its passkeys belong: of this machine, a name is one and a number is not."""
    shell = house.engine.shell
    house.url = f"http://localhost:{urlsplit(house.url).port}"
    shell.settings = replace(shell.settings, url=house.url)
    house.engine.add_customer("ada", "Ada", contact="ada@example.org")
    return house


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser with a device in it that keeps passkeys."""
    with chromium.new_context(viewport={"width": 390, "height": 800}) as found:
        found.set_default_timeout(10_000)
        yield found


def _sign_in(context: BrowserContext, house: House, person: str) -> None:
    context.add_cookies([{"name": LOCAL, "value": house.session(person).secret, "url": house.url}])


def test_a_passkey_is_made_and_signs_in(at_site: House, context: BrowserContext) -> None:
    """By a button where she signs in with things, then by a button at the door, and back to where she wanted to go;
    nothing stands in the way of the policy of pages, and where she is signed out no code is needed."""
    _sign_in(context, at_site, "ada")
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    page.goto(f"{at_site.url}/me/signing-in")
    page.click("text=Make a passkey")
    assert not page.is_visible("[data-without-passkey]")
    page.fill("[name=name]", "My telephone")
    page.click("text=Make it on this device")
    page.wait_for_url("**/me/signing-in")
    assert "Passkey My telephone" in page.inner_text("[aria-labelledby=credentials]")
    page.click("text=Sign out everywhere")
    page.goto(f"{at_site.url}/me/data")
    page.click("text=Use your passkey")
    page.wait_for_url("**/me/data")
    assert {one.strength for one in at_site.engine.sessions("ada")} == {"passkey"}
    assert refused == []


def test_a_device_that_has_none_says_so(at_site: House, context: BrowserContext) -> None:
    """Nothing is sent, words stand beside the button, and a code is offered above it."""
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    made = device.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    device.send("WebAuthn.setUserVerified", {**made, "isUserVerified": False})
    page.goto(f"{at_site.url}/login")
    page.click("text=Use your passkey")
    page.wait_for_selector("text=Your device showed no passkey")
    assert page.url == f"{at_site.url}/login"
    assert page.is_visible("text=Send me a code")


def test_without_scripts_a_code_is_what_there_is(at_site: House, chromium: Browser) -> None:
    """No button that does nothing."""
    with chromium.new_context(java_script_enabled=False) as context:
        _sign_in(context, at_site, "ada")
        page = context.new_page()
        page.goto(f"{at_site.url}/me/passkey")
        assert page.is_visible("text=You can sign in by a code")
        assert not page.is_visible("text=Make it on this device")
        page.goto(f"{at_site.url}/login")
        assert not page.is_visible("text=Use your passkey")
        assert page.is_visible("text=Send me a code")


def test_who_enrols_makes_one_and_nothing_else(at_site: House) -> None:
    """The link that an operator gives by hand leads to the button; then he signs in by what he has made."""
    at_site.engine.add_staff("tom", "Tom", roles=["tailor"])
    link = at_site.engine.make_enrolment("tom")
    tom = at_site.visitor()
    opened = tom.post(f"/door/{link.secret}")
    assert opened.headers["location"] == "/me/passkey"
    page = tom.get("/me/passkey")
    (tom.csrf, *_) = [part.split('"')[0] for part in page.text.split('name="csrf" value="')[1:]]
    assert "Signing in, tokens and feeds" not in page.text
    assert tom.get("/me").status_code == 404
    key = SoftPasskey(origin=at_site.url)
    begun = tom.post("/me/passkey/begin").json()
    made = {"id": begun["id"], "response": json.dumps(key.made(begun["options"])), "name": ""}
    assert tom.post("/me/passkey", made).headers["location"] == "/login"
    again = tom.post("/me/passkey", made)
    assert (again.status_code, 'href="#make"' in again.text) == (401, True)
    asked = tom.post("/login/passkey/begin").json()
    shown = {"id": asked["id"], "response": json.dumps(key.shown(asked["options"])), "back": "//evil.example"}
    assert tom.post("/login/passkey", shown).headers["location"] == "/"
    assert tom.get("/me").status_code == 200


@pytest.mark.parametrize("response", ["", "[]", "{", "{}", '{"rawId": 1}'])
def test_what_no_browser_answers_is_refused_on_the_page(at_site: House, response: str) -> None:
    """Beside the button; nobody is signed in, and nothing is made."""
    ada, nobody = at_site.visitor("ada"), at_site.visitor()
    begun = ada.post("/me/passkey/begin").json()
    refused = ada.post("/me/passkey", {"id": begun["id"], "response": response, "name": "<My> key"})
    assert (refused.status_code, 'href="#make"' in refused.text) == (401, True)
    assert "&lt;My&gt; key" in refused.text
    assert at_site.engine.credentials("ada") == []
    asked = nobody.post("/login/passkey/begin").json()
    out = nobody.post("/login/passkey", {"id": asked["id"], "response": response})
    assert (out.status_code, 'href="#passkey"' in out.text, "set-cookie" in out.headers) == (401, True, False)


def test_a_name_is_one_line(at_site: House) -> None:
    """It is refused beside its box, before the passkey is looked at."""
    ada = at_site.visitor("ada")
    refused = ada.post("/me/passkey", {"id": "x", "response": "{}", "name": "n" * 101})
    assert (refused.status_code, 'id="name-problem"' in refused.text) == (422, True)


def test_who_came_by_a_link_is_known_better_first(at_site: House) -> None:
    """A mail alone makes nothing that signs in for good."""
    weak = at_site.visitor("ada", "link")
    assert weak.get("/me/passkey").headers["location"].startswith("/login/code")
    assert weak.post("/me/passkey/begin").status_code == 403


def test_where_no_site_is_named_there_are_no_passkeys(house: House) -> None:
    """They belong to an address; without one no page speaks of them."""
    house.engine.add_customer("ada", "Ada", contact="ada@example.org")
    ada = house.visitor("ada")
    assert "passkey.js" not in house.visitor().get("/login").text
    assert "/me/passkey" not in ada.get("/me/signing-in").text
    assert ada.post("/me/passkey/begin").status_code == 404
