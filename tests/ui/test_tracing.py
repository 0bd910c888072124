"""Comparisons with an opened mask say nothing of what was concealed since."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from mammoview.core.findings import ImageResult
from mammoview.core.image import Mask
from mammoview.ui.tracing import Tracing


def test_a_comparison_with_what_was_concealed_meanwhile_is_not_shown() -> None:
    known = [ImageResult("a")]
    shown: list[object] = []
    waiting: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []
    session: Any = SimpleNamespace(
        image=lambda _id: SimpleNamespace(study_uid="1"),
        image_results_of=lambda _uid: tuple(known),
        truth_of=lambda _id: SimpleNamespace(mask=Mask.from_array(np.eye(9, dtype=bool))),
    )
    wall: Any = SimpleNamespace(set_truth=lambda _id, truth: shown.append(truth))
    background: Any = SimpleNamespace(run=lambda work, then: waiting.append((work, then)))
    tracing = Tracing(session, wall, background)
    tracing.compare("a")
    known.clear()
    tracing.compare("a")
    (late, show_late), (work, show) = waiting
    show(work())
    show_late(late())
    assert len(shown) == 1, "the mask alone"
