"""What a reader is told of the presentation states that were found beside images."""

from __future__ import annotations

from mammoview.core.errors import Problem
from mammoview.core.study import ScanResult

STATE_CODE = "presentation_state"


def news_of_states(scan: ScanResult) -> list[Problem]:
    """One message for each state that is offered: none is applied by itself (MG-D13).

    Parameters
    ----------
    scan
        What was found.
    """
    found: dict[str, Problem] = {}
    for study in scan.studies:
        for image in study.images:
            for state in image.states:
                said = f"The presentation state {state.name} is offered, and not applied."
                found.setdefault(state.uid, Problem(state.path, STATE_CODE, said, "Choose it with Shift+V."))
    return list(found.values())
