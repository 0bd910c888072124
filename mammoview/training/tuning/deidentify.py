"""Copies of DICOM images without what tells whose they are. The pixels are copied bit for bit.

The rule is stricter than the basic profile of PS3.15 annex E: what is on the list `KEPT` stays, because the program
reads it; identifiers get the profile's action for them; every other attribute, all private ones, overlays and comments
among them, is removed. Text that is burned into the pixels stays: no tag tells of it for sure, and the audit warns.
"""

from __future__ import annotations

import datetime
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydicom import config, dcmread
from pydicom.errors import InvalidDicomError

from mammoview.core.errors import OutputError, TruncatedError, UnreadableError
from mammoview.core.small_files import reason_of
from mammoview.training.tuning.messages import DateRule
from mammoview.training.tuning.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.tag import BaseTag

config.settings.reading_validation_mode = config.IGNORE

PROFILE: Final = "MammoView training copy: PS3.15 basic profile for identifiers, all else removed but imaging data"

#: What stays, by group of purpose: kind of object, pixels, gray, geometry, view, exposure, codes, functional groups.
KEPT: Final = frozenset(
    """
    SpecificCharacterSet SOPClassUID ImageType Modality PresentationIntentType Manufacturer ManufacturerModelName
    SamplesPerPixel PhotometricInterpretation Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation
    NumberOfFrames PlanarConfiguration PixelData FloatPixelData DoubleFloatPixelData ExtendedOffsetTable
    ExtendedOffsetTableLengths LossyImageCompression LossyImageCompressionRatio LossyImageCompressionMethod
    BurnedInAnnotation RecognizableVisualFeatures QualityControlImage
    PixelPaddingValue PixelPaddingRangeLimit PixelIntensityRelationship PixelIntensityRelationshipSign WindowCenter
    WindowWidth WindowCenterWidthExplanation VOILUTFunction VOILUTSequence ModalityLUTSequence LUTDescriptor LUTData
    LUTExplanation ModalityLUTType RescaleIntercept RescaleSlope RescaleType PresentationLUTShape
    SmallestImagePixelValue LargestImagePixelValue
    PixelSpacing ImagerPixelSpacing NominalScannedPixelSpacing PixelSpacingCalibrationType PixelAspectRatio
    SpacingBetweenSlices SliceThickness ImagePositionPatient ImageOrientationPatient PatientOrientation
    EstimatedRadiographicMagnificationFactor DistanceSourceToDetector DistanceSourceToPatient
    DistanceSourceToEntrance FieldOfViewOrigin FieldOfViewRotation FieldOfViewHorizontalFlip FieldOfViewShape
    FieldOfViewDimensions DetectorElementSpacing DetectorActiveShape DetectorActiveDimensions
    BodyPartExamined Laterality ImageLaterality FrameLaterality ViewPosition ViewCodeSequence ViewModifierCodeSequence
    AnatomicRegionSequence FrameAnatomySequence PartialView PartialViewCodeSequence BreastImplantPresent OrganExposed
    KVP Exposure ExposureInuAs ExposureInmAs ExposureTime ExposureTimeInms ExposureTimeInuS XRayTubeCurrent
    AnodeTargetMaterial FilterMaterial FilterType BodyPartThickness CompressionForce Grid GridID RelativeXRayExposure
    OrganDose EntranceDose EntranceDoseInmGy PositionerType PositionerPrimaryAngle PositionerSecondaryAngle
    DetectorType DetectorConfiguration ExposureControlMode VolumetricProperties VolumeBasedCalculationTechnique
    CodeValue LongCodeValue CodingSchemeDesignator CodingSchemeVersion CodeMeaning
    SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence FrameContentSequence FrameType
    PixelMeasuresSequence PlanePositionSequence PlaneOrientationSequence FrameVOILUTSequence
    PixelValueTransformationSequence StackID InStackPositionNumber DimensionIndexValues XRay3DFrameTypeSequence
    InstanceNumber SeriesNumber SourceImageSequence ReferencedSOPClassUID SpatialLocationsPreserved
    """.split()  # noqa: SIM905 - read and compared as a text
)
#: A new UID, the same one wherever the old one stood (the profile's U).
_RENAMED: Final = frozenset(
    {"SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "ReferencedSOPInstanceUID"}
)
#: The pseudonym (D), and nothing (Z): the standard wants these attributes there.
_PSEUDONYM: Final = ("PatientName", "PatientID")
_EMPTIED: Final = (
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyID",
    "StudyTime",
)
_DATE: Final = "StudyDate"
#: What reading damaged bytes raises.
_DAMAGES: Final = (EOFError, ValueError, KeyError, AttributeError, TypeError, NotImplementedError, IndexError)


@dataclass(frozen=True)
class Change:
    """What happened to one attribute.

    Attributes
    ----------
    tag
        ``(0010,0010)``.
    name
        Its keyword; private ones have none.
    action
        ``removed``, ``emptied``, ``new name``, ``new UID``, ``date moved`` or ``date kept``.
    """

    tag: str
    name: str
    action: str


@dataclass(frozen=True)
class Copied:
    """A copy, its changes (also within sequences), and the study's date in it."""

    changes: frozenset[Change]
    study_date: datetime.date | None


def copy_dicom(source: Path, target: Path, patient: str, names: Pseudonyms, dates: DateRule) -> Copied:
    """Copy one image without what identifies its patient.

    Parameters
    ----------
    source
        The image, left as it is.
    target
        The copy; its folder exists. It is there whole or not at all.
    patient
        The patient, as the table of cases names her.
    names
        Gives the new names.
    dates
        What becomes of the study's date; every other date and time is removed.

    Raises
    ------
    UnreadableError, TruncatedError
        When the image cannot be read.
    OutputError
        When the copy cannot be written.
    """
    with warnings.catch_warnings():
        # Odd values are kept or removed as they are; what matters was judged when the header was read.
        warnings.simplefilter("ignore")
        try:
            dataset = dcmread(source)
            work = _Work(patient, names, dates)
            work.strip(dataset)
            work.sign(dataset)
        except OSError as error:
            raise UnreadableError(f"{source} cannot be read ({error.strerror}).", "Check its permissions.") from error
        except (InvalidDicomError, *_DAMAGES) as error:
            raise TruncatedError(f"{source} has a damaged DICOM header.", "Copy or export the file again.") from error
        draft = target.with_name(f".{target.name}.tmp")
        try:
            dataset.save_as(draft, enforce_file_format=True)
            draft.replace(target)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise OutputError(f"{target} cannot be written ({reason_of(error)}).", "Make room on the disk.") from error
        except _DAMAGES as error:
            draft.unlink(missing_ok=True)
            raise TruncatedError(f"{source} cannot be written again.", "Export the file again.") from error
    return Copied(frozenset(work.changes), work.date)


class _Work:
    """Strips one file, and remembers what it did."""

    def __init__(self, patient: str, names: Pseudonyms, dates: DateRule) -> None:
        self._patient, self._names, self._dates = patient, names, dates
        self.changes: set[Change] = set()
        self.date: datetime.date | None = None

    def strip(self, dataset: Dataset) -> None:
        """Keep, rename, empty or remove every attribute, in sequences too."""
        for tag in list(dataset.keys()):
            element = dataset.get_item(tag)
            name = _keyword(tag)
            if name in _RENAMED:
                old = str(dataset[tag].value or "").strip()
                dataset[tag].value = self._names.uid(old) if old else ""
                self._note(tag, name, "new UID")
            elif name in _PSEUDONYM:
                dataset[tag].value = self._names.patient(self._patient)
                self._note(tag, name, "new name")
            elif name == _DATE:
                self._move(dataset)
            elif name in _EMPTIED:
                if element.value:
                    self._note(tag, name, "emptied")
                dataset[tag].value = ""
            elif name not in KEPT:
                self._note(tag, name, "removed")
                del dataset[tag]
            elif dataset[tag].VR == "SQ":
                for item in dataset[tag].value or ():
                    self.strip(item)

    def sign(self, dataset: Dataset) -> None:
        """Say in the file what was done, and drop what its envelope says of the sender."""
        for name in _PSEUDONYM:
            setattr(dataset, name, self._names.patient(self._patient))
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = PROFILE.partition(":")[0]
        words = {DateRule.KEEP: "UNMODIFIED", DateRule.SHIFT: "MODIFIED", DateRule.REMOVE: "REMOVED"}
        dataset.LongitudinalTemporalInformationModified = words[self._dates]
        meta = dataset.file_meta
        for element in list(meta):
            if element.tag.element not in {0x0, 0x1, 0x2, 0x3, 0x10, 0x12, 0x13}:
                del meta[element.tag]
        meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.preamble = b"\0" * 128

    def _move(self, dataset: Dataset) -> None:
        day = _day(str(dataset.StudyDate or ""))
        if day is not None and self._dates is DateRule.SHIFT:
            day -= datetime.timedelta(days=self._names.days(self._patient))
        if day is None or self._dates is DateRule.REMOVE:
            dataset.StudyDate, day = "", None
        else:
            dataset.StudyDate = day.strftime("%Y%m%d")
        self.date = day
        action = {DateRule.KEEP: "date kept", DateRule.SHIFT: "date moved", DateRule.REMOVE: "emptied"}
        self._note(dataset["StudyDate"].tag, _DATE, action[self._dates])

    def _note(self, tag: BaseTag, name: str, action: str) -> None:
        self.changes.add(Change(f"({tag.group:04X},{tag.element:04X})", name, action))


def shifted(day: datetime.date | None, patient: str, names: Pseudonyms, dates: DateRule) -> datetime.date | None:
    """A date that a table states, treated as those in the images are."""
    if day is None or dates is DateRule.REMOVE:
        return None
    return day - datetime.timedelta(days=names.days(patient)) if dates is DateRule.SHIFT else day


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.datetime.strptime(text.strip()[:8], "%Y%m%d").date()
    except ValueError:
        return None


def _keyword(tag: BaseTag) -> str:
    from pydicom.datadict import keyword_for_tag

    return "" if tag.is_private else keyword_for_tag(tag)
