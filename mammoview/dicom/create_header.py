"""What the header of a new mammogram says: plain values, no DICOM objects."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from mammoview.core.study import Laterality, PresentationIntent, ViewModifier, ViewPosition, VoiLut, VoiWindow
from mammoview.dicom.tags import MG_FOR_PROCESSING, SYNTHETIC_MANUFACTURER

_UID_NAMESPACE = uuid.UUID("5b2c7f43-6f0e-5b8a-9a53-6d616d6d6f76")
SYNTHETIC_COMMENT = "Synthetic phantom image, no patient."
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"


def make_uid(*parts: str | int) -> str:
    """A UID that the same parts always give: 2.25 and a name-based UUID (PS3.5 B.2)."""
    return f"2.25.{uuid.uuid5(_UID_NAMESPACE, '/'.join(str(part) for part in parts)).int}"


@dataclass(frozen=True)
class Technique:
    """How an image was exposed; the numbers of a usual exposure.

    Attributes
    ----------
    thickness_mm
        Of the compressed breast.
    force_n
        Of compression, newton.
    exposure_mas
        Tube current by time, mAs.
    organ_dose_dgy
        Mean glandular dose, dGy as DICOM wants it.
    """

    kvp: float = 29.0
    exposure_mas: float = 90.0
    exposure_time_ms: int = 950
    thickness_mm: float = 55.0
    force_n: float = 110.0
    organ_dose_dgy: float = 0.013
    entrance_dose_mgy: float = 5.2
    relative_exposure: int = 400


@dataclass(frozen=True)
class SourceReference:
    """The image that an image was made from.

    Attributes
    ----------
    locations_preserved
        ``YES``, ``NO`` or ``REORIENTED_ONLY``; empty where the file does not say (Spatial Locations Preserved).
    """

    sop_uid: str
    sop_class_uid: str = MG_FOR_PROCESSING
    locations_preserved: str = "YES"


@dataclass(frozen=True)
class NewMammogram:
    """What the header of a new image says.

    Attributes
    ----------
    sop_uid, series_uid, study_uid
        See `make_uid`.
    spacing_mm
        (row, column), at the detector; at the breast it is this divided by ``magnification``.
    windows
        In stored values, the default first; each with an explanation. They share the function of the first. None in
        an image For Processing.
    luts, lut_vr
        VOI lookup tables, and whether their data are written as ``OW`` words, as ``US`` numbers, or ``packed``: two
        entries of 8 bits in a word.
    padding, padding_limit
        Stored value that means air, and the other end of a range of them; None for a film, which has none.
    study_date, study_time, acquisition_time
        ``YYYYMMDD`` and ``HHMMSS``; an empty acquisition time is the study's.
    partial
        Parts of the breast that a partial view shows (CID 4005: ``anterior``, ``superior`` …); none for a whole one.
    orientation
        Directions of rows and columns; None for the ones that the view is shown in.
    pixel_spacing_mm
        Pixel Spacing, which mammography does not use; None for none.
    is_inverse
        Presentation LUT Shape INVERSE; None for the shape that goes with the photometric interpretation.
    sources
        Images that it was made from; None for an invented one For Processing.
    image_type
        All its values.
    contrast_agent
        Given before the exposure; empty for none.
    biopsy_target_mm
        (x, y, z) of a place that a needle shall reach; None for none.
    fov_rotation, is_fov_flipped
        What the detector did before the pixels were stored; no display may turn the image by them.
    omitted
        Keywords of attributes that are left out, to write a file that is deliberately poor.
    """

    sop_uid: str
    series_uid: str
    study_uid: str
    view: ViewPosition
    laterality: Laterality
    spacing_mm: tuple[float, float]
    patient_id: str
    patient_name: str
    birth_date: str
    age_years: int
    study_date: str
    study_time: str
    windows: tuple[VoiWindow, ...]
    instance_number: int = 1
    accession: str = ""
    study_description: str = "Mammography"
    bits_stored: int = 12
    padding: int | None = 0
    is_film: bool = False
    manufacturer: str = SYNTHETIC_MANUFACTURER
    model: str = "Phantom generator"
    comment: str = SYNTHETIC_COMMENT
    technique: Technique = Technique()
    series_number: int = 1
    acquisition_time: str = ""
    intent: PresentationIntent = PresentationIntent.FOR_PRESENTATION
    modifiers: tuple[ViewModifier, ...] = ()
    partial: tuple[str, ...] = ()
    has_implant: bool = False
    magnification: float = 1.0
    orientation: tuple[str, str] | None = None
    pixel_spacing_mm: float | None = None
    is_monochrome1: bool = False
    is_inverse: bool | None = None
    luts: tuple[VoiLut, ...] = ()
    lut_vr: str = "OW"
    padding_limit: int | None = None
    sources: tuple[SourceReference, ...] | None = None
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY", "")
    contrast_agent: str = ""
    biopsy_target_mm: tuple[float, float, float] | None = None
    fov_rotation: int = 0
    is_fov_flipped: bool = False
    transfer_syntax: str = EXPLICIT_LITTLE_ENDIAN
    omitted: tuple[str, ...] = ()
