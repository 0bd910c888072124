r"""Train the network that looks back at earlier exams, behind a frozen patch classifier of drawn masses.

python trainers/train_patch.py --data . --config trainers/configs/phantom_patch.toml --out runs/phantom-patch
python trainers/train_priors.py --data phantom --config trainers/configs/priors.toml --out runs/priors \
        --parent runs/phantom-patch/package

The same as ``mammoview train priors``; ``--help`` lists all options.
"""

from __future__ import annotations

import sys

from mammoview.cli.app import main

if __name__ == "__main__":
    main(["train", "priors", *sys.argv[1:]])
