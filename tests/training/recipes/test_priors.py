"""Learning what change looks like: the drawn women, the batches, the recipe, and that change is what is learned."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from mammoview.core.errors import UsageError
from mammoview.models.export import write_package
from mammoview.models.loading import load
from mammoview.models.manifest import Calibration, Evaluation, Identity, Score, Task
from mammoview.models.networks import PriorsNet, build
from mammoview.models.networks.temporal import ODDS
from mammoview.models.preprocess import ImageSpec, Preprocess
from mammoview.models.registry import PackageInfo
from mammoview.training.cases.phantom_sequences import INTERVALS, MAX_PRIORS, draw_sequence
from mammoview.training.cases.splits import Split
from mammoview.training.config import NetworkConfig, PackageConfig, SplitConfig, TrainingConfig
from mammoview.training.learning.schedule import Stage
from mammoview.training.recipes import priors
from mammoview.training.recipes.fitting import Run
from mammoview.training.recipes.priors import SequenceBatches, SequenceSet, measure_priors, train_priors

BODY = {"depths": [1, 1, 1, 1], "width": 4, "in_channels": 1}
CHANNELS = 128 + ODDS
draw_small = partial(draw_sequence, rows=160, columns=128)


def config(**changes: object) -> TrainingConfig:
    base = TrainingConfig(
        package=PackageConfig(
            id="toy-priors", version="1", title="Toy (experimental)", score_meaning="experimental: x"
        ),
        network=NetworkConfig(architecture="gru-priors", sizes={"embedding": 8, "hidden": 8, "dropout": 0.0}),
        preprocess=Preprocess(),
        split=SplitConfig(seed=1, validation_share=0.5),
        stages=(Stage(name="head", epochs=1, learning_rate=1e-2, trains=("head.*",)),),
        batch_size=4,
        seed=0,
        loss="cross_entropy",
        phantoms=8,
    )
    return TrainingConfig.model_validate({**base.model_dump(), **changes})


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> PackageInfo:
    torch.manual_seed(0)
    return write_package(
        tmp_path_factory.mktemp("parent") / "package",
        build("resnet-patch", BODY),
        identity=Identity(
            id="toy-patch",
            version="1",
            name="Toy",
            task=Task.PATCH,
            labels=("a", "b", "c", "d", "e"),
            score=Score(meaning="Toy.", training_prevalence=0.5),
            licence="CC-BY-3.0",
            training_data="Random numbers.",
            citations=("Somebody 2020",),
        ),
        preprocess=Preprocess(image=ImageSpec(rows=64, columns=32)),
        calibration=Calibration(),
        evaluation=Evaluation(),
        card="# Toy\n",
    )


def made_up(count: int, *, seed: int = 0, exams: int = 3) -> SequenceSet:
    """Women whose first channel is the size of a mass; only in those with label 1 does it grow to what it is now."""
    rng = np.random.default_rng(seed)
    embeddings = np.zeros((count, exams, 4, CHANNELS), np.float32)
    embeddings[..., :8] = rng.normal(0, 0.1, (count, exams, 4, 8))
    labels = np.arange(count) % 2
    now = rng.uniform(1, 3, count)
    months = np.tile(np.linspace(-24.0, 0.0, exams).astype(np.float32), (count, 1))
    growth = np.where(labels[:, None] == 1, 2.0 ** (months / 12.0), 1.0)
    embeddings[..., 0] += (now[:, None] * growth)[..., None].astype(np.float32)
    return SequenceSet(
        embeddings=embeddings,
        present=np.ones(embeddings.shape[:3], bool),
        months=months,
        labels=labels.astype(np.int64),
        has_mass=np.ones(count, bool),
        women=np.array([f"phantom-{seed}-{index}" for index in range(count)]),
    )


def test_a_growing_mass_grows_and_a_stable_one_does_not() -> None:
    growing = draw_small(3, priors=3, is_growing=True)
    sizes = np.array([[view.mass_px for view in exam.views] for exam in growing.exams])
    shown = sizes[:, sizes[-1] > 0]
    assert shown.shape[1] == 2, "the mass is seen in both views of its breast"
    assert (np.diff(shown, axis=0) >= 0).all()
    assert (shown[0] < 0.8 * shown[-1]).all()
    stable = next(s for s in (draw_small(seed, priors=2, is_growing=False) for seed in range(3, 9)) if s.has_mass)
    same = np.array([[view.mass_px for view in exam.views if view.mass_px] for exam in stable.exams])
    assert np.allclose(same, same[-1], rtol=0.2)


def test_the_newest_exam_does_not_tell_which_is_which() -> None:
    """The same woman, growing or not, has the same newest exam, pixel by pixel."""
    growing = draw_small(3, priors=1, is_growing=True)
    stable = draw_small(3, priors=1, is_growing=False)
    assert stable.has_mass
    for one, other in zip(growing.exams[-1].views, stable.exams[-1].views, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
    before = zip(growing.exams[0].views, stable.exams[0].views, strict=True)
    assert any(not np.array_equal(one.pixels, other.pixels) for one, other in before)


def test_exams_differ_in_more_than_the_mass_and_repeat_exactly() -> None:
    first, again = draw_small(4, priors=2), draw_small(4, priors=2)
    for exam, same in zip(first.exams, again.exams, strict=True):
        for one, other in zip(exam.views, same.views, strict=True):
            np.testing.assert_array_equal(one.pixels, other.pixels)
            assert not one.pixels[~one.breast].any()
            assert one.pixels[one.breast].all()
    views = [exam.views[0] for exam in first.exams]
    assert not np.array_equal(views[0].breast, views[1].breast), "the breast lies differently"
    months = np.array([exam.months for exam in first.exams])
    assert months[-1] == 0
    assert (np.diff(months) >= INTERVALS[0]).all()
    assert (np.diff(months) <= INTERVALS[1]).all()


def test_batches_leave_out_priors_and_views_but_never_the_newest_exam() -> None:
    sequences = made_up(40)
    seen = [batch.images for batch in SequenceBatches(sequences, 10)(np.random.default_rng(0))]
    assert len(seen) == SequenceBatches(sequences, 10).steps == 4
    present = torch.cat(seen)[..., -2] > 0.5
    assert present[:, -1].any(dim=1).all()
    exams = present.any(dim=2).sum(dim=1)
    assert exams.min() == 1
    assert exams.max() == 3
    assert not present[:, -1].all()


def test_the_newest_exam_alone() -> None:
    sequences = made_up(6)
    alone = sequences.newest_alone()
    assert (sequences.priors == 2).all()
    assert (alone.priors == 0).all()
    assert alone.present[:, -1].all()


def test_sequences_survive_the_disk(tmp_path: Path) -> None:
    sequences = made_up(4)
    sequences.save(tmp_path / "women.npz")
    for name, values in vars(SequenceSet.load(tmp_path / "women.npz")).items():
        np.testing.assert_array_equal(values, getattr(sequences, name))


def test_what_is_learned_is_change(tmp_path: Path) -> None:
    """Size alone says nothing here; with the earlier exams the same net tells growing masses from stable ones."""
    training, held = made_up(240), made_up(80, seed=9)
    split = Split(frozenset(training.women.tolist()), frozenset(held.women.tolist()))
    both = SequenceSet(
        **{name: np.concatenate([values, getattr(held, name)]) for name, values in vars(training).items()}
    )
    settings = config(batch_size=32)
    stages = (replace_epochs(settings.stages[0], 25),)
    run = Run(settings.model_copy(update={"stages": stages}), tmp_path)
    torch.manual_seed(0)
    net = build("gru-priors", {"body": BODY, "embedding": 8, "hidden": 16, "dropout": 0.0})
    assert isinstance(net, PriorsNet)
    frozen = {name: value.clone() for name, value in net.state_dict().items() if not name.startswith("head.")}
    priors.fit_priors(net, both, split, run)
    for name, value in frozen.items():
        torch.testing.assert_close(net.state_dict()[name], value, rtol=0, atol=0)
    found = {metric.name: metric for metric in measure_priors(net, both, split, run.config).metrics if not metric.group}
    assert found["auc_with_priors"].value > 0.95
    assert abs(found["auc_newest_exam_alone"].value - 0.5) < 0.25
    assert found["auc_gain"].low is not None
    assert found["auc_gain"].low > 0.1
    assert found["p_value_of_gain"].value < 1e-3


def replace_epochs(stage: Stage, epochs: int) -> Stage:
    return stage.model_copy(update={"epochs": epochs})


def test_recipe_writes_an_experimental_package(
    parent: PackageInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(priors, "draw_sequence", lambda seed: draw_small(seed, priors=1 + seed % 2))
    told: list[str] = []
    run = Run(config(), tmp_path / "run", progress=lambda share, text: told.append(text))
    info = train_priors(Path("phantom"), run, parent=parent.folder)
    manifest = info.manifest
    assert manifest.experimental
    assert manifest.task is Task.PRIORS
    assert manifest.labels == ("stable", "growing")
    assert manifest.parent_sha256 == parent.sha256
    assert manifest.licence == "CC-BY-3.0"
    assert "Somebody 2020" in manifest.citations
    assert "Drawing woman 8 of 8" in told
    package = load(info)
    assert package.preprocess.image == ImageSpec(rows=64, columns=32), "the parent's way of taking images"
    for name, value in load(parent).network().body.state_dict().items():  # type: ignore[union-attr]
        torch.testing.assert_close(package.network().body.state_dict()[name], value)  # type: ignore[union-attr]
    dense = load(parent).network().head.get_submodule("fc").state_dict()  # type: ignore[union-attr]
    for name, value in package.network().dense.state_dict().items():  # type: ignore[union-attr]
        torch.testing.assert_close(dense[name], value)
    names = {metric.name for metric in package.evaluation.metrics}
    assert {"auc_with_priors", "auc_newest_exam_alone", "auc_gain", "p_value_of_gain"} <= names
    card = (info.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "EXPERIMENTAL" in card
    assert "no probability of cancer" in card
    assert "Growing share" in card
    assert "Malignant" not in card
    told.clear()
    with pytest.raises(Exception, match="exists"):
        train_priors(Path("phantom"), replace(run), parent=parent.folder)
    assert not [text for text in told if text.startswith("Drawing")], "the women are kept"


def test_embeddings_lie_where_they_belong(parent: PackageInfo, tmp_path: Path) -> None:
    net, spec = priors.priors_net(load(parent), config())
    sequences = priors.embed_sequences(net, spec, (3, 4), draw=draw_small, run=Run(config(), tmp_path))
    drawn = [draw_small(seed) for seed in (3, 4)]
    assert sequences.embeddings.shape == (2, MAX_PRIORS + 1, 4, CHANNELS)
    for row, woman in enumerate(drawn):
        assert sequences.priors[row] == len(woman.exams) - 1
        assert sequences.labels[row] == woman.is_growing
        for column, exam in enumerate(woman.exams):
            assert sequences.present[row, column].sum() == len(exam.views)
            assert sequences.months[row, column] == pytest.approx(exam.months)
    assert (sequences.months == 0).sum(axis=1).tolist() == [1, 1], "padding does not pass for the newest exam"


def test_other_data_and_other_parents_are_refused(parent: PackageInfo, tmp_path: Path) -> None:
    run = Run(config(), tmp_path)
    with pytest.raises(UsageError, match="synthetic women"):
        train_priors(tmp_path, run, parent=parent.folder)
    torch.manual_seed(0)
    segmenter = write_package(
        tmp_path / "segmenter",
        build("bcir-unet", {"width": 2}),
        identity=Identity(
            id="toy",
            version="1",
            name="Toy",
            task=Task.SEGMENTATION,
            labels=("lesion",),
            licence="X",
            training_data="X",
        ),
        preprocess=Preprocess(image=ImageSpec(rows=64, columns=32)),
        calibration=Calibration(),
        evaluation=Evaluation(),
        card="# Toy\n",
    )
    with pytest.raises(UsageError, match="patch classifier"):
        train_priors(Path("phantom"), run, parent=segmenter.folder)
