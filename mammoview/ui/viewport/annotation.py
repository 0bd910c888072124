"""What stands in the corners of an image, away from the chest wall (MG-F). Text only, no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from mammoview.core.geometry import Dihedral
from mammoview.core.study import Inferred, Mammogram, PresentationIntent

#: Labels of `Mammogram.technique` that say who the patient is, or where she was.
_IDENTIFYING = frozenset({"Age", "Birth date", "Accession", "Institution", "Operator"})
_OPPOSITE = {"A": "P", "P": "A", "L": "R", "R": "L", "H": "F", "F": "H"}


class Tone(Enum):
    """How a line is shown."""

    LABEL = auto()
    PLAIN = auto()
    QUIET = auto()
    WARNING = auto()
    LOUD = auto()


@dataclass(frozen=True)
class Line:
    """One line of a corner."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class AnnotationOptions:
    """What the reader wants to see of it."""

    is_identity_shown: bool = True
    is_technique_shown: bool = False


def date_text(dicom_date: str) -> str:
    """``20260314`` as ``2026-03-14``; anything else as it is."""
    if len(dicom_date) == 8 and dicom_date.isdigit():
        return f"{dicom_date[:4]}-{dicom_date[4:6]}-{dicom_date[6:]}"
    return dicom_date


def name_text(person: str) -> str:
    """``DOE^JANE`` as ``DOE, JANE``."""
    parts = [part for part in person.split("^") if part]
    return ", ".join(parts[:2])


def upper_lines(image: Mammogram, options: AnnotationOptions, orientation: Inferred | None = None) -> tuple[Line, ...]:
    """The upper corner: what the image is, and whose. ``orientation`` is what was decided without a tag (MG-K03)."""
    lines = [Line(image.label, Tone.LABEL)]
    lines.extend(_inferred([*image.inferred, *([orientation] if orientation else [])]))
    if image.is_synthetic:
        lines.append(Line("SYNTHETIC", Tone.LOUD))
    lines.extend(_flags(image))
    if options.is_identity_shown:
        lines.extend(Line(text) for text in (name_text(image.patient_name), image.patient_id) if text)
    else:
        lines.append(Line("identity hidden", Tone.QUIET))
    if image.study_date:
        lines.append(Line(date_text(image.study_date)))
    return tuple(lines)


def _inferred(entries: Sequence[Inferred]) -> list[Line]:
    by_source: dict[str, list[str]] = {}
    for entry in entries:
        what = f"{entry.attribute.replace('_', ' ')} {entry.value}".strip()
        by_source.setdefault(entry.source, []).append(what)
    return [Line(f"INFERRED {', '.join(what)} ({source})", Tone.WARNING) for source, what in by_source.items()]


def _flags(image: Mammogram) -> list[Line]:
    flags = [
        (image.intent is PresentationIntent.FOR_PROCESSING, "RAW (FOR PROCESSING)"),
        (image.has_implant, "IMPLANT"),
        (image.is_partial, "PARTIAL VIEW"),
        (image.is_lossy, "LOSSY COMPRESSION"),
    ]
    return [Line(text, Tone.WARNING) for is_set, text in flags if is_set]


def lower_lines(
    image: Mammogram, options: AnnotationOptions, *, zoom: float, notes: tuple[str, ...]
) -> tuple[Line, ...]:
    """The lower corner, from top to bottom, without the window's values.

    Parameters
    ----------
    zoom
        Device pixels per native pixel.
    notes
        What the analysis has to say about the image: its score, or why there is none.
    """
    lines: list[Line] = []
    if options.is_technique_shown:
        shown = [pair for pair in image.technique if options.is_identity_shown or pair[0] not in _IDENTIFYING]
        pairs = [f"{label} {text}" for label, text in shown]
        lines.extend(Line("  ·  ".join(pairs[k : k + 2]), Tone.QUIET) for k in range(0, len(pairs), 2))
    lines.extend(Line(note, Tone.WARNING if note.lower().startswith("not scored") else Tone.PLAIN) for note in notes)
    lines.append(Line(spacing_text(image), Tone.QUIET))
    lines.append(Line(f"{image.columns} × {image.rows}   zoom {zoom:.2f}", Tone.QUIET))
    lines.append(Line("RESEARCH ONLY · NOT FOR DIAGNOSIS", Tone.QUIET))
    return tuple(lines)


def spacing_text(image: Mammogram) -> str:
    """The spacing at the breast and where it comes from (MG-C03), or that there is none (MG-K02)."""
    if image.spacing_mm is None:
        return "no physical scale"
    microns = image.spacing_mm[0] * 1000
    return f"{microns:.0f} µm ({image.spacing_source})" if image.spacing_source else f"{microns:.0f} µm"


def edge_letters(patient_orientation: tuple[str, str] | None, dihedral: Dihedral) -> dict[str, str]:
    """Letters of the patient's directions at the edges ``left``, ``right``, ``top``, ``bottom`` (MG-F08).

    They follow the transposition and the flips; empty without a Patient Orientation.
    """
    if patient_orientation is None:
        return {}
    to_right, to_bottom = patient_orientation
    if dihedral.transpose:
        to_right, to_bottom = to_bottom, to_right
    if dihedral.flip_columns:
        to_right = opposite(to_right)
    if dihedral.flip_rows:
        to_bottom = opposite(to_bottom)
    letters = {"left": opposite(to_right), "right": to_right, "top": opposite(to_bottom), "bottom": to_bottom}
    return {edge: letter for edge, letter in letters.items() if letter}


def opposite(direction: str) -> str:
    """The opposite direction, letter by letter: ``AF`` gives ``PH``."""
    return "".join(_OPPOSITE.get(letter, letter) for letter in direction)
