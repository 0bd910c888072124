"""Cross-validate a training config by patient, and publish its nets.

python trainers/cross_validate.py patch --data ../shared/data --config trainers/configs/patch.toml --out runs/patch
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("patch", "image", "segment"))
    parser.add_argument("--data", type=Path, required=True, help="folder of the training images")
    parser.add_argument("--config", type=Path, required=True, help="a TOML file of trainers/configs")
    parser.add_argument("--out", type=Path, required=True, help="folder of this run; fold k lies in OUT/foldk")
    parser.add_argument("--folds", type=Path, default=Path("splits/site.csv"), help="fold of each patient")
    parser.add_argument("--only", type=int, nargs="*", default=(), help="run these folds alone")
    parser.add_argument("--parents", type=Path, help="OUT of the patch classifiers, for whole images")
    parser.add_argument("--threads", type=int, default=1, help="1 repeats a run exactly")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(given.threads)

    # Imported late: the number of threads has to be set before torch is loaded.
    from mammoview.core.errors import MammoViewError
    from mammoview.training.cases.splits import read_folds
    from mammoview.training.config import read_config
    from mammoview.training.recipes.crossval import cross_validate
    from mammoview.training.recipes.fitting import Run
    from mammoview.training.recipes.launch import lines_to

    try:
        run = Run(read_config(given.config), given.out, progress=lines_to(sys.stdout))
        found = cross_validate(
            given.kind, given.data, run, read_folds(given.folds), only=tuple(given.only), parents=given.parents
        )
    except MammoViewError as error:
        print(error, file=sys.stderr)
        return 1
    print((found[0].folder / "MODEL_CARD.md").read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
