r"""Train the network that looks back at earlier exams, on the body of a classifier.

python trainers/train_priors.py --data phantom --config trainers/configs/priors.toml --out runs/priors \
        --parent resources/models/cbis-patch-1-0.2

The same as ``mammoview train priors``; ``--help`` lists all options.
"""

from __future__ import annotations

import sys

from mammoview.cli.app import main

if __name__ == "__main__":
    main(["train", "priors", *sys.argv[1:]])
