"""What a file is, by its first bytes, and what it may be called. Nothing is unpacked, and nothing is believed."""

from __future__ import annotations

import re
import unicodedata
from io import BytesIO
from typing import NamedTuple
from zipfile import BadZipFile, LargeZipFile, ZipFile, ZipInfo

from flowengine.errors import BadAnswer
from flowengine.speech.phrases import phrase

LONGEST_NAME = 150
MOST_PARTS = 5_000
"""Parts that a packed document may have."""

LARGEST_UNPACKED = 200_000_000
MOST_RATIO = 200
"""How many times its size a packed document may say that it is, where that is more than a megabyte."""


class FileType(NamedTuple):
    """A type of files that is taken: its media type, its kind as processes name it, and the endings of its names."""

    media: str
    kind: str
    endings: tuple[str, ...]


PDF = FileType("application/pdf", "pdf", ("pdf",))
PNG = FileType("image/png", "picture", ("png",))
JPEG = FileType("image/jpeg", "picture", ("jpg", "jpeg", "jpe"))
GIF = FileType("image/gif", "picture", ("gif",))
WEBP = FileType("image/webp", "picture", ("webp",))
TEXT = FileType("text/plain", "text", ("txt", "md", "log"))
CSV = FileType("text/csv", "text", ("csv",))
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OASIS = "application/vnd.oasis.opendocument"
DOCX = FileType(f"{_OFFICE}.wordprocessingml.document", "document", ("docx",))
XLSX = FileType(f"{_OFFICE}.spreadsheetml.sheet", "document", ("xlsx",))
ODT = FileType(f"{_OASIS}.text", "document", ("odt",))
ODS = FileType(f"{_OASIS}.spreadsheet", "document", ("ods",))

TAKEN = phrase("pictures (JPEG, PNG, GIF, WebP), PDF, texts and CSV in UTF-8, DOCX, XLSX, ODT, ODS")
TYPES = {one.media: one for one in (PDF, PNG, JPEG, GIF, WEBP, TEXT, CSV, DOCX, XLSX, ODT, ODS)}
_SIGNATURES = (
    (b"%PDF-", PDF), (b"\x89PNG\r\n\x1a\n", PNG), (b"\xff\xd8\xff", JPEG), (b"GIF87a", GIF), (b"GIF89a", GIF),
)  # fmt: skip
_HEIC = re.compile(rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1|avi[fs])", re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_INNER = (("word/document.xml", DOCX), ("xl/workbook.xml", XLSX))


def type_of(name: str, data: bytes) -> FileType:
    """What a file is. Raises BadAnswer for what is not taken, and for what is called as if it were something else."""
    found = _recognised(name, data)
    ending = ending_of(name)
    if ending and ending not in found.endings:
        what = phrase("is called .%(ending)s, and is %(article)s", ending=ending, article=_article(found))
        raise BadAnswer({"name": what}, possible=(phrase("call it .%(endings)s", endings=found.endings[0]),))
    return found


def _recognised(name: str, data: bytes) -> FileType:
    for signature, found in _SIGNATURES:
        if data.startswith(signature):
            return found
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    if data.startswith(b"PK"):
        return _packed(data)
    if _HEIC.match(data):
        raise BadAnswer(
            {"data": phrase("is a picture of a type that browsers cannot show")}, possible=(phrase("send it as JPEG"),)
        )
    text = _as_text(data)
    if text is None:
        raise BadAnswer({"data": phrase("is of no type that is taken")}, possible=(TAKEN,))
    return CSV if ending_of(name) == "csv" else TEXT


def _as_text(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if _CONTROLS.search(text) else text


def _packed(data: bytes) -> FileType:
    """A document that is packed: by what its list of parts says, which is read, and nothing else."""
    try:
        with ZipFile(BytesIO(data)) as packed:
            parts = packed.infolist()
            _not_exploding(parts, len(data))
            names = {part.filename for part in parts}
            if any(name.casefold().endswith("vbaproject.bin") for name in names):
                raise BadAnswer(
                    {"data": phrase("is a document with macros")}, possible=(phrase("save it without macros"),)
                )
            found = next((kind for inner, kind in _INNER if inner in names and "[Content_Types].xml" in names), None)
            return found or _open_document(packed, parts)
    except (BadZipFile, LargeZipFile, OSError, ValueError, NotImplementedError, EOFError, RuntimeError):
        raise BadAnswer({"data": phrase("is an archive that cannot be read")}, possible=(TAKEN,)) from None


def _not_exploding(parts: list[ZipInfo], size: int) -> None:
    """Raises BadAnswer where the parts say that they are more than fits, or lie in one another."""
    unpacked = sum(part.file_size for part in parts)
    overlap = sum(part.compress_size for part in parts) > size
    ratio = unpacked > 1_000_000 and unpacked > MOST_RATIO * max(size, 1)
    if len(parts) > MOST_PARTS or unpacked > LARGEST_UNPACKED or ratio or overlap:
        raise BadAnswer({"data": phrase("is an archive that unpacks to more than is taken")}, possible=(TAKEN,))
    if any(part.flag_bits & 1 for part in parts):
        raise BadAnswer({"data": phrase("is protected by a password")}, possible=(phrase("save it without one"),))


def _open_document(packed: ZipFile, parts: list[ZipInfo]) -> FileType:
    """By its first part, which holds the type as it is."""
    first = parts[0] if parts else None
    if first is not None and first.filename == "mimetype" and first.compress_type == 0 and first.file_size < 200:
        media = packed.read(first).decode("ascii", "replace").strip()
        if media in (ODT.media, ODS.media):
            return TYPES[media]
    raise BadAnswer({"data": phrase("is an archive of a type that is not taken")}, possible=(TAKEN,))


def _article(found: FileType) -> str:
    return _ARTICLES.get(found.kind, phrase("a PDF"))


_ARTICLES = {"picture": phrase("a picture"), "document": phrase("a document"), "text": phrase("a text")}


def ending_of(name: str) -> str:
    """The ending of a name, in small letters and without the dot; empty where there is none."""
    start, dot, ending = name.rpartition(".")
    return ending.casefold() if dot and start and re.fullmatch(r"[A-Za-z0-9]{1,10}", ending) else ""


def clean_name(name: str) -> str:
    """A name as it is shown and offered for saving: the last part of a path, on one line, without signs that are not
    seen or that turn the writing round."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    seen = "".join(" " if unicodedata.category(sign) in ("Zl", "Zp", "Zs") else sign for sign in last if _is_seen(sign))
    bare = re.sub(r'[<>:"|?*]', "_", " ".join(seen.split())).strip(". ")
    if len(bare) > LONGEST_NAME:
        ending = ending_of(bare)
        bare = f"{bare[: LONGEST_NAME - len(ending) - 1].rstrip('. ')}.{ending}" if ending else bare[:LONGEST_NAME]
    return bare or "file"


def _is_seen(sign: str) -> bool:
    return unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def named_as(name: str, found: FileType) -> str:
    """The name with an ending of the type: what was written anew may be of another one."""
    if ending_of(name) in found.endings:
        return name
    start = name[: -len(ending_of(name)) - 1] if ending_of(name) else name
    return f"{start}.{found.endings[0]}"
