"""Deciding on a case of the worklist. The keys are those of the numeric keypad first, then twins beside it."""

from __future__ import annotations

from typing import Final

from mammoview.core.reading import Assessment, Density
from mammoview.ui.actions.row import Action, Group

#: Keys of each category.
_KEYS: Final = {
    Assessment.INCOMPLETE: ("Num+0", "Alt+0"),
    Assessment.NEGATIVE: ("Num+1", "Alt+1"),
    Assessment.BENIGN: ("Num+2", "Alt+2"),
    Assessment.PROBABLY_BENIGN: ("Num+3", "Alt+3"),
    Assessment.SUSPICIOUS: ("Ctrl+Num+4", "Alt+4"),
    Assessment.LOW_SUSPICION: ("Ctrl+Num+1", "Alt+7"),
    Assessment.MODERATE_SUSPICION: ("Ctrl+Num+2", "Alt+8"),
    Assessment.HIGH_SUSPICION: ("Ctrl+Num+3", "Alt+9"),
    Assessment.HIGHLY_SUGGESTIVE: ("Ctrl+Num+5", "Alt+5"),
    Assessment.KNOWN_MALIGNANCY: ("Ctrl+Num+6", "Alt+6"),
}
_DENSITY_KEYS: Final = {
    Density.FATTY: ("Num+7", "Ctrl+5"),
    Density.SCATTERED: ("Num+8", "Ctrl+6"),
    Density.HETEROGENEOUS: ("Num+9", "Ctrl+7"),
    # A comma is printed on this key in many countries.
    Density.EXTREME: ("Num+.", "Num+,", "Ctrl+8"),
}
_WHICH: Final = "Which breast"
_SUSPICION: Final = "Suspicion"


def birads_id(category: Assessment) -> str:
    """The action of a category."""
    return f"birads_{category.value.lower()}"


ROWS: Final[tuple[Action, ...]] = (
    *(
        Action(
            birads_id(one),
            f"BI-RADS {one}",
            _KEYS[one],
            Group.READING,
            f"{one.label.split(':')[0]}; for both breasts, or the one that has the keys.",
            submenu="Category",
        )
        for one in _KEYS
    ),
    Action(
        "breast_right", "Keys for the right breast", ("Num+4",), Group.READING, "It hangs at the left.", submenu=_WHICH
    ),
    Action(
        "breast_both",
        "Keys for both breasts",
        ("Num+5",),
        Group.READING,
        "A category is given to both.",
        submenu=_WHICH,
    ),
    Action(
        "breast_left", "Keys for the left breast", ("Num+6",), Group.READING, "It hangs at the right.", submenu=_WHICH
    ),
    Action("recall", "Recall", ("Ctrl+Num++",), Group.READING, "Ask the woman to come again."),
    Action("no_recall", "No recall", ("Ctrl+Num+-",), Group.READING, "Nothing more is needed."),
    Action(
        "suspicion_less",
        "Less suspicious",
        ("Ctrl+Num+7",),
        Group.READING,
        "By 10 of 100, in a reader study.",
        submenu=_SUSPICION,
    ),
    Action(
        "suspicion_more",
        "More suspicious",
        ("Ctrl+Num+9",),
        Group.READING,
        "By 10 of 100, in a reader study.",
        submenu=_SUSPICION,
    ),
    *(
        Action(
            f"density_{one.value}",
            f"Density {one}",
            _DENSITY_KEYS[one],
            Group.READING,
            f"{one.label}.",
            submenu="Density",
        )
        for one in Density
    ),
    Action(
        "take_step",
        "Commit, then sign",
        ("Num+Enter", "Ctrl+Return"),
        Group.READING,
        "Commit the read; once it is committed, sign the report.",
    ),
    Action("reveal_ai", "Reveal the AI", ("Ctrl+Num+/", "Ctrl+B"), Group.READING, "Show what it found, if you may."),
    Action("sign_report", "Sign the report", (), Group.READING, "Lock it; corrections are amendments."),
    Action("next_case", "Next case", ("Num++", "Ctrl+Down"), Group.READING, "The case below in the worklist."),
    Action("previous_case", "Previous case", ("Ctrl+Up",), Group.READING, "The case above in the worklist."),
)
#: What does nothing while no case is open: these keys are the main keyboard's then.
IDS: Final = tuple(row.id for row in ROWS)
