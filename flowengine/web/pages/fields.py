"""Questions on a page: how each kind is asked, what was typed read by them, and the answers told once more.

``asked`` makes what the macro ``ask_fields`` of ``parts/fields.html`` shows, ``answer`` reads what was posted,
``summary`` tells answers to who is to check them, ``typed`` what a form has sent of which there is no question any
more, and ``carried`` has a page keep answers in hidden inputs until they were checked. What is posted for a question
has its name behind a prefix; for a part of it, a point and the name of the part.
"""

from __future__ import annotations

from flowengine.web.pages.asked_fields import Asked, Choice, asked, problems_of
from flowengine.web.pages.field_sorts import carried
from flowengine.web.pages.read_fields import Answered, answer
from flowengine.web.pages.told_fields import price, summary, typed

__all__ = ["Answered", "Asked", "Choice", "answer", "asked", "carried", "price", "problems_of", "summary", "typed"]
