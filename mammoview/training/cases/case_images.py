"""Cases as networks see them: decoded, shown, cleaned and prepared as the pipeline does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from mammoview.core.errors import InputError
from mammoview.core.geometry import Box, PixelTransform
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import read_header
from mammoview.imaging.suppress import clean, suppress
from mammoview.imaging.windowing import to_presentation
from mammoview.models.preprocess import ImageSpec, prepare_image, resize
from mammoview.training.cases.case import Case, MarkedLesion, labelled, outline_mask
from mammoview.training.cases.places import marked
from mammoview.training.cases.samples import ImageSet
from mammoview.training.cases.sampling import fit_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mammoview.core.findings import Suppression
    from mammoview.training.cases.lost import Lost

#: Brighter than this is lesion in a mask that was compressed with losses.
_LOSSY_THRESHOLD = 127


@dataclass(frozen=True, eq=False)
class CasePixels:
    """One case, ready to be cut or stretched; all in the pixels of ``cleaned``.

    Attributes
    ----------
    cleaned
        Shape (rows, columns), uint16 P-values: what is not breast is black.
    suppression
        What was found around the breast.
    lesions
        What is marked, by its box.
    mask
        Shape (rows, columns), bool: the mask file's, or the filled contours; None where the case has neither.
    transform
        From the stored image's pixels.
    spacing_mm
        (row, column) millimetres a pixel, where known.
    """

    case: Case
    cleaned: NDArray[np.uint16]
    suppression: Suppression
    lesions: tuple[MarkedLesion, ...]
    mask: NDArray[np.bool_] | None
    transform: PixelTransform
    spacing_mm: tuple[float, float] | None

    @property
    def breast(self) -> NDArray[np.bool_]:
        """Shape (rows, columns), bool."""
        return self.suppression.breast.to_array()


def load_case(case: Case, *, finest_mm: float | None = None) -> CasePixels:
    """Read a case's pixels and clean them.

    Parameters
    ----------
    case
        What to read.
    finest_mm
        Finer detail than this many millimetres a pixel is averaged away where the spacing is known.

    Raises
    ------
    InputError
        When the image or its mask cannot be read.
    """
    header = read_header(case.path)
    stored = decode(header)
    shown, padding, spacing = to_presentation(stored, header.grayscale), stored.padding, header.spacing_mm
    mask = _mask_of(case, shown.shape)
    size = _working_size(case, shown.shape, spacing, finest_mm)
    transform = PixelTransform.identity()
    if size != shown.shape:
        transform = PixelTransform.scale_crop(Box(0, 0, *shown.shape), *size)
        spacing = None if spacing is None else _stretched(spacing, shown.shape, size)
        shown = np.rint(resize(shown, *size)).astype(np.uint16)
        padding = None if padding is None else fit_mask(padding, size)[0]
        mask = None if mask is None else fit_mask(mask, size)[0]
    found = suppress(shown, view=case.view, laterality=case.laterality, padding=padding, spacing_mm=spacing)
    lesions = tuple(_moved(lesion, transform) for lesion in case.lesions)
    return CasePixels(case, clean(shown, found), found, lesions, mask, transform, spacing)


def case_images(
    cases: Sequence[Case],
    spec: ImageSpec,
    *,
    lost: Lost | None = None,
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
) -> ImageSet:
    """Prepare the labelled cases for a whole-image network.

    Parameters
    ----------
    cases
        Those without a label are left out.
    spec
        What the network takes.
    lost
        Takes the images that cannot be read.

    Returns
    -------
    ImageSet
        One image for each labelled case that can be read, in their order.

    Raises
    ------
    InputError
        When no case has a label, or an image cannot be read and there is no ``lost``.
    CancelledError
        When ``cancel`` says so.
    """
    rows: list[NDArray[np.float16]] = []
    words = each_image(cases, spec, rows.append, lost=lost, progress=progress, cancel=cancel)
    return ImageSet(pixels=np.stack(rows), **words)


def each_image(
    cases: Sequence[Case],
    spec: ImageSpec,
    take: Callable[[NDArray[np.float16]], object],
    *,
    lost: Lost | None = None,
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
) -> dict[str, NDArray[Any]]:
    """Prepare the labelled cases one after the other; arguments and errors as of `case_images`.

    Parameters
    ----------
    take
        Given the pixels of each image, shape (rows, columns).

    Returns
    -------
    dict
        What an `ImageSet` holds beside the pixels, by name.
    """
    chosen = labelled(cases)
    if not chosen:
        raise InputError("None of the cases has a label.", "Write malignant or benign into the column “label”.")
    lesions: list[list[tuple[Box, bool | None]]] = []
    kept: list[Case] = []
    for loaded in loaded_cases(chosen, lost=lost, what="Preparing", progress=progress, cancel=cancel):
        values, transform = prepare_image(loaded.cleaned, spec, breast=loaded.breast)
        take(values[0].astype(np.float16))
        lesions.append([(transform.apply_box(box), is_malignant) for box, is_malignant in _marks(loaded)])
        kept.append(loaded.case)
    if not kept:
        raise InputError("None of the images can be read.", "Check that the files lie where the table says.")
    return {
        "labels": np.array([case.is_malignant for case in kept], dtype=np.int64),
        "patients": np.array([case.patient for case in kept]),
        "breasts": np.array([case.breast for case in kept]),
        "views": np.array([case.view.value for case in kept]),
        "places": marked(lesions),
        "names": np.array([str(case.path) for case in kept]),
    }


def loaded_cases(
    cases: Sequence[Case],
    *,
    what: str,
    finest_mm: float | None = None,
    lost: Lost | None = None,
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
) -> Iterator[CasePixels]:
    """Read cases one after the other, see `load_case`; with ``lost``, what cannot be read is passed over.

    Parameters
    ----------
    what
        Is done with each, one word for whoever waits.
    """
    for index, case in enumerate(cases):
        stop_if_cancelled(cancel)
        try:
            loaded = None if lost is not None and str(case.path) in lost else load_case(case, finest_mm=finest_mm)
        except InputError as error:
            if lost is None:
                raise
            loaded = None
            lost.note(str(case.path), error)
        if loaded is not None:
            yield loaded
        progress((index + 1) / len(cases), f"{what} case {index + 1} of {len(cases)}")


def _marks(loaded: CasePixels) -> list[tuple[Box, bool | None]]:
    """Boxes of what is marked, or else of the mask's parts, and whether each is malignant."""
    case = loaded.case
    if loaded.lesions:
        return [(mark.box, case.label_of(mark)) for mark in loaded.lesions]
    return [] if loaded.mask is None else [(box, case.is_malignant) for box, _ in lesion_boxes(loaded.mask)]


def read_mask(path: Path) -> NDArray[np.bool_]:
    """Read a mask file.

    Parameters
    ----------
    path
        A picture or a DICOM object; bright is lesion. One compressed with losses counts above 127, another above half
        of its brightest value.

    Returns
    -------
    ndarray, shape (rows, columns), bool

    Raises
    ------
    InputError
        When it cannot be read.
    """
    header = read_header(path)
    values: NDArray[Any] = decode(header).pixels
    return np.asarray(values > (_LOSSY_THRESHOLD if header.is_lossy else int(values.max()) // 2))


def _mask_of(case: Case, shape: tuple[int, int]) -> NDArray[np.bool_] | None:
    """The case's mask on its stored image; one of another size is stretched."""
    if case.mask is not None:
        return fit_mask(read_mask(case.mask), shape)[0]
    if any(lesion.contour for lesion in case.lesions):
        return outline_mask(case.lesions, shape)
    return None


def _working_size(
    case: Case, shape: tuple[int, int], spacing: tuple[float, float] | None, finest_mm: float | None
) -> tuple[int, int]:
    """(rows, columns) with square pixels, none finer than asked for."""
    if case.true_size is not None:
        return case.true_size
    if finest_mm is None or spacing is None:
        return shape
    rows, columns = (min(n, max(1, round(n * step / finest_mm))) for n, step in zip(shape, spacing, strict=True))
    return rows, columns


def _stretched(spacing: tuple[float, float], shape: tuple[int, int], size: tuple[int, int]) -> tuple[float, float]:
    return spacing[0] * shape[0] / size[0], spacing[1] * shape[1] / size[1]


def _moved(lesion: MarkedLesion, transform: PixelTransform) -> MarkedLesion:
    points = transform.apply(lesion.contour) if lesion.contour else ()
    contour = tuple((float(row), float(column)) for row, column in points)
    return MarkedLesion(transform.apply_box(lesion.box), lesion.kind, lesion.is_malignant, contour)


def lesion_boxes(mask: NDArray[np.bool_]) -> tuple[tuple[Box, NDArray[np.bool_]], ...]:
    """The parts of a mask that can be a lesion, each with its own mask.

    Left out are parts with a long side below a fiftieth or above half of the image's, and those that fill less than a
    fifth of their box: specks, and arcs of thickened skin along the edge of the breast.

    Parameters
    ----------
    mask
        Shape (rows, columns), bool.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    longest = max(mask.shape)
    found = []
    for index in range(1, count):
        column, row, width, height, area = (int(value) for value in stats[index])
        if longest / 50 <= max(width, height) <= longest / 2 and area >= 0.2 * width * height:
            found.append((Box(row, column, row + height, column + width), labels == index))
    return tuple(found)
