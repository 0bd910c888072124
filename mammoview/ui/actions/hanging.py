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
    Action("next_stage", "Next stage", ("]",), Group.HANGING, "The next picture of this study's hanging."),
    Action("previous_stage", "Previous stage", ("[",), Group.HANGING, "The picture before."),
    Action("priors", "Priors", ("Ctrl+R",), Group.HANGING, "A picture with the prior, and back to the one without."),
    Action(
        "compare", "Prior in place of the image", ("Tab",), Group.HANGING, "The prior at the same place and size; back."
    ),
    Action("swap_sides", "Swap sides", ("Shift+X",), Group.HANGING, "Exchange left and right on the screen.", True),
    Action("second_screen", "Second monitor", ("F11",), Group.HANGING, "A second window that moves in step.", True),
    Action(
        "flip",
        "Mirror the active image",
        ("X",),
        Group.HANGING,
        "Where the orientation was inferred wrongly; kept for this image.",
    ),
    Action("hanging_editor", "Hanging protocols…", ("Ctrl+H",), Group.HANGING, "Make your own hangings."),
)
