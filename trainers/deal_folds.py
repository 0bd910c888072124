"""Deal the patients of the public data out to five folds, as they lie in splits/site.csv.

python trainers/deal_folds.py --data ../shared/data --out splits/site.csv
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mammoview.core.errors import MammoViewError
from mammoview.training.cases.folds import public_folds
from mammoview.training.cases.splits import write_folds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training images")
    parser.add_argument("--out", type=Path, required=True, help="the table to write")
    given = parser.parse_args()
    try:
        write_folds(public_folds(given.data), given.out)
    except MammoViewError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
