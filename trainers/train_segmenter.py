"""Train the B-Cir U-Net on lesion crops.

python trainers/train_segmenter.py --data ../shared/data --config trainers/configs/segmenter.toml --out runs/segmenter

The same as ``mammoview train segment``; ``--help`` lists all options.
"""

from __future__ import annotations

import sys

from mammoview.cli.app import main

if __name__ == "__main__":
    main(["train", "segment", *sys.argv[1:]])
