"""The findings of the case on the wall: which one is selected, what of the AI is seen, and what the reader changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QPointF, Signal

from mammoview.core.anatomy import Landmarks
from mammoview.core.findings import ModelUse
from mammoview.core.marks import Point
from mammoview.core.reading import (
    FindingType,
    Lesion,
    Location,
    ReaderFinding,
    RejectReason,
    longest_mm,
)
from mammoview.core.study import Mammogram
from mammoview.imaging.location import Place, ViewFrame, centre_of
from mammoview.report.breast_report.values import Draft
from mammoview.session.marks import new_id
from mammoview.session.reading import changes
from mammoview.session.reading.case import Case
from mammoview.session.reading.placing import located, place_of, places_in
from mammoview.ui.reading.case_desk import Reading
from mammoview.ui.reading.shown import AiSight, Shown, Standing, finding_at, lesions, seen, shown_on, standing
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.wall import Wall

_REACH_PX = 6.0


class FindingBoard(QObject):
    """Knows the findings of one case as they are shown, and brings what the reader does to the desk.

    Attributes
    ----------
    frame_of, show_frame
        As of `mammoview.ui.viewport.board.Board`: which frame a pane shows, and how to bring one to the front.
    image_of
        The open image of an id.
    is_shown
        Whether anything of the case is painted over the images.
    """

    #: Something is painted or listed in another way.
    changed = Signal()
    selected_changed = Signal(str)
    #: The reader drew a finding: its id.
    added = Signal(str)
    #: Why nothing can be drawn there.
    refused = Signal(str)
    #: The `AiSight` in force.
    sight_changed = Signal(object)

    def __init__(self, reading: Reading, wall: Wall, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reading, self._wall = reading, wall
        self.frame_of: Callable[[Canvas], int] = lambda _canvas: 0
        self.show_frame: Callable[[str, int], object] = lambda _image_id, _frame: None
        self.image_of: Callable[[str], Mammogram | None] = lambda _image_id: None
        self.selected = ""
        self.sight = AiSight()
        self.is_shown = True
        self._candidates: tuple[str, ...] = ()
        self._uid, self._was_revealed = "", False
        self._before: dict[str, Location] = {}
        self._frames: Mapping[str, ViewFrame] = {}
        self._is_settling = False
        # Painted from with every frame; a draft is too large to be hashed each time.
        self._known_of: Draft | None = None
        self._shown: dict[tuple[object, ...], tuple[Shown, ...]] = {}
        self._lesions: tuple[Lesion, ...] = ()
        reading.case_changed.connect(self._show_case)
        wall.clicked.connect(self._clicked)

    # What there is

    @property
    def case(self) -> Case | None:
        """The case on the table."""
        return self._reading.case

    @property
    def draft(self) -> Draft | None:
        """Its draft."""
        return self._reading.case.draft if self._reading.case is not None else None

    @property
    def frames(self) -> Mapping[str, ViewFrame]:
        """By image: what locates a finding there."""
        return self._reading.case.frames if self._reading.case is not None else {}

    @property
    def can_change(self) -> bool:
        """Whether findings may be drawn and judged."""
        return self.case is not None and not self.case.is_read_only

    @property
    def is_revealed(self) -> bool:
        """Whether the reader sees what the AI said."""
        return self.case is not None and self.case.is_revealed

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        """As the list shows them: what the AI proposes is hidden with its marks."""
        self._look_up()
        if self.sight.has_marks:
            return self._lesions
        return tuple(one for one in self._lesions if {standing(part) for part in one.findings} != {Standing.UNJUDGED})

    def _look_up(self) -> None:
        """Forget what was known of another draft."""
        draft = self.draft
        if draft is not self._known_of:
            self._known_of, self._shown = draft, {}
            self._lesions = lesions(draft) if draft is not None else ()

    @property
    def finding(self) -> ReaderFinding | None:
        """The selected one."""
        return self.of(self.selected)

    @property
    def lesion(self) -> Lesion | None:
        """What the selected finding is seen of."""
        return next((one for one in self.lesions if any(part.id == self.selected for part in one.findings)), None)

    def of(self, finding_id: str) -> ReaderFinding | None:
        """The finding of that id, if this reader may know of it."""
        return next((one for one in seen(self.draft) if one.id == finding_id), None) if self.draft else None

    def place(self, lesion: Lesion) -> Place | None:
        """Where a lesion lies as the landmarks tell."""
        return place_of(lesion, self.frames)

    def shown(self, canvas: Canvas) -> tuple[Shown, ...]:
        """What is painted on a pane."""
        if self.draft is None or canvas.hung is None or canvas.image is None or not self.is_shown:
            return ()
        self._look_up()
        image_id, frame = canvas.hung.image.id, self.frame_of(canvas)
        key = (image_id, frame, self.sight, self.selected, self._candidates)
        if key not in self._shown:
            self._shown[key] = shown_on(
                self.draft, image_id, frame, self.sight, selected=self.selected, candidates=self._candidates
            )
        return self._shown[key]

    # What is seen

    def select(self, finding_id: str, *, is_brought: bool = False) -> None:
        """Select a finding, the empty id none.

        Parameters
        ----------
        is_brought
            Whether it is brought to the middle of its pane.
        """
        found = self.of(finding_id)
        finding_id = found.id if found is not None else ""
        if finding_id != self.selected:
            self.selected, self._candidates = finding_id, ()
            # What is chosen is meant to be seen.
            self.is_shown = self.is_shown or bool(finding_id)
            self.selected_changed.emit(finding_id)
            self._tell()
        if is_brought and found is not None:
            self.show_frame(found.image_id, found.frame)
            self._wall.reveal(found.image_id, *centre_of(found.contour))

    def step(self, by: int) -> None:
        """Select the next lesion of the list, or the one before."""
        order = [one.findings[0].id for one in self.lesions]
        here = self.lesion
        if order:
            at = order.index(here.findings[0].id) if here is not None else (-1 if by > 0 else 0)
            self.select(order[(at + by) % len(order)], is_brought=True)

    def set_sight(self, sight: AiSight) -> None:
        """Say what of the AI is seen."""
        if sight != self.sight:
            self.sight = sight
            if self.finding is not None and self.lesion is None:
                self.select("")
            self.sight_changed.emit(sight)
            self._tell()

    def set_shown(self, *, is_shown: bool) -> None:
        """Paint findings, or leave the images alone."""
        if is_shown is not self.is_shown:
            self.is_shown = is_shown
            self._tell()

    def set_candidates(self, ids: Sequence[str]) -> None:
        """Findings that may be the same lesion as the selected one, the likeliest first."""
        if tuple(ids) != self._candidates:
            self._candidates = tuple(ids)
            self._tell()

    @property
    def candidates(self) -> tuple[str, ...]:
        """As they were set last."""
        return self._candidates

    def hit(self, canvas: Canvas, at: QPointF) -> str:
        """Id of the finding under a point of the widget; empty where there is none."""
        ratio = canvas.devicePixelRatioF()
        return self._at(canvas, at.y() * ratio, at.x() * ratio)

    def _at(self, canvas: Canvas, row: float, col: float) -> str:
        reach = _REACH_PX * canvas.devicePixelRatioF()
        return finding_at(self.shown(canvas), canvas.placement.to_device, row, col, reach)

    def _clicked(self, canvas: Canvas, row: float, col: float) -> None:
        if self.case is not None:
            self.select(self._at(canvas, row, col))

    def _tell(self) -> None:
        # What rides on the images sees by itself what is new; words and corners stay.
        for pane in self._wall.panes:
            pane.update()
        self.changed.emit()

    # What the desk tells

    def _show_case(self, case: Case | None) -> None:
        uid, is_revealed = (case.uid, case.is_revealed) if case is not None else ("", False)
        if uid != self._uid or (is_revealed and not self._was_revealed):
            self.set_sight(AiSight())
        if uid != self._uid:
            self.select("")
        self._uid, self._was_revealed = uid, is_revealed
        if self.selected and self.of(self.selected) is None:
            self.select("")
        self._settle()
        self._tell()

    def _settle(self) -> None:
        """Bring the locations of what is reported up to date once landmarks were found or moved."""
        frames, before = self.frames, self._before
        self._before = places_in(self.draft, frames) if self.draft is not None else {}
        is_new, self._frames = frames is not self._frames and dict(frames) != dict(self._frames), frames
        if not is_new or not self.can_change or self.draft is None or self._is_settling:
            return
        moved = located(self.draft, frames, before)
        if moved.reported != self.draft.reported:
            self._is_settling = True
            self._reading.change(lambda draft: located(draft, frames, before), "locations")
            self._is_settling = False

    # What the reader does

    def change(self, fn: Callable[[Draft], Draft], text: str) -> bool:
        """Change the draft, and what follows from it: where its findings lie."""
        draft, frames = self.draft, self.frames
        if draft is None:
            return False
        before = places_in(draft, frames)
        return self._reading.change(lambda now: located(fn(now), frames, before), text)

    def add(
        self,
        canvas: Canvas,
        contour: Sequence[Point],
        kind: FindingType = FindingType.MASS,
        *,
        outlined_by: tuple[ModelUse, ...] = (),
    ) -> str:
        """Put a finding of the reader's own on what a pane shows, and select it; ``outlined_by`` as in the finding.

        Returns
        -------
        str
            Its id; empty where it could not be added.
        """
        image, why_not = canvas.hung.image if canvas.hung is not None else None, self.why_not(canvas)
        if image is None or image.laterality is None or why_not:
            self.refused.emit(why_not)
            return ""
        place = image.id, image.laterality, image.view
        made = ReaderFinding(
            new_id(),
            *place,
            kind,
            tuple(contour),
            frame=self.frame_of(canvas),
            size_mm=longest_mm(contour, image.spacing_mm),
            outlined_by=outlined_by,
        )
        text = "outline by the AI" if outlined_by else "drawing"
        if not self.change(lambda draft: changes.add_finding(draft, made), text):
            return ""
        self.select(made.id)
        self.added.emit(made.id)
        return made.id

    def _is_of_case(self, image_id: str) -> bool:
        return self.draft is not None and self.draft.exam.image(image_id) is not None

    def why_not(self, canvas: Canvas) -> str:
        """Why nothing can be drawn on a pane; empty where it can."""
        if not self.can_change:
            return "Open a case of the worklist to describe findings." if self.case is None else "Nothing changes here."
        image = canvas.hung.image if canvas.hung is not None else None
        if image is None or not self._is_of_case(image.id):
            return "This image belongs to another exam."
        return "" if image.laterality is not None else "Nobody knows which breast the image shows: give it its side."

    def set_outline(
        self, finding_id: str, contour: Sequence[Point], *, outlined_by: tuple[ModelUse, ...] | None = ()
    ) -> None:
        """Give a finding another outline, see `changes.edit_contour`; one of the AI becomes an edited one."""
        draft = self.draft
        if draft is not None and contour:
            self.change(
                lambda now: changes.edit_contour(now, finding_id, contour, draft.reader, outlined_by=outlined_by),
                "change of the outline",
            )

    def accept(self) -> None:
        """Take the selected lesion of the AI as it is, in all its views; an edited outline is taken already."""
        self._judge(lambda draft, one: changes.accept(draft, one.id, draft.reader), "accepting", Standing.EDITED)

    def reject(self, reason: RejectReason, comment: str = "") -> None:
        """Say that the selected lesion of the AI is none, in all its views."""
        self._judge(lambda draft, one: changes.reject(draft, one.id, draft.reader, reason, comment), "rejecting")

    def take_back(self) -> None:
        """Take the verdict on the selected lesion back; an edited outline becomes the AI's again."""
        self._judge(lambda draft, one: changes.take_back(draft, one.id), "verdict")

    def _judge(self, verdict: Callable[[Draft, ReaderFinding], Draft], text: str, *spared: Standing) -> None:
        lesion, result = self.lesion, self.case.result if self.case is not None else None
        not_meant = {Standing.OWN, *spared}
        of_ai = [one for one in lesion.findings if standing(one) not in not_meant] if lesion is not None else []

        def all_of(draft: Draft) -> Draft:
            for one in of_ai:
                image = self.image_of(one.image_id)
                if standing(one) is Standing.EDITED and result is not None and image is not None:
                    draft = changes.propose_anew(draft, one.id, result, image)
                draft = verdict(draft, one)
            return draft

        if of_ai:
            self.change(all_of, text)

    def delete(self) -> None:
        """Delete the selected finding; one of the AI stays on record."""
        if self.finding is not None:
            finding_id = self.finding.id
            self.change(lambda draft: changes.remove_finding(draft, finding_id), "deleting")

    def link(self, other: str) -> None:
        """Say that the selected finding and another one are one lesion."""
        selected = self.selected
        if selected and other and other != selected:
            self.change(lambda draft: changes.link(draft, selected, other), "link")

    def unlink(self) -> None:
        """Say that the selected finding is no part of the lesion that others show."""
        lesion, selected = self.lesion, self.selected
        others = [one.id for one in lesion.findings if one.id != selected] if lesion is not None else []

        def all_of(draft: Draft) -> Draft:
            for other in others:
                draft = changes.unlink(draft, selected, other)
            return draft

        if others:
            self.change(all_of, "unlinking")

    def describe(self, fn: Callable[[ReaderFinding], ReaderFinding], text: str, lesion: Lesion | None = None) -> None:
        """Change what is said of a lesion in all its views; of the selected one, unless another is given."""
        meant = lesion or self.lesion
        ids = [one.id for one in meant.findings] if meant is not None else []

        def all_of(draft: Draft) -> Draft:
            for finding_id in ids:
                draft = changes.change_finding(draft, fn(changes.finding_of(draft, finding_id)))
            return draft

        if ids:
            self.change(all_of, text)

    def move_landmarks(self, image_id: str, landmarks: Landmarks) -> None:
        """Take landmarks that the reader dragged; the locations follow, and both are taken back at once."""
        frame = self.frames.get(image_id)
        if frame is None or self.draft is None:
            return
        moved = {image_id: replace(frame, landmarks=landmarks)}
        before, frames = places_in(self.draft, self.frames), {**self.frames, **moved}
        self._reading.change(lambda draft: located(draft, frames, before), "landmarks", frames=moved)
