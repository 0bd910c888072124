"""The end of a training: the net is judged on the held-out patients and becomes a package."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mammoview.models.manifest import Calibration
from mammoview.training.judging.evaluate import MALIGNANT
from mammoview.training.judging.measure import measure_patch, measure_segmenter, measure_whole_image
from mammoview.training.recipes.publish import patch_source, publish, segmenter_source, settle, whole_image_source
from mammoview.training.recipes.site import site_source
from mammoview.training.recipes.watch import sides_of

if TYPE_CHECKING:
    from pathlib import Path

    from mammoview.models.networks import Network
    from mammoview.models.registry import PackageInfo
    from mammoview.training.cases.samples import ImageSet
    from mammoview.training.cases.splits import Split
    from mammoview.training.cases.tiles import TileSet
    from mammoview.training.config import TrainingConfig
    from mammoview.training.recipes.site import Site


def publish_patch(
    folder: Path,
    net: Network,
    tiles: TileSet,
    split: Split,
    config: TrainingConfig,
    *,
    site: Site | None = None,
    parent: PackageInfo | None = None,
) -> PackageInfo:
    """Judge a patch classifier on the held-out patients and write its package.

    Parameters
    ----------
    folder
        Of the new package.
    net, tiles, split, config
        What was trained, on all tiles' training side, as the config says.
    site
        Whose cases they are; None is CBIS-DDSM.
    parent
        What the weights were before, where they come from a package.
    """
    calibration, evaluation = measure_patch(settle(net), tiles, split, config)
    trained = tiles.select(np.isin(tiles.patients, list(split.training)) & (tiles.labels > 0))
    source = patch_source(float(np.isin(trained.labels, MALIGNANT).mean()), config.sampling)
    return publish(
        folder,
        net,
        config,
        source=source if site is None else site_source(source, site, learned=sides_of(split, config)[0], parent=parent),
        calibration=calibration,
        evaluation=evaluation,
        parent_sha256=None if parent is None else parent.sha256,
    )


def publish_whole_image(
    folder: Path,
    net: Network,
    images: ImageSet,
    split: Split,
    config: TrainingConfig,
    *,
    parent: PackageInfo,
    site: Site | None = None,
) -> PackageInfo:
    """Judge a whole-image classifier and write its package; see `publish_patch`, ``parent`` gave the body."""
    calibration, evaluation = measure_whole_image(settle(net), images, split, config)
    trained = images.select(np.isin(images.patients, list(split.training)))
    source = whole_image_source(float(trained.labels.mean()), is_placed=config.placing > 0)
    return publish(
        folder,
        net,
        config,
        source=source if site is None else site_source(source, site, learned=sides_of(split, config)[0], parent=parent),
        calibration=calibration,
        evaluation=evaluation,
        parent_sha256=parent.sha256,
    )


def publish_segmenter(
    folder: Path,
    net: Network,
    tiles: TileSet,
    split: Split,
    config: TrainingConfig,
    *,
    site: Site | None = None,
    parent: PackageInfo | None = None,
) -> PackageInfo:
    """Judge a segmenter and write its package; see `publish_patch`, ``site`` None is CDD-CESM."""
    evaluation = measure_segmenter(settle(net), tiles, split, config)
    source = segmenter_source()
    return publish(
        folder,
        net,
        config,
        source=source if site is None else site_source(source, site, learned=sides_of(split, config)[0], parent=parent),
        calibration=Calibration(),
        evaluation=evaluation,
        parent_sha256=None if parent is None else parent.sha256,
    )
