"""Forms of a page as a browser without scripts has them: what it would send, and where."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from house import Visitor
from httpx import Response


class Form:
    """One form of a page: ``values`` are what stands in it, all of a name in order; ``empty`` are the boxes in
    which nothing stands."""

    def __init__(self, attributes: dict[str, str]) -> None:
        self.action = attributes.get("action", "")
        self.posts = attributes.get("method") == "post"
        self.empty: list[str] = []
        self.values: dict[str, list[str]] = {}
        self.buttons: list[dict[str, str]] = []

    def value(self, name: str) -> str:
        """What stands in a box."""
        return next(iter(self.values.get(name, [])), "")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.area = self.picked = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(said))
        if not self.forms:
            return
        values, name = self.forms[-1].values, said.get("name", "")
        if tag == "input" and name and said.get("type") != "file":
            if said.get("type") not in ("radio", "checkbox") or "checked" in said:
                values.setdefault(name, []).append(said.get("value", ""))
                if said.get("type") != "hidden" and not said.get("value"):
                    self.forms[-1].empty.append(name)
        elif tag == "textarea":
            self.area = name
            self.forms[-1].empty.append(name)
            values.setdefault(name, []).append("")
        elif tag == "select":
            self.picked = name
        elif tag == "option" and "selected" in said:
            values.setdefault(self.picked, []).append(said.get("value", ""))
        elif tag == "button":
            self.forms[-1].buttons.append(said)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.forms[-1].values[self.area][-1] += data.removeprefix("\n") if data != "\n" else ""


def forms_of(page: Response) -> list[Form]:
    """All forms of a page."""
    reader = _Reader()
    reader.feed(page.text)
    return reader.forms


def form_of(page: Response, action: str) -> Form:
    """The first form of a page that is sent to an address that ends in ``action``, or else has it in it."""
    fitting = [form for form in forms_of(page) if action in form.action]
    return next((form for form in fitting if form.action.endswith(action)), fitting[0])


def send(visitor: Visitor, page: Response, action: str, files: Any = None, /, **typed: Any) -> Response:
    """Fill a form in and send it, as it stands but for what is typed; ``__`` in a name is a point."""
    form = form_of(page, action)
    values: dict[str, Any] = {**form.values, **{name.replace("__", "."): value for name, value in typed.items()}}
    return visitor.post(form.action, values, files)
