"""What stands in the cells of a table of cases: labels, boxes, dates, sizes. Readers raise ValueError on nonsense."""

from __future__ import annotations

import datetime
import re

from mammoview.core.findings import LesionKind
from mammoview.core.geometry import Box
from mammoview.training.cases.case import MarkedLesion

_MALIGNANT = frozenset({"malignant", "1", "positive", "cancer", "m", "true", "yes"})
_BENIGN = frozenset({"benign", "0", "negative", "normal", "b", "false", "no", "benign_without_callback"})
_UNKNOWN = frozenset({"", "unknown", "?", "na", "n/a", "none", "nan"})
_BIRADS = re.compile(r"bi-?rads[\s:_-]*([0-6])\s*[abc]?")
_DATE = re.compile(r"(\d{4})-?(\d{2})(?:-?(\d{2}))?")
_DENSITY = re.compile(r"(?:(?:bi-?rads|acr|density)[\s:_-]*)?([a-d1-4])(?:\.0)?")
_SIZE = re.compile(r"(\d+)\s*[x×]\s*(\d+)")


def read_label(word: str) -> bool | None:
    """Whether a label says malignant.

    Parameters
    ----------
    word
        ``malignant``, ``benign``, ``normal``, 0, 1, ``BI-RADS 4a`` and the like; empty or ``unknown`` where it is not
        known.

    Raises
    ------
    ValueError
        When the word is none of these.
    """
    text = word.strip().lower()
    if text in _UNKNOWN:
        return None
    if text in _MALIGNANT | _BENIGN:
        return text in _MALIGNANT
    assessment = _BIRADS.fullmatch(text)
    if assessment is None:
        raise ValueError(word)
    return birads_label(int(assessment[1]))


def birads_label(assessment: int) -> bool | None:
    """A label without pathology: BI-RADS 1 and 2 are negative, 4 to 6 positive, 0 and 3 neither (Shen et al. 2019)."""
    if assessment in {0, 3}:
        return None
    return assessment >= 4


def read_boxes(text: str) -> tuple[MarkedLesion, ...]:
    """The lesions of a cell.

    Raises
    ------
    ValueError
        With what is wrong.
    """
    return tuple(_lesion(part) for part in text.split(";") if part.strip())


def read_date(text: str) -> datetime.date:
    """A date such as 2024-05-31, 20240531 or 202405 (its first day).

    Raises
    ------
    ValueError
        When it is none.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    return datetime.date(int(match[1]), int(match[2]), int(match[3] or 1))


def read_density(word: str) -> str:
    """A density grade, ``A`` to ``D``, of such as ``ACR b`` or 2; empty where the word says that it is not known.

    Raises
    ------
    ValueError
        When it is none.
    """
    text = word.strip().lower()
    if text in _UNKNOWN:
        return ""
    match = _DENSITY.fullmatch(text)
    if match is None:
        raise ValueError(word)
    return match[1].upper().translate(str.maketrans("1234", "ABCD"))


def read_size(text: str) -> tuple[int, int]:
    """Rows and columns such as 970x550.

    Raises
    ------
    ValueError
        When it is no size, or an empty one.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None or not int(match[1]) or not int(match[2]):
        raise ValueError(text)
    return int(match[1]), int(match[2])


def _lesion(text: str) -> MarkedLesion:
    words = text.replace(",", " ").split()
    try:
        row0, col0, row1, col1 = (float(word) for word in words[:4])
    except ValueError as error:
        raise ValueError(f"“{text.strip()}” does not begin with four numbers") from error
    # Written so that nan is refused, too.
    if not (row1 > row0 and col1 > col0):
        raise ValueError(f"“{text.strip()}” is empty: its last row or column does not lie behind its first")
    kind, label = None, None
    for word in words[4:]:
        if word.lower() in set(LesionKind):
            kind = LesionKind(word.lower())
            continue
        try:
            label = read_label(word)
        except ValueError as error:
            raise ValueError(f"“{word}” is neither a kind of lesion nor a label") from error
    return MarkedLesion(Box(row0, col0, row1, col1), kind, label)


def write_box(lesion: MarkedLesion) -> str:
    """The text that `read_boxes` reads."""
    box = lesion.box
    words = [f"{edge:.10g}" for edge in (box.row0, box.col0, box.row1, box.col1)]
    if lesion.kind is not None:
        words.append(lesion.kind.value)
    if lesion.is_malignant is not None:
        words.append("malignant" if lesion.is_malignant else "benign")
    return " ".join(words)
