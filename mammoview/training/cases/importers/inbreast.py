"""INbreast (Moreira et al. 2012): DICOM files, ``INbreast.csv``, and contours as OsiriX property lists.

``AllDICOMs`` (in mirrors ``ALL-IMGS``) holds ``<image>_<patient>_MG_<R|L>_<CC|ML>_ANON.dcm``; ML there means MLO.
``AllXML/<image>.xml`` holds the contours, points as ``(x, y)``. There is no pathology: labels come from BI-RADS.
"""

from __future__ import annotations

import plistlib
import re
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from mammoview.core.errors import InputError
from mammoview.core.findings import LesionKind
from mammoview.core.study import Laterality, ViewPosition
from mammoview.training.cases.case import Case, MarkedLesion, around
from mammoview.training.cases.cells import birads_label, read_date, read_density
from mammoview.training.cases.importers.tables import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NAME = re.compile(r"(\d+)_([0-9a-f]+)_MG_([LR])_(CC|ML|MLO)_ANON\.dcm", re.IGNORECASE)
_POINT = re.compile(r"\(\s*([-+.\deE]+)\s*,\s*([-+.\deE]+)\s*\)")
_VIEWS = {"CC": ViewPosition.CC, "ML": ViewPosition.MLO, "MLO": ViewPosition.MLO}
_KINDS = {
    "mass": LesionKind.MASS,
    "spiculated region": LesionKind.MASS,
    "calcification": LesionKind.CALCIFICATION,
    "calcifications": LesionKind.CALCIFICATION,
    "cluster": LesionKind.CALCIFICATION,
}


def recognises(root: Path) -> bool:
    """Whether the folder holds ``INbreast.csv`` or ``INbreast.xls``."""
    return any((root / name).is_file() for name in ("INbreast.csv", "INbreast.xls"))


def read(root: Path) -> tuple[Case, ...]:
    """The images of INbreast, with their contours.

    Parameters
    ----------
    root
        The folder ``INbreast Release 1.0``.

    Raises
    ------
    InputError
        When files are missing or contradict each other.
    """
    described = _described(root)
    cases = []
    for path in sorted(root.glob("*/*.dcm")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise InputError(
                f"{path.name} does not follow the naming of INbreast.", "Check that the data are complete."
            )
        row = described.get(match[1])
        if row is None:
            raise InputError(f"INbreast.csv does not name the image {match[1]}.", "Check that the data are complete.")
        cases.append(_case(path, match, row, _contours(root / "AllXML" / f"{match[1]}.xml")))
    if not cases:
        raise InputError(f"{root} holds no images of INbreast.", "Its folder AllDICOMs holds them.")
    return tuple(cases)


def _described(root: Path) -> dict[str, Mapping[str, str]]:
    table = root / "INbreast.csv"
    if not table.is_file():
        raise InputError(f"{root} has INbreast.xls but no INbreast.csv.", "Save the sheet as INbreast.csv beside it.")
    needed = ("File Name", "Laterality", "Bi-Rads")
    return {row["File Name"]: row for row in rows_of(table, needed, delimiter=";")}


def _case(path: Path, match: re.Match[str], row: Mapping[str, str], lesions: tuple[MarkedLesion, ...]) -> Case:
    side = Laterality(match[3].upper())
    if row["Laterality"] != side.value:
        raise InputError(f"{path.name} and INbreast.csv name different sides.", "Check the data.")
    date = row.get("Acquisition date", "")
    try:
        # Suspicious findings have a letter: 4a to 4c.
        label = birads_label(int(row["Bi-Rads"][:1]))
        return Case(
            path,
            match[2].lower(),
            side,
            _VIEWS[match[4].upper()],
            label,
            lesions,
            study_date=read_date(date) if date else None,
            density=read_density(row.get("ACR", "")),
        )
    except ValueError as error:
        raise InputError(
            f"INbreast.csv describes the image {match[1]} in words that make no sense.", "Check it."
        ) from error


def _contours(path: Path) -> tuple[MarkedLesion, ...]:
    """Regions with an extent; single points, which mark single calcifications, are passed over."""
    if not path.is_file():
        return ()
    try:
        with path.open("rb") as file:
            regions = plistlib.load(file, fmt=plistlib.FMT_XML)["Images"][0]["ROIs"]
        found = [_region(region) for region in regions]
    except (plistlib.InvalidFileException, ExpatError, KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"{path} does not hold contours.", "Copy it again from INbreast.") from error
    return tuple(region for region in found if region is not None)


def _region(region: Mapping[str, Any]) -> MarkedLesion | None:
    points = []
    for text in region["Point_px"]:
        match = _POINT.fullmatch(text.strip())
        if match is None:
            raise ValueError(text)
        points.append((float(match[2]), float(match[1])))
    box = around(points) if points else None
    if box is None or len(points) < 3 or box.area_px <= 0:
        return None
    return MarkedLesion(box, _KINDS.get(str(region["Name"]).strip().lower()), contour=tuple(points))
