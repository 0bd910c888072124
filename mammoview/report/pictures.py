"""The picture files of one analysed image: cleaned copy, masks, maps and the overlay."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from mammoview.core.findings import ImageResult, PatchClass, ScoreMeaning, ValueMap
from mammoview.core.image import Mask
from mammoview.core.study import Mammogram, SourceKind
from mammoview.imaging.suppress import clean
from mammoview.report.nifti import write_nifti_mask
from mammoview.report.overlay import draw, spread
from mammoview.report.truth import draw_truth

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Long side of a written saliency or patch map, pixels.
MAP_PX = 512


@dataclass(frozen=True)
class Pictures:
    """Names of the written files, relative to the result's folder. None where there is nothing to show."""

    overlay: str
    cleaned: str | None = None
    breast: str | None = None
    pectoral: str | None = None
    saliency: str | None = None
    patch_map: str | None = None
    benign: str | None = None
    malignant: str | None = None
    truth: str | None = None
    findings: tuple[tuple[str, str], ...] = ()

    def finding(self, finding_id: str) -> str | None:
        """The mask of a finding."""
        return dict(self.findings).get(finding_id)


def write_pictures(
    folder: Path,
    stem: str,
    *,
    image: Mammogram,
    result: ImageResult,
    shown: NDArray[np.uint16],
    meaning: ScoreMeaning | None = None,
) -> Pictures:
    """Write everything that one result shows.

    Parameters
    ----------
    folder
        Where to write; the names in the answer begin with its own name.
    stem
        How the names begin.
    shown
        P-values, shape (rows, columns), uint16.

    Raises
    ------
    OSError
        When a file cannot be written.
    """

    def put(what: str, pixels: NDArray[Any]) -> str:
        name = f"{stem}_{what}.png"
        write_png(folder / name, pixels)
        return f"{folder.name}/{name}"

    def put_mask(what: str, mask: Mask) -> str:
        pixels = mask.to_array()
        if image.kind is SourceKind.RASTER:
            write_nifti_mask(folder / f"{stem}_{what}.nii.gz", pixels, image.spacing_mm)
        return put(what, pixels)

    layers, truth, suppression = result.layers, result.truth, result.suppression
    cleaned = breast = pectoral = None
    if suppression is not None:
        cleaned = put("cleaned", clean(shown, suppression))
        breast = put_mask("breast", suppression.breast)
        if suppression.pectoral is not None:
            pectoral = put_mask("pectoral", suppression.pectoral)
    return Pictures(
        overlay=put("overlay", draw(image, result, shown=shown, meaning=meaning)),
        cleaned=cleaned,
        breast=breast,
        pectoral=pectoral,
        saliency=put("saliency", _map(result.saliency, image)) if result.saliency is not None else None,
        patch_map=put("patch_map", _patch_sheet(result.patch_map, image)) if result.patch_map else None,
        benign=put_mask("benign", layers.benign) if layers is not None else None,
        malignant=put_mask("malignant", layers.malignant) if layers is not None else None,
        truth=put("truth", draw_truth(result, truth, shown=shown, name=image.label)) if truth is not None else None,
        findings=tuple(
            (finding.id, put_mask(f"finding{number}_mask", finding.mask))
            for number, finding in enumerate(result.findings, start=1)
            if finding.mask is not None
        ),
    )


def write_png(path: Path, pixels: NDArray[Any]) -> None:
    """Write a PNG file; a mask (bool) takes one bit a pixel.

    Encoding goes before writing, so that a full disk shows as the operating system's own error.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    is_mask = pixels.dtype == np.bool_
    how = [cv2.IMWRITE_PNG_BILEVEL, 1] if is_mask else []
    is_encoded, data = cv2.imencode(".png", pixels.astype(np.uint8) * 255 if is_mask else pixels, how)
    if not is_encoded:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
    path.write_bytes(data.tobytes())


def _map(values: ValueMap, image: Mammogram) -> NDArray[np.uint8]:
    scale = min(1.0, MAP_PX / max(image.rows, image.columns))
    rows, columns = max(1, round(image.rows * scale)), max(1, round(image.columns * scale))
    return np.rint(spread(values, rows, columns, scale=scale) * 255).astype(np.uint8)


def _patch_sheet(maps: tuple[ValueMap, ...], image: Mammogram) -> NDArray[np.uint8]:
    by_name = {values.name: values for values in maps}
    return np.vstack([_map(by_name[kind.value], image) for kind in PatchClass])
