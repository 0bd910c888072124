"""Small DICOM objects made on the spot."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

# For ``volumes``, which the tests of this folder share.
sys.path.insert(0, str(Path(__file__).parent))

MG = "1.2.840.10008.5.1.4.1.1.1.2"
Make = Callable[..., Path]


def coded(value: str, scheme: str = "SCT", **more: Any) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, "meaning"
    for keyword, content in more.items():
        setattr(item, keyword, content)
    return item


@pytest.fixture
def make_mg(tmp_path: Path) -> Make:
    """Write an MG object; keyword arguments replace attributes, None removes one."""

    def make(name: str = "image.dcm", pixels: np.ndarray | None = None, **attributes: Any) -> Path:
        if pixels is None:
            pixels = np.arange(48, dtype=np.uint16).reshape(6, 8)
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = MG
        dataset.SOPInstanceUID = generate_uid()
        dataset.StudyInstanceUID = "1.2.3"
        dataset.SeriesInstanceUID = "1.2.3.4"
        dataset.PatientID = "patient"
        dataset.PatientName = "Test^Patient"
        dataset.StudyDate = "20260102"
        dataset.Modality = "MG"
        dataset.PresentationIntentType = "FOR PRESENTATION"
        dataset.ImageLaterality = "L"
        dataset.ViewCodeSequence = [coded("399162004", ViewModifierCodeSequence=[])]
        dataset.PatientOrientation = ["A", "R"]
        dataset.ImagerPixelSpacing = [0.07, 0.07]
        dataset.Rows, dataset.Columns = pixels.shape
        dataset.SamplesPerPixel = 1
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.BitsAllocated = 8 * pixels.dtype.itemsize
        dataset.BitsStored = min(12, dataset.BitsAllocated)
        dataset.HighBit = dataset.BitsStored - 1
        dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
        dataset.PixelData = pixels.tobytes()
        dataset["PixelData"].VR = "OW"
        for keyword, value in attributes.items():
            if value is None:
                del dataset[keyword]
            else:
                setattr(dataset, keyword, value)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, enforce_file_format=True)
        return path

    return make
