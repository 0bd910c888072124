"""Text from headers and file names, made fit to be shown on one line."""

from __future__ import annotations

import unicodedata
from typing import Final

#: Longer texts are cut: no line of the window holds more.
MOST_LETTERS: Final = 200
#: Zero-width joiners are part of how some scripts are written; all other format characters go.
_JOINERS: Final = frozenset({"\u200c", "\u200d"})
#: More marks on one letter than any script needs would grow into the lines above and below.
_MOST_MARKS: Final = 2


def printable(text: str, most: int = MOST_LETTERS) -> str:
    """One line that cannot break a layout.

    Control characters and line ends become spaces, runs of spaces one space; marks that turn the writing direction,
    unassigned characters and towers of accents go; what is longer than ``most`` ends in an ellipsis.
    """
    kept: list[str] = []
    marks = 0
    # Nothing behind this can be seen; a header's value may be gigabytes long.
    for letter in text[: 8 * most]:
        category = unicodedata.category(letter)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if category in {"Cc", "Zl", "Zp", "Zs"}:
            kept.append(" ")
        elif marks <= _MOST_MARKS and (category[0] != "C" or letter in _JOINERS):
            kept.append(letter)
    line = " ".join("".join(kept).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def date_text(dicom_date: str) -> str:
    """``20260314`` as ``2026-03-14``, nothing but zeros as nothing; anything else as it is."""
    if not dicom_date.strip("0"):
        return ""
    if len(dicom_date) == 8 and dicom_date.isascii() and dicom_date.isdigit():
        return f"{dicom_date[:4]}-{dicom_date[4:6]}-{dicom_date[6:]}"
    return printable(dicom_date, 24)


def time_text(dicom_time: str) -> str:
    """``101502.25`` as ``10:15:02``; anything else as it is."""
    digits = dicom_time.split(".")[0]
    if len(digits) in {4, 6} and digits.isascii() and digits.isdigit():
        return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
    return printable(dicom_time, 24)


def name_text(person: str) -> str:
    """``DOE^JANE=山田^花子`` as ``DOE, JANE (山田, 花子)``: family and given name in each script, not its sound."""
    groups = [_in_order(group) for group in person.split("=")[:2]]
    shown = [group for group in groups if group]
    if not shown:
        return _in_order(person.split("=")[-1])
    return shown[0] if len(shown) == 1 or shown[0] == shown[1] else f"{shown[0]} ({shown[1]})"


def _in_order(group: str) -> str:
    parts = [printable(part, 64) for part in group.split("^")]
    return ", ".join(part for part in parts[:2] if part)
