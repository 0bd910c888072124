"""The acquisition behind a new volume: contributing sources and exposure (PS3.3 C.8.21.3, MG-I07)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mammoview import __version__
from mammoview.core.study import Laterality, ViewPosition
from mammoview.dicom.create_header import make_uid
from mammoview.dicom.create_parts import item
from mammoview.dicom.volume import PROJECTIONS_FOR_PROCESSING

if TYPE_CHECKING:
    from mammoview.dicom.create_volume import NewVolume


def sources(header: NewVolume, rows: int, columns: int) -> dict[str, object]:
    """The projections that the slices were computed from (Breast Tomosynthesis Contributing Sources)."""
    image = header.image
    source = item(
        AcquisitionDateTime=f"{image.study_date}{image.study_time}",
        Manufacturer=image.manufacturer,
        ManufacturerModelName=image.model,
        StationName="PHANTOM",
        DeviceSerialNumber="1",
        SoftwareVersions=__version__,
        DetectorType="DIRECT",
        DetectorID="PHANTOM-1",
        DateOfLastDetectorCalibration=image.study_date,
        TimeOfLastDetectorCalibration="060000",
        DetectorElementSpacing=[f"{side:g}" for side in image.spacing_mm],
        Rows=rows,
        Columns=columns,
        BitsStored=image.bits_stored,
        LossyImageCompression="00",
        ContributingSOPInstancesReferenceSequence=[
            item(
                StudyInstanceUID=image.study_uid,
                ReferencedSeriesSequence=[
                    item(
                        SeriesInstanceUID=make_uid(image.series_uid, "projections"),
                        SeriesNumber=3,
                        ReferencedInstanceSequence=[
                            item(
                                ReferencedSOPClassUID=PROJECTIONS_FOR_PROCESSING,
                                ReferencedSOPInstanceUID=make_uid(image.sop_uid, "projections"),
                                InstanceNumber=image.instance_number,
                            )
                        ],
                    )
                ],
            )
        ],
    )
    return {"ContributingSourcesSequence": [source]}


def acquisition(header: NewVolume) -> dict[str, object]:
    """How the projections were exposed (Breast Tomosynthesis Acquisition)."""
    used, image = header.image.technique, header.image
    count = header.projections
    angles = np.linspace(-header.sweep_degrees / 2, header.sweep_degrees / 2, count)
    middle = _tilt(image.view) * (1 if image.laterality is Laterality.RIGHT else -1)
    projections = [
        item(
            PositionerPrimaryAngle=f"{middle + angle:.3g}",
            PositionerSecondaryAngle="0",
            ExposureTimeInms=float(round(used.exposure_time_ms / count, 2)),
            XRayTubeCurrentInmA=float(round(used.exposure_mas * 1000 / used.exposure_time_ms, 2)),
            ExposureInmAs=float(round(used.exposure_mas / count, 3)),
            RelativeXRayExposure=max(1, round(used.relative_exposure / count)),
        )
        for angle in angles
    ]
    made = item(
        FieldOfViewShape="RECTANGLE",
        FieldOfViewOrigin=["0", "0"],
        FieldOfViewRotation="0",
        FieldOfViewHorizontalFlip="NO",
        XRayReceptorType="DIGITAL_DETECTOR",
        KVP=f"{used.kvp:g}",
        XRayTubeCurrentInmA=float(round(used.exposure_mas * 1000 / used.exposure_time_ms, 2)),
        ExposureTimeInms=float(used.exposure_time_ms),
        ExposureInmAs=float(used.exposure_mas),
        StartAcquisitionDateTime=f"{image.study_date}{image.study_time}",
        EndAcquisitionDateTime=f"{image.study_date}{image.study_time}",
        Grid="NONE",
        PrimaryPositionerScanArc=float(header.sweep_degrees),
        PrimaryPositionerScanStartAngle=float(middle + angles[0]),
        PrimaryPositionerIncrement=float(header.sweep_degrees / max(1, count - 1)),
        DistanceSourceToDetector="650",
        DistanceSourceToPatient="650",
        EstimatedRadiographicMagnificationFactor="1",
        AnodeTargetMaterial="TUNGSTEN",
        BodyPartThickness=f"{used.thickness_mm:g}",
        ExposureControlMode="AUTOMATIC",
        ExposureControlModeDescription="Synthetic",
        HalfValueLayer="0.53",
        OrganDose=f"{used.organ_dose_dgy:g}",
        EntranceDoseInmGy=f"{used.entrance_dose_mgy:g}",
        FocalSpots="0.3",
        DetectorBinning=["1", "1"],
        DetectorTemperature="25",
        FilterType="FLAT",
        FilterMaterial="ALUMINUM",
        CompressionForce=f"{used.force_n:g}",
        PaddleDescription="Synthetic",
        PerProjectionAcquisitionSequence=projections,
    )
    return {"XRay3DAcquisitionSequence": [made]}


def _tilt(view: ViewPosition) -> int:
    return {ViewPosition.MLO: 45, ViewPosition.ML: 90, ViewPosition.LM: -90}.get(view, 0)
