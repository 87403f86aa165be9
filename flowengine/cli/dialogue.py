"""Asking for an answer as a whole: what was begun before, the questions, the look at all of it, and what was
refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console

from flowengine.cli import ask, prompt, show, summary
from flowengine.cli.drafts import Draft
from flowengine.cli.prompt import Back
from flowengine.cli.prompt_words import said
from flowengine.cli.slot_picker import Slots
from flowengine.client import FormField, Json


class Dialogue:
    """One answer to ``fields`` in the making: ``given`` are the values that need not be asked."""

    def __init__(
        self,
        console: Console,
        fields: Sequence[FormField],
        given: dict[str, Json],
        slots: Callable[[], Slots],
        draft: Draft | None,
    ) -> None:
        self.console, self.fields, self.draft = console, fields, draft
        self._given, self._slots = dict(given), slots
        self._answers: ask.Answers = {}
        self._asked = [field for field in fields if field.name not in given]
        self._resumed = False

    @property
    def answer(self) -> dict[str, Json]:
        """All that is to be sent."""
        return self._given | {name: value for name, value in self._answers.items() if value is not None}

    def begin(self, *, back: bool) -> None:
        """Go on with what was begun before, where the person wants that, and ask for the rest. Raises Back."""
        self._answers = self._begun()
        self._resumed = bool(self._answers)
        self._ask([field for field in self._asked if field.name not in self._answers], back=back)

    def look_over(self, *, asks: bool) -> None:
        """Show all that was answered, where somebody was asked and it is more than a word; where it ``asks``, whether
        to send it, and what to change. Raises Stopped."""
        while self._asked and (self._resumed or summary.is_due(self.fields, self.answer)):
            summary.show_summary(self.console, self.fields, self.answer)
            if not asks:
                return
            try:
                number = summary.send_it(self.console, self.fields)
            except Back:
                number = self.fields.index(self._asked[-1])
            if number is None:
                return
            self._change(self.fields[number])

    def again(self, wrong: Sequence[FormField]) -> None:
        """Ask for what was refused."""
        for field in wrong:
            self._given.pop(field.name, None)
            self._answers.pop(field.name, None)
        self._asked = [field for field in self.fields if field in wrong or field in self._asked]
        self._ask(wrong)

    def say_what_is_kept(self) -> None:
        """That the answers are not lost."""
        if self.draft is not None and self.draft.kept:
            words = "What you have answered is kept for 30 days: give the same command again to go on."
            show.line(self.console, (words, "dim"))

    def sent(self) -> None:
        """Nothing need be kept any more."""
        if self.draft is not None:
            self.draft.drop()

    def _begun(self) -> ask.Answers:
        if self.draft is None:
            return {}
        names = [field.name for field in self._asked]
        before = {name: value for name, value in self.draft.read().items() if name in names}
        if not before:
            return {}
        show.line(self.console, ("You had begun", "bold"))
        for field in self._asked:
            if field.name in before:
                value = before[field.name]
                told = (said(field, value), "") if value is not None else ("left out", "dim")
                show.line(self.console, "  ", (f"{field.title}: ", "dim"), told)
        if prompt.sure(self.console, "Go on with that?", usual=True):
            return before
        self.draft.drop()
        return {}

    def _change(self, field: FormField) -> None:
        """Ask one of them again; whoever goes back leaves it as it is."""
        if field.name in self._given:
            self._answers[field.name] = self._given.pop(field.name)
        if field not in self._asked:
            self._asked = [one for one in self.fields if one is field or one in self._asked]
        try:
            self._ask([field], back=True)
        except Back:
            return

    def _ask(self, fields: Sequence[FormField], *, back: bool = False) -> None:
        slots = self._slots() if any(field.name == "slot" for field in fields) else Slots()
        self._answers = ask.fields(
            self.console,
            fields,
            slots,
            answers=self._answers,
            keep=self.draft.keep if self.draft else ask.nowhere,
            back=back,
        )
