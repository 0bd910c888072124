"""Training on a site's own table: all kinds, splits by patient, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from mammoview.core.errors import InputError, UsageError
from mammoview.core.progress import Progress, no_progress
from mammoview.models.loading import load
from mammoview.models.manifest import Task
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.cases.case import boxed, labelled
from mammoview.training.cases.splits import Split, read_split, write_split
from mammoview.training.config import SplitConfig, TrainingConfig
from mammoview.training.recipes import papers as recipes
from mammoview.training.recipes import transfer
from mammoview.training.recipes.fitting import Run
from mammoview.training.recipes.launch import Kind, Order, Precision, launch
from mammoview.training.recipes.site import (
    Site,
    check_parent,
    check_sides,
    configured_split,
    open_site,
    patient_classes,
    public_folder,
)

BODY = {"depths": [1, 1, 1, 1], "width": 4, "in_channels": 1}
NETWORKS: dict[str, dict[str, object]] = {
    "patch": {"architecture": "resnet-patch", "sizes": BODY},
    "image": {"architecture": "resnet-whole-image", "sizes": {**BODY, "top": [[8, 8, 16]], "top_units": 1}},
    "segment": {"architecture": "bcir-unet", "sizes": {"width": 2}},
    "tune": {},
}
SIZE = 96
TRANSFER = Path(__file__).parents[3] / "trainers" / "configs" / "transfer.toml"


def config(kind: str, **changes: object) -> TrainingConfig:
    words: dict[str, object] = {
        "package": {"id": f"site-{kind}", "version": "1", "title": "Site", "score_meaning": "malignant"},
        "network": NETWORKS[kind],
        "preprocess": {} if kind == "tune" else {"patch": {"size_px": 32}, "image": {"rows": 64, "columns": 64}},
        "split": {"seed": 1, "validation_share": 0.4},
        "stages": [{"name": "all", "epochs": 1, "learning_rate": 1e-3}],
        "batch_size": 4,
        "seed": 1,
        "loss": "bce_dice" if kind == "segment" else "cross_entropy",
        **changes,
    }
    return TrainingConfig.model_validate(words)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve patients with an image each, half of them malignant; one more image is without a label."""
    root = tmp_path_factory.mktemp("site")
    rows, columns = np.ogrid[:SIZE, :SIZE]
    lines = ["path,patient,laterality,view,label,boxes,mask"]
    for number in range(13):
        label = ("benign", "malignant")[number % 2] if number < 12 else "unknown"
        disc = (rows - 48) ** 2 + (columns - 30) ** 2 <= (8 + 4 * (number % 2)) ** 2
        tissue = ((rows - 48) / 44) ** 2 + (columns / 70) ** 2 < 1
        noise = np.random.default_rng(number).integers(-6, 6, (SIZE, SIZE))
        image = np.where(disc, 200, np.where(tissue, 110 + noise, 0))
        for name, pixels in ((f"{number}.png", image), (f"{number}-mask.png", disc * 255)):
            assert cv2.imwrite(str(root / name), pixels.astype(np.uint8))
        lines.append(f"{number}.png,w{number},L,CC,{label},34 16 62 44 mass,{number}-mask.png")
    path = root / "cases.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def patch_package(table: Path, tmp_path_factory: pytest.TempPathFactory) -> PackageInfo:
    return recipes.train_patch(table, Run(config("patch", describing=1.0), tmp_path_factory.mktemp("patch")))


@pytest.fixture(scope="module")
def image_package(table: Path, patch_package: PackageInfo, tmp_path_factory: pytest.TempPathFactory) -> PackageInfo:
    run = Run(config("image"), tmp_path_factory.mktemp("image"))
    return transfer.train_image(table, run, parent=patch_package.folder)


def alone(info: PackageInfo, folder: Path) -> Path:
    """A copy of a package without the table of its split beside it."""
    return shutil.copytree(info.folder, folder / "alone")


def test_a_table_gives_a_patch_classifier(patch_package: PackageInfo) -> None:
    assert patch_package.task is Task.PATCH
    split = read_split(patch_package.folder.parent / "split.csv")
    # The patient of unknown label is split as well, so that all tasks of the site agree.
    assert split.training | split.validation == {f"w{number}" for number in range(13)}
    card = (patch_package.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "12 patients with 12 images. 1 images were left out." in " ".join(card.split())
    learned = len(split.training - {"w12"})
    assert f"Learned from {learned} patients with {learned} images of one site" in card
    assert "40% held out (seed 1)" in card
    assert "CBIS" not in card
    assert patch_package.manifest.licence == "LicenseRef-Site"


def test_a_table_gives_a_whole_image_classifier_by_surgery(
    image_package: PackageInfo, patch_package: PackageInfo
) -> None:
    assert image_package.task is Task.WHOLE_IMAGE
    assert image_package.manifest.parent_sha256 == patch_package.sha256
    assert load(image_package).evaluation.split_sha256 == load(patch_package).evaluation.split_sha256
    assert f"It started from `{patch_package.key}`" in (image_package.folder / "MODEL_CARD.md").read_text("utf-8")


def test_a_table_gives_a_segmenter(table: Path, tmp_path: Path) -> None:
    info = recipes.train_segmenter(table, Run(config("segment"), tmp_path))
    assert info.task is Task.SEGMENTATION
    (dice,) = [one for one in load(info).evaluation.metrics if one.name == "dice"]
    assert dice.n_patients == len(read_split(tmp_path / "split.csv").validation)


def test_few_patients_tune_a_net_by_cross_validation(
    table: Path, image_package: PackageInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The parent comes from elsewhere: nothing beside it says whom it knew.
    monkeypatch.setattr(transfer, "FOLDS", 2)
    parent = alone(image_package, tmp_path)
    before = {path.name: path.read_bytes() for path in parent.iterdir()}
    told: list[str] = []
    # Another split than the parent's: it cannot be told from that, either.
    words = config("tune", split={"seed": 9})
    run = Run(words, tmp_path / "run", progress=lambda _, text: told.append(text))
    info = transfer.train_image(table, run, parent=parent)
    assert {path.name: path.read_bytes() for path in parent.iterdir()} == before
    assert info.manifest.parent_sha256 == image_package.sha256
    assert info.manifest.architecture == "resnet-whole-image"
    assert load(info).preprocess == load(image_package).preprocess
    assert any("learned from these patients is not known" in text for text in told)
    assert "1 of 13 images have no label: left out" in told
    package = load(info)
    values = {(one.name, one.group): one for one in package.evaluation.metrics}
    assert values["auc_image", ""].n_patients == 12
    assert ("auc_image", "the parent, before tuning") in values
    assert "2 nets of a cross-validation" in package.evaluation.protocol
    own = read_split(tmp_path / "run" / "split.csv")
    assert package.evaluation.split_sha256 == own.sha256
    assert (len(own.training), len(own.validation)) == (12, 0)
    trained, started = package.state, load(image_package).state
    assert all(not np.array_equal(trained[name], started[name]) for name in trained if name.endswith("conv1.weight"))
    card = (info.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"What the card of `{image_package.key}` says of its limits" in card
    auc = values["auc_image", ""]
    assert auc.low is not None
    assert auc.high is not None
    assert ("too few to say whether tuning helped" in card) == (auc.high - auc.low > transfer.WIDE)
    assert info.manifest.licence == "LicenseRef-Site"


def test_the_command_tunes_with_the_shipped_config(
    table: Path, image_package: PackageInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "FOLDS", 2)
    parent = alone(image_package, tmp_path)
    order = Order(Kind.IMAGE, TRANSFER, table, tmp_path / "run", parent, precision=Precision.FP32, device="cpu")
    info = launch(order, no_progress)
    assert info.folder == tmp_path / "run" / "package"
    assert (info.id, info.manifest.parent_sha256) == ("site-whole-image", image_package.sha256)
    with pytest.raises(UsageError, match="finished package already"):
        launch(order, no_progress)


def test_with_enough_patients_a_tuned_net_is_judged_on_held_out_ones(
    table: Path, image_package: PackageInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "LEAST_TO_HOLD_OUT", 12)
    info = transfer.train_tuned(table, Run(config("tune"), tmp_path), parent=image_package.folder)
    split = read_split(tmp_path / "split.csv")
    # The same split as the parent's: it never saw them either.
    assert load(info).evaluation.split_sha256 == split.sha256 == load(image_package).evaluation.split_sha256
    (auc,) = [one for one in load(info).evaluation.metrics if (one.name, one.group) == ("auc_image", "")]
    assert auc.n_patients == len(split.validation - {"w12"})


def test_a_parent_that_knew_the_patients_is_refused(table: Path, image_package: PackageInfo, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="that are to judge it"):
        transfer.train_tuned(table, Run(config("tune"), tmp_path), parent=image_package.folder)
    other = config("image", split={"seed": 2, "validation_share": 0.4})
    with pytest.raises(UsageError, match="that are to judge it"):
        transfer.train_image(table, Run(other, tmp_path), parent=patch_of(image_package))


def patch_of(info: PackageInfo) -> Path:
    """The fixtures' patch classifier, which lies beside."""
    return next(
        path
        for path in info.folder.parents[1].glob("patch*/package")
        if read_info(path).sha256 == info.manifest.parent_sha256
    )


def test_a_split_beside_a_package_counts_only_when_it_is_its_own(image_package: PackageInfo, tmp_path: Path) -> None:
    own = read_split(image_package.folder.parent / "split.csv")
    assert check_parent(image_package, own.validation) == ""
    lonely = read_info(alone(image_package, tmp_path))
    write_split(Split(own.validation, own.training), tmp_path / "split.csv")
    assert "is not known" in check_parent(lonely, own.validation)
    with pytest.raises(UsageError, match="learned from"):
        check_parent(lonely, own.training, (own,))


def test_a_config_for_another_network_is_refused(image_package: PackageInfo) -> None:
    package = load(image_package)
    other = {"architecture": "resnet-whole-image", "sizes": BODY}
    with pytest.raises(UsageError, match="another network"):
        transfer.tuned_config(package, config("tune", network=other))
    own_mean = config("tune", preprocess={"image": {"rows": 32, "columns": 32, "mean": 0.3}})
    spec = transfer.tuned_config(package, own_mean).preprocess.image
    assert spec is not None
    assert (spec.mean, spec.rows) == (0.3, 64)


def test_a_table_of_folds_splits(tmp_path: Path) -> None:
    folds = tmp_path / "folds.csv"
    folds.write_text("dataset,patient,fold\nx,a,0\nx,b,1\ny,a,0\ny,b,0\ny,c,1\n", encoding="utf-8")
    split = configured_split({"a": 0, "b": 0, "c": 1}, SplitConfig(seed=1, table=folds, fold=1))
    assert split == Split(frozenset("ab"), frozenset("c"))
    with pytest.raises(InputError, match="1 of 3 patients no fold, c for one"):
        configured_split({"a": 0, "b": 0, "c": 1}, SplitConfig(seed=1, table=folds, fold=1), dataset="x")
    with pytest.raises(ValueError, match="a table needs a fold"):
        SplitConfig(seed=1, table=folds)
    assert SplitConfig(seed=1).model_dump() == {"seed": 1, "validation_share": 0.25}


def test_the_programs_own_folds_need_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    split = configured_split({}, SplitConfig(seed=1, table=Path("splits/site.csv"), fold=0), dataset="cbis_ddsm")
    assert len(split.validation) > 100


def opened(table: Path, share: float, progress: Progress = lambda _, __: None) -> Site:
    return open_site(
        table,
        SplitConfig(seed=1, validation_share=share),
        labelled,
        lacks="label",
        progress=progress,
        cancel=lambda: False,
    )


def test_too_few_patients_on_a_side_are_one_message(table: Path) -> None:
    check_sides(opened(table, 0.4))
    with pytest.raises(InputError, match="too few patients to hold out: 1 with malignant findings and 1 without"):
        check_sides(opened(table, 0.1))
    site = opened(table, 0.4)
    benign = Site(site.cases, dict.fromkeys(site.classes, False), site.split, site.sources, 0)
    with pytest.raises(InputError, match="too few patients to learn from: 0 with malignant"):
        check_sides(benign)
    check_sides(benign, has_classes=False)


def test_data_without_what_the_task_needs_is_one_message(table: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.csv"
    plain.write_text(f"path,patient,laterality,view,label\n{table.parent / '0.png'},1,L,CC,unknown\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"None of the 1 images of .* has a label"):
        opened(plain, 0.4)
    with pytest.raises(InputError, match="has a box whose kind"):
        recipes.train_patch(plain, Run(config("patch"), tmp_path))


def test_a_patient_is_malignant_by_image_or_by_lesion(table: Path) -> None:
    classes = opened(table, 0.4).classes
    assert (classes["w0"], classes["w1"], classes["w12"]) == (False, True, None)
    assert patient_classes(boxed(opened(table, 0.4).cases)) == {k: v for k, v in classes.items() if k != "w12"}


def test_a_folder_with_a_table_is_a_sites(tmp_path: Path) -> None:
    (tmp_path / "cbis_ddsm").mkdir()
    assert public_folder(tmp_path, "cbis_ddsm") == tmp_path
    assert public_folder(tmp_path / "cbis_ddsm", "cbis_ddsm") == tmp_path
    (tmp_path / "manifest.csv").touch()
    assert public_folder(tmp_path, "cbis_ddsm") is None
    assert public_folder(tmp_path / "other", "cbis_ddsm") is None
