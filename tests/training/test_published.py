"""Every recipe of the papers and every strategy that is compared, from files to a package: small, but as configured."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from mammoview.core.errors import UsageError
from mammoview.core.findings import PatchClass
from mammoview.core.geometry import Box
from mammoview.core.progress import never_cancel, no_progress
from mammoview.models.manifest import TRAINING, Task, read_words
from mammoview.models.preprocess import Preprocess, patch_box
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training import config as configs
from mammoview.training.cases.published_sets import public_patches, sampling_of
from mammoview.training.cases.sampling import S1, S10
from mammoview.training.config import TrainingConfig, read_config
from mammoview.training.recipes.launch import Kind, Order, launch

ROOT = Path(__file__).parents[2] / "trainers" / "configs"
CONFIGS = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix()
    for folder in ("published", "strategies")
    for path in (ROOT / folder).glob("*.toml")
    # What others extend is no config by itself.
    if path.name != "base.toml"
)
PATCH_PX, IMAGE_PX = 32, 128
BODIES = {"vgg": {"width": 4}, "resnet": {"width": 4, "depths": (1, 1, 6, 1)}, "bcir": {"width": 4}}
HEATMAP: dict[str, object] = {"rows": IMAGE_PX, "columns": IMAGE_PX, "window": 1, "pool": 2, "dense": (4, 4)}
HEADS: dict[str, dict[str, object]] = {
    "resnet-whole-image": {"top": ((4, 4, 8), (4, 4, 8)), "top_units": 1},
    "vgg-resnet-whole-image": {"top": ((4, 4, 8), (4, 4, 8)), "top_units": 1},
    "vgg-whole-image": {"top": (4, 4)},
    "resnet-vgg-whole-image": {"top": (4, 4)},
    "resnet-attention": {"attention": 4},
    "resnet-heatmap": HEATMAP,
    "vgg-heatmap": HEATMAP,
}


def kind_of(name: str) -> Kind:
    if name.endswith("bcir-unet"):
        return Kind.SEGMENT
    return Kind.PATCH if name.split("/")[-1].startswith("patch") or name.endswith("-patch") else Kind.IMAGE


def parent_of(name: str) -> str:
    """The config of the package that a whole-image classifier starts from."""
    if name == "published/transfer":
        return "published/image-resnet50"
    folder, _, config = name.partition("/")
    is_plain = config.removeprefix("image-").startswith("vgg")
    if folder == "published":
        return "published/patch-vgg16-s10" if is_plain else "published/patch-resnet50-s10"
    return "strategies/vgg-patch" if is_plain else "patch"


def small(path: Path) -> TrainingConfig:
    """A config with all that it says but sizes: tiny images and nets, one epoch a stage, half of the patients."""
    config = read_config(path)
    words = config.model_dump(mode="json", exclude_unset=True)
    architecture = config.network.architecture
    sizes = {**BODIES[architecture.split("-")[0]], **HEADS.get(architecture, {})}
    words["network"] = {"architecture": architecture, "sizes": {**config.network.sizes, **sizes}}
    for name, size in (("patch", {"size_px": PATCH_PX}), ("image", {"rows": IMAGE_PX, "columns": IMAGE_PX})):
        if words["preprocess"].get(name):
            words["preprocess"][name] |= size
    words["stages"] = [{**stage, "epochs": 1} for stage in words["stages"]]
    words["batch_size"] = max(4, min(config.batch_size, 16))
    words["split"]["validation_share"] = 0.5
    return TrainingConfig.model_validate(words)


def write_gray(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


def cbis(root: Path, first: int) -> Path:
    """CBIS-DDSM: twelve patients, a film with one mass each, every other with a crop of calcifications."""
    base = root / "cbis_ddsm"
    rng = np.random.default_rng(first)
    columns = "patient_id,breast_density,left or right breast,image view,abnormality id,pathology\n"
    tables = {"mass": columns, "calc": columns.replace("_density", " density")}
    coco: dict[str, list[dict[str, object]]] = {"images": [], "annotations": []}
    for number in range(first, first + 12):
        name, pathology = f"{number:05d}", "MALIGNANT" if number % 2 else "BENIGN"
        # A film of 1200 by 800 native pixels, told in the 800 by 800 of the stretched picture.
        film = np.zeros((800, 800), np.uint8)
        film[:, :600] = rng.integers(60, 90, (800, 600))
        film[200:300, 300:400] = 180
        coco["images"].append({"id": number, "file_name": f"{name}_LEFT_CC.jpg"})
        coco["annotations"].append({"id": number, "image_id": number, "bbox": [300, 200, 100, 100]})
        write_gray(base / "mammograms" / f"{name}_LEFT_CC.jpg", film)
        crop = np.full((182, 132), 180, np.uint8)
        write_gray(base / "crops" / "mass" / pathology.lower() / f"P_{name}_LEFT_CC_3_1.jpg", crop)
        tables["mass"] += f"P_{name},2,LEFT,CC,1,{pathology}\n"
        if number % 4 < 2:
            spots = rng.integers(0, 255, (300, 300)).astype(np.uint8)
            # Every other of these lies somewhere on the film with the mass.
            side = "RIGHT" if number % 4 else "LEFT"
            write_gray(base / "crops" / "calc" / pathology.lower() / f"P_{name}_{side}_CC_3_1.jpg", spots)
            tables["calc"] += f"P_{name},2,{side},CC,1,{pathology}\n"
    for kind, text in tables.items():
        (base / f"{kind}_cases.csv").write_text(text, encoding="utf-8")
    (base / "mass_boxes.coco.json").write_text(json.dumps(coco), encoding="utf-8")
    return root


def cesm(root: Path) -> Path:
    """CDD-CESM: four patients, both views, a bright disc each."""
    row, column = np.mgrid[:96, :96]
    for number in range(4):
        for view in ("CC", "MLO"):
            disc = np.hypot(row - 40, column - 30 - number) < 9
            breast = np.where(column < 70, 80, 0)
            name = f"P{number}_L_DM_{view}.jpg"
            write_gray(root / "cdd_cesm" / "images" / name, np.where(disc, 200, breast).astype(np.uint8))
            write_gray(root / "cdd_cesm" / "masks" / name, disc.astype(np.uint8) * 255)
    return root


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cbis(cesm(tmp_path_factory.mktemp("data")), 0)


Trained = Callable[[str], PackageInfo]


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """Train a config, once, after the config of its parent, and give its package."""
    root = tmp_path_factory.mktemp("published")
    elsewhere = cbis(root / "elsewhere", 100)
    before = torch.get_num_threads(), cv2.getNumThreads()
    done: dict[str, PackageInfo] = {}

    def train(name: str) -> PackageInfo:
        if name not in done:
            kind = kind_of(name)
            parent = train(parent_of(name)).folder if kind is Kind.IMAGE else None
            where = elsewhere if name.endswith("transfer") else data
            order = Order(kind, ROOT / f"{name}.toml", where, root / name, parent=parent, device="cpu")
            done[name] = launch(order, no_progress)
        return done[name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(configs, "read_config", small)
        yield train
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


def test_each_recipe_of_the_papers_is_configured() -> None:
    samplings = {name: read_config(ROOT / f"{name}.toml").sampling for name in CONFIGS if "patch-" in name}
    assert {name: name.rsplit("-", 1)[1].replace("random", "s10") for name in samplings} == samplings
    for name in samplings:
        config = read_config(ROOT / f"{name}.toml")
        assert config.preprocess.patch is not None
        assert config.preprocess.image is not None
        assert config.preprocess.patch.size_px == 224
        assert (config.preprocess.image.rows, config.preprocess.image.columns) == (1152, 896)
    bcir = read_config(ROOT / "published" / "bcir-unet.toml")
    assert (bcir.augmentation, bcir.batch_size, bcir.stages[0].least_change) == ("forty_fold", 2, 1e-3)
    assert bcir.preprocess.patch is not None
    assert (bcir.preprocess.patch.size_px, bcir.preprocess.patch.equalise) == (1024, "histogram")


@pytest.mark.parametrize("name", CONFIGS)
def test_each_config_trains_and_writes_its_package(name: str, trained: Trained) -> None:
    info = trained(name)
    config = small(ROOT / f"{name}.toml")
    assert read_info(info.folder).id == config.package.id
    task = {Kind.PATCH: Task.PATCH, Kind.IMAGE: Task.WHOLE_IMAGE, Kind.SEGMENT: Task.SEGMENTATION}[kind_of(name)]
    assert info.task is task
    log = [json.loads(line) for line in (info.folder.parent / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["stage"] for line in log] == [stage.name for stage in config.stages]
    assert all(np.isfinite(line["loss"]) for line in log)
    # The package says how to repeat it.
    told: Any = read_words(info.folder, info.manifest, TRAINING, TrainingConfig)
    assert (told.stages, told.sampling, told.augmentation) == (config.stages, config.sampling, config.augmentation)
    if task is Task.WHOLE_IMAGE:
        assert info.manifest.parent_sha256 == trained(parent_of(name)).sha256
    with (info.folder.parent / "split.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.reader(file))) > 4


def test_the_published_patches_come_from_films_and_crops(data: Path) -> None:
    for name, per_lesion in (("s10", 10), ("s1", 1)):
        config = small(ROOT / "published" / f"patch-resnet50-{name}.toml")
        tiles = public_patches(data, config, progress=no_progress, cancel=never_cancel)
        counts = dict(zip(PatchClass, np.bincount(tiles.labels, minlength=5).tolist(), strict=True))
        assert counts == {
            # Of the nine films that show no calcification.
            PatchClass.BACKGROUND: 9 * per_lesion,
            PatchClass.BENIGN_CALCIFICATION: 3 * per_lesion,
            PatchClass.MALIGNANT_CALCIFICATION: 3 * per_lesion,
            PatchClass.BENIGN_MASS: 6 * per_lesion,
            PatchClass.MALIGNANT_MASS: 6 * per_lesion,
        }
        assert tiles.pixels.shape[1:] == (PATCH_PX, PATCH_PX)
        assert tiles.pixels.dtype == np.uint8
        # A mass is a square of 16 pixels here; nine tenths of it are in each of its patches.
        masses = tiles.pixels[tiles.labels >= 3]
        assert min(np.count_nonzero(one > 130) for one in masses) > 0.8 * 16**2
        # Every patch is taken as it is, and knows its lesion.
        assert {patch_box(Box(*box), config.preprocess.patch).as_list()[2] for box in tiles.boxes} == {PATCH_PX}
        assert np.array_equal(tiles.lesions == "", tiles.labels == 0)
        known = np.unique(tiles.lesions[tiles.labels >= 3])
        assert known.size == 12


def test_half_of_the_background_may_be_hard() -> None:
    config = read_config(ROOT / "published" / "patch-resnet50-s10.toml")
    assert (config.hard_negatives, sampling_of(config)[0].hard) == (False, 0)
    hard = config.model_copy(update={"hard_negatives": True})
    assert sampling_of(hard)[0] == replace(S10, hard=5)
    assert sampling_of(hard.model_copy(update={"sampling": "s1"}))[0] == replace(S1, hard=1)
    with pytest.raises(UsageError, match=r"preprocess\.image"):
        sampling_of(config.model_copy(update={"preprocess": Preprocess(patch=config.preprocess.patch)}))


def test_a_run_that_began_before_there_was_a_choice_goes_on() -> None:
    """The hash of a config does not change by what it need not say."""
    usual = read_config(ROOT / "patch.toml")
    before = usual.model_dump_json(exclude={"sampling", "augmentation", "watch", "placing"})
    assert usual.sha256 == hashlib.sha256(before.encode()).hexdigest()
    changed = ({"sampling": "s1"}, {"sampling": "s10"}, {"placing": 1.0})
    hashes = {usual.sha256, *(usual.model_copy(update=change).sha256 for change in changed)}
    assert len(hashes) == 4
