"""Volumes: frames, cine and slabs."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

ROWS: Final[tuple[Action, ...]] = (
    Action("next_frame", "Next slice", (".",), Group.FRAMES, "One slice further from the breast support."),
    Action("previous_frame", "Previous slice", (",",), Group.FRAMES, "One slice nearer to the breast support."),
    Action("first_frame", "First slice", ("Home",), Group.FRAMES, "The slice at the breast support."),
    Action("last_frame", "Last slice", ("End",), Group.FRAMES, "The slice farthest from it."),
    Action("cine", "Cine", ("G",), Group.FRAMES, "Let the slices go by; rate and way are in the settings.", True),
    Action("slab_mode", "Slab: MIP, average, off", ("J",), Group.FRAMES, "Several slices as one, in all volumes."),
    Action("slab_thickness", "Slab thickness", ("Shift+J",), Group.FRAMES, "3, 5 or 10 mm."),
    Action("swap_volume", "2D or 3D", ("U",), Group.FRAMES, "The image or the volume of this view, at the same place."),
    Action(
        "link_frames",
        "Link scrolling",
        ("Shift+L",),
        Group.FRAMES,
        "Volumes of the same view follow to the same height in mm.",
        True,
    ),
    Action(
        "projections",
        "Projections",
        ("Shift+U",),
        Group.FRAMES,
        "Hang the projections behind the volumes as well.",
        True,
    ),
)
