"""Which image stands before which, and which are not hung at all (MG-A03, B12, G06, G07)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mammoview.core.study import Energy, Mammogram, PresentationIntent, ViewPosition
from mammoview.session.protocols import BIOPSY, Place

_ENERGIES = (None, Energy.LOW, Energy.RECOMBINED, Energy.HIGH)


def without_twins(images: Sequence[Mammogram]) -> tuple[tuple[Mammogram, ...], tuple[Mammogram, ...]]:
    """Part images from the raw ones that were made into others (MG-A03, by Source Image Sequence).

    Parameters
    ----------
    images
        Of one patient.

    Returns
    -------
    shown, withheld
        A For Processing image is withheld when a For Presentation image names it as its source.
    """
    sources = {
        uid for image in images if image.intent is PresentationIntent.FOR_PRESENTATION for uid in image.source_ids
    }

    def is_twin(image: Mammogram) -> bool:
        return image.intent is PresentationIntent.FOR_PROCESSING and image.id in sources

    return tuple(i for i in images if not is_twin(i)), tuple(i for i in images if is_twin(i))


def in_order(images: Iterable[Mammogram]) -> list[Mammogram]:
    """As they stand in a stack: made for reading, flat, standard view, not modified, whole breast; then by name.

    A recombined image follows the low-energy image of its pair (MG-G07): the one that it names as a source, else the
    one of the same number.
    """
    ranked = sorted(images, key=_rank)
    lows = [image for image in ranked if image.energy is Energy.LOW]
    made = [image for image in ranked if image.energy is Energy.RECOMBINED]
    follows: dict[str, list[Mammogram]] = {}
    for index, image in enumerate(made):
        low = next((low for low in lows if low.id in image.source_ids), lows[index] if index < len(lows) else None)
        if low is not None:
            follows.setdefault(low.id, []).append(image)
    paired = {image.id for several in follows.values() for image in several}
    stack: list[Mammogram] = []
    for image in ranked:
        if image.id not in paired:
            stack += [image, *follows.get(image.id, ())]
    return stack


def _rank(image: Mammogram) -> tuple[bool, bool, bool, bool, bool, int, str, str]:
    return (
        image.intent is PresentationIntent.FOR_PROCESSING,
        image.is_tomosynthesis,
        image.view not in {ViewPosition.CC, ViewPosition.MLO},
        bool(image.modifiers),
        image.is_partial,
        _ENERGIES.index(image.energy),
        image.relative_path,
        image.id,
    )


def is_apart(image: Mammogram) -> bool:
    """Whether the image shows no breast as it stands, and never lies among the views (MG-G06)."""
    return image.is_biopsy or image.view is ViewPosition.SPECIMEN


def label_of(image: Mammogram) -> str:
    """What an image is called in a list."""
    return BIOPSY if image.is_biopsy else image.label


def dealt(places: Sequence[Place], studies: Sequence[Sequence[Mammogram]]) -> tuple[tuple[Mammogram, ...], ...]:
    """Deal images out to places: each goes to the place that names it most closely.

    Parameters
    ----------
    places
        In reading order. Where two are the same, the first takes the first image and the last takes what is left.
    studies
        The current study's images, those of the newest prior, and so on.

    Returns
    -------
    tuple
        The images of each place, in the order of `in_order`.
    """
    stacks: list[list[Mammogram]] = [[] for _ in places]
    for when, images in enumerate(studies):
        for image in images:
            takers = [index for index, place in enumerate(places) if place.takes(image, when)]
            if takers:
                best = max(places[index].rank for index in takers)
                stacks[next(index for index in takers if places[index].rank == best)].append(image)
    ordered = [in_order(stack) for stack in stacks]
    for index, place in enumerate(places):
        same = [other for other in range(index + 1, len(places)) if places[other] == place]
        if same and len(ordered[index]) > 1:
            ordered[same[0]] = ordered[index][1:]
            ordered[index] = ordered[index][:1]
    return tuple(tuple(stack) for stack in ordered)
