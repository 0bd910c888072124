"""A site's own table, as its systems export it: CSV in any common dialect, or Excel."""

from __future__ import annotations

import csv
import datetime
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mammoview.core.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

#: A table with more is no table of cases.
MOST_ROWS: Final = 100_000
_MOST_BYTES: Final = 64 << 20
_EXCEL: Final = frozenset({".xlsx", ".xlsm"})
_HINT: Final = "Save it again as CSV UTF-8 or as an Excel workbook (.xlsx)."


@dataclass(frozen=True)
class SiteTable:
    """A table whose first row names the columns.

    Attributes
    ----------
    sheets, sheet
        Names of an Excel file's sheets, and of the one that was read; empty for CSV.
    columns
        Their names, made different where two are alike.
    rows
        (line, cells) of each row that is not empty; as many cells as columns.
    note
        What was guessed to read it; empty where nothing was.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    sheets: tuple[str, ...] = ()
    sheet: str = ""
    note: str = ""

    def column(self, name: str) -> tuple[str, ...]:
        """All cells of a column."""
        place = self.columns.index(name)
        return tuple(cells[place] for _, cells in self.rows)


def open_table(path: Path, sheet: str = "") -> SiteTable:
    """Read a table.

    Parameters
    ----------
    path
        A CSV, TSV or text file, or an Excel workbook.
    sheet
        Of a workbook; empty for the first one.

    Raises
    ------
    InputError
        When it cannot be read, or holds no rows.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is too large for a table of cases.", "Export the cases alone.")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).", "Name a CSV or Excel file.") from error
    suffix = path.suffix.lower()
    if suffix == ".xls":
        raise UnsupportedError(f"{path} is a workbook of the old format.", "Save it as .xlsx or as CSV.")
    if suffix in _EXCEL:
        return _from_excel(path, sheet)
    text, note = _text(path)
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t|", key=head.count)
    try:
        reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
        return _table(path, ((reader.line_num, cells) for cells in reader), note=note)
    except csv.Error as error:
        raise InputError(f"{path} is no table ({error}).", _HINT) from error


def _text(path: Path) -> tuple[str, str]:
    data = path.read_bytes()
    # Spreadsheets in the west still write Windows' own letters.
    codecs = ("utf-16",) if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8-sig", "cp1252")
    for codec in codecs:
        try:
            note = "" if codec != "cp1252" else "The file is not UTF-8: letters were read as Windows-1252."
            return data.decode(codec), note
        except UnicodeDecodeError:
            continue
    raise InputError(f"The letters of {path} cannot be read.", _HINT)


def _from_excel(path: Path, sheet: str) -> SiteTable:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    # What the reader raises over bytes that no spreadsheet wrote.
    except (InvalidFileException, zipfile.BadZipFile, OSError, KeyError, ValueError, TypeError, SyntaxError) as error:
        raise InputError(f"{path} is no Excel workbook, or damaged.", _HINT) from error
    try:
        sheets = tuple(page.title for page in book.worksheets)
        if sheet and sheet not in sheets:
            raise InputError(f"{path} has no sheet “{sheet}”.", f"Its sheets are: {', '.join(sheets)}.")
        if not sheets:
            raise InputError(f"{path} has no sheets.", _HINT)
        chosen = sheet or sheets[0]
        page = book[chosen]
        rows = (
            (number, [_cell(value) for value in values])
            for number, values in enumerate(page.iter_rows(values_only=True), start=1)
        )
        return _table(path, rows, sheets=sheets, sheet=chosen)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, SyntaxError) as error:
        raise InputError(f"{path} is damaged.", _HINT) from error
    finally:
        book.close()


def _cell(value: Any) -> str:
    """A cell as a person reads it: whole numbers without a point, days without an hour."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    return str(value)


def _table(path: Path, lines: Iterable[tuple[int, list[str]]], **rest: Any) -> SiteTable:
    filled = _filled(lines)
    head = next(filled, None)
    if head is None:
        raise InputError(f"{path} is empty.", "The first row names the columns; then one row for each image or breast.")
    width = max(index + 1 for index, name in enumerate(head[1]) if name)
    columns = _different(head[1][:width])
    rows: list[tuple[int, tuple[str, ...]]] = []
    for line, cells in filled:
        if len(rows) >= MOST_ROWS:
            raise InputError(f"{path} has more than {MOST_ROWS} rows.", "Export the cases alone.")
        rows.append((line, tuple([*cells, *[""] * width][:width])))
    if not rows:
        raise InputError(f"{path} has no rows below the names of its columns.", "Write one for each image or breast.")
    return SiteTable(columns, tuple(rows), **rest)


def _filled(lines: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for line, cells in lines:
        trimmed = [cell.strip() for cell in cells]
        if any(trimmed):
            yield line, trimmed


def _different(names: Iterable[str]) -> tuple[str, ...]:
    """Names of columns, each once: the second “id” is “id (2)”, one without a name “column 3”."""
    found: list[str] = []
    for number, name in enumerate(names, start=1):
        name = name or f"column {number}"
        again, unique = 1, name
        while unique in found:
            again += 1
            unique = f"{name} ({again})"
        found.append(unique)
    return tuple(found)
