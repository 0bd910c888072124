"""Which images hang where."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

ROWS: Final[tuple[Action, ...]] = (
    Action(
        "next_in_stack", "Next image in the slot", ("PgDown",), Group.HANGING, "Extra views lie behind the first one."
    ),
    Action("previous_in_stack", "Previous image in the slot", ("PgUp",), Group.HANGING, "Back to the image before."),
    Action("next_study", "Next study", ("Ctrl+Right",), Group.HANGING, "The study below in the list."),
    Action("previous_study", "Previous study", ("Ctrl+Left",), Group.HANGING, "The study above in the list."),
    Action("flip", "Mirror the active image", ("X",), Group.HANGING, "Where the orientation was inferred wrongly."),
)
