"""What was changed of an installation, in plain words: what a person would say that each deed was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowengine.language.texts import spoken
from flowengine.store.administration import Deed
from flowengine.views.replies import DeedView

_TOLD = {
    "deploy": "put version {version} of {about} in use",
    "suspend_process": "had no new job of {about} begin",
    "resume_process": "let jobs of {about} begin again",
    "leave": "had {about} leave",
    "erase": "erased {about}",
    "set_hours": "set when {about} works",
    "add_absence": "said that {about} is away from {start} until {end}",
    "remove_absence": "took back that {about} is away from {start}",
    "recount": "had all that jobs teach counted anew",
    "archive": "archived {jobs} in {file}",
    "issue_token": "issued the token {about} ({scope}) to {subject}",
    "revoke_token": "revoked the token {about} ({scope}) of {subject}",
    "refuse_file": "let nobody open {about} any more",
    "make_link": "made a link to the job {job} for {about}",
    "make_enrolment": "made a link by which {about} registers what he signs in with",
    "revoke_link": "revoked a link of {about}",
    "bind_subject": "said that an account of {provider} is that of {about}",
    "end_session": "ended a session of {about}",
    "sign_out_everywhere": "ended all sessions of {about}",
    "remove_credential": "took away what {about} signs in with: {name} ({kind})",
    "add_passkey": "registered a passkey: {name}",
    "confirm_totp": "registered an authenticator: {name}",
    "issue_own_token": "made a token of his own, to {scopes}",
    "revoke_own_token": "revoked a token of his own",
    "let_act": "let {also} {may} for {about}",
    "end_acting": "ended that {also} acts for {about}",
    "add_contact": "added a contact of {about}: {address}",
    "set_name": "said what {about} is called",
    "remove_contact": "took a contact of {about} away: {address}",
    "confirm_contact": "said that a contact of {about} is verified: {address}",
    "close_calendar": "closed the calendar {about} from {start} until {end}",
    "open_calendar": "opened the calendar {about} again, which was closed from {start} on",
    "make_feed": "made a feed of his appointments",
    "end_feed": "ended a feed of his appointments",
    "merge": "merged {about} into {also}",
    "unmerge": "undid that {about} was merged into {also}",
    "reject_duplicate": "said that {about} and {also} are two",
    "import_people": "entered many people: {added} new, {changed} changed",
    "upgrade": "brought the database from schema {was} to {schema}",
}
"""How each verb is told, but for those that enter people."""

_NOTHING = "nothing new"


def told(deed: Deed, names: Mapping[str, str]) -> str:
    """One deed in plain words, with the reason that was given; ``names`` are those of persons, by their ids."""
    reason = deed.words.get("because") or deed.words.get("why")
    what = _entered(deed, names) if deed.verb in ("add_customer", "add_staff") else _said(deed, names)
    erased = " (what was written with it is erased)" if deed.erased else ""
    return f"{what}{f': {reason}' if reason and not deed.erased else ''}{erased}"


def _said(deed: Deed, names: Mapping[str, str]) -> str:
    held = {name: _plain(name, one) for name, one in (deed.facts | deed.words).items()}
    known = _Known(held | {"about": whom(deed.about, names), "also": whom(deed.also, names)})
    words = _TOLD.get(deed.verb, spoken(deed.verb)).format_map(known)
    if deed.verb == "leave" and deed.also:
        words += f", with what he held going to {known['also']}"
    return words


class _Known(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "0" if name in ("added", "changed") else "nothing"


def _plain(name: str, value: Any) -> str:
    if name == "jobs":
        return f"{len(value)} job{'' if len(value) == 1 else 's'}"
    if name in ("added", "changed"):
        return str(len(value))
    return ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)


def _entered(deed: Deed, names: Mapping[str, str]) -> str:
    """Who was entered, or what is said of him now: roles and groups as they are, of the rest only that it changed."""
    changed: dict[str, Any] = dict(deed.facts.get("changed") or {})
    said: Any = deed.words.get("changed") or {}
    plain = [f"{name}: {', '.join(now) or 'none'}" for name, (_, now) in changed.items() if isinstance(now, Sequence)]
    kind = "a customer" if deed.verb == "add_customer" else "a member of staff"
    about = whom(deed.about, names)
    if deed.facts.get("new"):
        return f"entered {about} as {kind}" + (f" ({'; '.join(plain)})" if plain else "")
    told = "; ".join([*plain, *said]) or ("what is erased" if deed.erased else _NOTHING)
    back = ", who is back" if deed.facts.get("back") else ""
    return f"changed what is said of {about}{back}: {told}"


def whom(id: str, names: Mapping[str, str]) -> str:
    """A person by name and id; anything else by its id."""
    name = names.get(id, "")
    return f"{name} ({id})" if name and name != id else id


def line(deed: Deed, names: Mapping[str, str]) -> DeedView:
    """A deed as it is told to operators."""
    by = deed.by
    who = names.get(by.id) or by.id or ("the program" if by.kind == "operator" else by.kind)
    return DeedView(
        seq=deed.seq,
        at=deed.at,
        who=f"{who}, for {names.get(by.party) or by.party}" if by.party else who,
        what=told(deed, names),
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
