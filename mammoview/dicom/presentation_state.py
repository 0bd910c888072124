"""Read grayscale softcopy presentation states (PS3.3 A.33.1) and give each image what bears on it."""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydicom import Dataset, dcmread
from pydicom.errors import BytesLengthException, InvalidDicomError

from mammoview.core.errors import Problem
from mammoview.core.plain_text import printable
from mammoview.core.presentation import PresentationState, Shutter, ShutterShape
from mammoview.core.study import Mammogram, VoiLut, VoiWindow
from mammoview.dicom.gray import grayscale
from mammoview.dicom.state_graphics import bears_on, drawings
from mammoview.dicom.values import items, text, texts

if TYPE_CHECKING:
    from collections.abc import Callable

GRAYSCALE_STATE: Final = "1.2.840.10008.5.1.4.1.1.11.1"
#: A state is a header with curves and tables; more than this is something else.
_MOST_BYTES = 16 * 2**20
#: What pydicom's readers raise when they meet damaged bytes: values are decoded when they are asked for.
DAMAGED: Final = (
    OSError,
    InvalidDicomError,
    BytesLengthException,
    struct.error,
    EOFError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    NotImplementedError,
    OverflowError,
)
_IDENTITY_NAME = "full range"


def read_state(path: Path) -> Dataset | None:
    """A file's header, where it is a grayscale softcopy presentation state; None where it is anything else.

    Parameters
    ----------
    path
        Of a DICOM file.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dcmread(path)
            return dataset if text(dataset, "SOPClassUID") == GRAYSCALE_STATE else None
    except DAMAGED:
        return None


def attach_states(
    images: dict[str, Mammogram], states: Iterable[tuple[Path, Dataset]], tell: Callable[[Problem], None]
) -> None:
    """Give images the states that speak of them.

    Parameters
    ----------
    images
        By SOP Instance UID; those that a state speaks of are replaced.
    states
        File and content of each state.
    tell
        Told of a state that speaks of no image that is there, of another patient's images, or of nonsense.
    """
    for path, dataset in states:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = [
                    (image, state)
                    for uid, frames in _referenced(dataset)
                    if (image := images.get(uid)) is not None
                    and (state := _for_image(dataset, image, path, has_frames=bool(frames))) is not None
                ]
                is_strange = any(image.patient_id != text(dataset, "PatientID") for image, _ in found)
        except DAMAGED:
            tell(_refused(path, "is a presentation state that is damaged.", "Export it again."))
            continue
        if is_strange:
            tell(_refused(path, "is a presentation state of another patient.", "It is not offered."))
            continue
        if not found:
            why = "is a presentation state for images that are not here."
            tell(_refused(path, why, "Open it together with its images."))
        for image, state in found:
            images[image.id] = replace(image, states=(*images[image.id].states, state))


def _refused(path: Path, why: str, hint: str) -> Problem:
    return Problem(str(path), "not_shown", f"{path} {why}", hint)


def _referenced(item: Dataset) -> Iterator[tuple[str, tuple[str, ...]]]:
    """UID and frame numbers of each image that a state speaks of."""
    for series in items(item, "ReferencedSeriesSequence"):
        for image in items(series, "ReferencedImageSequence"):
            yield text(image, "ReferencedSOPInstanceUID"), texts(image, "ReferencedFrameNumber")


def _for_image(dataset: Dataset, image: Mammogram, path: Path, *, has_frames: bool) -> PresentationState | None:
    if has_frames and image.frames > 1:
        return None
    modality = _part(image, dataset, "RescaleSlope", "RescaleIntercept", "ModalityLUTSequence")
    gray, said = grayscale(modality)
    areas = [item for item in items(dataset, "DisplayedAreaSelectionSequence") if bears_on(item, image.id)]
    graphics, words, left_out = drawings(dataset, image, areas[0] if areas else None)
    voi, voi_said = _voi(dataset, image, modality, gray.modality_lut)
    table, table_said = _presentation_lut(dataset)
    shutters, value = _shutters(dataset)
    return PresentationState(
        uid=text(dataset, "SOPInstanceUID"),
        label=printable(text(dataset, "ContentLabel")),
        voi=voi,
        description=printable(text(dataset, "ContentDescription")),
        path=str(path),
        slope=gray.slope,
        intercept=gray.intercept,
        modality_lut=gray.modality_lut,
        is_inverse=text(dataset, "PresentationLUTShape").upper() == "INVERSE",
        presentation_lut=table,
        shutters=shutters,
        shutter_value=value,
        graphics=graphics,
        texts=words,
        not_applied=tuple(
            dict.fromkeys([*_not_applied(dataset, areas, image), *left_out, *said, *voi_said, *table_said])
        ),
    )


def _part(image: Mammogram, item: Dataset, *keywords: str) -> Dataset:
    """Some attributes of an item beside those of the pixels, as `grayscale` reads them."""
    made = Dataset()
    made.BitsStored = image.grayscale.bits_stored
    made.PixelRepresentation = int(image.grayscale.signed)
    for keyword in keywords:
        if keyword in item:
            made[keyword] = item[keyword]
    return made


def _voi(
    dataset: Dataset, image: Mammogram, modality: Dataset, modality_lut: VoiLut | None
) -> tuple[VoiWindow | VoiLut, list[str]]:
    """The softcopy VOI of an image (PS3.3 C.11.8), else all values that come out of the modality transformation."""
    for item in items(dataset, "SoftcopyVOILUTSequence"):
        if bears_on(item, image.id):
            keywords = ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction")
            part = _part(image, item, *keywords, "VOILUTSequence")
            for keyword in ("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence"):
                if keyword in modality:
                    part[keyword] = modality[keyword]
            gray, said = grayscale(part)
            found: tuple[VoiWindow | VoiLut, ...] = (*gray.windows, *gray.luts)
            if found:
                return found[0], said
            return _full_range(modality, modality_lut), [*said, "a window that makes no sense"]
    return _full_range(modality, modality_lut), []


def _full_range(modality: Dataset, modality_lut: VoiLut | None) -> VoiWindow:
    if modality_lut is not None:
        low, high = 0.0, 2.0**modality_lut.bits - 1
    else:
        gray, _ = grayscale(modality)
        first = -(2.0 ** (gray.bits_stored - 1)) if gray.signed else 0.0
        ends = [value * gray.slope + gray.intercept for value in (first, first + 2.0**gray.bits_stored - 1)]
        low, high = min(ends), max(ends)
    return VoiWindow((low + high + 1) / 2, high - low + 1, explanation=_IDENTITY_NAME)


def _presentation_lut(dataset: Dataset) -> tuple[VoiLut | None, list[str]]:
    sequence = items(dataset, "PresentationLUTSequence")
    if not sequence:
        return None, []
    holder = Dataset()
    holder.VOILUTSequence = sequence[:1]
    gray, _ = grayscale(holder)
    return (gray.luts[0], []) if gray.luts else (None, ["a presentation lookup table that is damaged"])


def _numbers(dataset: Dataset, keyword: str, count: int = 0) -> list[float]:
    """An attribute's values as numbers; an error where there are fewer than asked for, or one is not finite."""
    value: Any = texts(dataset, keyword)
    numbers = [float(one) for one in value]
    if len(numbers) < count or not all(math.isfinite(one) for one in numbers):
        raise ValueError(keyword)
    return numbers


def _shutters(dataset: Dataset) -> tuple[tuple[Shutter, ...], int]:
    """Display shutters (PS3.3 C.7.6.11): pixels are counted from 1, and those on the edge are open."""
    made = []
    shapes = {one.upper() for one in texts(dataset, "ShutterShape")}
    if "RECTANGULAR" in shapes:
        left, right, upper, lower = (
            _numbers(dataset, f"Shutter{edge}Edge", 1)[0]
            for edge in ("LeftVertical", "RightVertical", "UpperHorizontal", "LowerHorizontal")
        )
        made.append(Shutter(ShutterShape.RECTANGLE, ((upper - 1, left - 1), (lower, right))))
    if "CIRCULAR" in shapes:
        row, column = _numbers(dataset, "CenterOfCircularShutter", 2)[:2]
        radius = _numbers(dataset, "RadiusOfCircularShutter", 1)[0]
        made.append(Shutter(ShutterShape.CIRCLE, ((row - 0.5, column - 0.5),), radius))
    if "POLYGONAL" in shapes:
        ends = _numbers(dataset, "VerticesOfThePolygonalShutter", 6)
        corners = tuple((row - 0.5, column - 0.5) for row, column in zip(ends[::2], ends[1::2], strict=False))
        made.append(Shutter(ShutterShape.POLYGON, corners))
    value = _numbers(dataset, "ShutterPresentationValue")
    return tuple(made), min(65_535, max(0, int(value[0]))) if value else 0


def _not_applied(dataset: Dataset, areas: list[Dataset], image: Mammogram) -> Iterator[str]:
    """What a state asks for and does not get, see docs/adr/0232-what-a-presentation-state-may-change.md."""
    turn = int(_numbers(dataset, "ImageRotation", 1)[0]) % 360 if texts(dataset, "ImageRotation") else 0
    if turn:
        yield f"the turn by {turn}°"
    if text(dataset, "ImageHorizontalFlip").upper() == "Y":
        yield "the mirroring"
    for area in areas[:1]:
        ends = [
            *_numbers(area, "DisplayedAreaTopLeftHandCorner"),
            *_numbers(area, "DisplayedAreaBottomRightHandCorner"),
        ]
        if ends and sorted(ends) != sorted([1.0, 1.0, float(image.columns), float(image.rows)]):
            yield "the part of the image to show"
        size = text(area, "PresentationSizeMode").upper()
        if size and size != "SCALE TO FIT":
            yield "the size to show it at"
    tags = [element.tag for element in dataset]
    if "ShutterOverlayGroup" in dataset or any(0x6000 <= tag.group <= 0x601E for tag in tags):
        yield "overlay planes"
    if items(dataset, "MaskSubtractionSequence"):
        yield "a subtraction"
