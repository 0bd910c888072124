"""Images that can no longer be read while a net learns: passed over, counted and named, never a reason to stop."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mammoview.core.errors import InputError
from mammoview.core.small_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SKIPPED = "skipped.json"


@dataclass(eq=False)
class Lost:
    """What was passed over, with the reasons; kept in a run's folder, so that a run that goes on passes it over, too.

    Attributes
    ----------
    folder
        Of the run.
    tell
        Told the name of each image that is lost for the first time, and why.
    """

    folder: Path
    tell: Callable[[str, str], None] | None = None
    _reasons: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what an earlier call passed over."""
        try:
            words = json.loads((self.folder / SKIPPED).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            words = {}
        self._reasons.update({str(name): str(reason) for name, reason in words.items()})

    def __contains__(self, name: object) -> bool:
        """Whether an image of this name was lost."""
        return name in self._reasons

    def __len__(self) -> int:
        """How many were lost."""
        return len(self._reasons)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Names and reasons."""
        return iter(self._reasons.items())

    def note(self, name: str, error: InputError) -> None:
        """Pass over an image from now on."""
        if name not in self._reasons:
            self._reasons[name] = error.user_message
            write_whole(self.folder / SKIPPED, json.dumps(self._reasons, indent=1), "The list of skipped images")
            if self.tell is not None:
                self.tell(name, error.user_message)
