"""How each verb of a desk goes over HTTP: the one table of which the server makes routes and the client requests.

``{names}`` in a path are arguments of the verb. The others stand in the query of a ``GET``, else in the body, a JSON
object; ``key`` (of ``send``: ``request_key``) is the header ``Idempotency-Key``. What is answered is what the verb
answers, as JSON (:mod:`flowengine.client.wire`). A verb of the desk without a row fails the tests.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

PREFIX = "/api/v1"
Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE"]


class Route(NamedTuple):
    """One verb: its method, its path below :data:`PREFIX`, the ``tag`` under which it is told, and the status of what
    it has done. ``cursor`` is the field of a row that the next page comes ``after``. Of two paths that fit, the one
    counts that has a word where the other has an argument."""

    verb: str
    method: Method
    path: str
    tag: str
    status: int = 200
    cursor: str = ""


ROUTES = (
    Route("start", "POST", "/jobs", "jobs", 201),
    Route("jobs", "GET", "/jobs", "jobs", cursor="id"),
    Route("track", "GET", "/jobs/{job}", "jobs"),
    Route("data", "GET", "/jobs/{job}/data", "jobs"),
    Route("answered", "GET", "/jobs/{job}/answered/{seq}", "jobs"),
    Route("history", "GET", "/jobs/{job}/history", "jobs", cursor="seq"),
    Route("offer", "GET", "/jobs/{job}/offers/{name}", "jobs"),
    Route("invoke", "POST", "/jobs/{job}/offers/{name}", "jobs"),
    Route("withdraw", "POST", "/jobs/{job}/withdraw", "jobs"),
    Route("say", "POST", "/jobs/{job}/notes", "jobs"),
    Route("take_back", "POST", "/questions/{question}/take-back", "jobs"),
    Route("add", "POST", "/jobs/{job}/items/{state}", "jobs"),
    Route("send", "POST", "/messages/{name}", "jobs"),
    Route("inbox", "GET", "/steps", "steps", cursor="place"),
    Route("inbox_counts", "GET", "/steps/counts", "steps"),
    Route("find_step", "GET", "/steps/find", "steps"),
    Route("step", "GET", "/steps/{step_id}", "steps"),
    Route("act", "POST", "/steps/{step_id}/act", "steps"),
    Route("claim", "POST", "/steps/{step_id}/claim", "steps"),
    Route("release", "POST", "/steps/{step_id}/release", "steps"),
    Route("assign", "POST", "/steps/{step_id}/assign", "steps"),
    Route("agenda", "GET", "/agenda", "steps"),
    Route("processes", "GET", "/processes", "processes"),
    Route("deploy", "POST", "/processes", "processes", 201),
    Route("need", "GET", "/processes/{process}/need", "processes"),
    Route("source", "GET", "/processes/{process}/source", "processes"),
    Route("suspend_process", "POST", "/processes/{name}/suspend", "processes"),
    Route("resume_process", "POST", "/processes/{name}/resume", "processes"),
    Route("migrate_all", "POST", "/processes/{process}/migrate", "processes"),
    Route("me", "GET", "/me", "people"),
    Route("now", "GET", "/now", "people"),
    Route("roles", "GET", "/roles", "people"),
    Route("people", "GET", "/people", "people", cursor="id"),
    Route("find_person", "GET", "/people/find", "people"),
    Route("person", "GET", "/people/{id}", "people"),
    Route("add_customer", "PUT", "/customers/{id}", "people"),
    Route("add_staff", "PUT", "/staff/{id}", "people"),
    Route("leave", "POST", "/people/{person}/leave", "people"),
    Route("erase", "POST", "/people/{person}/erase", "people"),
    Route("holdings", "GET", "/people/{person}/holdings", "people"),
    Route("hand_over", "POST", "/people/{person}/hand-over", "people"),
    Route("set_hours", "PUT", "/people/{person}/hours", "people"),
    Route("add_absence", "POST", "/people/{person}/absences", "people", 201),
    Route("remove_absence", "DELETE", "/people/{person}/absences/{start}", "people"),
    Route("incidents", "GET", "/incidents", "operating"),
    Route("retry_all", "POST", "/incidents/retry", "operating"),
    Route("retry", "POST", "/incidents/{incident}/retry", "operating"),
    Route("stuck", "GET", "/stuck", "operating"),
    Route("standing", "GET", "/processes/{process}/standing", "operating"),
    Route("schedules", "GET", "/schedules", "operating"),
    Route("audit", "GET", "/audit", "operating"),
    Route("administration", "GET", "/administration", "operating", cursor="seq"),
    Route("status", "GET", "/status", "operating"),
    Route("migrate", "POST", "/jobs/{job}/migrate", "operating"),
    Route("end", "POST", "/jobs/{job}/end", "operating"),
    Route("set_data", "PUT", "/jobs/{job}/data/{place}", "operating"),
    Route("move", "POST", "/jobs/{job}/move", "operating"),
    Route("suspend", "POST", "/jobs/{job}/suspend", "operating"),
    Route("resume", "POST", "/jobs/{job}/resume", "operating"),
    Route("timers", "GET", "/jobs/{job}/timers", "operating"),
    Route("fire_timer", "POST", "/timers/{timer}/fire", "operating"),
    Route("drop_timer", "POST", "/timers/{timer}/drop", "operating"),
    Route("move_deadline", "PUT", "/deadlines/{deadline}", "operating"),
    Route("act_for", "POST", "/steps/{step_id}/act-for", "operating"),
    Route("complete_call", "POST", "/calls/{call}/complete-by-hand", "operating"),
    Route("fail_call", "POST", "/calls/{call}/fail-by-hand", "operating"),
    Route("skip_call", "POST", "/calls/{call}/skip", "operating"),
    Route("archivable", "GET", "/archivable", "operating"),
    Route("issue_token", "POST", "/tokens", "operating", 201),
    Route("revoke_token", "POST", "/tokens/{id}/revoke", "operating"),
    Route("tokens", "GET", "/tokens", "operating"),
    # conversation and files
    Route("message", "POST", "/jobs/{job}/messages", "conversation"),
    Route("note", "POST", "/jobs/{job}/internal-notes", "conversation"),
    Route("conversation", "GET", "/jobs/{job}/conversation", "conversation", cursor="place"),
    Route("file", "GET", "/files/{id}", "conversation"),
    Route("refuse_file", "POST", "/files/{id}/refuse", "conversation"),
    Route("write", "POST", "/conversation", "conversation"),
    Route("message_to", "POST", "/people/{person}/messages", "conversation"),
    Route("conversation_with", "GET", "/people/{person}/conversation", "conversation", cursor="place"),
    Route("open_conversations", "GET", "/conversations", "conversation", cursor="place"),
    # calendars
    Route("closures", "GET", "/closures", "calendars"),
    Route("close_calendar", "POST", "/calendars/{calendar}/closures", "calendars", 201),
    Route("open_calendar", "DELETE", "/calendars/{calendar}/closures/{start}", "calendars"),
    Route("free_hours", "GET", "/free-hours", "calendars"),
    Route("appointment_file", "GET", "/jobs/{job}/appointments", "calendars"),
    Route("agenda_file", "GET", "/agenda/file", "calendars"),
    Route("feeds", "GET", "/feeds", "calendars"),
    Route("make_feed", "POST", "/feeds", "calendars", 201),
    Route("end_feed", "DELETE", "/feeds/{id}", "calendars"),
    # parties
    Route("let_act", "PUT", "/people/{party}/acting/{person}", "people"),
    Route("end_acting", "DELETE", "/people/{party}/acting/{person}", "people"),
    Route("acting", "GET", "/people/{person}/acting", "people"),
    Route("contacts", "GET", "/people/{person}/contacts", "people"),
    Route("add_contact", "POST", "/people/{person}/contacts", "people", 201),
    Route("set_name", "POST", "/people/{person}/name", "people"),
    Route("remove_contact", "POST", "/people/{person}/contacts/remove", "people"),
    # signing in
    Route("make_link", "POST", "/links", "signing in", 201),
    Route("make_enrolment", "POST", "/people/{person}/enrolment", "signing in", 201),
    Route("links", "GET", "/jobs/{job}/links", "signing in"),
    Route("revoke_link", "POST", "/links/{id}/revoke", "signing in"),
    Route("sessions", "GET", "/sessions", "signing in"),
    Route("end_session", "DELETE", "/sessions/{id}", "signing in"),
    Route("sign_out_everywhere", "POST", "/sessions/sign-out-everywhere", "signing in"),
    Route("credentials", "GET", "/credentials", "signing in"),
    Route("remove_credential", "POST", "/credentials/{id}/remove", "signing in"),
    Route("begin_passkey", "POST", "/passkeys/begin", "signing in"),
    Route("add_passkey", "POST", "/passkeys", "signing in", 201),
    Route("begin_totp", "POST", "/totp/begin", "signing in"),
    Route("confirm_totp", "POST", "/totp", "signing in", 201),
    Route("bind_subject", "POST", "/people/{person}/subjects", "signing in", 201),
    Route("issue_own_token", "POST", "/own-tokens", "signing in", 201),
    Route("own_tokens", "GET", "/own-tokens", "signing in"),
    Route("revoke_own_token", "POST", "/own-tokens/{id}/revoke", "signing in"),
    Route("device", "POST", "/device/look", "signing in"),
    Route("approve_device", "POST", "/device/approve", "signing in"),
    Route("deny_device", "POST", "/device/deny", "signing in"),
    # what is known of customers
    Route("customers", "GET", "/customers", "customers"),
    Route("duplicates", "GET", "/duplicates", "customers"),
    Route("import_people", "POST", "/customers/import", "customers"),
    Route("record", "GET", "/customers/{person}", "customers"),
    Route("timeline", "GET", "/customers/{person}/timeline", "customers", cursor="place"),
    Route("facts", "GET", "/customers/{person}/facts", "customers", cursor="place"),
    Route("add_fact", "POST", "/customers/{person}/facts", "customers", 201),
    Route("export_person", "GET", "/customers/{person}/export", "customers"),
    Route("merge", "POST", "/customers/{person}/merge", "customers"),
    Route("consents", "GET", "/customers/{person}/consents", "customers"),
    Route("give_consent", "POST", "/customers/{person}/consents", "customers", 201),
    Route("withdraw_consent", "POST", "/customers/{person}/consents/withdraw", "customers"),
    Route("send_record", "POST", "/customers/{person}/send", "customers", 201),
    Route("unmerge", "POST", "/customers/{person}/unmerge", "customers"),
    Route("reject_duplicate", "POST", "/customers/{person}/distinct", "customers"),
    Route("change_fact", "PUT", "/facts/{fact}", "customers"),
    Route("answer_fact", "POST", "/facts/{fact}/answer", "customers"),
    Route("take_back_fact", "POST", "/facts/{fact}/take-back", "customers"),
    # ballots
    Route("ballot", "GET", "/steps/{step_id}/ballot", "steps"),
    # promises
    Route("preview", "POST", "/jobs/{job}/offers/{name}/preview", "promises"),
    Route("preview_act", "POST", "/steps/{step_id}/preview", "promises"),
    Route("ask_new_promise", "POST", "/jobs/{job}/promise", "promises"),
    Route("promises", "GET", "/promises", "promises"),
    Route("promise_counts", "GET", "/promises/counts", "promises"),
    Route("receipts", "GET", "/jobs/{job}/receipts", "promises"),
    Route("proof", "GET", "/jobs/{job}/proof", "promises"),
    # what all jobs have taught
    Route("insight", "GET", "/processes/{process}/insight", "insight"),
    Route("forecast", "POST", "/processes/{process}/forecast", "insight"),
    Route("recount", "POST", "/insight/recount", "insight"),
)
"""One row for each verb that crosses as JSON. ``archive`` writes a file where it runs, and does not."""

NEAR_ONLY = frozenset({"archive"})
"""Verbs that stay where the database is."""

BY_HAND = frozenset({"attach", "file_data"})
"""Verbs whose bytes go as they are: ``POST /files`` with the body of the file, its name and job in the query, which
answers as ``attach``, and ``GET /files/{id}/data``, which answers with the body of the file."""
