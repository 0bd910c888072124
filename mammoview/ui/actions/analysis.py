"""The models."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

ROWS: Final[tuple[Action, ...]] = (
    Action("analyse", "Analyse", ("F5",), Group.ANALYSIS, "Run the models on this study.", tool="Analyse"),
    Action("cancel", "Cancel analysis", ("Escape",), Group.ANALYSIS, "Stop the running analysis."),
    Action("next_finding", "Next finding", ("N", "Down"), Group.ANALYSIS, "Select and centre the next finding."),
    Action("previous_finding", "Previous finding", ("Shift+N", "Up"), Group.ANALYSIS, "Select the finding before."),
    Action(
        "compare_models",
        "Compare two models…",
        ("Ctrl+Shift+M",),
        Group.ANALYSIS,
        "Show what two models say of this study, side by side.",
    ),
    Action(
        "fine_tune",
        "Fine-tune…",
        ("Ctrl+Shift+T",),
        Group.ANALYSIS,
        "Adapt a model to your own cases, step by step.",
    ),
    Action(
        "install_model",
        "Install a model…",
        (),
        Group.ANALYSIS,
        "Install a model package (.mvmodel) that another site made; it is tried out first.",
    ),
)
