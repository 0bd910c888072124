"""VinDr-Mammo (Nguyen et al. 2023): ``images/<study>/<image>.dicom`` and two tables.

``breast-level_annotations.csv`` has a BI-RADS assessment for each breast, ``finding_annotations.csv`` boxes with one of
their own. There is no pathology: labels come from BI-RADS. Each study is another patient's.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mammoview.core.errors import InputError
from mammoview.core.findings import LesionKind
from mammoview.core.geometry import Box
from mammoview.core.study import Laterality, ViewPosition
from mammoview.training.cases.case import Case, MarkedLesion
from mammoview.training.cases.cells import read_density, read_label
from mammoview.training.cases.importers.tables import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BREASTS, FINDINGS = "breast-level_annotations.csv", "finding_annotations.csv"
_CORNERS = ("ymin", "xmin", "ymax", "xmax")
_KINDS = {"mass": LesionKind.MASS, "suspicious calcification": LesionKind.CALCIFICATION}


def recognises(root: Path) -> bool:
    """Whether the folder holds the tables of VinDr-Mammo."""
    return (root / BREASTS).is_file()


def read(root: Path) -> tuple[Case, ...]:
    """The images of VinDr-Mammo, with the boxes of their findings.

    Parameters
    ----------
    root
        The folder that holds the two tables and ``images``.

    Raises
    ------
    InputError
        When files are missing, or a table says something that makes no sense.
    """
    lesions: dict[str, list[MarkedLesion]] = defaultdict(list)
    for row in rows_of(root / FINDINGS, ("image_id", "finding_categories", "finding_birads", *_CORNERS)):
        # Images without a finding have a row without a box.
        if all(row[corner] for corner in _CORNERS):
            lesions[row["image_id"]].append(_lesion(row))
    needed = ("study_id", "image_id", "laterality", "view_position", "breast_birads")
    cases = [_case(root, row, tuple(lesions[row["image_id"]])) for row in rows_of(root / BREASTS, needed)]
    missing = [case for case in cases if not case.path.is_file()]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(cases)} images of VinDr-Mammo are missing, {missing[0].path} for one.",
            "Complete the folder images, or shorten the tables.",
        )
    return tuple(cases)


def _case(root: Path, row: Mapping[str, str], lesions: tuple[MarkedLesion, ...]) -> Case:
    try:
        return Case(
            root / "images" / row["study_id"] / f"{row['image_id']}.dicom",
            row["study_id"],
            Laterality(row["laterality"]),
            ViewPosition(row["view_position"]),
            read_label(row["breast_birads"]),
            lesions,
            density=read_density(row.get("breast_density", "")),
        )
    except ValueError as error:
        raise InputError(f"{BREASTS} describes {row['image_id']} in words that make no sense.", "Check it.") from error


def _lesion(row: Mapping[str, str]) -> MarkedLesion:
    categories = row["finding_categories"].lower()
    kinds = {kind for name, kind in _KINDS.items() if f"'{name}'" in categories}
    try:
        row0, col0, row1, col1 = (max(0.0, float(row[corner])) for corner in _CORNERS)
        label = read_label(row["finding_birads"])
    except ValueError as error:
        raise InputError(f"{FINDINGS} marks {row['image_id']} in words that make no sense.", "Check it.") from error
    # A finding of both kinds has no class of its own.
    return MarkedLesion(Box(row0, col0, row1, col1), kinds.pop() if len(kinds) == 1 else None, label)
