"""A small study made of arrays, with a result for each image."""

from __future__ import annotations

from itertools import product

import numpy as np

from mammoview.core.findings import (
    Artifact,
    ArtifactKind,
    Candidate,
    Finding,
    ImageResult,
    LesionKind,
    PatchClass,
    Suppression,
    ValueMap,
)
from mammoview.core.geometry import Box, Dihedral
from mammoview.core.image import DisplayImage, Mask, StoredImage
from mammoview.core.study import Grayscale, Laterality, Mammogram, SourceKind, ViewPosition, VoiWindow
from mammoview.imaging.pyramid import build
from mammoview.session.hanging import Hanging, Hung, Slot
from mammoview.session.orientation import Orientation, Side

ROWS, COLUMNS = 600, 480
WINDOW = VoiWindow(500.0, 1000.0)
GRAY = Grayscale(bits_stored=12, windows=(WINDOW,))
VIEWS = tuple(product((ViewPosition.CC, ViewPosition.MLO), (Laterality.RIGHT, Laterality.LEFT)))
LESION = Box(200, 120, 240, 180)


def make_mammogram(
    side: Laterality = Laterality.LEFT, view: ViewPosition = ViewPosition.CC, **changes: object
) -> Mammogram:
    values: dict[str, object] = {
        "id": f"1.2.{side}{view}",
        "path": f"/studies/{side}{view}.dcm",
        "kind": SourceKind.DICOM,
        "rows": ROWS,
        "columns": COLUMNS,
        "grayscale": GRAY,
        "laterality": side,
        "view": view,
        "spacing_mm": (0.1, 0.1),
        "patient_id": "42",
        "patient_name": "DOE^JANE",
        "study_uid": "1.2",
        "study_date": "20260102",
    }
    return Mammogram(**(values | changes))  # type: ignore[arg-type]


def make_hung(image: Mammogram) -> Hung:
    is_right = image.laterality is Laterality.RIGHT
    is_top = image.view is ViewPosition.MLO
    return Hung(image, Orientation(Dihedral(flip_columns=is_right), Side.RIGHT if is_right else Side.LEFT, is_top))


def make_pixels(padding_columns: int = 0) -> StoredImage:
    """A breast of value 500 at the left edge, air of value 100, a mark of 900, and padding at the right."""
    pixels = np.full((ROWS, COLUMNS), 100, np.uint16)
    rows, cols = np.mgrid[0:ROWS, 0:COLUMNS]
    pixels[((rows - 300) / 260) ** 2 + (cols / 380) ** 2 < 1] = 500
    pixels[200:240, 120:180] = 900
    padding = np.zeros(pixels.shape, bool)
    padding[:, COLUMNS - padding_columns :] = padding_columns > 0
    return StoredImage(pixels, padding=padding if padding_columns else None)


def make_display(image: Mammogram, padding_columns: int = 0) -> DisplayImage:
    levels, padding = build(make_pixels(padding_columns))
    return DisplayImage(image.id, levels, padding)


def make_finding(image: Mammogram, box: Box = LESION, p_malignant: float = 0.7, name: str = "1") -> Finding:
    return Finding(
        f"{image.id}/{name}",
        LesionKind.MASS,
        box,
        box.centre,
        p_malignant,
        (0.1, 0.05, 0.05, 0.1, 0.7),
        contour=((box.row0, box.col0), (box.row0, box.col1), (box.row1, box.col1), (box.row1, box.col0)),
        area_mm2=24.0,
    )


def make_result(image: Mammogram) -> ImageResult:
    stored = make_pixels()
    breast = stored.pixels > 100
    suppressed = np.zeros_like(breast)
    suppressed[20:60, 400:460] = True
    heat = np.zeros((20, 16))
    heat[7, 5] = 1.0
    return ImageResult(
        image.id,
        Suppression(
            Mask.from_array(breast),
            (Artifact(Box(20, 400, 60, 460), ArtifactKind.LETTER, 2400),),
            Mask.from_array(suppressed),
        ),
        candidates=(Candidate(Box(300, 200, 340, 240), 0.5, LesionKind.MASS),),
        findings=(make_finding(image),),
        p_malignant=0.61,
        patch_map=tuple(ValueMap.from_array(name.value, Box(0, 0, ROWS, COLUMNS), heat / 3) for name in PatchClass),
        saliency=ValueMap.from_array("gradcam", Box(0, 0, ROWS, COLUMNS), heat),
    )


IMAGES = tuple(make_mammogram(side, view) for view, side in VIEWS)


def make_hanging() -> Hanging:
    slots = tuple(Slot(k // 2, k % 2, image.label, (make_hung(image),)) for k, image in enumerate(IMAGES))
    return Hanging("1.2", "cc_over_mlo", 2, 2, slots)
