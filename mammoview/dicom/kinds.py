"""Objects that are no image to hang: each is named by its kind, once, with what becomes of it (MG-A01, MG-A02)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mammoview.core.errors import NotShownError

if TYPE_CHECKING:
    from pydicom import Dataset

#: Storage classes that belong to a reading but are not read yet, with what to do about each.
_KNOWN: Final = {
    "1.2.840.10008.5.1.4.1.1.88.50": (
        "Mammography CAD report (structured report)",
        "Its marks are not drawn; the images that it speaks of are shown.",
    ),
    "1.2.840.10008.5.1.4.1.1.11.1": (
        "grayscale presentation state",
        "Open it together with its images: it is then offered among their windows (Shift+V).",
    ),
    "1.2.840.10008.5.1.4.1.1.88.67": ("radiation dose report", "The doses of an image stand in its own header."),
    "1.2.840.10008.5.1.4.1.1.88.59": ("key object selection", "All images are shown, whether selected or not."),
    "1.2.840.10008.5.1.4.1.1.66": ("raw data object", "Only the vendor's own software can read it."),
    "1.2.840.10008.5.1.4.1.1.66.4": ("segmentation", "It is not drawn over its image."),
    "1.2.840.10008.5.1.4.1.1.30": ("parametric map", "It is not drawn over its image."),
    "1.2.840.10008.5.1.4.1.1.104.1": ("document (PDF)", "Open it with a program for documents."),
}
#: Structured reports and presentation states share the beginning of their storage classes.
_FAMILIES: Final = (
    ("1.2.840.10008.5.1.4.1.1.88.", "structured report", "Reports are not shown."),
    ("1.2.840.10008.5.1.4.1.1.11.", "presentation state", "It is not applied."),
    ("1.2.840.10008.5.1.4.1.1.9.", "waveform", "Only images are shown."),
)


def refuse_what_is_no_image(dataset: Dataset, path: str) -> None:
    """Refuse reports, presentation states and their like by name.

    Parameters
    ----------
    dataset
        The object without its pixels.
    path
        Named in the message.

    Raises
    ------
    NotShownError
        When the object's class is none of images of one kind of detector.
    """
    sop_class = str(dataset.get("SOPClassUID") or "").strip()
    known = _KNOWN.get(sop_class)
    if known is None:
        known = next(((name, hint) for start, name, hint in _FAMILIES if sop_class.startswith(start)), None)
    if known is not None:
        name, hint = known
        raise NotShownError(f"{path} is a {name}, which is not shown.", hint)
