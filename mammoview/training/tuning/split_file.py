"""``split.json``: a sealed division with its counts, kept so that a project that is resumed can show it whole."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from mammoview.core.errors import InputError
from mammoview.core.small_files import write_whole
from mammoview.training.tuning.sealing import Seal
from mammoview.training.tuning.split_messages import Division
from mammoview.training.tuning.splitting import SplitReport

SPLIT_REPORT: Final = "split.json"


def keep_division(folder: Path, division: Division, seal: Seal) -> None:
    """Write a project's ``split.json``.

    Raises
    ------
    OutputError
        When the disk refuses.
    """
    report = SplitReport(division.counts, division.notes, len(division.reused), seal)
    write_whole(folder / SPLIT_REPORT, json.dumps(asdict(report), ensure_ascii=False, indent=1), "The split")


def read_division(folder: Path, seal: Seal) -> SplitReport:
    """Read what `keep_division` wrote.

    Parameters
    ----------
    folder
        Of the project.
    seal
        That it has to be of.

    Raises
    ------
    InputError
        When it is absent, damaged, or of another seal.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        report = TypeAdapter(SplitReport).validate_json((folder / SPLIT_REPORT).read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{folder / SPLIT_REPORT} cannot be read.", "Draw the split again to see it.") from error
    if report.seal != seal:
        raise InputError(f"{folder / SPLIT_REPORT} is of another seal.", "Draw the split again to see it.")
    return report
