"""What each verb is asked of: a kind of thing of the shop's (:mod:`matrix_shop`), or nothing, and with which arguments.

``…`` among them is the id of the thing. With these arguments whoever may ask is let.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from matrix_shop import START
from verb_cases import SMALL

DAY = date(2026, 5, 5)
LATER = datetime(2026, 6, 1, tzinfo=UTC)


class Case(NamedTuple):
    """A verb on a kind of thing; ``""``: on nothing that is anybody's. ``door`` is a path that asks by the row of the
    verb, and is no verb's own."""

    verb: str
    kind: str
    given: dict[str, Any]
    door: str = ""


def _case(verb: str, kind: str = "", /, **given: Any) -> Case:
    return Case(verb, kind, given)


CASES = (
    # jobs
    _case("start", "customer", process="table", need={"wish": "For two"}, customer=..., key="k"),
    _case("jobs", limit=5),
    Case("track", "job", {"job": ...}, "/api/v1/events"),
    Case("inbox", "", {}, "/api/v1/events"),
    _case("jobs", "customer", customer=..., limit=5),
    *(_case(verb, "job", job=...) for verb in
      ("track", "data", "history", "timers", "audit", "conversation", "appointment_file", "links", "receipts")),
    _case("answered", "job", job=..., seq=1),
    _case("proof", "job", job=..., seq=1),
    _case("offer", "job", job=..., name="withdraw"),
    _case("preview", "job", job=..., name="withdraw"),
    _case("invoke", "job", job=..., name="withdraw", key="k"),
    _case("withdraw", "job", job=..., key="k"),
    _case("say", "job", job=..., text="Mind the stairs", kind="wish", key="k"),
    _case("message", "job", job=..., text="Mind the stairs", key="k"),
    _case("note", "job", job=..., text="A good one", key="k"),
    _case("add", "pieces", job=..., state="make", items=["b"], key="k"),
    _case("send", "parcel", name="parcel", job=..., body={"weight": 2}, request_key="k"),
    _case("ask_new_promise", "offer", job=..., to=date(2026, 8, 1), because="The cloth is late", key="k"),
    _case("make_link", "job", of=...),
    _case("make_link", "step", of=...),
    _case("revoke_link", "link", id=...),
    # steps
    _case("inbox", limit=5),
    _case("inbox_counts"),
    _case("find_step"),
    _case("find_step", "step", text=...),
    *(_case("step", kind, step_id=...) for kind in ("step", "task", "approval")),
    *(_case(verb, "step", step_id=..., outcome="answered", answer={"legs": 4}, **more)
      for verb, more in (("act", {"key": "k"}), ("preview_act", {}))),
    *(_case(verb, "task", step_id=..., outcome="done", **more)
      for verb, more in (("act", {"key": "k"}), ("preview_act", {}))),
    *(_case(verb, "approval", step_id=..., outcome="approved", **more)
      for verb, more in (("act", {"key": "k"}), ("preview_act", {}))),
    _case("act", "vote", step_id=..., outcome="vote", answer={"for": "red"}, key="k"),
    _case("ballot", "vote", step_id=...),
    _case("claim", "task", step_id=..., key="k"),
    _case("claim", "step", step_id=..., key="k"),
    _case("release", "claimed", step_id=..., key="k"),
    _case("assign", "task", step_id=..., person="mia", key="k"),
    _case("act_for", "for another", step_id=..., outcome="answered", answer={"legs": 4}, because="R", key="k"),
    _case("take_back", "question", question=..., key="k"),
    _case("agenda", first=DAY, last=DAY),
    _case("agenda", "customer", person=..., first=DAY, last=DAY),
    _case("agenda_file", "customer", person=..., first=DAY, last=DAY),
    # processes
    _case("processes"),
    _case("roles"),
    _case("need", "process", process=...),
    _case("source", "process", process=...),
    _case("process", "process", name=...),
    _case("deploy", source=SMALL),
    _case("suspend_process", "process", name=..., because="R"),
    _case("resume_process", "suspended process", name=..., because="R"),
    _case("migrate_all", "process", process=..., dry=True),
    # people
    _case("me"),
    _case("now"),
    _case("people", kind="staff", limit=5),
    _case("find_person", "customer", text=...),
    _case("person", "customer", id=...),
    _case("actor", "customer", id=...),
    _case("add_customer", id="new", name="New"),
    _case("add_staff", id="newer", name="Newer", roles=["maker"]),
    _case("leave", "member", person=..., because="R", dry=True),
    _case("erase", "new", person=..., because="R", dry=True),
    _case("holdings", "member", person=...),
    _case("hand_over", "member", person=..., to="tom", because="R", dry=True),
    _case("set_hours", "member", person=..., hours={"mon": "09:00-12:00"}),
    _case("add_absence", "member", person=..., start=date(2026, 9, 1), end=date(2026, 9, 2)),
    _case("remove_absence", "member", person=..., start=date(2026, 8, 3)),
    _case("import_people", rows=[{"id": "newest", "name": "Newest"}], dry=True),
    _case("let_act", "customer", party=..., person="ben", may="see"),
    _case("end_acting", "customer", party=..., person="zed"),
    _case("acting", "customer", person=...),
    _case("contacts", "customer", person=...),
    _case("add_contact", "customer", person=..., address="new@example.org"),
    _case("set_name", "customer", person=..., name="Another"),
    _case("remove_contact", "customer", person=..., address="ours@example.org"),
    # operating
    _case("incidents"),
    _case("retry_all", kind="timer"),
    _case("retry", "incident", incident=...),
    _case("stuck", limit=5),
    _case("schedules"),
    _case("standing", "process", process=...),
    _case("administration"),
    _case("status"),
    _case("measures"),
    _case("next_due"),
    _case("archivable", before=START),
    _case("archive", before=START - timedelta(days=9), to=Path(os.devnull)),
    _case("migrate", "later", job=..., because="R", dry=True),
    _case("end", "job", job=..., because="R", key="k"),
    _case("set_data", "job", job=..., place="need.wish", value="For eight", because="R", key="k"),
    _case("move", "job", job=..., to="build", because="R", key="k"),
    _case("suspend", "job", job=..., because="R", key="k"),
    _case("resume", "suspended", job=..., because="R", key="k"),
    _case("fire_timer", "timer", timer=..., because="R", key="k"),
    _case("drop_timer", "timer", timer=..., because="R", key="k"),
    _case("move_deadline", "deadline", deadline=..., to=LATER, because="R", key="k"),
    _case("complete_call", "call", call=..., outcome="done", because="R", key="k"),
    _case("fail_call", "call", call=..., because="R", key="k"),
    _case("skip_call", "call", call=..., because="R", key="k"),
    _case("issue_token", scope="metrics", subject="mill"),
    _case("revoke_token", "token", id=...),
    _case("tokens"),
    # conversation and files
    _case("attach", "job", name="plan.txt", data=b"A plan", job=...),
    *(_case(verb, "file", id=...) for verb in ("file", "file_data", "file_parts")),
    _case("refuse_file", "file", id=..., because="R"),
    _case("write", text="Good morning", key="k"),
    _case("message_to", "customer", person=..., text="Good morning", key="k"),
    _case("conversation_with", "customer", person=...),
    _case("open_conversations"),
    # calendars
    _case("closures"),
    _case("free_hours", "calendar", calendar=..., day=DAY),
    _case("close_calendar", "calendar", calendar=..., start=DAY, end=DAY),
    _case("open_calendar", "closed calendar", calendar=..., start=date(2026, 5, 6)),
    _case("feeds"),
    _case("make_feed"),
    _case("end_feed", "feed", id=...),
    # signing in
    _case("make_enrolment", "member", person=...),
    _case("bind_subject", "customer", person=..., provider="house", subject="4711"),
    _case("sessions", "customer", person=...),
    _case("end_session", "session", id=...),
    _case("sign_out_everywhere", "customer", person=...),
    _case("credentials", "customer", person=...),
    _case("remove_credential", "credential", id=...),
    _case("begin_passkey"),
    _case("add_passkey", "challenge", id=...),
    _case("begin_totp"),
    _case("confirm_totp", "setting up", id=...),
    _case("issue_own_token", scopes=["read"]),
    _case("own_tokens"),
    _case("revoke_own_token", "own token", id=...),
    *(_case(verb, "device", user_code=...) for verb in ("device", "approve_device", "deny_device")),
    # what is known of customers
    _case("customers", text="a", limit=5),
    _case("duplicates"),
    *(_case(verb, "customer", person=...) for verb in ("record", "timeline", "facts", "export_person")),
    _case("add_fact", "customer", person=..., kind="concern", text="It is heavy", key="k"),
    _case("change_fact", "fact", fact=..., text="It is too heavy"),
    _case("answer_fact", "fact", fact=..., text="It gets lighter"),
    _case("take_back_fact", "fact", fact=...),
    _case("merge", "customer", person=..., into="ben", because="R"),
    _case("unmerge", "merged", person=...),
    _case("consents", "customer", person=...),
    _case("give_consent", "customer", person=..., partner="mill", until=START + timedelta(days=30), paper="Form 12"),
    _case("withdraw_consent", "customer", person=..., partner="mill"),
    _case("send_record", "customer", person=..., to="mill"),
    _case("reject_duplicate", "customer", person=..., other="ben"),
    # promises
    _case("promises", limit=5),
    _case("promise_counts"),
    # what all jobs have taught
    _case("insight", "process", process=...),
    _case("forecast", "process", process=..., stocks=[{"option": "oil", "on_hand": 1}]),
    _case("recount"),
)  # fmt: skip
