"""Measures an image in a decoder: its landmarks, its outline and its density. No torch.

Imported when the first such job comes: the program's first image does not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mammoview.core.image import Mask
from mammoview.core.progress import Cancel, Progress, stop_if_cancelled
from mammoview.dicom.pixels import decode
from mammoview.imaging.density import measure_density
from mammoview.imaging.landmarks import Laid, find_landmarks
from mammoview.imaging.suppress import suppress
from mammoview.imaging.windowing import to_presentation
from mammoview.session.anatomy import Anatomy, AnatomyRequest


def measure(request: AnatomyRequest, progress: Progress, cancel: Cancel, _partial: Callable[[object], None]) -> Anatomy:
    """Measure one image.

    Raises
    ------
    CancelledError
        When ``cancel`` says so.
    InputError
        When the file cannot be decoded.
    """
    image = request.image
    progress(0.0, f"reading {image.label}")
    stored = decode(image)
    stop_if_cancelled(cancel)
    progress(0.3, f"measuring {image.label}")
    laid = Laid(request.dihedral, image.rows, image.columns)
    shown = laid.plane(to_presentation(stored, image.grayscale))
    padding = None if stored.padding is None else laid.plane(stored.padding)
    spacing = laid.spacing(image.spacing_mm)
    cleared = suppress(shown, view=image.view, laterality=None, padding=padding, spacing_mm=spacing)
    stop_if_cancelled(cancel)
    landmarks = laid.landmarks(find_landmarks(shown, cleared, view=image.view, spacing_mm=spacing))
    stop_if_cancelled(cancel)
    density = measure_density(shown, cleared, spacing_mm=spacing)
    if density is not None:
        density = replace(density, dense=_stored(laid, density.dense))
    return Anatomy(landmarks, _stored(laid, cleared.breast), density)


def _stored(laid: Laid, mask: Mask) -> Mask:
    return mask if laid.is_plain else Mask.from_array(laid.back(mask.to_array()))
