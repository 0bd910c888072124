"""Outlines and layers, with segmenters and a judge whose answers are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mammoview.core.findings import Finding, LayerSource, LesionKind, LesionLayer
from mammoview.core.geometry import Box
from mammoview.core.study import Mammogram, ViewPosition
from mammoview.models.manifest import InputContract
from mammoview.models.preprocess import PatchSpec, Preprocess, SlidingSpec, patch_box
from mammoview.pipeline.outlines import fill_holes, own_part, probability_map
from mammoview.pipeline.request import Outlining
from mammoview.pipeline.segmentation import Segmented, segment
from mammoview.pipeline.stages import PreparedImage

Images = NDArray[np.float32]
Make = Callable[..., Mammogram]
Prepare = Callable[..., PreparedImage]

CLASSES = ("background", "benign", "malignant")
#: The toy images hold values up to 60,000 of 65,535; what is painted with these is lesion to the toy segmenters.
LESION, SERIOUS = 62_000, 65_000


@dataclass
class FakeSegmenter:
    """A runner whose network is ``answer``."""

    answer: Callable[[Images], Images]
    labels: tuple[str, ...] = ("lesion",)
    kinds: tuple[LesionKind, ...] = tuple(LesionKind)
    patch: PatchSpec | None = field(default_factory=lambda: PatchSpec(size_px=32))
    sliding: SlidingSpec | None = None
    experimental: bool = False
    inputs: list[Images] = field(default_factory=list)

    @property
    def package(self) -> Any:
        manifest = SimpleNamespace(
            input=InputContract(), labels=self.labels, kinds=self.kinds, experimental=self.experimental
        )
        return SimpleNamespace(manifest=manifest, preprocess=Preprocess(patch=self.patch, sliding=self.sliding))

    def run(self, images: Images) -> dict[str, Images]:
        self.inputs.append(images)
        return {"probabilities": self.answer(images)}


def bright(images: Images) -> Images:
    """Marks what is painted."""
    return (images >= 0.93).astype(np.float32)


def classes(images: Images) -> Images:
    """Benign what is painted as lesion, malignant what is painted as serious."""
    malignant = images >= 0.98
    benign = (images >= 0.93) & ~malignant
    return np.concatenate([~(benign | malignant), benign, malignant], axis=1).astype(np.float32)


def middle(images: Images) -> Images:
    """Marks the middle half of the crop, and a neighbour in its corner."""
    size = images.shape[2]
    answer = np.zeros((len(images), 1, size, size), np.float32)
    answer[..., size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = 0.9
    answer[..., : size // 8, : size // 8] = 0.9
    return answer


@dataclass
class FakeJudge:
    """A patch classifier that says ``scores`` of boxes by their first row, and background of the others."""

    scores: dict[int, float]
    asked: list[Box] = field(default_factory=list)

    def __call__(self, image: PreparedImage) -> tuple[Finding, ...]:
        boxes = [candidate.box for candidate in image.candidates]
        self.asked += boxes
        return tuple(finding(box, self.scores[int(box.row0)]) for box in boxes if int(box.row0) in self.scores)


def finding(box: Box, p_malignant: float = 0.6, kind: LesionKind = LesionKind.MASS, name: str = "") -> Finding:
    return Finding(name or f"{box}", kind, box, box.centre, p_malignant, (0.2,) * 5)


def painted(image: PreparedImage, *boxes: Box, value: int = LESION) -> PreparedImage:
    cleaned = image.cleaned.copy()
    for box in boxes:
        cleaned[box.slices()] = value
    return replace(image, cleaned=cleaned)


def outline_all(
    image: PreparedImage,
    findings: tuple[Finding, ...],
    *segmenters: FakeSegmenter,
    judge: FakeJudge | None = None,
    outlining: Outlining = Outlining.AUTO,
) -> Segmented:
    runners: Any = segmenters
    return segment(runners, judge or FakeJudge({}), image, findings, outlining=outlining, threshold=0.5)


# Around findings


def test_masks_lie_where_the_lesion_lies(make_mammogram: Make, make_prepared: Prepare) -> None:
    box = Box(20, 8, 36, 24)
    runner = FakeSegmenter(middle)
    assert patch_box(box, runner.patch).height_px == 32  # type: ignore[arg-type]
    (outlined,) = outline_all(make_prepared(make_mammogram()), (finding(box),), runner).findings
    expected = np.zeros((60, 40), dtype=bool)
    # Twice the long side is 32 pixels; its middle half is the box again.
    expected[box.slices()] = True
    assert outlined.mask is not None
    assert np.array_equal(outlined.mask.to_array(), expected), "and the neighbour is left out"
    assert outlined.area_mm2 == pytest.approx(16 * 16 * 0.5 * 0.25)
    assert min(row for row, _ in outlined.contour) == 20.5


def test_area_is_unknown_where_the_spacing_is(make_mammogram: Make, make_prepared: Prepare) -> None:
    image = make_prepared(make_mammogram(spacing_mm=None))
    (outlined,) = outline_all(image, (finding(Box(20, 8, 36, 24)),), FakeSegmenter(middle)).findings
    assert outlined.mask is not None
    assert outlined.area_mm2 is None


def test_a_crop_over_the_border_is_cut_and_nothing_lies_outside_the_breast(
    make_mammogram: Make, make_prepared: Prepare
) -> None:
    image = make_prepared(make_mammogram())
    corner, edge = finding(Box(0, 0, 16, 16)), finding(Box(30, 16, 46, 32), 0.5)
    first, second = outline_all(image, (corner, edge), FakeSegmenter(middle)).findings
    assert first.mask is not None
    assert second.mask is not None
    assert first.mask.to_array().sum() == first.mask.to_array()[:16, :16].sum() == 256
    assert second.mask.to_array().sum() == second.mask.to_array()[30:46, 16:26].sum() == 16 * 10


def test_every_finding_is_outlined_until_the_crops_are_too_many_pixels(
    make_mammogram: Make, make_prepared: Prepare
) -> None:
    image = make_prepared(make_mammogram())
    findings = tuple(finding(Box(10 * n, 5, 10 * n + 10, 15), 0.9 - n / 10) for n in range(5))
    small = outline_all(image, findings, FakeSegmenter(middle))
    assert all(one.mask is not None for one in small.findings)
    large = outline_all(image, findings, FakeSegmenter(middle, patch=PatchSpec(size_px=1024)))
    assert [one.mask is not None for one in large.findings] == [True, True, False, False, False]


def test_members_of_an_ensemble_are_averaged(make_mammogram: Make, make_prepared: Prepare) -> None:
    def nothing(images: Images) -> Images:
        return np.full_like(middle(images), 0.2)

    image, one = make_prepared(make_mammogram()), (finding(Box(20, 8, 36, 24)),)
    both = outline_all(image, one, FakeSegmenter(middle), FakeSegmenter(nothing))
    three = outline_all(image, one, FakeSegmenter(middle), FakeSegmenter(nothing), FakeSegmenter(nothing))
    assert both.findings[0].mask is not None, "(0.9 + 0.2) / 2 is above one half"
    assert three.findings[0].mask is None


def test_a_segmenter_outlines_the_kinds_that_it_was_made_for(make_mammogram: Make, make_prepared: Prepare) -> None:
    image = make_prepared(make_mammogram())
    mass = finding(Box(10, 4, 26, 20), 0.9, name="mass")
    cluster = finding(Box(30, 4, 46, 20), 0.8, LesionKind.CALCIFICATION, "cluster")
    everything, special = FakeSegmenter(middle), FakeSegmenter(middle, kinds=(LesionKind.CALCIFICATION,))
    special.experimental = True
    found = outline_all(image, (mass, cluster), everything, special)
    assert all(one.mask is not None for one in found.findings)
    assert len(everything.inputs) == len(special.inputs) == 1
    assert found.layers is not None
    assert found.layers.is_experimental
    alone = outline_all(image, (mass,), everything, special)
    assert alone.layers is not None
    assert not alone.layers.is_experimental
    only = outline_all(image, (mass, cluster), FakeSegmenter(middle, kinds=(LesionKind.CALCIFICATION,)))
    assert [one.mask is not None for one in only.findings] == [False, True]


def test_a_view_that_the_segmenter_does_not_know_is_left_as_it_is(make_mammogram: Make, make_prepared: Prepare) -> None:
    image = make_prepared(make_mammogram(view=ViewPosition.LM))
    given = (finding(Box(20, 8, 36, 24)),)
    assert outline_all(image, given, FakeSegmenter(middle)) == Segmented(given)


@pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO])
def test_both_standard_views_are_outlined(view: ViewPosition, make_mammogram: Make, make_prepared: Prepare) -> None:
    image = make_prepared(make_mammogram(view=view))
    assert outline_all(image, (finding(Box(20, 8, 36, 24)),), FakeSegmenter(middle)).findings[0].mask is not None


# Which part of a crop


def test_holes_are_filled_and_bays_are_not() -> None:
    ring = np.ones((7, 7), dtype=bool)
    ring[2:5, 2:5] = False
    assert fill_holes(ring).all()
    bay = ring.copy()
    bay[3, 5:] = False
    assert np.array_equal(fill_holes(bay), bay)
    corner = np.zeros((4, 4), dtype=bool)
    corner[1, :2] = corner[:2, 1] = True
    assert np.array_equal(fill_holes(corner), corner), "what touches the border is open"


def test_the_part_at_the_centre_wins_then_the_nearest_then_the_larger() -> None:
    own = Box(10, 10, 30, 30)
    mask = np.zeros((40, 40), dtype=bool)
    mask[12:15, 11:29] = True
    mask[19:22, 19:22] = True
    assert own_part(mask, own)[20, 20]
    assert own_part(mask, own).sum() == 9, "a larger part beside it is another lesion"
    mask[19:22, 19:22] = False
    assert own_part(mask, own).sum() == 3 * 18
    mask[25:28, 18:22] = True
    assert own_part(mask, own).sum() == 3 * 18, "as near, and larger"
    mask[24] = mask[25]
    assert own_part(mask, own)[24, 20]
    ring = np.zeros((40, 40), dtype=bool)
    ring[12:28, 12:28] = True
    ring[14:26, 14:26] = False
    assert own_part(ring, own).sum() == 16 * 16, "a ring encloses the centre"


def test_specks_and_parts_beside_the_box_are_no_outline() -> None:
    own = Box(10, 10, 30, 30)
    mask = np.zeros((40, 40), dtype=bool)
    mask[20, 20] = True
    mask[0:8, 0:8] = True
    assert not own_part(mask, own).any()
    assert own_part(mask, own, is_cluster=True).sum() == 1, "a calcification is a speck"


# Layers


def test_each_outline_goes_into_the_layer_of_its_own_score(make_mammogram: Make, make_prepared: Prepare) -> None:
    boxes = [Box(1, 4, 17, 20), Box(21, 4, 37, 20), Box(41, 4, 57, 20)]
    image = painted(make_prepared(make_mammogram()), *boxes)
    judge = FakeJudge({1: 0.3, 21: 0.8})
    findings = tuple(finding(box, 0.9 - n / 10) for n, box in enumerate(boxes))
    found = outline_all(image, findings, FakeSegmenter(bright), judge=judge)
    assert found.layers is not None
    assert judge.asked == [one.box for one in found.layers.parts], "the outline's own box is scored"
    assert [(part.p_malignant, part.layer) for part in found.layers.parts] == [
        (0.3, LesionLayer.BENIGN),
        (0.8, LesionLayer.MALIGNANT),
        (None, None),
    ]
    assert [part.finding for part in found.layers.parts] == [one.id for one in found.findings] == ["a#1", "a#2", "a#3"]
    assert [one.p_malignant for one in found.findings] == pytest.approx([0.9, 0.8, 0.7]), "scores stay"
    masks = [one.mask.to_array() for one in found.findings if one.mask]
    assert np.array_equal(found.layers.benign.to_array(), masks[0])
    assert np.array_equal(found.layers.malignant.to_array(), masks[1])
    assert {part.source for part in found.layers.parts} == {LayerSource.PATCH_CLASSIFIER}
    assert not found.layers.is_experimental


def test_layers_never_share_a_pixel(make_mammogram: Make, make_prepared: Prepare) -> None:
    image = make_prepared(make_mammogram())
    findings = (finding(Box(10, 4, 26, 20), 0.9), finding(Box(18, 6, 34, 22), 0.8))
    found = outline_all(image, findings, FakeSegmenter(middle), judge=FakeJudge({10: 0.2, 18: 0.7}))
    assert found.layers is not None
    benign, malignant = found.layers.benign.to_array(), found.layers.malignant.to_array()
    assert not (benign & malignant).any()
    first, second = (one.mask.to_array() for one in found.findings if one.mask)
    assert (first & second).any()
    assert np.array_equal(malignant, second), "where two lie over each other the more serious one counts"
    assert np.array_equal(benign, first & ~second)


def test_a_segmenter_with_classes_sorts_its_own_pixels(make_mammogram: Make, make_prepared: Prepare) -> None:
    box, core = Box(20, 8, 36, 24), Box(26, 8, 36, 24)
    image = painted(painted(make_prepared(make_mammogram()), box), core, value=SERIOUS)
    judge = FakeJudge({20: 0.1})
    found = outline_all(image, (finding(box),), FakeSegmenter(classes, CLASSES), judge=judge)
    assert found.layers is not None
    assert not judge.asked
    benign, malignant = found.layers.benign.to_array(), found.layers.malignant.to_array()
    assert malignant[core.slices()].all()
    assert benign[20:26, 8:24].all()
    assert not (benign & malignant).any()
    (part,) = found.layers.parts
    assert (part.layer, part.source) == (LesionLayer.MALIGNANT, LayerSource.SEGMENTER)
    assert part.p_malignant == pytest.approx(10 / 16)
    assert found.layers.is_experimental


def test_nothing_outlined_gives_no_layers(make_mammogram: Make, make_prepared: Prepare) -> None:
    given = (finding(Box(20, 8, 36, 24)),)
    assert outline_all(make_prepared(make_mammogram()), given, FakeSegmenter(bright)) == Segmented(given)


# All over the breast

WINDOWS = SlidingSpec(size_px=32, breast_px=60)


def whole(answer: Callable[[Images], Images], **changes: Any) -> FakeSegmenter:
    return FakeSegmenter(answer, patch=None, sliding=WINDOWS, **changes)


def test_windows_together_give_what_one_pass_gives(make_mammogram: Make, make_prepared: Prepare) -> None:
    """A network that looks at single pixels says the same whatever the windows; the breast's long side is 60."""

    def itself(images: Images) -> Images:
        return images.copy()

    image = make_prepared(make_mammogram())
    breast = image.suppression.breast.to_array()  # type: ignore[union-attr]
    runner: Any = whole(itself)
    told, box = probability_map(runner, image, WINDOWS, breast=breast)
    assert box == Box(0, 0, 60, 26)
    assert told[0] == pytest.approx(image.cleaned[:, :26] / 65_535.0, abs=1e-6)
    assert sum(len(images) for images in runner.inputs) == 3


def test_lesions_are_found_without_candidates(make_mammogram: Make, make_prepared: Prepare) -> None:
    boxes = [Box(4, 4, 20, 14), Box(30, 6, 46, 20), Box(50, 2, 53, 5)]
    image = painted(make_prepared(make_mammogram()), *boxes)
    judge = FakeJudge({4: 0.8, 30: 0.2, 50: 0.9})
    found = outline_all(image, (), whole(bright), judge=judge)
    assert [(one.id, one.box, one.p_malignant) for one in found.findings] == [
        ("a#1", boxes[0], 0.8),
        ("a#2", boxes[1], 0.2),
    ], "nine pixels are 1.1 mm²: too small for a mass"
    assert found.layers is not None
    assert np.array_equal(found.layers.malignant.to_array(), found.findings[0].mask.to_array())  # type: ignore[union-attr]
    assert found.layers.malignant.to_array()[boxes[0].slices()].all()
    assert len(judge.asked) == 2, "each lesion is scored once"
    assert not found.layers.is_experimental


def test_a_lesion_that_the_classifier_takes_for_tissue_is_no_finding(
    make_mammogram: Make, make_prepared: Prepare
) -> None:
    image = painted(make_prepared(make_mammogram()), Box(4, 4, 20, 14))
    assert outline_all(image, (), whole(bright)) == Segmented(())


def test_what_covers_a_finding_is_its_outline(make_mammogram: Make, make_prepared: Prepare) -> None:
    image = painted(make_prepared(make_mammogram()), Box(4, 4, 20, 14))
    given = (finding(Box(6, 6, 24, 16), 0.4), finding(Box(40, 6, 50, 16), 0.3))
    found = outline_all(image, given, whole(bright), judge=FakeJudge({4: 0.7}))
    assert [(one.box, one.mask is not None) for one in found.findings] == [(given[0].box, True), (given[1].box, False)]
    assert found.layers is not None
    assert found.layers.parts[0].p_malignant == 0.7


def test_a_net_of_crops_goes_over_the_breast_only_when_asked(make_mammogram: Make, make_prepared: Prepare) -> None:
    image = painted(make_prepared(make_mammogram()), Box(4, 2, 44, 24))
    judge = FakeJudge(dict.fromkeys(range(10), 0.7))
    assert outline_all(image, (), FakeSegmenter(bright), judge=judge).layers is None
    asked = outline_all(image, (), FakeSegmenter(bright), judge=judge, outlining=Outlining.BREAST)
    assert len(asked.findings) == 1
    assert asked.layers is not None
    assert asked.layers.is_experimental
    both = FakeSegmenter(bright, sliding=WINDOWS)
    assert len(outline_all(image, (), both, judge=judge).findings) == 1
    assert not outline_all(image, (), both, judge=judge, outlining=Outlining.FINDINGS).findings


def test_the_three_class_network_is_read_as_its_package_names_its_classes(
    make_mammogram: Make, make_prepared: Prepare
) -> None:
    """The real architecture, untrained, told by its last layer that everything is malignant, or benign."""
    import torch

    from mammoview.models.networks import BCirUNet, build

    network = build("bcir-unet-3", {"width": 2}).eval()
    assert isinstance(network, BCirUNet)

    def answer(images: Images) -> Images:
        with torch.inference_mode():
            return np.asarray(network.probabilities(network(torch.from_numpy(images))).numpy())

    image, box = make_prepared(make_mammogram()), Box(20, 8, 36, 24)
    for index, layer in ((2, LesionLayer.MALIGNANT), (1, LesionLayer.BENIGN)):
        with torch.no_grad():
            network.head.weight.zero_()
            network.head.bias.copy_(torch.eye(3)[index] * 9)
        found = outline_all(image, (finding(box),), FakeSegmenter(answer, CLASSES))
        assert found.layers is not None
        (part,) = found.layers.parts
        assert (part.layer, part.source) == (layer, LayerSource.SEGMENTER)
    with torch.no_grad():
        network.head.bias.copy_(torch.eye(3)[0] * 9)
    assert outline_all(image, (finding(box),), FakeSegmenter(answer, CLASSES)).layers is None
