"""How good the shipped packages are, measured anew on held-out patients: ``python -m bench.packages --data DIR``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from mammoview.core.paths import site_folds
from mammoview.models.loading import load
from mammoview.models.manifest import Task
from mammoview.models.registry import Origin, PackageInfo, packages
from mammoview.training.cases.splits import read_folds
from mammoview.training.config import read_config
from mammoview.training.recipes.crossval import judge_again
from mammoview.training.recipes.fitting import Run
from mammoview.training.recipes.publish import metrics_table

CONFIGS = Path(__file__).parents[1] / "trainers" / "configs"
KINDS = {Task.PATCH: "patch", Task.WHOLE_IMAGE: "image", Task.SEGMENTATION: "segment"}


def families() -> dict[str, dict[int, PackageInfo]]:
    """The shipped nets of each cross-validation, by the id of its config, then by fold."""
    found: dict[str, dict[int, PackageInfo]] = {}
    for info in packages():
        name, _, number = info.id.rpartition("-")
        if info.origin is Origin.SHIPPED and info.task in KINDS and number.isdigit():
            found.setdefault(name, {})[int(number) - 1] = info
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the training images")
    parser.add_argument("--task", choices=[task.value for task in KINDS], help="measure the packages of this task only")
    parser.add_argument("--cache", type=Path, default=Path("runs/packages"), help="folder for prepared images")
    given = parser.parse_args()
    named = [path for path in sorted(CONFIGS.rglob("*.toml")) if "[package]" in path.read_text(encoding="utf-8")]
    configs = {config.package.id: config for config in map(read_config, named)}
    for name, members in families().items():
        task = members[min(members)].task
        if given.task in (None, task.value):
            nets = {fold: load(info).network() for fold, info in sorted(members.items())}
            run = Run(configs[name], given.cache / name)
            found = judge_again(KINDS[task], nets, given.data, run, read_folds(site_folds()))
            print(f"\n{name} (the table in the cards says the same)\n")
            print("\n".join(metrics_table(found.metrics)), flush=True)


if __name__ == "__main__":
    main()
