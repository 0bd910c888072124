"""From a patch classifier to whole images: its body under a new top, as words of a training config.

Shen et al. 2019 (doi 10.1038/s41598-019-48995-4): two blocks of two bottleneck units, whose channels stand to those of
the body's last map as 512-512-1024 to 2048; first the new layers learn, then all of them, slower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mammoview.core.errors import UsageError
from mammoview.models.architectures import sizes_of
from mammoview.models.manifest import Task
from mammoview.models.networks import PatchNet
from mammoview.models.sizes import BodySizes, ImageHeadSizes, ResNetSizes, VggSizes
from mammoview.training.tuning.messages import TuneTask

if TYPE_CHECKING:
    from mammoview.models.loading import LoadedPackage
    from mammoview.models.manifest import Manifest
    from mammoview.models.networks import Network
    from mammoview.training.config import TrainingConfig

#: The penalty is for the new layers alone, in both stages.
_DECAYS = ["head.top.*.conv?.weight", "head.top.*.downsample.0.weight", "head.fc.weight"]


def is_surgery(task: TuneTask, manifest: Manifest) -> bool:
    """Whether a project makes a whole-image classifier of a patch classifier."""
    return task is TuneTask.IMAGE and manifest.task is Task.PATCH


def outcome_of(task: TuneTask, manifest: Manifest) -> Task:
    """What the model will be for that a project makes of a package."""
    return Task.WHOLE_IMAGE if task is TuneTask.IMAGE else manifest.task


def surgery_words(package: LoadedPackage) -> dict[str, Any]:
    """``[network]``, ``[preprocess]`` and ``[package]`` of the config.

    Raises
    ------
    UsageError
        When the package does not say how it would take a whole image.
    """
    manifest, spec = package.manifest, package.preprocess.image
    sizes = sizes_of(manifest.architecture, manifest.hyper_parameters)
    if spec is None or not isinstance(sizes, BodySizes):
        raise UsageError(
            f"{package.info.key} does not say how it takes a whole image.", "Start from another patch classifier."
        )
    body, name = (
        (ResNetSizes, "resnet-whole-image") if isinstance(sizes, ResNetSizes) else (VggSizes, "vgg-resnet-whole-image")
    )
    narrow, wide = max(1, sizes.out_channels // 4), max(1, sizes.out_channels // 2)
    own = sizes.model_dump(mode="json", include=set(body.model_fields))
    return {
        "package": {
            "id": f"{manifest.id}-image",
            "title": f"Whole-image classifier on the body of {manifest.name}",
            "score_meaning": "malignant against benign lesion, for an image that holds one",
        },
        "network": {
            "architecture": name,
            "sizes": {**own, "top": [[narrow, narrow, wide]] * 2, "top_units": 2},
        },
        "preprocess": {"image": spec.model_dump(mode="json")},
    }


def surgery_stages(*, is_compact: bool) -> list[dict[str, Any]]:
    """The two stages; compact nets learn ten times as fast, as their patch classifiers did."""
    faster = 10.0 if is_compact else 1.0
    top = {
        "name": "new layers",
        "epochs": 30,
        "learning_rate": 1e-4 * faster,
        "weight_decay": 1e-3,
        "trains": ["head.*"],
    }
    whole = {"name": "all", "epochs": 20, "learning_rate": 1e-5 * faster, "weight_decay": 1e-2, "batch_norm": "eval"}
    return [{**stage, "decays": _DECAYS} for stage in (top, whole)]


def grown_net(package: LoadedPackage, config: TrainingConfig) -> Network:
    """The net that such a config trains, its top random."""
    net, sizes = package.network(), sizes_of(config.network.architecture, config.network.sizes)
    assert isinstance(net, PatchNet)
    assert isinstance(sizes, ImageHeadSizes)
    return net.to_image_net(sizes)
