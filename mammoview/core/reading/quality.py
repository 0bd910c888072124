"""Image quality in the words of DICOM's list (CID 6041), and technical recall."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mammoview.core.errors import ReadingError


class QualityFault(StrEnum):
    """What is wrong with an image. `mammoview.dicom.reading_codes` holds the code of each.

    The list is that of CID 6041 without the items on the flash, the date sticker and the technical factors, which are
    printed on films.
    """

    POSITIONING = "positioning"
    NIPPLE_NOT_IN_PROFILE = "nipple not in profile"
    CC_MEDIAL_TISSUE = "CC: not all medial tissue shown"
    CC_NIPPLE_OFF_CENTRE = "CC: nipple not centred on the image"
    CC_NIPPLE_LINE = "CC: posterior nipple line more than 1 cm from the MLO's"
    MLO_PECTORAL = "MLO: insufficient pectoral muscle"
    MLO_NO_RETROGLANDULAR_FAT = "MLO: no fat behind the fibroglandular tissue"
    MLO_SEPARATION = "MLO: poor separation of deep and superficial tissue"
    MLO_FOLD = "MLO: inframammary fold not open"
    MLO_MOTION = "MLO: motion blur"
    MOTION = "motion blur"
    COMPRESSION = "inadequate compression"
    IMPLANT_DISPLACEMENT = "implant insufficiently displaced"
    COLLIMATION = "collimation too close to the breast"
    UNDER_EXPOSED = "under-exposed"
    OVER_EXPOSED = "over-exposed"
    NO_IMAGE = "no image"
    GRID_ARTIFACT = "grid artifact"
    DETECTOR_ARTIFACT = "detector artifact"
    OTHER_ARTIFACT = "other artifact"
    PROCESSING = "inappropriate image processing"
    MARKER_MISSING = "view and side marker missing"
    MARKER_INCOMPLETE = "view and side marker lacks view or side"
    MARKER_NOT_APPROVED = "view and side marker without approved codes"
    MARKER_NOT_AT_AXILLA = "view and side marker not near the axilla"
    MARKER_OVERLAPS = "view and side marker overlaps breast tissue"
    MARKER_OBSCURED = "view and side marker partly obscured"
    MARKER_WRONG = "view and side marker wrong"
    MARKER_OFF_IMAGE = "view and side marker off the image"
    MECHANICAL_FAILURE = "mechanical failure"
    ELECTRICAL_FAILURE = "electrical failure"
    SOFTWARE_FAILURE = "software failure"
    OTHER_FAILURE = "other failure"
    UNKNOWN_FAILURE = "unknown failure"


@dataclass(frozen=True)
class QualityNote:
    """What a reader says of the quality of one image.

    Attributes
    ----------
    image_id
        `mammoview.core.study.Mammogram.id`.
    label
        The view as readers write it, ``RMLO``.
    faults
        At least one.
    needs_repeat
        Whether the view must be taken again: a technical recall.

    Raises
    ------
    ReadingError
        When no fault is named.
    """

    image_id: str
    label: str
    faults: tuple[QualityFault, ...]
    needs_repeat: bool = False
    comment: str = ""

    def __post_init__(self) -> None:
        if not self.faults:
            raise ReadingError(
                f"The note on {self.label or 'an image'} names no fault.", "Choose one, or drop the note."
            )
