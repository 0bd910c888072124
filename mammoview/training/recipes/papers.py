"""The three ways to train, from data and a config to a package: patch, whole image, segmenter.

The public collections have their own ways to be cut (`tiles`, `images`); all other data, a site's table for one, become
the records of `cases` first.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mammoview.core.errors import UsageError
from mammoview.models.loading import load
from mammoview.models.networks import PatchNet
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.cases.case import boxed, labelled, outlined
from mammoview.training.cases.case_images import each_image
from mammoview.training.cases.case_tiles import case_tiles, masked_tiles
from mammoview.training.cases.data import Lesion, cbis_films, cbis_lesions, cesm_images
from mammoview.training.cases.folds import CBIS, CESM, cbis_strata
from mammoview.training.cases.images import film_images, load_images, save_images
from mammoview.training.cases.proposals import film_proposals
from mammoview.training.cases.published_sets import public_patches, site_patches
from mammoview.training.cases.samples import ImageSet
from mammoview.training.cases.splits import Split
from mammoview.training.cases.stored import RowWriter, open_images
from mammoview.training.cases.tiles import TileSet, patch_tiles, segmentation_tiles
from mammoview.training.recipes.finish import publish_patch, publish_segmenter, publish_whole_image
from mammoview.training.recipes.fitting import Run, fit_patch, fit_segmenter, fit_whole_image
from mammoview.training.recipes.site import (
    Site,
    check_parent,
    check_sides,
    configured_split,
    open_site,
    public_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mammoview.models.preprocess import ImageSpec
    from mammoview.training.cases.case import Case
    from mammoview.training.config import TrainingConfig

PACKAGE = "package"


def train_patch(data: Path, run: Run) -> PackageInfo:
    """Train the five-class patch classifier.

    Parameters
    ----------
    data
        Folder that holds ``cbis_ddsm``, or any data whose images have boxes of known kind and label.
    run
        Config and place.

    Raises
    ------
    InputError
        When the data are bad, or too few.
    """
    public = public_folder(data, CBIS)
    if public is not None:
        tiles, split, site = patch_samples(public, run), cbis_split(cbis_lesions(public), run.config), None
    else:
        site = opened(data, run, boxed, "box whose kind and label are known")
        check_sides(site)
        split, config = site.split, run.config
        # What readers wrote of a lesion is known of the public cases alone.
        run = replace(run, config=config.model_copy(update={"describing": 0.0}))
        tiles = site_tiles(site, run)
    net = fit_patch(tiles, split, run)
    return publish_patch(run.out / PACKAGE, net, tiles, split, run.config, site=site)


def train_whole_image(data: Path, run: Run, *, parent: Path) -> PackageInfo:
    """Turn a patch classifier into a whole-image classifier and train it.

    Parameters
    ----------
    data
        Folder that holds ``cbis_ddsm``, or any data whose images have labels.
    run
        Config and place.
    parent
        Package folder of the patch classifier; it must not know the held-out patients.

    Raises
    ------
    InputError
        When the data are bad, or too few.
    UsageError
        When the parent does not serve.
    """
    info = read_info(parent)
    images, split, site = image_data(data, run)
    if site is None:
        patch_net = patch_net_of(info, split)
    else:
        check_sides(site)
        run.progress(0.0, check_parent(info, split.validation, (split,)))
        patch_net = _patch_net(info)
    net = fit_whole_image(images, split, run, patch_net=patch_net)
    return publish_whole_image(run.out / PACKAGE, net, images, split, run.config, parent=info, site=site)


def train_segmenter(data: Path, run: Run) -> PackageInfo:
    """Train the B-Cir U-Net on lesion crops.

    Parameters
    ----------
    data
        Folder that holds ``cdd_cesm``, or any data whose images have masks or contours.
    run
        Config and place.

    Raises
    ------
    InputError
        When the data are bad, or too few.
    """
    public = public_folder(data, CESM)
    if public is not None:
        tiles, site = segmentation_samples(public, run), None
        split = cesm_split(tiles, run.config)
    else:
        site = opened(data, run, outlined, "mask or contour")
        check_sides(site, has_classes=False)
        split, tiles = site.split, masked_tiles(site.cases, lost=run.lost, progress=run.progress, cancel=run.cancel)
    net = fit_segmenter(tiles, split, run)
    return publish_segmenter(run.out / PACKAGE, net, tiles, split, run.config, site=site)


def image_data(data: Path, run: Run) -> tuple[ImageSet, Split, Site | None]:
    """The labelled images of any data as the config's net sees them, kept in the run's folder, and their split.

    Returns
    -------
    ImageSet
    Split
        Of all patients.
    Site or None
        None for CBIS-DDSM.

    Raises
    ------
    InputError
        When the data are bad, or none has a label.
    """
    public = public_folder(data, CBIS)
    if public is not None:
        return image_samples(public, run), cbis_split(cbis_lesions(public), run.config), None
    site = opened(data, run, labelled, "label")
    spec = _image_spec(run.config)
    cache = site_cache(run.out, spec, site.fingerprint)
    if not cache.exists():
        with RowWriter(cache) as rows:
            rows.finish(each_image(site.cases, spec, rows.add, lost=run.lost, progress=run.progress, cancel=run.cancel))
    return open_images(cache), site.split, site


def patch_samples(data: Path, run: Run) -> TileSet:
    """All tiles of CBIS-DDSM that a patch classifier learns from and is judged by."""
    if run.config.sampling != "lesion":
        return public_patches(data, run.config, progress=run.progress, cancel=run.cancel)
    lesions = cbis_lesions(data)
    films = cbis_films(data, lesions)
    proposals = {}
    if run.config.hard_negatives:
        proposals = film_proposals(films, run.out / "proposals.npz", progress=run.progress, cancel=run.cancel)
    return patch_tiles(
        lesions,
        films,
        seed=run.config.seed,
        background_per_film=run.config.background_per_film,
        proposals=proposals,
    )


def image_samples(data: Path, run: Run) -> ImageSet:
    """All mammograms of CBIS-DDSM as the config's net sees them; kept in the run's folder."""
    spec = _image_spec(run.config)
    return _kept_images(
        run,
        spec,
        lambda: film_images(cbis_films(data, cbis_lesions(data)), spec, progress=run.progress, cancel=run.cancel),
    )


def segmentation_samples(data: Path, run: Run) -> TileSet:
    """All lesion crops of CDD-CESM, whatever the run."""
    del run
    return segmentation_tiles(cesm_images(data))


def cbis_split(lesions: Sequence[Lesion], config: TrainingConfig) -> Split:
    """One split of all CBIS-DDSM patients, by what they have: masses, calcifications, anything malignant."""
    return configured_split(cbis_strata(lesions), config.split, dataset=CBIS)


def cesm_split(tiles: TileSet, config: TrainingConfig) -> Split:
    """A split of the CDD-CESM patients who have a lesion."""
    return configured_split(dict.fromkeys(tiles.patients.tolist(), ""), config.split, dataset=CESM)


def patch_net_of(info: PackageInfo, split: Split) -> PatchNet:
    """The network of a patch classifier's package, if it learned from no patient that is held out in ``split``.

    Raises
    ------
    UsageError
        When it comes from another split, or is no patch classifier.
    """
    if info.evaluation().split_sha256 != split.sha256:
        raise UsageError(
            f"{info.folder} was trained on another split: its body may know the held-out patients.",
            "Train both models with the same [split].",
        )
    return _patch_net(info)


def _patch_net(info: PackageInfo) -> PatchNet:
    net = load(info).network()
    if not isinstance(net, PatchNet):
        raise UsageError(f"{info.folder} is no patch classifier.", "Name the package of one with --parent.")
    return net


def opened(data: Path, run: Run, use: Callable[[Sequence[Case]], tuple[Case, ...]], lacks: str) -> Site:
    """A site's data with what ``use`` keeps of them; ``lacks`` says what the others lack."""
    return open_site(data, run.config.split, use, lacks=lacks, progress=run.progress, cancel=run.cancel)


def site_tiles(site: Site, run: Run) -> TileSet:
    """The tiles of a patch classifier, from a site's cases with boxes."""
    config = run.config
    if config.sampling != "lesion":
        return site_patches(site.cases, config, progress=run.progress, cancel=run.cancel)
    background = config.background_per_film
    return case_tiles(
        site.cases,
        seed=config.seed,
        background=background,
        lost=run.lost,
        progress=run.progress,
        cancel=run.cancel,
    )


def site_cache(out: Path, spec: ImageSpec, fingerprint: str) -> Path:
    """Where a run keeps a site's images, prepared as a package takes them; see `Site.fingerprint`."""
    return out / f"site-{_key_of(spec, fingerprint)}.npz"


def _key_of(spec: ImageSpec, cases: str = "") -> str:
    # Folders of earlier versions hold images without their places and names.
    return hashlib.sha256(f"{spec.model_dump_json()}{cases} with places, names".encode()).hexdigest()[:8]


def _kept_images(run: Run, spec: ImageSpec, make: Callable[[], ImageSet]) -> ImageSet:
    """Images from the run's folder where an earlier call left them."""
    cache = run.out / f"images-{_key_of(spec)}.npz"
    if not cache.exists():
        images = make()
        run.out.mkdir(parents=True, exist_ok=True)
        save_images(images, cache)
    return load_images(cache)


def _image_spec(config: TrainingConfig) -> ImageSpec:
    if config.preprocess.image is None:
        raise UsageError("The config lacks [preprocess.image].", "Add it.")
    return config.preprocess.image
