"""Luminances from spreadsheets and the log to spreadsheets."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from mammoview.core.display_check import QUESTIONS, DisplayCheck, Reading
from mammoview.core.errors import InputError, MammoViewError, UnreadableError
from mammoview.imaging.gsdf_fit import fit

#: More than this is no list of luminances.
_MOST_BYTES = 1_000_000
_HINT = "Each row needs a driving level from 0 to 255 and a luminance in cd/m²."
_COLUMNS = ("check", "time", "monitor", "person", "instrument", "withdrawn", "kind", "item", "value", "unit")


def read_csv(path: Path) -> tuple[Reading, ...]:
    """The readings of a file, see `parse_csv`.

    Raises
    ------
    InputError
        When the file cannot be read or holds no list of luminances.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path.name} is too large for a list of luminances.", _HINT)
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableError(
            f"{path.name} cannot be read ({error.strerror}).", "Check the file's permissions."
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What spreadsheets write where they do not write UTF-8; digits are the same in all of them.
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1", errors="replace")
    return parse_csv(text)


def parse_csv(text: str, *, may_have_title: bool = True) -> tuple[Reading, ...]:
    """Readings from two columns, driving level and luminance in cd/m².

    Columns may be parted by semicolons, tabs or commas; where it is no comma, a decimal comma will do. A first row of
    words, empty rows and rows that begin with # are passed over.

    Parameters
    ----------
    text
        The file's content.
    may_have_title
        Whether a first row of words is passed over.

    Returns
    -------
    tuple of Reading
        By rising level.

    Raises
    ------
    InputError
        When a row makes no sense: it says which one and why.
    """
    delimiter = ";" if ";" in text else "\t" if "\t" in text else ","
    readings: dict[int, Reading] = {}
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    is_first = may_have_title
    for number, cells in enumerate(rows, 1):
        filled = [cell.strip() for cell in cells]
        while filled and not filled[-1]:
            filled.pop()
        if not filled or filled[0].startswith("#"):
            continue
        if is_first and all(_number(cell) is None for cell in filled):
            is_first = False
            continue
        is_first = False
        reading = _reading(filled, number, delimiter)
        if reading.level in readings:
            raise InputError(f"Row {number}: level {reading.level} comes twice.", "Keep one row for each level.")
        readings[reading.level] = reading
    if len(readings) < 2:
        raise InputError("There are not two luminances in this list.", _HINT)
    return tuple(readings[level] for level in sorted(readings))


def _reading(cells: Sequence[str], number: int, delimiter: str) -> Reading:
    if len(cells) != 2:
        hint = "With decimal commas, part the columns by semicolons." if delimiter == "," and len(cells) > 2 else _HINT
        raise InputError(f"Row {number} has {len(cells)} columns, not two.", hint)
    level, luminance = (_number(cell) for cell in cells)
    if level is None or level != int(level) or not 0 <= level <= 255:
        raise InputError(f"Row {number}: “{cells[0]}” is no driving level from 0 to 255.", _HINT)
    if luminance is None or luminance < 0:
        raise InputError(f"Row {number}: “{cells[1]}” is no luminance.", _HINT)
    return Reading(int(level), luminance)


def _number(cell: str) -> float | None:
    """A finite number with a point or a comma; None where it is none."""
    try:
        value = float(cell.replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def export_csv(checks: Sequence[DisplayCheck]) -> str:
    """The log as a table with one row for each value that was kept, and for each result that follows from it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for check in checks:
        head = (
            check.id,
            check.time,
            check.monitor_name,
            check.person,
            check.instrument,
            "yes" if check.is_withdrawn else "no",
        )
        for kind, item, value, unit in _values(check):
            writer.writerow([_inert(cell) for cell in (*head, kind, item, value, unit)])
    return out.getvalue()


def _values(check: DisplayCheck) -> list[tuple[str, str, str, str]]:
    rows = []
    if check.ambient_lux is not None:
        rows.append(("room", "illuminance", f"{check.ambient_lux:g}", "lx"))
    if check.ambient is not None:
        rows.append(("room", "ambient luminance", f"{check.ambient:g}", "cd/m2"))
        rows.append(("room", "readings include ambient", "yes" if check.has_ambient else "no", ""))
    rows.extend(("luminance", str(r.level), f"{r.luminance:g}", "cd/m2") for r in check.readings)
    texts = {question.id: question.text for question in QUESTIONS}
    rows.extend(("answer", texts.get(a.question, a.question), a.value, "") for a in check.answers)
    if check.readings:
        try:
            found = fit(check.levels, check.luminances)
        except MammoViewError as error:
            rows.append(("result", "fit", error.user_message, ""))
        else:
            rows.append(("result", "luminance ratio", f"{found.ratio:.1f}", ""))
            rows.append(("result", "largest deviation from GSDF", f"{100 * found.worst:.1f}", "%"))
            rows.append(("result", "mean deviation from GSDF", f"{100 * found.mean:.1f}", "%"))
    if check.note:
        rows.append(("note", "", check.note, ""))
    return rows or [("empty", "", "", "")]


def _inert(cell: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell
