"""A reader's masks beside the outlines found: in numbers, and drawn, truth in red and prediction in yellow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.errors import InputError, Problem, UsageError
from mammoview.core.findings import ImageResult, TruthComparison
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.core.study import Mammogram
from mammoview.imaging.truth import SUFFIXES, agreement, find_mask, outlined, read_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Height of both halves of the picture, pixels.
HEIGHT_PX = 900
# Blue, green, red.
RED, YELLOW = (0, 0, 255), (0, 230, 255)
_TEXT = (225, 225, 225)

#: The close-up shows this many times the extent of all contours.
_CLOSE_UP = 1.6
#: A close-up of more than this of the image's long side would show the same again.
_MOST_SHARE = 0.7
_LINE_PX, _MARGIN_PX, _LEAST_WIDTH_PX = 26, 12, 420
_TRUTH_PX, _PREDICTED_PX = 4, 2


@dataclass(frozen=True)
class TruthMasks:
    """Masks given for some images.

    Attributes
    ----------
    given
        A picture, or a folder of pictures named as the images are.
    is_for_any
        Whether one picture stands for the one image there is, whatever their names.
    """

    given: Path
    is_for_any: bool = False

    @classmethod
    def of(cls, given: Path, images: Sequence[Mammogram]) -> TruthMasks:
        """Check that there is something to compare before any work is done.

        Raises
        ------
        UsageError
            When ``given`` does not exist, or no image has a mask there.
        """
        if not given.exists():
            raise UsageError(f"{given} does not exist.", "Name a mask, or a folder of masks.")
        masks = cls(given, given.is_file() and len(images) == 1)
        if images and not any(masks.path_for(image) for image in images):
            raise UsageError(
                f"No mask in {given} bears the name of an image.",
                f"Name masks as their images are: {Path(images[0].path).stem}.png for {Path(images[0].path).name}.",
            )
        return masks

    def path_for(self, image: Mammogram) -> Path | None:
        """The mask of an image, if there is one."""
        if self.is_for_any and self.given.suffix.lower() in SUFFIXES:
            return self.given
        return find_mask(self.given, (Path(image.path).stem, image.id))

    def beside(self, image: Mammogram, result: ImageResult) -> tuple[ImageResult, Problem | None]:
        """A result with its comparison, or with none and why the mask could not be used."""
        path = self.path_for(image)
        if path is None:
            return result, None
        try:
            truth = read_mask(path, image.rows, image.columns)
        except InputError as error:
            return result, Problem.from_error(error, str(path))
        return replace(result, truth=compare(truth, result, file=path.name)), None


def compare(truth: NDArray[np.bool_], result: ImageResult, *, file: str) -> TruthComparison:
    """Compare a mask with everything that was outlined in an image.

    Parameters
    ----------
    truth
        Shape of the image, bool.
    file
        Name of the file that it came from.
    """
    found = agreement(truth, outlined(result, truth.shape))
    return TruthComparison(Mask.from_array(truth), file, found.dice, found.iou)


def words(truth: TruthComparison) -> str:
    """Agreement in words: ``Dice 0.83, IoU 0.71``."""
    if truth.dice is None or truth.iou is None:
        return "Neither truth nor prediction marks anything"
    return f"Dice {truth.dice:.2f}, IoU {truth.iou:.2f}"


def draw_truth(
    result: ImageResult, truth: TruthComparison, *, shown: NDArray[np.uint16], name: str = ""
) -> NDArray[np.uint8]:
    """Draw both contours on the image, and on a close-up beside it.

    Parameters
    ----------
    result
        With the outlines that were found.
    shown
        P-values, shape (rows, columns), uint16.
    name
        Of the image.

    Returns
    -------
    ndarray, shape (height, width, 3), uint8
        Blue, green, red: truth in red, prediction in yellow over it, so that both show where they agree; words below.
    """
    mask, found = truth.mask.to_array(), outlined(result, shown.shape)
    halves = [_contours(shown, mask, found)]
    place = _extent(mask | found)
    if place is not None:
        halves.append(_contours(shown[place], mask[place], found[place]))
    picture = np.hstack([cv2.copyMakeBorder(half, 0, 0, 0, 6, cv2.BORDER_CONSTANT) for half in halves])
    lacking = max(0, _LEAST_WIDTH_PX - picture.shape[1])
    picture = cv2.copyMakeBorder(picture, 0, 0, 0, lacking, cv2.BORDER_CONSTANT)
    lines = (("red: truth", RED), ("yellow: prediction", YELLOW), (words(truth), _TEXT), (name, _TEXT))
    block = np.zeros((_LINE_PX * len(lines) + _MARGIN_PX, picture.shape[1], 3), np.uint8)
    for number, (text, colour) in enumerate(lines, start=1):
        plain = text.encode("ascii", "replace").decode()
        at = (_MARGIN_PX, number * _LINE_PX)
        cv2.putText(block, plain, at, cv2.FONT_HERSHEY_SIMPLEX, 0.55, colour, 1, cv2.LINE_AA)
    return np.vstack([picture, block])


def _contours(shown: NDArray[np.uint16], truth: NDArray[np.bool_], found: NDArray[np.bool_]) -> NDArray[np.uint8]:
    scale = HEIGHT_PX / shown.shape[0]
    size = (max(1, round(shown.shape[1] * scale)), HEIGHT_PX)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    gray = (np.asarray(cv2.resize(shown, size, interpolation=how), dtype=np.uint16) >> 8).astype(np.uint8)
    picture = np.repeat(gray[..., None], 3, axis=2)
    for mask, colour, thickness in ((truth, RED, _TRUTH_PX), (found, YELLOW, _PREDICTED_PX)):
        small = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST_EXACT)
        lines, _ = cv2.findContours(small, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, lines, -1, colour, thickness, cv2.LINE_8)
    return picture


def _extent(mask: NDArray[np.bool_]) -> tuple[slice, slice] | None:
    """A square with room around all contours, cut at the image's border; None where there are none, or all over."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    side = _CLOSE_UP * max(rows[-1] - rows[0] + 1, cols[-1] - cols[0] + 1)
    if side > _MOST_SHARE * max(mask.shape):
        return None
    middle = (rows[0] + rows[-1] + 1) / 2, (cols[0] + cols[-1] + 1) / 2
    return Box.square(*middle, side).clipped(*mask.shape).slices()
