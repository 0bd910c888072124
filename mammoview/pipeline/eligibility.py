"""Which images are scored. Every other image is shown, with the reason in the window and in the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mammoview.core.study import Mammogram, PresentationIntent, ViewModifier, ViewPosition

if TYPE_CHECKING:
    from mammoview.models.manifest import InputContract

_CLOSE_UPS = {ViewModifier.SPOT: "spot view", ViewModifier.MAGNIFICATION: "magnification view"}

#: Sides below this, or this many times longer than the other, are those of icons, strips and rulers.
LEAST_SIDE_PX = 32
MOST_ASPECT = 6


def why_not_scored(image: Mammogram, contract: InputContract | None = None) -> str:
    """Say why ``image`` gets no score from a model with ``contract``; empty when it gets one.

    What no model may score comes first, whatever a package claims: the reason that tells a reader most wins. A missing
    intent (pictures, old computed radiography) counts as For Presentation.
    """
    never = _why_never(image)
    if never or contract is None:
        return never
    reason = contract.reason_against(image)
    return f"Not scored. {reason}" if reason else ""


def _why_never(image: Mammogram) -> str:
    if image.intent is PresentationIntent.FOR_PROCESSING:
        return "Not scored: a For Processing image; the models know images made for reading."
    if image.is_tomosynthesis or image.frames > 1:
        return "Not scored: a tomosynthesis volume; the models are made for two-dimensional images."
    if image.view is ViewPosition.SPECIMEN:
        return "Not scored: a specimen, not a breast in place."
    short, long = sorted((image.rows, image.columns))
    if short < LEAST_SIDE_PX or long > MOST_ASPECT * short:
        return f"Not scored: {image.rows} × {image.columns} pixels are not the shape of a mammogram."
    for modifier, name in _CLOSE_UPS.items():
        if modifier in image.modifiers:
            return f"Not scored: a {name} shows part of a breast at another scale."
    return ""


def has_breast_outline(image: Mammogram) -> bool:
    """Whether looking for the breast's outline makes sense: not on raw detector data, volumes and specimens."""
    return not (
        image.intent is PresentationIntent.FOR_PROCESSING
        or image.is_tomosynthesis
        or image.view is ViewPosition.SPECIMEN
    )
