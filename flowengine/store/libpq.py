"""Statements on libpq itself, as many as are known in one round trip.

A cursor of psycopg costs more than the server does for a row found by its key, and the more so in its pipeline. So
values are turned to what the server takes by psycopg, and its answers to rows; the statements in between go to libpq.
Waiting is done outside libpq: other threads go on, and a signal is heard.

psycopg lets other threads run at each statement that it sends and each answer that it looks for, which takes no time at
all. Threads that only change places a hundred times a job cost more than the job: so they take turns, one a database,
to send a trip and to read what came.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

import msgspec
from psycopg import OperationalError, RawCursor
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.rows import tuple_row

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGconn, PGresult

    from flowengine.store.channel import Row

Step = tuple[str, Sequence[Any]]
"""A statement with ``$1``, ``$2`` and so on, and its values."""

MOST_PREPARED = 300
"""Statements that are prepared on one connection; those beyond are planned each time."""

_CLOSED = "the server closed the connection"
_FAILED = {ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE}


class _Text:
    """A statement as this connection knows it: how often it was sent, and its prepared names by its values' types."""

    __slots__ = ("formats", "names", "sql", "used")

    def __init__(self, sql: str, values: int) -> None:
        self.sql = sql.encode()
        self.formats = [PyFormat.AUTO] * values
        self.names: dict[tuple[int, ...], bytes] = {}
        self.used = 0


class _Bound(msgspec.Struct):
    """A statement with its values as they are sent."""

    text: _Text
    values: Any = None
    types: tuple[int, ...] = ()
    formats: Any = None
    prepares: bool = False


class _Reading:
    """Turns answers to rows."""

    __slots__ = ("_transformer", "amid")

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.amid = False
        self._transformer = Transformer(raw)

    def rows(self, result: PGresult) -> list[Row]:
        """The rows of an answer."""
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)

    def one(self, result: PGresult) -> Row | None:
        """The first row of an answer, or None."""
        if not result.ntuples:
            return None
        self._transformer.set_pgresult(result)
        return self._transformer.load_row(0, tuple)


class Borrowed(_Reading):
    """The caller's connection, through a cursor of psycopg: it may be in a pipeline, or have no transaction yet."""

    __slots__ = ("_cursor",)

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        super().__init__(raw)
        self._cursor = RawCursor(raw, row_factory=tuple_row)  # an application's own connection may have another

    def trip(self, steps: Sequence[Step]) -> list[PGresult]:
        """As :meth:`Wire.trip`, a round trip for each statement."""
        return [self._done(sql, values) for sql, values in steps]

    def _done(self, sql: str, values: Sequence[Any]) -> PGresult:
        result = self._cursor.execute(sql, values).pgresult
        assert result is not None, "what was executed has an answer"
        return result


class Wire(_Reading):
    """One connection. Whoever uses it has it for himself. ``turn`` is shared by all connections to the database.

    ``amid`` says that a trip has begun and its answers were not all read: then the connection is of no more use.
    """

    __slots__ = ("_conn", "_known", "_poll", "_prepared", "_threshold", "_turn")

    def __init__(self, raw: psycopg.Connection[Any], turn: Lock) -> None:
        super().__init__(raw)
        self._turn = turn
        self._conn: PGconn = raw.pgconn
        self._poll = select.poll()
        self._poll.register(raw.fileno(), select.POLLIN)
        self._threshold = raw.prepare_threshold
        self._known: dict[str, _Text] = {}
        self._prepared = 0

    def trip(self, steps: Sequence[Step]) -> list[PGresult]:
        """Send these statements, and wait for an answer to each.

        Where one fails, those behind it are not done, and its error is raised: one of psycopg's.
        """
        if self.amid:
            raise OperationalError("the connection was left amid an answer")
        bound = self._bind(steps)
        self.amid = True
        with self._turn:
            self._conn.enter_pipeline_mode()
            for one in bound:
                self._send(one)
            self._conn.pipeline_sync()
            rest = self._conn.flush()
        if rest:
            self._flush()
        results = self._results()
        self._conn.exit_pipeline_mode()
        self.amid = False
        answers = self._learned(bound, results)
        failed = _first_failure(results, self._transformer.encoding)
        if failed is not None:
            raise failed
        return answers

    def quiet(self) -> bool:
        """Whether the server has said nothing since the last trip: what it says unasked is that it closes."""
        return not self._poll.poll(0)

    def _bind(self, steps: Sequence[Step]) -> list[_Bound]:
        known, turned = self._known, self._transformer
        bound: list[_Bound] = []
        for sql, values in steps:
            text = known.get(sql)
            if text is None:
                text = known[sql] = _Text(sql, len(values))
            if values:
                dumped = turned.dump_sequence(values, text.formats)
                bound.append(_Bound(text, dumped, turned.types or (), turned.formats))
            else:
                bound.append(_Bound(text))
        return bound

    def _send(self, one: _Bound) -> None:
        """A statement without values, which begins or ends a transaction, is never prepared."""
        text, conn = one.text, self._conn
        name = text.names.get(one.types)
        if name is None and one.values and self._is_worth_it(text):
            name = text.names[one.types] = b"flow_%d" % self._prepared  # for the next of this trip as well
            one.prepares = True
            self._prepared += 1
            conn.send_prepare(name, text.sql, one.types)
        if name is None:
            conn.send_query_params(text.sql, one.values, one.types, one.formats)
        else:
            conn.send_query_prepared(name, one.values, one.formats)

    def _is_worth_it(self, text: _Text) -> bool:
        text.used += 1
        return self._threshold is not None and text.used > self._threshold and self._prepared < MOST_PREPARED

    def _flush(self) -> None:
        """Send it all; what the server says meanwhile is read, or both would wait for each other."""
        conn, poll = self._conn, self._poll
        poll.modify(conn.socket, select.POLLIN | select.POLLOUT)
        try:
            while conn.flush():
                if any(event & ~select.POLLOUT for _, event in poll.poll()):
                    conn.consume_input()
        finally:
            poll.modify(conn.socket, select.POLLIN)

    def _results(self) -> list[PGresult]:
        """The answers up to the end of the trip."""
        found: list[PGresult] = []
        with self._turn:
            over = self._read(found)
        while not over:
            self._poll.poll()
            with self._turn:
                try:
                    self._conn.consume_input()
                except OperationalError as error:
                    raise _first_failure(found, self._transformer.encoding) or error from None
                over = self._read(found)
        return found

    def _read(self, found: list[PGresult]) -> bool:
        """Read the answers that are there; whether the trip is over. Behind each comes its end, which is there as soon
        as the answer is."""
        conn = self._conn
        while not conn.is_busy():
            result = conn.get_result()
            if result is None:  # the connection is lost
                raise _first_failure(found, self._transformer.encoding) or OperationalError(_CLOSED)
            if result.status == ExecStatus.PIPELINE_SYNC:
                return True
            found.append(result)
            conn.get_result()
        return False

    def _learned(self, bound: Sequence[_Bound], results: Sequence[PGresult]) -> list[PGresult]:
        """The statements' own answers. What was to be prepared behind a failure was not, and is forgotten."""
        coming = iter(results)
        answers = []
        for one in bound:
            if one.prepares and next(coming).status != ExecStatus.COMMAND_OK:
                del one.text.names[one.types]
            answers.append(next(coming))
        return answers


def _first_failure(results: Sequence[PGresult], encoding: str) -> Exception | None:
    """The error of the statement that failed; those behind it were not done."""
    for result in results:
        if result.status in _FAILED:
            return error_from_result(result, encoding)
    return None
