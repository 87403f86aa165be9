"""A picture as PNG, by resvg, in the font of the package. The one file that imports resvg_py."""

from __future__ import annotations

from importlib.resources import as_file

from flowengine.distribution import installing
from flowengine.errors import NotConfigured
from flowengine.interop.drawing.lettering import FAMILY, FONT, is_covered


def rasterised(svg: str, zoom: float = 1.5) -> bytes:
    """The PNG's bytes; each pixel of the picture becomes ``zoom`` pixels. Raises NotConfigured without the library."""
    try:
        import resvg_py
    except ImportError as error:
        what = "pictures in PNG need the library resvg-py, which is not installed"
        raise NotConfigured(what, possible=(installing("draw"),)) from error
    with as_file(FONT) as folder:
        return resvg_py.svg_to_bytes(
            svg_string=svg,
            zoom=zoom,
            font_dirs=[str(folder)],
            font_family=FAMILY,
            sans_serif_family=FAMILY,
            skip_system_fonts=is_covered(svg),  # looking for them takes long; letters that ours lacks may be in them
        )
