"""Where the reader is in each volume on the wall: scrolling, cine and slabs. Holds no pixels of its own."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from mammoview.core.image import DisplayImage, RangePadding
from mammoview.core.study import Mammogram
from mammoview.core.volume import Volume
from mammoview.imaging.slab import SlabMode, slab_pyramid, within
from mammoview.session.events import FrameFailed, FrameReady
from mammoview.session.session import Session
from mammoview.ui.bridge import Background
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.frame_bar import FrameBar
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.wall import Wall

#: Thicknesses of slabs, mm; slices where their places are unknown.
THICKNESSES = (3.0, 5.0, 10.0)
#: Slices fetched around the first one before the reader scrolls.
_QUIET_REACH = 4


@dataclass(frozen=True)
class _Slab:
    """What a slab is made of."""

    position: int
    mode: SlabMode
    span: range
    parts: tuple[int, ...]


@dataclass
class Place:
    """Where the reader is in one volume: the slice shown, the one asked for, and which way."""

    position: int
    wanted: int
    step: int = 1
    slab: _Slab | None = None
    is_making: bool = False


class Frames(QObject):
    """Shows frames of volumes in the panes of a wall.

    A frame that is not in memory is asked for and shown when it comes; the one before stays until then. Slabs are put
    together beside the window, and again whenever another of their slices has come.

    Parameters
    ----------
    session
        Asked for frames.
    background
        Puts slabs together.
    wall
        Where volumes hang.
    """

    cine_stopped = Signal()

    def __init__(self, session: Session, background: Background, wall: Wall, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._background, self._wall = session, background, wall
        self._places: dict[str, Place] = {}
        self.mode = SlabMode.SINGLE
        self.thickness = THICKNESSES[0]
        self.is_linked = False
        self._cine_image = ""
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        wall.image_shown.connect(self._shown)
        wall.frames_stepped.connect(self.step)
        wall.add_overpaint(FrameBar(self._where))

    # What the reader asks

    def volume_of(self, pane: Pane | None) -> Mammogram | None:
        """The image of a pane, where it has frames to go through."""
        image = pane.hung.image if pane is not None and pane.hung is not None else None
        return image if image is not None and image.volume is not None and image.frames > 1 else None

    def place_of(self, image_id: str) -> Place | None:
        """Where the reader is in a volume that was shown."""
        return self._places.get(image_id)

    def step(self, pane: Pane | None, by: int) -> None:
        """Go some slices up or down; cine ends."""
        image = self.volume_of(pane)
        if pane is not None and image is not None:
            self.stop_cine()
            self._go(pane, image, self._place(image).wanted + by, 1 if by > 0 else -1)

    def jump(self, pane: Pane | None, position: int) -> None:
        """Go to a slice, counted as shown; one beyond the last is the last."""
        image = self.volume_of(pane)
        if pane is not None and image is not None:
            self.stop_cine()
            self._go(pane, image, position, 1 if position < image.frames // 2 else -1)

    def stored_at(self, pane: Canvas) -> int:
        """The stored number, from 0, of the frame that a pane shows; 0 for an image without frames."""
        image = pane.hung.image if pane.hung is not None else None
        place = self._places.get(image.id) if image is not None else None
        return image.volume.stored[place.position] if place and image and image.volume else 0

    def show_stored(self, image_id: str, number: int) -> bool:
        """Go to the slice of a frame number as DICOM objects name it, from 1; whether it is shown here (MG-I02)."""
        pane = self._wall.pane_of(image_id)
        image = self.volume_of(pane)
        position = image.volume.position_of(number - 1) if image is not None and image.volume is not None else None
        if position is None:
            return False
        self.jump(pane, position)
        return True

    def set_slab(self, mode: SlabMode, thickness: float) -> None:
        """Show slices one by one, or slabs around them, in all panes."""
        self.mode, self.thickness = mode, thickness
        for pane in self._wall.panes:
            image = self.volume_of(pane)
            if image is not None and pane.image is not None:
                self._place(image).slab = None
                self._show(pane, image)

    # Cine

    @property
    def is_playing(self) -> bool:
        """Whether slices go by by themselves."""
        return self._timer.isActive()

    def play(self, pane: Pane | None) -> bool:
        """Let the slices of a pane go by; whether it has any."""
        image = self.volume_of(pane)
        if image is None:
            return False
        self._cine_image = image.id
        if self._session.settings.cine_way == "loop":
            self._place(image).step = 1
        self._timer.start(round(1000 / self._session.settings.cine_rate))
        return True

    def stop_cine(self) -> None:
        """Stay at the slice shown."""
        if self._timer.isActive():
            self._timer.stop()
            self.cine_stopped.emit()

    def _tick(self) -> None:
        pane = self._wall.pane_of(self._cine_image)
        image = self.volume_of(pane)
        if pane is None or image is None:
            self.stop_cine()
            return
        place = self._place(image)
        if place.position != place.wanted and not self._session.volumes.has_failed(image.id, place.wanted):
            # Its slice is still to come: no slice is passed over.
            return
        step, following = place.step, place.wanted + place.step
        if not 0 <= following < image.frames:
            if self._session.settings.cine_way == "loop":
                following %= image.frames
            else:
                step = -step
                following = place.wanted + step
        self._go(pane, image, following, step)

    # Showing

    def _place(self, image: Mammogram) -> Place:
        middle = image.volume.middle if image.volume is not None else 0
        return self._places.setdefault(image.id, Place(middle, middle))

    def _shown(self, pane: Pane) -> None:
        """An image was brought to the front: of a volume the frame in the middle, whatever was shown before."""
        image = self.volume_of(pane)
        if image is None or image.volume is None:
            return
        place = self._place(image)
        place.position, place.slab = image.volume.middle, None
        place.wanted = image.volume.clamped(place.wanted)
        self._session.volumes.want(image, place.wanted, step=place.step, reach=_QUIET_REACH)
        self._show(pane, image)

    def _go(self, pane: Pane, image: Mammogram, target: int, step: int, *, leads: bool = True) -> None:
        assert image.volume is not None
        place = self._place(image)
        place.wanted, place.step = image.volume.clamped(target), step
        self._session.volumes.want(image, place.wanted, step=step)
        self._show(pane, image)
        depth = image.volume.depth_at(place.wanted)
        for other in self._followers(pane, image) if leads and self.is_linked else ():
            followed = self.volume_of(other)
            assert followed is not None
            assert followed.volume is not None
            nearest = followed.volume.nearest(depth) if depth is not None else place.wanted
            self._go(other, followed, place.wanted if nearest is None else nearest, step, leads=False)

    def _followers(self, pane: Pane, image: Mammogram) -> list[Pane]:
        """Panes with a volume of the same kind of view: of the other side, or another one of this side."""
        found = []
        for other in self._wall.panes:
            volume = self.volume_of(other)
            is_other = other is not pane and other.image is not None and volume is not None
            if is_other and volume is not None and volume.view is image.view:
                found.append(other)
        return found

    def _show(self, pane: Pane, image: Mammogram) -> None:
        """Show what is wanted as far as it is here."""
        assert image.volume is not None
        place = self._place(image)
        frame = self._session.volumes.get(image, place.wanted)
        span = self._span(image.volume, place.wanted)
        if frame is not None and len(span) == 1:
            place.position, place.slab = place.wanted, None
            pane.set_frame(frame, image.volume.gray_at(place.wanted))
        elif frame is not None:
            self._make_slab(image, span)
        self._tell(pane, image)

    def _span(self, volume: Volume, position: int) -> range:
        if self.mode is SlabMode.SINGLE:
            return range(position, position + 1)
        return within(volume.depths_mm, volume.frames, position, self.thickness)

    def _make_slab(self, image: Mammogram, span: range) -> None:
        place = self._place(image)
        found = {position: self._session.volumes.get(image, position) for position in span}
        parts = {position: frame for position, frame in found.items() if frame is not None}
        wanted = _Slab(place.wanted, self.mode, span, tuple(parts))
        if place.is_making or place.slab == wanted:
            return
        place.is_making = True
        assert image.volume is not None
        gray = image.volume.gray_at(place.wanted)
        offset = next(iter(parts.values())).value_offset
        limits = None if gray.padding is None else (gray.padding[0] - offset, gray.padding[1] - offset)
        pixels = [frame.levels[0] for frame in parts.values()]
        image_id = image.id

        def put_together() -> DisplayImage:
            levels = slab_pyramid(pixels, wanted.mode, limits)
            padding = RangePadding(levels, *limits) if limits is not None else ()
            return DisplayImage(image_id, levels, padding, offset)

        self._background.run(put_together, lambda made: self._slab_made(made, wanted))

    def _slab_made(self, made: DisplayImage, what: _Slab) -> None:
        place = self._places[made.image_id]
        place.is_making = False
        pane = self._wall.pane_of(made.image_id)
        image = self.volume_of(pane)
        if pane is None or image is None or image.volume is None:
            return
        if what.mode is self.mode and what.span == self._span(image.volume, what.position):
            place.position, place.slab = what.position, what
            pane.set_frame(made, image.volume.gray_at(what.position))
        self._show(pane, image)

    def hear(self, event: object) -> None:
        """Take a frame that has come."""
        if not isinstance(event, FrameReady | FrameFailed):
            return
        pane = self._wall.pane_of(event.image_id)
        image = self.volume_of(pane)
        if pane is None or image is None or image.volume is None or pane.image is None:
            return
        place = self._place(image)
        if isinstance(event, FrameReady) and self.mode is SlabMode.SINGLE:
            is_nearer = abs(event.position - place.wanted) < abs(place.position - place.wanted)
            if is_nearer:
                # On the way to the slice wanted, each that comes is shown: the reader sees that it goes on.
                place.position = event.position
                pane.set_frame(event.image, image.volume.gray_at(event.position))
                self._tell(pane, image)
        elif event.position in self._span(image.volume, place.wanted):
            self._show(pane, image)

    # What is written beside it

    def _where(self, image_id: str) -> tuple[int, int, int] | None:
        place, pane = self._places.get(image_id), self._wall.pane_of(image_id)
        image = self.volume_of(pane)
        return (place.position, place.wanted, image.frames) if place and image else None

    def _tell(self, pane: Pane, image: Mammogram) -> None:
        pane.frame_lines = self.lines(image)
        pane.refresh()

    def lines(self, image: Mammogram) -> tuple[str, ...]:
        """Which slice is shown, in words."""
        place, volume = self._place(image), image.volume
        assert volume is not None
        depth = volume.depth_at(place.position)
        where = f"{place.position + 1}/{volume.frames}" + ("" if depth is None else f" · {depth:.1f} mm")
        lines = [where]
        if place.slab is not None:
            unit = "mm" if volume.depths_mm else "slices"
            lines.append(f"{place.slab.mode} {self.thickness:g} {unit}, {len(place.slab.parts)} slices")
        if place.wanted != place.position:
            is_lost = self._session.volumes.has_failed(image.id, place.wanted)
            lines.append(f"{place.wanted + 1} {'cannot be read' if is_lost else 'loading …'}")
        return tuple(lines)
