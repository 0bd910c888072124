"""Forgetting a run: neither torch nor weights are needed for that."""

from __future__ import annotations

import shutil
from pathlib import Path

from mammoview.core.errors import OutputError
from mammoview.core.small_files import hint_for

RUN = "run"
#: What a run began with: hashes of table, split, config and parent; and in how many parts a batch goes.
INPUTS = "inputs.json"
# By what they would spoil: a checkpoint without its inputs belongs to nobody, inputs without a checkpoint are refused.
_OF_RUN = ("checkpoint.pt", "best.pt", "log.jsonl", "curves.png", "skipped.json", "samples-*.npz", INPUTS)


def begin_anew(folder: Path) -> None:
    """Forget a project's run and its verdict, so that the next run starts from the beginning.

    Images that were prepared stay. Where it is killed or fails in between, it is done again.

    Parameters
    ----------
    folder
        Of the project.

    Raises
    ------
    OutputError
        When a file cannot be removed.
    """
    run = folder / RUN
    try:
        if (run / "package").exists():
            shutil.rmtree(run / "package")
        (folder / "verdict.json").unlink(missing_ok=True)
        for pattern in _OF_RUN:
            for path in run.glob(pattern):
                path.unlink()
    except OSError as error:
        raise OutputError(f"The run in {run} cannot be forgotten ({error.strerror}).", hint_for(error)) from error
