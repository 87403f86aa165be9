"""What a form has sent: texts and files by name, of bounded size."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from flowengine.errors import BadAnswer, TooLarge
from flowengine.speech.phrases import phrase
from flowengine.web.bodies import LARGEST, raw

MOST_FIELDS = 2_000
MOST_FILES = 20
_SPARE = 1_000_000
"""Bytes of a form besides its files."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Posted:
    """A form: all ``values`` in the order in which they were sent, and the ``files`` that were chosen."""

    values: tuple[tuple[str, str], ...] = ()
    files: dict[str, tuple[Upload, ...]] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """The first value of that name."""
        return next((value for key, value in self.values if key == name), default)

    def all(self, name: str) -> list[str]:
        """All values of that name, as of boxes that are ticked."""
        return [value for key, value in self.values if key == name]

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self.values)


async def read(request: Request, largest_file: int) -> Posted:
    """The form of a request. Raises BadAnswer for what is none, TooLarge."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return _texts(await raw(request))
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > largest_file + _SPARE:
        raise TooLarge(
            phrase("a form with its files has at most %(most)s bytes", most=largest_file + _SPARE), where="file",
            possible=(phrase("smaller files, or one after the other"),),
        )  # fmt: skip
    values: list[tuple[str, str]] = []
    files: dict[str, tuple[Upload, ...]] = {}
    try:
        async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LARGEST) as form:
            for name, value in form.multi_items():
                if not isinstance(value, UploadFile):
                    values.append((name, value))
                elif value.filename:
                    files[name] = (*files.get(name, ()), Upload(value.filename, await value.read()))
    except MultiPartException as error:
        raise BadAnswer({"form": error.message}, where="form") from None
    return Posted(tuple(values), files)


def _texts(body: bytes) -> Posted:
    try:
        found = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:  # UnicodeError is one
        raise BadAnswer(
            {"form": phrase("is no form of at most %(most_fields)s fields in UTF-8", most_fields=MOST_FIELDS)},
            where="form",
        ) from None
    return Posted(tuple(found))
