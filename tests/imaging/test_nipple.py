import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.nipple import FEATURES, WEIGHTS, believe, find_nipple
from mammoview.imaging.phantom import make_view
from mammoview.imaging.phantom_truth import PhantomView
from mammoview.imaging.suppress import suppress

ROOT = Path(__file__).resolve().parents[2]


def drawn(seed: int, view: ViewPosition, side: Laterality) -> PhantomView:
    return make_view(seed, view=view, laterality=side, rows=1024, columns=832)


def away_mm(made: PhantomView) -> float:
    spacing = made.spacing_mm, made.spacing_mm
    found = find_nipple(made.pixels, made.truth.breast, made.truth.pectoral, view=made.view, spacing_mm=spacing)
    assert found is not None
    apart = np.subtract(found.point, made.truth.nipple)
    return float(np.hypot(*apart) * made.spacing_mm)


@pytest.mark.parametrize("side", list(Laterality))
@pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO])
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_the_phantom_nipple_is_found_within_a_centimetre(seed: int, view: ViewPosition, side: Laterality) -> None:
    assert away_mm(drawn(seed, view, side)) < 10.0


def smooth_breast(bulge_row: int | None) -> tuple[np.ndarray, np.ndarray]:
    """A half ellipse of even gray on black, 0.6 mm a pixel, with a nipple at a row or none."""
    row, col = np.mgrid[:300, :240]
    breast = ((row - 150) / 130) ** 2 + (col / 150) ** 2 < 1
    if bulge_row is not None:
        edge = 150 * np.sqrt(1 - ((bulge_row - 150) / 130) ** 2)
        breast |= (row - bulge_row) ** 2 / 9**2 + (col - edge) ** 2 / 9**2 < 1
    image = cv2.GaussianBlur(np.where(breast, 30_000, 0).astype(np.float32), (0, 0), 1.0)
    return image.astype(np.uint16), breast


def test_a_bulge_wins_over_the_farthest_point_and_makes_sure() -> None:
    image, breast = smooth_breast(185)
    found = find_nipple(image, breast, None, view=ViewPosition.CC, spacing_mm=(0.6, 0.6))
    assert found is not None
    assert abs(found.point[0] - 185.5) < 4
    assert found.is_sure
    assert not found.reason


def test_without_a_bulge_it_is_unsure_and_says_why() -> None:
    image, breast = smooth_breast(None)
    found = find_nipple(image, breast, None, view=ViewPosition.CC, spacing_mm=(0.6, 0.6))
    assert found is not None
    assert not found.is_sure
    assert "No nipple stands out" in found.reason


def test_mirrored_images_have_mirrored_nipples() -> None:
    image, breast = smooth_breast(170)
    one = find_nipple(image, breast, None, view=ViewPosition.CC, spacing_mm=(0.6, 0.6))
    other = find_nipple(
        image[:, ::-1].copy(), breast[:, ::-1].copy(), None, view=ViewPosition.CC, spacing_mm=(0.6, 0.6)
    )
    assert one is not None
    assert other is not None
    assert np.allclose(other.point, (one.point[0], 240 - one.point[1]), atol=0.7)


def test_no_breast_no_nipple() -> None:
    nothing = np.zeros((300, 240), dtype=np.uint16)
    assert find_nipple(nothing, nothing > 0, None, view=ViewPosition.CC) is None


def test_belief_sums_to_one_and_follows_the_weights() -> None:
    features = np.zeros((5, len(FEATURES)))
    features[3, FEATURES.index("bulge")] = 2.0
    belief = believe(features, WEIGHTS)
    assert np.isclose(belief.sum(), 1.0)
    assert belief.argmax() == 3


@pytest.mark.data
def test_on_marked_digital_images_it_is_near(data: Path) -> None:
    with (ROOT / "bench" / "data" / "nipples.csv").open(encoding="utf-8") as file:
        marked = [row for row in csv.DictReader(file) if "ffdm_4view" in row["file"]]
    assert len(marked) == 4
    for row in marked:
        view = ViewPosition.MLO if "MLO" in row["file"] else ViewPosition.CC
        stored = cv2.imread(str(data / row["file"]), cv2.IMREAD_GRAYSCALE)
        assert stored is not None
        image = stored.astype(np.uint16) * 257
        cleared = suppress(image, view=view, laterality=None)
        muscle = cleared.pectoral.to_array() if cleared.pectoral else None
        found = find_nipple(image, cleared.breast.to_array(), muscle, view=view)
        assert found is not None
        away = np.hypot(found.point[0] - float(row["row"]), found.point[1] - float(row["col"]))
        # 2,600 rows of a detector about 240 mm tall.
        assert away * 240 / 2600 < 12.0, row["file"]
