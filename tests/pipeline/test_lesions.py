"""Candidates to findings, with networks whose answers are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mammoview.core.findings import LesionKind, PatchClass
from mammoview.core.geometry import Box
from mammoview.core.study import Mammogram, ViewModifier
from mammoview.models.manifest import Calibration, InputContract
from mammoview.models.preprocess import PatchSpec, Preprocess, patch_box
from mammoview.pipeline.lesions import classify, segment
from mammoview.pipeline.stages import PreparedImage

#: The order in which the toy package lists its classes is not ours.
LABELS = tuple(reversed([kind.value for kind in PatchClass]))


@dataclass
class FakeRunner:
    """A runner whose network is ``answer``."""

    answer: Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]
    spec: PatchSpec = field(default_factory=lambda: PatchSpec(size_px=32))
    batches: list[int] = field(default_factory=list)

    @property
    def package(self) -> Any:
        manifest = SimpleNamespace(input=InputContract(), labels=LABELS)
        preprocess = Preprocess(patch=self.spec)
        return SimpleNamespace(manifest=manifest, preprocess=preprocess, calibration=Calibration())

    def run(self, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        self.batches.append(len(images))
        return self.answer(images)


def says(**shares: float) -> Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
    """A classifier that always gives these probabilities, the rest evenly."""
    rest = (1 - sum(shares.values())) / (len(PatchClass) - len(shares))
    logits = np.log([shares.get(label, rest) for label in LABELS]).astype(np.float32)
    return lambda images: {"logits": np.tile(logits, (len(images), 1))}


Make = Callable[..., Mammogram]
Prepare = Callable[..., PreparedImage]


def test_probabilities_come_in_our_order(make_mammogram: Make, make_prepared: Prepare) -> None:
    image = make_prepared(make_mammogram(), [Box(5, 5, 15, 15)])
    runner: Any = FakeRunner(says(malignant_mass=0.4, malignant_calcification=0.2, background=0.1))
    ((finding,),) = classify(runner, [image], batch=1)
    assert dict(zip(PatchClass, finding.probabilities, strict=True)) == pytest.approx(
        {
            PatchClass.MALIGNANT_MASS: 0.4,
            PatchClass.MALIGNANT_CALCIFICATION: 0.2,
            PatchClass.BACKGROUND: 0.1,
            PatchClass.BENIGN_MASS: 0.15,
            PatchClass.BENIGN_CALCIFICATION: 0.15,
        }
    )
    assert finding.p_malignant == pytest.approx(0.6)
    assert finding.kind is LesionKind.MASS
    assert finding.uncertainty == pytest.approx(0, abs=1e-6)
    assert finding.id == "a#1"


def test_the_classifier_says_what_kind_it_is(make_mammogram: Make, make_prepared: Prepare) -> None:
    image = make_prepared(make_mammogram(), [Box(5, 5, 15, 15)])
    runner: Any = FakeRunner(says(benign_calcification=0.6))
    ((finding,),) = classify(runner, [image], batch=1)
    assert finding.kind is LesionKind.CALCIFICATION


def test_background_is_no_finding(make_mammogram: Make, make_prepared: Prepare) -> None:
    image = make_prepared(make_mammogram(), [Box(5, 5, 15, 15)])
    runner: Any = FakeRunner(says(background=0.5))
    assert classify(runner, [image], batch=1) == [()]


def test_uncertainty_is_the_spread_over_flips(make_mammogram: Make, make_prepared: Prepare) -> None:
    def by_left_half(images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        logits = np.zeros((len(images), 5), np.float32)
        logits[:, LABELS.index("malignant_mass")] = images[:, 0, :, :6].mean(axis=(1, 2)) * 4
        logits[:, LABELS.index("background")] = -20
        return {"logits": logits}

    image = make_prepared(make_mammogram(), [Box(20, 5, 40, 15)])
    ((finding,),) = classify(FakeRunner(by_left_half), [image], batch=1)  # type: ignore[arg-type]
    assert finding.uncertainty is not None
    assert finding.uncertainty > 0.001


def test_every_candidate_of_every_image_is_looked_at_four_times(make_mammogram: Make, make_prepared: Prepare) -> None:
    images = [
        make_prepared(make_mammogram("a"), [Box(5, 5, 15, 15), Box(25, 5, 35, 15)]),
        make_prepared(make_mammogram("b"), []),
        make_prepared(make_mammogram("c", modifiers=(ViewModifier.SPOT,)), [Box(5, 5, 15, 15)]),
        make_prepared(make_mammogram("d"), [Box(5, 5, 15, 15)]),
    ]
    runner: Any = FakeRunner(says(malignant_mass=0.9))
    found = classify(runner, images, batch=4)
    assert [len(of_image) for of_image in found] == [2, 0, 0, 1]
    assert runner.batches == [3 * 4], "one batch on a card"
    runner.batches.clear()
    classify(runner, images, batch=1)
    assert sum(runner.batches) == 3 * 4
    assert max(runner.batches) <= 4, "small parts on a processor"


def half(images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """A segmenter that marks the middle half of the crop, and a neighbour in its corner."""
    size = images.shape[2]
    answer = np.zeros((len(images), 1, size, size), np.float32)
    answer[..., size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = 0.9
    answer[..., : size // 8, : size // 8] = 0.9
    return {"probabilities": answer}


def test_masks_lie_where_the_lesion_lies(make_mammogram: Make, make_prepared: Prepare) -> None:
    box = Box(20, 8, 36, 24)
    image = make_prepared(make_mammogram(), [box])
    findings = classify(FakeRunner(says(malignant_mass=0.9)), [image], batch=1)[0]  # type: ignore[arg-type]
    runner: Any = FakeRunner(half)
    (outlined,) = segment(runner, image, findings, threshold=0.5)
    assert outlined.mask is not None
    expected = np.zeros((60, 40), dtype=bool)
    # Twice the long side is 32 pixels; its middle half is the box again.
    expected[box.slices()] = True
    assert patch_box(box, runner.spec).height_px == 32
    assert np.array_equal(outlined.mask.to_array(), expected), "and the neighbour is left out"
    assert outlined.area_mm2 == pytest.approx(16 * 16 * 0.5 * 0.25)
    assert min(row for row, _ in outlined.contour) == 20.5


def test_at_most_two_findings_above_the_threshold_are_outlined(make_mammogram: Make, make_prepared: Prepare) -> None:
    boxes = [Box(5, 5, 15, 15), Box(20, 5, 30, 15), Box(35, 5, 45, 15)]
    image = make_prepared(make_mammogram(), boxes)
    findings = classify(FakeRunner(says(malignant_mass=0.6)), [image], batch=1)[0]  # type: ignore[arg-type]
    runner: Any = FakeRunner(half)
    assert sum(one.mask is not None for one in segment(runner, image, findings, threshold=0.5)) == 2
    assert all(one.mask is None for one in segment(runner, image, findings, threshold=0.95))


def test_a_crop_over_the_border_is_cut(make_mammogram: Make, make_prepared: Prepare) -> None:
    image = make_prepared(make_mammogram(), [Box(0, 0, 16, 16)])
    findings = classify(FakeRunner(says(malignant_mass=0.9)), [image], batch=1)[0]  # type: ignore[arg-type]
    (outlined,) = segment(FakeRunner(half), image, findings, threshold=0.5)  # type: ignore[arg-type]
    assert outlined.mask is not None
    assert outlined.mask.to_array()[:16, :16].all()
    assert outlined.mask.to_array().sum() == 256
