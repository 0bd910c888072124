"""From native pixels to what a network sees: the one place that training and inference share.

Only here is the native frame left; the `PixelTransform` that comes with every array brings outputs back.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mammoview.core.geometry import Box, PixelTransform

if TYPE_CHECKING:
    from numpy.typing import NDArray

P_MAX = 65_535.0
#: Long side of an ordinary lesion, where nobody says how large one is.
ORDINARY_LESION_MM = 15.0

# The stride of the bodies: maps then cover the input exactly.
Side = Annotated[int, Field(ge=32, le=8192, multiple_of=32)]
Spread = Annotated[float, Field(gt=0.0)]


class Crop(StrEnum):
    """What of the frame a whole-image network sees, stretched to its input size."""

    NONE = "none"
    BREAST = "breast"


class Orientation(StrEnum):
    """Whether an image is mirrored before a network sees it."""

    NONE = "none"
    CHEST_WALL_LEFT = "chest_wall_left"


class Equalise(StrEnum):
    """What is done so that gray values depend less on the window, or on film against digital.

    ``histogram`` spreads them evenly; ``standard`` brings their mean to 1/2 and six standard deviations to [0, 1].
    Black stays black and does not count.
    """

    NONE = "none"
    HISTOGRAM = "histogram"
    STANDARD = "standard"


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: Literal[1, 3] = 1
    equalise: Equalise = Equalise.NONE
    mean: float = 0.0
    std: Spread = 1.0


class ImageSpec(_Spec):
    """How a whole image becomes input.

    Attributes
    ----------
    rows, columns
        Input size; the crop is stretched to it, whatever its aspect.
    crop, orient
        What is cut out, and whether it is mirrored.
    channels
        1, or 3 equal ones.
    equalise
        What is done to the gray values before ``mean`` and ``std``.
    mean, std
        Taken from and divided out of the values, which lie in [0, 1] before.
    """

    rows: Side
    columns: Side
    crop: Crop = Crop.BREAST
    orient: Orientation = Orientation.CHEST_WALL_LEFT


class PatchSpec(_Spec):
    """How a lesion becomes input: a square around its box, black beyond the image's borders.

    Attributes
    ----------
    size_px
        Input rows and columns.
    context
        Side of the square, in long sides of the box.
    finest_mm
        Finer detail than this many millimetres a pixel is averaged away where the spacing is known: a network that
        learned from coarse images has never seen it. None keeps all.
    equalise
        What is done to the gray values before ``mean`` and ``std``.
    """

    size_px: Side
    context: Annotated[float, Field(ge=1.0, le=16.0)] = 2.0
    finest_mm: Annotated[float, Field(gt=0.0)] | None = None


class SlidingSpec(_Spec):
    """How a segmenter is moved over a whole image: square windows of one pixel size, which lie over each other.

    Attributes
    ----------
    size_px
        Rows and columns of a window.
    breast_px
        Long side of the breast in pixels of the windows, where the image's spacing is not known.
    mm_per_px
        Pixel size of the windows where it is known; None goes by the breast's long side always.
    overlap
        Share of a window's side that the next one covers again.
    equalise
        What is done to the gray values of each window before ``mean`` and ``std``.
    """

    size_px: Side
    breast_px: Annotated[int, Field(ge=32, le=8192)]
    mm_per_px: Annotated[float, Field(gt=0.0, le=10.0)] | None = None
    overlap: Annotated[float, Field(ge=0.0, le=0.9)] = 0.5

    @classmethod
    def for_lesions(
        cls, patch: PatchSpec, *, lesion_mm: float = ORDINARY_LESION_MM, breast_mm: float = 160.0
    ) -> SlidingSpec:
        """The windows in which a lesion of ordinary size is as large as in the crops that a network learned from.

        Parameters
        ----------
        patch
            How its crops were made.
        lesion_mm, breast_mm
            Long sides of an ordinary lesion and breast.
        """
        mm_per_px = patch.context * lesion_mm / patch.size_px
        shared = {name: getattr(patch, name) for name in _Spec.model_fields}
        breast_px = min(8192, max(32, round(breast_mm / mm_per_px)))
        return cls(size_px=patch.size_px, breast_px=breast_px, mm_per_px=mm_per_px, **shared)


class Preprocess(BaseModel):
    """A package's ``preprocess.json``: what it takes.

    Attributes
    ----------
    image
        For whole images: of a whole-image classifier, and of a patch classifier that draws the patch map.
    patch
        For lesion crops: of a patch classifier or a segmenter.
    sliding
        For windows over whole images: of a segmenter that was trained on places without a lesion, too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: ImageSpec | None = None
    patch: PatchSpec | None = None
    sliding: SlidingSpec | None = None


def prepare_image(
    cleaned: NDArray[np.uint16], spec: ImageSpec, *, breast: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], PixelTransform]:
    """Make a whole-image input.

    Cropping to the breast before stretching makes the input the same for a film scanned with its frame and for one
    whose aspect was lost, since both axes are scaled by the breast's own extent.

    Parameters
    ----------
    cleaned
        Shape (rows, columns), uint16 P-values with artifacts suppressed.
    spec
        What the network takes.
    breast
        Shape (rows, columns), bool; where it is empty the whole frame is taken.

    Returns
    -------
    ndarray, shape (channels, spec.rows, spec.columns), float32
    PixelTransform
        From native pixels to input pixels.
    """
    box = _extent(breast) if spec.crop is Crop.BREAST else None
    if box is None:
        box = Box(0, 0, *cleaned.shape)
    flip = spec.orient is Orientation.CHEST_WALL_LEFT and not is_chest_wall_left(breast)
    seen = cleaned[box.slices()]
    values = resize(seen[:, ::-1] if flip else seen, spec.rows, spec.columns)
    transform = PixelTransform.scale_crop(box, spec.rows, spec.columns, flip_columns=flip)
    return _normalise(_scaled(values, spec.equalise), spec), transform


def prepare_patch(
    cleaned: NDArray[np.uint16], box: Box, spec: PatchSpec, *, spacing_mm: tuple[float, float] | None = None
) -> tuple[NDArray[np.float32], PixelTransform]:
    """Make the input for one lesion.

    Parameters
    ----------
    cleaned
        Shape (rows, columns), uint16 P-values with artifacts suppressed.
    box
        The lesion, native pixels.
    spec
        What the network takes.
    spacing_mm
        (row, column) millimetres a pixel, where known; see ``finest_mm``.

    Returns
    -------
    ndarray, shape (channels, spec.size_px, spec.size_px), float32
    PixelTransform
        From native pixels to input pixels.
    """
    square = patch_box(box, spec)
    inside = square.clipped(*cleaned.shape)
    values = prepare_square(cleaned[inside.slices()], inside, square, spec, spacing_mm=spacing_mm)
    return values, PixelTransform.scale_crop(square, spec.size_px, spec.size_px)


def prepare_square(
    values: NDArray[Any],
    inside: Box,
    square: Box,
    spec: PatchSpec,
    *,
    spacing_mm: tuple[float, float] | None = None,
) -> NDArray[np.float32]:
    """As `prepare_patch`, from what of the square lies inside the image.

    Parameters
    ----------
    values
        Shape of ``inside``, P-values, uint16 or float32.
    inside, square
        The part of the square inside the image, and `patch_box`; whole native pixels.
    spec, spacing_mm
        As for `prepare_patch`.

    Returns
    -------
    ndarray, shape (channels, spec.size_px, spec.size_px), float32
    """
    before = (int(inside.row0 - square.row0), int(inside.col0 - square.col0))
    side = int(square.height_px)
    if values.shape != (side, side):
        padded = np.zeros((side, side), values.dtype)
        padded[before[0] : before[0] + values.shape[0], before[1] : before[1] + values.shape[1]] = values
        values = padded
    if spec.finest_mm is not None and spacing_mm is not None:
        rows, columns = (min(side, max(1, round(side * step / spec.finest_mm))) for step in spacing_mm)
        values = resize(values, rows, columns)
    resized = resize(values, spec.size_px, spec.size_px)
    return _normalise(_scaled(resized, spec.equalise), spec)


def prepare_frame(
    cleaned: NDArray[np.uint16],
    spec: SlidingSpec,
    *,
    breast: NDArray[np.bool_],
    spacing_mm: tuple[float, float] | None = None,
) -> tuple[NDArray[np.float32], Box]:
    """Bring the breast to the pixel size of a segmenter's windows.

    Parameters
    ----------
    cleaned
        Shape (rows, columns), uint16 P-values with artifacts suppressed.
    spec
        What the network takes.
    breast
        Shape (rows, columns), bool, with at least one pixel.
    spacing_mm
        (row, column) millimetres a pixel, where known.

    Returns
    -------
    ndarray, shape (h, w), float32 in [0, 65535]
        For `prepare_window`.
    Box
        The native pixels that it covers.
    """
    box = _extent(breast)
    assert box is not None, "the breast was found"
    if spec.mm_per_px is not None and spacing_mm is not None:
        scales = (spacing_mm[0] / spec.mm_per_px, spacing_mm[1] / spec.mm_per_px)
    else:
        scales = (spec.breast_px / max(box.height_px, box.width_px),) * 2
    rows, columns = max(1, round(box.height_px * scales[0])), max(1, round(box.width_px * scales[1]))
    return resize(cleaned[box.slices()], rows, columns), box


def prepare_window(values: NDArray[np.float32], spec: SlidingSpec) -> NDArray[np.float32]:
    """One window of a frame as input: shape (size_px, size_px) to (channels, size_px, size_px), float32."""
    return _normalise(_scaled(values, spec.equalise), spec)


def patch_box(box: Box, spec: PatchSpec) -> Box:
    """The square around a lesion that `prepare_patch` cuts, whole native pixels; it may reach beyond the image."""
    side = max(1, round(spec.context * max(box.height_px, box.width_px)))
    row, col = box.centre
    row0, col0 = round(row - side / 2), round(col - side / 2)
    return Box(row0, col0, row0 + side, col0 + side)


def is_chest_wall_left(breast: NDArray[np.bool_]) -> bool:
    """Whether the chest wall lies left: the half of the breast's extent that holds more of it is the chest wall's.

    An empty mask counts as left, so that nothing is mirrored.
    """
    box = _extent(breast)
    if box is None:
        return True
    columns = breast[box.slices()].sum(axis=0)
    half = columns.size // 2
    return bool(columns[:half].sum() >= columns[columns.size - half :].sum())


def equalise(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Spread values evenly over (0, 1]; black stays black and does not count.

    Classical histogram equalisation with 4,096 bins. Values in [0, 65535], any shape.
    """
    bins = np.minimum(values * (4096.0 / (P_MAX + 1.0)), 4095.0).astype(np.int64)
    is_black = values <= 0
    counts = np.bincount(bins[~is_black], minlength=4096)
    share = np.cumsum(counts) / max(1, int(counts.sum()))
    return np.where(is_black, 0.0, share[bins]).astype(np.float32)


def standardise(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring the mean of what is not black to 1/2 and six of its standard deviations to [0, 1]; any shape."""
    tissue = values[values > 0]
    if not tissue.size:
        return np.zeros_like(values)
    spread = max(float(tissue.std()), 1.0)
    return np.where(values > 0, np.clip(0.5 + (values - tissue.mean()) / (6.0 * spread), 0.0, 1.0), 0.0).astype(
        np.float32
    )


def _scaled(values: NDArray[np.float32], how: Equalise) -> NDArray[np.float32]:
    """Values in [0, 65535] to [0, 1]."""
    if how is Equalise.HISTOGRAM:
        return equalise(values)
    if how is Equalise.STANDARD:
        return standardise(values)
    return values / np.float32(P_MAX)


def _extent(mask: NDArray[np.bool_]) -> Box | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


def resize(values: NDArray[Any], rows: int, columns: int) -> NDArray[np.float32]:
    """Stretch gray values to a size, shape (rows, columns), float32; axis by axis.

    Area averages lose nothing when shrinking; when enlarging they would show the pixels as blocks.
    """
    shrunk: NDArray[Any] = values.astype(np.float32)
    fewer = (min(columns, values.shape[1]), min(rows, values.shape[0]))
    if fewer != (values.shape[1], values.shape[0]):
        shrunk = cv2.resize(shrunk, fewer, interpolation=cv2.INTER_AREA)
    if fewer != (columns, rows):
        shrunk = cv2.resize(shrunk, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(shrunk)


def _normalise(values: NDArray[np.float32], spec: _Spec) -> NDArray[np.float32]:
    planes = np.empty((spec.channels, *values.shape), dtype=np.float32)
    np.subtract(values, np.float32(spec.mean), out=planes[0])
    planes[0] /= np.float32(spec.std)
    planes[1:] = planes[0]
    return planes
