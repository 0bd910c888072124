"""CBIS-DDSM (Lee et al. 2017) as The Cancer Imaging Archive gives it: DICOM files and four tables.

``mass_case_description_train_set.csv`` and its three sisters have a row for each abnormality in each view. A mammogram
lies somewhere below a folder such as ``Mass-Training_P_00001_LEFT_CC``, the crop and the mask of its first abnormality
below ``Mass-Training_P_00001_LEFT_CC_1``. Only these names are stable: what lies below them is called differently by
each downloader, and the tables often take the mask for the crop. A mask has the shape of its mammogram, a crop has not.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mammoview.core.errors import InputError
from mammoview.core.findings import LesionKind
from mammoview.core.progress import Cancel, Progress, SubProgress, stop_if_cancelled
from mammoview.core.study import Laterality, ViewPosition
from mammoview.dicom.scan import read_header
from mammoview.imaging.outline import outline
from mammoview.training.cases.case import Case, MarkedLesion, around
from mammoview.training.cases.case_images import read_mask
from mammoview.training.cases.cells import read_density, read_label
from mammoview.training.cases.data import ViewKey
from mammoview.training.cases.importers.imported import Imported
from mammoview.training.cases.importers.tables import rows_of
from mammoview.training.cases.row_problems import RowProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mammoview.core.study import Mammogram

TABLES: Final = {
    f"{kind}_case_description_{part}_set.csv": lesion
    for kind, lesion in (("mass", LesionKind.MASS), ("calc", LesionKind.CALCIFICATION))
    for part in ("train", "test")
}
_FOLDER: Final = re.compile(r"(?:Mass|Calc)-(?:Training|Test)_P_(\d+)_(LEFT|RIGHT)_(CC|MLO)(?:_\d+)?")
_FILM, _MASK = "image file path", "ROI mask file path"
_NEEDED: Final = ("patient_id", "left or right breast", "image view", "pathology", _FILM, _MASK)
#: A mask may differ from its mammogram by pixels or by its scale, in its proportions no more than this.
_PROPORTIONS: Final = 0.01
#: Published masks go down to 0.87 of their mammogram; a crop of the same proportions is far smaller.
_LEAST_SCALE: Final = 0.7


@dataclass(frozen=True)
class _Row:
    """One abnormality in one view."""

    table: str
    line: int
    kind: LesionKind
    key: ViewKey
    film: str
    mask: str
    is_malignant: bool | None
    density: str

    def problem(self, message: str, hint: str) -> RowProblem:
        return RowProblem(self.line, "", message, hint, self.table)


def recognises(root: Path) -> bool:
    """Whether the folder holds one of the tables, or folders that are named as the archive names them."""
    if any((root / name).is_file() for name in TABLES):
        return True
    places = (place for place in (root, root / "CBIS-DDSM") if place.is_dir())
    return any(_FOLDER.fullmatch(entry.name) for place in places for entry in place.iterdir())


def read(root: Path, progress: Progress, cancel: Cancel) -> Imported:
    """The mammograms of CBIS-DDSM, with the outlines of their masses and calcifications.

    A mammogram that lies in a folder of masses and in one of calcifications is taken once, with the marks of both. An
    abnormality without a usable mask leaves its mammogram its label.

    Parameters
    ----------
    root
        The folder that holds the tables and, at any depth, the folders of the images.
    progress, cancel
        Told and asked at every mammogram: thousands of masks are read.

    Raises
    ------
    InputError
        When the tables are missing or lack columns, or not one mammogram is found.
    CancelledError
        When ``cancel`` says so.
    """
    progress(0.0, "Looking for the folders of CBIS-DDSM")
    problems: list[RowProblem] = []
    films: dict[ViewKey, list[_Row]] = defaultdict(list)
    for row in _rows(root, problems):
        films[row.key].append(row)
    folders = _folders(root, cancel)
    cases = []
    reading = SubProgress(progress, 0.05, 1.0)
    for number, (_, rows) in enumerate(sorted(films.items()), start=1):
        stop_if_cancelled(cancel)
        reading(number / len(films), f"Reading the masks of mammogram {number} of {len(films)}")
        case = _case(rows, folders, problems)
        if case is not None:
            cases.append(case)
    if not cases:
        first = f" {problems[0]}" if problems else ""
        raise InputError(
            f"{root} holds no mammogram that the tables of CBIS-DDSM name.{first}",
            "Name the folder that holds the tables and the folders Mass-Training_P_… and their like.",
        )
    return Imported(tuple(cases), tuple(problems))


def _rows(root: Path, problems: list[RowProblem]) -> Iterator[_Row]:
    found = [name for name in TABLES if (root / name).is_file()]
    if not found:
        raise InputError(f"{root} lacks the tables of CBIS-DDSM.", f"Put them there: {', '.join(TABLES)}.")
    for name in found:
        for line, cells in enumerate(rows_of(root / name, _NEEDED), start=2):
            try:
                yield _row(name, line, cells)
            except ValueError as error:
                problems.append(RowProblem(line, "", f"The row is left out: {error}.", "Copy the table again.", name))


def _row(table: str, line: int, cells: Mapping[str, str]) -> _Row:
    """Raises ValueError with what makes no sense."""
    film, mask = (_FOLDER.search(cells[column]) for column in (_FILM, _MASK))
    if film is None or mask is None:
        raise ValueError("its paths do not begin as those of CBIS-DDSM do")
    patient, side, view = cells["patient_id"].removeprefix("P_"), cells["left or right breast"], cells["image view"]
    if not film.groups() == mask.groups() == (patient, side, view):
        raise ValueError("its paths name another patient, side or view than its cells")
    try:
        label = read_label(cells["pathology"])
    except ValueError:
        label = None
    try:
        density = read_density(cells.get("breast_density", cells.get("breast density", "")))
    except ValueError:
        # A few rows say 0.
        density = ""
    key = ViewKey(patient, Laterality(side[0]), ViewPosition(view))
    return _Row(table, line, TABLES[table], key, film[0], mask[0], label, density)


def _folders(root: Path, cancel: Cancel) -> dict[str, list[Path]]:
    """Where folders of images lie, by name: archives of mammograms and of masks may be unpacked beside each other."""
    found: dict[str, list[Path]] = defaultdict(list)
    for place, names, _ in os.walk(root):
        stop_if_cancelled(cancel)
        for name in sorted(names):
            if _FOLDER.fullmatch(name):
                found[name].append(Path(place, name))
        names[:] = [name for name in names if not _FOLDER.fullmatch(name)]
    return found


def _case(rows: Sequence[_Row], folders: Mapping[str, list[Path]], problems: list[RowProblem]) -> Case | None:
    """The mammogram of some abnormalities; None, and a problem for each row, where it is not there."""
    # Rows of masses come first, and with them the copy of the film that is taken.
    film: Mammogram | None = None
    for name in dict.fromkeys(row.film for row in rows):
        film = film or max(_images(folders.get(name, ())), key=lambda image: image.rows, default=None)
    if film is None:
        for row in rows:
            said = f"The row is left out: no image can be read below a folder {row.film}."
            problems.append(row.problem(said, "Complete the download."))
        return None
    key = rows[0].key
    return Case(
        Path(film.path),
        key.patient,
        key.side,
        key.view,
        _label(rows),
        tuple(lesion for row in rows if (lesion := _lesion(row, film, folders, problems)) is not None),
        density=next((row.density for row in rows if row.density), ""),
    )


def _label(rows: Sequence[_Row]) -> bool | None:
    """Malignant where one abnormality is; unknown where none is, and the pathology of one is not known."""
    words = {row.is_malignant for row in rows}
    return True if True in words else None if None in words else False


def _images(places: Sequence[Path]) -> list[Mammogram]:
    """Headers of the DICOM files below some folders; what cannot be read is as good as missing."""
    found = []
    for path in (path for place in places for path in sorted(place.rglob("*.dcm"))):
        try:
            found.append(read_header(path))
        except InputError:
            continue
    return found


def _lesion(
    row: _Row, film: Mammogram, folders: Mapping[str, list[Path]], problems: list[RowProblem]
) -> MarkedLesion | None:
    if row.is_malignant is None:
        said = "The abnormality has no mark: the table gives no pathology that is known."
        problems.append(row.problem(said, "Copy the table again."))
        return None
    masks = [image for image in _images(folders.get(row.mask, ())) if _fits(image, film)]
    if not masks:
        said = f"The abnormality has no mark: {row.mask} holds no mask that fits the mammogram."
        problems.append(row.problem(said, "The mammogram is taken with its label."))
        return None
    mask = max(masks, key=lambda image: image.rows)
    try:
        line = outline(read_mask(Path(mask.path)))
    except InputError as error:
        problems.append(row.problem(f"The abnormality has no mark: {error.user_message}", error.hint))
        return None
    down, across = film.rows / mask.rows, film.columns / mask.columns
    contour = tuple((row_px * down, column_px * across) for row_px, column_px in line)
    box = around(contour) if contour else None
    if box is None or box.area_px <= 0:
        said = f"The abnormality has no mark: the mask {mask.path} is empty."
        problems.append(row.problem(said, "The mammogram is taken with its label."))
        return None
    return MarkedLesion(box, row.kind, row.is_malignant, contour)


def _fits(image: Mammogram, film: Mammogram) -> bool:
    down, across = image.rows / film.rows, image.columns / film.columns
    return min(down, across) >= _LEAST_SCALE and abs(down / across - 1) <= _PROPORTIONS
