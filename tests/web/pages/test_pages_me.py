"""One's own pages: name, contacts, what is known of one, ways in, messages, and all of it as a file or erased."""

from __future__ import annotations

import json
import re

import pytest
from house import House, Visitor

from flowengine.commands.codes import digits_of


@pytest.fixture
def ada(house: House) -> Visitor:
    house.engine.add_customer("ada", "Ada <b>", contact="ada@example.org")
    house.engine.add_customer("ben", "Ben")
    house.engine.add_staff("mia", "Mia", roles=["tailor"])
    return house.visitor("ada")


def test_she_says_what_she_is_called_and_where_her_clock_is(house: House, ada: Visitor) -> None:
    """A zone that there is not is refused beside its box; what is not hers to change is not asked."""
    assert "Ada &lt;b&gt;" in ada.get("/me").text
    assert ada.post("/me/name", {"name": "Ada Lund", "zone": "Europe/Berlin"}).status_code == 303
    found = house.engine.person("ada")
    assert (found.name, found.zone) == ("Ada Lund", "Europe/Berlin")
    assert "All times in Berlin" in ada.get("/me").text
    refused = ada.post("/me/name", {"name": "Ada", "zone": "Moon/Sea"})
    assert (refused.status_code, 'id="zone-problem"' in refused.text) == (422, True)
    assert ada.post("/me/name", {"name": "", "zone": ""}).status_code == 303
    assert (house.engine.person("ada").name, house.engine.person("ada").zone) == ("Ada Lund", "")
    assert house.visitor("mia").get("/me").status_code == 200


def test_she_says_in_which_language_she_is_spoken_to(house: House, ada: Visitor) -> None:
    """Pages follow at once, on this device and elsewhere, and letters go by the same; nothing chosen is as the browser
    has it; what is no language is refused beside its box."""
    told = {"name": "Ada", "zone": ""}
    assert 'lang="en"' in ada.get("/me").text
    chosen = ada.post("/me/name", {**told, "language": "de"})
    assert (chosen.status_code, house.engine.person("ada").language) == (303, "de")
    page = ada.get("/me").text
    assert "Sprache der Seiten und Briefe" in page
    assert re.search(r'<option value="de" lang="de" selected>', page)
    assert 'lang="de"' in house.visitor("ada", headers={"accept-language": "en"}).get("/").text
    refused = ada.post("/me/name", {**told, "language": "fr"})
    assert (refused.status_code, 'id="language-problem"' in refused.text) == (422, True)
    assert ada.post("/me/name", {"name": "Ada Lund", "zone": ""}).status_code == 303
    assert house.engine.person("ada").language == "de"
    assert ada.post("/me/name", {**told, "language": ""}).status_code == 303
    assert house.engine.person("ada").language == ""
    assert 'lang="en"' in ada.get("/me").text


def test_a_contact_is_hers_once_she_has_read_there(house: House, ada: Visitor) -> None:
    """A code goes to what she adds; a wrong one is asked again, the right one confirms it and signs her in anew."""
    assert ada.post("/me/contacts", {"address": "no address"}).status_code == 422
    asked = ada.post("/me/contacts", {"address": "lund@example.org"}).headers["location"]
    (id,) = re.findall(r"code=([^&]+)", asked)
    assert "lund@example.org" in ada.get(asked).text
    sent = {"id": id, "to": "lund@example.org"}
    wrong = ada.post("/me/contacts/code", {**sent, "code": "12"})
    assert (wrong.status_code, 'id="code-problem"' in wrong.text) == (422, True)
    shell = house.engine.shell
    code = digits_of(shell.secret.made(shell), id)
    done = ada.post("/me/contacts/code", {**sent, "code": f"{code[:3]} {code[3:]}"})
    assert done.status_code == 303
    assert "flow=" in done.headers["set-cookie"]
    verified = {one.address: one.verified is not None for one in house.engine.contacts("ada")}
    assert verified == {"lund@example.org": True, "ada@example.org": False}
    ada = house.visitor("ada")
    assert ada.post("/me/contacts/verify", {"address": "ben@example.org"}).status_code == 404
    assert ada.post("/me/contacts/remove", {"address": "ada@example.org"}).status_code == 303
    assert len(house.engine.contacts("ada")) == 1


def test_what_is_known_of_her_she_sees_and_corrects(house: House, ada: Visitor) -> None:
    """Her own words she changes and takes back; what the organisation keeps to itself she does not see."""
    house.engine.add_fact("ada", "note", "Pays late", by="mia")
    house.engine.add_fact("ada", "preference", "Likes tea", show=True, by="mia")
    assert ada.post("/me/facts", {"kind": "concern", "fact": "Wool <itches>"}).status_code == 303
    page = ada.get("/me").text
    assert "Wool &lt;itches&gt;" in page
    assert "Likes tea" in page
    assert "Pays late" not in page
    (id,) = re.findall(r'name="id" value="([^"]+)"', page)
    assert ada.post("/me/facts/change", {"id": id, "text": "Wool itches a little", "way": "change"}).status_code == 303
    refused = ada.post("/me/facts/change", {"id": id, "text": "x" * 20_000, "way": "change"})
    assert (refused.status_code, f'id="fact-{id}-problem"' in refused.text) == (422, True)
    assert "Wool itches a little" in ada.get("/me").text
    assert ada.post("/me/facts/change", {"id": id, "way": "remove"}).status_code == 303
    assert "Wool itches" not in ada.get("/me").text
    house.engine.let_act("ben", "ada", "act")
    assert "Ben acts for you" in ada.get("/me").text
    assert ada.post("/me/acting/end", {"person": "ben", "party": "ada"}).status_code == 303
    assert house.engine.acting("ada") == []


def test_a_secret_is_shown_once(house: House, ada: Visitor) -> None:
    """A token and a feed are made by a form, shown on the page after it, and on none after that; then ended."""
    at = "/me/signing-in"
    refused = ada.post(f"{at}/tokens", {"name": "My script", "days": "90", "scope": []})
    assert (refused.status_code, "My script" in refused.text) == (422, True)
    made = ada.post(f"{at}/tokens", {"name": "My script", "days": "90", "scope": ["read", "act"]})
    (token,) = house.engine.own_tokens(by="ada")
    assert token.scopes == ("read", "act")
    assert token.id not in made.headers["location"]
    shown = re.findall(r'class="secret">([^<]+)<', ada.get(made.headers["location"]).text)
    assert len(shown) == 1
    assert house.engine.identify(shown[0]).person == "ada"
    assert 'class="secret"' not in ada.get(made.headers["location"]).text
    assert ada.post(f"{at}/tokens/revoke", {"id": token.id}).status_code == 303
    assert "My script" not in ada.get(at).text
    feed = ada.get(ada.post(f"{at}/feeds").headers["location"]).text
    (url,) = re.findall(r'class="secret">([^<]+)<', feed)
    assert ada.client.get(url).headers["content-type"].startswith("text/calendar")
    assert ada.post(f"{at}/feeds/end", {"id": house.engine.feeds(by="ada")[0].id}).status_code == 303
    assert ada.client.get(url).status_code == 404


def test_sessions_are_listed_and_ended(house: House, ada: Visitor) -> None:
    """One, or all with this one; who came by a link is asked for a code first, and finds nothing of all that."""
    other = house.session("ada")
    assert other.id in ada.get("/me/signing-in").text
    assert ada.post("/me/signing-in/end", {"id": other.id}).status_code == 303
    assert other.id not in ada.get("/me/signing-in").text
    weak = house.visitor("ada", "link").get("/me/signing-in")
    assert (weak.status_code, weak.headers["location"][:11]) == (303, "/login/code")
    assert ada.post("/me/signing-in/end-all").status_code == 303
    assert ada.get("/me").headers["location"].startswith("/login")


def test_messages_about_no_job(house: House, ada: Visitor) -> None:
    """She writes with a file and is answered; what cannot be sent stays as it was typed."""
    files = {"files": ("list.txt", b"One, two", "text/plain")}
    assert ada.post("/me/messages", {"text": "Are you open <today>?"}, files).status_code == 303
    house.engine.message_to("ada", "Until six", by="mia")
    page = ada.get("/me/messages").text
    assert page.index("Until six") < page.index("Are you open &lt;today&gt;?")
    assert "list.txt" in page
    refused = ada.post("/me/messages", {"text": "x" * 20_000})
    assert (refused.status_code, "x" * 20_000 in refused.text) == (422, True)
    assert house.visitor("mia").get("/me/messages").status_code == 404


def test_all_of_it_is_downloaded_and_erased(house: House, ada: Visitor) -> None:
    """The file has what is hers; erased she is once she has said that she knows what it means, and known by a code."""
    found = ada.get("/me/data.json")
    assert "attachment" in found.headers["content-disposition"]
    assert json.loads(found.content)["customer"] == "ada"
    assert "Nothing has happened yet" in ada.get("/me/data").text
    assert ada.post("/me/erase").status_code == 422
    weak = house.visitor("ada", "link")
    assert weak.post("/me/erase", {"sure": "yes"}).status_code == 403
    assert house.engine.person("ada").erased is None
    gone = ada.post("/me/erase", {"sure": "yes"})
    assert (gone.status_code, gone.headers["location"]) == (303, "/erased")
    assert house.engine.person("ada").erased == house.clock.now()
    assert "You are erased" in ada.get("/erased").text
