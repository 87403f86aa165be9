"""How answers look on a terminal. Every text goes through :func:`harmless`; rich markup is never interpreted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import groupby

from rich.console import Console
from rich.text import Text

from flowengine import exact
from flowengine.cli import tables, waits
from flowengine.cli.moments import clock_time, day, distance, local, promised, told
from flowengine.cli.safe_text import harmless
from flowengine.cli.tables import ID, cell
from flowengine.client import (
    AgendaItem,
    Answered,
    Audit,
    BallotView,
    Broadcast,
    ChangeView,
    CustomerWaiting,
    Deployed,
    Erasure,
    ExpectedView,
    HandedOver,
    Json,
    Kept,
    Left,
    MigratedAll,
    MigrationView,
    OfferView,
    Receipt,
    RetriedAll,
    SaidView,
    StaffPlace,
    StaffTrack,
    StepMigrated,
    TallyView,
    TimerMigrated,
    Track,
)
from flowengine.speech.spoken_time import day as spoken_day

AHEAD = 8
"""How much of what may still come is named."""

TALLIED = 10
"""How many options of a vote that runs are told, those with the most first."""


def line(console: Console, *parts: str | tuple[str, str], pasted: bool = False) -> None:
    """One line from texts and (text, style) pairs, wrapped between words at a terminal.

    ``pasted`` is a line with a command, which stays whole.
    """
    safe = [harmless(part) if isinstance(part, str) else (harmless(part[0]), part[1]) for part in parts]
    console.print(Text.assemble(*safe), soft_wrap=pasted or not console.is_terminal)


def titled(console: Console, title: str, value: str, indent: str = "  ") -> None:
    """A title and what stands under it: a text of several lines on lines of its own, indented, so that none of them can
    be taken for what the program says."""
    first, *more = value.split("\n")
    line(console, indent, (f"{title}: ", "dim"), "" if more else first)
    for one in (first, *more) if more else ():
        line(console, f"{indent}  ", one)


def table(console: Console, heads: Sequence[str], rows: Iterable[Sequence[object]], empty: str, drop: str = "") -> None:
    """A table, or the sentence for nothing. ``drop`` names the columns that are left out first where there is no
    room."""
    rows = list(rows)
    if not rows:
        line(console, (empty, "dim"))
        return
    tables.draw(console, heads, rows, dropped=[heads.index(head) for head in drop.split(", ") if head])


def deployed(console: Console, done: Sequence[Deployed], pasted: Callable[[str], str]) -> None:
    for one in done:
        state = "is now in use" if one.new else "was in use already"
        line(console, (one.name, ID), f" ({one.title}): version ", (one.version, "bold"), f" {state}.")
        if one.changes:
            line(console, ("  What is different from version ", "dim"), one.was, (":", "dim"))
            changes(console, one.changes, one.noticed_by)
            line(console, ("  Jobs that run keep the version they began with.", "dim"))
        if one.unserved:
            called = ", ".join(one.unserved)
            line(console, ("  It calls ", "dim"), called, (": give them to workers with --handlers.", "dim"))
        for warning in one.warnings:
            line(console, ("  Note: ", "yellow"), f"{warning}.")
    if done:
        line(console, ("Begin a job: ", "dim"), pasted(f"start {done[0].name} --as ID"), pasted=True)


def changes(console: Console, rows: Sequence[ChangeView], noticed_by: Sequence[str]) -> None:
    """What is different, by state, and who notices."""
    for where, several in groupby(rows, key=lambda one: one.where):
        one, *more = [row.what for row in several]
        line(console, "    ", (where, "bold"), ": " if where else "", one)
        for what in more:
            line(console, "      ", what)
    if rows:
        line(console, ("  Who notices: ", "dim"), ", ".join(noticed_by) or "nobody but those who run it")


def appointment(one: object) -> datetime | None:
    """When somebody is to meet the customer, which only staff are told of."""
    found: datetime | None = getattr(one, "appointment", None)
    return found


def agenda(console: Console, rows: Sequence[AgendaItem], first: date, last: date, now: datetime, limit: int) -> None:
    """What is booked, day by day; where nothing is, for when."""
    if not rows:
        when = spoken_day(first) + (f" to {spoken_day(last)}" if last != first else "")
        line(console, (f"Nothing is booked for {when}.", "dim"))
        return
    for _, some in groupby(rows, key=lambda row: local(row.start).date()):
        day_rows = list(some)
        start = day_rows[0].start
        zone = told(start).removeprefix(f"{day(start)}, {local(start):%H:%M}")
        line(console, (day(start), "bold"), (zone, "dim"))
        table(
            console,
            ("Time", "For", "What", "With", "Step", ""),
            [
                (_span(r), r.customer_name, r.title, r.staff_name, r.step_short or r.short, _note(r, now))
                for r in day_rows
            ],
            "",
        )
    if len(rows) == limit:
        line(console, ("There may be more: ", "dim"), f"--limit {limit} was reached.")


def _span(row: AgendaItem) -> str:
    return f"{local(row.start):%H:%M}-{local(row.end):%H:%M}"


def _note(row: AgendaItem, now: datetime) -> Text:
    """How it went, or what is in its way."""
    if row.away is not None:
        return cell(f"{row.staff_name} is away" + (f": {row.away.why}" if row.away.why else ""), "red")
    if row.held_until is not None:
        return cell(f"kept until {clock_time(row.held_until, now)}", "dim")
    return cell(row.outcome, "dim")


def kept(slot: datetime, until: datetime | None, now: datetime, home: str = "") -> str:
    """``Thu 3 Dec 2026, 10:00 is kept for you until 14:20``, with the day where it ends on another than today."""
    ends = f" until {clock_time(until, now, home)}" if until is not None else ""
    return f"{told(slot, home)} is kept for you{ends}"


def audit(console: Console, result: Audit) -> None:
    checked = f"{result.jobs} {'job' if result.jobs == 1 else 'jobs'}, {result.entries} entries"
    if result.deeds:
        checked += f", {result.deeds} administrative deed{'' if result.deeds == 1 else 's'}"
    if result.fine:
        line(console, ("Fine: ", "bold green"), f"{checked}; the histories and what is stored agree.")
    else:
        line(console, ("Broken: ", "bold red"), checked)
    if result.erased:
        line(
            console,
            ("Erased on request: ", "bold"),
            f"{result.erased}; their histories are whole, what they said is gone.",
        )
    if result.head:
        line(console, ("The head of their chain, to be kept elsewhere:", "dim"))
        line(console, f"  {result.head}", pasted=True)
    if result.fine:
        return
    table(console, ("Job", "What"), [(one.job, one.what) for one in result.problems], "")


def retried(console: Console, done: RetriedAll) -> None:
    """How many were tried again, and which could not be."""
    count = len(done.tried)
    line(console, ("Tried again: ", "bold"), f"{count} incident{'' if count == 1 else 's'}.")
    for id, why in done.refused.items():
        line(console, "  ", (id, "bold"), f" not: {why}")


def handed_over(console: Console, done: HandedOver, *, dry: bool) -> None:
    """How many steps were, or would be, handed over, and which cannot be."""
    count = len(done.handed)
    what = "It would be handed over: " if dry else "Handed over: "
    line(console, (what, "bold"), f"{count} step{'' if count == 1 else 's'}.")
    for id, why in done.refused.items():
        line(console, "  ", (id, "bold"), f" not: {why}")


def left(console: Console, done: Left, *, dry: bool) -> None:
    """What became, or would become, of what somebody had who left."""
    line(console, (f"{done.person} would leave" if dry else f"{done.person} has left", "bold"), ".")
    for what, count in (("handed over", len(done.handed)), ("given back", len(done.released))):
        if count:
            line(console, f"  {what}: {count} step{'' if count == 1 else 's'}")
    for id, why in done.refused.items():
        line(console, "  ", (id, "bold"), f" not handed over: {why}")
    for id in done.named:
        line(console, "  ", (id, "bold"), " waits for him by name: assign it, or act for somebody")
    if done.revoked:
        line(console, "  revoked tokens: ", ", ".join(done.revoked))


def erased(console: Console, done: Erasure, *, dry: bool) -> None:
    """What was, or would be, erased of a customer, and what could not be yet."""
    line(console, (f"{done.person} would be erased" if dry else f"{done.person} is erased", "bold"), ".")
    jobs, others = len(done.jobs), len(done.others)
    told = (
        (jobs, f"{jobs} job{'' if jobs == 1 else 's'} of {done.person}: all that was written in it"),
        (others, f"{others} job{'' if others == 1 else 's'} of others: what {done.person} wrote in it"),
        (done.files, f"{done.files} file{'' if done.files == 1 else 's'}"),
        (done.facts, f"what was known of {done.person}"),
        (len(done.revoked), f"revoked tokens: {', '.join(done.revoked)}"),
    )
    for count, words in told:
        if count:
            line(console, "  ", words.replace(" in it", " in them") if count > 1 else words)
    if dry:
        line(
            console,
            f"  The id {done.person} stays, with what was done when. Backups, archives and mails keep theirs.",
        )
    for one in done.left:
        line(console, ("  Left: ", "bold yellow"), (one.job, ID), f" {one.why}; erase again once that has changed")


def migration(console: Console, one: MigrationView) -> None:
    """What moving a job to another version would change, or why it cannot be moved."""
    line(console, (one.short, ID), f": version {one.was} to ", (one.version, "bold"))
    for refusal in one.refusals:
        line(console, ("  In the way: ", "bold red"), refusal.what)
        if refusal.possible:
            line(console, ("    possible: ", "dim"), ", ".join(refusal.possible))
    for warning in one.warnings:
        line(console, ("  Mind: ", "bold yellow"), warning)
    for branch in one.branches:
        if branch.before != branch.after and one.fine:
            went = f": {branch.before or 'nowhere'} to {branch.after or 'nowhere'}"
            line(console, "  ", (branch.branch, "dim"), went)
    for place, value in one.filled.items():
        line(console, ("  filled: ", "dim"), f"{place} = {value}")
    for step in one.steps:
        line(console, (f"  step {step.change}: ", "dim"), _step_migrated(step))
    for timer in one.timers:
        line(
            console, (f"  {_CLOCKS.get(timer.purpose, timer.purpose)} {timer.change}: ", "dim"), _timer_migrated(timer)
        )


_CLOCKS = {"expire": "deadline", "close": "end of the vote", "elapse": "wait", "remind": "reminder",
           "escalate": "escalation", "hold": "held slot", "keep": "kept message", "always": "clock",
           "attention": "attention", "promise": "promise", "appointment": "reminder",
           "risk": "look at a promise"}  # fmt: skip


def _step_migrated(step: StepMigrated) -> str:
    whom = _arrow(", ".join(step.whom_before), ", ".join(step.whom))
    claimed = _arrow(step.claimed_before or "", step.claimed or "")
    said = f"{_arrow(step.title_before, step.title)} (for {whom})"
    return f"{said}, claimed by {claimed}" if claimed else said


def _timer_migrated(timer: TimerMigrated) -> str:
    moment = _arrow(*(told(one) if one is not None else "" for one in (timer.due_before, timer.due)))
    what = f"{timer.state}.{timer.name}" if timer.name else timer.state
    return f"{what}: {moment}{', which is at once' if timer.at_once else ''}"


def _arrow(before: str, after: str) -> str:
    return after if before in ("", after) else before if not after else f"{before} -> {after}"


def migrated_all(console: Console, done: MigratedAll, *, dry: bool) -> None:
    """How many jobs were, or would be, moved, and what is in the way of how many others."""
    would = "They would be moved: " if dry else "Moved: "
    line(console, (would, "bold"), _jobs(done.moved), f" to version {done.version}.")
    for what, ids in done.refused.items():
        line(console, ("  In the way of ", "bold red"), _jobs(ids), f": {what}")
        line(console, ("    ", "dim"), (_some(ids), "dim"))
    for what, ids in done.warnings.items():
        line(console, ("  Mind, of ", "bold yellow"), _jobs(ids), f": {what}")


def _jobs(ids: Sequence[str]) -> str:
    return f"{len(ids)} job{'' if len(ids) == 1 else 's'}"


def _some(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:5])
    return f"{shown} and {len(ids) - 5} more" if len(ids) > 5 else shown


def receipt(console: Console, done: Receipt, *, dry: bool = False) -> None:
    """What a command did, or would do, for those who see the whole job."""
    if isinstance(done, Kept):
        whom = f"nobody waits for {done.acted}{f' with the key {done.key}' if done.key else ''} now"
        line(console, ("Kept", "bold yellow"), f" until {told(done.until)}: {whom}")
        return
    if isinstance(done, Broadcast):
        line(console, ("On its way", "bold green"), f" to {done.waiting} job{'' if done.waiting == 1 else 's'}")
        return
    begun = f"Started the job {done.job[-12:-4]}" if done.started else "Done"  # as short as it is shown elsewhere
    line(console, ("It would be done" if dry else begun, "bold green"), f" ({done.outcome})" if done.outcome else "")
    for event in done.events:
        line(console, "  ", event)
    stands = f"{done.status}: {done.because}" if done.because else done.status
    line(
        console, ("  Then: " if dry else "  Now: ", "dim"), ", ".join(done.states) if done.status == "open" else stands
    )


def answered(console: Console, found: Answered, now: datetime, command: str, once: str) -> None:
    """What a command came to: what happened, what comes now, and the command that does it."""
    line(console, (found.said, "bold green"))
    if found.over:
        line(console, (found.over, "bold"))
    for one in found.next:
        until = f"  (until {told(one.due)}, {distance(one.due, now)})" if one.due else ""
        where = f" in your inbox{f' (1 of {found.of})' if found.of > 1 else ''}" if found.of else ""
        line(console, (f"Next{where}: ", "bold yellow" if one.id else "dim"), one.words, (until, "dim"))
        if one.id:
            line(console, ("    → ", "dim"), (f"{command} act {one.short}", ID), pasted=True)
    line(console, ("All of it: ", "dim"), f"{command} track {found.short}", pasted=True)
    if once and any(one.id for one in found.next):
        _once(console, once)


def closed(console: Console, offers: Sequence[OfferView]) -> None:
    """What cannot be used now, and why."""
    for one in offers:
        line(console, (f"  not now: {one.title}: {one.closed}", "dim"))


def _once(console: Console, once: str) -> None:
    line(console, ("Once in this shell, so that these commands can be pasted: ", "dim"), once, pasted=True)


def track(console: Console, seen: Track, now: datetime, command: str, once: str) -> None:
    """Where a job is, in plain words."""
    whose = f"  for {seen.customer_name}" if seen.customer_name else ""
    line(console, (seen.title, "bold"), "  ", (seen.short, ID), (whose, "dim"))
    line(console, (f"begun {told(seen.started, seen.zone)}, last moved {distance(seen.updated, now) or 'now'}", "dim"))
    if seen.status != "open":
        good = seen.status == "fulfilled"
        words = "Fulfilled" if good else "Ended"
        because = f": {seen.because}" if seen.because else ""
        line(
            console,
            ("■ ", "dim"),
            (f"{words}{because}", "bold green" if good else "bold"),
            f"  {told(seen.ended, seen.zone)}",
        )
    if seen.erased is not None:
        line(
            console,
            ("  ", ""),
            (f"Erased on request, {told(seen.erased, seen.zone)}: what was written is gone.", "bold"),
        )
    if seen.suspended is not None:
        words = f"Paused since {told(seen.suspended.since, seen.zone)}: {seen.suspended.because}"
        line(console, ("‖ ", "yellow"), (words, "bold yellow"))
    for words, since in dict.fromkeys(
        (one.words, one.since if isinstance(one, StaffPlace) else None) for one in seen.where
    ):
        line(console, ("▶ ", "magenta"), (words, "bold"), (f"  {distance(since, now)}" if since else "", "dim"))
    if seen.takes_longer:
        line(console, ("… ", "yellow"), (seen.takes_longer, "yellow"))
    _promise(console, seen, now)
    _expected(console, seen)
    _waiting(console, seen, now, command)
    _troubles(console, seen, now, command)
    _rest(console, seen, now, command)
    if once and (seen.offers or any(step.for_you for step in seen.waiting)):
        _once(console, once)


_PROMISES = {"released": "dim", "at_risk": "yellow", "asked": "yellow"}


def _promise(console: Console, seen: Track, now: datetime) -> None:
    if seen.promise is None:
        return
    first = promised(seen.promise.first, seen.zone)
    moved = f" (first promised for {first})" if seen.promise.first != seen.promise.by else ""
    style = "red" if seen.promise.late else _PROMISES.get(seen.promise.status, "green")
    since = seen.promise.status == "late" and isinstance(seen, StaffTrack)  # its customer is told a sentence
    ago = f" ({distance(seen.promise.by, now)})" if since else ""
    line(console, (seen.promise.words, style), (f"{ago}{moved}", "dim"))


def _expected(console: Console, seen: Track) -> None:
    """When it is expected; not beside what was told of a promise at risk."""
    found = seen.expected
    if found is None or (seen.promise is not None and seen.promise.expected is not None):
        return
    line(console, (found.words, ""), (behind(found), "dim"))


def behind(found: ExpectedView) -> str:
    """From how many jobs that is known, to those inside."""
    if found.jobs is None:
        return ""
    return f"  from {found.jobs} such {'job' if found.jobs == 1 else 'jobs'}" if found.jobs else "  as the process says"


def _waiting(console: Console, seen: Track, now: datetime, command: str) -> None:
    mine = [step for step in seen.waiting if step.for_you and not step.answered]
    done = [step for step in seen.waiting if step.for_you and step.answered and step.booked is None]
    others = [step for step in seen.waiting if not step.for_you and step.booked is None]
    if mine:
        line(console, ("Waits for you", "bold yellow"))
    for step in sorted(mine, key=_soonest):
        until = f", until {told(step.due, seen.zone)} ({distance(step.due, now)})" if step.due else ""
        line(console, "  ", *_at(step, seen.zone), step.title, (until, "dim"))
        if step.held is not None:
            line(
                console,
                "    ",
                (kept(step.held, step.held_until, now, seen.zone), "bold"),
                _after(step),
                "; book it with:",
            )
        line(console, ("    → ", "dim"), (f"{command} act {step.short}", ID), pasted=True)
    if done:
        line(console, ("You have answered, and may change it", "bold"))
    for step in done:
        until = f"  (until {told(step.due, seen.zone)}, {distance(step.due, now)})" if step.due else ""
        line(console, "  ", step.title, (until, "dim"))
        line(console, ("    → ", "dim"), (f"{command} act {step.short}", ID), pasted=True)
    if others:
        line(console, ("Waits for others", "bold"))
    for step in sorted(others, key=_soonest):
        claimed = f", taken by {step.claimed}" if step.claimed else ""
        at = _at(step, seen.zone)
        line(console, "  ", *at, f"{step.whom}: {step.title}{claimed}", ("   ", ""), (step.short, "dim"))
    for step in seen.waiting:
        if step.booked is not None:
            whose = "" if step.for_you else f"{step.whom}: "
            may = "; you may move or cancel it" if step.for_you and step.booked > now else ""
            when = booked(step.booked, step.booked_with, home=seen.zone)
            line(console, (when, "bold"), _after(step), (may, "bold"), (f"  ({whose}{step.title})", "dim"))
            if step.for_you and step.booked > now:
                line(console, ("    → ", "dim"), (f"{command} act {step.short}", ID), pasted=True)


def _soonest(step: CustomerWaiting) -> tuple[bool, datetime]:
    """Appointments first, by their time; the rest stays as it is."""
    at = appointment(step)
    return at is None, at or datetime.min.replace(tzinfo=UTC)


def _at(step: CustomerWaiting, home: str) -> tuple[tuple[str, str], ...]:
    meets = appointment(step)
    return ((f"{told(meets, home)}: ", "bold"),) if meets is not None else ()


AFTER_PROMISE = ", after the day that was promised"


def _after(step: CustomerWaiting) -> tuple[str, str]:
    return (AFTER_PROMISE if step.after_promise else "", "yellow")


def _troubles(console: Console, seen: Track, now: datetime, command: str) -> None:
    """What operators are told: what is in the way, and the command that helps."""
    found = seen.troubles if isinstance(seen, StaffTrack) else ()
    if found:
        line(console, ("In the way", "bold red"))
    for one in found:
        line(console, "  ", waits.words(one, now))
        how = {"step": "assign {} PERSON", "attention": "assign {} PERSON" if one.whom else "retry {}"}
        if one.id:
            helps = how.get(one.kind, "retry {}").format(one.id)
            line(console, ("    → ", "dim"), (f"{command} {helps}", ID), pasted=True)


def tally(console: Console, seen: TallyView) -> None:
    """How a vote stands: ``So far: Red 5, Blue 3  8 of 30 have voted``."""
    most = sorted(seen.options, key=lambda one: -one.votes)
    named = ", ".join(f"{one.title} {exact.encode(one.votes).decode()}" for one in most[:TALLIED])
    more = f" and {len(most) - TALLIED} more" if len(most) > TALLIED else ""
    without = f", {seen.abstained} of them for nobody" if seen.abstained else ""
    line(console, ("So far: ", "dim"), f"{named}{more}", (f"  {seen.cast} of {seen.voters} have voted{without}", "dim"))


def _chosen(value: Json) -> str:
    """What a ballot is for: ``sat, sun``, or with scores ``sat 5, sun 1``."""
    if isinstance(value, dict):
        return ", ".join(f"{id} {exact.encode(score).decode()}" for id, score in value.items())
    return (", ".join(map(str, value)) or "none of them") if isinstance(value, list) else str(value)


def ballot(console: Console, seen: BallotView) -> None:
    """A voter's own ballot, and what became of the vote."""
    line(console, seen.title)
    if not seen.voted:
        line(console, "You have not voted" + ("." if seen.may_change else ", and it is over."))
    elif seen.ballot is None:
        line(console, "You have voted. What you said is not here any more.")
    else:
        what = _chosen(seen.ballot["for"]) if "for" in seen.ballot else "for nobody"
        line(console, ("You have voted: ", "dim"), what)
    if seen.state == "left":
        line(console, "The vote was left without a result.")
    elif seen.state == "counted":
        line(
            console,
            ("Counted: ", "dim"),
            f"{seen.cast} of {seen.voters} have voted",
            ("; the box is ", "dim"),
            seen.root,
        )
        if seen.counted:
            line(console, "Your ballot is one of them: ", seen.leaf)


def _with(name: str) -> str:
    return f", with {name}" if name else ""


def booked(slot: datetime, whom: str = "", *, home: str = "") -> str:
    """``Booked: Tue 5 Jan 2027, 10:00, with Tim``."""
    return f"Booked: {told(slot, home)}{_with(whom)}"


def _said(console: Console, one: SaidView, now: datetime, command: str, home: str) -> None:
    """What somebody has said, and what was answered, or that it waits for an answer."""
    line(console, (f"  {one.who} ({one.saying}): ", "dim"), one.text)
    if one.answer is not None:
        line(console, (f"    {one.answer.who} (answered): ", "dim"), one.answer.text)
    elif one.status == "taken_back":
        line(console, ("    taken back", "dim"))
    elif one.status == "waiting":
        unanswered(console, one, now, command, home)


def unanswered(console: Console, one: SaidView, now: datetime, command: str, home: str) -> None:
    """That it waits for an answer: from whom, and until when."""
    by = f", by {told(one.due, home)} ({distance(one.due, now)})" if one.due else ""
    if one.late:
        late = f"    waits for an answer from {one.whom} for longer than it should, since {told(one.at, home)}"
        line(console, (late, "yellow"))
    else:
        line(console, (f"    waits for an answer from {one.whom}{by}", "yellow"))
    if one.yours:
        line(console, ("    → ", "dim"), (f"{command} takeback {one.short}", ID), pasted=True)


def _rest(console: Console, seen: Track, now: datetime, command: str) -> None:
    if seen.ahead:
        more = ", …" if len(seen.ahead) > AHEAD else ""
        line(console, ("What may still come for you: ", "dim"), ", ".join(seen.ahead[:AHEAD]) + more)
    for one in seen.tallies:
        line(console, (one.title, "bold"))
        tally(console, one)
    if seen.facts:
        line(console, ("What is settled", "bold"))
        for title, value in seen.facts:
            titled(console, title, value)
    if seen.did:
        line(console, ("What you did", "bold"))
    for at, words in seen.did:
        line(console, (f"  {told(at, seen.zone)}: ", "dim"), words)
    if seen.told:
        line(console, ("What was told", "bold"))
    for at, words, lines in seen.told:
        line(console, (f"  {told(at, seen.zone)}: ", "dim"), words)
        for title, value in lines:
            titled(console, title, value, "    ")
    if seen.conversation:
        line(console, ("What was said", "bold"))
    for saying in seen.conversation:
        _said(console, saying, now, command, seen.zone)
    if seen.offers:
        line(console, ("You may at any time", "bold"))
        for offer in seen.offers:
            how = f"withdraw {seen.short}" if offer.name == "withdraw" else f"change {seen.short} {offer.name}"
            line(console, "  ", offer.title)
            line(console, ("    → ", "dim"), (f"{command} {how}", ID), pasted=True)
