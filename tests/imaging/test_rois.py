from __future__ import annotations

import cv2
import numpy as np
import pytest

from mammoview.core.findings import Candidate, LesionKind, Suppression
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.imaging.calcifications import calcification_candidates, find_grains
from mammoview.imaging.phantom import make_view
from mammoview.imaging.rois import distinct, propose
from mammoview.imaging.suppress import clean, suppress


def breast_with_blobs(blobs, *, shape=(1600, 1000), level=0.45):
    """A half-ellipse of textured tissue on black; ``blobs`` are (row, column, sigma_px, height)."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    mask = ((rows - shape[0] / 2) / (0.46 * shape[0])) ** 2 + (columns / (0.8 * shape[1])) ** 2 < 1
    rng = np.random.default_rng(5)
    image = level + rng.normal(0, 0.004, shape)
    for sigma, spread in ((12, 0.02), (90, 0.06)):
        small = rng.normal(0, 1, (shape[0] // 4, shape[1] // 4)).astype(np.float32)
        tissue = cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / 4), shape[::-1])
        image += spread * tissue / tissue.std()
    for row, column, sigma, height in blobs:
        image += height * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * sigma**2))
    image = np.where(mask, image, 0.0)
    pixels = (np.clip(image, 0, 1) * 65535).astype(np.uint16)
    return pixels, Suppression(Mask.from_array(mask), (), Mask.from_array(~mask))


def cluster(row, column, count=12, spread=25.0):
    rng = np.random.default_rng(8)
    return [(row + dy, column + dx, 1.4, 0.25) for dy, dx in rng.normal(0, spread, (count, 2))]


def test_mass_is_the_best_candidate_whichever_way_the_breast_faces():
    pixels, suppression = breast_with_blobs([(700, 300, 45, 0.2)])
    mirrored = Suppression(
        Mask.from_array(suppression.breast.to_array()[:, ::-1]),
        (),
        Mask.from_array(suppression.suppressed.to_array()[:, ::-1]),
    )
    for image, found, column in ((pixels, suppression, 300), (pixels[:, ::-1].copy(), mirrored, 699)):
        best = propose(image, found, spacing_mm=(0.14, 0.14))[0]
        assert best.kind is LesionKind.MASS
        row, col = best.box.centre
        assert np.hypot(row - 700, col - column) < 40


def test_candidates_are_few_ordered_inside_and_apart():
    pixels, suppression = breast_with_blobs([(700, 300, 45, 0.2), (900, 500, 30, 0.15), *cluster(500, 400)])
    found = propose(pixels, suppression, spacing_mm=(0.09, 0.09), limit=3)
    assert 0 < len(found) <= 3
    scores = [candidate.score for candidate in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    frame = Box(0, 0, *pixels.shape)
    assert all(candidate.box.intersection(frame) == candidate.box for candidate in found)
    assert distinct(found) == found


def test_cluster_is_found_and_boxed():
    grains = cluster(700, 400)
    pixels, suppression = breast_with_blobs(grains)
    found = calcification_candidates(pixels, suppression, spacing_mm=(0.09, 0.09))
    assert len(found) == 1
    inside = sum(found[0].box.contains(row, column) for row, column, *_ in grains)
    assert inside >= 10


def test_lone_grains_lines_and_plain_tissue_are_no_cluster():
    lone = [(400 + 150 * k, 200 + 40 * k, 1.4, 0.25) for k in range(5)]
    pixels, suppression = breast_with_blobs(lone)
    cv2.line(pixels, (100, 500), (600, 900), 50000, 2, cv2.LINE_AA)
    assert calcification_candidates(pixels, suppression, spacing_mm=(0.09, 0.09)) == ()


@pytest.mark.parametrize("spacing", [(0.3, 0.3), (0.09, 0.2)])
def test_coarse_pixels_show_no_calcifications(spacing):
    pixels, suppression = breast_with_blobs(cluster(700, 400))
    assert calcification_candidates(pixels, suppression, spacing_mm=spacing) == ()


def test_grains_lie_where_they_were_put():
    grains = [(400, 200, 1.4, 0.25), (800, 300, 2.0, 0.25), (1000, 500, 2.6, 0.25)]
    pixels, suppression = breast_with_blobs(grains)
    found = find_grains(pixels, suppression.breast.to_array(), spacing_mm=(0.09, 0.09))
    for row, column, *_ in grains:
        assert np.hypot(*(found.positions - (row + 0.5, column + 0.5)).T).min() < 1.5


def test_image_without_a_breast_gives_nothing():
    blank = np.zeros((600, 400), np.uint16)
    nothing = Mask.from_array(np.zeros(blank.shape, bool))
    assert propose(blank, Suppression(nothing, (), nothing)) == ()


def test_the_better_of_two_overlapping_candidates_stays():
    inner = Candidate(Box(10, 10, 20, 20), 0.4, LesionKind.CALCIFICATION)
    outer = Candidate(Box(0, 0, 50, 50), 0.6, LesionKind.MASS)
    beside = Candidate(Box(45, 45, 90, 90), 0.5, LesionKind.MASS)
    assert distinct([inner, outer, beside]) == (outer, beside)


def test_cluster_of_a_phantom_is_among_the_candidates():
    drawn = make_view(10_050, rows=1500, columns=1100, spacing_mm=0.1)
    suppression = suppress(drawn.pixels, view=drawn.view, laterality=drawn.laterality, spacing_mm=(0.1, 0.1))
    found = propose(clean(drawn.pixels, suppression), suppression, spacing_mm=(0.1, 0.1))
    truth = [lesion.box for lesion in drawn.truth.lesions if lesion.kind is LesionKind.CALCIFICATION]
    clusters = [one.box.centre for one in found if one.kind is LesionKind.CALCIFICATION]
    assert truth
    assert all(any(box.contains(*centre) for centre in clusters) for box in truth)
