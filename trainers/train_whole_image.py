r"""Train the whole-image classifier on CBIS-DDSM, from a patch classifier.

python trainers/train_whole_image.py --data ../shared/data --config trainers/configs/whole_image.toml \
        --out runs/whole_image --parent resources/models/cbis-patch-compact-0.1
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training images")
    parser.add_argument("--config", type=Path, required=True, help="a TOML file of trainers/configs")
    parser.add_argument("--out", type=Path, required=True, help="folder of this run; the package is OUT/package")
    parser.add_argument("--parent", type=Path, required=True, help="package folder of the patch classifier")
    parser.add_argument("--threads", type=int, default=1, help="1 repeats a run exactly")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(given.threads)

    # Imported late: the number of threads has to be set before torch is loaded.
    from mammoview.core.errors import MammoViewError
    from mammoview.training.config import read_config
    from mammoview.training.recipes import Run, train_whole_image

    started = time.perf_counter()

    def tell(fraction: float, text: str) -> None:
        print(f"{time.perf_counter() - started:7.0f} s  {fraction:4.0%}  {text}", flush=True)

    try:
        run = Run(read_config(given.config), given.out, progress=tell)
        package = train_whole_image(given.data, run, parent=given.parent)
    except MammoViewError as error:
        print(error, file=sys.stderr)
        return 1
    print((package.folder / "MODEL_CARD.md").read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
