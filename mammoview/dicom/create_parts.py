"""The modules of a new mammogram, as attributes by keyword (PS3.3 A.26 and A.27)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mammoview import __version__
from mammoview.core.study import Laterality, PresentationIntent, ViewModifier, ViewPosition, VoiLut
from mammoview.dicom.create_header import NewMammogram, SourceReference, make_uid
from mammoview.dicom.tags import MG_FOR_PRESENTATION, MG_FOR_PROCESSING

if TYPE_CHECKING:
    from pydicom import Dataset

#: (SNOMED CT code, meaning) of CID 4014. The exaggerated view without a direction left the standard; its code did not.
VIEW_CODES = {
    ViewPosition.CC: ("399162004", "cranio-caudal"),
    ViewPosition.MLO: ("399368009", "medio-lateral oblique"),
    ViewPosition.ML: ("399260004", "medio-lateral"),
    ViewPosition.LM: ("399352003", "latero-medial"),
    ViewPosition.LMO: ("399099002", "latero-medial oblique"),
    ViewPosition.FB: ("399196006", "caudo-cranial"),
    ViewPosition.SIO: ("399188001", "superolateral to inferomedial oblique"),
    ViewPosition.ISO: ("441555000", "inferomedial to superolateral oblique"),
    ViewPosition.XCC: ("399265009", "exaggerated cranio-caudal"),
    ViewPosition.XCCL: ("399192008", "cranio-caudal exaggerated laterally"),
    ViewPosition.XCCM: ("399101009", "cranio-caudal exaggerated medially"),
    ViewPosition.SPECIMEN: ("127457009", "tissue specimen from breast"),
}
#: (SNOMED CT code, meaning) of CID 4015.
MODIFIER_CODES = {
    ViewModifier.CLEAVAGE: ("399161006", "Cleavage"),
    ViewModifier.AXILLARY_TAIL: ("399011000", "Axillary Tail"),
    ViewModifier.TANGENTIAL: ("399110001", "tangential"),
    ViewModifier.ROLLED_LATERAL: ("399197002", "Rolled Lateral"),
    ViewModifier.ROLLED_MEDIAL: ("399226006", "Rolled Medial"),
    ViewModifier.ROLLED_INFERIOR: ("414493004", "Rolled Inferior"),
    ViewModifier.ROLLED_SUPERIOR: ("415670009", "Rolled Superior"),
    ViewModifier.IMPLANT_DISPLACED: ("399209000", "Implant Displaced"),
    ViewModifier.NIPPLE_IN_PROFILE: ("442581004", "Nipple in profile"),
    ViewModifier.ANTERIOR_COMPRESSION: ("441752004", "Anterior compression"),
    ViewModifier.INFRAMAMMARY_FOLD: ("442593008", "Infra-mammary fold"),
    ViewModifier.AXILLARY_TISSUE: ("442580003", "Axillary tissue"),
    ViewModifier.MAGNIFICATION: ("399163009", "Magnification"),
    ViewModifier.SPOT: ("399055006", "Spot Compression"),
}
#: (SNOMED CT code, meaning) of CID 4005.
PART_CODES = {
    "anterior": ("255549009", "Anterior"),
    "posterior": ("255551008", "Posterior"),
    "superior": ("264217000", "Superior"),
    "inferior": ("261089000", "Inferior"),
    "medial": ("255561001", "Medial"),
    "lateral": ("49370004", "Lateral"),
    "central": ("26216008", "Central"),
}
_TILTS = {
    ViewPosition.MLO: 45,
    ViewPosition.ML: 90,
    ViewPosition.LM: -90,
    ViewPosition.LMO: -135,
    ViewPosition.FB: 180,
    ViewPosition.SIO: -45,
    ViewPosition.ISO: 135,
}
_SOURCE_TO_DETECTOR_MM = 650.0


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """A coded item."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def item(**values: object) -> Dataset:
    """An item of a sequence with these attributes."""
    from pydicom import Dataset

    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def sop_class(header: NewMammogram) -> str:
    """SOP Class UID that goes with the intent."""
    return MG_FOR_PROCESSING if header.intent is PresentationIntent.FOR_PROCESSING else MG_FOR_PRESENTATION


def patient_and_study(header: NewMammogram) -> dict[str, object]:
    """Patient, study, series and acquisition context."""
    date, time = header.study_date, header.study_time
    acquired = header.acquisition_time or time
    return {
        "SpecificCharacterSet": "ISO_IR 100",
        "SOPClassUID": sop_class(header),
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
        "AcquisitionTime": acquired,
        "ContentTime": acquired,
        "StudyID": header.accession or "1",
        "AccessionNumber": header.accession,
        "StudyDescription": header.study_description,
        "ReferringPhysicianName": "",
        "OperatorsName": "SYNTHETIC^OPERATOR",
        "Modality": "MG",
        "PresentationIntentType": header.intent.value,
        "SeriesNumber": header.series_number,
        "InstanceNumber": header.instance_number,
        "AcquisitionContextSequence": [],
    }


def equipment(header: NewMammogram) -> dict[str, object]:
    """Maker and place."""
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


def shown_orientation(view: ViewPosition, laterality: Laterality) -> tuple[str, str]:
    """Directions of rows and columns of a view as MG-B02 and MG-B03 want it shown."""
    is_right = laterality is Laterality.RIGHT
    across, down = ("P", "L") if is_right else ("A", "R")
    if not view.is_craniocaudal:
        down = "F" if view in {ViewPosition.ML, ViewPosition.LM} else f"F{down}"
    return across, down


def view_and_orientation(header: NewMammogram) -> dict[str, object]:
    """View, side, which way rows and columns run, and what of the breast is shown."""
    value, meaning = VIEW_CODES[header.view]
    view = code(value, "SCT", meaning)
    modifiers = [MODIFIER_CODES[modifier] for modifier in header.modifiers]
    view.ViewModifierCodeSequence = [code(value, "SCT", meaning) for value, meaning in modifiers]
    tilt = _TILTS.get(header.view, 0)
    ways = header.orientation or shown_orientation(header.view, header.laterality)
    values: dict[str, object] = {
        "ViewCodeSequence": [view],
        "ViewPosition": "" if header.view is ViewPosition.SPECIMEN else header.view.value,
        "ImageLaterality": header.laterality.value,
        "PatientOrientation": list(ways),
        "AnatomicRegionSequence": [code("76752008", "SCT", "Breast")],
        "BodyPartExamined": "BREAST",
        "OrganExposed": "BREAST",
        "PositionerType": "MAMMOGRAPHIC",
        "PositionerPrimaryAngle": tilt if header.laterality is Laterality.RIGHT else -tilt,
        "BreastImplantPresent": "YES" if header.has_implant else "NO",
        "PartialView": "YES" if header.partial else "NO",
    }
    if header.partial:
        values["PartialViewCodeSequence"] = [code(v, "SCT", m) for v, m in (PART_CODES[p] for p in header.partial)]
    if header.contrast_agent:
        values["ContrastBolusAgent"] = header.contrast_agent
    if header.biopsy_target_mm is not None:
        target = item(TargetUID=make_uid(header.sop_uid, "target"), TargetLabel="1")
        target.LocalizingCursorPosition = list(header.biopsy_target_mm[:2])
        target.CalculatedTargetPosition = list(header.biopsy_target_mm)
        target.DisplayedZValue = header.biopsy_target_mm[2]
        values["BiopsyTargetSequence"] = [target]
    return values


def pixel_description(header: NewMammogram, rows: int, columns: int) -> dict[str, object]:
    """Matrix, polarity and what the pixel values mean."""
    is_raw = header.intent is PresentationIntent.FOR_PROCESSING
    is_inverse = header.is_monochrome1 if header.is_inverse is None else header.is_inverse
    values: dict[str, object] = {
        "ImageType": list(header.image_type),
        "Rows": rows,
        "Columns": columns,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME1" if header.is_monochrome1 else "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": header.bits_stored,
        "HighBit": header.bits_stored - 1,
        "PixelRepresentation": 0,
        "PixelIntensityRelationship": "LIN" if is_raw else "LOG",
        "PixelIntensityRelationshipSign": 1 if is_raw else -1,
        "RescaleSlope": "1",
        "RescaleIntercept": "0",
        "RescaleType": "US",
        "PresentationLUTShape": "INVERSE" if is_inverse else "IDENTITY",
        "BurnedInAnnotation": "NO",
        "LossyImageCompression": "00",
        "QualityControlImage": "NO",
    }
    sources = header.sources
    if sources is None:
        sources = () if is_raw else (SourceReference(make_uid(header.sop_uid, "for processing")),)
    if sources:
        values["SourceImageSequence"] = [_source(source) for source in sources]
    if header.padding is not None:
        values["PixelPaddingValue"] = header.padding
    if header.padding_limit is not None:
        values["PixelPaddingRangeLimit"] = header.padding_limit
    return values


def _source(source: SourceReference) -> Dataset:
    made = item(
        ReferencedSOPClassUID=source.sop_class_uid,
        ReferencedSOPInstanceUID=source.sop_uid,
        PurposeOfReferenceCodeSequence=[code("121322", "DCM", "Source image for image processing operation")],
    )
    if source.locations_preserved:
        made.SpatialLocationsPreserved = source.locations_preserved
    return made


def voi(header: NewMammogram) -> dict[str, object]:
    """Windows and lookup tables."""
    values: dict[str, object] = {}
    if header.windows:
        values |= {
            "WindowCenter": [f"{choice.center:g}" for choice in header.windows],
            "WindowWidth": [f"{choice.width:g}" for choice in header.windows],
            "WindowCenterWidthExplanation": [choice.explanation for choice in header.windows],
        }
    if header.windows or header.luts:
        values["VOILUTFunction"] = header.windows[0].function.value if header.windows else "LINEAR"
    if header.luts:
        values["VOILUTSequence"] = [_lut(lut, header.lut_vr) for lut in header.luts]
    return values


def _lut(lut: VoiLut, vr: str) -> Dataset:
    from pydicom.dataelem import DataElement

    entries = np.frombuffer(lut.data, "<u2")
    made = item()
    # 65536 entries do not fit into the descriptor's 16 bits and are written as 0.
    made.add(DataElement("LUTDescriptor", "US", [entries.size % 65536, lut.first, lut.bits]))
    made.LUTExplanation = lut.explanation
    packed = entries.astype(np.uint8).tobytes() + b"\0" * (entries.size % 2)
    data = {"OW": lut.data, "packed": packed}.get(vr)
    made.add(DataElement("LUTData", "US" if data is None else "OW", entries.tolist() if data is None else data))
    return made


def exposure(header: NewMammogram) -> dict[str, object]:
    """Technique, dose and distances."""
    used = header.technique
    to_patient = _SOURCE_TO_DETECTOR_MM / header.magnification
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
        "DistanceSourceToDetector": f"{_SOURCE_TO_DETECTOR_MM:g}",
        "DistanceSourceToPatient": f"{to_patient:.6g}",
        "DistanceSourceToEntrance": f"{to_patient - used.thickness_mm:.6g}",
        "EstimatedRadiographicMagnificationFactor": f"{header.magnification:g}",
    }


def detector(header: NewMammogram, rows: int, columns: int) -> dict[str, object]:
    """Detector and field of view."""
    spacing = [f"{side:g}" for side in header.spacing_mm]
    size = [f"{rows * header.spacing_mm[0]:.6g}", f"{columns * header.spacing_mm[1]:.6g}"]
    values: dict[str, object] = {
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
        "FieldOfViewRotation": str(header.fov_rotation),
        "FieldOfViewHorizontalFlip": "YES" if header.is_fov_flipped else "NO",
    }
    if header.pixel_spacing_mm is not None:
        values["PixelSpacing"] = [f"{header.pixel_spacing_mm:g}"] * 2
    return values
