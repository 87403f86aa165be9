"""What the table of permissions says of each who asks for each thing: worked out from its rows, for the people of the
shop (:mod:`matrix_shop`), by other ways than the engine's own."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from matrix_cases import Case
from matrix_shop import EVERYBODY, Shop, Thing

from flowengine.core.values import Actor
from flowengine.people.identities import Identity
from flowengine.people.permissions import (
    ANY,
    DEAR,
    LINKED,
    LOOKS,
    NEVER,
    OPEN,
    OWN,
    PART,
    TABLE,
    WAITS,
    Relation,
)

Verdict: TypeAlias = Literal["let", "refused", "never", "absent", "unknown"]
"""What is to be answered: it is done; no, and why; no, or as if it were not there; as if it were not there; that nobody
is known by what was shown."""


class Person(NamedTuple):
    """Somebody of the shop: for whom he acts, besides himself, and whom he may only look after; what waits for him."""

    kind: str
    acts: tuple[str, ...] = ()
    looks: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    gone: bool = False


PEOPLE = {
    "ada": Person("customer"),
    "ben": Person("customer"),
    "vera": Person("customer", looks=("ada",)),
    "carl": Person("customer", acts=("ada",)),
    "sid": Person("customer", acts=("ada",), signs=("ada",)),
    "tom": Person("staff", roles=("maker", "staff")),
    "sam": Person("staff", roles=("clerk", "staff")),
    "olga": Person("operator", roles=("operator", "staff")),
    "lena": Person("staff", gone=True),
    "eva": Person("customer", gone=True),
}

ROW = {"source": "process"}
"""Verbs of a desk that ask by the row of another."""

FREE = frozenset(("me", "now", "need"))
"""Verbs that are about whoever asks, or that he may ask who is not known yet."""

ALONE = frozenset((
    "person", "actor", "sessions", "end_session", "sign_out_everywhere", "credentials", "remove_credential",
    "revoke_own_token", "revoke_link", "end_feed", "take_back", "let_act", "end_acting", "add_passkey", "confirm_totp",
))  # fmt: skip
"""What each does for himself alone, for whomever he acts besides."""

LISTS = frozenset(("jobs",))
"""Verbs in which a person is no thing that is looked up, but which rows are wanted."""

WRITERS = frozenset(("change_fact", "take_back_fact"))
"""What those inside do only with what they have written themselves."""

KNOWN_BY = {
    **dict.fromkeys(("step", "task", "claimed", "approval", "vote", "for another"), "step"),
    "file": "file",
    **dict.fromkeys(("customer", "fact", "session", "credential", "challenge", "setting up"), "itself"),
    **dict.fromkeys(("new", "merged", "member"), "person"),
    "link": "links",
    "own token": "own_tokens",
    "token": "tokens",
    "feed": "feeds",
    **dict.fromkeys(("process", "suspended process", "calendar", "closed calendar"), "processes"),
}
"""By which row it is known of a thing that it is there, or by the verb's own; of the others, of a job: ``track``."""

KNOWN_TO = {
    "make_link": "track",
    "offer": "track",
    "find_step": "step",
    **dict.fromkeys(("ballot", "sessions", "credentials", "sign_out_everywhere"), "itself"),
}
"""The same for verbs for which it is another."""


def expected(shop: Shop, name: str, case: Case, thing: Thing | None) -> Verdict:
    """What is to be answered to one of those who ask."""
    by = shop.people[name].by
    if by is None:
        return "unknown"
    if case.verb in FREE:
        return "let" if thing is None or thing.owner else "absent"
    verb = ROW.get(case.verb, case.verb)
    if isinstance(by, Actor):
        return _of(verb, case, thing, Person("program" if by.kind == "operator" else by.kind), Identity(person=""))
    assert isinstance(by, Identity)
    person = PEOPLE[by.person]
    if person.gone:
        return "refused"
    if by.job and (verb not in LINKED or (thing is not None and thing.job not in ("", by.job))):
        his = thing is None or thing.job == by.job or thing.owner == by.person
        return "never" if his else "absent"
    found = _of(verb, case, thing, person, by)
    if by.job and found == "absent" and thing is not None and thing.job == by.job:
        return "never"
    dear = "withdraw" if case.given.get("name") == "withdraw" and verb in ("invoke", "preview") else verb
    weak = by.strength == "link" and DEAR.get(dear, "link") != "link"
    unsigned = case.kind == "approval" and verb in ("act", "preview_act") and "ada" in person.acts and not person.signs
    return "refused" if found == "let" and (weak or unsigned) else found


def _of(verb: str, case: Case, thing: Thing | None, person: Person, by: Identity) -> Verdict:
    row, looking = TABLE[verb], verb in LOOKS
    as_staff = person.kind == "operator" and by.scopes and "operate" not in by.scopes and not looking
    column = "staff" if as_staff else person.kind
    relation = _relation(verb, column)
    if verb in ALONE:
        person = person._replace(acts=(), looks=())
    if not (
        thing is None or (verb in LISTS and relation == ANY) or _knows(verb, relation, case.kind, thing, person, by)
    ):
        return "absent"
    if by.scopes and not looking and ("operate" if row.staff == row.customer == NEVER else "act") not in by.scopes:
        return "refused"
    if relation == NEVER:
        return "never"
    if verb in WRITERS and column != "customer":
        return "refused"
    return "let" if _is(relation, thing, person, by.person, looking=looking) else _no(verb)


def _no(verb: str) -> Verdict:
    """What is not offered to somebody is said not to be there: of a job that he knows, in words of its own."""
    return "never" if verb == "offer" else "refused"


def _relation(verb: str, column: str) -> Relation:
    """The cell of the table; what is offered is for those for whom it is meant."""
    found: Relation = getattr(TABLE[verb], column)
    return (OPEN if column == "customer" else NEVER) if verb == "offer" and found != NEVER else found


def _knows(verb: str, relation: Relation, kind: str, thing: Thing, person: Person, by: Identity) -> bool:
    """Whether it may be told to somebody that a thing is there; to look at it, no scope of a token is needed."""
    row = KNOWN_TO.get(verb, "itself" if relation == ANY else KNOWN_BY.get(kind, "track"))
    known = relation if row == "itself" else getattr(TABLE[row], person.kind)
    if kind == "customer" and by.person and thing.owner == by.person:
        return True  # of himself everybody knows
    return bool(thing.owner) and _is(known, thing, person, by.person, looking=row != "itself" or verb in LOOKS)


def _is(relation: Relation, thing: Thing | None, person: Person, id: str, *, looking: bool) -> bool:
    """Whether somebody is to a thing what he must be; to nothing in particular, everybody is. For whom he may only look
    he does nothing, be it that it changes nothing: he looks at what is the other's, and not at what waits for him."""
    if relation in (ANY, NEVER) or thing is None:
        return relation != NEVER
    whose = {id, EVERYBODY, *person.acts}
    own = thing.owner in whose or (looking and relation in (OWN, PART) and thing.owner in person.looks)
    waits = not {*whose, *person.roles}.isdisjoint(thing.waits)
    return {PART: own or waits, WAITS: waits}.get(relation, own)
