"""Write Digital Mammography X-Ray Image objects (PS3.3 A.26 and A.27) that `dciodvfy` finds no error in.

What the IHE Mammography Image profile obliges a modality to send is filled in as well, so that a reader of these files
meets what real files carry.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mammoview import __version__
from mammoview.core.errors import OutputError
from mammoview.dicom.create_header import (
    EXPLICIT_LITTLE_ENDIAN,
    SYNTHETIC_COMMENT,
    NewMammogram,
    SourceReference,
    Technique,
    make_uid,
)
from mammoview.dicom.create_parts import (
    detector,
    equipment,
    exposure,
    patient_and_study,
    pixel_description,
    sop_class,
    view_and_orientation,
    voi,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import Dataset

__all__ = [
    "SYNTHETIC_COMMENT",
    "NewMammogram",
    "SourceReference",
    "Technique",
    "make_uid",
    "save",
    "write_mammogram",
]

_JPEG_LOSSLESS = {"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"}


def write_mammogram(path: Path, pixels: NDArray[np.uint16], header: NewMammogram) -> None:
    """Write an image; the same arguments give the same bytes.

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
        When a value does not fit into the bits.
    """
    if int(pixels.max()) >= 2**header.bits_stored:
        raise ValueError(f"pixel values need more than {header.bits_stored} bits")
    dataset = _dataset(header, pixels.shape[0], pixels.shape[1])
    dataset.add_new("PixelData", "OW", pixels.astype("<u2").tobytes())
    for keyword in header.omitted:
        del dataset[keyword]
    save(path, dataset, sop_class_uid=sop_class(header), transfer_syntax=header.transfer_syntax)


def save(path: Path, dataset: Dataset, *, sop_class_uid: str, transfer_syntax: str = EXPLICIT_LITTLE_ENDIAN) -> None:
    """Write an object with its file meta information.

    Parameters
    ----------
    path
        Overwritten where it exists.
    dataset
        With native little-endian pixels where it has any; it is changed.
    sop_class_uid
        Goes into the file meta information, also where the object itself leaves it out.
    transfer_syntax
        The pixels are compressed where it asks for it.

    Raises
    ------
    OutputError
        When the disk refuses it.
    """
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class_uid)
    meta.MediaStorageSOPInstanceUID = UID(dataset.get("SOPInstanceUID") or make_uid(str(path.name)))
    meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE_ENDIAN)
    meta.ImplementationClassUID = UID(make_uid("implementation"))
    meta.ImplementationVersionName = f"MAMMOVIEW_{__version__}"[:16]
    dataset.file_meta = meta
    if transfer_syntax in _JPEG_LOSSLESS:
        _compress_by_gdcm(dataset, transfer_syntax)
    elif UID(transfer_syntax).is_encapsulated:
        dataset.compress(transfer_syntax, generate_instance_uid=False)
    try:
        dataset.save_as(path, enforce_file_format=True)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}.", "Free some space or choose another folder."
        ) from error


def _compress_by_gdcm(dataset: Dataset, transfer_syntax: str) -> None:
    """JPEG Lossless, for which pydicom knows no encoder; gdcm's bindings hand over files, not bytes."""
    import gdcm
    from pydicom import dcmread
    from pydicom.uid import UID

    with tempfile.TemporaryDirectory() as folder:
        native, packed = str(Path(folder, "native")), str(Path(folder, "packed"))
        dataset.save_as(native, enforce_file_format=True)
        reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
        reader.SetFileName(native)
        is_read = reader.Read()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(transfer_syntax)))
        change.SetInput(reader.GetImage())
        is_changed = change.Change()
        writer.SetFileName(packed)
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        if not (is_read and is_changed and writer.Write()):
            raise ValueError(f"no encoder for {transfer_syntax}")
        dataset.PixelData = dcmread(packed).PixelData
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = UID(transfer_syntax)


def _dataset(header: NewMammogram, rows: int, columns: int) -> Dataset:
    from pydicom import Dataset

    dataset = Dataset()
    for part in (
        patient_and_study(header),
        equipment(header),
        view_and_orientation(header),
        pixel_description(header, rows, columns),
        voi(header),
        exposure(header),
        detector(header, rows, columns),
    ):
        for keyword, value in part.items():
            setattr(dataset, keyword, value)
    return dataset
