"""The reader's marks on the panes: what is drawn there, what it measures, and which one is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, QPointF, QRectF, QTimer, Signal
from PySide6.QtGui import QPainter

from mammoview.core.image import DisplayImage
from mammoview.core.marks import Mark
from mammoview.core.study import Mammogram, Study
from mammoview.imaging.measure import Statistics, statistics
from mammoview.imaging.measure_words import Reading, reading
from mammoview.session.events import MarksChanged, StudySelected
from mammoview.session.session import Session
from mammoview.ui.bridge import Background
from mammoview.ui.viewport import markup
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.decor import Fonts
from mammoview.ui.viewport.wall import Wall

#: Pixels in the box around a closed mark up to which its statistics are made at once: less than 2 ms.
_AT_ONCE_PX = 65_536
_REACH_PX = 6.0


@dataclass
class _Known:
    """What is known of one mark on some pixels; ``found`` is None until they were looked at."""

    mark: Mark
    pixels: DisplayImage
    found: Statistics | None = None
    is_asked: bool = False


@dataclass
class _Painted:
    """What was painted on one image last."""

    marks: tuple[Mark, ...] = ()
    labels: dict[str, QRectF] = field(default_factory=dict)


class Board(QObject):
    """Paints marks over the images of a wall, and brings what the reader does to the session.

    Parameters
    ----------
    background
        Makes the statistics of large marks.
    """

    changed = Signal()
    chosen_changed = Signal(str)
    shown_changed = Signal(bool)

    def __init__(self, session: Session, wall: Wall, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._wall, self._background = session, wall, background
        #: The stored number of the frame that a pane shows, from 0.
        self.frame_of: Callable[[Canvas], int] = lambda _canvas: 0
        #: Brings the frame of that stored number, from 0, of an image to the front.
        self.show_frame: Callable[[str, int], object] = lambda _image_id, _frame: None
        self.chosen = ""
        self._is_shown = True
        self._held = ""
        self._known: dict[str, _Known] = {}
        self._painted: dict[str, _Painted] = {}
        wall.add_rider(self)

    # What there is

    def study_of(self, image_id: str) -> Study | None:
        """The open study that an image belongs to."""
        studies = self._session.studies
        return next((study for study in studies if any(image.id == image_id for image in study.images)), None)

    def marks_on(self, canvas: Canvas) -> tuple[Mark, ...]:
        """The marks of what a pane shows, oldest first."""
        if canvas.hung is None or canvas.image is None:
            return ()
        frame = self.frame_of(canvas)
        return tuple(mark for mark in self._marks_of(canvas.hung.image.id) if mark.frame == frame)

    def _marks_of(self, image_id: str) -> tuple[Mark, ...]:
        study = self.study_of(image_id)
        if study is None:
            return ()
        self._session.marks.open(study.uid)
        return self._session.marks.of_image(study.uid, image_id)

    def listed(self) -> tuple[tuple[Mammogram, Mark], ...]:
        """All marks of the current study with the images they lie on, in the images' order."""
        study = self._session.selected
        images = study.images if study else ()
        return tuple((image, mark) for image in images for mark in self._marks_of(image.id))

    def mark(self, mark_id: str) -> Mark | None:
        """The mark of that id on the images that hang, or of the current study."""
        hanging = (mark for pane in self._wall.panes for mark in self.marks_on(pane))
        return next((m for m in (*hanging, *(m for _, m in self.listed())) if m.id == mark_id), None)

    # What it measures

    def reading(self, mark: Mark, image: Mammogram, pixels: DisplayImage | None, *, is_live: bool = False) -> Reading:
        """What a mark says.

        Statistics are made at once for a small mark in the reader's hand. Others' come later, and `changed` tells so;
        those of a large mark that ``is_live``, another one with the next move of the mouse, are not made at all.
        """
        known = self._known.get(mark.id)
        if not mark.kind.is_closed or pixels is None:
            return reading(mark, image, known.found if known is not None and known.mark == mark else None)
        if known is None or known.mark != mark or known.pixels is not pixels:
            known = self._known[mark.id] = _Known(mark, pixels)
        if known.found is None and not known.is_asked:
            measure = _measuring(mark, image, pixels)
            if _box_px(mark) <= _AT_ONCE_PX and (is_live or mark.id == self.chosen):
                known.found = measure()
                if image.frames > 1 and not is_live:
                    # The list cannot ask for the pixels of a slice itself.
                    QTimer.singleShot(0, self, self.changed.emit)
            elif not is_live:
                known.is_asked = True
                self._background.run(measure, lambda found: self._measured(known, found))
        return reading(mark, image, known.found)

    def reading_of(self, image: Mammogram, mark: Mark) -> Reading:
        """What a mark says, whether its image hangs or not; on a volume, as far as its frame was shown."""
        return self.reading(mark, image, self._session.pixels_of(image.id) if image.frames == 1 else None)

    def details(self, mark: Mark, canvas: Canvas) -> tuple[str, ...]:
        """Everything that a mark on a pane says."""
        return self.reading(mark, canvas.hung.image, canvas.image).details if canvas.hung else ()

    def _measured(self, known: _Known, found: Statistics) -> None:
        known.found = found
        if self._known.get(known.mark.id) is known:
            self._refresh((known.mark.image_id,))
            self.changed.emit()

    # What the reader does

    def add(self, mark: Mark) -> None:
        """Keep a new mark and choose it."""
        self.set_shown(is_shown=True)
        self._do(mark.image_id, lambda study, under: self._session.marks.add(study, mark, under=under))
        self.choose(mark.id)

    def change(self, mark: Mark) -> None:
        """Keep another form of a mark."""
        self._do(mark.image_id, lambda study, under: self._session.marks.change(study, mark, under=under))

    def remove_chosen(self) -> bool:
        """Delete the chosen mark; whether there was one."""
        mark = self.mark(self.chosen) if self.chosen else None
        if mark is None:
            return False
        self._do(mark.image_id, lambda study, under: self._session.marks.remove(study, mark.id, under=under))
        self.choose("")
        return True

    def _do(self, image_id: str, do: Callable[[str, str], None]) -> None:
        study, current = self.study_of(image_id), self._session.selected
        if study is not None:
            do(study.uid, current.uid if current else study.uid)

    def choose(self, mark_id: str) -> None:
        """Choose a mark; the empty id chooses none."""
        if mark_id != self.chosen:
            before = {self.chosen, mark_id} - {""}
            self.chosen = mark_id
            self._refresh(mark.image_id for mark in map(self.mark, before) if mark is not None)
            self.chosen_changed.emit(mark_id)

    def set_shown(self, *, is_shown: bool) -> None:
        """Show or hide all marks; hidden ones cannot be touched."""
        if is_shown is not self._is_shown:
            self._is_shown = is_shown
            if not is_shown:
                self.choose("")
            self._wall.refresh()
            self.shown_changed.emit(is_shown)

    def hold(self, mark: Mark | None) -> None:
        """Leave the painting of a mark to the tool that changes it; None ends that."""
        held = mark.id if mark is not None else ""
        if held != self._held:
            self._held = held
            self._wall.refresh()

    def reveal(self, mark_id: str) -> None:
        """Choose a mark and bring it to the middle of its pane."""
        self.set_shown(is_shown=True)
        mark = self.mark(mark_id)
        self.choose(mark_id)
        if mark is not None:
            self.show_frame(mark.image_id, mark.frame)
            rows, cols = zip(*mark.points, strict=True)
            self._wall.reveal(mark.image_id, (min(rows) + max(rows)) / 2, (min(cols) + max(cols)) / 2)

    # What the session tells

    def hear(self, event: object) -> None:
        """Follow what the session tells."""
        if isinstance(event, StudySelected):
            self._known.clear()
            self._painted.clear()
            self.choose("")
            self.changed.emit()
        elif isinstance(event, MarksChanged):
            if self.chosen and self.mark(self.chosen) is None:
                self.choose("")
            self._refresh(
                pane.hung.image.id
                for pane in self._wall.panes
                if pane.hung and self.marks_on(pane) != self._painted_on(pane).marks
            )
            self.changed.emit()

    # On the panes

    def state_on(self, canvas: Canvas) -> tuple[object, ...]:
        """What there is to paint on a pane; see `Rider`."""
        marks = self.marks_on(canvas) if self._is_shown else ()
        if not marks:
            if canvas.hung is not None:
                self._painted.pop(canvas.hung.image.id, None)
            return ()
        found = tuple(known.found for mark in marks if (known := self._known.get(mark.id)) is not None)
        return marks, self.chosen, self._held, found

    def hidden_on(self, canvas: Canvas) -> str:
        """The banner of a pane whose marks are hidden; see `Rider`."""
        return "MARKS HIDDEN" if not self._is_shown and self.marks_on(canvas) else ""

    def paint_on(self, painter: QPainter, canvas: Canvas, fonts: Fonts) -> None:
        """Paint all marks of a pane but the one that a tool holds; see `Rider`."""
        marks = self.marks_on(canvas) if self._is_shown else ()
        if canvas.hung is None or not marks:
            return
        painted = self._painted[canvas.hung.image.id] = _Painted(marks)
        shown = [mark for mark in marks if mark.id != self._held]
        to_device = canvas.placement.to_device
        for mark in shown:
            markup.paint_mark(painter, mark, to_device, fonts, is_chosen=mark.id == self.chosen)
        labels = self.labels(canvas)
        rows, cols = canvas.device_size
        for mark in shown:
            if not markup.box_of(mark, to_device).adjusted(-1, -1, 1, 1).intersects(QRectF(0, 0, cols, rows)):
                # The label of a mark beyond the edge would stand at something else.
                continue
            lines = self.reading(mark, canvas.hung.image, canvas.image).lines
            painted.labels[mark.id] = markup.paint_label(
                painter, mark, lines, to_device, fonts, labels, is_chosen=mark.id == self.chosen
            )

    def labels(self, canvas: Canvas) -> markup.Labels:
        """Room for labels on a pane: beside its marks, its findings, and what is written there."""
        to_device = canvas.placement.to_device
        findings = [finding.box for finding in canvas.prepared.findings] if canvas.prepared else []
        boxes = [markup.box_of(mark, to_device) for mark in self.marks_on(canvas)]
        taken = [(box.left(), box.top(), box.right(), box.bottom()) for box in boxes]
        if canvas.written is not None:
            written = (one.rect for one in (*canvas.written.lines, *canvas.written.letters, *canvas.written.badges))
            taken += [(rect.left, rect.top, rect.right, rect.bottom) for rect in (*written, canvas.written.caption)]
        lesions = markup.rects_of(findings, to_device)
        # Their scores stand above them, at the left.
        ratio, letters = canvas.devicePixelRatioF(), canvas.fontMetrics()
        wide, high = letters.horizontalAdvance("0.00") * ratio, letters.height() * ratio
        taken += [(left, top - high, left + wide, top) for left, top, _right, _bottom in lesions]
        return markup.Labels(canvas.device_size, taken, lesions)

    def hit(self, canvas: Canvas, at: QPointF) -> markup.Hit | None:
        """The mark under a point of the widget."""
        ratio = canvas.devicePixelRatioF()
        return markup.hit(
            self.marks_on(canvas) if self._is_shown else (),
            canvas.placement.to_device,
            at * ratio,
            _REACH_PX * ratio,
            labels=self._painted_on(canvas).labels,
            chosen=self.chosen,
        )

    def _painted_on(self, canvas: Canvas) -> _Painted:
        return self._painted.get(canvas.hung.image.id if canvas.hung else "", _Painted())

    def _refresh(self, image_ids: Iterable[str]) -> None:
        wanted = set(image_ids)
        for pane in self._wall.panes:
            if pane.hung is not None and pane.hung.image.id in wanted:
                pane.refresh()


def _box_px(mark: Mark) -> float:
    rows, cols = zip(*mark.points, strict=True)
    return (max(rows) - min(rows)) * (max(cols) - min(cols))


def _measuring(mark: Mark, image: Mammogram, pixels: DisplayImage) -> Callable[[], Statistics]:
    gray = image.grayscale
    return lambda: statistics(
        mark,
        pixels.levels[0],
        value_offset=pixels.value_offset,
        slope=gray.slope,
        intercept=gray.intercept,
        padding=pixels.padding[0] if pixels.padding else None,
    )
