"""Squares of drawn women: the mass in the middle, as large as it is, and nothing of it in the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mammoview.core.findings import PatchClass
from mammoview.imaging.phantom_truth import LesionShape
from mammoview.models.loading import load
from mammoview.models.networks import PatchNet
from mammoview.models.preprocess import ImageSpec, PatchSpec, Preprocess
from mammoview.training.cases.augment import STILL
from mammoview.training.cases.phantom_patches import sequence_tiles
from mammoview.training.cases.phantom_sequences import PhantomSequence, draw_sequence
from mammoview.training.cases.samples import TileBatches
from mammoview.training.cases.tiles import TileSet
from mammoview.training.config import NetworkConfig, PackageConfig, SplitConfig, TrainingConfig
from mammoview.training.learning.schedule import Stage
from mammoview.training.recipes import phantom_recipes
from mammoview.training.recipes.fitting import Run
from mammoview.training.recipes.launch import Kind, Order, launch

IMAGE, PATCH = ImageSpec(rows=320, columns=192), PatchSpec(size_px=64)
CLASSES = tuple(PatchClass)


def draw_small(seed: int) -> PhantomSequence:
    return draw_sequence(seed, rows=160, columns=128, priors=1)


@pytest.fixture(scope="module")
def woman() -> PhantomSequence:
    return draw_sequence(3, rows=256, columns=208, priors=2, is_growing=False)


@pytest.fixture(scope="module")
def tiles(woman: PhantomSequence) -> TileSet:
    return sequence_tiles([woman], IMAGE, PATCH, background=2)


def test_box_of_a_mass_moves_with_the_breast(woman: PhantomSequence) -> None:
    """What lies in the box is brighter than what lies around it, at each exam."""
    for exam in woman.exams:
        for view in exam.views:
            if view.mass is None:
                assert view.mass_px == 0
                continue
            rows, columns = view.mass.slices()
            height, width = rows.stop - rows.start, columns.stop - columns.start
            assert height * width >= view.mass_px / 1.2
            around = view.pixels[rows.start - height : rows.stop + height, columns.start - width : columns.stop + width]
            assert view.pixels[rows, columns].mean() > around[around > 0].mean()


def test_each_mass_has_one_square_and_each_image_those_without(woman: PhantomSequence, tiles: TileSet) -> None:
    views = [view for exam in woman.exams for view in exam.views]
    masses = tiles.labels > 0
    assert masses.sum() == sum(view.mass is not None for view in views) > 0
    assert 0 < (~masses).sum() <= 2 * len(views)
    expected = PatchClass.BENIGN_MASS if woman.shape is LesionShape.SMOOTH_MASS else PatchClass.MALIGNANT_MASS
    assert set(tiles.labels[masses].tolist()) == {CLASSES.index(expected)}
    assert set(tiles.patients.tolist()) == {"phantom-3"}


def test_squares_have_the_scale_of_the_image_and_the_mass_in_the_middle(tiles: TileSet) -> None:
    drawn = TileBatches(tiles, PATCH, 64, STILL)
    images = np.stack([drawn.draw(row, np.random.default_rng(0))[0][0] for row in range(len(tiles.labels))])
    assert images.shape[1:] == (64, 64)
    middle = images[tiles.labels > 0][:, 28:36, 28:36].mean(axis=(1, 2))
    assert (middle > images[tiles.labels > 0].mean(axis=(1, 2))).all()


def test_a_large_mass_fills_more_of_its_square_than_a_small_one() -> None:
    growing = draw_sequence(3, rows=256, columns=208, priors=2, is_growing=True)
    boxes = [[view.mass for view in exam.views if view.mass is not None] for exam in growing.exams]
    sizes = [max(box.height_px for box in exam) for exam in boxes if exam]
    assert sizes == sorted(sizes)
    tiles = sequence_tiles([growing], IMAGE, PATCH, background=0)
    assert len({tuple(box) for box in tiles.boxes.tolist()}) == 1, "squares of one size"


def test_recipe_writes_an_experimental_patch_classifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phantom_recipes, "draw_sequence", draw_small)
    config = TrainingConfig(
        package=PackageConfig(id="toy-patch", version="1", title="Toy (experimental)", score_meaning="experimental: x"),
        network=NetworkConfig(
            architecture="resnet-patch", sizes={"depths": [1, 1, 1, 1], "width": 4, "in_channels": 1}
        ),
        preprocess=Preprocess(image=IMAGE, patch=PATCH),
        split=SplitConfig(seed=5, validation_share=0.5),
        stages=(Stage(name="all", epochs=1, learning_rate=1e-3),),
        batch_size=8,
        seed=0,
        loss="cross_entropy",
        source="phantom_masses",
        phantoms=12,
    )
    info = phantom_recipes.train_drawn_patch(tmp_path, Run(config, tmp_path / "run"))
    assert info.manifest.experimental
    assert info.manifest.parent_sha256 is None
    package = load(info)
    assert isinstance(package.network(), PatchNet)
    assert package.preprocess.image == IMAGE
    assert "auc_lesion_vs_background" in {metric.name for metric in package.evaluation.metrics}
    assert "No real image was seen" in (info.folder / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_a_config_of_drawn_masses_starts_that_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(phantom_recipes, "train_drawn_patch", lambda data, run: asked.append(run.config.source))
    config = Path("trainers/configs/phantom_patch.toml")
    launch(Order(Kind.PATCH, config, tmp_path, tmp_path / "run"), lambda share, text: None)
    assert asked == ["phantom_masses"]
