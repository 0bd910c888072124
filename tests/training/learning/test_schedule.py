"""Which parameters learn in which stage, and how fast."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path

import pytest
import torch
from torch import nn

from mammoview.core.errors import UsageError
from mammoview.models.networks import build
from mammoview.training.config import OF_PARENT, TrainingConfig, read_config
from mammoview.training.learning.schedule import Stage, apply_stage, learning_rate_at, optimizer_for

ROOT = Path(__file__).parents[3] / "trainers" / "configs"
#: Those that a training can be started with; what others extend is no config by itself.
CONFIGS = sorted(path for path in ROOT.rglob("*.toml") if path.stem != "base")
SMALL = {"depths": (1, 1, 1, 1), "width": 4, "in_channels": 1}


def test_a_frozen_body_keeps_its_batch_norms() -> None:
    net = build("resnet-whole-image", {**SMALL, "top": ((8, 8, 16),), "top_units": 1})
    learning = apply_stage(Stage(name="top", epochs=1, learning_rate=1e-3, trains=("head.*",)), net)
    assert learning
    assert all(name.startswith("head.") for name in learning)
    assert {name for name, p in net.named_parameters() if p.requires_grad} == set(learning)
    norms = {name: m.training for name, m in net.named_modules() if isinstance(m, nn.BatchNorm2d)}
    assert all(training == name.startswith("head.") for name, training in norms.items())
    assert set(norms.values()) == {True, False}


def published(name: str) -> tuple[TrainingConfig, nn.Module]:
    """A published config, and its net at full size, which takes no memory."""
    config = read_config(ROOT / "published" / f"{name}.toml")
    with torch.device("meta"):
        return config, build(config.network.architecture, config.network.sizes)


def learning_parts(stage: Stage, net: nn.Module, *, depth: int) -> set[str]:
    """Modules to a depth in which something learns; fails where a part of one does and another does not."""
    learning = set(apply_stage(stage, net))
    parts = {".".join(name.split(".")[:depth]) for name in learning}
    covered = {name for name, _ in net.named_parameters() if any(f"{name}.".startswith(f"{part}.") for part in parts)}
    assert covered == learning
    return parts


def test_three_stages_of_the_residual_patch_net() -> None:
    config, net = published("patch-resnet50-s10")
    last, top, everything = config.stages
    assert apply_stage(last, net) == ("head.fc.weight", "head.fc.bias")
    # conv4 has six units; the publication's 46 layers from the top begin with the first convolution of its last.
    second = apply_stage(top, net)
    assert second[0] == "body.layer3.5.conv1.weight"
    names = [name for name, _ in net.named_parameters()]
    # From there on to the end, nothing is left out.
    assert list(second) == names[names.index("body.layer3.5.conv1.weight") :]
    assert list(apply_stage(everything, net)) == names
    assert [(s.learning_rate, s.epochs) for s in config.stages] == [(1e-3, 3), (1e-4, 10), (1e-5, 37)]


def test_three_stages_of_the_plain_patch_net() -> None:
    config, net = published("patch-vgg16-s10")
    last, top, everything = config.stages
    assert apply_stage(last, net) == ("head.fc.weight", "head.fc.bias")
    # Blocks 4 and 5 of VGG16: six convolutions.
    convolutions = [f"body.features.{place}" for place in (17, 19, 21, 24, 26, 28)]
    assert learning_parts(top, net, depth=3) == {*convolutions, "head.fc.weight", "head.fc.bias"}
    pools = [name for name, module in net.named_modules() if isinstance(module, nn.MaxPool2d)]
    assert pools[2] == "body.features.16"
    assert len(apply_stage(everything, net)) == len(list(net.parameters()))


@pytest.mark.parametrize(("which", "epochs"), [("s10", 50), ("s1", 200), ("random", 50)])
@pytest.mark.parametrize("body", ["resnet50", "vgg16"])
def test_published_patch_schedules_are_as_long_as_published(which: str, epochs: int, body: str) -> None:
    config, net = published(f"patch-{body}-{which}")
    assert sum(stage.epochs for stage in config.stages) == epochs
    assert config.batch_size == 32
    for stage in config.stages:
        assert len(apply_stage(stage, net)) > 0
        assert kept_small(stage, net) == {"head.fc.weight"}
    if which == "random":
        assert [stage.learning_rate for stage in config.stages] == [1e-3]
        assert learning_parts(config.stages[0], net, depth=1) == {"body", "head"}


IMAGE_CONFIGS = sorted(path.stem for path in (ROOT / "published").glob("image-*.toml"))


@pytest.mark.parametrize("name", IMAGE_CONFIGS)
def test_two_stages_of_the_whole_image_nets(name: str) -> None:
    config, net = published(name)
    first, second, *longer = config.stages
    assert (first.learning_rate, first.weight_decay, first.epochs) == (1e-4, 1e-3, 30)
    assert (second.learning_rate, second.weight_decay, second.epochs) == (1e-5, 1e-2, 20)
    assert [stage.epochs for stage in longer] == ([200] if "vgg16" in name else [])
    new = {"head.top", "head.fc"}
    assert learning_parts(first, net, depth=2) == new
    if "heatmap" in name:
        assert not any(p.requires_grad for part, p in net.named_parameters() if part.startswith("head.heatmap"))
    assert not any(m.training for part, m in net.named_modules() if part.startswith("body") and is_norm(m))
    for stage in config.stages[1:]:
        assert len(apply_stage(stage, net)) == len(list(net.parameters()))
    # Kernels of the new layers, all of them, and no others.
    kernels = {
        f"{part}.weight"
        for part, module in net.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear) and part.startswith(tuple(new))
    }
    assert all(kept_small(stage, net) == kernels for stage in config.stages)


def test_the_transfer_recipe_tunes_all_layers_slowly() -> None:
    config, net = published("transfer")
    (stage,) = config.stages
    assert (stage.epochs, stage.learning_rate, stage.weight_decay, stage.patience) == (50, 1e-6, 1e-3, 10)
    assert config.batch_size == 2
    assert learning_parts(stage, net, depth=1) == {"body", "head"}


def test_the_segmenter_learns_as_published() -> None:
    config, _ = published("bcir-unet")
    (stage,) = config.stages
    assert (stage.epochs, stage.learning_rate, stage.least_change) == (200, 2e-4, 1e-3)
    assert config.optimizer_betas == (0.5, 0.999)
    assert config.network.sizes["dropout"] == 0.1


def is_norm(module: nn.Module) -> bool:
    return isinstance(module, nn.BatchNorm2d)


def kept_small(stage: Stage, net: nn.Module) -> set[str]:
    """Names of the parameters with a penalty."""
    apply_stage(stage, net)
    names = {id(parameter): name for name, parameter in net.named_parameters()}
    groups = optimizer_for(stage, net, (0.9, 0.999)).param_groups
    return {names[id(parameter)] for group in groups if group["weight_decay"] for parameter in group["params"]}


def test_the_penalty_is_part_of_the_loss() -> None:
    torch.manual_seed(0)
    ours = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    plain = copy.deepcopy(ours)
    x = torch.randn(5, 3)
    stage = Stage(name="x", epochs=1, learning_rate=1e-2, weight_decay=0.3, decays=("2.weight",))
    apply_stage(stage, ours)
    optimizer, reference = optimizer_for(stage, ours, (0.9, 0.999)), torch.optim.Adam(plain.parameters(), lr=1e-2)
    for _ in range(3):
        optimizer.zero_grad()
        ours(x).square().mean().backward()
        optimizer.step()
        reference.zero_grad()
        (plain(x).square().mean() + 0.3 * plain[2].weight.square().sum()).backward()
        reference.step()
    for one, other in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize(
    ("mode", "in_body", "in_head"), [("frozen_eval", False, True), ("batch", True, True), ("eval", False, False)]
)
def test_batch_norms_do_as_the_stage_says(mode: str, in_body: bool, in_head: bool) -> None:
    net = build("resnet-whole-image", {**SMALL, "top": ((8, 8, 16),), "top_units": 1, "dropout": 0.5})
    words = {"name": "x", "epochs": 1, "learning_rate": 1e-3, "trains": ["head.*"], "batch_norm": mode}
    for dropout in (True, False):
        apply_stage(Stage.model_validate({**words, "dropout": dropout}), net)
        training = {(name.split(".")[0], m.training) for name, m in net.named_modules() if is_norm(m)}
        assert training == {("body", in_body), ("head", in_head)}
        assert {m.training for m in net.modules() if isinstance(m, nn.Dropout)} == {dropout}


def test_everything_learns_with_a_star() -> None:
    net = build("bcir-unet", {})
    assert len(apply_stage(Stage(name="all", epochs=1, learning_rate=1e-3), net)) == len(list(net.parameters()))
    assert all(module.training for module in net.modules())


def test_a_pattern_that_names_nothing_is_an_error() -> None:
    with pytest.raises(UsageError, match="tail"):
        apply_stage(Stage(name="x", epochs=1, learning_rate=1e-3, trains=("tail.*",)), build("bcir-unet", {}))


def test_the_rate_rises_and_falls() -> None:
    stage = Stage(name="x", epochs=1, learning_rate=1e-2, decay="cosine")
    rates = [learning_rate_at(stage, step, 100) for step in range(100)]
    assert rates[0] < rates[4] <= 1e-2
    assert all(a >= b for a, b in itertools.pairwise(rates[5:]))
    assert rates[-1] == pytest.approx(2e-4, rel=0.1)
    constant = Stage(name="x", epochs=1, learning_rate=1e-2)
    assert {learning_rate_at(constant, step, 100) for step in range(100)} == {1e-2}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_committed_configs_are_valid_and_their_patterns_name_parameters(path: Path) -> None:
    config = read_config(path)
    # What tunes takes its parent's network: a shipped config's, for one.
    is_tuning = config.network.architecture == OF_PARENT
    network = read_config(ROOT / "whole_image.toml").network if is_tuning else config.network
    with torch.device("meta"):
        net = build(network.architecture, network.sizes)
    for stage in config.stages:
        assert apply_stage(stage, net)


def test_a_wrong_config_says_where(tmp_path: Path) -> None:
    text = CONFIGS[0].read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text.replace("batch_size =", "batch_sise ="), encoding="utf-8")
    with pytest.raises(UsageError, match="batch_si"):
        read_config(wrong)
    wrong.write_text("= 3", encoding="utf-8")
    with pytest.raises(UsageError, match="not TOML"):
        read_config(wrong)
    with pytest.raises(UsageError, match="cannot be read"):
        read_config(tmp_path / "absent.toml")


def test_a_config_may_change_another(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text((ROOT / "patch.toml").read_text(encoding="utf-8"), encoding="utf-8")
    child = tmp_path / "child.toml"
    child.write_text('extends = "base.toml"\nseed = 7\n[split]\nseed = 1\n', encoding="utf-8")
    base, changed = read_config(tmp_path / "base.toml"), read_config(child)
    assert (changed.seed, changed.split.seed) == (7, 1)
    assert changed.split.validation_share == base.split.validation_share
    assert changed.stages == base.stages
    assert changed.sha256 != base.sha256
    child.write_text('extends = "child.toml"\n', encoding="utf-8")
    with pytest.raises(UsageError, match="extends itself"):
        read_config(child)
