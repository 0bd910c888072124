"""What has to be known of an image's pixels before it is painted, and right after. Runs beside the window; no Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mammoview.core.geometry import Box
from mammoview.core.image import DisplayImage, StoredImage
from mammoview.core.study import Mammogram, VoiLut, VoiWindow
from mammoview.imaging.air import Air, estimate_air
from mammoview.imaging.windowing import computed_voi, default_voi, presentation_table
from mammoview.imaging.workcopy import WORK_SIDE_PX
from mammoview.ui.viewport.pyramid import breast_box

#: With more padding than this the header has marked the air by itself.
_MOST_UNKNOWN_SHARE = 0.2


@dataclass(frozen=True)
class Look:
    """What has to be known before an image is painted: where the breast is, and its windows."""

    image: DisplayImage
    shown: Box
    default: VoiWindow | VoiLut
    computed: VoiWindow | VoiLut


def first_look(image: DisplayImage, header: Mammogram) -> Look:
    """Look at an image before it is painted."""
    gray = header.grayscale
    padding = image.padding[0] > 127 if image.padding else None
    stored = StoredImage(image.levels[0], image.value_offset, padding)
    default, computed = default_voi(gray, stored), computed_voi(gray, stored)
    return Look(image, breast_box(image, is_dark_high=gray.is_dark_high), default, computed)


def look_for_air(look: Look, header: Mammogram) -> Air | None:
    """The air around the breast, where the header marks little or none of it as padding (MG-E03)."""
    image = look.image
    if image.padding and (image.padding[-1] > 127).mean() > _MOST_UNKNOWN_SHARE:
        return None
    k = max((k for k, level in enumerate(image.levels) if max(level.shape) >= WORK_SIDE_PX), default=0)
    table = presentation_table(header.grayscale, look.default, value_offset=image.value_offset)
    shown = table[image.levels[k]]
    if image.padding:
        shown[image.padding[k] > 127] = 0
    air = estimate_air(shown)
    # Only detectors say what they made the pixels for: such an image is no film, however softly its skin ends.
    return air if air is None or header.intent is None else replace(air, is_digital=True)
