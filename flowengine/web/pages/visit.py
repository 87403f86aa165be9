"""A visit: one request for a page, as the function that answers it sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flowengine.client.asking import keyed
from flowengine.client.desk import Desk
from flowengine.client.local import LocalDesk
from flowengine.client.wire import asking
from flowengine.commands.sessions import csrf_of
from flowengine.core.values import Actor
from flowengine.engine import Engine
from flowengine.errors import BadAnswer
from flowengine.language.model import Process
from flowengine.people.identities import By, Identity
from flowengine.reading.changes import interest, looked
from flowengine.speech.languages import LANGUAGES, SOURCE, wished
from flowengine.speech.telling import Speech
from flowengine.views.replies import PersonView
from flowengine.web.cookies import language_chosen, secret_of
from flowengine.web.events import MINE
from flowengine.web.pages.posted import Posted

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""What a browser lets a page do: load what is ours, and nothing that stands in it."""


class Visit:
    """Who asks for a page, what he sent, and how he is answered.

    ``who`` is None on a page that is for anybody, where nobody is signed in. ``posted`` is empty for a ``GET``.
    """

    def __init__(self, request: Request, who: By | None, posted: Posted) -> None:
        self.request, self.who, self.posted = request, who, posted
        self.engine: Engine = request.app.state.engine
        self.here: str = request.scope.get("root_path", "").rstrip("/")
        """Where the application stands, for addresses: ``{here}/jobs/…``."""

    # who

    @cached_property
    def desk(self) -> Desk:
        """The desk of who asks: all that a page does is asked of it, so that it may do what he may (L4), and, where a
        form with a key was sent, does so once (L3)."""
        assert self.who is not None, "a page that is for anybody asks the engine itself"
        return FormDesk(self.engine, self.who, self.posted.get("key"), language=self.language)

    @contextmanager
    def still(self) -> Iterator[None]:
        """The looks of his desk within see one moment, in one transaction."""
        assert self.who is not None, "only who is signed in has a desk"
        desk = self.desk
        with self.engine.looking() as engine:
            self.__dict__["desk"] = LocalDesk(engine, self.who, language=self.language)
            try:
                yield
            finally:
                self.__dict__["desk"] = desk

    @cached_property
    def me(self) -> PersonView | None:
        """The person who asks; None for nobody, and for a program."""
        return LocalDesk(self.engine, self.who).me if self.who is not None else None

    def process(self, name: str, version: str | None = None) -> Process:
        """A process with titles of states and roles, the latest version unless one is named. Raises NotFound."""
        assert self.who is not None, "only who is signed in is told of processes"
        return self.engine.process(name, version, by=self.who)

    @property
    def kind(self) -> str:
        """``customer``, ``staff``, ``operator``, or empty for nobody."""
        if isinstance(self.who, Actor):
            return self.who.kind
        if self.me is None:
            return ""
        return "operator" if "operator" in self.me.roles else self.me.kind

    @property
    def only_job(self) -> str:
        """The full id of the one job that he came for by a link; empty for who is known better."""
        return self.who.job if isinstance(self.who, Identity) else ""

    @cached_property
    def menu(self) -> tuple[tuple[str, str], ...]:
        """The main pages of who asks, as path and words."""
        say = self.speech.say
        if self.only_job:
            return ()
        if self.kind == "operator":
            main = [("/ops", say("Jobs")), ("/ops/incidents", say("Incidents")), ("/ops/processes", say("Processes"))]
            main += [("/work", say("Work")), ("/calendar", say("Calendar")), ("/customers", say("Customers"))]
            main += [("/ops/people", say("People")), ("/ops/settings", say("Settings"))]
        elif self.kind == "staff":
            main = [("/work", say("Work")), ("/calendar", say("Calendar")), ("/customers", say("Customers"))]
        else:
            main = [("/", say("My jobs"))]
        me = [("/me", self.me.name or self.me.id)] if self.me is not None else []
        return (*main, *me)

    @property
    def others_at(self) -> str:
        """Where one can be somebody else, where that can be chosen; else empty."""
        found: str = getattr(self.request.app.state, "others_at", "")
        return found

    def door(self, back: str, *, stronger: bool = False) -> str:
        """Where one signs in, or shows more of who one is (``stronger``), and comes ``back`` from: at the host's own
        page where it has one."""
        elsewhere: str = self.request.app.state.sign_in_at
        if elsewhere:
            return f"{elsewhere}?{urlencode({'next': self.here + back})}"
        return f"{self.here}/login{'/code' if stronger else ''}?back={quote(back, safe='')}"

    # what was asked

    def part(self, name: str) -> str:
        """A part of the path: ``{job}``."""
        return str(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        """A field of the query."""
        return self.request.query_params.get(name, default)

    def known(self, job: str) -> str:
        """What he knows who sees this page of a job, or of all that is his (``mine``), as events have it: so he hears
        of what has changed before he began to listen."""
        if self.who is None:
            return ""
        shell = self.engine.shell
        wanted = interest(shell, self.who, "" if job == MINE else job)
        return looked(shell, [wanted]).get(wanted, "")

    def written(self, name: str) -> str:
        """What was written in a box. Raises BadAnswer where there was nothing in it."""
        text = self.posted.get(name)
        if not text.strip():
            raise BadAnswer({name: self.speech.say("Please write something.")})
        return text

    @property
    def asked_for(self) -> str:
        """The address of this page below where the application stands, with its query: where to come back to."""
        url = self.request.url
        path = url.path.removeprefix(self.here) or "/"
        return f"{path}?{url.query}" if url.query else path

    def attached(self, name: str, job: str = "") -> list[str]:
        """The ids of the files that were chosen in a box, which are kept now, and of those that were kept when the form
        was refused before. Raises BadAnswer."""
        chosen = self.posted.files.get(name, ())
        return [*self.posted.all(f"{name}.kept"), *(self.desk.attach(one.name, one.data, job).id for one in chosen)]

    # how he is spoken to

    @cached_property
    def language(self) -> str:
        """In which he is spoken to: that which he chose on this device, his own, that of his browser, that of the
        house."""
        chosen = language_chosen(self.request)
        own = self.me.language if self.me is not None else ""
        browsers = wished(self.request.headers.get("accept-language", ""))
        return (chosen if chosen in LANGUAGES else own) or browsers or self.engine.shell.settings.language or SOURCE

    @cached_property
    def speech(self) -> Speech:
        """In his language and zone."""
        zone = self.me.zone if self.me is not None else ""
        return Speech(self.language, zone, self.engine.clock.now(), self.engine.shell.settings.zone)

    def at_home(self, zone: str) -> None:
        """What the page is about is in that time zone: so moments are told, where the reader's own is not known."""
        self.__dict__["speech"] = replace(self.speech, zone=self.speech.zone or zone)

    @property
    def csrf(self) -> str:
        """What each form of a page sends along as ``csrf``."""
        secret = secret_of(self.request)
        return csrf_of(secret) if secret else ""

    @property
    def another_key(self) -> str:
        """A new key each time: on a page with several forms each has its own, so that none is taken for another."""
        return uuid4().hex

    @cached_property
    def key(self) -> str:
        """A new key for a form (``key``): sent twice, it does once (L3)."""
        return uuid4().hex

    @cached_property
    def assets(self) -> Mapping[str, str]:
        """Where files that pages load are, by their names: ours, and the pictures of the house."""
        return {name: self.here + path for name, path in self.request.app.state.assets.paths.items()}

    # answers

    def page(self, template: str, /, status: int = 200, **what: Any) -> Response:
        """A page made of a template, which is given ``what`` beside what all pages are given."""
        state = self.request.app.state
        content = state.renderer.render(
            template, self.speech, visit=self, here=self.here, look=state.look, languages=LANGUAGES,
            assets=self.assets, **what,
        )  # fmt: skip
        headers = {"content-security-policy": POLICY, "cache-control": "no-store"}
        return Response(content, status, headers, media_type="text/html; charset=utf-8")

    def go(self, path: str, query: Mapping[str, str] | None = None) -> Response:
        """On to another page of ours (303): ``path`` begins with ``/`` and is escaped already (:func:`at`)."""
        more = "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items()) if query else ""
        return RedirectResponse(self.here + path + more, 303, {"cache-control": "no-store"})


class FormDesk(LocalDesk):
    """A desk for what a form has sent. Under the form's key each verb that takes none itself is done once; one that is
    asked for something else, for the form was changed and sent again, is another request."""

    def __init__(self, engine: Engine, who: By, key: str, *, language: str = "") -> None:
        super().__init__(engine, who, language=language)
        self._form = key[:_LONGEST_FORM_KEY]

    def _ask(self, verb: str, /, *given: Any, **named: Any) -> Any:
        request = keyed(verb, given, named, self._form) if self._form else None
        if request is None or asking(verb).key is not None:
            return super()._ask(verb, *given, **named)
        said = sha256(request.said).hexdigest()[:32]
        request = request._replace(key=f"{self._form} {verb} {said}")
        return asking(verb).answer(self.ask_once(request, given, named).content)


_LONGEST_FORM_KEY = 100


def at(*parts: str) -> str:
    """The path of a page: ``at("jobs", id)``, each part escaped."""
    return "/" + "/".join(quote(part, safe="") for part in parts)
