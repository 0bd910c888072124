"""The panes of one study, moving together: pan and zoom mirrored, one window adjustment for all."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from mammoview.core.geometry import Box
from mammoview.core.image import DisplayImage
from mammoview.core.study import VoiLut, VoiWindow
from mammoview.session.hanging import Hanging, Hung, Slot
from mammoview.ui.viewport.annotation import AnnotationOptions
from mammoview.ui.viewport.layers import OverlayOptions, Prepared, Truth
from mammoview.ui.viewport.motion import Motion
from mammoview.ui.viewport.mouse import MouseTool, Overpaint
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.voi import Adjustment


class Wall(QWidget):
    """Hangs a study and keeps its panes in step."""

    finding_clicked = Signal(str)
    hovered = Signal(str)
    pixels_wanted = Signal(tuple)
    single_toggled = Signal(bool)
    #: Panes are about to go: what holds one must let go.
    panes_ending = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(1)
        self.panes: list[Pane] = []
        self._slots: list[Slot] = []
        self._depth: list[int] = []
        self._active = 0
        self.motion = Motion()
        self.is_single = False
        self.adjustment = Adjustment()
        self.is_inverted = False
        self.options = OverlayOptions()
        self._annotation = AnnotationOptions()
        self._is_lens_on = False
        self._is_window_tool = False
        self._overpaints: list[Overpaint] = []
        self._tool: MouseTool | None = None

    # What hangs

    @property
    def active(self) -> Pane | None:
        """The pane that was touched last."""
        return self.panes[self._active] if self.panes else None

    def pane_of(self, image_id: str) -> Pane | None:
        """The pane where an image hangs."""
        return next((pane for pane in self.panes if pane.hung and pane.hung.image.id == image_id), None)

    def show_hanging(self, hanging: Hanging) -> None:
        """Hang a study; its pixels come later through `show_image`."""
        self.panes_ending.emit()
        self.is_single, self._active, self.motion.is_fitted = False, 0, True
        for pane in self.panes:
            self._grid.removeWidget(pane)
            pane.hide()
            pane.deleteLater()
        for row in range(self._grid.rowCount()):
            self._grid.setRowStretch(row, 0)
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 0)
        self._slots, self._depth = list(hanging.slots), [0] * len(hanging.slots)
        self.panes = [self._add(index, slot) for index, slot in enumerate(self._slots)]
        self.motion.panes = self.panes
        for row in range(hanging.rows):
            self._grid.setRowStretch(row, 1)
        for column in range(hanging.columns):
            self._grid.setColumnStretch(column, 1)
        for index in range(len(self.panes)):
            self._hang_front(index)
        self._activate(next((i for i, slot in enumerate(self._slots) if slot.stack), 0))

    def _add(self, index: int, slot: Slot) -> Pane:
        pane = Pane(self)
        self._grid.addWidget(pane, slot.row, slot.column, slot.row_span, 1)
        pane.set_options(self.options)
        pane.set_annotation(self._annotation)
        pane.set_window(self.adjustment, is_inverted=self.is_inverted)
        pane.is_window_tool = self._is_window_tool
        pane.overpaints = list(self._overpaints)
        pane.set_tool(self._tool)
        pane.panned.connect(lambda rows, outward: self.motion.pan(pane, rows, outward))
        pane.zoomed.connect(lambda factor, row, outward: self.motion.zoom(pane, factor, row, outward))
        pane.windowed.connect(self._drag_window)
        pane.pressed.connect(lambda: self._activate(index))
        pane.resized.connect(self.motion.refit)
        pane.stepped.connect(lambda step: self.step(step, index))
        pane.finding_clicked.connect(self.finding_clicked)
        pane.hovered.connect(self.hovered)
        pane.double_clicked.connect(lambda: self.set_single(is_single=not self.is_single))
        pane.show()
        return pane

    def _hang_front(self, index: int) -> None:
        pane, slot = self.panes[index], self._slots[index]
        if not slot.stack:
            pane.set_empty(f"no {slot.label}")
            return
        depth = self._depth[index]
        of = f"image {depth + 1} of {len(slot.stack)} in this slot" if len(slot.stack) > 1 else ""
        pane.set_waiting(slot.stack[depth], f"loading {slot.stack[depth].image.label} …", of)

    def step(self, by: int, index: int | None = None) -> None:
        """Bring another image of a stack to the front."""
        index = self._active if index is None else index
        if index >= len(self._slots) or len(self._slots[index].stack) < 2:
            return
        stack = self._slots[index].stack
        self._depth[index] = (self._depth[index] + by) % len(stack)
        self._hang_front(index)
        self.pixels_wanted.emit((stack[self._depth[index]].image.id,))

    def show_image(self, image: DisplayImage, shown: Box, default: VoiWindow | VoiLut) -> None:
        """Show the pixels of an image that hangs here; others are ignored."""
        pane = self.pane_of(image.image_id)
        if pane is None:
            return
        pane.set_image(image, shown, default)
        if self._is_lens_on:
            pane.set_lens(is_on=True)
        self.motion.join(pane)

    def show_failure(self, image_id: str, text: str) -> None:
        """Say in its place why an image cannot be shown."""
        pane = self.pane_of(image_id)
        if pane is not None and pane.hung is not None:
            pane.set_waiting(pane.hung, f"{pane.hung.image.label} cannot be shown\n\n{text}")

    def reorient(self, hanging: Hanging) -> None:
        """Lay images down another way once their chest walls were seen."""
        for index, slot in enumerate(hanging.slots):
            pane = self.panes[index]
            item = slot.stack[self._depth[index]] if slot.stack else None
            if item and pane.hung and pane.hung != item and pane.hung.image.id == item.image.id:
                pane.set_hung(item)
        self._slots = list(hanging.slots)
        self.motion.refit()

    def flip_active(self) -> None:
        """Mirror the active image left to right (MG-K03)."""
        pane = self.active
        if pane is None or pane.hung is None:
            return
        was = pane.hung.orientation
        mirrored = replace(was.dihedral, flip_columns=not was.dihedral.flip_columns)
        pane.set_hung(Hung(pane.hung.image, replace(was, dihedral=mirrored)))
        self.fit()

    # Moving

    def fit(self) -> None:
        """Hang all images at their edges and at one size (MG-C01)."""
        self.motion.fit()

    def one_to_one(self) -> None:
        """One native pixel of the active image to one device pixel."""
        if self.active is not None:
            self.motion.one_to_one(self.active)

    def zoom(self, factor: float) -> None:
        """Enlarge around the middle."""
        if self.active is not None:
            self.motion.zoom(self.active, factor, *self.active.middle)

    def reveal(self, image_id: str, row: float, col: float) -> None:
        """Bring a native point of an image to the middle of its pane, enlarged."""
        pane = self.pane_of(image_id)
        if pane is not None and pane.image is not None:
            self._activate(self.panes.index(pane))
            self.motion.reveal(pane, row, col)

    def set_synchronous(self, *, is_on: bool) -> None:
        """Let all panes move together, or each alone."""
        self.motion.is_synchronous = is_on

    def _activate(self, index: int) -> None:
        self._active = index
        for i, pane in enumerate(self.panes):
            pane.set_active(is_active=i == index)

    def set_single(self, *, is_single: bool) -> None:
        """Show the active pane alone, or all."""
        if is_single == self.is_single or not self.panes:
            return
        self.is_single = is_single
        for index, pane in enumerate(self.panes):
            pane.setVisible(not is_single or index == self._active)
            slot = self._slots[index]
            for row in range(slot.row, slot.row + slot.row_span):
                self._grid.setRowStretch(row, 1 if not is_single or self._slots[self._active].row == row else 0)
            self._grid.setColumnStretch(
                slot.column, int(not is_single or self._slots[self._active].column == slot.column)
            )
        self._grid.activate()
        self.fit()
        self.single_toggled.emit(is_single)

    # What other parts add

    def add_overpaint(self, overpaint: Overpaint) -> None:
        """Paint something over the images of all panes, those of later hangings included."""
        self._overpaints.append(overpaint)
        for pane in self.panes:
            pane.overpaints.append(overpaint)
            pane.refresh()

    def set_tool(self, tool: MouseTool | None) -> None:
        """Let ``tool`` have the mouse first in all panes, those of later hangings included."""
        self._tool = tool
        for pane in self.panes:
            pane.set_tool(tool)

    def refresh(self) -> None:
        """Paint what lies over the gray pixels anew in all panes."""
        for pane in self.panes:
            pane.refresh()

    # Gray and overlays

    def set_adjustment(self, adjustment: Adjustment) -> None:
        """Apply one window adjustment to all panes."""
        self.adjustment = adjustment
        for pane in self.panes:
            pane.set_window(adjustment, is_inverted=self.is_inverted)

    def set_inverted(self, *, is_inverted: bool) -> None:
        """Show black for white; padding stays black."""
        self.is_inverted = is_inverted
        self.set_adjustment(self.adjustment)

    def next_voi(self) -> None:
        """Step to the next window that each header offers."""
        for pane in self.panes:
            pane.next_voi()

    def _drag_window(self, right: float, up: float) -> None:
        self.set_adjustment(self.adjustment.dragged(right, up))

    def set_options(self, options: OverlayOptions) -> None:
        """Switch overlays in all panes."""
        self.options = options
        for pane in self.panes:
            pane.set_options(options)

    def set_annotation(self, options: AnnotationOptions) -> None:
        """Switch annotations in all panes."""
        self._annotation = options
        for pane in self.panes:
            pane.set_annotation(options)

    def set_prepared(self, prepared: Prepared) -> None:
        """Lay overlays over the image that they belong to."""
        pane = self.pane_of(prepared.image_id)
        if pane is not None:
            pane.set_prepared(prepared)

    def set_truth(self, image_id: str, truth: Truth) -> None:
        """Lay a reader's own mask over the image that it belongs to."""
        pane = self.pane_of(image_id)
        if pane is not None:
            pane.set_truth(truth)

    def clear_results(self) -> None:
        """Take overlays and scores off: an analysis begins anew."""
        for pane in self.panes:
            pane.set_prepared(None)
            pane.set_notes(())
            pane.set_selected(frozenset())

    def set_selected(self, ids: frozenset[str]) -> None:
        """Highlight findings."""
        for pane in self.panes:
            pane.set_selected(ids)

    def set_lens(self, *, is_on: bool) -> None:
        """Switch the magnifier."""
        self._is_lens_on = is_on
        for pane in self.panes:
            pane.set_lens(is_on=is_on)

    def set_window_tool(self, *, is_on: bool) -> None:
        """Let the left button drag the window."""
        self._is_window_tool = is_on
        for pane in self.panes:
            pane.is_window_tool = is_on
