"""A font that prints names: DejaVu Sans (Latin, Cyrillic, Greek, Hebrew, Arabic), as matplotlib brings it.

East Asian text goes by the standard fonts of PDF readers, which are named and not embedded. A character that none of
them has is printed as ``�``.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from mammoview.core.errors import InputError

MISSING: Final = "\ufffd"
REGULAR: Final = "DejaVuSans"
BOLD: Final = "DejaVuSans-Bold"
_LEFT_TO_RIGHT: Final = "\u200e"
_FALLBACK: Final = {"HANGUL": "HYGothic-Medium", "KANA": "HeiseiKakuGo-W5", "HAN": "STSong-Light"}


def font_file(name: str) -> Path:
    """The file of a font.

    Raises
    ------
    InputError
        When the installation lacks it.
    """
    found = importlib.util.find_spec("matplotlib")
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        path = Path(folder) / "mpl-data" / "fonts" / "ttf" / f"{name}.ttf"
        if path.exists():
            return path
    raise InputError(f"The installation lacks the font {name}.", "Install MammoView again.")


@cache
def covered() -> frozenset[int]:
    """The code points that the font has, after it was registered with reportlab."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    regular = TTFont(REGULAR, str(font_file(REGULAR)))
    pdfmetrics.registerFont(regular)
    pdfmetrics.registerFont(TTFont(BOLD, str(font_file(BOLD))))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
    for name in _FALLBACK.values():
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return frozenset(regular.face.charToGlyph)


def is_right_to_left(text: str) -> bool:
    """Whether any letter is written from right to left."""
    return any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in text)


def apart(text: str) -> str:
    """A part of a longer line, kept from drawing its neighbours into its own direction."""
    return f"{_LEFT_TO_RIGHT}{text}{_LEFT_TO_RIGHT}" if is_right_to_left(text) else text


def drawable(text: str) -> str:
    """The text with ``�`` for what the font lacks, for pictures, which have no second font."""
    known = covered()
    return "".join(letter if ord(letter) in known else MISSING for letter in text)


def in_visual_order(text: str) -> str:
    """One line as it is drawn from left to right: Arabic letters joined, right-to-left parts turned round.

    The order is that of the Unicode Bidirectional Algorithm, by python-bidi.
    """
    if not is_right_to_left(text):
        return text
    from arabic_reshaper import reshape
    from bidi.algorithm import get_display

    # The package's newer function of the same name does not mirror brackets.
    return str(get_display(reshape(text))).replace(_LEFT_TO_RIGHT, "")


@dataclass(frozen=True)
class _Run:
    font: str
    text: str


def _runs(line: str) -> list[_Run]:
    known = covered()
    east_asian = {_script(letter) for letter in line} - {""}
    # Chinese characters in a line with kana or hangul are of that language.
    han = next((_FALLBACK[name] for name in ("KANA", "HANGUL", "HAN") if name in east_asian), "")
    runs: list[_Run] = []
    for letter in line:
        script = _script(letter)
        if ord(letter) in known and not script:
            font, shown = REGULAR, letter
        elif script:
            font, shown = _FALLBACK[script] if script != "HAN" else han, letter
        else:
            font, shown = REGULAR, MISSING
        if runs and runs[-1].font == font:
            runs[-1] = _Run(font, runs[-1].text + shown)
        else:
            runs.append(_Run(font, shown))
    return runs


def _script(letter: str) -> str:
    if ord(letter) < 0x1100:
        return ""
    name = unicodedata.name(letter, "")
    if name.startswith("HANGUL"):
        return "HANGUL"
    if name.startswith(("HIRAGANA", "KATAKANA")):
        return "KANA"
    # Those beyond the basic plane are in none of the standard fonts.
    return "HAN" if name.startswith("CJK UNIFIED") and ord(letter) < 0x10000 else ""


def markup(text: str, *, width: float, size: float, is_bold: bool = False) -> str:
    """Text as reportlab's paragraphs take it.

    Parameters
    ----------
    text
        One paragraph, in reading order.
    width
        Of the column, points; a paragraph with right-to-left parts is broken here, before its lines are turned round.
    size
        Of the letters, points.
    is_bold
        Whether the bold font measures it.

    Returns
    -------
    str
        Escaped, with font tags.
    """
    covered()
    lines = [text]
    if is_right_to_left(text):
        from reportlab.lib.utils import simpleSplit

        # A shaped line may be a little wider than its letters.
        lines = [in_visual_order(line) for line in simpleSplit(text, BOLD if is_bold else REGULAR, size, width * 0.97)]
    return "<br/>".join("".join(_tagged(run) for run in _runs(line)) for line in lines)


def _tagged(run: _Run) -> str:
    text = escape(run.text, quote=False)
    return text if run.font == REGULAR else f'<font name="{run.font}">{text}</font>'
