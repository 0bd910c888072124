"""What can be wrong with a wizard's work."""

from __future__ import annotations

from mammoview.core.errors import MammoViewError


class TuningError(MammoViewError):
    """A project of the wizard does not exist, exists already, or cannot be what its files say."""

    code = "tuning"


class ProjectInUseError(TuningError):
    """Another wizard works on the project."""

    code = "project_in_use"
