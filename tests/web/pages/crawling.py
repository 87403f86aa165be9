"""Pages looked at as a browser would: what stands in them, and all that their links lead to."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from house import Visitor
from httpx import Response

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


@dataclass
class Crawl:
    """All pages that somebody can reach by links, by their addresses, and what was wrong on the way."""

    pages: dict[str, Response] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def of_each_sort(self) -> list[str]:
        """One address of each sort of page: those that differ in an id alone are of one sort. The longest page of a
        sort has the most on it."""
        found: dict[str, str] = {}
        for path in sorted(self.pages, key=lambda one: len(self.pages[one].content)):
            found[sort_of(path, self.pages[path])] = path
        return sorted(found.values())


_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}(\.\d+)?|(?<=/)\d+(?=/|$)")


_MARKS = ("ways", "days", "pick", "amounts", "tally", "held", "booked", "parts")


def sort_of(path: str, answer: Response) -> str:
    """What kind of page it is: its path without ids and query, and of a step which sort of form it has."""
    plain = re.sub(r"(/customers/|/ops/people/|/start/|/begin/|/ops/processes/)[^/?]+", r"\1x", urlsplit(path).path)
    plain = _IDS.sub("x", plain)
    if not plain.startswith(("/steps/", "/work/")):
        return plain
    return " ".join([plain, *(one for one in _MARKS if re.search(rf'(class|id)="{one}[" ]', answer.text))])


def crawl(visitor: Visitor, start: str = "/") -> Crawl:
    """Follow all links of pages of ours."""
    found, seen, waiting = Crawl(), {start}, [start]
    while waiting:
        path = waiting.pop()
        answer = visitor.get(path)
        if answer.status_code == 303:
            links = [answer.headers["location"]]
        elif answer.status_code != 200:
            found.wrong.append(f"{path}: {answer.status_code}")
            continue
        elif not answer.headers["content-type"].startswith("text/html"):
            links = []
        else:
            page = Page(answer.text)
            links = page.links
            found.pages[path] = answer
            found.wrong += [f"{path}: {one}" for one in page.wrong()]
        for link in links:
            to = urlsplit(urljoin(path, link))
            address = to._replace(fragment="").geturl()
            if to.netloc or address.startswith(ELSEWHERE) or "day=" in to.query or address in seen:
                continue
            seen.add(address)
            waiting.append(address)
    return found
