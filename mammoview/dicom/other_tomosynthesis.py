"""Tomosynthesis in a dress that is not shown: told apart, so that a reader learns why (MG-I09)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mammoview.core.errors import OtherTomosynthesisError
from mammoview.dicom.codes import BREAST_REGIONS
from mammoview.dicom.volume import is_multi_frame

if TYPE_CHECKING:
    from pydicom import Dataset

_CT = frozenset({"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"})
_SECONDARY_CAPTURE = frozenset(
    {"1.2.840.10008.5.1.4.1.1.7", *(f"1.2.840.10008.5.1.4.1.1.7.{kind}" for kind in range(1, 5))}
)
#: Where Hologic's Secondary Capture objects keep a whole volume.
_HOLOGIC_GROUP = 0x7E01
_HINT = "Have the modality or the archive send Breast Tomosynthesis Image objects."


def refuse_other_tomosynthesis(dataset: Dataset, path: str) -> None:
    """Refuse a tomosynthesis volume that is not a Breast Tomosynthesis Image object.

    Raises
    ------
    OtherTomosynthesisError
        When the object holds one in Hologic's private form, slices one by one as CT images, or frames in a class that
        is meant for single images. The message says which.
    """
    sop_class = _text(dataset, "SOPClassUID")
    if sop_class in _SECONDARY_CAPTURE and _has_hologic_block(dataset):
        raise OtherTomosynthesisError(
            f"{path} hides a tomosynthesis volume in Hologic's private form (Secondary Capture), which is not shown.",
            _HINT,
        )
    if sop_class in _CT and _is_of_breast(dataset):
        raise OtherTomosynthesisError(f"{path} is a tomosynthesis slice sent as a CT image, which is not shown.", _HINT)
    frames = int(_text(dataset, "NumberOfFrames") or 1)
    if frames > 1 and _text(dataset, "Modality") == "MG" and not is_multi_frame(dataset):
        raise OtherTomosynthesisError(
            f"{path} holds {frames} frames in a class meant for single images, which is not shown.", _HINT
        )


def _text(dataset: Dataset, keyword: str) -> str:
    return str(dataset.get(keyword) or "").strip()


def _has_hologic_block(dataset: Dataset) -> bool:
    return any(
        element.tag.group == _HOLOGIC_GROUP and "HOLOGIC" in str(element.value).upper()
        for element in dataset.group_dataset(_HOLOGIC_GROUP)
        if 0x10 <= element.tag.element <= 0xFF
    )


def _is_of_breast(dataset: Dataset) -> bool:
    regions = {_text(item, "CodeValue") for item in dataset.get("AnatomicRegionSequence") or ()}
    return (
        _text(dataset, "BodyPartExamined").upper() == "BREAST"
        or bool(regions & BREAST_REGIONS)
        or _text(dataset, "Modality") == "MG"
        or bool(dataset.get("ViewCodeSequence"))
    )
