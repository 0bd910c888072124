"""Write Breast Tomosynthesis Image objects (PS3.3 A.55) that `dciodvfy` finds no error in, plain or compressed.

What the IHE Digital Breast Tomosynthesis profile obliges a modality to send is filled in as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mammoview import __version__
from mammoview.core.errors import OutputError
from mammoview.core.study import Laterality, ViewPosition, VoiLut, VoiWindow
from mammoview.core.volume import SliceKind
from mammoview.dicom.create_header import NewMammogram, make_uid
from mammoview.dicom.create_parts import VIEW_CODES, code, item
from mammoview.dicom.create_volume_source import acquisition, sources
from mammoview.dicom.volume import BREAST_TOMOSYNTHESIS

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset


class VolumeSyntax(StrEnum):
    """How the frames of a new volume are stored; the value is the transfer syntax."""

    NATIVE = "1.2.840.10008.1.2.1"
    JPEG_LS = "1.2.840.10008.1.2.4.80"
    JPEG_2000 = "1.2.840.10008.1.2.4.90"


@dataclass(frozen=True)
class NewVolume:
    """What the header of a new volume says.

    Attributes
    ----------
    image
        As for a two-dimensional image: who, when, which view, spacing in the slice, windows of all frames, padding.
    heights_mm
        Of each stored frame above the breast support, in the order in which the frames are stored.
    thickness_mm
        Of a slice.
    frame_windows
        The windows of each stored frame, where they differ; empty where ``image.windows`` hold for all.
    frame_luts
        Likewise lookup tables; a frame with a table has no window.
    kind
        Thin slices, slabs, or a generated 2D image (one frame).
    sweep_degrees
        The arc of the tube, in degrees; ``projections`` exposures were made along it.
    """

    image: NewMammogram
    heights_mm: tuple[float, ...]
    thickness_mm: float = 1.0
    frame_windows: tuple[tuple[VoiWindow, ...], ...] = ()
    frame_luts: tuple[VoiLut, ...] = ()
    kind: SliceKind = SliceKind.THIN
    sweep_degrees: float = 15.0
    projections: int = 15


def write_volume(
    path: Path,
    frames: Iterable[NDArray[np.uint16]],
    header: NewVolume,
    *,
    syntax: VolumeSyntax = VolumeSyntax.NATIVE,
    has_offset_table: bool = True,
) -> None:
    """Write a volume; the same arguments give the same bytes.

    Parameters
    ----------
    path
        Overwritten where it exists.
    frames
        Stored values in stored order, each of shape (rows, columns), uint16; taken one at a time.
    header
        What else the file says.
    syntax
        Native, JPEG-LS lossless or JPEG 2000 lossless.
    has_offset_table
        Whether a compressed file says where its frames begin (Basic Offset Table).

    Raises
    ------
    OutputError
        When the disk refuses it.
    ValueError
        When there are more or fewer frames than heights, or a value does not fit into the bits.
    """
    from pydicom.encaps import encapsulate
    from pydicom.uid import UID

    dataset: Dataset | None = None
    parts: list[bytes] = []
    for number, pixels in enumerate(frames):
        if dataset is None:
            dataset = _dataset(header, *pixels.shape)
            dataset.file_meta = _meta(header, syntax)
        if int(pixels.max()) >= 2**header.image.bits_stored:
            raise ValueError(f"values of frame {number} need more than {header.image.bits_stored} bits")
        parts.append(_encode(pixels, dataset, syntax))
    if dataset is None or len(parts) != len(header.heights_mm):
        raise ValueError(f"{len(header.heights_mm)} heights for {len(parts)} frames")
    if syntax is VolumeSyntax.NATIVE:
        dataset.add_new("PixelData", "OW", b"".join(parts))
    else:
        dataset.add_new("PixelData", "OB", encapsulate(parts, has_bot=has_offset_table))
        dataset["PixelData"].is_undefined_length = True
    del parts
    assert UID(syntax).is_encapsulated == (syntax is not VolumeSyntax.NATIVE)
    try:
        dataset.save_as(path, enforce_file_format=True)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}.", "Free some space or choose another folder."
        ) from error


def _encode(pixels: NDArray[np.uint16], dataset: Dataset, syntax: VolumeSyntax) -> bytes:
    from pydicom.pixels.encoders.base import get_encoder
    from pydicom.uid import UID

    if syntax is VolumeSyntax.NATIVE:
        return pixels.astype("<u2").tobytes()
    return get_encoder(UID(syntax)).encode(
        np.ascontiguousarray(pixels),
        rows=pixels.shape[0],
        columns=pixels.shape[1],
        samples_per_pixel=1,
        number_of_frames=1,
        bits_allocated=16,
        bits_stored=int(dataset.BitsStored),
        pixel_representation=0,
        photometric_interpretation="MONOCHROME2",
    )


def _meta(header: NewVolume, syntax: VolumeSyntax) -> FileMetaDataset:
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(BREAST_TOMOSYNTHESIS)
    meta.MediaStorageSOPInstanceUID = UID(header.image.sop_uid)
    meta.TransferSyntaxUID = UID(syntax)
    meta.ImplementationClassUID = UID(make_uid("implementation"))
    meta.ImplementationVersionName = f"MAMMOVIEW_{__version__}"[:16]
    return meta


def _dataset(header: NewVolume, rows: int, columns: int) -> Dataset:
    from pydicom import Dataset

    dataset = Dataset()
    for part in (
        _who_and_when(header.image),
        _image(header, rows, columns),
        sources(header, rows, columns),
        acquisition(header),
        _groups(header),
    ):
        for keyword, value in part.items():
            setattr(dataset, keyword, value)
    return dataset


def _who_and_when(image: NewMammogram) -> dict[str, object]:
    date, time = image.study_date, image.study_time
    return {
        "SpecificCharacterSet": "ISO_IR 100",
        "SOPClassUID": BREAST_TOMOSYNTHESIS,
        "SOPInstanceUID": image.sop_uid,
        "StudyInstanceUID": image.study_uid,
        "SeriesInstanceUID": image.series_uid,
        "FrameOfReferenceUID": make_uid(image.sop_uid, "frame of reference"),
        "PositionReferenceIndicator": "",
        "PatientName": image.patient_name,
        "PatientID": image.patient_id,
        "PatientBirthDate": image.birth_date,
        "PatientSex": "F",
        "PatientAge": f"{image.age_years:03d}Y",
        "StudyDate": date,
        "SeriesDate": date,
        "ContentDate": date,
        "StudyTime": time,
        "SeriesTime": time,
        "ContentTime": time,
        "StudyID": image.accession or "1",
        "AccessionNumber": image.accession,
        "StudyDescription": image.study_description,
        "ReferringPhysicianName": "",
        "OperatorsName": "SYNTHETIC^OPERATOR",
        "Modality": "MG",
        "SeriesNumber": 2,
        "InstanceNumber": image.instance_number,
        "AcquisitionContextSequence": [],
        "Manufacturer": image.manufacturer,
        "ManufacturerModelName": image.model,
        "InstitutionName": "No institution",
        "InstitutionAddress": "Made by a program",
        "StationName": "PHANTOM",
        "DeviceSerialNumber": "1",
        "SoftwareVersions": __version__,
        "ImageComments": image.comment,
    }


def _image_type(kind: SliceKind) -> list[str]:
    last = {SliceKind.SLAB: "MEAN", SliceKind.GENERATED_2D: "GENERATED_2D"}
    return ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", last.get(kind, "NONE")]


def _image(header: NewVolume, rows: int, columns: int) -> dict[str, object]:
    image = header.image
    value, meaning = VIEW_CODES[image.view]
    view = code(value, "SCT", meaning)
    view.ViewModifierCodeSequence = []
    values: dict[str, object] = {
        "ImageType": _image_type(header.kind),
        "PixelPresentation": "MONOCHROME",
        "VolumetricProperties": "VOLUME" if header.kind is SliceKind.THIN else "SAMPLED",
        "VolumeBasedCalculationTechnique": "TOMOSYNTHESIS",
        "ContentQualification": "RESEARCH",
        "ViewCodeSequence": [view],
        "BreastImplantPresent": "NO",
        "PartialView": "NO",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "NumberOfFrames": len(header.heights_mm),
        "Rows": rows,
        "Columns": columns,
        "BitsAllocated": 16,
        "BitsStored": image.bits_stored,
        "HighBit": image.bits_stored - 1,
        "PixelRepresentation": 0,
        "BurnedInAnnotation": "NO",
        "LossyImageCompression": "00",
        "PresentationLUTShape": "IDENTITY",
    }
    if image.padding is not None:
        values["PixelPaddingValue"] = image.padding
    return values


def _axes(image: NewMammogram) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Directions of rows and columns in the patient (x to the left, y backwards, z to the head)."""
    way = 1.0 if image.laterality is Laterality.RIGHT else -1.0
    row = (0.0, way, 0.0)
    if image.view.is_craniocaudal:
        return row, (way, 0.0, 0.0)
    if image.view is ViewPosition.MLO:
        half = round(sqrt(0.5), 6)
        return row, (way * half, 0.0, -half)
    return row, (0.0, 0.0, -1.0)


def _towards_tube(row: Sequence[float], column: Sequence[float]) -> NDArray[np.float64]:
    """Unit normal of the slices, from the breast support to the tube: against the way rows and columns turn."""
    return -np.cross(row, column)


def _groups(header: NewVolume) -> dict[str, object]:
    image = header.image
    row, column = _axes(image)
    normal = _towards_tube(row, column)
    has_own_gray = bool(header.frame_windows or header.frame_luts)
    shared = item(
        PixelMeasuresSequence=[
            item(
                SliceThickness=f"{header.thickness_mm:g}",
                PixelSpacing=[f"{side:g}" for side in image.spacing_mm],
            )
        ],
        PlaneOrientationSequence=[item(ImageOrientationPatient=[f"{part:g}" for part in (*row, *column)])],
        FrameAnatomySequence=[
            item(
                FrameLaterality=image.laterality.value,
                AnatomicRegionSequence=[code("76752008", "SCT", "Breast")],
            )
        ],
        PixelValueTransformationSequence=[item(RescaleIntercept="0", RescaleSlope="1", RescaleType="US")],
    )
    if not has_own_gray:
        shared.FrameVOILUTSequence = [_voi(image.windows)]
    frames = []
    for number, height in enumerate(header.heights_mm):
        frame = item(
            FrameContentSequence=[item(FrameAcquisitionNumber=1)],
            PlanePositionSequence=[item(ImagePositionPatient=[f"{part:.6g}" for part in normal * height])],
            XRay3DFrameTypeSequence=[
                item(
                    FrameType=_image_type(header.kind),
                    PixelPresentation="MONOCHROME",
                    VolumetricProperties="VOLUME" if header.kind is SliceKind.THIN else "SAMPLED",
                    VolumeBasedCalculationTechnique="TOMOSYNTHESIS",
                )
            ],
        )
        if has_own_gray:
            windows = header.frame_windows[number] if header.frame_windows else ()
            frame.FrameVOILUTSequence = [_voi(windows, header.frame_luts[number] if header.frame_luts else None)]
        frames.append(frame)
    return {"SharedFunctionalGroupsSequence": [shared], "PerFrameFunctionalGroupsSequence": frames}


def _voi(windows: Sequence[VoiWindow], lut: VoiLut | None = None) -> Dataset:
    values: dict[str, object] = {}
    if windows:
        values |= {
            "WindowCenter": [f"{choice.center:g}" for choice in windows],
            "WindowWidth": [f"{choice.width:g}" for choice in windows],
            "WindowCenterWidthExplanation": [choice.explanation for choice in windows],
            "VOILUTFunction": windows[0].function.value,
        }
    if lut is not None:
        entries = len(lut.data) // 2
        table = item(LUTExplanation=lut.explanation or "TABLE")
        table.add_new("LUTDescriptor", "US", [entries % 65536, lut.first, lut.bits])
        table.add_new("LUTData", "OW", lut.data)
        values["VOILUTSequence"] = [table]
    return item(**values)
