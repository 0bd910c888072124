"""Measuring and marking."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action

ROWS: Final[tuple[Action, ...]] = ()
