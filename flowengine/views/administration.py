"""What was changed of an installation, in plain words: what a person would say that each deed was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flowengine.language.texts import spoken
from flowengine.speech.phrases import phrase
from flowengine.speech.words import ENGLISH, Words
from flowengine.store.administration import Deed
from flowengine.views.consents import WHY_IN_WORDS, parts_in_words, until_in_words
from flowengine.views.replies import DeedView

_TOLD = {
    "deploy": phrase("put version %(version)s of %(about)s in use"),
    "suspend_process": phrase("had no new job of %(about)s begin"),
    "resume_process": phrase("let jobs of %(about)s begin again"),
    "leave": phrase("had %(about)s leave"),
    "erase": phrase("erased %(about)s"),
    "set_hours": phrase("set when %(about)s works"),
    "add_absence": phrase("said that %(about)s is away from %(start)s until %(end)s"),
    "remove_absence": phrase("took back that %(about)s is away from %(start)s"),
    "recount": phrase("had all that jobs teach counted anew"),
    "archive": phrase("archived %(jobs)s in %(file)s"),
    "issue_token": phrase("issued the token %(about)s (%(scope)s) to %(subject)s"),
    "revoke_token": phrase("revoked the token %(about)s (%(scope)s) of %(subject)s"),
    "refuse_file": phrase("let nobody open %(about)s any more"),
    "make_link": phrase("made a link to the job %(job)s for %(about)s"),
    "make_enrolment": phrase("made a link by which %(about)s registers what he signs in with"),
    "revoke_link": phrase("revoked a link of %(about)s"),
    "bind_subject": phrase("said that an account of %(provider)s is that of %(about)s"),
    "end_session": phrase("ended a session of %(about)s"),
    "sign_out_everywhere": phrase("ended all sessions of %(about)s"),
    "remove_credential": phrase("took away what %(about)s signs in with: %(name)s (%(kind)s)"),
    "add_passkey": phrase("registered a passkey: %(name)s"),
    "confirm_totp": phrase("registered an authenticator: %(name)s"),
    "issue_own_token": phrase("made a token of his own, to %(scopes)s"),
    "revoke_own_token": phrase("revoked a token of his own"),
    "let_act": phrase("let %(also)s %(may)s for %(about)s"),
    "end_acting": phrase("ended that %(also)s acts for %(about)s"),
    "add_contact": phrase("added a contact of %(about)s: %(address)s"),
    "set_name": phrase("said what %(about)s is called"),
    "remove_contact": phrase("took a contact of %(about)s away: %(address)s"),
    "confirm_contact": phrase("said that a contact of %(about)s is verified: %(address)s"),
    "close_calendar": phrase("closed the calendar %(about)s from %(start)s until %(end)s"),
    "open_calendar": phrase("opened the calendar %(about)s again, which was closed from %(start)s on"),
    "make_feed": phrase("made a feed of his appointments"),
    "end_feed": phrase("ended a feed of his appointments"),
    "merge": phrase("merged %(about)s into %(also)s"),
    "unmerge": phrase("undid that %(about)s was merged into %(also)s"),
    "reject_duplicate": phrase("said that %(about)s and %(also)s are two"),
    "import_people": phrase("entered many people: %(added)s new, %(changed)s changed"),
    "give_consent": phrase("noted that %(about)s lets %(partner)s have %(parts)s until %(until)s"),
    "withdraw_consent": phrase("withdrew that %(partner)s has anything of %(about)s"),
    "send_record": phrase("sent %(parts)s of %(about)s to %(partner)s"),
    "receive_record": phrase("sent %(parts)s of %(about)s, by a consent until %(until)s"),
    "end_record": phrase("took away what %(partner)s had sent of %(about)s: the consent is %(why)s"),
    "upgrade": phrase("brought the database from schema %(was)s to %(schema)s"),
}
"""How each verb is told, but for those that enter people."""

_NOTHING = phrase("nothing new")


def told(deed: Deed, names: Mapping[str, str], words: Words = ENGLISH) -> str:
    """One deed in plain words, with the reason that was given; ``names`` are those of persons, by their ids."""
    reason = deed.words.get("because") or deed.words.get("why")
    what = _entered(deed, names, words) if deed.verb in ("add_customer", "add_staff") else _said(deed, names, words)
    erased = words.say(" (what was written with it is erased)") if deed.erased else ""
    return f"{what}{f': {reason}' if reason and not deed.erased else ''}{erased}"


def _said(deed: Deed, names: Mapping[str, str], words: Words) -> str:
    held = {name: _plain(name, one, words) for name, one in (deed.facts | deed.words).items()}
    known = _Known(words, held | {"about": whom(deed.about, names), "also": whom(deed.also, names)})
    said = words.say(_TOLD[deed.verb]) % known if deed.verb in _TOLD else spoken(deed.verb)
    if deed.verb == "leave" and deed.also:
        said += words.say(", with what he held going to %(also)s", also=known["also"])
    return said


class _Known(dict[str, str]):
    def __init__(self, words: Words, known: Mapping[str, str]) -> None:
        super().__init__(known)
        self._words = words

    def __missing__(self, name: str) -> str:
        return "0" if name in ("added", "changed") else self._words.say("nothing")


def _plain(name: str, value: Any, words: Words) -> str:
    if name == "jobs":
        return words.say_many("%(num)s job", "%(num)s jobs", len(value))
    if name in ("added", "changed"):
        return str(len(value))
    if name == "parts":
        return words.tell(parts_in_words(value))
    if name == "until" and isinstance(value, str):
        return until_in_words(datetime.fromisoformat(value), words)
    if name == "why" and value in WHY_IN_WORDS:
        return words.tell(WHY_IN_WORDS[value])
    return ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)


def _entered(deed: Deed, names: Mapping[str, str], words: Words) -> str:
    """Who was entered, or what is said of him now: roles and groups as they are, of the rest only that it changed."""
    changed: dict[str, Any] = dict(deed.facts.get("changed") or {})
    said: Any = deed.words.get("changed") or {}
    plain = [
        f"{name}: {', '.join(now) or words.say('none')}"
        for name, (_, now) in changed.items()
        if isinstance(now, Sequence)
    ]
    about = whom(deed.about, names)
    if deed.facts.get("new"):
        entered = (
            words.say("entered %(about)s as a customer", about=about)
            if deed.verb == "add_customer"
            else words.say("entered %(about)s as a member of staff", about=about)
        )
        return entered + (f" ({'; '.join(plain)})" if plain else "")
    told = "; ".join([*plain, *said]) or words.tell(phrase("what is erased") if deed.erased else _NOTHING)
    back = words.say(", who is back") if deed.facts.get("back") else ""
    return words.say("changed what is said of %(about)s%(back)s: %(told)s", about=about, back=back, told=told)


def whom(id: str, names: Mapping[str, str]) -> str:
    """A person by name and id; anything else by its id."""
    name = names.get(id, "")
    return f"{name} ({id})" if name and name != id else id


def line(deed: Deed, names: Mapping[str, str], words: Words = ENGLISH) -> DeedView:
    """A deed as it is told to operators."""
    by = deed.by
    who = names.get(by.id) or by.id or (words.say("the program") if by.kind == "operator" else by.kind)
    return DeedView(
        seq=deed.seq,
        at=deed.at,
        who=words.say("%(who)s, for %(party)s", who=who, party=names.get(by.party) or by.party) if by.party else who,
        what=told(deed, names, words),
        verb=deed.verb,
        by=by.id,
        kind=by.kind,
        party=by.party,
        strength=by.strength,
        about=deed.about,
        also=deed.also,
        facts=deed.facts,
        words=deed.words,
        erased=deed.erased,
        hash=deed.hash,
    )
