"""The engine for asyncio applications: each verb awaited, done on a few threads of its own.

The database is asked by drivers that wait, and a command is answered once it is on disk. On threads of its own that
waiting keeps nothing else from running, and no more of it is done at once than the database is good for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from types import TracebackType
from typing import Concatenate, Generic, ParamSpec, TypeVar

from flowengine.engine import Engine
from flowengine.errors import NotConfigured

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 8
"""So many verbs are at work at once, unless another number is given: one writes to SQLite, and the others read."""


class _Verb(Generic[P, T]):
    """A verb of the engine, with its own arguments, answer and docstring, to be awaited."""

    def __init__(self, verb: Callable[Concatenate[Engine, P], T]) -> None:
        self.verb = verb
        self.__doc__ = verb.__doc__

    def __get__(self, engine: AsyncEngine | None, _: type[AsyncEngine]) -> Callable[P, Awaitable[T]]:
        if engine is None:  # looked at on the class, as tools for documentation do
            return self  # type: ignore[return-value]
        return partial(engine.run, self.verb, engine.engine)


class AsyncEngine:
    """An engine whose verbs are awaited. Arguments, answers and errors are those of :class:`Engine`.

    ``threads`` verbs are at work at once; more wait their turn, in order. Close it, or use it as ``async with``; the
    engine itself stays open. An await that is cancelled while its verb is at work leaves it to end by itself, so a
    command may have been carried out all the same: give it a request key, and ask again with it (L3).

    What is on no thread: handlers and watchers are given to the engine itself, which a worker runs; and
    ``engine.using(…)`` with an own transaction belongs in one function, done by :meth:`run`.
    """

    def __init__(self, engine: Engine, *, threads: int = THREADS) -> None:
        if threads < 1:
            raise NotConfigured(
                f"{threads} threads do nothing", where="threads", possible=(f"1 or more, as {THREADS}",)
            )
        self.engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="flow")

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have any function done on the same threads, in the context of whoever awaits it."""
        call = partial(copy_context().run, work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def aclose(self) -> None:
        """Wait for what is at work, and let the threads go."""
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)

    async def __aenter__(self) -> AsyncEngine:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    deploy = _Verb(Engine.deploy)
    processes = _Verb(Engine.processes)
    process = _Verb(Engine.process)
    need = _Verb(Engine.need)
    add_customer = _Verb(Engine.add_customer)
    add_staff = _Verb(Engine.add_staff)
    leave = _Verb(Engine.leave)
    erase = _Verb(Engine.erase)
    set_hours = _Verb(Engine.set_hours)
    add_absence = _Verb(Engine.add_absence)
    remove_absence = _Verb(Engine.remove_absence)
    person = _Verb(Engine.person)
    find_person = _Verb(Engine.find_person)
    people = _Verb(Engine.people)
    actor = _Verb(Engine.actor)
    start = _Verb(Engine.start)
    act = _Verb(Engine.act)
    claim = _Verb(Engine.claim)
    release = _Verb(Engine.release)
    assign = _Verb(Engine.assign)
    invoke = _Verb(Engine.invoke)
    withdraw = _Verb(Engine.withdraw)
    say = _Verb(Engine.say)
    take_back = _Verb(Engine.take_back)
    send = _Verb(Engine.send)
    receive = _Verb(Engine.receive)
    hear_partner = _Verb(Engine.hear_partner)
    add = _Verb(Engine.add)
    roles = _Verb(Engine.roles)
    holdings = _Verb(Engine.holdings)
    inbox = _Verb(Engine.inbox)
    agenda = _Verb(Engine.agenda)
    inbox_counts = _Verb(Engine.inbox_counts)
    step = _Verb(Engine.step)
    find_step = _Verb(Engine.find_step)
    track = _Verb(Engine.track)
    offer = _Verb(Engine.offer)
    answered = _Verb(Engine.answered)
    data = _Verb(Engine.data)
    jobs = _Verb(Engine.jobs)
    history = _Verb(Engine.history)
    audit = _Verb(Engine.audit)
    complete = _Verb(Engine.complete)
    give_up = _Verb(Engine.give_up)
    run_due = _Verb(Engine.run_due)
    measures = _Verb(Engine.measures)
    incidents = _Verb(Engine.incidents)
    schedules = _Verb(Engine.schedules)
    retry = _Verb(Engine.retry)
    retry_all = _Verb(Engine.retry_all)
    stuck = _Verb(Engine.stuck)
    standing = _Verb(Engine.standing)
    archive = _Verb(Engine.archive)
    archivable = _Verb(Engine.archivable)
    migrate = _Verb(Engine.migrate)
    migrate_all = _Verb(Engine.migrate_all)
    end = _Verb(Engine.end)
    complete_call = _Verb(Engine.complete_call)
    fail_call = _Verb(Engine.fail_call)
    skip_call = _Verb(Engine.skip_call)
    act_for = _Verb(Engine.act_for)
    set_data = _Verb(Engine.set_data)
    move = _Verb(Engine.move)
    suspend = _Verb(Engine.suspend)
    resume = _Verb(Engine.resume)
    suspend_process = _Verb(Engine.suspend_process)
    resume_process = _Verb(Engine.resume_process)
    move_deadline = _Verb(Engine.move_deadline)
    fire_timer = _Verb(Engine.fire_timer)
    drop_timer = _Verb(Engine.drop_timer)
    timers = _Verb(Engine.timers)
    hand_over = _Verb(Engine.hand_over)
    issue_token = _Verb(Engine.issue_token)
    revoke_token = _Verb(Engine.revoke_token)
    tokens = _Verb(Engine.tokens)
    token = _Verb(Engine.token)
    next_due = _Verb(Engine.next_due)
    administration = _Verb(Engine.administration)
    status = _Verb(Engine.status)
    # conversation and files
    message = _Verb(Engine.message)
    note = _Verb(Engine.note)
    conversation = _Verb(Engine.conversation)
    attach = _Verb(Engine.attach)
    file = _Verb(Engine.file)
    file_data = _Verb(Engine.file_data)
    refuse_file = _Verb(Engine.refuse_file)
    write = _Verb(Engine.write)
    message_to = _Verb(Engine.message_to)
    conversation_with = _Verb(Engine.conversation_with)
    open_conversations = _Verb(Engine.open_conversations)
    file_parts = _Verb(Engine.file_parts)
    # calendars
    close_calendar = _Verb(Engine.close_calendar)
    open_calendar = _Verb(Engine.open_calendar)
    closures = _Verb(Engine.closures)
    free_hours = _Verb(Engine.free_hours)
    appointment_file = _Verb(Engine.appointment_file)
    agenda_file = _Verb(Engine.agenda_file)
    make_feed = _Verb(Engine.make_feed)
    feeds = _Verb(Engine.feeds)
    end_feed = _Verb(Engine.end_feed)
    read_feed = _Verb(Engine.read_feed)
    # parties
    let_act = _Verb(Engine.let_act)
    end_acting = _Verb(Engine.end_acting)
    acting = _Verb(Engine.acting)
    contacts = _Verb(Engine.contacts)
    add_contact = _Verb(Engine.add_contact)
    remove_contact = _Verb(Engine.remove_contact)
    set_name = _Verb(Engine.set_name)
    confirm_contact = _Verb(Engine.confirm_contact)
    with_contact = _Verb(Engine.with_contact)
    # signing in
    identify = _Verb(Engine.identify)
    sign_in = _Verb(Engine.sign_in)
    make_link = _Verb(Engine.make_link)
    make_enrolment = _Verb(Engine.make_enrolment)
    links = _Verb(Engine.links)
    revoke_link = _Verb(Engine.revoke_link)
    open_link = _Verb(Engine.open_link)
    send_code = _Verb(Engine.send_code)
    check_code = _Verb(Engine.check_code)
    check_totp = _Verb(Engine.check_totp)
    sessions = _Verb(Engine.sessions)
    end_session = _Verb(Engine.end_session)
    sign_out_everywhere = _Verb(Engine.sign_out_everywhere)
    credentials = _Verb(Engine.credentials)
    remove_credential = _Verb(Engine.remove_credential)
    begin_passkey = _Verb(Engine.begin_passkey)
    add_passkey = _Verb(Engine.add_passkey)
    begin_passkey_sign_in = _Verb(Engine.begin_passkey_sign_in)
    sign_in_by_passkey = _Verb(Engine.sign_in_by_passkey)
    begin_totp = _Verb(Engine.begin_totp)
    confirm_totp = _Verb(Engine.confirm_totp)
    begin_oidc = _Verb(Engine.begin_oidc)
    finish_oidc = _Verb(Engine.finish_oidc)
    bind_subject = _Verb(Engine.bind_subject)
    issue_own_token = _Verb(Engine.issue_own_token)
    own_tokens = _Verb(Engine.own_tokens)
    revoke_own_token = _Verb(Engine.revoke_own_token)
    begin_device = _Verb(Engine.begin_device)
    poll_device = _Verb(Engine.poll_device)
    device = _Verb(Engine.device)
    approve_device = _Verb(Engine.approve_device)
    deny_device = _Verb(Engine.deny_device)
    start_publicly = _Verb(Engine.start_publicly)
    # what is known of customers
    add_fact = _Verb(Engine.add_fact)
    change_fact = _Verb(Engine.change_fact)
    answer_fact = _Verb(Engine.answer_fact)
    take_back_fact = _Verb(Engine.take_back_fact)
    facts = _Verb(Engine.facts)
    record = _Verb(Engine.record)
    timeline = _Verb(Engine.timeline)
    customers = _Verb(Engine.customers)
    merge = _Verb(Engine.merge)
    unmerge = _Verb(Engine.unmerge)
    duplicates = _Verb(Engine.duplicates)
    reject_duplicate = _Verb(Engine.reject_duplicate)
    export_person = _Verb(Engine.export_person)
    import_people = _Verb(Engine.import_people)
    consents = _Verb(Engine.consents)
    give_consent = _Verb(Engine.give_consent)
    withdraw_consent = _Verb(Engine.withdraw_consent)
    send_record = _Verb(Engine.send_record)
    # ballots
    ballot = _Verb(Engine.ballot)
    # promises
    preview = _Verb(Engine.preview)
    preview_act = _Verb(Engine.preview_act)
    ask_new_promise = _Verb(Engine.ask_new_promise)
    promises = _Verb(Engine.promises)
    promise_counts = _Verb(Engine.promise_counts)
    insight = _Verb(Engine.insight)
    forecast = _Verb(Engine.forecast)
    recount = _Verb(Engine.recount)
    receipts = _Verb(Engine.receipts)
    proof = _Verb(Engine.proof)
