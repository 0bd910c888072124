"""What a decoder measures on an image, whichever way it is stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mammoview.core.errors import CancelledError
from mammoview.core.geometry import Dihedral
from mammoview.core.image import Mask
from mammoview.core.progress import never_cancel, no_progress
from mammoview.core.study import Laterality, Mammogram, ViewPosition
from mammoview.dicom.raster import describe_raster
from mammoview.imaging.phantom import PhantomView, make_view
from mammoview.session.anatomy import Anatomy, AnatomyRequest
from mammoview.session.anatomyproc import measure


@pytest.fixture(scope="module")
def drawn() -> PhantomView:
    return make_view(6, view=ViewPosition.MLO, rows=768, columns=624)


def stored(folder: Path, drawn: PhantomView, pixels: np.ndarray) -> Mammogram:
    path = folder / "L-MLO.png"
    assert cv2.imwrite(str(path), np.ascontiguousarray(pixels))
    return replace(
        describe_raster(path), laterality=Laterality.LEFT, view=ViewPosition.MLO, spacing_mm=(drawn.spacing_mm,) * 2
    )


def measured(image: Mammogram, dihedral: Dihedral) -> Anatomy:
    return measure(AnatomyRequest(image, dihedral), no_progress, never_cancel, lambda _: None)


def overlap(mask: Mask, expected: np.ndarray) -> float:
    found = mask.to_array()
    return float(np.count_nonzero(found & expected) / np.count_nonzero(found | expected))


@pytest.mark.parametrize(
    ("lie", "back"),
    [
        (lambda plane: plane.T, Dihedral(transpose=True)),
        (lambda plane: plane[::-1], Dihedral(flip_rows=True)),
        (lambda plane: plane[::-1].T, Dihedral(transpose=True, flip_rows=True)),
    ],
    ids=["lying", "upside down", "lying, upside down"],
)
def test_an_image_stored_lying_down_is_measured_as_it_hangs(tmp_path: Path, drawn: PhantomView, lie, back) -> None:
    plain = measured(stored(tmp_path, drawn, drawn.pixels), Dihedral())
    found = measured(stored(tmp_path, drawn, lie(drawn.pixels)), back)
    # The gray of a picture is settled on a sample of its pixels, which are others when it lies otherwise.
    assert overlap(found.breast, lie(plain.breast.to_array())) > 0.99
    assert plain.density is not None
    assert found.density is not None
    assert found.density.percent == pytest.approx(plain.density.percent, rel=0.05)
    assert overlap(found.density.dense, lie(plain.density.dense.to_array())) > 0.9
    nipple, upright = found.landmarks.nipple, plain.landmarks.nipple
    assert nipple is not None
    assert upright is not None
    marked = np.zeros(drawn.pixels.shape, bool)
    marked[int(upright.point[0]), int(upright.point[1])] = True
    ((row, col),) = np.argwhere(lie(marked))
    assert np.hypot(nipple.point[0] - row - 0.5, nipple.point[1] - col - 0.5) < 4


def test_a_measurement_can_be_cancelled(tmp_path: Path, drawn: PhantomView) -> None:
    image = stored(tmp_path, drawn, drawn.pixels)
    with pytest.raises(CancelledError):
        measure(AnatomyRequest(image, Dihedral()), no_progress, lambda: True, lambda _: None)
