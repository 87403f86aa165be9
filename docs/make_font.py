"""Make the font of the pictures (flowengine/interop/drawing/font) from Inter, and the table of its widths.

    npm pack @expo-google-fonts/inter && tar xzf expo-google-fonts-inter-*.tgz
    pip install fonttools
    python docs/make_font.py package

The font is cut down to what process files are written with, and its kerning is left out: a text is then exactly as
wide as its letters are together, which is what the table says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FOLDER = Path(__file__).parents[1] / "flowengine" / "interop" / "drawing" / "font"
WEIGHTS = {"regular": "400Regular", "semibold": "600SemiBold"}
RANGES = (
    (0x20, 0x7E), (0xA0, 0x24F), (0x2BC, 0x2BC), (0x2C6, 0x2DD), (0x300, 0x304), (0x306, 0x30C), (0x323, 0x323),
    (0x327, 0x328), (0x370, 0x4FF), (0x1E00, 0x1EFF), (0x2010, 0x2027), (0x2030, 0x203A), (0x2044, 0x2044),
    (0x2070, 0x208E), (0x20A0, 0x20BF), (0x2116, 0x2116), (0x2122, 0x2122), (0x2190, 0x2199), (0x21A9, 0x21AA),
    (0x21BA, 0x21BB), (0x2202, 0x22A5), (0x25A0, 0x25FF), (0x2713, 0x2718), (0xFFFD, 0xFFFD),
)  # fmt: skip


def main(package: Path) -> None:
    widths: dict[str, dict[str, int]] = {}
    for weight, name in WEIGHTS.items():
        options = subset.Options()
        options.layout_features, options.hinting, options.name_IDs = [], False, ["*"]
        options.drop_tables += ["GPOS", "GSUB", "GDEF"]
        font = subset.load_font(str(package / name / f"Inter_{name}.ttf"), options)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
        subsetter.subset(font)
        path = FOLDER / f"inter-{weight}.ttf"
        subset.save_font(font, str(path), options)
        widths[weight] = _widths(path)
    (FOLDER / "widths.json").write_text(json.dumps(widths, ensure_ascii=True, separators=(",", ":")) + "\n", "ascii")
    (FOLDER / "OFL.txt").write_bytes((package / "LICENSE_FONT").read_bytes())


def _widths(path: Path) -> dict[str, int]:
    """The width of each letter, in thousandths of the size of the text."""
    font = TTFont(path)
    unit, advances = font["head"].unitsPerEm, font["hmtx"].metrics
    return {chr(code): round(advances[name][0] * 1000 / unit) for code, name in sorted(font.getBestCmap().items())}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
