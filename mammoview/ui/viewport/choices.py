"""Everything that can be chosen for the gray of an image: the header's windows and tables, a computed one, presets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from mammoview.core.presentation import PresentationState
from mammoview.core.study import Grayscale, VoiFunction, VoiLut, VoiWindow
from mammoview.session.gray_presets import GrayPreset
from mammoview.ui.viewport.voi import Adjustment


class ChoiceKind(Enum):
    """Where a choice comes from; the value is what the chooser calls it."""

    WINDOW = "window"
    TABLE = "table"
    COMPUTED = "computed"
    PRESET = "preset"
    OWN = "your preset"
    STATE = "presentation state"


@dataclass(frozen=True)
class Choice:
    """One entry of the chooser.

    Attributes
    ----------
    name
        The header's explanation, or what stands in for it.
    detail
        The values in words.
    voi, adjustment
        What is put in force.
    index
        Its place among those of its kind.
    state
        The presentation state that it is; None for all others, which take a state off.
    """

    kind: ChoiceKind
    name: str
    detail: str
    voi: VoiWindow | VoiLut = field(repr=False)
    adjustment: Adjustment = field(default_factory=Adjustment)
    index: int = 0
    state: PresentationState | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """Name and kind: a window and a table of one header may have the same name."""
        is_told = self.kind in {ChoiceKind.WINDOW, ChoiceKind.TABLE, ChoiceKind.STATE}
        return f"{self.name} · {self.kind.value}" if is_told else self.name


def offered(
    gray: Grayscale,
    default: VoiWindow | VoiLut,
    computed: VoiWindow | VoiLut | None,
    presets: Sequence[GrayPreset] = (),
    states: Sequence[PresentationState] = (),
) -> tuple[Choice, ...]:
    """All choices for an image (MG-D01, MG-D02, MG-D14).

    Parameters
    ----------
    gray
        The header's description.
    default
        What the image begins with; presets are relative to it.
    computed
        The window made from the pixels, or None.
    presets
        Those that suit the image.
    states
        Presentation states that speak of the image.
    """
    usable = [w for w in gray.windows if math.isfinite(w.center) and math.isfinite(w.width) and w.width > 0]
    made = [_window(window, index) for index, window in enumerate(usable)]
    made += [
        Choice(ChoiceKind.TABLE, lut.explanation.strip() or f"Table {index + 1}", _table_words(lut), lut, index=index)
        for index, lut in enumerate(gray.luts)
    ]
    if computed is not None:
        made.append(Choice(ChoiceKind.COMPUTED, "Computed", _words(computed), computed))
    made += [
        Choice(
            ChoiceKind.OWN if preset.is_own else ChoiceKind.PRESET,
            preset.name,
            _preset_words(preset),
            default,
            Adjustment(preset.shift, preset.stretch),
            index,
        )
        for index, preset in enumerate(presets)
    ]
    made += [
        Choice(ChoiceKind.STATE, state.name, _state_words(state), state.voi, index=index, state=state)
        for index, state in enumerate(states)
    ]
    return tuple(made)


def _state_words(state: PresentationState) -> str:
    """What a state brings along beside its window."""
    parts = [
        _words(state.voi) or "table",
        "inverse" if state.is_inverse else "",
        "shutter" if state.shutters else "",
        "drawings" if state.graphics or state.texts else "",
        "part of it only" if state.not_applied else "",
    ]
    return ", ".join(part for part in parts if part)


def _window(window: VoiWindow, index: int) -> Choice:
    return Choice(
        ChoiceKind.WINDOW, window.explanation.strip() or f"Window {index + 1}", _words(window), window, index=index
    )


def _words(voi: VoiWindow | VoiLut) -> str:
    if isinstance(voi, VoiLut):
        return voi.explanation
    shape = "" if voi.function is VoiFunction.LINEAR else f"  {voi.function.value.replace('_', ' ')}"
    return f"C {voi.center:.0f}  W {voi.width:.0f}{shape}"


def _table_words(lut: VoiLut) -> str:
    return f"{len(lut.data) // 2} entries, {lut.bits} bits"


def _preset_words(preset: GrayPreset) -> str:
    parts = [f"width × {preset.stretch:.2f}"] if preset.stretch != 1.0 else []
    if preset.shift:
        parts.append(f"{abs(preset.shift) * 100:.0f} % {'brighter' if preset.shift > 0 else 'darker'}")
    return ", ".join(parts) or "the image's own window"


def counterpart(wanted: Choice, among: Sequence[Choice]) -> Choice | None:
    """The choice of another image that means the same: by kind and name, else by kind and place.

    None where the other image offers nothing like it.
    """
    if wanted.state is not None:
        return next((choice for choice in among if choice.state and choice.state.uid == wanted.state.uid), None)
    alike = [choice for choice in among if choice.kind is wanted.kind]
    for choice in alike:
        if choice.name == wanted.name:
            return choice
    return next((choice for choice in alike if choice.index == wanted.index), None)


def current(
    among: Sequence[Choice],
    voi: VoiWindow | VoiLut,
    adjustment: Adjustment,
    state: PresentationState | None = None,
) -> Choice | None:
    """The choice that is in force, or None where the reader changed it."""
    force = (voi, adjustment, state)
    return next((choice for choice in among if (choice.voi, choice.adjustment, choice.state) == force), None)
