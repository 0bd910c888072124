"""How good the shipped packages are, measured anew on held-out patients: ``python -m bench.packages --data DIR``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from mammoview.models.loading import load
from mammoview.models.manifest import Evaluation, Task
from mammoview.models.registry import Origin, PackageInfo, packages
from mammoview.training.config import TrainingConfig, read_config
from mammoview.training.data import cbis_films, cbis_lesions, cesm_images
from mammoview.training.images import film_images
from mammoview.training.measure import measure_patch, measure_segmenter, measure_whole_image
from mammoview.training.publish import metrics_table
from mammoview.training.recipes import cbis_split, cesm_split
from mammoview.training.tiles import patch_tiles, segmentation_tiles

CONFIGS = Path(__file__).parents[1] / "trainers" / "configs"


def measure(info: PackageInfo, config: TrainingConfig, data: Path) -> Evaluation:
    """The numbers of one package, from its weights and the data."""
    net = load(info).network()
    if info.task is Task.SEGMENTATION:
        tiles = segmentation_tiles(cesm_images(data))
        return measure_segmenter(net, tiles, cesm_split(tiles, config), config)
    lesions = cbis_lesions(data)
    films = cbis_films(data, lesions)
    split = cbis_split(lesions, config)
    if info.task is Task.PATCH:
        found = patch_tiles(lesions, films, seed=config.seed, background_per_film=config.background_per_film)
        return measure_patch(net, found, split, config)[1]
    assert config.preprocess.image is not None
    held_out = [film for film in films if film.key.patient in split.validation]
    return measure_whole_image(net, film_images(held_out, config.preprocess.image), split, config)[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the training images")
    parser.add_argument("--task", choices=[task.value for task in Task], help="measure the package of this task only")
    given = parser.parse_args()
    configs = {config.package.id: config for config in map(read_config, sorted(CONFIGS.glob("*.toml")))}
    for info in packages():
        if info.origin is not Origin.SHIPPED or given.task not in (None, info.task.value):
            continue
        print(f"\n{info.key} (the table in its card says the same)\n")
        print("\n".join(metrics_table(measure(info, configs[info.id], given.data).metrics)), flush=True)


if __name__ == "__main__":
    main()
