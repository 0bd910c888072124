"""Candidates to findings, with networks whose answers are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mammoview.core.findings import Finding, LesionKind, MemberScore, PatchClass
from mammoview.core.geometry import Box
from mammoview.core.study import Mammogram, ViewModifier, ViewPosition
from mammoview.models.manifest import Calibration, InputContract
from mammoview.models.preprocess import PatchSpec, Preprocess
from mammoview.pipeline.inputs import Sampling
from mammoview.pipeline.lesions import classify as classify_with_all
from mammoview.pipeline.stages import PreparedImage

#: The order in which the toy package lists its classes is not ours.
LABELS = tuple(reversed([kind.value for kind in PatchClass]))


@dataclass
class FakeRunner:
    """A runner whose network is ``answer``."""

    answer: Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]
    spec: PatchSpec = field(default_factory=lambda: PatchSpec(size_px=32))
    batches: list[int] = field(default_factory=list)
    key: str = "toy@1.0"
    labels: tuple[str, ...] = LABELS
    contract: InputContract = field(default_factory=InputContract)
    calibration: Calibration = field(default_factory=Calibration)

    @property
    def package(self) -> Any:
        manifest = SimpleNamespace(input=self.contract, labels=self.labels)
        return SimpleNamespace(
            info=SimpleNamespace(key=self.key),
            manifest=manifest,
            preprocess=Preprocess(patch=self.spec),
            calibration=self.calibration,
        )

    def run(self, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        self.batches.append(len(images))
        return self.answer(images)


def says(**shares: float) -> Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
    """A classifier that always gives these probabilities, the rest evenly."""
    rest = (1 - sum(shares.values())) / (len(PatchClass) - len(shares))
    logits = np.log([shares.get(label, rest) for label in LABELS]).astype(np.float32)
    return lambda images: {"logits": np.tile(logits, (len(images), 1)), "features": images}


def classify(runner: Any, images: list[PreparedImage], *, batch: int, **options: Any) -> list[tuple[Finding, ...]]:
    """Ask one runner, or several, whose torch networks nobody wants."""
    runners = runner if isinstance(runner, list) else [runner]
    return classify_with_all(runners, images, batch=batch, module_of=lambda _: pytest.fail("opened"), **options)


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
        return {"logits": logits, "features": images}

    image = make_prepared(make_mammogram(), [Box(20, 5, 40, 15)])
    ((finding,),) = classify(FakeRunner(by_left_half), [image], batch=1)
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


def test_classifiers_are_averaged_each_with_its_own_input_labels_and_temperature(
    make_mammogram: Make, make_prepared: Prepare
) -> None:
    image = make_prepared(make_mammogram(), [Box(5, 5, 15, 15)])
    sure: Any = FakeRunner(says(malignant_mass=0.8, background=0.05), key="sure@1")
    # Its own order of classes, another input size, and logits twice too large.
    order = tuple(sorted(kind.value for kind in PatchClass))
    shares = {"malignant_mass": 0.4, "benign_mass": 0.3}
    logits = np.array([2 * np.log(shares.get(label, 0.1)) for label in order], np.float32)
    doubtful: Any = FakeRunner(
        lambda images: {"logits": np.tile(logits, (len(images), 1)), "features": images},
        spec=PatchSpec(size_px=64),
        key="doubtful@2",
        labels=order,
        calibration=Calibration(temperature=2.0),
    )
    ((finding,),) = classify([sure, doubtful], [image], batch=1)
    told = dict(zip(PatchClass, finding.probabilities, strict=True))
    assert told[PatchClass.MALIGNANT_MASS] == pytest.approx(0.6)
    assert told[PatchClass.BENIGN_MASS] == pytest.approx((0.05 + 0.3) / 2)
    assert [member.model for member in finding.members] == ["sure@1", "doubtful@2"]
    assert [member.p_malignant for member in finding.members] == pytest.approx([0.85, 0.5])
    assert finding.p_malignant == pytest.approx(0.675)
    assert finding.uncertainty == pytest.approx(0.175), "half the distance of two that never waver"
    assert finding.spread_over == "4 flips × 2 models"


def test_a_classifier_that_does_not_know_the_view_takes_no_part(make_mammogram: Make, make_prepared: Prepare) -> None:
    images = [make_prepared(make_mammogram(str(view), view=view), [Box(5, 5, 15, 15)]) for view in ViewPosition][:2]
    assert [one.image.view for one in images] == [ViewPosition.CC, ViewPosition.MLO]
    both: Any = FakeRunner(says(malignant_mass=0.8), key="both@1")
    one: Any = FakeRunner(says(malignant_mass=0.4), key="cc@1", contract=InputContract(views=(ViewPosition.CC,)))
    (cc,), (mlo,) = classify([both, one], images, batch=1)
    assert [member.model for member in cc.members] == ["both@1", "cc@1"]
    assert mlo.members == (MemberScore("both@1", mlo.p_malignant),)


def test_without_flips_nothing_is_said_about_a_spread(make_mammogram: Make, make_prepared: Prepare) -> None:
    image = make_prepared(make_mammogram(), [Box(5, 5, 15, 15)])
    runner: Any = FakeRunner(says(malignant_mass=0.9))
    ((finding,),) = classify(runner, [image], batch=1, how=Sampling(flips=False))
    assert runner.batches == [1]
    assert (finding.uncertainty, finding.spread_over) == (None, "")
