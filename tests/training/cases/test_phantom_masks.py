"""Tiles of drawn lesions: the masks are the drawn ones, at the scale that is promised."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mammoview.core.findings import LesionKind, PatchClass
from mammoview.core.geometry import Box
from mammoview.core.study import Laterality, ViewPosition
from mammoview.models.loading import load
from mammoview.models.networks import BCirUNet, build
from mammoview.models.preprocess import PatchSpec, Preprocess, SlidingSpec
from mammoview.training.cases.augment import STILL
from mammoview.training.cases.data import Film, Mass, ViewKey
from mammoview.training.cases.phantom_masks import (
    CLUSTER_MM,
    EMPTY_SHARE,
    ThreeClassBatches,
    box_tiles,
    chances_of,
    classes,
    cluster_mask,
    cluster_tiles,
    cluster_view,
    clusters_of,
    ellipse,
    mass_tiles,
    mass_view,
    patient_of,
    together,
)
from mammoview.training.cases.samples import TileBatches
from mammoview.training.cases.tiles import TILE_PX, TILE_SIDES, TileSet
from mammoview.training.config import NetworkConfig, PackageConfig, SplitConfig, TrainingConfig
from mammoview.training.learning.schedule import Stage
from mammoview.training.recipes import phantom_recipes
from mammoview.training.recipes.fitting import Run
from mammoview.training.recipes.measure_phantom import malignant_shares, marks_of, probability_over

ROWS = 384
SPEC = PatchSpec(size_px=64)
CLASSES = list(PatchClass)


@pytest.fixture(scope="module")
def masses() -> TileSet:
    return mass_tiles((2, 5), rows=ROWS)


@pytest.fixture(scope="module")
def clusters() -> TileSet:
    return cluster_tiles((4, 7), window_px=96, rows=640)


def film(tmp_path: Path, *, has_calcification: bool = False) -> Film:
    path = tmp_path / "film.jpg"
    image = np.full((800, 800), 120, np.uint8)
    cv2.ellipse(image, (400, 300), (60, 40), 0, 0, 360, 230, -1)
    cv2.imwrite(str(path), image)
    key = ViewKey("00007", Laterality.LEFT, ViewPosition.CC)
    mass = Mass(Box(260, 340, 340, 460), is_malignant=True)
    return Film(
        key=key,
        path=path,
        is_malignant=True,
        has_calcification=has_calcification,
        native_size=(4400, 2200),
        masses=(mass,),
    )


def test_a_tile_holds_the_drawn_mass(masses: TileSet) -> None:
    lesions = [lesion for seed in (2, 5) for lesion in mass_view(seed, rows=ROWS).truth.lesions]
    rows = masses.labels != CLASSES.index(PatchClass.BACKGROUND)
    assert int(rows.sum()) == len(lesions)
    for mask, label, lesion in zip(masses.masks[rows], masses.labels[rows], lesions, strict=True):
        scale = TILE_PX / (TILE_SIDES * max(lesion.box.height_px, lesion.box.width_px))
        assert mask.sum() == pytest.approx(lesion.region.area_px * scale**2, rel=0.1)
        assert (CLASSES[label] is PatchClass.MALIGNANT_MASS) is lesion.is_malignant
        row, col = (float(axis.mean()) for axis in np.nonzero(mask))
        assert np.hypot(row - TILE_PX / 2, col - TILE_PX / 2) < 0.1 * TILE_PX


def test_both_classes_are_drawn_and_places_without_a_mass_have_an_empty_mask(masses: TileSet) -> None:
    assert {CLASSES[label] for label in masses.labels} == {
        PatchClass.BACKGROUND,
        PatchClass.BENIGN_MASS,
        PatchClass.MALIGNANT_MASS,
    }
    empty = masses.masks[masses.labels == CLASSES.index(PatchClass.BACKGROUND)]
    assert not empty.any()
    assert set(masses.patients) == {patient_of(2), patient_of(5)}


@pytest.mark.parametrize("box", [Box(10, 20, 50, 80), Box(3.5, 2.5, 40.5, 21.5)])
def test_an_ellipse_fills_its_box(box: Box) -> None:
    mask = ellipse(box, (100, 90))
    rows, columns = np.nonzero(mask)
    assert rows.min() >= box.row0 - 0.5
    assert rows.max() + 1 <= box.row1 + 0.5
    assert columns.max() + 1 - columns.min() == pytest.approx(box.width_px, abs=2)
    assert mask.sum() == pytest.approx(np.pi / 4 * box.area_px, rel=0.03)


def test_box_tiles_name_the_pathology_and_lie_on_the_mass(tmp_path: Path) -> None:
    tiles = box_tiles([film(tmp_path)], seed=0)
    assert [CLASSES[label] for label in tiles.labels] == [PatchClass.MALIGNANT_MASS, PatchClass.BACKGROUND]
    bright = tiles.pixels[0] > 180
    overlap = 2 * (bright & (tiles.masks[0] > 0)).sum() / (bright.sum() + tiles.masks[0].sum())
    assert overlap > 0.9
    assert set(tiles.patients) == {"00007"}
    assert not (tiles.pixels[1] > 200).any(), "the other place does not touch the mass"


def test_films_with_calcifications_give_no_empty_places(tmp_path: Path) -> None:
    tiles = box_tiles([film(tmp_path, has_calcification=True)], seed=0)
    assert CLASSES.index(PatchClass.BACKGROUND) not in tiles.labels


def test_clusters_keep_their_native_pixels(clusters: TileSet) -> None:
    view = cluster_view(4, rows=640)
    assert view.spacing_mm == CLUSTER_MM <= 0.1
    image = (view.pixels >> 8).astype(np.uint8)
    tile = clusters.pixels[0]
    inner = np.ascontiguousarray(tile[40:100, 40:100])
    found = cv2.matchTemplate(image, inner, cv2.TM_SQDIFF)
    row, col = np.unravel_index(found.argmin(), found.shape)
    # The tile is a piece of the view, pixel by pixel.
    np.testing.assert_array_equal(image[row : row + 60, col : col + 60], inner)


def test_cluster_tiles_hold_clusters_or_none(clusters: TileSet) -> None:
    is_empty = clusters.labels == CLASSES.index(PatchClass.BACKGROUND)
    assert clusters.masks[~is_empty].any(axis=(1, 2)).all()
    assert is_empty.any()
    view = cluster_view(4, rows=640)
    assert cluster_mask(view).sum() <= sum(lesion.region.area_px for lesion in clusters_of(view))
    assert all(lesion.kind is LesionKind.CALCIFICATION for lesion in clusters_of(view))


def test_a_window_is_cut_without_resizing(clusters: TileSet) -> None:
    spec = PatchSpec(size_px=96, context=2.0)
    batch = next(iter(TileBatches(clusters, spec, 1, STILL).still()))
    side = clusters.pixels.shape[1]
    margin = (side - 96) // 2
    expected = clusters.pixels[0][margin : margin + 96, margin : margin + 96] / 255.0
    np.testing.assert_allclose(batch.images[0, 0].numpy(), expected, atol=2e-3)
    np.testing.assert_array_equal(
        batch.targets[0, 0].numpy() > 0.5, clusters.masks[0][margin : margin + 96, margin : margin + 96] > 0
    )


def test_three_classes_follow_the_labels(masses: TileSet) -> None:
    batches = ThreeClassBatches(TileBatches(masses, SPEC, 4, STILL))
    rng = np.random.default_rng(0)
    found = list(batches(rng))
    assert len(found) == batches.steps == len(masses.labels) // 4
    targets = torch.cat([batch.targets for batch in found])
    assert targets.dtype == torch.int64
    assert targets.shape[1:] == (64, 64)
    assert set(targets.unique().tolist()) == {0, 1, 2}
    for one in targets:
        assert len(set(one.unique().tolist()) - {0}) <= 1, "a tile has one lesion, of one class"


def test_each_set_and_each_class_is_drawn_as_often() -> None:
    def labelled(*counts: int) -> TileSet:
        names = (PatchClass.BACKGROUND, PatchClass.BENIGN_MASS, PatchClass.MALIGNANT_MASS)
        labels = np.repeat([CLASSES.index(name) for name in names], counts)
        nothing = np.zeros((len(labels), 0), np.uint8)
        return TileSet(nothing, nothing, np.zeros((len(labels), 4), np.float32), labels, np.full(len(labels), "a"))

    few, many = labelled(1, 2, 5), labelled(40, 0, 10)
    chances = chances_of((few, many))
    assert chances.sum() == pytest.approx(1)
    of_few, of_many = np.split(chances, [8])
    assert of_few.sum() == pytest.approx(of_many.sum())
    assert 2 * of_few[0] == pytest.approx(EMPTY_SHARE)
    assert of_few[1:3].sum() == pytest.approx(of_few[3:].sum())
    # Without benign masses the two others keep their proportion.
    assert of_many[:40].sum() / of_many[40:].sum() == pytest.approx(EMPTY_SHARE / ((1 - EMPTY_SHARE) / 2))


def test_tiles_are_drawn_as_often_as_their_chances_say(masses: TileSet) -> None:
    chances = np.zeros(len(masses.labels))
    chances[masses.labels == CLASSES.index(PatchClass.MALIGNANT_MASS)] = 1
    batches = ThreeClassBatches(TileBatches(masses, SPEC, 4, STILL), chances / chances.sum())
    targets = torch.cat([batch.targets for batch in batches(np.random.default_rng(0))])
    assert set(targets.unique().tolist()) == {0, 2}


def test_classes_of_masks() -> None:
    masks = np.ones((3, 2, 2))
    masks[2] = 0
    labels = np.array([CLASSES.index(name) for name in (PatchClass.BENIGN_MASS, PatchClass.MALIGNANT_MASS)] + [0])
    assert classes(masks, labels)[:, 0, 0].tolist() == [1, 2, 0]


def test_sets_are_put_together(masses: TileSet) -> None:
    both = together((masses, masses))
    assert len(both.labels) == 2 * len(masses.labels)
    np.testing.assert_array_equal(both.pixels[len(masses.labels) :], masses.pixels)


def test_marks_are_connected_parts_of_some_size() -> None:
    probability = np.zeros((100, 100), np.float32)
    probability[10:30, 40:60] = 0.7
    probability[20, 50] = 0.9
    probability[80:84, 80:84] = 1.0
    ((box, score),) = marks_of(probability, spacing_mm=0.1)
    assert (box.row0, box.col0, box.row1, box.col1) == (10, 40, 30, 60)
    assert score == pytest.approx(0.9)


def test_the_malignant_share_is_that_of_lesion_inside_the_box() -> None:
    truth = np.zeros((2, 8, 8), np.int64)
    truth[0, 2:4, 2:6] = 1
    truth[1, 5, 5] = 2
    told = np.zeros((2, 3, 8, 8), np.float32)
    told[:, 0] = 1.0
    told[0, :, 2:4, 2:6] = np.array([0.2, 0.6, 0.2])[:, None, None]
    told[1, :, 5, 5] = 0.0, 0.0, 1.0
    # Outside the box nothing counts.
    told[:, :, 0, 0] = 0.0, 1.0, 0.0
    np.testing.assert_allclose(malignant_shares(told, truth), [0.25, 1.0], rtol=1e-6)


class _Bright(BCirUNet):
    """Says what is brighter than its window's middle gray."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return 100.0 * images


def test_windows_over_a_view_see_every_pixel_of_the_breast() -> None:
    net = _Bright(build("bcir-unet", {"width": 2}).sizes)  # type: ignore[arg-type]
    spec = SlidingSpec(size_px=64, breast_px=64, mm_per_px=0.1, overlap=0.5, mean=0.5)
    pixels = np.full((150, 110), 10_000, np.uint16)
    pixels[60:80, 70:90] = 60_000
    breast = np.ones(pixels.shape, bool)
    breast[:, 85:] = False
    found = probability_over(net, pixels, breast, spec)
    assert found.shape == pixels.shape
    np.testing.assert_array_equal(found > 0.5, (pixels > 50_000) & breast)


def _config(**changes: object) -> TrainingConfig:
    base = TrainingConfig(
        package=PackageConfig(id="toy", version="1", title="Toy (experimental)", score_meaning="experimental"),
        network=NetworkConfig(architecture="bcir-unet-3", sizes={"width": 2}),
        preprocess=Preprocess(patch=SPEC),
        split=SplitConfig(seed=3, validation_share=0.5),
        stages=(
            Stage(name=phantom_recipes.DRAWN_STAGE, epochs=1, learning_rate=1e-3),
            Stage(name="all", epochs=1, learning_rate=1e-3),
        ),
        batch_size=2,
        seed=0,
        loss="cross_entropy_dice",
        source="three_class",
        phantoms=2,
    )
    return TrainingConfig.model_validate({**base.model_dump(), **changes})


def test_three_class_recipe_writes_an_experimental_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    films = []
    for patient in ("00001", "00007"):
        own = film(tmp_path)
        films.append(replace(own, key=replace(own.key, patient=patient)))
    table = tmp_path / "folds.csv"
    table.write_text("dataset,patient,fold\ncbis_ddsm,00001,0\ncbis_ddsm,00007,1\n")
    monkeypatch.setattr(phantom_recipes, "site_folds", lambda: table)
    monkeypatch.setattr(phantom_recipes, "_films", lambda data: tuple(films))
    monkeypatch.setattr(phantom_recipes, "mass_tiles", lambda seeds, tell: mass_tiles(seeds, rows=ROWS, tell=tell))
    info = phantom_recipes.train_three_class(tmp_path, Run(_config(), tmp_path / "run"))
    assert info.manifest.experimental
    assert info.manifest.labels == ("background", "benign", "malignant")
    assert info.manifest.kinds == (LesionKind.MASS,)
    package = load(info)
    groups = {metric.group for metric in package.evaluation.metrics}
    assert groups == {"phantom", "CBIS-DDSM boxes"}
    names = {metric.name for metric in package.evaluation.metrics}
    assert {"dice_benign", "dice_malignant", "dice_lesion", "class_right", "empty_false_share"} <= names
    card = (info.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "EXPERIMENTAL" in card
    assert "ellipse" in card
    assert isinstance(package.network(), BCirUNet)
    split = (tmp_path / "run" / "split.csv").read_text()
    assert "00001,validation" in split, "the site's fold is held out"


def test_calcification_recipe_writes_an_experimental_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        phantom_recipes,
        "cluster_tiles",
        lambda seeds, window_px, tell: cluster_tiles(seeds, window_px=window_px, rows=640, tell=tell),
    )
    monkeypatch.setattr(
        "mammoview.training.recipes.measure_phantom.cluster_view", lambda seed: cluster_view(seed, rows=640)
    )
    sliding = SlidingSpec(size_px=64, breast_px=640, mm_per_px=CLUSTER_MM, overlap=0.0)
    config = _config(
        network=NetworkConfig(architecture="bcir-unet", sizes={"width": 2}),
        preprocess=Preprocess(sliding=sliding),
        loss="bce_dice",
        source="phantom_calcifications",
    )
    info = phantom_recipes.train_calcification(tmp_path, Run(config, tmp_path / "run"))
    assert info.manifest.experimental
    assert info.manifest.kinds == (LesionKind.CALCIFICATION,)
    names = {metric.name for metric in load(info).evaluation.metrics}
    assert {"dice", "iou", "object_recall", "false_marks_per_image"} <= names
    assert "No real calcification was seen" in (info.folder / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_seeds_of_another_split_draw_other_women() -> None:
    first = phantom_recipes.phantom_seeds(_config())
    second = phantom_recipes.phantom_seeds(_config(split={"seed": 4}))
    assert not set(first) & set(second)
    split = phantom_recipes.phantom_split(_config(phantoms=8))
    assert len(split.training) == len(split.validation) == 4
