"""From images to breasts, exam and links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mammoview.core.findings import Finding, ImageResult, LesionKind, MemberScore
from mammoview.core.geometry import Box
from mammoview.core.study import Laterality, Mammogram, ViewPosition
from mammoview.pipeline.fusing import fuse
from mammoview.pipeline.stages import PreparedImage

Make = Callable[..., Mammogram]
Prepare = Callable[..., PreparedImage]


def result(image: PreparedImage, score: float | None, *boxes: Box) -> ImageResult:
    findings = tuple(
        Finding(f"{image.image.id}#{number}", LesionKind.MASS, box, box.centre, 0.5, (0.2,) * 5)
        for number, box in enumerate(boxes)
    )
    return ImageResult(image.image.id, suppression=image.suppression, findings=findings, p_malignant=score)


def test_views_to_breasts_to_exam(make_mammogram: Make, make_prepared: Prepare) -> None:
    views = (
        ("RCC", Laterality.RIGHT, ViewPosition.CC, 0.2),
        ("RMLO", Laterality.RIGHT, ViewPosition.MLO, 0.6),
        ("LCC", Laterality.LEFT, ViewPosition.CC, 0.3),
        ("LMLO", Laterality.LEFT, ViewPosition.MLO, None),
    )
    images = [make_mammogram(name, laterality=side, view=view) for name, side, view, _ in views]
    fused = fuse(images, [result(make_prepared(image), view[3]) for image, view in zip(images, views, strict=True)])
    assert [breast.p_malignant for breast in fused.breasts] == pytest.approx([0.4, 0.3])
    assert [breast.is_single_view for breast in fused.breasts] == [False, True]
    assert fused.p_malignant == pytest.approx(0.4)


def test_findings_are_linked_within_a_breast_alone(make_mammogram: Make, make_prepared: Prepare) -> None:
    near, far = Box(28, 16, 32, 20), Box(4, 0, 8, 4)
    images = [
        make_mammogram("cc", view=ViewPosition.CC, spacing_mm=(2.0, 2.0)),
        make_mammogram("mlo", spacing_mm=(2.0, 2.0)),
        make_mammogram("other", laterality=Laterality.RIGHT, spacing_mm=(2.0, 2.0)),
    ]
    results = [result(make_prepared(image), None, near, far) for image in images]
    links = fuse(images, results).links
    assert {(link.cc, link.mlo) for link in links} == {("cc#0", "mlo#0"), ("cc#1", "mlo#1")}
    without = [results[0], replace(results[1], suppression=None)]
    assert fuse(images, without).links == ()


def test_each_model_has_its_own_breasts_and_exam(make_mammogram: Make, make_prepared: Prepare) -> None:
    """The second model knows CC views alone, and takes the other breast for the worse one."""
    own = {
        "RCC": (Laterality.RIGHT, ViewPosition.CC, (0.2, 0.9)),
        "RMLO": (Laterality.RIGHT, ViewPosition.MLO, (0.6,)),
        "LCC": (Laterality.LEFT, ViewPosition.CC, (0.7, 0.1)),
        "LMLO": (Laterality.LEFT, ViewPosition.MLO, (0.5,)),
    }
    images = [make_mammogram(name, laterality=side, view=view) for name, (side, view, _) in own.items()]
    results = []
    for image in images:
        scores = own[image.id][2]
        members = tuple(MemberScore(model, score) for model, score in zip(("a@1", "b@1"), scores, strict=False))
        results.append(replace(result(make_prepared(image), sum(scores) / len(scores)), members=members))
    fused = fuse(images, results)
    assert [[(m.model, m.p_malignant) for m in breast.members] for breast in fused.breasts] == [
        [("a@1", pytest.approx(0.4)), ("b@1", 0.9)],
        [("a@1", pytest.approx(0.6)), ("b@1", 0.1)],
    ]
    assert [(m.model, m.p_malignant) for m in fused.members] == [("a@1", pytest.approx(0.6)), ("b@1", 0.9)]
    assert fused.p_malignant == pytest.approx((0.55 + 0.6) / 2), "the maximum of the means over views"
