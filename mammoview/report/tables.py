"""The findings of a result as a table for spreadsheets (MG-K04)."""

from __future__ import annotations

import csv
import io
from typing import Final

from mammoview.report.schema import ResultFile

COLUMNS: Final = (
    "path",
    "laterality",
    "view",
    "image_p_malignant",
    "finding",
    "kind",
    "p_malignant",
    "centre_row_px",
    "centre_column_px",
    "area_mm2",
    "mask",
)
#: A spreadsheet takes what begins so for a formula.
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")


def findings_table(result: ResultFile) -> bytes:
    """A row for each finding, and one for each image without any; UTF-8 with a mark that spreadsheets look for.

    Parameters
    ----------
    result
        What ``result.json`` holds.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for study in result.studies:
        for image in study.images:
            about = (_plain(image.path), image.laterality, image.view, image.p_malignant)
            if not image.findings:
                writer.writerow((*about, *[None] * (len(COLUMNS) - len(about))))
            for one in image.findings:
                writer.writerow((*about, one.id, one.kind, one.p_malignant, *one.centre, one.area_mm2, one.mask))
    return text.getvalue().encode("utf-8-sig")


def _plain(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULAS) else value
