"""What stands in the corners of an image, away from the chest wall (MG-F). Text only, no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from mammoview.core.facts import Fact
from mammoview.core.geometry import Dihedral
from mammoview.core.plain_text import date_text, name_text, printable
from mammoview.core.study import Inferred, Mammogram, PresentationIntent, ViewModifier

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
    """One line of a corner.

    Attributes
    ----------
    weight
        What is left out first where room is short: the highest. 0 stays as long as anything does.
    short
        What stands in its place in a narrow pane, where the breast is close; empty for the same.
    """

    text: str
    tone: Tone = Tone.PLAIN
    weight: int = 0
    short: str = ""


@dataclass(frozen=True)
class AnnotationOptions:
    """What the reader wants to see of it: two levels (MG-F10), and whether it says who the patient is."""

    is_identity_shown: bool = True
    is_technique_shown: bool = False


def upper_lines(
    image: Mammogram, options: AnnotationOptions, orientation: Inferred | None = None, when: int = 0
) -> tuple[Line, ...]:
    """The upper corner: what the image is, and whose.

    Parameters
    ----------
    orientation
        What was decided without a tag (MG-K03).
    when
        0 for the current study, 1 for the newest prior: a prior says so beside its date (MG-B10).
    """
    lines = [Line(image.label, Tone.LABEL)]
    if when:
        which = "PRIOR" if when == 1 else f"PRIOR {when}"
        lines.append(Line(f"{which} {date_text(image.study_date)}".strip(), Tone.WARNING))
    if image.is_synthetic:
        lines.append(Line("SYNTHETIC", Tone.LOUD))
    if image.spacing_mm is None:
        # At the air's edge: in the middle of the upper one lie burned-in markers.
        lines.append(Line("NO PHYSICAL SCALE", Tone.WARNING))
    lines.extend(_flags(image))
    lines.extend(_inferred([*image.inferred, *([orientation] if orientation else [])]))
    facts = _Facts(image.technique, options)
    if options.is_identity_shown:
        lines.extend(
            Line(text, weight=2) for text in (name_text(image.patient_name), printable(image.patient_id)) if text
        )
        lines.extend(facts.line(5, ("PatientBirthDate", "born"), ("PatientAge", ""), ("PatientSex", "")))
    else:
        lines.append(Line("identity hidden", Tone.QUIET, 3))
    acquired = facts.text("AcquisitionDate") if options.is_technique_shown else ""
    if acquired or (image.study_date and not when):
        lines.append(Line(acquired or date_text(image.study_date), weight=2))
    if options.is_technique_shown:
        lines.extend(facts.line(7, ("ReasonForRequestedProcedureCodeSequence", "reason")))
        lines.extend(facts.line(9, ("SeriesNumber", "series"), ("InstanceNumber", "image")))
        lines.extend(facts.line(9, ("AccessionNumber", "accession"), ("StudyID", "study")))
    return tuple(lines)


def _inferred(entries: Sequence[Inferred]) -> list[Line]:
    by_source: dict[str, list[str]] = {}
    for entry in entries:
        what = f"{entry.attribute.replace('_', ' ')} {entry.value}".strip()
        by_source.setdefault(entry.source, []).append(what)
    return [
        Line(printable(f"INFERRED {', '.join(what)} ({source})"), Tone.WARNING, 1) for source, what in by_source.items()
    ]


_ENLARGED: Final = {ViewModifier.SPOT, ViewModifier.MAGNIFICATION}


def _flags(image: Mammogram) -> list[Line]:
    part = f": {', '.join(image.partial_meanings)}" if image.partial_meanings else ""
    ratio = f" {image.lossy_ratio}" if image.lossy_ratio else ""
    flags = [
        (image.has_implant, "IMPLANT"),
        (image.is_partial, f"PARTIAL VIEW{part}"),
        (image.is_partial and bool(_ENLARGED & set(image.modifiers)), "PARTIAL AND ENLARGED: HEADER IN DOUBT"),
        (image.is_lossy, f"LOSSY{ratio} · NOT FOR PRIMARY READING"),
        (image.is_burned_in, "BURNED-IN TEXT"),
        (image.energy is not None, image.energy.value.upper() if image.energy else ""),
        (image.is_biopsy, f"BIOPSY{''.join(f' · {target}' for target in image.biopsy_targets)}"),
    ]
    return [Line(printable(text), Tone.WARNING) for is_set, text in flags if is_set]


class _Facts:
    """The rows of a header that the options allow."""

    def __init__(self, facts: Sequence[Fact], options: AnnotationOptions) -> None:
        shown = (fact for fact in facts if options.is_identity_shown or not fact.is_identifying)
        self._texts = {fact.keyword: fact.text for fact in shown}

    def text(self, keyword: str) -> str:
        """What an attribute says, or nothing."""
        return self._texts.get(keyword, "")

    def line(self, weight: int, *parts: tuple[str, str]) -> list[Line]:
        """One line of (keyword, label) pairs, or none where the header fills none of them."""
        said = [f"{label} {self.text(keyword)}".strip() for keyword, label in parts if self.text(keyword)]
        return [Line("  ".join(said), Tone.PLAIN, weight)] if said else []


#: The technique from top to bottom: what is left out first, and (attribute, label) side by side.
_TECHNIQUE: Final[tuple[tuple[int, tuple[tuple[str, str], ...]], ...]] = (
    (12, (("InstitutionName", ""),)),
    (14, (("InstitutionAddress", ""),)),
    (13, (("StationName", "station"), ("OperatorsName", "operator"))),
    (10, (("Manufacturer", ""), ("ManufacturerModelName", ""))),
    (12, (("DeviceSerialNumber", "serial"), ("DetectorID", "detector"))),
    (6, (("KVP", ""), ("Exposure", ""), ("ExposureTime", ""))),
    (6, (("AnodeTargetMaterial", "target"), ("FilterMaterial", "filter"))),
    (6, (("BodyPartThickness", ""), ("CompressionForce", ""), ("PositionerPrimaryAngle", ""))),
    (7, (("OrganDose", "organ dose"),)),
    (8, (("EntranceDoseInmGy", "entrance dose"),)),
    (9, (("RelativeXRayExposure", "relative exposure"),)),
)


def lower_lines(
    image: Mammogram,
    options: AnnotationOptions,
    *,
    zoom: float,
    notes: tuple[str, ...],
    frame: tuple[str, ...] = (),
    size_text: str = "",
) -> tuple[Line, ...]:
    """The lower corner, from top to bottom, without the window's values.

    Parameters
    ----------
    zoom
        Device pixels per native pixel.
    notes
        What the analysis has to say about the image: its score, or why there is none.
    frame
        Which slice of a volume is shown; these lines stay whatever the room.
    size_text
        The zoom in words, where there is something to say; empty for its number.
    """
    lines: list[Line] = []
    if options.is_technique_shown:
        facts = _Facts(image.technique, options)
        lines.extend(line for weight, parts in _TECHNIQUE for line in facts.line(weight, *parts))
    for note in notes:
        is_warning = note.lower().startswith("not scored")
        lines.append(Line(note, Tone.WARNING if is_warning else Tone.PLAIN, 1 if is_warning else 3))
    lines.extend(Line(text, Tone.PLAIN) for text in frame)
    if image.is_magnified:
        lines.append(Line(magnified_text(image), Tone.WARNING, 1))
    lines.append(Line(spacing_text(image), Tone.QUIET, 4, spacing_text(image).partition(" (")[0]))
    size = size_text or f"zoom {zoom:.2f}"
    lines.append(Line(f"{image.columns} × {image.rows}   {size}", Tone.QUIET, 4, size))
    lines.append(Line("RESEARCH ONLY · NOT FOR DIAGNOSIS", Tone.QUIET))
    return tuple(lines)


def magnified_text(image: Mammogram) -> str:
    """By how much a magnification view is larger than a contact view beside it (MG-C04)."""
    if image.magnification is None:
        return "magnified, factor unknown"
    return f"×{image.magnification:.2g} magnified"


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
    to_right, to_bottom = (printable(direction, 3) for direction in patient_orientation)
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


def kind_badges(image: Mammogram) -> tuple[str, ...]:
    """Banners of an image that is no plain exposure: raw, the slices of a volume, or computed from them.

    No level of annotation hides them (MG-D11).
    """
    raw = ("RAW · FOR PROCESSING · NOT FOR DIAGNOSIS",) if image.intent is PresentationIntent.FOR_PROCESSING else ()
    if image.is_generated_2d:
        return (*raw, "GENERATED 2D")
    return (*raw, image.volume.kind.value.upper()) if image.volume is not None else raw
