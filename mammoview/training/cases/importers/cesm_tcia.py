"""CDD-CESM (Khaled et al. 2022) as The Cancer Imaging Archive gives it: pictures, a workbook, and drawn regions.

``Low energy images of CDD-CESM`` holds ``P1_L_DM_MLO.jpg``; the subtracted images, in a folder of their own, are no
mammograms and are passed over. ``Radiology-manual-annotations.xlsx`` has a row for each image in its sheet ``all``.
``Radiology_hand_drawn_segmentations_v2.csv`` has a row for each region, in the words of the VGG Image Annotator, points
as x and y. Names end in spaces here and there.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mammoview.core.errors import InputError
from mammoview.core.progress import Cancel, Progress, stop_if_cancelled
from mammoview.core.study import Laterality, ViewPosition
from mammoview.dicom.raster import Pictures
from mammoview.dicom.scan import read_header
from mammoview.training.cases.case import Case, MarkedLesion, around
from mammoview.training.cases.cells import read_density, read_label
from mammoview.training.cases.importers.imported import Imported
from mammoview.training.cases.importers.tables import rows_of
from mammoview.training.cases.row_problems import RowProblem
from mammoview.training.cases.site_tables import open_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mammoview.core.study import Mammogram

IMAGES: Final = "Low energy images of CDD-CESM"
#: The archive's package unpacks to folders in each other.
_PLACES: Final = ("", "CDD-CESM", "PKG - CDD-CESM", "PKG - CDD-CESM/CDD-CESM")
_LABELS: Final = re.compile(r"radiology[ _-]manual[ _-]annotations.*\.(xlsx|csv)", re.IGNORECASE)
_REGIONS: Final = re.compile(r"radiology[ _-]hand[ _-]drawn[ _-]segmentations.*\.csv", re.IGNORECASE)
_NAME: Final = re.compile(r"P(\d+)_([LR])_(DM|CM)_(CC|MLO)")
_SUFFIXES: Final = (".JPG", ".JPEG", ".PNG")
#: Points of a circle or an ellipse.
_STEPS: Final = 72


@dataclass(frozen=True)
class _Row:
    """What the workbook says of one image."""

    line: int
    is_malignant: bool | None
    density: str


def recognises(root: Path) -> bool:
    """Whether the folder holds the workbook, or the folder of low-energy images."""
    return root.is_dir() and (_file(root, _LABELS) is not None or _images_folder(root) is not None)


def read(root: Path, progress: Progress, cancel: Cancel) -> Imported:
    """The low-energy images of CDD-CESM, with their pathology and the regions that radiologists drew.

    Regions are of an image, not of a finding: they have neither a kind nor a label of their own. Points, which mark
    single places, are passed over.

    Parameters
    ----------
    root
        The folder that holds the workbook, the table of regions and the folder of images.
    progress, cancel
        Told and asked at every image, whose header is read.

    Raises
    ------
    InputError
        When the images, the workbook or the table of regions are missing, or lack columns.
    CancelledError
        When ``cancel`` says so.
    """
    folder, workbook, drawn = _images_folder(root), _file(root, _LABELS), _file(root, _REGIONS)
    if folder is None or workbook is None or drawn is None:
        parts = {
            f"the folder “{IMAGES}”": folder,
            "Radiology-manual-annotations.xlsx": workbook,
            "Radiology_hand_drawn_segmentations_v2.csv": drawn,
        }
        lacking = [name for name, place in parts.items() if place is None]
        raise InputError(f"{root} lacks {' and '.join(lacking)} of CDD-CESM.", "Put all three into one folder.")
    problems: list[RowProblem] = []
    rows = _rows(workbook, problems)
    regions = _regions(drawn)
    images = {_key(path.name): path for path in sorted(folder.iterdir()) if path.name.upper().endswith(_SUFFIXES)}
    cases, pictures = [], Pictures()
    for number, (key, row) in enumerate(sorted(rows.items()), start=1):
        stop_if_cancelled(cancel)
        progress(number / len(rows), f"Reading image {number} of {len(rows)}")
        try:
            if key not in images:
                raise InputError(f"The image {key} is not in “{IMAGES}”.", "Complete the download.")
            header = read_header(images[key], pictures=pictures)
        except InputError as error:
            problems.append(RowProblem(row.line, "", error.user_message, error.hint, workbook.name))
            continue
        lesions = _lesions(regions.get(key, ()), header, drawn.name, problems)
        cases.append(_case(key, images[key], row, lesions))
    unnamed = sorted(images.keys() - rows.keys())
    if unnamed:
        said = f"No row names {len(unnamed)} of the images; the first is {images[unnamed[0]].name}."
        problems.append(RowProblem(0, "", said, "They are left out.", workbook.name))
    if not cases:
        first = f" {problems[0]}" if problems else ""
        raise InputError(f"{folder} holds no image that {workbook.name} names.{first}", "Complete the download.")
    return Imported(tuple(cases), tuple(problems))


def _images_folder(root: Path) -> Path | None:
    return next((root / place / IMAGES for place in _PLACES if (root / place / IMAGES).is_dir()), None)


def _file(root: Path, name: re.Pattern[str]) -> Path | None:
    """The last of the files of that name: a workbook before its copy as CSV, a second version before the first."""
    found = [
        path
        for place in _PLACES
        if (root / place).is_dir()
        for path in (root / place).iterdir()
        if name.fullmatch(path.name)
    ]
    return max(found, key=lambda path: (path.suffix.lower() == ".xlsx", path.name), default=None)


def _key(name: str) -> str:
    """The name of an image, however it is written: ``P1_L_DM_MLO``."""
    text = name.strip().upper()
    suffix = next((suffix for suffix in _SUFFIXES if text.endswith(suffix)), "")
    return text.removesuffix(suffix).strip()


def _rows(workbook: Path, problems: list[RowProblem]) -> dict[str, _Row]:
    """What is said of each low-energy image; the rows of subtracted images are passed over."""
    table = open_table(workbook)
    whole = next((sheet for sheet in table.sheets if sheet.strip().lower() == "all"), table.sheet)
    if whole != table.sheet:
        table = open_table(workbook, whole)
    columns = [re.sub(r"[\s_]+", " ", name).lower() for name in table.columns]
    name_at, label_at, density_at = (
        next((at for at, column in enumerate(columns) if column.startswith(start)), None)
        for start in ("image name", "pathology classification", "breast density")
    )
    if name_at is None or label_at is None:
        raise InputError(
            f"{workbook} lacks the column “Image_name” or “Pathology Classification/ Follow up”.",
            "Check that it is the provider's workbook.",
        )
    found: dict[str, _Row] = {}
    for line, cells in table.rows:
        key = _key(cells[name_at])
        match = _NAME.fullmatch(key)
        if match is None:
            said = f"“{cells[name_at]}” does not follow the naming of CDD-CESM."
            problems.append(RowProblem(line, "", said, "The row is left out.", workbook.name))
        elif match[3] == "DM":
            row = _Row(line, _label(cells[label_at]), "" if density_at is None else _density(cells[density_at]))
            if row.is_malignant is None:
                said = f"“{cells[label_at]}” is no pathology; the image {key} is taken without a label."
                problems.append(RowProblem(line, "", said, "It is Normal, Benign or Malignant.", workbook.name))
            found[key] = _merged(found.get(key), row)
    return found


def _merged(first: _Row | None, second: _Row) -> _Row:
    """Two rows of one image: malignant where either is."""
    if first is None:
        return second
    words = {first.is_malignant, second.is_malignant}
    label = True if True in words else None if None in words else False
    return _Row(first.line, label, first.density or second.density)


def _label(word: str) -> bool | None:
    try:
        return read_label(word)
    except ValueError:
        return None


def _density(word: str) -> str:
    """Empty where it is not given, which the workbook writes as ``_``."""
    try:
        return read_density(word)
    except ValueError:
        return ""


def _regions(table: Path) -> dict[str, list[tuple[int, str]]]:
    """(line, shape) of the regions of each image."""
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for line, cells in enumerate(rows_of(table, ("#filename", "region_shape_attributes")), start=2):
        found[_key(cells["#filename"])].append((line, cells["region_shape_attributes"]))
    return found


def _case(key: str, path: Path, row: _Row, lesions: tuple[MarkedLesion, ...]) -> Case:
    match = _NAME.fullmatch(key)
    assert match is not None
    side, view = Laterality(match[2]), ViewPosition(match[4])
    return Case(path, match[1], side, view, row.is_malignant, lesions, density=row.density)


def _lesions(
    regions: Sequence[tuple[int, str]], image: Mammogram, table: str, problems: list[RowProblem]
) -> tuple[MarkedLesion, ...]:
    found = []
    for line, text in regions:
        try:
            shape = json.loads(text or "{}")
            points = _points(shape) if shape else ()
        # JSON of another structure than the annotator's.
        except (ValueError, KeyError, TypeError, AttributeError):
            said = f"The region of {image.path} makes no sense."
            problems.append(RowProblem(line, "", said, "The image is taken without it.", table))
            continue
        # Some lines were drawn beyond the image's edge.
        inside = tuple((min(max(row, 0.0), image.rows), min(max(col, 0.0), image.columns)) for row, col in points)
        if inside and around(inside).area_px > 0:
            found.append(MarkedLesion(around(inside), contour=inside))
        elif len(points) > 1:
            said = f"The region of {image.path} has no area inside the image."
            problems.append(RowProblem(line, "", said, "The image is taken without it.", table))
    return tuple(found)


def _points(shape: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
    """(row, column) around a region of the VGG Image Annotator; none for a point."""
    match shape["name"]:
        case "polygon" | "polyline":
            pairs = zip(shape["all_points_y"], shape["all_points_x"], strict=True)
            return tuple((float(y), float(x)) for y, x in pairs)
        case "rect":
            (x, y), (width, height) = (float(shape["x"]), float(shape["y"])), (shape["width"], shape["height"])
            return (y, x), (y, x + width), (y + height, x + width), (y + height, x)
        case "circle":
            return _ellipse(shape["cx"], shape["cy"], shape["r"], shape["r"], 0.0)
        case "ellipse":
            return _ellipse(shape["cx"], shape["cy"], shape["rx"], shape["ry"], shape.get("theta", 0.0))
        case "point":
            return ()
        case name:
            raise ValueError(name)


def _ellipse(x: float, y: float, across: float, down: float, turn: float) -> tuple[tuple[float, float], ...]:
    """Points around an ellipse, turned by ``turn`` radians from the x axis towards the y axis."""
    angles = (math.tau * step / _STEPS for step in range(_STEPS))
    axes = [(across * math.cos(angle), down * math.sin(angle)) for angle in angles]
    sine, cosine = math.sin(turn), math.cos(turn)
    return tuple((y + a * sine + b * cosine, x + a * cosine - b * sine) for a, b in axes)
