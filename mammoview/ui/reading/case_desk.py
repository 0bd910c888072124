"""What findings need of the desk where a case is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from PySide6.QtCore import SignalInstance

from mammoview.imaging.location import ViewFrame
from mammoview.report.breast_report.values import Draft
from mammoview.session.reading.case import Case


class Reading(Protocol):
    """What the board needs of the desk where cases are read."""

    case: Case | None

    @property
    def case_changed(self) -> SignalInstance:
        """Tells another case, or None."""

    @property
    def settling(self) -> SignalInstance:
        """Tells that what is half written must go into the case now."""

    def change(
        self, fn: Callable[[Draft], Draft], text: str = "change", *, frames: Mapping[str, ViewFrame] | None = None
    ) -> bool:
        """Change the draft, and with it landmarks; whether that was done."""
