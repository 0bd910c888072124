"""A reader's marks as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from mammoview.imaging.measure_words import scale_words

if TYPE_CHECKING:
    from mammoview.core.marks import Mark
    from mammoview.core.study import Mammogram
    from mammoview.imaging.measure_words import Reading

COLUMNS: Final = (
    "view",
    "kind",
    "value",
    "error",
    "unit",
    "mean",
    "deviation",
    "minimum",
    "maximum",
    "pixels",
    "padding pixels",
    "text",
    "scale",
    "frame",
    "image",
)


def marks_table(rows: Iterable[tuple[Mammogram, Mark, Reading]]) -> str:
    """Comma-separated values of marks, one line each, with a head.

    Parameters
    ----------
    rows
        The image, the mark and what it says. Nothing of the patient is written; the image's id is.

    Returns
    -------
    str
        Lines end as RFC 4180 wants it; numbers have a point and are not rounded.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for image, mark, told in rows:
        measured, found = told.measured, told.found
        writer.writerow(
            (
                image.label,
                mark.kind.value,
                *((measured.value, measured.error, measured.unit) if measured else ("", "", "")),
                *(map(_number, (found.mean, found.deviation, found.minimum, found.maximum)) if found else ("",) * 4),
                *((found.count, found.padding_count) if found else ("", "")),
                _inert(mark.text),
                scale_words(image),
                mark.frame,
                image.id,
            )
        )
    return out.getvalue()


def _number(value: float) -> float | str:
    return "" if math.isnan(value) else value


def _inert(text: str) -> str:
    """Spreadsheets run what begins like a formula; an apostrophe makes it a text."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
