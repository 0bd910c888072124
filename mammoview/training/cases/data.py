"""Indices of the public training data: who, which side, which view, what, and where the pixels lie.

CBIS-DDSM (Lee et al. 2017) gives lesion crops, whole mammograms with boxes of their masses, and two tables; CDD-CESM
(Khaled et al. 2022) gives low-energy images with masks. A folder's name, a file's name and the tables are evidence;
where they contradict each other an error says so.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.errors import InputError
from mammoview.core.findings import LesionKind
from mammoview.core.geometry import Box
from mammoview.core.study import Laterality, ViewPosition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

#: Pixels around the bounding box in every CBIS-DDSM crop.
CROP_MARGIN_PX = 16
#: Side of the stretched mammograms, pixels.
STRETCHED_PX = 800
#: Rows by columns of a mammography film, smallest and largest.
FILM_ASPECTS = (1.3, 2.4)

_CROP = re.compile(r"P_(\d+)_(LEFT|RIGHT)_(CC|MLO)_.*_(\d+)")
_MAMMOGRAM = re.compile(r"(\d+)_(LEFT|RIGHT)_(CC|MLO)")
_CESM = re.compile(r"P(\d+)_([LR])_DM_(CC|MLO)")


@dataclass(frozen=True, order=True)
class ViewKey:
    """One view of one breast of one patient."""

    patient: str
    side: Laterality
    view: ViewPosition


@dataclass(frozen=True)
class LesionDetails:
    """What the readers of CBIS-DDSM wrote down of an abnormality: auxiliary targets.

    Attributes
    ----------
    shape, margins
        Of a mass, in the table's words, lower case, sorted; several where the readers named several.
    calcification_type, distribution
        Of calcifications, likewise.
    density
        ACR density of the breast, 1 to 4.
    assessment
        BI-RADS assessment, 0 to 5.
    subtlety
        1 (subtle) to 5 (obvious).
    """

    shape: tuple[str, ...] = ()
    margins: tuple[str, ...] = ()
    calcification_type: tuple[str, ...] = ()
    distribution: tuple[str, ...] = ()
    density: int | None = None
    assessment: int | None = None
    subtlety: int | None = None


@dataclass(frozen=True)
class Lesion:
    """One abnormality in one view, with its crop at the film's native resolution."""

    key: ViewKey
    number: int
    kind: LesionKind
    is_malignant: bool
    crop: Path
    details: LesionDetails = LesionDetails()


@dataclass(frozen=True)
class Mass:
    """A mass on a film; its box in pixels of the stretched image, and its crop where that is known."""

    box: Box
    is_malignant: bool
    lesion: Lesion | None = None


@dataclass(frozen=True)
class Film:
    """One mammogram, stretched to 800 × 800.

    Attributes
    ----------
    is_malignant
        Whether any abnormality of this view is malignant, mass or calcification.
    has_calcification
        Whether the tables name a calcification in this view; its place is not known.
    native_size
        (rows, columns) of the film before it was stretched, pixels of about 45 µm, estimated from the crops.
    """

    key: ViewKey
    path: Path
    is_malignant: bool
    has_calcification: bool
    native_size: tuple[int, int]
    masses: tuple[Mass, ...]


@dataclass(frozen=True)
class MaskedImage:
    """One CDD-CESM low-energy image and the expert's mask."""

    key: ViewKey
    path: Path
    mask: Path


def read_gray(path: Path) -> NDArray[np.uint8]:
    """Read an 8-bit image.

    Returns
    -------
    ndarray, shape (rows, columns), uint8

    Raises
    ------
    InputError
        When the file is absent or not an image.
    """
    pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if pixels is None:
        raise InputError(f"{path} cannot be read as an image.", "Check that the training data are complete.")
    return np.asarray(pixels, dtype=np.uint8)


def cbis_lesions(root: Path) -> tuple[Lesion, ...]:
    """List the lesion crops of CBIS-DDSM.

    Parameters
    ----------
    root
        The data folder that holds ``cbis_ddsm``.

    Raises
    ------
    InputError
        When a crop is missing from the tables, or its folder contradicts them.
    """
    base = root / "cbis_ddsm"
    described = _tables(base)
    found = []
    for kind, folder in ((LesionKind.MASS, "mass"), (LesionKind.CALCIFICATION, "calc")):
        for path in sorted((base / "crops" / folder).glob("*/*.jpg")):
            match = _CROP.fullmatch(path.stem)
            if match is None:
                raise InputError(f"{path.name} does not follow the naming of CBIS-DDSM crops.", "Check the data.")
            key, number = _film_key(match), int(match[4])
            pathology, details = described.get((kind, key, number), ("", LesionDetails()))
            if pathology != path.parent.name:
                raise InputError(f"{path.name} lies in a folder that the case table contradicts.", "Check the data.")
            found.append(Lesion(key, number, kind, pathology == "malignant", path, details))
    if not found:
        raise InputError(f"{base} holds no lesion crops.", "Name the folder of the training data with --data.")
    return tuple(found)


def cbis_films(root: Path, lesions: Sequence[Lesion]) -> tuple[Film, ...]:
    """List the whole mammograms of CBIS-DDSM with their labels, boxes and original sizes.

    Parameters
    ----------
    root
        The data folder that holds ``cbis_ddsm``.
    lesions
        What `cbis_lesions` gave for the same folder.
    """
    base = root / "cbis_ddsm"
    by_view: dict[ViewKey, list[Lesion]] = defaultdict(list)
    for lesion in lesions:
        by_view[lesion.key].append(lesion)
    coco = json.loads((base / "mass_boxes.coco.json").read_text(encoding="utf-8"))
    boxes: dict[int, list[Box]] = defaultdict(list)
    for annotation in coco["annotations"]:
        column, row, width, height = annotation["bbox"]
        boxes[annotation["image_id"]].append(Box(row, column, row + height, column + width))
    films = []
    for entry in sorted(coco["images"], key=lambda image: image["file_name"]):
        path = base / "mammograms" / entry["file_name"]
        match = _MAMMOGRAM.fullmatch(path.stem)
        if match is None:
            raise InputError(f"{path.name} does not follow the naming of the mammograms.", "Check the data.")
        key = _film_key(match)
        native_size, masses = _match([le for le in by_view[key] if le.kind is LesionKind.MASS], boxes[entry["id"]])
        films.append(
            Film(
                key,
                path,
                is_malignant=any(lesion.is_malignant for lesion in by_view[key]),
                has_calcification=any(lesion.kind is LesionKind.CALCIFICATION for lesion in by_view[key]),
                native_size=native_size,
                masses=masses,
            )
        )
    return tuple(films)


def cesm_images(root: Path) -> tuple[MaskedImage, ...]:
    """List the masked images of CDD-CESM under ``root``."""
    base = root / "cdd_cesm"
    found = []
    for path in sorted((base / "images").glob("*.jpg")):
        match = _CESM.fullmatch(path.stem)
        if match is None:
            raise InputError(f"{path.name} does not follow the naming of CDD-CESM.", "Check the data.")
        key = ViewKey(match[1], Laterality(match[2]), ViewPosition(match[3]))
        found.append(MaskedImage(key, path, base / "masks" / path.name))
    if not found:
        raise InputError(f"{base} holds no images.", "Name the folder of the training data with --data.")
    return tuple(found)


def _film_key(match: re.Match[str]) -> ViewKey:
    return ViewKey(match[1], Laterality(match[2][0]), ViewPosition(match[3]))


def _tables(base: Path) -> dict[tuple[LesionKind, ViewKey, int], tuple[str, LesionDetails]]:
    """Pathology of every abnormality, in the words of the folders, and what else the readers wrote down."""
    found = {}
    for kind, name in ((LesionKind.MASS, "mass_cases.csv"), (LesionKind.CALCIFICATION, "calc_cases.csv")):
        with (base / name).open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                side = Laterality(row["left or right breast"][0])
                key = ViewKey(row["patient_id"].removeprefix("P_"), side, ViewPosition(row["image view"]))
                found[kind, key, int(row["abnormality id"])] = row["pathology"].lower(), _details(row)
    return found


def _details(row: Mapping[str, str]) -> LesionDetails:
    return LesionDetails(
        shape=_words(row.get("mass shape")),
        margins=_words(row.get("mass margins")),
        calcification_type=_words(row.get("calc type")),
        distribution=_words(row.get("calc distribution")),
        # One table spells it with a space, the other with an underscore.
        density=_grade(row.get("breast_density", row.get("breast density")), 1, 4),
        assessment=_grade(row.get("assessment"), 0, 5),
        subtlety=_grade(row.get("subtlety"), 1, 5),
    )


def _words(cell: str | None) -> tuple[str, ...]:
    """The descriptors of a cell, joined by hyphens there; the table writes one of them in two ways."""
    if cell is None or cell in {"", "N/A"}:
        return ()
    return tuple(sorted({word.replace("lucent_centered", "lucent_center") for word in cell.lower().split("-")}))


def _grade(cell: str | None, lowest: int, highest: int) -> int | None:
    """A number in its documented range; two masses have subtlety 0, which has no meaning."""
    return int(cell) if cell and cell.isdigit() and lowest <= int(cell) <= highest else None


def _match(lesions: Sequence[Lesion], boxes: Sequence[Box]) -> tuple[tuple[int, int], tuple[Mass, ...]]:
    """Size of the film, and which box is which lesion's: the order of the crops need not be that of the boxes.

    Each pairing of a crop with a box tells the size of the film; the true assignment is the one whose pairs agree.
    """
    if len(lesions) != len(boxes):
        raise InputError("A mammogram has not as many mass crops as mass boxes.", "Check the training data.")
    crops = [read_gray(lesion.crop).shape for lesion in lesions]
    best = min(itertools.permutations(boxes), key=lambda order: float(_log_sizes(crops, order).std(axis=0).sum()))
    rows, columns = np.exp(np.median(_log_sizes(crops, best), axis=0))
    # A crop at the film's edge has less margin and misleads; no mammography film's aspect leaves this range.
    aspect = np.clip(rows / columns, *FILM_ASPECTS)
    masses = tuple(Mass(box, lesion.is_malignant, lesion) for box, lesion in zip(best, lesions, strict=True))
    return (round(float(rows)), round(float(rows / aspect))), masses


def _log_sizes(crops: Sequence[tuple[int, ...]], boxes: Iterable[Box]) -> NDArray[np.float64]:
    sizes = [
        ((crop[0] - 2 * CROP_MARGIN_PX) / box.height_px, (crop[1] - 2 * CROP_MARGIN_PX) / box.width_px)
        for crop, box in zip(crops, boxes, strict=True)
    ]
    return np.asarray(np.log(np.maximum(np.array(sizes), 0.1) * STRETCHED_PX))
