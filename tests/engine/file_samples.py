"""Files as people send them, and as they should not."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 6), **options: object) -> bytes:
    """A small picture."""
    into = BytesIO()
    Image.new("RGB", size, (200, 30, 90)).save(into, kind, **options)
    return into.getvalue()


def with_place() -> bytes:
    """A JPEG in which a camera has put its maker, and where it was, and which it holds turned by 90 degrees."""
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    return picture("JPEG", exif=exif)


def packed(parts: dict[str, bytes], stored: bool = False) -> bytes:
    """An archive with these parts."""
    into = BytesIO()
    with ZipFile(into, "w", ZIP_STORED if stored else ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return into.getvalue()


def docx(**more: bytes) -> bytes:
    """A document of a word processor."""
    return packed({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>", **more})


def odt() -> bytes:
    """A document of another one."""
    return packed({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<x/>"}, stored=True)


def bomb() -> bytes:
    """A document that unpacks to 300 MB."""
    return docx(**{"word/media/x.bin": b"\0" * 300_000_000})


def huge_picture() -> bytes:
    """A PNG of a few bytes that says that it has 40,000 by 40,000 pixels."""
    data = bytearray(picture("PNG"))
    data[16:24] = (40_000).to_bytes(4, "big") * 2
    from zlib import crc32

    data[29:33] = crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)
