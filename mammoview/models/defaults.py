"""Which of the shipped packages are in use where the user chose nothing. No torch here.

``resources/models/defaults.json`` names them for each task: a list of ids, or, where operating points were fitted for
the mean of exactly these packages, an object with ``packages`` and ``calibration``::

    {"whole_image": {"packages": ["a", "b"], "calibration": {"operating_points": [...], "fitted_on": "..."}},
     "patch": ["c"]}
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, RootModel, ValidationError, field_validator

from mammoview.core.errors import ModelPackageError
from mammoview.models.manifest import Calibration, Task, read_small

DEFAULTS = "defaults.json"


class TaskDefault(BaseModel):
    """The packages of one task.

    Attributes
    ----------
    packages
        ``id`` or ``id@version``; several are an ensemble.
    calibration
        Operating points of their mean; its temperature is not used, since each package has its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    packages: tuple[str, ...]
    calibration: Calibration = Calibration()


class Defaults(RootModel[dict[Task, TaskDefault]]):
    """The file's content."""

    model_config = ConfigDict(frozen=True)

    @field_validator("root", mode="before")
    @classmethod
    def _with_lists(cls, words: object) -> object:
        if not isinstance(words, dict):
            return words
        return {task: {"packages": value} if isinstance(value, list) else value for task, value in words.items()}

    def packages(self, task: str) -> tuple[str, ...]:
        """Ids of a task's packages; empty where the file does not name it."""
        found = self.root.get(Task(task)) if task in set(Task) else None
        return found.packages if found else ()

    def calibration(self, task: str) -> Calibration:
        """Operating points of the mean of a task's packages; none where none were fitted."""
        found = self.root.get(Task(task)) if task in set(Task) else None
        return found.calibration if found else Calibration()


def read_defaults(folder: Path) -> Defaults:
    """Read the file in ``folder``; nothing is a default where it is absent.

    Raises
    ------
    ModelPackageError
        When it does not hold what its name says.
    """
    path = folder / DEFAULTS
    if not path.is_file():
        return Defaults({})
    try:
        return Defaults.model_validate(json.loads(read_small(path)))
    except (ValueError, RecursionError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "it is not JSON"
        raise ModelPackageError(
            f"The list of default models {path} cannot be used: {reason}.", "Install MammoView again."
        ) from error
