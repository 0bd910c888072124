"""From a site's own table to the table of cases: columns are guessed and shown, images found, words translated.

A row names its image as a file, or by what the headers hold: the image's or the study's UID, the accession number, the
patient. A row for a breast gives its label to every image of that breast. A row that calls a study malignant without
saying which breast is refused: half of such labels would be wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mammoview.core.errors import InputError
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled
from mammoview.core.study import PresentationIntent
from mammoview.dicom.raster import Pictures
from mammoview.dicom.scan import find_files, read_header
from mammoview.training.cases.manifest import OPTIONAL, REQUIRED
from mammoview.training.cases.row_problems import RowProblem
from mammoview.training.tuning.column_words import (
    KEYS,
    NAMES,
    Dialect,
    date_of,
    dialect_of,
    fits,
    label_of,
    side_of,
    simple,
    view_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mammoview.core.errors import Problem
    from mammoview.core.study import Mammogram
    from mammoview.training.cases.site_tables import SiteTable

#: Cells of a column that are looked at to guess what it holds, and the share of them that must fit.
_LOOKED_AT: Final = 200
_ENOUGH: Final = 0.9
_MEANINGS: Final = {True: "malignant", False: "benign", None: "unknown"}

#: Cells of a table of cases with the line of the site's table that they come from.
Row = tuple[int, dict[str, str]]


@dataclass(frozen=True)
class LabelWord:
    """One word of the label column.

    Attributes
    ----------
    meaning
        ``malignant``, ``benign`` or ``unknown`` (left out); empty where the word is not understood, and its rows are
        refused.
    """

    word: str
    rows: int
    meaning: str


@dataclass(frozen=True)
class TablePreview:
    """What a table looks like, and how it would be understood.

    Attributes
    ----------
    mapping
        Column of each field that has one.
    rows
        The first rows, as they stand.
    understood
        The same rows by field, as they would be read; empty where a cell says nothing.
    words
        Of the label column, the most frequent first.
    missing
        What stands in the way of reading it, a sentence each; empty where nothing does.
    """

    sheets: tuple[str, ...]
    sheet: str
    columns: tuple[str, ...]
    mapping: Mapping[str, str]
    count: int
    rows: tuple[tuple[str, ...], ...]
    understood: tuple[Mapping[str, str], ...]
    words: tuple[LabelWord, ...]
    missing: tuple[str, ...]
    note: str = ""


def guess_columns(table: SiteTable) -> dict[str, str]:
    """Which column holds which field: by their names, then by what stands in them.

    Returns
    -------
    dict
        Column of each field that one was found for; a column serves one field, but one that holds ``RMLO`` serves two.
    """
    found: dict[str, str] = {}
    free = list(table.columns)
    for name, known in NAMES.items():
        match = next((column for word in known for column in free if simple(column) == word), None)
        if match is not None:
            found[name] = match
            free.remove(match)
    for name in ("laterality", "view", "label", "study_date"):
        if name not in found:
            match = next((column for column in free if _holds(table, column, name)), None)
            if match is not None:
                found[name] = match
                free.remove(match)
    for one, other in (("laterality", "view"), ("view", "laterality")):
        if one not in found and other in found and _holds(table, found[other], one):
            found[one] = found[other]
    return found


def _holds(table: SiteTable, column: str, name: str) -> bool:
    cells = [cell for cell in table.column(column)[:_LOOKED_AT] if cell]
    return bool(cells) and sum(fits(name, cell) for cell in cells) >= _ENOUGH * len(cells)


def preview_table(table: SiteTable, chosen: Mapping[str, str] | None = None, *, count: int = 8) -> TablePreview:
    """Show how a table would be understood; no image is looked for.

    Parameters
    ----------
    table
        The site's.
    chosen
        Columns that a person chose; None or a missing field leaves the guess, an empty name takes no column.
    count
        Rows shown.
    """
    mapping = mapping_of(table, chosen)
    words = Counter(table.column(mapping["label"])) if "label" in mapping else Counter[str]()
    dialect = _dialect(table, mapping)
    shown = table.rows[:count]
    return TablePreview(
        table.sheets,
        table.sheet,
        table.columns,
        mapping,
        len(table.rows),
        tuple(cells for _, cells in shown),
        tuple(_understood(_cells(table, cells, mapping), dialect) for _, cells in shown),
        tuple(LabelWord(word, rows, _meaning(word, dialect)) for word, rows in words.most_common()),
        tuple(_missing(mapping)),
        table.note,
    )


def mapping_of(table: SiteTable, chosen: Mapping[str, str] | None) -> dict[str, str]:
    """The guess, less and more what a person chose.

    Raises
    ------
    InputError
        When a column or a field that was chosen does not exist.
    """
    for name, column in (chosen or {}).items():
        if name not in NAMES:
            raise InputError(f"“{name}” is no field of a table of cases.", f"The fields are: {', '.join(NAMES)}.")
        if column and column not in table.columns:
            raise InputError(f"The table has no column “{column}”.", f"Its columns are: {', '.join(table.columns)}.")
    mapping = {**guess_columns(table), **(chosen or {})}
    return {name: mapping[name] for name in NAMES if mapping.get(name)}


def _missing(mapping: Mapping[str, str]) -> list[str]:
    missing = []
    if "path" not in mapping and not any(key in mapping for key in KEYS):
        missing.append("No column names the image: choose a file name, a UID, an accession number or the patient.")
    if not {"label", "boxes", "mask"} & mapping.keys():
        missing.append("No column says what is in the image: choose a label, boxes or a mask.")
    if "path" in mapping and "patient" not in mapping:
        missing.append("No column names the patient: splits are by patient.")
    return missing


def _dialect(table: SiteTable, mapping: Mapping[str, str]) -> Dialect:
    return dialect_of(
        mapping.get("label", ""),
        *(table.column(mapping[name]) if name in mapping else () for name in ("label", "study_date")),
    )


def _cells(table: SiteTable, cells: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    by_column = dict(zip(table.columns, cells, strict=True))
    return {name: by_column[column] for name, column in mapping.items()}


def _meaning(word: str, dialect: Dialect) -> str:
    try:
        return _MEANINGS[label_of(word, is_birads=dialect.is_birads)]
    except ValueError:
        return ""


def _understood(cells: Mapping[str, str], dialect: Dialect) -> dict[str, str]:
    """Cells in the words of the table of cases; what is not understood stays, to be refused with its line."""
    plain = dict(cells)
    if word := cells.get("laterality"):
        side = side_of(word)
        plain["laterality"] = side.value if side else word
    if word := cells.get("view"):
        view = view_of(word)
        plain["view"] = view.value if view else word
    if word := cells.get("label"):
        plain["label"] = _meaning(word, dialect) or word
    if word := cells.get("study_date"):
        with suppress(ValueError):
            plain["study_date"] = date_of(word, day_first=dialect.day_first).isoformat()
    return plain


@dataclass
class _Images:
    """What lies in a folder, found by name and by what the headers hold."""

    by_name: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    headers: dict[str, dict[str, list[Mammogram]]] = field(
        default_factory=lambda: {key: defaultdict(list) for key in KEYS}
    )


def rows_of_table(
    table: SiteTable,
    chosen: Mapping[str, str] | None,
    images: Path,
    *,
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
) -> tuple[list[Row], list[RowProblem]]:
    """Turn a site's rows into rows of a table of cases, one for each image.

    Parameters
    ----------
    table
        The site's.
    chosen
        As for `preview_table`.
    images
        Folder of the images.
    progress, cancel
        As usual.

    Returns
    -------
    rows, problems
        To be checked by `manifest.check_rows`, with absolute paths; and the rows for which no image was found.

    Raises
    ------
    InputError
        When a column that is needed was not found, or the folder holds nothing.
    """
    mapping = mapping_of(table, chosen)
    missing = _missing(mapping)
    if missing:
        raise InputError("The table cannot be read yet.", " ".join(missing))
    has_paths = "path" in mapping
    finder = _Finder(images, _index(images, with_headers=not has_paths, progress=progress, cancel=cancel))
    dialect = _dialect(table, mapping)
    for line, cells in table.rows:
        finder.take(line, _understood(_cells(table, cells, mapping), dialect))
    return finder.rows, finder.problems


def _index(images: Path, *, with_headers: bool, progress: Progress, cancel: Cancel) -> _Images:
    problems: list[Problem] = []
    files = [found.path for found in find_files([images], problems)]
    if not files:
        raise InputError(f"{images} holds no images.", "Name the folder that the table's images lie in.")
    index, pictures = _Images(), Pictures()
    for number, path in enumerate(files):
        stop_if_cancelled(cancel)
        for name in {path.name.casefold(), path.stem.casefold()}:
            index.by_name[name].append(path)
        if not with_headers:
            continue
        progress((number + 1) / len(files), f"Reading header {number + 1} of {len(files)}")
        try:
            image = read_header(path, pictures=pictures)
        except InputError:
            # Reports and the like lie beside images; the rows that lack one say so.
            continue
        if image.intent is PresentationIntent.FOR_PROCESSING or image.is_tomosynthesis:
            # They belong to the same breast, and no model takes them.
            continue
        for key, value in _header_keys(image).items():
            if value:
                index.headers[key][value].append(image)
    return index


def _header_keys(image: Mammogram) -> dict[str, str]:
    return {
        "image_uid": image.id,
        "study_uid": image.study_uid,
        "accession": image.accession_number,
        "patient": image.patient_id,
    }


class _Finder:
    """Finds the images that each row means."""

    def __init__(self, folder: Path, index: _Images) -> None:
        self._folder, self._index = folder, index
        self.rows: list[Row] = []
        self.problems: list[RowProblem] = []

    def take(self, line: int, said: Mapping[str, str]) -> None:
        """Take one row."""
        if said.get("path"):
            path = self._path(line, "path", said["path"])
            if path is not None:
                self._add(line, said, path)
            return
        keys = {key: said[key] for key in KEYS if said.get(key)}
        if not keys:
            self._bad(line, "", "the row does not say which image it means.", "Fill in a file, a UID or a patient.")
            return
        found = self._by_keys(keys, said)
        if not found:
            told = ", ".join(f"{name.replace('_', ' ')} “{value}”" for name, value in keys.items())
            self._bad(line, "", f"no image has {told} and this side and view.", "Check the row, or add the image.")
        elif said.get("label") == "malignant" and not said.get("laterality") and "image_uid" not in keys:
            self._bad(line, "laterality", "the row says malignant, but not which breast.", "Write L or R.")
        else:
            for image in found:
                view = image.view.value if image.view else ""
                side = image.laterality.value if image.laterality else ""
                extra = {"patient": said.get("patient") or image.patient_id, "laterality": side, "view": view}
                self._add(line, {**said, **extra}, Path(image.path))

    def _by_keys(self, keys: Mapping[str, str], said: Mapping[str, str]) -> list[Mammogram]:
        sets = [self._index.headers[key].get(value, []) for key, value in keys.items()]
        first, *others = sets
        kept = [{id(image) for image in other} for other in others]
        return [
            image
            for image in first
            if all(id(image) in ids for ids in kept)
            and (not said.get("laterality") or image.laterality == said["laterality"])
            and (not said.get("view") or image.view == said["view"])
        ]

    def _path(self, line: int, column: str, name: str) -> Path | None:
        given = self._folder / name.replace("\\", "/")
        if given.is_file():
            return given
        places = self._index.by_name.get(Path(name.replace("\\", "/")).name.casefold(), [])
        if len(places) == 1:
            return places[0]
        told = f"there are {len(places)} files" if places else "there is no file"
        self._bad(line, column, f"{told} called “{name}” in the folder.", "Write the path within the folder.")
        return None

    def _add(self, line: int, said: Mapping[str, str], path: Path) -> None:
        row = dict.fromkeys((*REQUIRED, *OPTIONAL), "")
        row.update({name: value for name, value in said.items() if name in row})
        row["path"] = str(path.absolute())
        if row["mask"]:
            mask = self._path(line, "mask", row["mask"])
            if mask is None:
                return
            row["mask"] = str(mask.absolute())
        self.rows.append((line, row))

    def _bad(self, line: int, column: str, message: str, hint: str) -> None:
        self.problems.append(RowProblem(line, column, message, hint))


def chosen_columns(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Columns that a person chose, from the pairs of a `CaseSource`."""
    return dict(pairs)
