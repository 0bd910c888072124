"""Everything a reader can do, with its keys: the one table behind menus, toolbar, shortcuts and the help dialog."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Group(Enum):
    """Menus, in their order; the value is the title."""

    FILE = "&File"
    VIEW = "&View"
    OVERLAYS = "&Overlays"
    ANALYSIS = "&Analysis"
    HELP = "&Help"


@dataclass(frozen=True)
class Action:
    """One thing to do.

    Attributes
    ----------
    id
        The name of the method that does it (``MainWindow.do_<id>``), or of a layer.
    title
        In the menu.
    keys
        Shortcuts in Qt's portable spelling; the first one is shown.
    help
        One sentence for the help dialog and the tool tip.
    is_checkable
        Whether it is on or off.
    tool
        Text of the button on the toolbar; empty for none.
    """

    id: str
    title: str
    keys: tuple[str, ...]
    group: Group
    help: str
    is_checkable: bool = False
    tool: str = ""


@dataclass(frozen=True)
class Gesture:
    """Something the mouse does over an image."""

    how: str
    what: str


ACTIONS: Final[tuple[Action, ...]] = (
    Action("open_files", "Open files…", ("Ctrl+O",), Group.FILE, "Open DICOM or picture files.", tool="Open"),
    Action("open_folder", "Open folder…", ("Ctrl+Shift+O",), Group.FILE, "Open everything in a folder.", tool="Folder"),
    Action(
        "save_results", "Save results…", ("Ctrl+S",), Group.FILE, "Write result.json with masks and maps.", tool="Save"
    ),
    Action(
        "open_truth",
        "Open truth mask…",
        ("Ctrl+T",),
        Group.FILE,
        "Compare the active image's outlines with a mask: white on black, of the image's size.",
    ),
    Action("settings", "Settings…", ("Ctrl+,",), Group.FILE, "Device, threads, models and display."),
    Action("quit", "Quit", ("Ctrl+Q",), Group.FILE, "Close the window; running jobs end."),
    Action("fit", "Fit", ("F", "0"), Group.VIEW, "Hang all breasts at one size that fits.", tool="Fit"),
    Action(
        "one_to_one", "1:1 pixels", ("1",), Group.VIEW, "One acquired pixel to one pixel of the screen.", tool="1:1"
    ),
    Action("zoom_in", "Zoom in", ("+", "="), Group.VIEW, "Enlarge around the middle."),
    Action("zoom_out", "Zoom out", ("-",), Group.VIEW, "Shrink around the middle."),
    Action("window_tool", "Window by left drag", ("W",), Group.VIEW, "The left button drags the window.", True, "W/L"),
    Action("reset_window", "Reset window", ("R",), Group.VIEW, "Back to the header's window.", tool="Reset"),
    Action("next_voi", "Next window of the header", ("V",), Group.VIEW, "Step through the windows and tables offered."),
    Action("invert", "Invert", ("I",), Group.VIEW, "Black for white; the background stays black.", True, "Invert"),
    Action("magnifier", "Magnifier", ("M",), Group.VIEW, "Native detail around the cursor.", True, "Lens"),
    Action("synchronous", "Synchronous pan and zoom", ("Y",), Group.VIEW, "Move all images together, mirrored.", True),
    Action("single", "One image large", ("Return", "Enter"), Group.VIEW, "The active image alone, and back.", True),
    Action("next_in_stack", "Next image in the slot", ("PgDown",), Group.VIEW, "Extra views lie behind the first one."),
    Action("previous_in_stack", "Previous image in the slot", ("PgUp",), Group.VIEW, "Back to the image before."),
    Action("next_study", "Next study", ("Ctrl+Right",), Group.VIEW, "The study below in the list."),
    Action("previous_study", "Previous study", ("Ctrl+Left",), Group.VIEW, "The study above in the list."),
    Action("flip", "Mirror the active image", ("X",), Group.VIEW, "Where the orientation was inferred wrongly."),
    Action("identity", "Patient identity", ("H",), Group.VIEW, "Show or hide name and number.", True),
    Action("technique", "Technique", ("T",), Group.VIEW, "Exposure and equipment in the corner.", True),
    Action("panel", "Panels", ("F9",), Group.VIEW, "Show or hide the panels beside the images.", True),
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
    Action("analyse", "Analyse", ("F5",), Group.ANALYSIS, "Run the models on this study.", tool="Analyse"),
    Action("cancel", "Cancel analysis", ("Escape",), Group.ANALYSIS, "Stop the running analysis."),
    Action("next_finding", "Next finding", ("N", "Down"), Group.ANALYSIS, "Select and centre the next finding."),
    Action("previous_finding", "Previous finding", ("Shift+N", "Up"), Group.ANALYSIS, "Select the finding before."),
    Action("messages", "Messages", ("F2",), Group.HELP, "Everything that was told so far."),
    Action("keys", "Keys and mouse", ("F1", "?"), Group.HELP, "This table.", tool="Keys"),
    Action("about", "About MammoView", (), Group.HELP, "Version, licence, and what this program is not."),
)

GESTURES: Final[tuple[Gesture, ...]] = (
    Gesture("Left drag", "Pan; with W on, window and level"),
    Gesture("Right drag, Ctrl + left drag", "Window (sideways) and level (upwards is brighter)"),
    Gesture("Wheel", "Zoom around the cursor"),
    Gesture("Middle drag", "Zoom"),
    Gesture("Shift + wheel", "Step through the images of a slot"),
    Gesture("Click a finding", "Select it; click elsewhere to select none"),
    Gesture("Double click", "One image large, and back"),
    Gesture("Drop files or folders", "Open them"),
)


def action(identity: str) -> Action:
    """The row of one action."""
    return next(row for row in ACTIONS if row.id == identity)
