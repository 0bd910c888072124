"""Volumes: frames, cine and slabs."""

from __future__ import annotations

from mammoview.imaging.slab import SlabMode
from mammoview.ui.desk import Desk
from mammoview.ui.frames import THICKNESSES


class FramesCommands:
    """The Volume menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._frames = desk, desk.frames
        self._frames.cine_stopped.connect(lambda: desk.check("cine", is_on=False))

    def do_next_frame(self) -> None:
        self._frames.step(self._desk.active, 1)

    def do_previous_frame(self) -> None:
        self._frames.step(self._desk.active, -1)

    def do_first_frame(self) -> None:
        self._frames.jump(self._desk.active, 0)

    def do_last_frame(self) -> None:
        image = self._frames.volume_of(self._desk.active)
        self._frames.jump(self._desk.active, image.frames - 1 if image else 0)

    def do_cine(self) -> None:
        if self._frames.is_playing:
            self._frames.stop_cine()
        else:
            self._desk.check("cine", is_on=self._frames.play(self._desk.active))

    def do_slab_mode(self) -> None:
        self._slab(self._frames.mode.following, self._frames.thickness)

    def do_slab_thickness(self) -> None:
        following = THICKNESSES[(THICKNESSES.index(self._frames.thickness) + 1) % len(THICKNESSES)]
        self._slab(self._frames.mode, following)

    def _slab(self, mode: SlabMode, thickness: float) -> None:
        self._frames.set_slab(mode, thickness)
        text = mode.value if mode is SlabMode.SINGLE else f"{mode}, {thickness:g} mm"
        self._desk.state_label.setText(f"Slab: {text}")

    def do_swap_volume(self) -> None:
        pane = self._desk.active
        if pane is not None and not self._desk.wall.swap(pane):
            self._desk.state_label.setText("This view has no other image to go to")

    def do_link_frames(self) -> None:
        self._frames.is_linked = self._desk.is_checked("link_frames")

    def do_projections(self) -> None:
        self._desk.session.hangings.set_projections(is_on=self._desk.is_checked("projections"))
