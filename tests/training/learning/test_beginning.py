"""Where a net's weights come from before it learns."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mammoview.core.errors import ModelPackageError, UsageError
from mammoview.core.progress import no_progress
from mammoview.models.networks import build
from mammoview.training.config import TrainingConfig
from mammoview.training.learning.beginning import new_network

SIZES = {"depths": (1, 1, 1, 1), "width": 4, "in_channels": 1}


def config(init: Path | None = None, architecture: str = "resnet-patch") -> TrainingConfig:
    return TrainingConfig.model_validate(
        {
            "package": {"id": "toy", "version": "1", "title": "Toy", "score_meaning": "nothing"},
            "network": {
                "architecture": architecture,
                "sizes": SIZES if architecture == "resnet-patch" else {},
                "init": init,
            },
            "preprocess": {},
            "split": {"seed": 1},
            "stages": [{"name": "all", "epochs": 1, "learning_rate": 1e-3}],
            "batch_size": 1,
            "seed": 5,
            "loss": "cross_entropy",
        }
    )


def weights_from_elsewhere(path: Path) -> dict[str, torch.Tensor]:
    """The common torch layout: three channels, no biases, a classifier of a thousand classes."""
    torch.manual_seed(9)
    net = build("resnet-patch", {**SIZES, "in_channels": 3, "conv_bias": False})
    state = {name.removeprefix("body."): value for name, value in net.state_dict().items() if name.startswith("body.")}
    torch.save({**state, "fc.weight": torch.zeros(1000, 128), "fc.bias": torch.zeros(1000)}, path)
    return state


def test_the_body_starts_from_a_file_and_what_was_changed_is_told(tmp_path: Path) -> None:
    state = weights_from_elsewhere(tmp_path / "imagenet.pth")
    told: list[str] = []
    net = new_network(config(tmp_path / "imagenet.pth"), lambda fraction, text: told.append(text))
    torch.testing.assert_close(net.get_parameter("body.layer4.0.conv2.weight"), state["layer4.0.conv2.weight"])
    torch.testing.assert_close(
        net.get_parameter("body.conv1.weight"), state["conv1.weight"].sum(dim=1, keepdim=True), rtol=0, atol=0
    )
    assert not net.get_parameter("body.layer1.0.conv1.bias").any()
    (text,) = told
    for word in ("imagenet.pth", "classifier was left out", "summed over colour", "biases"):
        assert word in text


def test_without_a_file_the_seed_decides() -> None:
    one, other = new_network(config(), no_progress), new_network(config(), no_progress)
    for name, value in one.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], value, rtol=0, atol=0, msg=name)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(3, 3, 7, 7)}, tmp_path / "other.pth")
    with pytest.raises(ModelPackageError, match="do not fit"):
        new_network(config(tmp_path / "other.pth"), no_progress)
    with pytest.raises(UsageError, match="no body"):
        new_network(config(tmp_path / "other.pth", "bcir-unet"), no_progress)


def test_a_package_does_not_say_where_a_file_lay(tmp_path: Path) -> None:
    words = config(tmp_path / "imagenet.pth").model_dump_json()
    assert "imagenet.pth" in words
    assert str(tmp_path) not in words
