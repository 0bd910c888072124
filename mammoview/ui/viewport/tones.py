"""How the panes of a wall show gray: one setting for all, or each its own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mammoview.imaging.air import Air
from mammoview.session.gray_presets import GrayPreset
from mammoview.ui.viewport import voi
from mammoview.ui.viewport.choices import Choice, counterpart, offered
from mammoview.ui.viewport.output import PLAIN, Output
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.shade import AirMode, Shade
from mammoview.ui.viewport.voi import Adjustment

#: Estimated air is kept for so many images.
_MOST_AIRS = 64


@dataclass(frozen=True)
class Tone:
    """The gray of a wall at one time: what panes begin with, and what each image, by its id, is shown with."""

    adjustment: Adjustment
    is_inverted: bool
    air: AirMode
    choice: Choice | None
    shades: tuple[tuple[str, Shade], ...]


def show(pane: Pane, shade: Shade) -> None:
    """Put a setting in force, together with what its presentation state paints."""
    pane.set_shade(shade)
    pane.refresh()


class Tones:
    """The gray of the panes of one wall.

    Attributes
    ----------
    panes
        What hangs now; replaced by the wall with each hanging.
    is_linked
        Whether a change in one pane changes all (MG-D14).
    adjustment, is_inverted, air
        What a pane begins with.
    output
        What the monitor needs; see `set_output`.
    presets
        What is offered beside the header's choices, where it suits the image.
    """

    def __init__(self) -> None:
        self.panes: Sequence[Pane] = ()
        self.is_linked = True
        self.adjustment = Adjustment()
        self.is_inverted = False
        self.air = AirMode.AUTOMATIC
        self.presets: tuple[GrayPreset, ...] = ()
        self.output = PLAIN
        self._study_uid = ""
        self._choice: Choice | None = None
        self._airs: OrderedDict[str, Air | None] = OrderedDict()

    def begin(self, panes: Sequence[Pane], study_uid: str) -> None:
        """Hang other panes; what was chosen for all stays in force within a study and never reaches another one."""
        self.panes = panes
        if study_uid != self._study_uid:
            self._study_uid, self._choice = study_uid, None
            self.adjustment, self.is_inverted, self.air = Adjustment(), False, AirMode.AUTOMATIC
        for pane in panes:
            pane.set_shade(self._first())

    def _first(self) -> Shade:
        return Shade(adjustment=self.adjustment, is_inverted=self.is_inverted, air=self.air, output=self.output)

    def join(self, pane: Pane) -> None:
        """Give an image that has just come what was chosen for all."""
        if pane.hung is None:
            return
        pane.set_air(self._airs.get(pane.hung.image.id))
        if self.is_linked and self._choice is not None:
            same = counterpart(self._choice, self.choices(pane))
            if same is not None:
                show(pane, replace(pane.shade, voi=same.voi, state=same.state))

    def choices(self, pane: Pane) -> tuple[Choice, ...]:
        """All that is offered for the image of a pane; none where it has no pixels yet."""
        if pane.hung is None or pane.image is None:
            return ()
        image = pane.hung.image
        suiting = [preset for preset in self.presets if preset.suits(image)]
        return offered(image.grayscale, pane.default_voi, pane.computed_voi, suiting, image.states)

    def _affected(self, pane: Pane | None) -> Sequence[Pane]:
        return self.panes if self.is_linked or pane is None else (pane,)

    def _change(self, pane: Pane | None, change: Callable[[Shade], Shade]) -> None:
        for affected in self._affected(pane):
            affected.set_shade(change(affected.shade))
        if self.is_linked or pane is None:
            first = change(self._first())
            self.adjustment, self.is_inverted, self.air = first.adjustment, first.is_inverted, first.air

    # What the reader does; ``pane`` is the one touched, None for all

    def drag(self, pane: Pane, right_px: float, up_px: float) -> None:
        """Window and level by the mouse: linked panes follow the one that is dragged."""
        self.set_adjustment(pane.shade.adjustment.dragged(right_px, up_px), pane)

    def set_adjustment(self, adjustment: Adjustment, pane: Pane | None = None) -> None:
        """Change contrast and brightness."""
        self._change(pane, lambda shade: replace(shade, adjustment=adjustment))

    def set_inverted(self, *, is_inverted: bool, pane: Pane | None = None) -> None:
        """Show black for white; padding stays black."""
        self._change(pane, lambda shade: replace(shade, is_inverted=is_inverted))

    def set_air(self, mode: AirMode, pane: Pane | None = None) -> None:
        """Darken the estimated air, or not."""
        self._change(pane, lambda shade: replace(shade, air=mode))

    def choose(self, pane: Pane, choice: Choice) -> None:
        """Put a choice of a pane's image in force, and what means the same in linked ones."""
        if self.is_linked:
            self._choice = choice
            self.adjustment = choice.adjustment
        for affected in self._affected(pane):
            same = choice if affected is pane else counterpart(choice, self.choices(affected))
            if same is not None:
                show(affected, replace(affected.shade, voi=same.voi, adjustment=same.adjustment, state=same.state))

    def step(self, pane: Pane | None) -> None:
        """Take the next window or table that each header offers (MG-D01)."""
        self._choice = None
        for affected in self._affected(pane):
            if affected.hung is not None and affected.image is not None:
                every = voi.choices(affected.hung.image.grayscale, affected.default_voi)
                at = every.index(affected.shade.voi) if affected.shade.voi in every else -1
                show(affected, replace(affected.shade, voi=every[(at + 1) % len(every)], state=None))

    def reset(self, pane: Pane | None) -> None:
        """Back to what each header asks for first."""
        if self.is_linked or pane is None:
            self._choice = None
        self.set_adjustment(Adjustment(), pane)
        for affected in self._affected(pane):
            show(affected, replace(affected.shade, voi=affected.default_voi, state=None))

    # What can be taken back

    def state(self) -> Tone:
        """What the reader chose, for all panes and for each."""
        each = {pane.hung.image.id: pane.shade for pane in self.panes if pane.hung is not None}
        return Tone(self.adjustment, self.is_inverted, self.air, self._choice, tuple(each.items()))

    def restore(self, state: Tone) -> None:
        """Bring back a state; images that hang no more are passed over, and the monitor's needs stay."""
        self.adjustment, self.is_inverted, self.air = state.adjustment, state.is_inverted, state.air
        self._choice = state.choice
        each = dict(state.shades)
        for pane in self.panes:
            if pane.hung is not None and pane.hung.image.id in each:
                show(pane, replace(each[pane.hung.image.id], output=self.output))

    # What is found out meanwhile

    def set_output(self, output: Output) -> None:
        """Show all panes as the monitor needs it."""
        self.output = output
        for pane in self.panes:
            pane.set_shade(replace(pane.shade, output=output))

    def knows_air(self, image_id: str) -> bool:
        """Whether the air of an image was estimated already."""
        return image_id in self._airs

    def found_air(self, image_id: str, air: Air | None) -> None:
        """Keep an estimate and show it where the image hangs."""
        self._airs[image_id] = air
        while len(self._airs) > _MOST_AIRS:
            self._airs.popitem(last=False)
        for pane in self.panes:
            if pane.hung is not None and pane.hung.image.id == image_id:
                pane.set_air(air)
