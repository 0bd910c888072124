"""Overlays of what the AI found and of opened masks: traced off the GUI thread, once, and laid over what hangs."""

from __future__ import annotations

from mammoview.core.findings import ImageResult
from mammoview.session.session import Session
from mammoview.ui.bridge import Background
from mammoview.ui.viewport.layers import Prepared, Truth, prepare, prepare_truth
from mammoview.ui.viewport.wall import Wall


class Tracing:
    """Keeps the overlays of one session.

    Parameters
    ----------
    session
        Asked for what is known, and may be told, of an image.
    wall
        Where the images hang.
    background
        Traces.
    """

    def __init__(self, session: Session, wall: Wall, background: Background) -> None:
        self._session, self._wall, self._background = session, wall, background
        self._prepared: dict[str, tuple[ImageResult, Prepared]] = {}
        self._wanted: dict[str, ImageResult] = {}

    def result_of(self, image_id: str) -> ImageResult | None:
        """What is known of an image, of whichever study."""
        image = self._session.image(image_id)
        results = self._session.image_results_of(image.study_uid) if image else ()
        return next((result for result in results if result.image_id == image_id), None)

    def dress(self, image_id: str) -> None:
        """Lay over an image what is known of it."""
        result = self.result_of(image_id)
        if result is not None:
            self.lay(result)
        self.compare(image_id)

    def dress_all(self) -> None:
        """Lay over everything that hangs what is known of it."""
        for pane in self._wall.panes:
            if pane.hung is not None:
                self.dress(pane.hung.image.id)

    def lay(self, result: ImageResult) -> None:
        """Trace an image's overlays, unless that was done; its pyramid must be here."""
        known = self._prepared.get(result.image_id)
        if known is not None and known[0] is result:
            self._wall.set_prepared(known[1])
            return
        image = self._session.pixels_of(result.image_id)
        if image is None or self._wanted.get(result.image_id) is result:
            return
        self._wanted[result.image_id] = result
        levels = len(image.levels)
        self._background.run(lambda: (result, prepare(result, levels)), self._traced)

    def compare(self, image_id: str) -> None:
        """Trace the mask that was opened for an image beside what was found by now."""
        truth = self._session.truth_of(image_id)
        if truth is None:
            return
        known = self.result_of(image_id)
        result = known or ImageResult(image_id)

        def compared(traced: Truth) -> None:
            # What it was compared with may have been concealed meanwhile; then it is compared anew.
            if self.result_of(image_id) is known:
                self._wall.set_truth(image_id, traced)

        self._background.run(lambda: prepare_truth(truth.mask, result), compared)

    def _traced(self, made: tuple[ImageResult, Prepared]) -> None:
        result, prepared = made
        if self._wanted.get(result.image_id) is not result:
            return
        del self._wanted[result.image_id]
        self._prepared[result.image_id] = made
        if self.result_of(result.image_id) is result:
            self._wall.set_prepared(prepared)
