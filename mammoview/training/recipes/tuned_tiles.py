"""Tuning a patch classifier or a segmenter to a site: its weights go on learning from the site's lesions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mammoview.core.errors import UsageError
from mammoview.models.architectures import sizes_of
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import Task
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.cases.case import boxed, outlined
from mammoview.training.cases.case_tiles import masked_tiles
from mammoview.training.config import OF_PARENT, NetworkConfig
from mammoview.training.recipes.finish import publish_patch, publish_segmenter
from mammoview.training.recipes.fitting import fit_tiles
from mammoview.training.recipes.papers import PACKAGE, opened, site_tiles
from mammoview.training.recipes.site import check_parent, check_sides

if TYPE_CHECKING:
    from pathlib import Path

    from mammoview.training.config import TrainingConfig
    from mammoview.training.recipes.fitting import Run


def tune_tiles(data: Path, run: Run, *, parent: Path) -> PackageInfo:
    """Tune a package whose task is patches or masks, with its own network and preprocessing.

    Parameters
    ----------
    data
        A site's table, or a folder of a known collection.
    run
        Schedule, split and place.
    parent
        Package folder; it stays as it is.

    Raises
    ------
    InputError
        When the data are bad, or too few.
    UsageError
        When the parent does not fit, or learned from patients that are to judge its child.
    """
    info = read_info(parent)
    package = load(info)
    run = replace(run, config=tuned_tile_config(package, run.config))
    if info.task is Task.SEGMENTATION:
        site = opened(data, run, outlined, "mask or contour")
        check_sides(site, has_classes=False)
        tiles = masked_tiles(site.cases, lost=run.lost, progress=run.progress, cancel=run.cancel)
    else:
        site = opened(data, run, boxed, "box whose kind and label are known")
        check_sides(site)
        tiles = site_tiles(site, run)
    doubt = check_parent(info, site.split.validation, (site.split,))
    if doubt:
        run.progress(0.0, doubt)
    net = package.network().requires_grad_(True)
    fit_tiles(net, tiles, site.split, run, parent=info.sha256)
    finish = publish_segmenter if info.task is Task.SEGMENTATION else publish_patch
    return finish(run.out / PACKAGE, net, tiles, site.split, run.config, site=site, parent=info)


def tuned_tile_config(package: LoadedPackage, config: TrainingConfig) -> TrainingConfig:
    """The config with network and preprocessing of the parent; what it says of other nets' targets is left out.

    Raises
    ------
    UsageError
        When the parent takes no lesions, has several lesion classes, or the config describes another network.
    """
    said, own = config.network, package.manifest
    sizes = sizes_of(own.architecture, own.hyper_parameters)
    if own.task not in (Task.PATCH, Task.SEGMENTATION) or package.preprocess.patch is None:
        raise UsageError(f"{package.info.key} takes no lesions.", "Name a patch classifier or a segmenter.")
    if own.task is Task.SEGMENTATION and len(own.labels) > 1:
        raise UsageError(
            f"{package.info.key} tells several kinds of lesion apart, which a site's masks do not.",
            "Name a segmenter with one label.",
        )
    if said.architecture != OF_PARENT and sizes_of(said.architecture, said.sizes) != sizes:
        raise UsageError(
            f"The config describes another network than that of {package.info.key}.",
            "Leave [network] out of the config: the parent's is taken.",
        )
    network = NetworkConfig(architecture=own.architecture, sizes=dict(own.hyper_parameters))
    update = {"network": network, "preprocess": package.preprocess, "describing": 0.0}
    return config.model_copy(update=update)
