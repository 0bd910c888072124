"""Layers over the images."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

ROWS: Final[tuple[Action, ...]] = (
    Action("findings_layer", "Findings", ("D",), Group.OVERLAYS, "Contours and scores of findings.", True, "Findings"),
    Action(
        "candidates_layer", "Candidates", ("C",), Group.OVERLAYS, "Places proposed to the models.", True, "Candidates"
    ),
    Action(
        "saliency_layer", "Saliency", ("S",), Group.OVERLAYS, "What mattered to the image's score.", True, "Saliency"
    ),
    Action("patch_map_layer", "Patch map", ("P",), Group.OVERLAYS, "Where the patch classes lie.", True, "Patches"),
    Action("benign_layer", "Benign layer", ("Shift+B",), Group.OVERLAYS, "Benign lesions, in blue.", True),
    Action("malignant_layer", "Malignant layer", ("Shift+M",), Group.OVERLAYS, "Malignant lesions, in orange.", True),
    Action(
        "truth_layer",
        "Truth",
        ("Shift+T",),
        Group.OVERLAYS,
        "The opened truth mask in red, outlines found in yellow.",
        True,
    ),
    Action("breast_layer", "Breast mask", ("B",), Group.OVERLAYS, "Outline of the breast.", True, "Breast"),
    Action("pectoral_layer", "Pectoral muscle", ("L",), Group.OVERLAYS, "Outline of the pectoral muscle.", True),
    Action(
        "artifacts_layer", "Artifacts", ("A",), Group.OVERLAYS, "Letters, stickers, tape, edges.", True, "Artifacts"
    ),
    Action("cleaned", "Cleaned copy", ("K",), Group.OVERLAYS, "The image as the models see it.", True, "Cleaned"),
    Action("no_layers", "All overlays off", ("Space",), Group.OVERLAYS, "The image alone; again brings them back."),
)
