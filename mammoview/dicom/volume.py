"""Multi-frame breast objects (PS3.3 A.55, C.8.21): what their functional groups say, frame by frame (MG-I01 to I07)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from mammoview.core.study import Grayscale
from mammoview.core.volume import SliceKind, Volume
from mammoview.dicom.gray import grayscale

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import Dataset

BREAST_TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
PROJECTIONS_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.13.1.4"
PROJECTIONS_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.13.1.5"
MULTI_FRAME = frozenset({BREAST_TOMOSYNTHESIS, PROJECTIONS_FOR_PRESENTATION, PROJECTIONS_FOR_PROCESSING})

#: No breast is scanned in more frames than this; a header that claims more is wrong or hostile.
MOST_FRAMES = 2048
#: Slices nearer together than this lie at one place, mm.
_SAME_PLACE_MM = 1e-3
_PER_FRAME, _SHARED = "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"
#: Functional groups that decide how stored values become gray.
_GRAY_GROUPS = ("FrameVOILUTSequence", "PixelValueTransformationSequence")


def is_multi_frame(dataset: Dataset) -> bool:
    """Whether the object is of a class whose frames are described by functional groups."""
    return str(dataset.get("SOPClassUID", "")) in MULTI_FRAME


def flattened(dataset: Dataset) -> Dataset:
    """The header with everything that holds for the object as a whole brought to the top (MG-I07).

    Parameters
    ----------
    dataset
        The object without its pixels.

    Returns
    -------
    Dataset
        What stood at the top wins; then come the functional groups shared by all frames, those of the first frame, the
        acquisition (X-Ray 3D Acquisition Sequence, with the sum or the mean over its projections where that makes
        sense) and the sources (Contributing Sources Sequence).
    """
    from pydicom import Dataset

    flat = Dataset()
    flat.update({element.tag: element for element in dataset if element.keyword not in (_PER_FRAME, _SHARED)})
    if hasattr(dataset, "file_meta"):
        flat.file_meta = dataset.file_meta
    for group in (_first(dataset, _SHARED), _first(dataset, _PER_FRAME)):
        for element in group or ():
            if element.VR == "SQ" and element.value:
                _add(flat, element.value[0])
    acquisitions = _items(dataset, "XRay3DAcquisitionSequence")
    for acquisition in acquisitions[:1]:
        _add(flat, acquisition)
        _sum_up(flat, _items(acquisition, "PerProjectionAcquisitionSequence"))
    for source in _items(dataset, "ContributingSourcesSequence")[:1]:
        _add(flat, source)
    _split_time(flat)
    return flat


def _first(dataset: Dataset, keyword: str) -> Dataset | None:
    return next(iter(_items(dataset, keyword)), None)


def _items(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    value = dataset.get(keyword)
    return value if value else ()


def _add(flat: Dataset, more: Dataset) -> None:
    for element in more:
        if element.tag not in flat and element.value not in (None, ""):
            flat.add(element)


def _sum_up(flat: Dataset, projections: Sequence[Dataset]) -> None:
    """The exposure of all projections together, and the middle of their angles."""
    exposures = _numbers(projections, "ExposureInmAs")
    if exposures and not flat.get("Exposure"):
        flat.Exposure = round(sum(exposures))
    times = _numbers(projections, "ExposureTimeInms")
    if times and not flat.get("ExposureTime"):
        flat.ExposureTime = round(sum(times))
    angles = _numbers(projections, "PositionerPrimaryAngle")
    if angles and flat.get("PositionerPrimaryAngle") is None:
        flat.PositionerPrimaryAngle = round(sum(angles) / len(angles), 1)
    for keyword in ("KVP", "RelativeXRayExposure"):
        values = _numbers(projections, keyword)
        if values and not flat.get(keyword):
            setattr(flat, keyword, values[0] if keyword == "KVP" else round(values[0]))


def _numbers(items: Iterable[Dataset], keyword: str) -> list[float]:
    values = (_finite(item.get(keyword)) for item in items)
    return [value for value in values if value is not None]


def _finite(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _split_time(flat: Dataset) -> None:
    """Acquisition DateTime, which the sources carry, as the date and the time of a two-dimensional image."""
    stamp = str(flat.get("AcquisitionDateTime") or "")
    if len(stamp) >= 8 and not flat.get("AcquisitionDate"):
        flat.AcquisitionDate = stamp[:8]
    if len(stamp) >= 14 and not flat.get("AcquisitionTime"):
        flat.AcquisitionTime = stamp[8:14]


def describe_volume(dataset: Dataset, flat: Dataset, *, is_raw: bool = False) -> tuple[Volume, Grayscale, list[str]]:
    """The frames of a multi-frame breast object.

    Parameters
    ----------
    dataset
        The object without its pixels.
    flat
        The same, `flattened`.
    is_raw
        Whether the object is For Processing.

    Returns
    -------
    volume, gray, warnings
        ``gray`` is that of the frame shown first; ``warnings`` are those of the gray description, and the volume's own.
    """
    frames = min(max(1, int(_finite(dataset.get("NumberOfFrames")) or 1)), MOST_FRAMES)
    groups = list(islice(_items(dataset, _PER_FRAME), frames))
    said: list[str] = []
    described = len(_items(dataset, _PER_FRAME))
    if described != frames:
        said.append(f"The header describes {described} frames, but the object says that it holds {frames}.")
    kind = slice_kind(dataset)
    order, depths = list(range(frames)), list[float]()
    is_ordered = False
    if kind is not SliceKind.PROJECTION and frames > 1:
        along = _along_normal(dataset, groups, frames, is_left=str(flat.get("FrameLaterality")) == "L")
        if along is not None:
            order = [int(number) for number in np.argsort(along, kind="stable")]
            depths = [float(along[number] - along[order[0]]) for number in order]
            is_ordered = True
        else:
            said.append("The slices do not say where they lie; they are shown in the order of the file.")
    grays, gray_of, warnings = _grays(list(_frame_headers(dataset, flat, groups)), frames, is_raw=is_raw)
    volume = Volume(
        kind,
        tuple(order),
        depths_mm=tuple(round(depth, 4) for depth in depths),
        thickness_mm=_thickness(flat),
        grays=grays,
        gray_of=tuple(gray_of[number] for number in order) if len(grays) > 1 else (),
        is_ordered=is_ordered,
        warnings=tuple(said),
    )
    return volume, volume.gray_at(volume.middle), [*warnings, *said]


def slice_kind(dataset: Dataset) -> SliceKind:
    """Thin slices, slabs, a generated 2D image or projections, by class and Image Type (MG-I03).

    Image Type value 3 is TOMOSYNTHESIS or TOMO for all of them. Slices have NONE as value 4; slabs name how slices were
    put together, in value 4 or in Volume Based Calculation Technique (PS3.3 C.8.21.1.1 and its notes).
    """
    if str(dataset.get("SOPClassUID", "")) != BREAST_TOMOSYNTHESIS:
        return SliceKind.PROJECTION
    if is_generated_2d(dataset):
        return SliceKind.GENERATED_2D
    how = {value for value in _image_type(dataset)[3:] if value}
    technique = str(dataset.get("VolumeBasedCalculationTechnique") or "").strip().upper()
    if how & _SLAB_WORDS or technique in _SLAB_WORDS:
        return SliceKind.SLAB
    return SliceKind.THIN


_SLAB_WORDS = frozenset({"MAXIMUM", "MINIMUM", "MEAN", "MEDIAN", "MAX_IP", "MIN_IP", "ADDITION"})


def is_generated_2d(dataset: Dataset) -> bool:
    """Whether Image Type says that a two-dimensional image was computed from tomosynthesis."""
    return bool({"GENERATED_2D", "TOMO_2D"} & set(_image_type(dataset)[2:]))


def _image_type(dataset: Dataset) -> list[str]:
    value = dataset.get("ImageType")
    values = [value] if isinstance(value, str) else value or []
    return [str(part).strip().upper() for part in values]


def _thickness(flat: Dataset) -> float | None:
    value = _finite(flat.get("SliceThickness"))
    return value if value is not None and value > 0 else None


def _vector(value: Any, length: int) -> NDArray[np.float64] | None:
    try:
        vector = np.array([float(part) for part in value], dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return vector if vector.shape == (length,) and bool(np.isfinite(vector).all()) else None


def _along_normal(
    dataset: Dataset, groups: Sequence[Dataset], frames: int, *, is_left: bool
) -> NDArray[np.float64] | None:
    """Place of each stored frame along the normal of the slices, mm, float64; None where the header tells no places.

    The normal's sign does not hang on how rows and columns are stored: it points to the head, or where the slices stand
    upright, to the midline of the body. Both lead away from the breast support in the usual views.
    """
    places = [_vector(_in_group(group, "PlanePositionSequence", "ImagePositionPatient"), 3) for group in groups]
    if len(places) < frames or any(place is None for place in places):
        return None
    shared = _first(dataset, _SHARED)
    ways = next(
        (found for found in map(plane_orientation, (*([shared] if shared else []), *groups[:1])) if found), None
    )
    if ways is None:
        return None
    normal = np.cross(*ways)
    length = float(np.linalg.norm(normal))
    if length < 1e-6:
        return None
    normal = normal / length
    leads_up = normal[2] if abs(normal[2]) >= 0.1 else (-normal[0] if is_left else normal[0])
    along = np.array([place for place in places if place is not None]) @ (normal if leads_up >= 0 else -normal)
    return along if float(np.ptp(along)) > _SAME_PLACE_MM * (frames - 1) else None


def plane_orientation(group: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Directions of rows and columns of a functional group, two unit vectors (x, y, z) of the patient, or None."""
    both = _vector(_in_group(group, "PlaneOrientationSequence", "ImageOrientationPatient"), 6)
    return None if both is None else (both[:3], both[3:])


def _in_group(group: Dataset, sequence: str, keyword: str) -> Any:
    return next((item.get(keyword) for item in _items(group, sequence)), None)


def letters_of(flat: Dataset) -> tuple[str, str] | None:
    """Patient Orientation, worked out from Image Orientation (Patient) where the header has that alone.

    Each direction is named by its largest parts, as PS3.3 C.7.6.1.1.1 does: L and R, P and A, H and F.
    """
    both = _vector(flat.get("ImageOrientationPatient"), 6)
    if both is None:
        return None
    row, column = _letters(both[:3]), _letters(both[3:])
    return (row, column) if row and column else None


def _letters(way: NDArray[np.float64]) -> str:
    names = (("L", "R"), ("P", "A"), ("H", "F"))
    order = sorted(range(3), key=lambda axis: (-round(abs(float(way[axis])), 2), -axis))
    # A direction within 15 degrees of an axis has that axis's name alone.
    return "".join(names[axis][int(way[axis] < 0)] for axis in order if abs(way[axis]) > 0.26)


def _grays(
    headers: Sequence[Dataset], frames: int, *, is_raw: bool
) -> tuple[tuple[Grayscale, ...], list[int], list[str]]:
    """The different gray descriptions, which one each stored frame has, and what was wrong with them.

    ``headers`` is one header for all frames, or one for each frame that is described.
    """
    found: dict[Grayscale, int] = {}
    gray_of: list[int] = []
    warnings: list[str] = []
    for own in headers:
        gray, more = grayscale(own, is_raw=is_raw)
        warnings += [text for text in more if text not in warnings]
        gray_of.append(found.setdefault(gray, len(found)))
    # Frames that the header does not describe look like the last one that it does.
    gray_of += [gray_of[-1]] * (frames - len(gray_of))
    return tuple(found), gray_of, warnings


def _has_own_gray(group: Dataset) -> bool:
    return any(keyword in group for keyword in _GRAY_GROUPS)


def _frame_headers(dataset: Dataset, flat: Dataset, groups: Sequence[Dataset]) -> Iterator[Dataset]:
    """For each frame, a header with its own gray description at the top; one for all where they share it."""
    from pydicom import Dataset

    if not any(_has_own_gray(group) for group in groups):
        yield flat
        return
    top = Dataset()
    for element in flat:
        if element.tag.group == 0x0028 or element.keyword == "PresentationLUTShape":
            top.add(element)
    shared = _first(dataset, _SHARED)
    for group in groups:
        own = Dataset()
        own.update(top)
        for keyword in _GRAY_GROUPS:
            holder = group if keyword in group else shared
            for item in _items(holder, keyword)[:1] if holder is not None else ():
                # Every attribute of a macro is replaced: a frame with a window has none of the table of another one.
                for name in _OF_GROUP[keyword]:
                    if name in own:
                        del own[name]
                own.update({element.tag: element for element in item})
        yield own


_OF_GROUP = {
    "FrameVOILUTSequence": (
        "WindowCenter",
        "WindowWidth",
        "WindowCenterWidthExplanation",
        "VOILUTFunction",
        "VOILUTSequence",
    ),
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept", "RescaleType"),
}
