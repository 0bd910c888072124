"""What is shown beside and over the images."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

ROWS: Final[tuple[Action, ...]] = (
    Action("synchronous", "Synchronous pan and zoom", ("Y",), Group.VIEW, "Move all images together, mirrored.", True),
    Action("single", "One image large", ("Return", "Enter"), Group.VIEW, "The active image alone, and back.", True),
    Action("identity", "Patient identity", ("H",), Group.VIEW, "Show or hide name and number.", True),
    Action("technique", "Full annotation", ("T",), Group.VIEW, "Exposure, equipment and study in the corners.", True),
    Action(
        "conformance",
        "Input conformance…",
        ("Ctrl+I",),
        Group.VIEW,
        "What the profile obliges the modality to send, and what the active image lacks of it.",
    ),
    Action(
        "say_view",
        "Side and view…",
        ("Ctrl+E",),
        Group.VIEW,
        "Say which side and view an image shows whose file does not say it.",
    ),
    Action(
        "clahe",
        "Local contrast (CLAHE)",
        ("E",),
        Group.VIEW,
        "Show all images with more local contrast, marked; again shows the originals.",
        True,
    ),
    Action(
        "denoise",
        "Denoised",
        ("Shift+E",),
        Group.VIEW,
        "Show all images with less noise, marked; again shows the originals.",
        True,
    ),
    Action(
        "larger", "Larger letters", ("Ctrl++", "Ctrl+="), Group.VIEW, "Letters, buttons and panels one step larger."
    ),
    Action("smaller", "Smaller letters", ("Ctrl+-",), Group.VIEW, "Letters, buttons and panels one step smaller."),
    Action("usual_size", "Usual letters", ("Ctrl+0",), Group.VIEW, "Letters, buttons and panels at their usual size."),
    Action(
        "high_contrast",
        "High contrast",
        ("Ctrl+Shift+H",),
        Group.VIEW,
        "White letters on black and bright frames; images stay as they are.",
        True,
    ),
    Action("panel", "Panels", ("F9",), Group.VIEW, "Show or hide the panels beside the images.", True),
)
