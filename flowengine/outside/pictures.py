"""Pictures are written anew, so that what is given to people is what we wrote; the one file that imports Pillow.

What a camera has put in besides (where, when, with what), other pictures inside it and whatever hides behind the last
pixel are gone. A picture is looked at before it is unpacked, so that none explodes.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from flowengine.distribution import installing
from flowengine.errors import BadAnswer, NotConfigured
from flowengine.outside.file_types import GIF, JPEG, PNG, WEBP, FileType
from flowengine.speech.phrases import phrase

if TYPE_CHECKING:
    from PIL import Image

LONGEST_EDGE = 4096
"""Pixels of the longer edge that are kept; a larger picture is made smaller."""

MOST_PIXELS = 25_000_000
MOST_OF_JPEG = 120_000_000
"""Pixels that a picture may have: a JPEG is made smaller while it is unpacked, what else there is, only after it."""

_FORMATS = {JPEG: "JPEG", PNG: "PNG", GIF: "GIF", WEBP: "WEBP"}
_QUALITY = 88


def rewritten(data: bytes, found: FileType) -> tuple[bytes, FileType]:
    """A picture written anew, and as what: of one that moves the first picture, as PNG. Raises BadAnswer for what is
    none, or too large; NotConfigured where the library is not installed."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise NotConfigured(
            "pictures are written anew by the library Pillow", where="files", possible=(installing("files"),)
        ) from None
    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        with Image.open(BytesIO(data), formats=(_FORMATS[found],)) as opened:
            _not_exploding(opened.width, opened.height, found)
            if found == JPEG:
                opened.draft("RGB", (LONGEST_EDGE, LONGEST_EDGE))
            picture: Image.Image = ImageOps.exif_transpose(opened)
            picture.thumbnail((LONGEST_EDGE, LONGEST_EDGE), Image.Resampling.BILINEAR)
            into = PNG if found == GIF else found
            plain = _in_plain_colours(picture, into)
    except bombs:
        raise _too_large() from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, MemoryError):
        raise BadAnswer(
            {"data": phrase("is no picture that can be read")}, possible=(phrase("open it, and save it anew"),)
        ) from None
    plain.info.clear()
    written = BytesIO()
    options = {JPEG: {"quality": _QUALITY, "optimize": False}, WEBP: {"quality": _QUALITY, "method": 2}}
    plain.save(written, _FORMATS[into], **options.get(into, {}))
    return written.getvalue(), into


def _in_plain_colours(picture: Image.Image, into: FileType) -> Image.Image:
    """In the colours that the type has, with what is seen through where it can have that."""
    through = "A" in picture.getbands() or "transparency" in picture.info
    if into == JPEG:
        return picture if picture.mode in ("L", "RGB") else picture.convert("RGB")
    wanted = "RGBA" if through else "L" if picture.mode == "L" else "RGB"
    return picture if picture.mode == wanted else picture.convert(wanted)


def _not_exploding(width: int, height: int, found: FileType) -> None:
    if width * height > (MOST_OF_JPEG if found == JPEG else MOST_PIXELS):
        raise _too_large()


def _too_large() -> BadAnswer:
    return BadAnswer(
        {"data": phrase("is a picture of more pixels than are taken")}, possible=(phrase("make it smaller"),)
    )
