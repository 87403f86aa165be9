"""Every error that flowengine raises on purpose.

::

    FlowError
    ├── ProcessRefused        a process file has problems; all of them are listed
    ├── ExpressionFailed      an expression could not be evaluated
    ├── Refused               what was asked cannot be done; nothing was changed
    │   ├── NotFound          no such job, step, process or customer, or not for you (L4)
    │   ├── Ambiguous         a short id fits more than one thing
    │   ├── NotAllowed        not by this actor, or not now
    │   │   ├── WeakIdentity  by him, once he is known more strongly: by a code, say
    │   │   └── NoConsent     the customer does not consent that it is passed on, or no more
    │   ├── BadToken          the token is unknown, expired or revoked
    │   ├── StaleCommand      the step, timer or call is no longer open
    │   ├── UnknownOutcome    the step does not know this outcome
    │   ├── BadAnswer         the answer breaks the fields of the step
    │   ├── AlreadyClaimed    somebody else has claimed the step
    │   ├── SlotTaken         the room, or somebody whom the appointment needs, is not free then
    │   ├── PreviewChanged    what was looked at before would come to something else by now
    │   ├── KeyConflict       the request key was used for something else (L3)
    │   ├── SignedInAsAnother somebody else is signed in in this browser
    │   ├── KeyMissing        over HTTP, what changes something is asked with a request key
    │   ├── Malformed         what was sent is no JSON
    │   ├── TooLarge          what was sent is larger than is taken
    │   ├── TooMany           whoever asks has asked too often just now; ask later
    │   └── BadSignature      what came from outside is not signed as it has to be
    ├── RunawayProcess        a process went round without ever waiting
    ├── InvariantBroken       the core found its own position inconsistent: a bug, nothing was changed
    ├── HandlerMissing        a service names a handler that is not registered
    ├── NotConfigured         a setting of the installation is missing, or cannot be used
    ├── OutsideError          a call to the outside over HTTP came to nothing
    │   ├── AddressRefused    the address may not be called
    │   ├── Unreachable       no whole answer came in time
    │   └── AnswerRefused     the answer cannot be taken: a redirect, too long, not JSON
    ├── HandlerDied           the process in which a handler ran alone ended before it answered
    ├── Overloaded            the server has as much to do as it can take in; ask later
    └── StoreError
        ├── DatabaseBusy      a lock was not had in time; try again
        ├── ConnectionLost    the database or the server went away; what was asked may or may not have been kept
        ├── SchemaMismatch    the database belongs to an older or newer flowengine
        └── HistoryBroken     the history does not agree with itself or with what is stored (L5)

Each says *what* is wrong, *where*, and what is *possible* instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

if TYPE_CHECKING:
    from flowengine.problem import Problem


Fault: TypeAlias = Literal["syntax", "missing", "type", "value", "budget"]
"""Why an expression failed: see :class:`ExpressionFailed`."""


class FlowError(Exception):
    """The root of all errors that flowengine raises on purpose.

    ``what`` is a sentence, ``where`` names the place (``file:line:column``, a step, a field), ``possible`` lists what
    would have been accepted: ``str(error)`` says all three, ``to_json()`` gives them as plain values beside ``error``,
    the name of the class. ``status`` is the HTTP status that goes with it, said with a class, else its parent's.

    All of it is English, until a door that knows the reader has it told in his words (:meth:`tell`): what was raised as
    a phrase (``speech.phrases``) can be; ``phrase`` is that of ``what``, ``phrases`` those of what is possible.
    """

    status: ClassVar[int] = 500

    def __init_subclass__(cls, status: int = 0) -> None:
        cls.status = status or cls.status

    def __init__(self, what: str, *, where: str = "", possible: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.phrase = what
        self.phrases = tuple(possible)
        self.what = str(what)
        self.where = str(where)
        self.possible = tuple(map(str, possible))
        self.is_told = False

    @property
    def code(self) -> str:
        """The class's name: stable, for programs."""
        return type(self).__name__

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} (possible: {', '.join(self.possible)})" if self.possible else text

    def tell(self, told: Callable[[str], str]) -> Self:
        """The error itself, saying what it says as ``told`` tells its phrases. From then on it ``is_told``."""
        self.is_told = True
        self.what = told(self.phrase)
        self.possible = tuple(map(told, self.phrases))
        return self

    def to_json(self) -> dict[str, Any]:
        """The error as plain values, for ``--json`` and HTTP."""
        return {"error": self.code, "what": self.what, "where": self.where, "possible": list(self.possible)}


def http_status(error: BaseException) -> int:
    """The HTTP status to answer an error with: that of its class, and 500 for what is no FlowError.

    400 to 499: it is the request's, and nothing was changed. 503: the database cannot do it now, so the same may be
    asked again. 500: it is the installation's; its words may hold addresses and paths, so they are for the log.
    """
    return error.status if isinstance(error, FlowError) else 500


class ProcessRefused(FlowError, status=422):
    """A process file has problems; ``problems`` lists all of them in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def to_json(self) -> dict[str, Any]:
        return {"error": self.code, "problems": [problem.to_json() for problem in self.problems]}


class ExpressionFailed(FlowError, status=422):
    """An expression could not be read or evaluated.

    ``kind`` tells why: it is no expression (``syntax``), something it names is not there (``missing``), the types do
    not fit (``type``), a value cannot be worked with, such as a division by zero or a text that is no date (``value``),
    or it would take too long or too much memory (``budget``). ``span`` is the part of the expression at fault: from
    its first character to behind its last, counted from 0; None when it is all of it.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        possible: Sequence[str] = (),
        kind: Fault = "value",
        span: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(what, where=where, possible=possible)
        self.kind = kind
        self.span = span


class Refused(FlowError, status=400):
    """What was asked cannot be done. Nothing was changed."""


class NotFound(Refused, status=404):
    """There is no such thing, or it is not for this actor: both answer alike (L4)."""


class Ambiguous(Refused, status=409):
    """A short id fits more than one thing; ``possible`` lists them."""


class NotAllowed(Refused, status=403):
    """This actor may not do this, or not now."""


class WeakIdentity(NotAllowed):
    """Who asks may do this, and is not known strongly enough for it: ``needed`` says how strongly he has to be. Raised
    only for what he may know of; nothing was changed."""

    def __init__(self, what: str, *, needed: str, where: str = "", possible: Sequence[str] = ()) -> None:
        super().__init__(what, where=where, possible=possible)
        self.needed = needed

    def to_json(self) -> dict[str, Any]:
        return super().to_json() | {"needed": self.needed}


class NoConsent(NotAllowed):
    """A record of a customer may not be passed on: no consent of his that holds now covers it."""


class BadToken(Refused, status=401):
    """Whoever asks has shown no valid token: it is unknown, expired or revoked, which answer alike (L4)."""


class StaleCommand(Refused, status=409):
    """The step, timer or call that the command names is no longer open."""


class UnknownOutcome(Refused, status=422):
    """The step does not know this outcome; ``possible`` lists those it knows."""


class BadAnswer(Refused, status=422):
    """The answer breaks the step's fields; ``problems`` maps each field's path to what is wrong with it."""

    def __init__(self, problems: Mapping[str, str], *, where: str = "", possible: Sequence[str] = ()) -> None:
        self.problem_phrases = dict(problems)
        self.problems = {name: str(problem) for name, problem in problems.items()}
        super().__init__(_in_a_row(self.problems), where=where, possible=possible)

    def tell(self, told: Callable[[str], str]) -> Self:
        super().tell(told)
        self.problems = {name: told(problem) for name, problem in self.problem_phrases.items()}
        self.what = _in_a_row(self.problems)
        return self

    def to_json(self) -> dict[str, Any]:
        return super().to_json() | {"problems": self.problems}


def _in_a_row(problems: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {problem}" if name else problem for name, problem in problems.items())


class AlreadyClaimed(Refused, status=409):
    """Somebody else has claimed the step."""


class SlotTaken(Refused, status=409):
    """The appointment was booked by another in the meantime, or the customer, or all who could meet him, are not free
    then; ``possible`` lists slots still free."""


class PreviewChanged(Refused, status=409):
    """What was looked at before it is done would come to something else by now: look again. Nothing was changed."""


class KeyConflict(Refused, status=409):
    """The request key was used before for something else (L3)."""


class SignedInAsAnother(Refused, status=409):
    """Somebody else is signed in where this was asked: he is asked who he is now, and nobody is made somebody else
    without a word."""


class KeyMissing(Refused, status=428):
    """Over HTTP an act is asked with a request key, so that asking again cannot do it twice (L3)."""


class Malformed(Refused, status=400):
    """What was sent is no JSON."""


class TooLarge(Refused, status=413):
    """What was sent is larger than is taken."""


class TooMany(Refused, status=429):
    """Whoever asks has asked too often just now; in ``retry_after`` seconds he may again."""

    def __init__(self, what: str, *, where: str = "", possible: Sequence[str] = (), retry_after: float = 1) -> None:
        super().__init__(what, where=where, possible=possible)
        self.retry_after = retry_after

    def to_json(self) -> dict[str, Any]:
        return super().to_json() | {"retry_after": self.retry_after}


class BadSignature(Refused, status=401):
    """What came from outside is not signed as it has to be: no signature, a wrong one, or one of another time."""


class RunawayProcess(FlowError, status=422):
    """A job took more micro steps in one command than the budget allows: its process goes round without waiting."""


class InvariantBroken(FlowError):
    """The core found its own position inconsistent. This is a bug in flowengine; nothing was changed."""


class HandlerMissing(FlowError):
    """A service names a handler that is not registered; ``possible`` lists those that are."""


class HandlerDied(FlowError):
    """The process in which a handler ran alone ended before it answered: it left, was killed, or was told to stop."""


class NotConfigured(FlowError):
    """A setting of this installation is missing or cannot be used; ``where`` names its variable."""


class Overloaded(FlowError, status=503):
    """The server has as much to do as it can take in. Nothing was changed; the same may be asked again."""


class OutsideError(FlowError):
    """A call to the outside over HTTP came to nothing."""


class AddressRefused(OutsideError):
    """The address may not be called: it is no http or https URL, or it leads inside."""


class Unreachable(OutsideError):
    """No whole answer came in time. ``in_doubt``: whether the other side did what was asked is not known; without it,
    it was not asked, for there was no connection."""

    def __init__(self, what: str, *, where: str = "", possible: Sequence[str] = (), in_doubt: bool = True) -> None:
        super().__init__(what, where=where, possible=possible)
        self.in_doubt = in_doubt


class AnswerRefused(OutsideError):
    """An answer came that cannot be taken: a redirect, too long, compressed, not JSON.

    ``final``: the same request would be answered in the same way, so it is of no use to send it again.
    """

    def __init__(self, what: str, *, where: str = "", possible: Sequence[str] = (), final: bool = False) -> None:
        super().__init__(what, where=where, possible=possible)
        self.final = final


class StoreError(FlowError, status=503):
    """The database could not do what was asked."""


class DatabaseBusy(StoreError):
    """A lock was not had in time. Nothing was changed; try again: inside :meth:`Engine.using` the whole transaction.

    ``collided``: two transactions were in each other's way (a deadlock, a serialization failure, the same row entered
    by both), so the database broke this one off; to do it again at once helps.
    """

    def __init__(self, what: str, *, where: str = "", possible: Sequence[str] = (), collided: bool = False) -> None:
        super().__init__(what, where=where, possible=possible)
        self.collided = collided


class ConnectionLost(StoreError):
    """The database went away, or could not be reached; of a desk on a server: the server.

    ``in_doubt``: the commit, or the request, was sent and its answer never came, so whether it was kept is not known.
    """

    def __init__(self, what: str, *, where: str = "", possible: Sequence[str] = (), in_doubt: bool = False) -> None:
        super().__init__(what, where=where, possible=possible)
        self.in_doubt = in_doubt


class SchemaMismatch(StoreError):
    """The database's schema belongs to an older or newer flowengine."""


class HistoryBroken(StoreError, status=500):
    """The history does not agree with itself or with what is stored (L5)."""
