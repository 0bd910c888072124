"""``plan.json``: what a plan said, kept beside its config so that a project that is resumed can show it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from mammoview.core.errors import InputError
from mammoview.core.small_files import write_whole
from mammoview.training.tuning.run_messages import PlanReport

PLAN_REPORT: Final = "plan.json"


def keep_plan(folder: Path, report: PlanReport) -> PlanReport:
    """Write a project's ``plan.json``.

    Raises
    ------
    OutputError
        When the disk refuses.
    """
    write_whole(folder / PLAN_REPORT, json.dumps(asdict(report), ensure_ascii=False, indent=1), "The plan")
    return report


def read_plan(folder: Path) -> PlanReport:
    """Read what `keep_plan` wrote.

    Raises
    ------
    InputError
        When it is absent or damaged.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(PlanReport).validate_json((folder / PLAN_REPORT).read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{folder / PLAN_REPORT} cannot be read.", "Plan again.") from error
