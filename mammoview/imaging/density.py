"""How dense a breast is: a dense mask and its share, and the ACR letter a to d that this suggests.

Area-based percent density, as interactive thresholding defines it (Byng et al., Phys Med Biol 1994): dense pixels over
breast pixels, skin and pectoral muscle left out. The threshold adapts to the image: the outer rim, where the compressed
breast thins, is lifted by the brightness of fat at each distance from the skin (the purpose of the peripheral
correction of Snoeren and Karssemeijer, IEEE TMI 2004), and dense is what lies a fixed contrast above the image's fat.
The contrast and the cut points of the letters were chosen on training folds of CBIS-DDSM (ADR 0313). BI-RADS letters
(5th edition) are about masking, not about percent: a letter here is a suggestion to a reader.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.image import Mask
from mammoview.core.reading.decisions import DensityRead
from mammoview.core.reading.words import Density
from mammoview.core.study import Laterality
from mammoview.imaging.breast_frame import STEP_MM, BreastFrame, believed_spacing, lay_down

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.core.findings import Suppression

METHOD = "area over an adaptive threshold"
#: Percent from which a breast is b, c, d.
CUTS = (26.0, 48.0, 62.0)

# All lengths in mm.
_SKIN_MM, _MUSCLE_MM = 3.0, 3.0
_RIM_MM = 25.0
#: Percentile of the tissue at one distance from the skin, and of all evened tissue, that stands for fat.
_RIM_FAT, _FAT = 20.0, 10.0
#: What is brighter than fat by this share of the display's range is dense.
_CONTRAST = 0.12
_P_MAX = 65_535.0
_NOT_FILM = "The letters were fitted on film; on digital images they agree poorly with readers."
#: Tissue on fewer pixels of the frame than this is too little to measure.
_LEAST_PX = 1500


@dataclass(frozen=True)
class ViewDensity:
    """What one view shows.

    Attributes
    ----------
    percent
        Dense share of the breast without skin and muscle, 0 to 100.
    dense
        The dense pixels, native.
    measured_px
        Native pixels that were measured.
    """

    percent: float
    dense: Mask
    measured_px: int


@dataclass(frozen=True)
class ExamDensity:
    """What the views of an exam say together.

    Attributes
    ----------
    percent
        Of the denser breast, the mean over its views, 0 to 100.
    grade
        The letter that this suggests.
    by_breast
        Mean percent of each breast that was measured, right before left.
    doubt
        Why it is uncertain; empty where all four views of an exam on film were measured.
    """

    percent: float
    grade: Density
    by_breast: tuple[tuple[Laterality, float], ...]
    doubt: str = ""

    def read(self, override: Density | None = None) -> DensityRead:
        """What a report says: the suggestion, or the reader's own letter beside it."""
        return DensityRead(override or self.grade, self.grade, self.percent, METHOD)


def grade_of(percent: float, cuts: tuple[float, float, float] = CUTS) -> Density:
    """The letter of a percentage.

    Parameters
    ----------
    percent
        0 to 100.
    cuts
        From where b, c and d begin.
    """
    return list(Density)[int(np.searchsorted(cuts, percent, side="right"))]


def measure_density(
    image: NDArray[np.uint16], suppression: Suppression, *, spacing_mm: tuple[float, float] | None = None
) -> ViewDensity | None:
    """Measure one view.

    Parameters
    ----------
    image
        Shape (rows, columns), uint16 P-values: bright is dense.
    suppression
        What `mammoview.imaging.suppress.suppress` found on it.
    spacing_mm
        (row, column) millimetres a pixel; without it a film of 240 mm is assumed.

    Returns
    -------
    ViewDensity or None
        None where there is no breast, or too little tissue to measure.
    """
    breast = suppression.breast.to_array()
    if not breast.any():
        return None
    pectoral = suppression.pectoral.to_array() if suppression.pectoral is not None else None
    frame = lay_down(image, breast, pectoral, spacing_mm=believed_spacing(breast, spacing_mm))
    inside = measured_area(frame)
    if int(inside.sum()) < _LEAST_PX:
        return None
    even = evened(frame, inside)
    dense = (even > float(np.percentile(even[inside], _FAT)) + _CONTRAST * _P_MAX) & inside
    rows, columns = image.shape
    mirrored = frame.transform.matrix[1][1] < 0
    native = [_enlarged(mask[:, ::-1] if mirrored else mask, (columns, rows)) for mask in (dense, inside)]
    percent = 100.0 * float(dense.sum()) / float(inside.sum())
    return ViewDensity(percent, Mask.from_array(native[0]), int(native[1].sum()))


def combine(views: Sequence[tuple[Laterality, ViewDensity]], *, is_film: bool = False) -> ExamDensity | None:
    """One letter for the exam: each breast is the mean of its views, and the denser breast counts (BI-RADS, 5th ed.).

    Parameters
    ----------
    views
        Side and measurement of each view that could be measured; CC and MLO of both breasts at best.
    is_film
        Whether the images are digitised films, on which the letters were fitted; else the doubt says so.

    Returns
    -------
    ExamDensity or None
        None without a view.
    """
    by_side: dict[Laterality, list[float]] = defaultdict(list)
    for side, view in views:
        by_side[side].append(view.percent)
    if not by_side:
        return None
    means = tuple(
        (side, float(np.mean(by_side[side]))) for side in (Laterality.RIGHT, Laterality.LEFT) if side in by_side
    )
    percent = max(mean for _, mean in means)
    doubts = [] if is_film else [_NOT_FILM]
    if len(means) < 2:
        doubts.append("Only one breast was measured.")
    elif len(views) < 4:
        doubts.append("Not all four views were measured.")
    return ExamDensity(percent, grade_of(percent), means, " ".join(doubts))


def measured_area(frame: BreastFrame) -> NDArray[np.bool_]:
    """The tissue of a laid-down breast without skin and muscle, shape of the frame, bool."""
    inside = _from_skin(frame) > _SKIN_MM
    if frame.pectoral.any():
        grow = 2 * round(_MUSCLE_MM / STEP_MM) + 1
        near = cv2.dilate(frame.pectoral.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (grow, grow)))
        inside &= near == 0
    return np.asarray(inside)


def evened(frame: BreastFrame, inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The tissue with the rim lifted to the brightness of fat further in; shape of the frame, P-values.

    Parameters
    ----------
    frame
        The breast.
    inside
        Same shape, bool: the tissue to measure.
    """
    step = np.minimum(_from_skin(frame), _RIM_MM).astype(np.int32)
    order = np.argsort(step[inside], kind="stable")
    groups = np.split(frame.values[inside][order], np.searchsorted(step[inside][order], np.arange(1, _RIM_MM + 1)))
    known = [at for at, group in enumerate(groups) if group.size > 50]
    if not known:
        return frame.values
    fat = np.interp(np.arange(len(groups)), known, [float(np.percentile(groups[at], _RIM_FAT)) for at in known])
    # The rim is only ever lifted: dense tissue behind the nipple must not be pressed down.
    lift = np.maximum(fat[-1] / np.maximum(np.maximum.accumulate(fat), 1e-6), 1.0)
    return np.asarray(frame.values * lift[step], dtype=np.float32)


def _from_skin(frame: BreastFrame) -> NDArray[np.float32]:
    """Distance of each pixel from the skin, mm; the frame's border is no skin."""
    wide = np.pad(frame.breast.astype(np.uint8), 1, mode="edge")
    return np.asarray(cv2.distanceTransform(wide, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1] * STEP_MM)


def _enlarged(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    soft = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(soft > 127)
