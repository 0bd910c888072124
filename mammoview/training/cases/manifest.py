"""A site's table of cases: read with every bad row named at once, and written.

The columns are ``path, patient, laterality, view, label`` and, where known, ``boxes, mask, study_date, true_size`` and
``density`` (A to D).
A box is ``row0 col0 row1 col1`` in pixels of the stored image, with ``mass`` or ``calcification`` and a label of its
own behind where known; several are parted by semicolons. Paths are relative to the table.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.errors import InputError
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled
from mammoview.core.study import Laterality, PresentationIntent, SourceKind, ViewPosition
from mammoview.dicom.raster import SIDES, VIEWS, Pictures
from mammoview.dicom.scan import read_header
from mammoview.training.cases.case import Case, MarkedLesion, outline_mask
from mammoview.training.cases.cells import read_boxes, read_date, read_density, read_label, read_size, write_box
from mammoview.training.cases.row_problems import ManifestError, RowProblem

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping, Sequence

    from mammoview.core.study import Mammogram

REQUIRED = ("path", "patient", "laterality", "view", "label")
OPTIONAL = ("boxes", "mask", "study_date", "true_size", "density")


@dataclass(frozen=True)
class Manifest:
    """A table of cases without faults.

    Attributes
    ----------
    cases
        In the order of the table.
    unlabelled
        How many of them have no label and are left out where one is needed.
    warnings
        What was repaired or passed over.
    """

    cases: tuple[Case, ...]
    unlabelled: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class CheckedRows:
    """Rows that were checked one by one: the good ones as cases, and what is wrong with the others.

    Attributes
    ----------
    lines, images
        Of each case: where it stands, and its header.
    """

    cases: tuple[Case, ...]
    lines: tuple[int, ...]
    images: tuple[Mammogram, ...]
    problems: tuple[RowProblem, ...]
    warnings: tuple[str, ...]


def check_rows(
    rows: Sequence[tuple[int, Mapping[str, str]]],
    folder: Path,
    *,
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
) -> CheckedRows:
    """Check rows and keep the good ones; every image's header is read.

    Parameters
    ----------
    rows
        (line, cells), with an entry for each of `REQUIRED` and `OPTIONAL`; empty where nothing is said.
    folder
        Paths are relative to it.
    """
    reader = _Reader(folder)
    for index, (line, cells) in enumerate(rows):
        stop_if_cancelled(cancel)
        reader.read(line, cells)
        progress((index + 1) / len(rows), f"Checking case {index + 1} of {len(rows)}")
    return CheckedRows(
        tuple(reader.cases),
        tuple(reader.lines),
        tuple(reader.images),
        tuple(reader.problems),
        (*reader.warnings, *reader.shared),
    )


def read_manifest(path: Path, *, progress: Progress = no_progress, cancel: Cancel = never_cancel) -> Manifest:
    """Read and check a table of cases.

    Every image's header is read; a side or view that the table leaves empty is taken from it.

    Parameters
    ----------
    path
        A CSV file with commas, semicolons or tabs.

    Raises
    ------
    InputError
        When the file cannot be read, lacks a column or has no rows.
    ManifestError
        When rows are bad: every one of them is listed.
    """
    names, rows = manifest_rows(path)
    checked = check_rows(rows, path.parent, progress=progress, cancel=cancel)
    if checked.problems:
        raise ManifestError(path, checked.problems)
    unknown = [f"The column “{name}” is not used." for name in names if name not in REQUIRED + OPTIONAL]
    unlabelled = sum(case.is_malignant is None for case in checked.cases)
    return Manifest(checked.cases, unlabelled, (*unknown, *checked.warnings))


def write_manifest(
    cases: Iterable[Case], path: Path, *, progress: Progress = no_progress, cancel: Cancel = never_cancel
) -> None:
    """Write a table that `read_manifest` reads.

    Contours become pictures in the folder ``masks`` beside the table, where a case has no mask yet. Pictures that are
    there already stay as they are until all new ones are written: another table may name them.

    Parameters
    ----------
    cases
        From any source.
    path
        The CSV file.

    Raises
    ------
    CancelledError
        When ``cancel`` says so.
    """
    given, drafts = list(cases), list[Path]()
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow((*REQUIRED, *OPTIONAL))
            for number, case in enumerate(given, start=1):
                stop_if_cancelled(cancel)
                progress(number / len(given), f"Writing row {number} of {len(given)}")
                mask = case.mask
                if mask is None and any(lesion.contour for lesion in case.lesions):
                    mask = path.parent / "masks" / f"{number:06d}.png"
                    drafts.append(mask.with_suffix(".png.tmp"))
                    _write_outline(case, drafts[-1])
                writer.writerow(_cells(case, mask, path.parent))
        for draft in drafts:
            draft.replace(draft.with_suffix(""))
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)


def _cells(case: Case, mask: Path | None, folder: Path) -> tuple[str, ...]:
    return (
        _relative(case.path, folder),
        case.patient,
        case.laterality.value,
        case.view.value,
        {True: "malignant", False: "benign", None: "unknown"}[case.is_malignant],
        "; ".join(write_box(lesion) for lesion in case.lesions),
        "" if mask is None else _relative(mask, folder),
        "" if case.study_date is None else case.study_date.isoformat(),
        "" if case.true_size is None else "{}x{}".format(*case.true_size),
        case.density,
    )


class _Reader:
    """Collects cases and problems, row by row."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cases: list[Case] = []
        self.problems: list[RowProblem] = []
        self.lines: list[int] = []
        self.images: list[Mammogram] = []
        self.warnings: list[str] = []
        # Rules for names and tables beside pictures are read once, not for every image.
        self._pictures = Pictures()
        self._first: dict[str, tuple[int, bool | None]] = {}
        self._same: dict[str, set[str]] = defaultdict(set)

    @property
    def shared(self) -> tuple[str, ...]:
        """A warning for each patient ID of the files that the table gives to several patients: a leak, perhaps."""
        return tuple(
            f"{len(names)} patients of the table have files with the same patient ID “{identity}”: "
            f"{', '.join(sorted(names)[:5])}. Give those that are one person one name: splits are by patient."
            for identity, names in self._same.items()
            if len(names) > 1
        )

    def read(self, line: int, cells: Mapping[str, str]) -> None:
        """Take one row."""
        before = len(self.problems)
        image = self._image(line, cells)
        label = self._label(line, cells["label"])
        if image is not None:
            self._once(line, image, label)
        if image is not None and image.kind is SourceKind.DICOM and image.patient_id:
            self._same[image.patient_id].add(cells["patient"])
        if not cells["patient"]:
            self._bad(line, "patient", "the patient is missing.", "Give every patient a name: splits are by patient.")
        side = self._side(line, cells["laterality"], image)
        view = self._view(line, cells["view"], image)
        lesions = self._boxes(line, cells["boxes"], image)
        mask = self._mask(line, cells["mask"], image)
        date = self._date(line, cells["study_date"])
        size = self._size(line, cells["true_size"])
        density = self._density(line, cells["density"])
        if len(self.problems) == before and image is not None and side is not None and view is not None:
            path = self.folder / cells["path"]
            self.cases.append(Case(path, cells["patient"], side, view, label, lesions, mask, date, size, density))
            self.lines.append(line)
            self.images.append(image)

    def _bad(self, line: int, column: str, message: str, hint: str) -> None:
        self.problems.append(RowProblem(line, column, message, hint))

    def _image(self, line: int, cells: Mapping[str, str]) -> Mammogram | None:
        if not cells["path"]:
            self._bad(line, "path", "the image is missing.", "Name a file, relative to the table.")
            return None
        try:
            image = read_header(self.folder / cells["path"], pictures=self._pictures)
        except InputError as error:
            self._bad(line, "path", error.user_message, error.hint)
            return None
        if image.intent is PresentationIntent.FOR_PROCESSING:
            self._bad(line, "path", "the image is raw (For Processing).", "Name the one For Presentation.")
        return image

    def _once(self, line: int, image: Mammogram, label: bool | None) -> None:
        """Refuse an image that an earlier line names; where the two contradict each other, neither is believed."""
        first, said = self._first.setdefault(image.id, (line, label))
        if first == line:
            return
        if said is label or None in (said, label):
            self._bad(line, "path", f"the image is the same as in line {first}.", "Name each image once.")
            return
        hint = "Name each image once, with the label that is right."
        self._bad(line, "label", f"the same image has another label in line {first}.", hint)
        if first in self.lines:
            place = self.lines.index(first)
            for rows in (self.cases, self.lines, self.images):
                del rows[place]
            self._bad(first, "label", f"the same image has another label in line {line}.", hint)

    def _side(self, line: int, word: str, image: Mammogram | None) -> Laterality | None:
        stated = image.laterality if image else None
        if word:
            side = SIDES.get(word.upper())
            if side is None:
                self._bad(line, "laterality", f"“{word}” is no side.", "Write L or R.")
            elif stated is not None and stated is not side:
                self.warnings.append(
                    f"Line {line}: the file says {stated.value}, the table {side.value}; the table is believed."
                )
            return side
        if stated is None and image is not None:
            self._bad(line, "laterality", "the side is missing, and the file does not tell.", "Write L or R.")
        return stated

    def _view(self, line: int, word: str, image: Mammogram | None) -> ViewPosition | None:
        if word:
            view = VIEWS.get(word.upper())
            if view is None:
                self._bad(line, "view", f"“{word}” is no view.", f"Write one of {', '.join(VIEWS)}.")
            return view
        stated = image.view if image else None
        if stated is None and image is not None:
            self._bad(line, "view", "the view is missing, and the file does not tell.", "Write CC or MLO, for example.")
        return stated

    def _label(self, line: int, word: str) -> bool | None:
        try:
            return read_label(word)
        except ValueError:
            hint = "Write malignant, benign, 1, 0, BI-RADS with its number, or unknown."
            self._bad(line, "label", f"“{word}” is no label.", hint)
            return None

    def _boxes(self, line: int, text: str, image: Mammogram | None) -> tuple[MarkedLesion, ...]:
        try:
            lesions = read_boxes(text)
        except ValueError as error:
            self._bad(line, "boxes", f"{error}.", "Write row0 col0 row1 col1 mass malignant; the next box behind “;”.")
            return ()
        for lesion in lesions if image else ():
            if image and lesion.box.clipped(image.rows, image.columns) != lesion.box:
                message = f"a box lies outside the image of {image.rows} rows and {image.columns} columns."
                self._bad(line, "boxes", message, "Write rows before columns, in pixels of the stored image.")
        return lesions

    def _mask(self, line: int, name: str, image: Mammogram | None) -> Path | None:
        if not name:
            return None
        path = self.folder / name
        try:
            mask = read_header(path, pictures=self._pictures)
        except InputError as error:
            self._bad(line, "mask", error.user_message, error.hint)
            return None
        if image is not None and (mask.rows, mask.columns) != (image.rows, image.columns):
            sizes = f"{mask.rows} × {mask.columns} pixels, the image {image.rows} × {image.columns}"
            self.warnings.append(f"Line {line}: the mask has {sizes}; it is stretched.")
        return path

    def _date(self, line: int, text: str) -> datetime.date | None:
        if not text:
            return None
        try:
            return read_date(text)
        except ValueError:
            self._bad(line, "study_date", f"“{text}” is no date.", "Write it as 2024-05-31.")
            return None

    def _density(self, line: int, word: str) -> str:
        try:
            return read_density(word)
        except ValueError:
            self._bad(line, "density", f"“{word}” is no density.", "Write A, B, C or D, or leave it empty.")
            return ""

    def _size(self, line: int, text: str) -> tuple[int, int] | None:
        if not text:
            return None
        try:
            return read_size(text)
        except ValueError:
            self._bad(line, "true_size", f"“{text}” is no size.", "Write rows x columns: 970x550.")
            return None


def manifest_rows(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Column names, and (line, cells) of every row that is not empty; absent optional cells are empty.

    Raises
    ------
    InputError
        When the file cannot be read, lacks a column or has no rows.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read.", "Name a CSV file.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text.", "Save the table as “CSV UTF-8”.") from error
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    names = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise InputError(
            f"{path} lacks the {'column' if len(missing) == 1 else 'columns'} {', '.join(missing)}.",
            f"The first line names the columns: {', '.join(REQUIRED)}, and where known {', '.join(OPTIONAL)}.",
        )
    rows = []
    for cells in reader:
        if any(cell.strip() for cell in cells):
            row = dict.fromkeys(REQUIRED + OPTIONAL, "")
            row.update({name: cell.strip() for name, cell in zip(names, cells, strict=False)})
            rows.append((reader.line_num, row))
    if not rows:
        raise InputError(f"{path} has no rows.", "Write one line for each image.")
    return names, rows


def _write_outline(case: Case, path: Path) -> None:
    header = read_header(case.path)
    mask = outline_mask(case.lesions, (header.rows, header.columns))
    path.parent.mkdir(parents=True, exist_ok=True)
    _, encoded = cv2.imencode(".png", mask.astype(np.uint8) * np.uint8(255))
    path.write_bytes(encoded.tobytes())


def _relative(path: Path, folder: Path) -> str:
    path, folder = path.resolve(), folder.resolve()
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()
