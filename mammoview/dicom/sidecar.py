"""The table beside pictures that says what they are: ``mammoview.csv`` (MG-K01)."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mammoview.core.errors import Problem
from mammoview.core.study import Laterality, ViewPosition
from mammoview.dicom.file_names import NameRules

NAME: Final = "mammoview.csv"
#: No detector or scanner for breasts is coarser, mm.
_LARGEST_MM: Final = 2.0
_MOST_BYTES: Final = 64 * 2**20
#: A message names so many mistakes and counts the others.
_MOST_NAMED: Final = 3


@dataclass(frozen=True)
class SidecarRow:
    """What one row says; empty where it says nothing.

    Attributes
    ----------
    date
        ``YYYYMMDD``.
    spacing_mm
        (row, column).
    """

    laterality: Laterality | None = None
    view: ViewPosition | None = None
    case: str = ""
    date: str = ""
    spacing_mm: tuple[float, float] | None = None


def read_sidecar(folder: Path, rules: NameRules) -> tuple[Mapping[str, SidecarRow], tuple[Problem, ...]]:
    """Read the table of a folder.

    Parameters
    ----------
    folder
        Where the pictures lie.
    rules
        Which words mean which side and view.

    Returns
    -------
    rows, problems
        By file name; empty where there is no table. A row with a wrong value keeps its other values.
    """
    path = folder / NAME
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise OSError(0, "it is too large for a table")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}, ()
    except (OSError, UnicodeDecodeError) as error:
        return {}, (Problem(str(path), "sidecar", f"{path} cannot be read ({error}).", "Names of files decide."),)
    try:
        return _rows(path, text, rules)
    except csv.Error as error:
        return {}, (Problem(str(path), "sidecar", f"{path} is no table ({error}).", "Names of files decide."),)


def _rows(path: Path, text: str, rules: NameRules) -> tuple[Mapping[str, SidecarRow], tuple[Problem, ...]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    table = csv.DictReader(text.splitlines(), delimiter=delimiter)
    heads = {(head or "").strip().lower(): head for head in table.fieldnames or ()}
    if "file" not in heads:
        message = f"{path} has no column called file."
        return {}, (Problem(str(path), "sidecar", message, "Columns: file, side, view, case, date, spacing."),)
    rows: dict[str, SidecarRow] = {}
    wrong: list[str] = []
    for row in table:
        cells = {name: (row.get(head) or "").strip() for name, head in heads.items()}
        made, bad = _row(cells, rules)
        rows[cells["file"]] = made
        if bad:
            wrong.append(f"{', '.join(bad)} (line {table.line_num})")
    return rows, _problems(path, wrong, [name for name in rows if name and not (path.parent / name).exists()])


def _problems(path: Path, wrong: Sequence[str], missing: Sequence[str]) -> tuple[Problem, ...]:
    """One message for the table, whatever the number of its mistakes."""
    faults = []
    if wrong:
        faults.append(f"cannot be understood: {_few(wrong)}")
    if missing:
        faults.append(f"no such file beside it: {_few(missing)}")
    if not faults:
        return ()
    hint = "Everything else in the table is used. Columns: file, side, view, case, date, spacing."
    return (Problem(str(path), "sidecar", f"{path}: {'; '.join(faults)}.", hint),)


def _few(texts: Sequence[str]) -> str:
    more = len(texts) - _MOST_NAMED
    return ", ".join(texts[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _row(cells: Mapping[str, str], rules: NameRules) -> tuple[SidecarRow, list[str]]:
    side, view = cells.get("side", "").upper(), cells.get("view", "").upper()
    date, spacing = cells.get("date", ""), cells.get("spacing", "")
    made = SidecarRow(
        rules.sides.get(side),
        rules.views.get(view),
        cells.get("case", ""),
        _date(date),
        _spacing(spacing),
    )
    wrong = [
        f"{name} {text}"
        for name, text, is_known in (
            ("side", side, made.laterality),
            ("view", view, made.view),
            ("date", date, made.date),
            ("spacing", spacing, made.spacing_mm),
        )
        if text and not is_known
    ]
    return made, wrong


def _date(text: str) -> str:
    match = re.fullmatch(r"(\d{4})-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])", text)
    return "".join(match.groups()) if match else ""


def _spacing(text: str) -> tuple[float, float] | None:
    parts = re.split(r"[\sx×;]+", text.strip()) if text else []
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return None
    if not 1 <= len(numbers) <= 2 or not all(math.isfinite(n) and 0 < n <= _LARGEST_MM for n in numbers):
        return None
    return numbers[0], numbers[-1]
