"""Studies and their images as the headers describe them. No pixels here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from mammoview.core.conformance import Conformance
from mammoview.core.facts import Fact
from mammoview.core.volume import SliceKind, Volume

if TYPE_CHECKING:
    from mammoview.core.errors import Problem
    from mammoview.core.presentation import PresentationState


class Laterality(StrEnum):
    """Which breast."""

    LEFT = "L"
    RIGHT = "R"


class ViewPosition(StrEnum):
    """How the breast was projected (CID 4014)."""

    CC = "CC"
    MLO = "MLO"
    ML = "ML"
    LM = "LM"
    LMO = "LMO"
    FB = "FB"
    SIO = "SIO"
    ISO = "ISO"
    XCC = "XCC"
    XCCL = "XCCL"
    XCCM = "XCCM"
    SPECIMEN = "SPECIMEN"

    @property
    def is_craniocaudal(self) -> bool:
        """Whether the view belongs to the CC family of MG-B02."""
        return self in {ViewPosition.CC, ViewPosition.FB, ViewPosition.XCC, ViewPosition.XCCL, ViewPosition.XCCM}

    @property
    def shows_pectoral(self) -> bool:
        """Whether the pectoral muscle is expected in an upper corner."""
        return self in {ViewPosition.MLO, ViewPosition.ML}


class ViewModifier(StrEnum):
    """How a view departs from the standard one (CID 4015); the value is its abbreviation."""

    CLEAVAGE = "CV"
    AXILLARY_TAIL = "AT"
    TANGENTIAL = "TAN"
    ROLLED_LATERAL = "RL"
    ROLLED_MEDIAL = "RM"
    ROLLED_INFERIOR = "RI"
    ROLLED_SUPERIOR = "RS"
    IMPLANT_DISPLACED = "ID"
    NIPPLE_IN_PROFILE = "NP"
    ANTERIOR_COMPRESSION = "AC"
    INFRAMAMMARY_FOLD = "IMF"
    AXILLARY_TISSUE = "AX"
    MAGNIFICATION = "M"
    SPOT = "S"


class PresentationIntent(StrEnum):
    """What the vendor made the pixels for."""

    FOR_PRESENTATION = "FOR PRESENTATION"
    FOR_PROCESSING = "FOR PROCESSING"


class Part(StrEnum):
    """The part of the breast that a partial view shows (CID 4005)."""

    ANTERIOR = "anterior"
    POSTERIOR = "posterior"
    SUPERIOR = "superior"
    INFERIOR = "inferior"
    MEDIAL = "medial"
    LATERAL = "lateral"
    CENTRAL = "central"


class Energy(StrEnum):
    """Which of a contrast-enhanced pair an image is (Image Type, PS3.3 C.8.11.7.1.4)."""

    LOW = "low energy"
    HIGH = "high energy"
    RECOMBINED = "recombined"


class SourceKind(StrEnum):
    """What sort of file an image comes from."""

    DICOM = "dicom"
    RASTER = "raster"


class VoiFunction(StrEnum):
    """The shape of a window (PS3.3 C.11.2.1.3)."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True)
class VoiWindow:
    """A window in modality values."""

    center: float
    width: float
    function: VoiFunction = VoiFunction.LINEAR
    explanation: str = ""


@dataclass(frozen=True)
class VoiLut:
    """A VOI lookup table: input ``first`` maps to the first entry; ``data`` is little-endian uint16."""

    first: int
    bits: int
    data: bytes = field(repr=False)
    explanation: str = ""


@dataclass(frozen=True)
class RawScale:
    """What the values of an image For Processing mean.

    Attributes
    ----------
    is_linear
        They are proportional to the intensity of the X-rays; else to its logarithm, or nobody says (MG-D11).
    sign
        1 where higher values mean more intensity (less tissue), −1 where they mean less, 0 where the header is silent.
    """

    is_linear: bool = False
    sign: int = 0


@dataclass(frozen=True)
class Grayscale:
    """How stored values become gray, as the header says it.

    Attributes
    ----------
    bits_stored, signed
        The range of stored values.
    is_monochrome1
        Low values are bright (Photometric Interpretation MONOCHROME1).
    is_inverse, is_identity
        Presentation LUT Shape INVERSE or IDENTITY; neither where the header is silent. `is_dark_high` sums up.
    slope, intercept
        Modality rescale; 1 and 0 in the DX family.
    windows, luts
        The choices offered, in the header's order.
    padding
        Inclusive range of stored values that mean "no tissue here", or None.
    modality_lut
        Modality lookup table, instead of ``slope`` and ``intercept``; its entries are values, not shares of white.
    raw
        Set for images For Processing.
    """

    bits_stored: int
    signed: bool = False
    is_monochrome1: bool = False
    is_inverse: bool = False
    is_identity: bool = False
    slope: float = 1.0
    intercept: float = 0.0
    windows: tuple[VoiWindow, ...] = ()
    luts: tuple[VoiLut, ...] = ()
    padding: tuple[int, int] | None = None
    modality_lut: VoiLut | None = None
    raw: RawScale | None = None

    @property
    def is_dark_high(self) -> bool:
        """Whether high values are shown dark: one inversion, whatever says so (MG-D09).

        Presentation LUT Shape is the last word; Photometric Interpretation decides where it is absent. In raw images
        the sign of the intensity comes first, so that tissue is bright.
        """
        if self.raw is not None and self.raw.sign:
            return self.raw.sign > 0
        return self.is_inverse or (self.is_monochrome1 and not self.is_identity)


#: Contact views reach 1.1 through the breast's thickness; magnification stands begin at 1.5.
MAGNIFIED_FROM = 1.25


@dataclass(frozen=True)
class Inferred:
    """An attribute that no coded tag gave: what was decided, and from what (MG-A07)."""

    attribute: str
    value: str
    source: str


@dataclass(frozen=True)
class Mammogram:
    """One image of a breast, as its header describes it.

    Attributes
    ----------
    id
        SOP Instance UID, or ``sha256:`` and the file's hash.
    path
        Absolute path.
    root, relative_path
        Index of the argument that led to the file, and the path relative to it.
    frames
        Number of frames that the file can really hold.
    volume
        Their order, depths and gray; None for an object that holds one image. ``grayscale`` is that of the frame shown
        first.
    is_generated_2d
        A two-dimensional image computed from tomosynthesis (MG-I03).
    spacing_mm
        (row, column) at the breast, mm; None where unknown. ``spacing_source`` says which attribute gave it.
    magnification
        How many times larger than itself the breast lies on the detector; None where the header does not say.
    patient_orientation
        Directions of rows and of columns, ``("A", "R")`` for example; None where absent.
    technique
        Rows for the corner annotation, what matters most first within each topic.
    partial_meanings
        Which part of the breast a partial view shows, in the header's words.
    lossy_ratio
        ``12:1`` where the header says how far the pixels were compressed with loss.
    conformance
        How the header meets the IHE Mammography Image profile; None where that does not apply.
    source_ids
        SOP Instance UIDs of the images that it was made from (Source Image Sequence).
    parts
        What a partial view shows; empty where no code says it.
    energy
        Its part in a contrast-enhanced pair, or None.
    is_biopsy
        Made for stereotaxis or a biopsy, as Image Type or a Biopsy Target Sequence says.
    biopsy_targets
        One line for each target.
    patient_id_issuer, patient_birth_date
        Who gave the patient's id, and the birth date as the header writes it (YYYYMMDD): without them two patients of
        two places may look like one.
    study_time, accession_number
        As the header writes them.
    states
        Grayscale presentation states that were found beside it; none is applied unless the reader asks (MG-D13).
    """

    id: str
    path: str
    kind: SourceKind
    rows: int
    columns: int
    grayscale: Grayscale
    root: int = 0
    relative_path: str = ""
    sop_class_uid: str = ""
    transfer_syntax_uid: str = ""
    modality: str = ""
    intent: PresentationIntent | None = None
    laterality: Laterality | None = None
    view: ViewPosition | None = None
    modifiers: tuple[ViewModifier, ...] = ()
    inferred: tuple[Inferred, ...] = ()
    frames: int = 1
    is_tomosynthesis: bool = False
    volume: Volume | None = None
    is_generated_2d: bool = False
    spacing_mm: tuple[float, float] | None = None
    spacing_source: str = ""
    patient_orientation: tuple[str, str] | None = None
    patient_id: str = ""
    patient_name: str = ""
    study_uid: str = ""
    series_uid: str = ""
    study_date: str = ""
    manufacturer: str = ""
    has_implant: bool = False
    is_partial: bool = False
    is_lossy: bool = False
    is_burned_in: bool = False
    is_synthetic: bool = False
    partial_meanings: tuple[str, ...] = ()
    lossy_ratio: str = ""
    technique: tuple[Fact, ...] = ()
    conformance: Conformance | None = None
    warnings: tuple[str, ...] = ()
    study_description: str = ""
    source_ids: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    energy: Energy | None = None
    is_biopsy: bool = False
    biopsy_targets: tuple[str, ...] = ()
    states: tuple[PresentationState, ...] = ()
    magnification: float | None = None
    patient_id_issuer: str = ""
    patient_birth_date: str = ""
    study_time: str = ""
    accession_number: str = ""

    @property
    def is_magnified(self) -> bool:
        """Whether it was taken to show a part larger (MG-C04): it says so, or lay far from the detector."""
        return ViewModifier.MAGNIFICATION in self.modifiers or (self.magnification or 1.0) >= MAGNIFIED_FROM

    def frame_alone(self, position: int) -> Mammogram:
        """The image as if it held the frame at that position of its volume and no other."""
        assert self.volume is not None
        volume = self.volume
        gray = volume.gray_at(position)
        only = Volume(volume.kind, (volume.stored[position],), grays=(gray,), thickness_mm=volume.thickness_mm)
        return replace(self, frames=1, grayscale=gray, volume=only)

    @property
    def is_projection(self) -> bool:
        """Whether it holds the projections behind a volume, which hang on request only (MG-I06)."""
        return self.volume is not None and self.volume.kind is SliceKind.PROJECTION

    @property
    def label(self) -> str:
        """Side, view and modifiers as readers write them: ``RMLO``, ``LMCC`` (magnified), ``RCCID``."""
        side = self.laterality.value if self.laterality else "?"
        replacing = {ViewModifier.CLEAVAGE, ViewModifier.AXILLARY_TAIL, ViewModifier.TANGENTIAL}
        prefixes = {ViewModifier.MAGNIFICATION, ViewModifier.SPOT}
        view = next((m.value for m in self.modifiers if m in replacing), self.view.value if self.view else "?")
        prefix = "".join(m.value for m in self.modifiers if m in prefixes)
        suffix = "".join(m.value for m in self.modifiers if m not in prefixes | replacing)
        return f"{side}{prefix}{view}{suffix}"


@dataclass(frozen=True)
class Study:
    """The images of one examination of one patient."""

    uid: str
    patient_id: str
    patient_name: str
    date: str
    images: tuple[Mammogram, ...]


@dataclass(frozen=True)
class ScanResult:
    """What was found under the paths that a user gave: studies, newest first, and what could not be used."""

    studies: tuple[Study, ...]
    problems: tuple[Problem, ...] = ()
