"""Which parameters learn in which stage, and how fast."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from torch import nn

from mammoview.core.errors import UsageError
from mammoview.models.networks import build
from mammoview.training.config import read_config
from mammoview.training.schedule import Stage, apply_stage, learning_rate_at, optimizer_for

CONFIGS = sorted((Path(__file__).parents[2] / "trainers" / "configs").glob("*.toml"))
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


def test_the_second_stage_of_shen_frees_the_last_unit_of_conv4_and_conv5() -> None:
    net = build("resnet-patch", {"depths": (1, 1, 2, 1), "width": 4, "in_channels": 1})
    stage = Stage(name="2", epochs=1, learning_rate=1e-4, trains=("body.layer3.1.*", "body.layer4.*", "head.*"))
    learning = apply_stage(stage, net)
    expected = [n for n, _ in net.named_parameters() if n.startswith(("body.layer3.1.", "body.layer4.", "head."))]
    assert sorted(learning) == sorted(expected)
    optimizer = optimizer_for(stage, net, (0.9, 0.999))
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(expected)


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
    net = build(config.network.architecture, config.network.sizes)
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
