"""Cases to learn from or to be judged by: one image each, with its patient, its label and what is marked on it.

Every source of data, a site's table or a public collection, becomes the same records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.findings import LesionKind, PatchClass
from mammoview.core.geometry import Box

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from mammoview.core.study import Laterality, ViewPosition


@dataclass(frozen=True)
class MarkedLesion:
    """A lesion that somebody marked on an image.

    Attributes
    ----------
    box
        In the pixels of the stored image.
    kind
        None where the mark does not say.
    is_malignant
        None where nothing is known beyond the image's label.
    contour
        (row, column) points around it, or empty where only the box is known.
    """

    box: Box
    kind: LesionKind | None = None
    is_malignant: bool | None = None
    contour: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Case:
    """One image of a patient.

    Attributes
    ----------
    path
        A DICOM file, PNG, JPEG, TIFF or PGM.
    is_malignant
        None where the label is unknown, or left out on purpose (BI-RADS 3).
    lesions
        What is marked on it; empty where nothing is, or nobody looked.
    mask
        A picture whose bright pixels are lesion.
    true_size
        (rows, columns) at which the pixels are square, where the stored ones are not (CBIS-DDSM as 800 × 800).
    density
        ``A`` to ``D``; empty where nobody says.
    """

    path: Path
    patient: str
    laterality: Laterality
    view: ViewPosition
    is_malignant: bool | None = None
    lesions: tuple[MarkedLesion, ...] = ()
    mask: Path | None = None
    study_date: datetime.date | None = None
    true_size: tuple[int, int] | None = None
    # Nothing learns from it: what was prepared of a case before it was known is still right.
    density: str = field(default="", repr=False)

    @property
    def breast(self) -> str:
        """Patient with side: the name of the breast, whose views are judged together."""
        return f"{self.patient}_{self.laterality.value}"

    def label_of(self, lesion: MarkedLesion) -> bool | None:
        """Whether one of its lesions is malignant: what the mark says, or else the image's label."""
        return self.is_malignant if lesion.is_malignant is None else lesion.is_malignant

    def class_of(self, lesion: MarkedLesion) -> PatchClass | None:
        """The patch class of one of its lesions; None where its kind, or both its label and the image's, is unknown."""
        is_malignant = self.label_of(lesion)
        if lesion.kind is None or is_malignant is None:
            return None
        classes = {
            (LesionKind.MASS, False): PatchClass.BENIGN_MASS,
            (LesionKind.MASS, True): PatchClass.MALIGNANT_MASS,
            (LesionKind.CALCIFICATION, False): PatchClass.BENIGN_CALCIFICATION,
            (LesionKind.CALCIFICATION, True): PatchClass.MALIGNANT_CALCIFICATION,
        }
        return classes[lesion.kind, is_malignant]


def labelled(cases: Iterable[Case]) -> tuple[Case, ...]:
    """The cases whose label is known; the others are left out of whole-image training and evaluation."""
    return tuple(case for case in cases if case.is_malignant is not None)


def boxed(cases: Iterable[Case]) -> tuple[Case, ...]:
    """The cases with a lesion whose patch class is known."""
    return tuple(case for case in cases if any(case.class_of(lesion) is not None for lesion in case.lesions))


def outlined(cases: Iterable[Case]) -> tuple[Case, ...]:
    """The cases that a segmenter can learn from: with a mask, or with contours."""
    return tuple(case for case in cases if case.mask is not None or any(lesion.contour for lesion in case.lesions))


def outline_mask(lesions: Iterable[MarkedLesion], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Fill the contours of lesions.

    Parameters
    ----------
    lesions
        Those without a contour are left out.
    shape
        (rows, columns) of the image.

    Returns
    -------
    ndarray, shape (rows, columns), bool
    """
    mask = np.zeros(shape, dtype=np.uint8)
    for lesion in lesions:
        if lesion.contour:
            # OpenCV wants (column, row) of pixel centres, which lie at i + 0.5 here.
            points = np.rint(np.array(lesion.contour)[:, ::-1] - 0.5).astype(np.int32)
            cv2.fillPoly(mask, [points], 1)
    return mask.astype(bool)


def around(points: Iterable[tuple[float, float]]) -> Box:
    """The box around (row, column) points; at least one point."""
    found = np.array(list(points), dtype=np.float64)
    (row0, col0), (row1, col1) = found.min(axis=0), found.max(axis=0)
    return Box(float(row0), float(col0), float(row1), float(col1))
