"""The tomosynthesis volumes of a synthetic study, beside its two-dimensional images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mammoview.core.study import Laterality, ViewPosition
    from mammoview.dicom.create_header import NewMammogram
    from mammoview.dicom.create_volume import NewVolume

#: How the frames may be compressed; the value is a name of `mammoview.dicom.create_volume.VolumeSyntax`.
COMPRESSIONS = {"none": "NATIVE", "jpeg-ls": "JPEG_LS", "jpeg-2000": "JPEG_2000"}


@dataclass(frozen=True)
class VolumePlan:
    """What the volumes of a synthetic study are like.

    Attributes
    ----------
    frames, rows, columns
        Size of each.
    compression
        A key of `COMPRESSIONS`.
    is_reversed
        Whether the slice farthest from the breast support is stored first.
    has_own_windows
        Whether each frame has a window of its own.
    """

    frames: int = 60
    rows: int = 1228
    columns: int = 998
    compression: str = "jpeg-ls"
    is_reversed: bool = False
    has_own_windows: bool = False


def write_volume_of(
    path: Path,
    view: tuple[Laterality, ViewPosition],
    image: NewMammogram,
    plan: VolumePlan,
    *,
    seed: int,
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
) -> dict[str, Any]:
    """Write the volume of one view.

    Parameters
    ----------
    path
        Overwritten where it exists.
    view
        Side and view.
    image
        Header of the two-dimensional image of the same view.
    plan
        Size and storage.
    seed
        Which woman.
    progress, cancel
        Told before each frame; asked before it.

    Returns
    -------
    dict
        The entry of ``truth.json``: where each lesion is sharp, as height, as shown and as stored.

    Raises
    ------
    OutputError
        When the disk refuses it.
    CancelledError
        When ``cancel`` says so.
    """
    from mammoview.dicom.create_header import make_uid
    from mammoview.dicom.create_volume import VolumeSyntax, write_volume
    from mammoview.imaging.phantom_volume import make_volume

    made = make_volume(seed, view=view[1], laterality=view[0], frames=plan.frames, rows=plan.rows, columns=plan.columns)
    order = list(range(plan.frames))[:: -1 if plan.is_reversed else 1]
    header = replace(
        image,
        sop_uid=make_uid(image.sop_uid, "volume", plan.frames, plan.rows, plan.compression, str(plan.is_reversed)),
        series_uid=make_uid(image.series_uid, "volumes"),
        spacing_mm=(made.image.spacing_mm, made.image.spacing_mm),
    )

    def stored() -> Iterator[NDArray[np.uint16]]:
        for count, number in enumerate(order):
            stop_if_cancelled(cancel)
            progress(count / plan.frames, f"Drawing slice {count + 1} of {plan.frames} of {made.image.label}")
            yield _stored(made.slice_at(number), made.image.truth.breast, header.bits_stored)

    heights = tuple(made.heights_mm[number] for number in order)
    write_volume(path, stored(), _header(header, heights, plan), syntax=VolumeSyntax[COMPRESSIONS[plan.compression]])
    return {
        "file": path.name,
        "frames": plan.frames,
        "rows": plan.rows,
        "columns": plan.columns,
        "spacing_mm": made.image.spacing_mm,
        "lesions": [
            {
                "id": lesion.id,
                "centre": [round(float(part), 2) for part in lesion.centre],
                "height_mm": made.lesion_heights_mm[lesion.id],
                "shown": made.heights_mm.index(made.lesion_heights_mm[lesion.id]) + 1,
                "stored": heights.index(made.lesion_heights_mm[lesion.id]) + 1,
            }
            for lesion in made.image.truth.lesions
        ],
    }


def _stored(pixels: NDArray[np.uint16], breast: NDArray[np.bool_], bits: int) -> NDArray[np.uint16]:
    import numpy as np

    scaled = np.rint(pixels * np.float32((2**bits - 1) / 65_535)).astype(np.uint16)
    # 0 means air (Pixel Padding Value): tissue never reaches it.
    return np.where(breast, np.maximum(scaled, 1), 0).astype(np.uint16)


def _header(image: NewMammogram, heights: tuple[float, ...], plan: VolumePlan) -> NewVolume:
    from mammoview.dicom.create_volume import NewVolume

    if not plan.has_own_windows:
        return NewVolume(image, heights)
    windows = tuple(
        # The middle slices a little darker than the outer ones, so that a reader sees that each window is used.
        tuple(
            replace(window, center=window.center * (1 + 0.1 * abs(2 * height / max(heights) - 1)))
            for window in image.windows
        )
        for height in heights
    )
    return NewVolume(image, heights, frame_windows=windows)
