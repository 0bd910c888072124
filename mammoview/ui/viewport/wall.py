"""The panes of one study, moving together: pan and zoom mirrored, one window adjustment for all."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mammoview.core.geometry import Box
from mammoview.core.image import DisplayImage
from mammoview.core.study import VoiLut, VoiWindow
from mammoview.session.hanging import Hanging, Hung, Slot, arranged
from mammoview.session.orientation import mirrored
from mammoview.ui.viewport.annotation import AnnotationOptions
from mammoview.ui.viewport.areas import Area, Placed
from mammoview.ui.viewport.furnished import Furnished
from mammoview.ui.viewport.layers import OverlayOptions, Prepared, Truth
from mammoview.ui.viewport.motion import Motion, bring, whereabouts
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.placement import Whereabouts
from mammoview.ui.viewport.shade import Shade
from mammoview.ui.viewport.sight import Swaps, seen_at, sight_of
from mammoview.ui.viewport.tones import Tones
from mammoview.ui.viewport.voi import Adjustment


class Wall(Furnished):
    """Hangs a study and keeps its panes in step.

    Attributes
    ----------
    second
        What hangs on the second monitor; a window of its own shows it. Its panes are panes like all others.
    """

    finding_clicked = Signal(str)
    #: A pane, and the device (row, column) that was clicked on its image.
    clicked = Signal(object, float, float)
    hovered = Signal(str)
    pixels_wanted = Signal(tuple)
    single_toggled = Signal(bool)
    activated = Signal()
    renewed = Signal(object)
    image_shown = Signal(object)
    frames_stepped = Signal(object, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._first, self.second = Area(self), Area()
        layout.addWidget(self._first)
        self._hanging = Hanging("", "", 1, 1, ())
        self._has_second = False
        self.is_swapped = False
        self._compared: dict[Pane, tuple[Hung, Shade]] = {}
        self._kept: dict[Pane, tuple[Whereabouts, Shade | None]] = {}
        self._swaps = Swaps()
        self._slots: list[Slot] = []
        self._depth: list[int] = []
        self._active = 0
        self.motion = Motion()
        self.is_single = False
        self.tones = Tones()
        self.options = OverlayOptions()
        self._annotation = AnnotationOptions()
        self._is_lens_on = False
        self._is_window_tool = False

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
        if hanging.study_uid != self._hanging.study_uid:
            self.is_swapped = False
        self._hanging = hanging
        self._active = 0
        self._compared, self._kept, self._swaps = {}, {}, Swaps()
        old, self.panes = self.panes, []
        self._first.lay(())
        self.second.lay(())
        for pane in old:
            pane.hide()
            pane.deleteLater()
        self._slots, self._depth = list(hanging.slots), [0] * len(hanging.slots)
        self.panes = [self._add(index) for index in range(len(self._slots))]
        self.motion.begin(self.panes)
        self.tones.begin(self.panes, hanging.study_uid)
        self._lay()
        for index in range(len(self.panes)):
            self._hang_front(index)
        # A reader begins with the current study.
        filled = [i for i, slot in enumerate(self._slots) if slot.stack]
        self._activate(min(filled, key=lambda i: self._slots[i].stack[0].when, default=0))

    def _lay(self) -> None:
        """Put the panes where they belong on the monitors that there are."""
        placed: dict[int, list[Placed]] = {1: [], 2: []}
        where = arranged(self._hanging, has_second=self._has_second, is_swapped=self.is_swapped)
        for pane, slot, (screen, row, column) in zip(self.panes, self._slots, where, strict=True):
            placed[screen].append(Placed(pane, row, column, slot.row_span))
        self._first.lay(placed[1])
        self.second.lay(placed[2])
        if self.is_single:
            self.is_single = False
            self.single_toggled.emit(False)

    def set_second(self, *, is_on: bool) -> None:
        """Use the second monitor, or do without it; what is shown stays as it is."""
        self._has_second = is_on
        self._lay()
        self.motion.refit()

    def set_swapped(self, *, is_on: bool) -> None:
        """Exchange left and right on the screen; the images are not turned."""
        self.is_swapped = is_on
        self._lay()
        self.motion.refit()

    def _add(self, index: int) -> Pane:
        pane = Pane(self)
        pane.set_options(self.options)
        pane.set_annotation(self._annotation)
        pane.is_window_tool = self._is_window_tool
        self.furnish(pane)
        pane.panned.connect(lambda rows, outward: self.motion.pan(pane, rows, outward))
        pane.zoomed.connect(lambda factor, row, outward: self.motion.zoom(pane, factor, row, outward))
        pane.windowed.connect(lambda right, up: self.tones.drag(pane, right, up))
        pane.pressed.connect(lambda: self._activate(index))
        pane.resized.connect(self.motion.refit)
        pane.stepped.connect(lambda step: self.step(step, index))
        pane.frames_stepped.connect(lambda step: self.frames_stepped.emit(pane, step))
        pane.finding_clicked.connect(self.finding_clicked)
        pane.clicked.connect(lambda row, col: self.clicked.emit(pane, row, col))
        pane.hovered.connect(self.hovered)
        pane.renewed.connect(lambda: self.renewed.emit(pane))
        pane.double_clicked.connect(lambda: self.set_single(is_single=not self.is_single))
        return pane

    def _hang_front(self, index: int) -> None:
        pane, slot = self.panes[index], self._slots[index]
        if not slot.stack:
            pane.set_empty(f"no {slot.label}")
            return
        self._compared.pop(pane, None)
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
        self._keep_place(self.panes[index])
        self._hang_front(index)
        self.pixels_wanted.emit((stack[self._depth[index]].image.id,))

    def swap(self, pane: Pane) -> bool:
        """Go from an image to its volume or back, at the same place, once that is here; False where there is none."""
        index = self.panes.index(pane)
        image_id = self._swaps.begin(index, pane.hung, self._slots[index].stack)
        if image_id:
            self.pixels_wanted.emit((image_id,))
        return bool(image_id)

    def show_image(
        self,
        image: DisplayImage,
        shown: Box,
        default: VoiWindow | VoiLut,
        computed: VoiWindow | VoiLut | None = None,
    ) -> None:
        """Show the pixels of an image that hangs here; others are ignored."""
        swap, sight = self._swaps.take(image.image_id), None
        if swap is not None:
            index, depth = swap
            self._depth[index] = depth
            sight = sight_of(self.panes[index])
            self._hang_front(index)
        pane = self.pane_of(image.image_id)
        if pane is None:
            return
        pane.set_image(image, shown, default, computed)
        self.tones.join(pane)
        if self._is_lens_on:
            pane.set_lens(is_on=True)
        where, shade = self._kept.pop(pane, (None, None))
        if shade is not None:
            pane.set_shade(shade)
        if sight is not None:
            pane.placement = seen_at(pane, sight)
        elif where is not None:
            bring(pane, where)
        else:
            self.motion.join(pane)
        self.renewed.emit(pane)
        self.image_shown.emit(pane)

    def _keep_place(self, pane: Pane) -> None:
        """Let the next image of a pane come to the place and size of the one that is there."""
        where = whereabouts(pane)
        if where is not None and not self.motion.is_fitted:
            self._kept[pane] = where, None

    def compare(self, prior: Hung | None) -> bool:
        """Show a prior in the active pane, at the place and size of the image there; again brings that back.

        Parameters
        ----------
        prior
            The prior of the active image, None where there is none.

        Returns
        -------
        bool
            False where there is nothing to show.
        """
        pane = self.active
        if pane is None or pane.hung is None:
            return False
        item, shade = self._compared.pop(pane, (None, None))
        if item is None:
            if prior is None:
                return False
            item, self._compared[pane] = prior, (pane.hung, pane.shade)
        where = whereabouts(pane)
        if where is not None:
            self._kept[pane] = where, shade
        pane.set_waiting(item, f"loading {item.image.label} …")
        self.pixels_wanted.emit((item.image.id,))
        return True

    @property
    def is_comparing(self) -> bool:
        """Whether the active pane shows a prior in place of its image."""
        return self.active is not None and self.active in self._compared

    def show_failure(self, image_id: str, text: str) -> None:
        """Say in its place why an image cannot be shown."""
        pane = self.pane_of(image_id)
        if pane is not None and pane.hung is not None:
            pane.set_waiting(pane.hung, f"{pane.hung.image.label} cannot be shown\n\n{text}")

    def reorient(self, hanging: Hanging) -> None:
        """Lay images down another way once their chest walls were seen; another hanging is passed over."""
        if hanging.places != self._hanging.places:
            return
        self._hanging = hanging
        for index, slot in enumerate(hanging.slots):
            pane = self.panes[index]
            item = slot.stack[self._depth[index]] if slot.stack else None
            if item and pane.hung and pane.hung != item and pane.hung.image.id == item.image.id:
                pane.set_hung(item)
        self._slots = list(hanging.slots)
        self.motion.refit()

    def flip_active(self) -> None:
        """Mirror the active image left to right, for as long as it hangs."""
        if self.active is not None and self.active.hung is not None:
            item = self.active.hung
            self.lay_active(replace(item, orientation=mirrored(item.image, item.orientation)))

    def lay_active(self, item: Hung) -> None:
        """Lay the active image down another way."""
        if self.active is not None:
            self.active.set_hung(item)
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
        """Enlarge; see `Placing.focus` for what stays where it is."""
        if self.active is not None:
            self.motion.zoom(self.active, factor, *self.active.focus)

    def reveal(self, image_id: str, row: float, col: float) -> None:
        """Bring a native point of an image to the middle of its pane, enlarged."""
        pane = self.pane_of(image_id)
        if pane is not None and pane.image is not None:
            self._activate(self.panes.index(pane))
            self.motion.reveal(pane, row, col)

    def set_synchronous(self, *, is_on: bool) -> None:
        """Let all panes move together, or each alone."""
        self.motion.is_synchronous = is_on

    def activate(self, pane: Pane) -> None:
        """Make a pane the one that commands act on."""
        self._activate(self.panes.index(pane))

    def _activate(self, index: int) -> None:
        self._active = index
        for i, pane in enumerate(self.panes):
            pane.set_active(is_active=i == index)
        self.activated.emit()

    def set_single(self, *, is_single: bool) -> None:
        """Show the active pane alone, or all."""
        if is_single == self.is_single or not self.panes:
            return
        self.is_single = is_single
        pane = self.panes[self._active]
        area = self._first if pane in self._first else self.second
        area.show_only(pane if is_single else None)
        self.fit()
        self.single_toggled.emit(is_single)

    # Gray and overlays

    def set_adjustment(self, adjustment: Adjustment) -> None:
        """Change contrast and brightness of the active pane, and of what is linked with it."""
        self.tones.set_adjustment(adjustment, self.active)

    def set_inverted(self, *, is_inverted: bool) -> None:
        """Show black for white; padding stays black."""
        self.tones.set_inverted(is_inverted=is_inverted, pane=self.active)

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
            # It says how well the outlines met it.
            pane.set_truth(None)
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
