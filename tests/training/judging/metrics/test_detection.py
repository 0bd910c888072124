"""FROC of an example that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.core.geometry import Box
from mammoview.training.judging import metrics
from mammoview.training.judging.metrics import HitRule, ImageMarks

CENTRE = HitRule()
# Two patients, three images, three lesions.
IMAGES = (
    ImageMarks("a", found=(0.9, -np.inf), false=(0.8, 0.3)),
    ImageMarks("a", found=(), false=(0.6,)),
    ImageMarks("b", found=(0.5,), false=()),
)


def test_curve_counted_by_hand() -> None:
    curve = metrics.froc_curve(IMAGES)
    assert curve.thresholds.tolist() == [np.inf, 0.9, 0.8, 0.6, 0.5, 0.3]
    assert (curve.false_per_image * 3).tolist() == pytest.approx([0, 0, 1, 2, 2, 3])
    assert (curve.sensitivity * 3).tolist() == pytest.approx([0, 1, 1, 1, 2, 2])
    assert curve.sensitivity_at(0.25) == pytest.approx(1 / 3)
    assert curve.sensitivity_at(0.7) == pytest.approx(2 / 3)
    # One lesion was never marked: no threshold finds it.
    assert curve.sensitivity_at(8.0) == pytest.approx(2 / 3)


def test_patients_are_found_by_any_of_their_lesions() -> None:
    curve = metrics.froc_curve(IMAGES, by_patient=True)
    assert curve.sensitivity.tolist() == pytest.approx([0, 0.5, 0.5, 0.5, 1, 1])


def test_hit_by_the_centre_in_a_mask_or_a_box() -> None:
    ring = np.zeros((20, 20), bool)
    ring[5:15, 5:15] = True
    ring[8:12, 8:12] = False
    inside, in_the_hole, outside = Box.square(6, 6, 2), Box.square(10, 10, 2), Box.square(30, 6, 2)
    assert [CENTRE.is_hit(mark, ring) for mark in (inside, in_the_hole, outside)] == [True, False, False]
    assert CENTRE.is_hit(in_the_hole, Box(5, 5, 15, 15))


def test_hit_by_overlap_of_boxes() -> None:
    lesion = Box(0, 0, 10, 10)
    # 50 common of 150 together.
    mark = Box(0, 5, 10, 15)
    assert HitRule(iou=1 / 3).is_hit(mark, lesion)
    assert not HitRule(iou=0.34).is_hit(mark, lesion)
    mask = np.zeros((20, 20), bool)
    mask[:10, :10] = True
    assert HitRule(iou=0.99).is_hit(lesion, mask)
    assert not HitRule(iou=0.1).is_hit(lesion, np.zeros((20, 20), bool))
    assert (str(CENTRE), str(HitRule(iou=0.2))) == ("centre in the lesion", "IoU of the boxes ≥ 0.2")


def test_a_second_mark_on_a_lesion_is_neither_hit_nor_false() -> None:
    lesions = [Box(0, 0, 10, 10), Box(50, 50, 60, 60)]
    marks = [(Box.square(5, 5, 4), 0.4), (Box.square(4, 4, 4), 0.7), (Box.square(30, 30, 4), 0.6)]
    found = metrics.compare_marks("a", marks, lesions, rule=CENTRE)
    assert found == ImageMarks("a", found=(0.7, -np.inf), false=(0.6,))
    assert metrics.compare_marks("a", [], lesions, rule=CENTRE).found == (-np.inf, -np.inf)
    assert metrics.compare_marks("a", marks, [], rule=CENTRE).false == (0.4, 0.7, 0.6)


def test_intervals_draw_patients_and_state_the_rule() -> None:
    found = metrics.froc(IMAGES, rule=CENTRE, seed=0, false_per_image=(0.25, 0.7), resamples=300)
    assert [one.value for one in found.sensitivity] == pytest.approx([1 / 3, 2 / 3])
    assert found.mean.value == pytest.approx(0.5)
    # Only a, a and b, or only b is drawn. At 0.7: of a alone (1.5 false marks an image) the one lesion above 0.8,
    # of b alone everything.
    assert (found.sensitivity[1].low, found.sensitivity[1].high) == (0.5, 1.0)
    assert (found.rule, found.images, found.lesions, found.patients) == ("centre in the lesion", 3, 3, 2)


def test_without_lesions_there_is_no_curve() -> None:
    with pytest.raises(ValueError, match="lesions"):
        metrics.froc_curve([ImageMarks("a", (), (0.3,))])
