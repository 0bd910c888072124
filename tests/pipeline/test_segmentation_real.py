"""Outlines on real images, by the packages that ship."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mammoview.core.findings import Finding, LesionKind, PatchClass
from mammoview.core.geometry import Box
from mammoview.core.study import ViewPosition
from mammoview.dicom.raster import describe_raster
from mammoview.imaging.truth import agreement, read_mask
from mammoview.pipeline.request import AnalysisRequest, Outlining
from mammoview.pipeline.runner import run
from mammoview.pipeline.segmentation import segment
from mammoview.pipeline.shelf import Shelf
from mammoview.pipeline.stages import PreparedImage, prepare

pytestmark = pytest.mark.data

#: Images whose masks hold one compact lesion each.
CASES = ("P129_L_DM_CC", "P174_L_DM_CC", "P208_R_DM_CC", "P102_R_DM_MLO", "P111_R_DM_MLO")


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf()


def lesion(data: Path, name: str) -> tuple[PreparedImage, np.ndarray, Box]:
    """An image, its mask, and the box of the one lesion there."""
    truth = read_mask(data / "cdd_cesm" / "masks" / f"{name}.jpg", 512, 512)
    _, _, stats, _ = cv2.connectedComponentsWithStats(truth.astype(np.uint8))
    left, top, wide, high, _ = (int(value) for value in max(stats[1:], key=lambda row: row[4]))
    image = prepare(describe_raster(data / "cdd_cesm" / "images" / f"{name}.jpg"), is_scored=False)
    return image, truth, Box(top, left, top + high, left + wide)


def outlined(shelf: Shelf, image: PreparedImage, *boxes: Box, outlining: Outlining = Outlining.AUTO) -> Any:
    networks = shelf.open(AnalysisRequest((image.image,), "s", device="cpu", threads=1))
    findings = tuple(Finding(f"{box}", LesionKind.MASS, box, box.centre, 0.5, (0.2,) * 5) for box in boxes)
    return segment(
        networks.segmenters,
        lambda one: networks.classify([one])[0],
        image,
        findings,
        outlining=outlining,
        threshold=0.5,
    )


def test_outlines_lie_on_the_lesions_in_both_views(data: Path, shelf: Shelf) -> None:
    dice = []
    for name in CASES:
        image, truth, box = lesion(data, name)
        found = outlined(shelf, image, box)
        assert found.findings[0].mask is not None
        dice.append(agreement(truth, found.findings[0].mask.to_array()).dice)
        assert found.findings[0].area_mm2 is None, "these files know no physical scale"
        (part,) = found.layers.parts
        assert part.box.intersection(box).area_px > 0
    # Laid one pixel beside, mirrored or stretched they would hardly meet: the network itself reaches 0.8.
    assert np.mean(dice) > 0.65, dice


def test_a_whole_analysis_stacks_layers_inside_the_breast(data: Path, shelf: Shelf) -> None:
    paths = [data / "cdd_cesm" / "images" / f"P113_L_DM_{view}.jpg" for view in ("CC", "MLO")]
    images = tuple(describe_raster(path) for path in paths)
    assert {image.view for image in images} == {ViewPosition.CC, ViewPosition.MLO}
    request = AnalysisRequest(images, "s", device="cpu", threads=1)
    for one in run(request, networks=shelf.open(request)).images:
        assert one.layers is not None
        assert one.suppression is not None
        masks = [finding.mask.to_array() for finding in one.findings if finding.mask]
        benign, malignant = one.layers.benign.to_array(), one.layers.malignant.to_array()
        assert not (benign & malignant).any()
        assert not ((benign | malignant) & ~np.logical_or.reduce(masks)).any()
        assert not (np.logical_or.reduce(masks) & ~one.suppression.breast.to_array()).any()
        assert {part.finding for part in one.layers.parts} == {f.id for f in one.findings if f.mask}


def test_the_net_of_crops_can_be_moved_over_a_whole_breast(data: Path, shelf: Shelf) -> None:
    image, _, _ = lesion(data, CASES[0])
    assert image.suppression is not None
    found = outlined(shelf, image, outlining=Outlining.BREAST)
    breast = image.suppression.breast.to_array()
    for finding in found.findings:
        assert finding.mask is not None
        mask = finding.mask.to_array()
        assert mask.any()
        assert not (mask & ~breast).any()
        assert mask.sum() <= breast.sum() / 4
        assert len(finding.probabilities) == len(PatchClass)
    assert found.layers is None or found.layers.is_experimental
