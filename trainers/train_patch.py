"""Train the five-class patch classifier on CBIS-DDSM.

python trainers/train_patch.py --data ../shared/data --config trainers/configs/patch.toml --out runs/patch

The same as ``mammoview train patch``; ``--help`` lists all options.
"""

from __future__ import annotations

import sys

from mammoview.cli.app import main

if __name__ == "__main__":
    main(["train", "patch", *sys.argv[1:]])
