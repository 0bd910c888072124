r"""Train the whole-image classifier on CBIS-DDSM, from a patch classifier.

python trainers/train_whole_image.py --data ../shared/data --config trainers/configs/whole_image.toml \
        --out runs/whole_image --parent runs/patch/package

The same as ``mammoview train image``; ``--help`` lists all options.
"""

from __future__ import annotations

import sys

from mammoview.cli.app import main

if __name__ == "__main__":
    main(["train", "image", *sys.argv[1:]])
