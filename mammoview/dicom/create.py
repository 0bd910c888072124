"""Write Digital Mammography X-Ray Image objects, For Presentation (PS3.3 A.27), that `dciodvfy` finds no error in.

What the IHE Mammography Image profile obliges a modality to send is filled in as well, so that a reader of these files
meets what real files carry.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mammoview import __version__
from mammoview.core.errors import OutputError
from mammoview.core.study import Laterality, ViewPosition, VoiWindow
from mammoview.dicom.items import coded, item
from mammoview.dicom.tags import MG_FOR_PRESENTATION, MG_FOR_PROCESSING, SYNTHETIC_MANUFACTURER

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import Dataset

#: Views that can be written, as (SNOMED CT code, meaning) of CID 4014.
VIEW_CODES = {
    ViewPosition.CC: ("399162004", "cranio-caudal"),
    ViewPosition.MLO: ("399368009", "medio-lateral oblique"),
    ViewPosition.ML: ("399260004", "medio-lateral"),
    ViewPosition.LM: ("399352003", "latero-medial"),
}
_UID_NAMESPACE = uuid.UUID("5b2c7f43-6f0e-5b8a-9a53-6d616d6d6f76")
SYNTHETIC_COMMENT = "Synthetic phantom image, no patient."


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
class NewMammogram:
    """What the header of a new image says.

    Attributes
    ----------
    sop_uid, series_uid, study_uid
        See `make_uid`.
    spacing_mm
        (row, column), at the detector and at the breast alike.
    windows
        In stored values, the default first; each with an explanation.
    padding
        Stored value that means air, or None for a film, which has none.
    study_date, study_time
        ``YYYYMMDD`` and ``HHMMSS``.
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


def make_uid(*parts: str | int) -> str:
    """A UID that the same parts always give: 2.25 and a name-based UUID (PS3.5 B.2)."""
    return f"2.25.{uuid.uuid5(_UID_NAMESPACE, '/'.join(str(part) for part in parts)).int}"


def write_mammogram(path: Path, pixels: NDArray[np.uint16], header: NewMammogram) -> None:
    """Write an image, Explicit VR Little Endian; the same arguments give the same bytes.

    Parameters
    ----------
    path
        Overwritten where it exists.
    pixels
        Stored values, shape (rows, columns), uint16, below 2 to the power of ``header.bits_stored``.
    header
        What else the file says.

    Raises
    ------
    OutputError
        When the disk refuses it.
    ValueError
        When a value does not fit into the bits, or the view has no code here.
    """
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    if int(pixels.max()) >= 2**header.bits_stored:
        raise ValueError(f"pixel values need more than {header.bits_stored} bits")
    dataset = _dataset(header, pixels.shape[0], pixels.shape[1])
    dataset.add_new("PixelData", "OW", pixels.astype("<u2").tobytes())
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(MG_FOR_PRESENTATION)
    meta.MediaStorageSOPInstanceUID = UID(header.sop_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(make_uid("implementation"))
    meta.ImplementationVersionName = f"MAMMOVIEW_{__version__}"[:16]
    dataset.file_meta = meta
    try:
        dataset.save_as(path, enforce_file_format=True)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}.", "Free some space or choose another folder."
        ) from error


def _dataset(header: NewMammogram, rows: int, columns: int) -> Dataset:
    from pydicom import Dataset

    dataset = Dataset()
    for part in (
        _patient_and_study(header),
        _equipment(header),
        _view_and_orientation(header),
        _pixel_description(header, rows, columns),
        _exposure(header),
        _detector(header, rows, columns),
    ):
        for keyword, value in part.items():
            setattr(dataset, keyword, value)
    return dataset


def _patient_and_study(header: NewMammogram) -> dict[str, object]:
    date, time = header.study_date, header.study_time
    return {
        "SpecificCharacterSet": "ISO_IR 100",
        "SOPClassUID": MG_FOR_PRESENTATION,
        "SOPInstanceUID": header.sop_uid,
        "StudyInstanceUID": header.study_uid,
        "SeriesInstanceUID": header.series_uid,
        "PatientName": header.patient_name,
        "PatientID": header.patient_id,
        "PatientBirthDate": header.birth_date,
        "PatientSex": "F",
        "PatientAge": f"{header.age_years:03d}Y",
        "StudyDate": date,
        "SeriesDate": date,
        "AcquisitionDate": date,
        "ContentDate": date,
        "StudyTime": time,
        "SeriesTime": time,
        "AcquisitionTime": time,
        "ContentTime": time,
        "StudyID": header.accession or "1",
        "AccessionNumber": header.accession,
        "StudyDescription": header.study_description,
        "ReferringPhysicianName": "",
        "OperatorsName": "SYNTHETIC^OPERATOR",
        "Modality": "MG",
        "PresentationIntentType": "FOR PRESENTATION",
        "SeriesNumber": 1,
        "InstanceNumber": header.instance_number,
        "AcquisitionContextSequence": [],
    }


def _equipment(header: NewMammogram) -> dict[str, object]:
    return {
        "Manufacturer": header.manufacturer,
        "ManufacturerModelName": header.model,
        "InstitutionName": "No institution",
        "InstitutionAddress": "Made by a program",
        "StationName": "PHANTOM",
        "DeviceSerialNumber": "1",
        "SoftwareVersions": __version__,
        "ImageComments": header.comment,
    }


def _view_and_orientation(header: NewMammogram) -> dict[str, object]:
    """View, side and which way rows and columns run, as MG-B02 and MG-B03 want it shown."""
    if header.view not in VIEW_CODES:
        raise ValueError(f"no code for a {header.view} view")
    value, meaning = VIEW_CODES[header.view]
    view = coded(value, "SCT", meaning)
    view.ViewModifierCodeSequence = []
    is_right = header.laterality is Laterality.RIGHT
    across, down = ("P", "L") if is_right else ("A", "R")
    if not header.view.is_craniocaudal:
        down = f"F{down}" if header.view is ViewPosition.MLO else "F"
    tilt = {ViewPosition.MLO: 45, ViewPosition.ML: 90, ViewPosition.LM: -90}.get(header.view, 0)
    return {
        "ViewCodeSequence": [view],
        "ViewPosition": header.view.value,
        "ImageLaterality": header.laterality.value,
        "PatientOrientation": [across, down],
        "AnatomicRegionSequence": [coded("76752008", "SCT", "Breast")],
        "BodyPartExamined": "BREAST",
        "OrganExposed": "BREAST",
        "PositionerType": "MAMMOGRAPHIC",
        "PositionerPrimaryAngle": tilt if is_right else -tilt,
        "BreastImplantPresent": "NO",
        "PartialView": "NO",
    }


def _pixel_description(header: NewMammogram, rows: int, columns: int) -> dict[str, object]:
    source = coded("121322", "DCM", "Source image for image processing operation")
    source_image = item(
        ReferencedSOPClassUID=MG_FOR_PROCESSING,
        ReferencedSOPInstanceUID=make_uid(header.sop_uid, "for processing"),
        SpatialLocationsPreserved="YES",
        PurposeOfReferenceCodeSequence=[source],
    )
    values: dict[str, object] = {
        "ImageType": ["ORIGINAL", "PRIMARY", ""],
        "Rows": rows,
        "Columns": columns,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": header.bits_stored,
        "HighBit": header.bits_stored - 1,
        "PixelRepresentation": 0,
        "PixelIntensityRelationship": "LOG",
        "PixelIntensityRelationshipSign": -1,
        "RescaleSlope": "1",
        "RescaleIntercept": "0",
        "RescaleType": "US",
        "PresentationLUTShape": "IDENTITY",
        "BurnedInAnnotation": "NO",
        "LossyImageCompression": "00",
        "QualityControlImage": "NO",
        "WindowCenter": [f"{choice.center:g}" for choice in header.windows],
        "WindowWidth": [f"{choice.width:g}" for choice in header.windows],
        "WindowCenterWidthExplanation": [choice.explanation for choice in header.windows],
        "VOILUTFunction": header.windows[0].function.value,
        "SourceImageSequence": [source_image],
    }
    if header.padding is not None:
        values["PixelPaddingValue"] = header.padding
    return values


def _exposure(header: NewMammogram) -> dict[str, object]:
    used = header.technique
    return {
        "KVP": f"{used.kvp:g}",
        "Exposure": round(used.exposure_mas),
        "ExposureInuAs": round(used.exposure_mas * 1000),
        "ExposureTime": used.exposure_time_ms,
        "XRayTubeCurrent": round(used.exposure_mas * 1000 / used.exposure_time_ms),
        "ExposureControlMode": "AUTOMATIC",
        "ExposureStatus": "NORMAL",
        "AnodeTargetMaterial": "TUNGSTEN",
        "FilterMaterial": "RHODIUM",
        "FocalSpots": "0.3",
        "Grid": ["RECIPROCATING", "FOCUSED"],
        "BodyPartThickness": f"{used.thickness_mm:g}",
        "CompressionForce": f"{used.force_n:g}",
        "RelativeXRayExposure": used.relative_exposure,
        "OrganDose": f"{used.organ_dose_dgy:g}",
        "EntranceDose": max(1, round(used.entrance_dose_mgy / 100)),
        "EntranceDoseInmGy": f"{used.entrance_dose_mgy:g}",
        "DistanceSourceToDetector": "650",
        "DistanceSourceToPatient": "650",
        "DistanceSourceToEntrance": f"{650 - used.thickness_mm:g}",
        "EstimatedRadiographicMagnificationFactor": "1",
    }


def _detector(header: NewMammogram, rows: int, columns: int) -> dict[str, object]:
    spacing = [f"{side:g}" for side in header.spacing_mm]
    size = [f"{rows * header.spacing_mm[0]:.6g}", f"{columns * header.spacing_mm[1]:.6g}"]
    return {
        "ImagerPixelSpacing": spacing,
        "DetectorType": "FILM" if header.is_film else "DIRECT",
        "DetectorConfiguration": "AREA",
        "DetectorID": "PHANTOM-1",
        "DateOfLastDetectorCalibration": header.study_date,
        "TimeOfLastDetectorCalibration": "060000",
        "DetectorConditionsNominalFlag": "YES",
        "DetectorBinning": ["1", "1"],
        "DetectorElementPhysicalSize": spacing,
        "DetectorElementSpacing": spacing,
        "DetectorActiveShape": "RECTANGLE",
        "DetectorActiveDimensions": size,
        "FieldOfViewShape": "RECTANGLE",
        "FieldOfViewDimensions": [round(float(side)) for side in size],
        "FieldOfViewOrigin": ["0", "0"],
        "FieldOfViewRotation": "0",
        "FieldOfViewHorizontalFlip": "NO",
    }
