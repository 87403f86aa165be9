"""``flow try``: a process played move by move, by a person who is asked or by a script, and lives played by chance."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from flowengine.cli import ask, prompt, show
from flowengine.cli.failures import tell
from flowengine.cli.slot_picker import Slots
from flowengine.cli.terminal import Stopped, screen
from flowengine.cli.typed_values import answer_from
from flowengine.client import Json, MadeUp, Way
from flowengine.errors import BadAnswer, FlowError, NotFound, Refused, UnknownOutcome
from flowengine.interop.labels import span

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import FormField, Leg, Life, Lives, Move, Trial, Verdict, WayToEnd
    from flowengine.language import Process

SHOWN = 12
"""States, outcomes and moves of a list that are shown; ``--json`` gives all."""

_HELP = (
    "Type the number of what happens next, or its name. Everybody is made up, and nothing is stored.",
    "  b  back to before the last move      s  where it stands      d  the data",
    "  h  what happened so far              q  quit                 ?  this help",
    "At a question, Enter takes the answer in brackets; Ctrl-C leaves the move.",
)


# one job, move by move


def walk(trial: Trial, *, quick: bool) -> None:
    """Play with a person at the terminal, until he quits. Wrong answers are told and asked again."""
    console = screen()
    show.line(console, (trial.process.title, "bold"), (f"  {trial.process.name}, only tried: nothing is stored", "dim"))
    try:
        _begin(console, trial, quick=quick)
        while True:
            _stands(console, trial)
            if not _next(console, trial, quick=quick):
                break
    except (Stopped, KeyboardInterrupt):
        if not trial.has_begun:
            raise Stopped from None
    show_end(console, trial)


def _begin(console: Console, trial: Trial, *, quick: bool) -> None:
    """The need is stated by the customer, who is Ada."""
    asked = trial.need.ask.source if trial.need.ask else trial.process.need
    show.line(console, f"{trial.name(trial.cast.customer)}: {asked}")
    fields = trial.asked_first
    made_up = _made_up(trial, fields)
    while True:
        answer = made_up if quick else _answered(ask.fields(console, fields, made_up=made_up))
        answer = _with_made_up_files(fields, answer, trial)
        try:
            trial.begin(answer)
            return
        except BadAnswer as error:
            if quick:
                raise
            tell(console, error)


def _answered(answers: Mapping[str, Json]) -> dict[str, Json]:
    """Without what was left out."""
    return {name: value for name, value in answers.items() if value is not None}


def _made_up(trial: Trial, fields: Sequence[FormField]) -> dict[str, Json]:
    """Sensible answers to what must be answered."""
    return MadeUp().answer(fields, trial.now)


def _stands(console: Console, trial: Trial) -> None:
    """Where the job is, for its customer and inside; and what could happen next."""
    console.print()
    show.line(
        console, ("; ".join(trial.places), "bold green"), (f"  {', '.join(trial.states)}", "cyan"),
        (f"  {trial.clock.moment(trial.now)}", "dim"),
    )  # fmt: skip
    for number, move in enumerate(trial.moves(), 1):
        show.line(console, (f"  {number:>2}  ", "bold"), trial.words(move), (f"  {move.name}", "dim"))
    show.line(console, ("      b back, q quit, ? help", "dim"))


def _next(console: Console, trial: Trial, *, quick: bool) -> bool:
    """One move of the person's choice; False when he quits."""
    moves = trial.moves()
    names = [move.name for move in moves]

    def read(text: str) -> int | str:
        if text in ("b", "q", "?", "s", "d", "h", "back", "quit", "help"):
            return text
        if text in names:
            return names.index(text)
        if text.isdecimal() and len(text) < 6 and 1 <= int(text) <= len(moves):
            return int(text) - 1
        numbers = f"a number from 1 to {len(moves)}, " if moves else ""
        raise ValueError(f"type {numbers}b, q or ?")

    chosen = prompt.repeat(console, "What happens?", read)
    if isinstance(chosen, int):
        try:
            _do(console, trial, moves[chosen], quick=quick)
        except Stopped:
            show.line(console, ("  It did not happen.", "dim"))
        return True
    match chosen[0]:
        case "q":
            return False
        case "b":
            if not trial.back():
                show.line(console, ("  This is the beginning.", "yellow"))
        case "d":
            from flowengine import exact

            for text in exact.ascii_text(trial.position.data, indent=2).splitlines():
                show.line(console, text)
        case "h":
            _happened(console, trial)
        case "?":
            for words in _HELP:
                show.line(console, (words, "dim"))
    return True


def _do(console: Console, trial: Trial, move: Move, *, quick: bool) -> None:
    """Ask what the move needs, and make it; what is refused is told, and asked again."""
    ways = trial.ways(move) if move.kind != "time" else ()
    way = ask.which_way(console, ways) if ways else Way(outcome="", title="")
    slots = trial.form(move).slots if move.kind == "act" and any(one.name == "slot" for one in way.fields) else ()
    made_up = MadeUp().answer(way.fields, trial.now, [one.isoformat() for one in slots])
    while True:
        lacking = [field for field in way.fields if field.required and field.name not in made_up]
        answer = _answered(ask.fields(console, lacking if quick else way.fields, Slots(slots), made_up))
        answer = _with_made_up_files(way.fields, answer, trial)
        try:
            taken = trial.take(move, way.outcome if move.kind == "act" else "", made_up | answer if quick else answer)
        except BadAnswer as error:
            tell(console, error)
            if quick or not way.fields:
                return
        except FlowError as error:
            tell(console, error)
            return
        else:
            for words in taken.told:
                show.line(console, ("  ✓ ", "green"), words)
            return


def show_end(console: Console, trial: Trial) -> None:
    """What was met, once nobody goes on."""
    console.print()
    if trial.is_over:
        style = "bold green" if trial.position.head.status == "fulfilled" else "bold yellow"
        show.line(console, (f"It ended as {trial.states[0]}: {trial.places[0]}", style))
    else:
        show.line(console, ("It stands at ", "bold"), (", ".join(trial.states), "cyan"))
    _happened(console, trial)
    for trouble in trial.troubles:
        show.line(console, ("  ✗ ", "red"), f"{trouble.where}: {trouble.what}")


def _happened(console: Console, trial: Trial) -> None:
    for one in trial.taken:
        show.line(console, (f"  {trial.clock.moment(one.at)}  ", "dim"), f"{one.move}: {'; '.join(one.told)}")


# a script


def follow(trial: Trial, lines: Sequence[str]) -> None:
    """Play what a script says: a move a line, ``MOVE[: OUTCOME] [KEY=VALUE …]``; what it leaves out is made up.

    Raises Refused for a line that cannot be followed, which names it, and what is possible there.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            if not _follow(trial, line):
                break
        except click.UsageError as error:
            raise Refused(error.message, where=f"line {number}") from None
        except FlowError as error:
            error.where = f"line {number}" + (f", {error.where}" if error.where else "")
            raise
    if not trial.has_begun:
        trial.begin(_made_up(trial, trial.asked_first))


def _follow(trial: Trial, line: str) -> bool:
    """One line; False where it says that it is enough."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise Refused(f"this line cannot be read: {error}") from None
    at = next((index for index, word in enumerate(words) if "=" in word), len(words))
    name, _, outcome = " ".join(words[:at]).partition(":")
    name, outcome, sets = name.strip(), outcome.strip(), words[at:]
    if not trial.has_begun:
        stated = name in (trial.need.name, f"{trial.cast.customer.id} {trial.need.name}")
        given = answer_from(trial.asked_first, sets, None) if stated else {}
        given = _with_made_up_files(trial.asked_first, given, trial)
        trial.begin(_made_up(trial, trial.asked_first) | given)
        if stated:
            return True
    if name in ("q", "quit"):
        return False
    if name in ("b", "back"):
        if not trial.back():
            raise Refused("there is nothing to go back to")
        return True
    move = _named(trial, name)
    if move.kind == "time":
        trial.take(move)
        return True
    way = _way(trial, move, outcome)
    slots = trial.form(move).slots if move.kind == "act" and any(one.name == "slot" for one in way.fields) else ()
    made_up = MadeUp().answer(way.fields, trial.now, [one.isoformat() for one in slots])
    answer = made_up | _with_made_up_files(way.fields, answer_from(way.fields, sets, None), trial)
    trial.take(move, way.outcome if move.kind == "act" else "", answer)
    return True


def _with_made_up_files(fields: Sequence[FormField], answer: dict[str, Json], trial: Trial) -> dict[str, Json]:
    """The answer with files that are none in the place of those that were named: in a trial nothing is uploaded."""
    given = [field for field in fields if field.kinds and field.name in answer]
    return answer | {field.name: MadeUp().value(field, trial.now) for field in given}


def _named(trial: Trial, name: str) -> Move:
    moves = trial.moves()
    names = [move.name for move in moves]
    if name in names:
        return moves[names.index(name)]
    if name.isdecimal() and len(name) < 6 and 1 <= int(name) <= len(moves):
        return moves[int(name) - 1]
    raise NotFound(f"{name[:60]!r} cannot happen here", where=", ".join(trial.states), possible=names)


def _way(trial: Trial, move: Move, outcome: str) -> Way:
    ways = trial.ways(move)
    found = next((way for way in ways if way.outcome == outcome or (not outcome and way is ways[0])), None)
    if found is None:
        possible = [way.outcome for way in ways]
        raise UnknownOutcome(f"there is no outcome {outcome[:60]!r}", where=move.name, possible=possible)
    return found


# lives by chance


@contextmanager
def progress(count: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, where somebody looks at it."""
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.progress import Progress

    with Progress(console=screen(error=True), transient=True) as bar:
        task = bar.add_task("Lives", total=count)

        def each(done: int) -> None:
            bar.update(task, completed=done)

        yield each


def show_lives(console: Console, process: Process, lives: Lives, again: Callable[[int], str]) -> None:
    """How many lives came to which end, and what none of them met. ``again`` is the command that plays the life of a
    seed again."""
    show.line(console, (process.title, "bold"), f": {_plural(lives.count, 'life', 'lives')}, seed {lives.seed}")
    for end, count in lives.ends.most_common():
        show.line(console, f"  {count:>7} ", (f"{count / lives.count:>4.0%} ", "dim"), f" {end}")
    for name in process.ends:
        if name not in lives.ends:
            show.line(console, f"  {0:>7} ", ("  0% ", "dim"), (f" {name}: no life came to this end", "yellow"))
    if lives.unfinished:
        show.line(
            console,
            f"  {lives.unfinished:>7}       went on and on, and were left",
        )
    if lives.longest is not None:
        long = lives.longest
        show.line(console, f"The longest: {len(long.moves)} moves in {span(long.lasted)} (seed {long.seed})")
    _list(console, "Never reached", lives.never_reached)
    _list(console, "Never taken", [f"{state}: {outcome}" for state, outcome in lives.never_taken])
    _list(console, "No answer could be made up for", lives.unanswered)
    if lives.is_fine:
        show.line(console, ("No life got stuck, and nothing failed.", "bold green"))
        return
    show.line(console, (f"{lives.stuck} stuck, {lives.troubled} in which something failed:", "bold red"))
    for (where, what), count in lives.expressions.most_common(SHOWN):
        show.line(console, ("  ✗ ", "red"), f"{where}: {what}", (f"  ({_plural(count, 'life', 'lives')})", "dim"))
    for life in lives.failed:
        _failed(console, life, again)


def _failed(console: Console, life: Life, again: Callable[[int], str]) -> None:
    if life.stuck:
        show.line(console, ("  ✗ ", "red"), f"stuck {life.stuck}")
    more = f"… {len(life.moves) - SHOWN} moves, then " if len(life.moves) > SHOWN else ""
    show.line(console, ("    ", ""), (more + ", ".join(life.moves[-SHOWN:]), "dim"))
    show.line(console, ("    again: ", "dim"), again(life.seed), pasted=True)


# ways to the ends


def show_ways(console: Console, process: Process, found: Mapping[str, Sequence[WayToEnd]]) -> None:
    """The ways to each end, one a line: states with how they are left, and below it what would have to hold."""
    for end, ways in found.items():
        many = _plural(len(ways), "way", "ways") if ways else "no way leads here"
        show.line(console, (end, "bold green"), f"  {process.ends[end].title}", (f"  {many}", "dim"))
        for way in ways:
            show.line(console, (f"  {len(way.legs):>3}  ", "dim"), " → ".join((*map(_leg, way.legs), end)))
            for leg in way.legs:
                if leg.when:
                    show.line(console, (f"         if {leg.when}", "dim"), (f"  ({leg.state})", "dim"))


def _leg(leg: Leg) -> str:
    if leg.always:
        return f"{leg.state} ↯ {leg.always}"
    return f"{leg.state} ({leg.inside})" if leg.inside else f"{leg.state}: {leg.outcome}" if leg.outcome else leg.state


# event logs


def show_verdicts(console: Console, process: Process, verdicts: Sequence[Verdict]) -> None:
    """How many cases fit, and those that do not, by where they leave the process: the most frequent first."""
    fit = sum(one.fits is True for one in verdicts)
    style = "bold green" if fit == len(verdicts) else "bold yellow"
    show.line(console, (process.title, "bold"), f": {_plural(len(verdicts), 'case', 'cases')}, ", (f"{fit} fit", style))
    ends = Counter(", ".join(one.over) or "not over yet" for one in verdicts if one.fits)
    for end, count in ends.most_common():
        show.line(console, f"  {count:>7}  ", end)
    leaving: dict[tuple[str, tuple[str, ...]], list[Verdict]] = {}
    for one in verdicts:
        if not one.fits:
            leaving.setdefault((one.activity, one.states), []).append(one)
    for (activity, states), them in sorted(leaving.items(), key=lambda one: -len(one[1]))[:SHOWN]:
        first = them[0]
        where = f"{activity!r} at {', '.join(states)}" if states else "not known"
        show.line(console, ("  ✗ ", "red"), where, (f"  ({_plural(len(them), 'case', 'cases')})", "dim"))
        example = f"case {first.case}, event {first.at} of {first.events}" if first.at else f"case {first.case}"
        show.line(console, (f"      as in {example}{f'; {first.hint}' if first.hint else ''}", "dim"))
        if first.possible:
            show.line(console, ("      possible: ", "dim"), ", ".join(first.possible))
    if len(leaving) > SHOWN:
        show.line(console, (f"  and {len(leaving) - SHOWN} other places; --json tells all", "dim"))


def _list(console: Console, title: str, names: Sequence[str]) -> None:
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        show.line(console, (f"{title}: ", "yellow"), ", ".join(names[:SHOWN]) + more)


def _plural(count: int, one: str, many: str) -> str:
    return f"1 {one}" if count == 1 else f"{count:,} {many}"
