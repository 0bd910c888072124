"""Each kind of artifact is found where it lies and called by its name."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mammoview.core.findings import ArtifactKind
from mammoview.core.study import ViewPosition
from mammoview.imaging.phantom import make_view
from mammoview.imaging.suppress import Findings, find_all
from mammoview.imaging.workcopy import reduce

FILM = 0.08


def film() -> np.ndarray:
    """Noisy film with a breast at the left, float32, shape (600, 500)."""
    rng = np.random.default_rng(2)
    row, col = np.mgrid[:600, :500]
    inside = 1 - ((row - 300) / 230.0) ** 2 - (col / 260.0) ** 2
    values = FILM + 0.5 * np.sqrt(np.clip(inside, 0, 1))
    return (values + 0.004 * rng.standard_normal(values.shape)).astype(np.float32)


def findings(values: np.ndarray) -> Findings:
    pixels = np.rint(values.clip(0, 1) * 65_535).astype(np.uint16)
    return find_all(reduce(pixels), view=ViewPosition.CC)


def found_kind(values: np.ndarray, truth: np.ndarray) -> ArtifactKind:
    """The kind of the artifact that covers the truth; there must be exactly one."""
    covering = [one for one in findings(values).artifacts if (one.mask & truth).sum() > 0.9 * truth.sum()]
    assert len(covering) == 1
    assert covering[0].mask.sum() < 2.5 * truth.sum()
    return covering[0].kind


def test_clean_film_has_no_artifacts() -> None:
    assert findings(film()).artifacts == ()


def test_letters_make_one_word() -> None:
    values = film()
    canvas = np.zeros(values.shape, dtype=np.uint8)
    cv2.putText(canvas, "RCC", (350, 120), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 255, 6)
    values[canvas > 0] = 0.9
    assert found_kind(values, canvas > 0) is ArtifactKind.LETTER


def test_a_bright_label_with_print_is_a_sticker() -> None:
    values, truth = film(), np.zeros((600, 500), dtype=bool)
    truth[450:500, 350:450] = True
    values[truth] = 0.75
    values[465:470, 360:440] = values[480:485, 360:440] = 0.3
    assert found_kind(values, truth) is ArtifactKind.STICKER


def test_a_faint_strip_is_tape() -> None:
    values, canvas = film(), np.zeros((600, 500), dtype=np.uint8)
    cv2.fillConvexPoly(canvas, np.array([[330, 60], [470, 130], [460, 150], [320, 80]]), 1)
    values[canvas > 0] += 0.15
    assert found_kind(values, canvas > 0) is ArtifactKind.TAPE


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_bar_of_one_value_is_a_redaction(value: float) -> None:
    values, truth = film(), np.zeros((600, 500), dtype=bool)
    truth[60:90, 360:460] = True
    values[truth] = value
    assert found_kind(values, truth) is ArtifactKind.REDACTION


@pytest.mark.parametrize("is_column", [False, True])
def test_a_line_across_the_film_is_a_stripe_up_to_the_skin(is_column: bool) -> None:
    values = film()
    line = values[:, 400:402] if is_column else values[500:502]
    line += 0.1 * (line < 0.15)
    stripes = [one for one in findings(values).artifacts if one.kind is ArtifactKind.STRIPE]
    assert len(stripes) == 1
    mask = stripes[0].mask
    assert (mask[:, 400:402] if is_column else mask[500:502, 300:]).all()
    assert not (mask & findings(values).breast.mask).any()


def test_a_white_border_is_a_film_edge() -> None:
    values, truth = film(), np.zeros((600, 500), dtype=bool)
    truth[-12:] = True
    values[truth] = 0.9
    assert found_kind(values, truth) is ArtifactKind.FRAME_EDGE


def test_film_phantoms_lose_artifacts_and_no_breast() -> None:
    missed = area = 0
    for seed in range(40, 44):
        image = make_view(seed, view=ViewPosition.CC, rows=640, columns=520, is_film=True)
        copy = reduce(image.pixels)
        found = find_all(copy, view=ViewPosition.CC)
        suppressed = copy.enlarge(found.suppressed)
        assert (suppressed & image.truth.breast).sum() <= 0.01 * image.truth.breast.sum()
        for artifact in image.truth.artifacts:
            area += artifact.region.area_px
            missed += int((artifact.mask & ~suppressed).sum())
    assert area > 0
    assert missed < 0.05 * area
