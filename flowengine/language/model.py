"""What a process file says, as frozen values.

A :class:`Process` holds one root :class:`Scope`. A scope is a flat set of states with one start; ``parallel``, ``each``
and ``stage`` states hold scopes of their own, so scopes nest as a tree. Everything that can be written in two ways
in the file (``next`` or ``on``, one audience or a list) has one form here.

:class:`State` is what all types of states have in common, and all that the rest of the house asks of a type: each type
in :mod:`flowengine.language.types` is a class that says where it differs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from flowengine.language.durations import Duration, Length
from flowengine.language.expressions import Expression
from flowengine.language.limits import Limits
from flowengine.language.outcomes import outcome_words
from flowengine.language.parser.records import Gives, Key, Values
from flowengine.language.parser.scalars import titled
from flowengine.language.parser.session import Reading, text_key
from flowengine.language.parts import (
    ATTENTION,
    EXPIRED,
    SKIPPED,
    WANTING,
    Always,
    Answerers,
    Audience,
    Calendar,
    Escalation,
    Field,
    Group,
    Option,
    Pick,
    Reminder,
    Role,
    Route,
    Show,
    Trigger,
    When,
    options_of,
)
from flowengine.language.texts import Text
from flowengine.language.value_shapes import Lists, Record, Saved, Shape
from flowengine.problem import Place, Problem
from flowengine.speech.languages import SOURCE
from flowengine.speech.phrases import phrase
from flowengine.speech.words import ENGLISH, Words

_SENTENCE = re.compile(r"[^.?!\n]+(?:[.?!](?=\s|$)|\n|$)")
_LONGEST_WORDS = 60
"""Characters that a question may have which stands for its state in a list."""

Symbol: TypeAlias = Literal["task", "code", "clock", "message", "decision", "tell", "several", "fulfilled", "ended"]
"""How a state is drawn; where customers take part, it is drawn as theirs instead."""


class Held(NamedTuple):
    """What a state holds under a key: an expression, or what may stand in its place, which the checks pass over."""

    value: object
    key: str
    gives: Gives = "anything"
    variables: tuple[str, ...] = ()


class Meant(NamedTuple):
    """A name in a state that must mean something: a calendar, a list of options, or another state."""

    kind: Literal["calendar", "options", "state"]
    name: str
    place: Place
    key: str = ""


class Ids(NamedTuple):
    """Where an answer holds ids that a person does not read: below ``key`` of what is saved, of options of ``source``,
    or of persons where that is None. A question named ``question`` asks for them. Below ``titles`` those are saved of
    the options that the file does not list."""

    key: str
    source: object = None
    question: str = ""
    titles: tuple[str, ...] = ()


class Awaited(NamedTuple):
    """The message that a state waits for; one that came up to ``keep`` earlier counts. ``for_all``: it is for all who
    wait for it, not for one of them."""

    message: str
    key: Expression | None
    keep: Duration | None
    for_all: bool = False


class Limited(NamedTuple):
    """What is taken under limits: in words, from which source, how many at least and at most, and whether one thing
    may be taken several times."""

    what: str
    source: object
    limits: Limits
    least: int
    most: int
    repeated: bool = False


def _expressions(shown: Text | Expression) -> tuple[Expression, ...]:
    return (shown,) if isinstance(shown, Expression) else shown.expressions


class Fact(NamedTuple):
    """What an answer comes to, for people. A price is told with what it is the ``price_of``."""

    title: str
    value: Any
    price_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What all states have. ``on`` maps each outcome to its routes; the first whose ``when`` holds is taken."""

    # what the file may say
    type: ClassVar[str]
    is_noun: ClassVar[bool] = True
    """Whether the type's name is a noun, with which a sentence can name such a state."""
    keys: ClassVar[tuple[Key, ...]] = ()
    exactly_one: ClassVar[tuple[str, ...]] = ()
    at_least_one: ClassVar[tuple[str, ...]] = ()
    in_race: ClassVar[bool] = False
    """Whether it can be a member of a race."""

    words_key: ClassVar[str] = "ask"
    """The key under which the file says the words of ``ask``."""

    # outcomes
    outcomes: ClassVar[tuple[str, ...]] = ()
    """The outcomes that the type itself knows, the usual one first; ``expired`` comes with ``within``."""
    only_fields: ClassVar[bool] = False
    """Whether the answers to its fields are all that it saves."""
    open_outcomes: ClassVar[bool] = False
    """Whether a designer may add outcomes of his own, by naming them in ``on``."""
    rare: ClassVar[frozenset[str]] = frozenset()
    """Outcomes of which nobody hopes that they come, beside ``expired``."""
    expires: ClassVar[bool] = True
    """Whether ``within`` ends it as ``expired``; else it ends with an outcome of its own."""

    # how it waits
    customer: ClassVar[bool] = False
    """Whether the type always waits for the customer."""
    rates: ClassVar[bool] = False
    """Whether its answer is a rating."""
    only_waits: ClassVar[bool] = False
    """Whether nothing has happened yet when it is entered, so that it can be offered with others."""
    passes: ClassVar[bool] = False
    """Whether it waits for nothing, so that a job goes through it at once."""
    is_start: ClassVar[bool] = False
    """Whether a job begins in it, and never comes there again."""
    is_end: ClassVar[bool] = False
    settled_at_entry: ClassVar[tuple[str, ...]] = ()
    """The keys whose expressions are evaluated for good when a job enters it; with a dot, all that is below the key."""

    # what is told of it
    symbol: ClassVar[Symbol] = "task"
    moves: ClassVar[Mapping[str, str]] = {}
    """What the history says of what leaves the step open, by the move; ``%(what)s`` is the title, ``%(at)s`` the
    appointment, ``%(choice)s`` what was voted for."""
    endings: ClassVar[Mapping[str, str]] = {}
    """What the history says of how somebody ended it, by the outcome; ``%(what)s`` is the state's title, ``%(title)s``
    what he was asked."""
    replies: ClassVar[Mapping[str, str]] = {}
    """What whoever acts on it is told then, in the second person, by the outcome or the move; ``%(what)s`` is what it
    is called, ``%(at)s`` the appointment, ``%(choice)s`` what was voted for, ``%(words)s`` what he said. Customers are
    thanked, staff are not. What is not there is told as :meth:`replied` says."""

    name: str
    title: str
    ask: Text | None = None
    shows: tuple[Show, ...] = ()
    fields: tuple[Field, ...] = ()
    thanks: Mapping[str, Text] = field(default_factory=dict)
    """The file's own words for who has acted, by the outcome or move; under an empty text those for :attr:`thanked`."""
    saves: str = ""
    """The dotted place in ``data`` where the answer goes; the parser fills in the state's name."""
    within: When | None = None
    remind: tuple[Reminder, ...] = ()
    escalate: tuple[Escalation, ...] = ()
    claim: Length | None = None
    """For how long somebody may have claimed it before it waits for all again."""
    attention: Length | None = None
    """After how long in it somebody has to look, where the file says so for this state."""
    deadline_moved_by: tuple[Audience, ...] = ()
    """Who may move its deadline, beside operators."""
    closed_to: tuple[str, ...] = ()
    """The roles to which the record of what happens in it is closed."""
    takes: Length | None = None
    uses: tuple[str, ...] = ()
    """The places of picks in the data of which it uses up what was chosen, when it is left as usual."""
    phase: str = ""
    optional: bool = False
    """Whether whoever is asked may go without it: it is ``skipped`` then, and saves nothing."""
    asks: str = ""
    """How surely it has to be known who acts: one of :data:`~flowengine.language.parts.STRENGTHS`, or as is usual."""
    on: Mapping[str, tuple[Route, ...]] = field(default_factory=dict)
    derived: str = field(default="", compare=False)
    """The title that its name gives, in the language of the process."""
    outcome_words: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What the outcomes are called that the designer names, as titles, in the language of the process."""
    place: Place = field(default=Place(), compare=False)

    @classmethod
    def called(cls) -> str:
        """A state of the type, in a sentence."""
        if not cls.is_noun:
            return f"a state of type {cls.type}"
        return f"an {cls.type}" if cls.type[0] in "aeiou" else f"a {cls.type}"

    @classmethod
    def settle(cls, values: Values, reading: Reading) -> None:
        """Settle what the keys say between them, before the state is made."""

    # whom it asks

    @property
    def audience(self) -> tuple[Audience, ...]:
        """Whom the state's step waits for; empty when it waits for nobody."""
        return (Audience(kind="customer"),) if self.customer else ()

    @property
    def companions(self) -> tuple[Audience, ...]:
        """Who meets those who are asked."""
        return ()

    @property
    def readers(self) -> tuple[Audience, ...]:
        """Who reads ``ask`` and ``shows``."""
        return self.audience

    @property
    def for_customers(self) -> bool:
        """Whether customers are among those whom it waits for."""
        return self.customer or any(one.has_customers for one in self.audience)

    @property
    def answered_by_customer(self) -> bool:
        """Whether its fields are the job's customer's own answers."""
        return self.customer or (bool(self.audience) and all(one.kind == "customer" for one in self.audience))

    @property
    def has_deadline(self) -> bool:
        """Whether it ends by itself when nobody does anything."""
        return self.within is not None

    @property
    def is_watched(self) -> bool:
        """Whether it waits for staff, for code or for the outside, and nothing in it happens if that takes long: it has
        no deadline and no escalation. A job that it begins here is watched itself."""
        if self.is_start or self.is_end or self.passes or self.scopes or self.begins or self.for_customers:
            return False
        return not (self.has_deadline or any(one.escalate for one in self.members.values()))

    @property
    def times(self) -> tuple[When, ...]:
        """Its deadline, and when a wait is over."""
        return () if self.within is None else (self.within,)

    @property
    def moments(self) -> tuple[tuple[str, Expression], ...]:
        """The moments until which it waits, beside a deadline, each with the outcome that comes then."""
        return ()

    @property
    def lines(self) -> tuple[Show, ...]:
        """The lines that whoever it waits for is shown."""
        return tuple(one for one in self.shows if one.kinds is None)

    @property
    def panel(self) -> tuple[str, ...] | None:
        """The kinds of facts that those inside are shown of the customer; None where the file does not say."""
        return next((one.kinds for one in self.shows if one.kinds is not None), None)

    # what it holds, and what it is made of

    @property
    def members(self) -> Mapping[str, State]:
        """What waits in it, by name: itself, which has none; of a race its members."""
        return {"": self}

    def member(self, name: str) -> State:
        """The member of that name, else the state itself."""
        return self

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The scopes inside the state."""
        return ()

    def expressions(self) -> Iterator[Held]:
        """The expressions that the type's own keys hold."""
        for key in self.keys:
            if key.gives:
                value = getattr(self, key.attribute)
                for name, one in value.items() if isinstance(value, Mapping) else (("", value),):
                    yield Held(one, f"{key.name}.{name}" if name else key.name, key.gives, key.variables)

    @property
    def lengths(self) -> Iterator[When | None]:
        """The lengths of time in it, as the file says them, and what stands in the place of one."""
        yield from (*self.times, self.takes, self.attention, self.claim)
        for reminder in self.remind:
            yield from (reminder.after, reminder.every)
        yield from (one.after for one in self.escalate)

    @property
    def names(self) -> Iterator[Meant]:
        """The names in it that must mean something, beside people and targets."""
        yield from ()

    @property
    def ids(self) -> Iterator[Ids]:
        """The ids in what it saves, beside those of its fields."""
        yield from ()

    @property
    def takes_another_answer(self) -> bool:
        """Whether somebody who has answered among several may answer anew."""
        return False

    @property
    def signed(self) -> bool:
        """Whether who answers puts his name to it: for somebody else only who may sign for him."""
        return False

    @property
    def priced(self) -> bool:
        """Whether it tells money of those whom it asks."""
        texts = (self.ask, *(line.value for line in self.shows))
        asked = (one for text in texts if text is not None for one in _expressions(text))
        return any("money" in one.functions or any(path[-1].endswith("price") for path in one.paths) for one in asked)

    @property
    def awaited(self) -> Awaited | None:
        """The message that it waits for."""
        return None

    @property
    def handlers(self) -> tuple[str, ...]:
        """The handlers, and addresses, that it calls."""
        return ()

    @property
    def undone_in_words(self) -> Text | None:
        """What its customer is told of it, where what it has done is undone."""
        return None

    @property
    def begins(self) -> tuple[str, ...]:
        """The processes of which it begins a job here."""
        return ()

    @property
    def calendar_name(self) -> str | None:
        """The calendar in which it is booked, perhaps one of its own without a name; None for what is not booked."""
        return None

    @property
    def answered_by_several(self) -> bool:
        """Whether several people answer it, one after another, before it is over."""
        return False

    @property
    def shown_while_it_runs(self) -> Literal["", "batches", "whole"]:
        """Whether it is shown how it stands before it is over, and whether only in batches that hide one ballot."""
        return ""

    @property
    def elapses(self) -> bool:
        """Whether it waits for the clock, and for nothing else."""
        return False

    @property
    def asks_each(self) -> bool:
        """Whether it asks each of those it lists for an answer of his own."""
        return False

    @property
    def chosen_from(self) -> Iterator[tuple[str, object, int, Place]]:
        """What is chosen: in words, from which source, how many at least, and where the file says it."""
        yield from ()

    @property
    def picks(self) -> Mapping[str, Pick]:
        """What is picked in it, by name."""
        return {}

    @property
    def picked(self) -> Iterator[tuple[str, Pick]]:
        """Where in the data it is saved what is picked in it or in its members: the place, and what is picked."""
        for member in self.members.values():
            saves = (member.saves if member is not self else "") or self.saves or self.name
            yield from ((f"{saves}.{name}", pick) for name, pick in member.picks.items())

    @property
    def most_options(self) -> int | None:
        """From how many options at most it can be chosen; None: from as many as there are."""
        return None

    @property
    def limited(self) -> Iterator[Limited]:
        """What is taken under limits."""
        yield from ()

    @property
    def quorum_of_seats(self) -> int | None:
        """How many of those who have a seat at its step must say yes; None: all."""
        return None

    # where it leads

    @property
    def ways(self) -> Mapping[str, tuple[Route, ...]]:
        """All ways on, by outcome."""
        return self.on

    @property
    def routes(self) -> Iterator[tuple[str, int, Route]]:
        """All ways on: the outcome, which of its routes, and the route."""
        for outcome, routes in self.ways.items():
            for index, route in enumerate(routes):
                yield outcome, index, route

    @property
    def own_outcomes(self) -> tuple[str, ...]:
        """The outcomes of its type, and that of going without it, where that may be."""
        return (*self.outcomes, SKIPPED) if self.optional else self.outcomes

    @property
    def possible(self) -> tuple[str, ...]:
        """The outcomes that it can have, apart from those that the designer names."""
        return (*self.own_outcomes, EXPIRED) if self.within is not None and self.expires else self.own_outcomes

    @property
    def ending(self) -> tuple[str, ...]:
        """All outcomes with which it may be left."""
        named = tuple(one for one in self.on if one not in self.possible)
        return (*(one for one in self.possible if one in self.on or not self.open_outcomes), *named)

    @property
    def answering(self) -> str:
        """The outcome with which all that it asks must be answered: the usual one where it leads somewhere, else the
        first that the designer names."""
        usual = self.outcomes[0]
        return usual if usual in self.on else next((one for one in self.on if one not in self.possible), usual)

    @property
    def alone(self) -> tuple[str, ...]:
        """The outcomes that it comes to though nobody does anything: by the clock, or by code."""
        return (EXPIRED,) if EXPIRED in self.possible else ()

    @property
    def must_lead(self) -> tuple[str, ...]:
        """The outcomes, of its own, that must lead somewhere."""
        return self.own_outcomes[len(self.outcomes) :] if self.open_outcomes else self.own_outcomes

    def is_skipping(self, outcome: str) -> bool:
        """Whether the outcome is that of going without it."""
        return self.optional and outcome == SKIPPED

    def knows(self, outcome: str) -> bool:
        """Whether ``on`` may name the outcome."""
        return outcome in self.possible or (self.open_outcomes and outcome != EXPIRED)

    def refuses(self, outcome: str) -> bool:
        """Whether an outcome that finds no way is refused to a person, who can act otherwise; the clock, code and
        joins cannot be refused."""
        return outcome != EXPIRED and bool(self.audience)

    def is_rare(self, outcome: str) -> bool:
        """Whether nobody hopes for the outcome."""
        return outcome == EXPIRED or outcome in self.rare or self.is_skipping(outcome)

    def is_usual(self, outcome: str) -> bool:
        """Whether people hope for the outcome, or may well choose it."""
        return not self.is_rare(outcome)

    # what its answer saves

    def saved(self, outcome: str, lists: Lists) -> Saved | None:
        """What is saved with an outcome, and where; None: nothing."""
        shape = None if outcome == EXPIRED or self.is_skipping(outcome) else self.shape(outcome, lists)
        if shape is None:
            return None
        hidden = not isinstance(shape, Record) and not self.for_customers
        return Saved(tuple((self.saves or self.name).split(".")), shape, self.surely(outcome), hidden)

    def shape(self, outcome: str, lists: Lists) -> Shape | None:
        """The shape of what is saved with an outcome, and which parts of it no customer may see; None: nothing."""
        return None

    def surely(self, outcome: str) -> bool:
        """Whether something is saved each time it has the outcome."""
        return True

    @property
    def saves_anything(self) -> bool:
        """Whether what it saves may have other keys than :meth:`saved` says of the type's own outcomes."""
        return False

    def told_keys(self, keys: frozenset[str]) -> frozenset[str]:
        """Of the keys of what is saved, those that the job's customer is told when he asks what is known."""
        return keys if self.answered_by_customer else self.marked

    @property
    def marked(self) -> frozenset[str]:
        """The fields that are marked to be shown."""
        return frozenset(one.name for one in self.fields if one.show)

    def facts(self, saved: Mapping[str, Any], options: Mapping[str, tuple[Option, ...]]) -> Iterator[Fact]:
        """What is known beside the fields, from what was saved, as far as the reader may see it."""
        yield from ()

    @property
    def inner_options(self) -> frozenset[str]:
        """The questions whose options hold inner data beside what people choose by."""
        return frozenset()

    # what is told of it

    @property
    def customers_word(self) -> str:
        """What a customer may know of it: its phase, or, where it waits for customers, its title or what it asks (L9);
        of the members of a race only those that do. Empty where the file has no words for it."""
        asked = (one.in_short for one in self.members.values() if one.for_customers)
        return self.phase or " or ".join(word for word in dict.fromkeys(asked) if word)

    @property
    def in_short(self) -> str:
        """The words that the file has for it in a list: its title, else the first sentence of what it asks, or what of
        it stands before a colon, as far as that is short and says the same in each job."""
        if self.has_title or self.ask is None:
            return self.title if self.has_title else ""
        first = self.ask.parts[0] if self.ask.parts and isinstance(self.ask.parts[0], str) else ""
        found = _SENTENCE.match(first)
        words = found[0].strip() if found and len(found[0]) <= _LONGEST_WORDS else ""
        cut = found is not None and found.end() == len(first) and len(self.ask.parts) > 1
        return "" if cut and not words.endswith((".", "?", "!", ":")) else words.rstrip(".:")

    @property
    def detail(self) -> str | When:
        """What the clock, code or the outside does in it, on one line."""
        return ""

    def ended(self, reader: Words, outcome: str, title: str, saved: Mapping[str, Any], *, decided: bool) -> str:
        """What the history says when somebody has ended it; ``decided``: after the last of several answers, which is
        told already."""
        words = phrase("said no, thanks: %(title)s") if self.is_skipping(outcome) else self.endings.get(outcome)
        if words:
            return reader.say(words, what=self.title, title=title)
        return f"{title}: {reader.tell(self.word_of(outcome))}"

    def replied(
        self, reader: Words, outcome: str, saved: Mapping[str, Any], about: Mapping[str, str], way: str = ""
    ) -> str:
        """What whoever ended it so, or made that move, is told, in the second person. ``about`` fills what
        :attr:`replies` names; ``way`` is the title of the one way that the outcome has."""
        if self.is_skipping(outcome):
            return reader.say("You go on without it: %(what)s", **about)
        words = self.replies.get(outcome)
        if words:
            return reader.say(words, **about)
        return reader.say("Thank you. %(what)s: %(way)s", **{**about, "way": way or self.word_of(outcome)})

    @property
    def thanked(self) -> frozenset[str]:
        """The outcomes, or moves, for which one text of ``thanks`` is meant."""
        return frozenset((self.answering,))

    @property
    def thanked_at_once(self) -> bool:
        """Whether ``thanks`` are said as somebody answers, though the state may go on; else they are said once it is
        over, and what was answered is saved."""
        return self.answered_by_several

    @property
    def thankable(self) -> tuple[str, ...]:
        """The outcomes, or moves, that ``thanks`` may name."""
        return (*self.own_outcomes, *(one for one in self.on if one not in self.possible))

    def thanks_for(self, outcome: str) -> Text | None:
        """The file's own words for who has ended it so, or made that move."""
        return self.thanks.get(outcome) or (self.thanks.get("") if outcome in self.thanked else None)

    def word_of(self, outcome: str) -> str:
        """What an outcome is called in a sentence: as the file has it in another language, else as we do."""
        told = self.outcome_words.get(outcome, "")
        return outcome_words(outcome) if told in ("", titled(outcome)) else told

    def called_by(self, asked: str) -> str:
        """What it is called in a sentence: its title, where the file gives it one, else what was asked."""
        return self.title if self.has_title or not asked else asked

    @property
    def has_title(self) -> bool:
        """Whether the file gives it a title, and not only its name does."""
        return self.title != (self.derived or titled(self.name))

    def titles(self, options: Mapping[str, tuple[Option, ...]]) -> Mapping[str, str]:
        """The titles of the options that the file lists for it, by id."""
        return {str(one.id): one.title for ids in self.ids for one in options_of(ids.source, options)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A flat set of states with one start. ``path`` names it: ``""`` is the root, ``making/cloth`` a branch."""

    path: str
    start: str
    states: Mapping[str, State]
    always: tuple[Always, ...] = ()
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process file. ``version`` is the first 12 hexadecimal digits of the SHA-256 of what it means
    (:mod:`flowengine.language.meaning`), so that comments, line ends and quotes make no other version; one that was in
    use before versions were of the meaning keeps the one it had, made of its ``source``."""

    name: str
    title: str
    need: str
    version: str
    source: str = field(repr=False)
    file: str = field(default="", compare=False)
    roles: Mapping[str, Role] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    options: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    promise: Expression | None = None
    """The moment (or date) that is promised to the customer; ``promise: {by: …}`` in the file."""
    promise_kept: Expression | None = None
    """When the promise is kept, if that is before the job is fulfilled; ``promise: {by: …, kept: …}`` in the file."""
    zone: str = ""
    """The time zone of its days and times of day; empty: that of the installation."""
    starts: tuple[Trigger, ...] = ()
    """What starts jobs by itself."""
    attention: Length = ATTENTION
    """After how long in a state that :attr:`State.is_watched` somebody has to look, where the state says no other."""
    questions: Answerers | None = None
    """Who answers questions about its jobs, and within how long."""
    concerns: Answerers | None = None
    """Who answers concerns, and within how long."""
    closed_to: tuple[str, ...] = ()
    """The roles to which the record of its jobs is closed."""
    currency: str = ""
    """The currency of its prices, as ISO 4217 has it; empty: they are numbers."""
    language: str = SOURCE
    """The language of its texts."""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Its texts in other languages: by language, and by the text as it stands in the file."""
    others: Mapping[str, Process] = field(default_factory=dict, compare=False, repr=False)
    """The same process in each of these languages; what a job comes to is of the process in its own language."""
    wanted: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """The texts that are to be said in other languages too, for they have words; in the order of the file."""
    told: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Of a process in another language: the texts of the file, each in that language."""
    translated_at: frozenset[Place] = field(default=frozenset(), compare=False, repr=False)
    """Of a process in another language: where the file says its texts."""
    words: Words = field(default=ENGLISH, compare=False, repr=False)
    """In which its texts tell days, numbers and money; whoever puts it in use knows those of its language."""
    root: Scope = Scope(path="", start="", states={})
    doubts: tuple[Problem, ...] = field(default=(), compare=False, repr=False)
    """What can be read, but was hardly meant so. The checks refuse it; a version that is in use may have it (L6)."""

    @property
    def schedules(self) -> tuple[Trigger, ...]:
        """What starts jobs by the clock."""
        return tuple(one for one in self.starts if one.every is not None)

    def scopes(self) -> Iterator[Scope]:
        """All scopes, outer before inner."""
        waiting = [self.root]
        while waiting:
            scope = waiting.pop(0)
            yield scope
            waiting.extend(inner for state in scope.states.values() for inner in state.scopes)

    def states(self) -> Iterator[State]:
        """All states of all scopes. Members of a race are not listed: they are part of it."""
        for scope in self.scopes():
            yield from scope.states.values()

    @property
    def uses_up(self) -> bool:
        """Whether a state says that it uses up what was chosen."""
        return any(one.uses for state in self.states() for one in (state, *state.members.values()))

    def answerers(self, kind: str) -> tuple[tuple[Audience, ...], Length]:
        """Who answers words of a kind that wants an answer, and within how long: what the file does not say of
        concerns is as with questions, and else any member of staff does."""
        said = self.concerns if kind == "concern" else self.questions
        by = next((one.by for one in (said, self.questions) if one is not None and one.by), (Audience(kind="staff"),))
        return by, WANTING[kind].within if said is None or said.within is None else said.within

    @property
    def clock(self) -> tzinfo:
        """The zone of its days and times of day; UTC where it has none and has not been put in use anywhere."""
        return UTC if self.zone in ("", "UTC") else ZoneInfo(self.zone)

    def untranslated(self, language: str) -> tuple[str, ...]:
        """The texts that are still to be said in a language."""
        known = self.texts.get(language, {})
        return () if language == self.language else tuple(one for one in self.wanted if text_key(one) not in known)

    def in_language(self, language: str) -> Process:
        """The process as it is told in a language: in its own where it is not said in that one."""
        return self.others.get(language, self)

    def said(self, text: str) -> str:
        """A text of the file in the language of this process; any other text as it is."""
        return self.told.get(text_key(text), text) if self.told else text

    def put_in_use(self, version: str, words: Callable[[str], Words]) -> Process:
        """The process under a version, with the words of each of its languages."""
        others = {name: one.put_in_use(version, words) for name, one in self.others.items()}
        return replace(self, version=version, words=words(self.language), others=others)

    def settled(self, zone: str) -> Process:
        """The process where the installation's zone is this one: what names no zone of its own, itself or one of its
        calendars, has the process's, or else this one."""
        zone = self.zone or zone
        calendars = {name: one if one.zone else replace(one, zone=zone) for name, one in self.calendars.items()}
        others = {name: one.settled(zone) for name, one in self.others.items()}
        return replace(self, zone=zone, calendars=calendars, others=others)

    @property
    def ends(self) -> dict[str, State]:
        """The ends of the process, by name."""
        return {name: state for name, state in self.root.states.items() if state.is_end}
