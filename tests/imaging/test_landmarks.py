import itertools

import numpy as np
import pytest

from mammoview.core.geometry import Dihedral
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.landmarks import find_landmarks, find_upright
from mammoview.imaging.phantom import make_view
from mammoview.imaging.suppress import suppress

EIGHT = [Dihedral(*flags) for flags in itertools.product((False, True), repeat=3)]


def stored_as(pixels: np.ndarray, dihedral: Dihedral) -> np.ndarray:
    """The stored image that ``dihedral`` lays down as ``pixels``."""
    hung = pixels[:, ::-1] if dihedral.flip_columns else pixels
    hung = hung[::-1] if dihedral.flip_rows else hung
    return np.ascontiguousarray(hung.T if dihedral.transpose else hung)


@pytest.mark.parametrize("dihedral", EIGHT, ids=str)
def test_all_eight_ways_of_storing_give_the_same_landmarks(dihedral: Dihedral) -> None:
    made = make_view(4, view=ViewPosition.MLO, laterality=Laterality.LEFT, rows=640, columns=520)
    spacing = made.spacing_mm, made.spacing_mm
    cleared = suppress(made.pixels, view=made.view, laterality=None)
    plain = find_landmarks(made.pixels, cleared, view=made.view, spacing_mm=spacing)
    stored = stored_as(made.pixels, dihedral)
    found = find_upright(stored, dihedral=dihedral, view=made.view, spacing_mm=spacing)
    hang = dihedral.transform(*stored.shape)
    assert plain.nipple is not None
    assert found.nipple is not None
    assert np.allclose(hang.apply(found.nipple.point)[0], plain.nipple.point)
    assert plain.wall.ends is not None
    assert found.wall.ends is not None
    assert np.allclose(hang.apply(found.wall.ends), plain.wall.ends)
    assert found.wall.is_pectoral


def test_padding_and_uneven_spacing_follow_the_image() -> None:
    made = make_view(4, view=ViewPosition.CC, laterality=Laterality.LEFT, rows=640, columns=520)
    dihedral = Dihedral(transpose=True)
    stored = stored_as(made.pixels, dihedral)
    padding = stored == 0
    spacing = made.spacing_mm, made.spacing_mm
    found = find_upright(stored, dihedral=dihedral, view=made.view, spacing_mm=spacing, padding=padding)
    assert found.nipple is not None
    hung = dihedral.transform(*stored.shape).apply(found.nipple.point)[0]
    assert np.hypot(*(hung - made.truth.nipple)) * made.spacing_mm < 10.0


def test_a_blank_image_has_neither() -> None:
    found = find_upright(np.zeros((200, 150), dtype=np.uint16), dihedral=Dihedral(), view=ViewPosition.CC)
    assert found.nipple is None
    assert found.wall.ends is None
    assert found.wall.reason
