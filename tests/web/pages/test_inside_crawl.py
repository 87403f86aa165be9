"""All that those inside can reach by links, followed: nothing refuses, and each page keeps the rules of pages."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from house import House

ELSEWHERE = ("/api/", "/static/")
"""What is no page."""
KEYLESS = ("/language", "/logout")
"""Forms of what is no verb of a desk: what they do twice is as it was after the first time."""
VOID = frozenset(("br", "col", "hr", "img", "input", "link", "meta"))


class Page(HTMLParser):
    """What a page has that rules are about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.ids: Counter[str] = Counter()
        self.named: set[str] = set()
        self.boxes: list[tuple[str, bool]] = []
        self.headings = self.primary = 0
        self.inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if "id" in said:
            self.ids[said["id"]] += 1
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        if tag == "form":
            self.forms.append(said)
        if tag == "label" and "for" in said:
            self.named.add(said["for"])
        self.headings += tag == "h1"
        classes = said.get("class", "").split()
        self.primary += "btn" in classes and "quiet" not in classes
        if tag == "input" and "form" in self.inside and said.get("type") == "hidden":
            self.forms[-1][f"hidden {said['name']}"] = said["value"]
        elif tag in ("input", "select", "textarea"):
            self.boxes.append((said.get("id", ""), "label" in self.inside or "aria-label" in said))
        if tag not in VOID:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.inside, f"</{tag}> ends nothing"
        assert self.inside.pop() == tag

    def wrong(self) -> list[str]:
        """Which rules it breaks."""
        found = [f"{self.headings} h1"] if self.headings != 1 else []
        found += [f"{self.primary} primary buttons"] if self.primary > 1 else []
        found += [f"the id {id} {count} times" for id, count in self.ids.items() if count > 1]
        found += [f"no label: {id}" for id, named in self.boxes if not named and id not in self.named]
        for form in self.forms:
            posts, action = form.get("method") == "post", form.get("action", "")
            if posts and not form.get("hidden csrf"):
                found.append(f"no csrf: {action}")
            if posts and not form.get("hidden key") and not action.startswith(KEYLESS):
                found.append(f"no key: {action}")
        return found


@pytest.mark.parametrize("person", ["tom", "ned", "olga"])
def test_every_link_leads_somewhere_and_every_page_keeps_the_rules(busy: House, person: str) -> None:
    """For staff, for staff without the role, and for operators."""
    visitor, seen, waiting, wrong = busy.visitor(person), {"/"}, ["/"], []
    while waiting:
        path = waiting.pop()
        answer = visitor.get(path)
        if answer.status_code == 303:
            links = [answer.headers["location"]]
        elif answer.status_code != 200:
            wrong.append(f"{path}: {answer.status_code}")
            continue
        elif not answer.headers["content-type"].startswith("text/html"):
            links = []
        else:
            page = Page(answer.text)
            links = page.links
            wrong += [f"{path}: {one}" for one in page.wrong()]
        for link in links:
            to = urlsplit(urljoin(path, link))
            address = to._replace(fragment="").geturl()
            if to.netloc or address.startswith(ELSEWHERE) or "day=" in to.query or address in seen:
                continue
            seen.add(address)
            waiting.append(address)
    assert wrong == []
    assert len(seen) > (60 if person == "olga" else 8)
