"""Parts of the samples, each measured by itself."""

from __future__ import annotations

import numpy as np

from mammoview.training.judging import metrics


def test_every_part_has_its_number_and_counts() -> None:
    labels = np.array([1, 0, 1, 0, 1, 0, 1], bool)
    scores = np.array([0.9, 0.1, 0.2, 0.8, 0.7, 0.6, 0.5])
    patients = np.array(["a", "a", "b", "b", "c", "c", "d"])
    groups = {
        "view": np.array(["CC", "CC", "MLO", "MLO", "CC", "CC", "MLO"]),
        "density": np.array(["1", "1", "1", "1", "", "", "4"]),
    }
    found = metrics.subgroups(metrics.auc_of, labels, scores, patients=patients, groups=groups, seed=0, resamples=50)
    # Density 4 has one image, which is malignant: no number. Two images have no density.
    assert [(one.field, one.name) for one in found] == [("view", "CC"), ("view", "MLO"), ("density", "1")]
    by_name = {one.name: one for one in found}
    assert by_name["CC"].estimate.value == 1.0
    assert by_name["MLO"].estimate.value == 0.0
    assert by_name["1"].estimate.value == 0.75
    assert (by_name["CC"].images, by_name["CC"].positives, by_name["CC"].patients) == (4, 2, 2)
    assert by_name["MLO"].patients == 2
