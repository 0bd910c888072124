"""What a DICOM header means. The only place that decides: coded values first, free text never.

The order of MG-A07: View Code Sequence, then View Position and Laterality, then Frame Anatomy. What no coded tag gave
is recorded as inferred. SeriesDescription is never evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mammoview.core.errors import NoPixelsError, NotABreastError, UnsupportedError
from mammoview.core.study import (
    Inferred,
    Laterality,
    Mammogram,
    PresentationIntent,
    SourceKind,
    ViewModifier,
    ViewPosition,
)
from mammoview.core.volume import SliceKind, Volume
from mammoview.dicom.codes import BREAST_REGIONS, MODIFIERS, VIEW_WORDS, VIEWS
from mammoview.dicom.gray import grayscale
from mammoview.dicom.kinds import refuse_what_is_no_image
from mammoview.dicom.other_tomosynthesis import refuse_other_tomosynthesis
from mammoview.dicom.profile import conformance
from mammoview.dicom.spacing import spacing
from mammoview.dicom.special import biopsy_targets, energy, is_biopsy, parts
from mammoview.dicom.technique import facts, lossy_ratio, partial_view_meanings, unknown_character_sets
from mammoview.dicom.values import code, items, number, text
from mammoview.dicom.volume import (
    BREAST_TOMOSYNTHESIS,
    MULTI_FRAME,
    PROJECTIONS_FOR_PRESENTATION,
    PROJECTIONS_FOR_PROCESSING,
    describe_volume,
    flattened,
    is_generated_2d,
    is_multi_frame,
    letters_of,
)

if TYPE_CHECKING:
    from pydicom import Dataset

MG_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.2"
MG_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"
_INTENT_OF_CLASS = {
    MG_FOR_PRESENTATION: PresentationIntent.FOR_PRESENTATION,
    MG_FOR_PROCESSING: PresentationIntent.FOR_PROCESSING,
    BREAST_TOMOSYNTHESIS: PresentationIntent.FOR_PRESENTATION,
    PROJECTIONS_FOR_PRESENTATION: PresentationIntent.FOR_PRESENTATION,
    PROJECTIONS_FOR_PROCESSING: PresentationIntent.FOR_PROCESSING,
}
SYNTHETIC_MANUFACTURER = "MammoView Phantom"
#: Modalities whose images may show a breast; the others are refused whatever their tags say.
PROJECTION_MODALITIES = frozenset({"MG", "CR", "DX", "OT", "SC", "RG"})
_ENLARGING = {ViewModifier.SPOT, ViewModifier.MAGNIFICATION}


def describe(dataset: Dataset, path: str, root: int = 0, relative_path: str = "") -> Mammogram:
    """Read a header.

    Parameters
    ----------
    dataset
        The object without its pixels.
    path
        Absolute path of the file.
    root, relative_path
        Index of the argument that led to the file, and the path relative to it.

    Returns
    -------
    Mammogram

    Raises
    ------
    InputError
        When the object has no pixels, is colour, is not of a breast, or is of a kind not shown yet; the error's
        message names the file.
    """
    refuse_what_is_no_image(dataset, path)
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    if rows <= 0 or columns <= 0:
        raise NoPixelsError(
            f"{path} is a DICOM object without an image.",
            "Only images are shown; pass it over.",
        )
    _refuse_other_kinds(dataset, path)
    inferred: list[Inferred] = []
    volume: Volume | None = None
    intent = _intent(dataset)
    is_raw = intent is PresentationIntent.FOR_PROCESSING
    if is_multi_frame(dataset):
        whole, dataset = dataset, flattened(dataset)
        volume, gray, warnings = describe_volume(whole, dataset, is_raw=is_raw)
    else:
        gray, warnings = grayscale(dataset, is_raw=is_raw)
    view, modifiers = _view(dataset, inferred)
    laterality = _laterality(dataset, inferred)
    size = spacing(dataset)
    if size.warning:
        warnings.append(size.warning)
    if size.mm is None:
        warnings.append("The header gives no pixel spacing: sizes are in pixels.")
    is_partial = text(dataset, "PartialView") == "YES"
    if is_partial and _ENLARGING & set(modifiers):
        # MG-G02, a rule of tomosynthesis that holds for the projection as well.
        warnings.append("The header calls a spot or magnification view partial, which contradicts itself.")
    warnings.extend(_doubts(dataset))
    return Mammogram(
        id=text(dataset, "SOPInstanceUID"),
        path=path,
        kind=SourceKind.DICOM,
        rows=rows,
        columns=columns,
        grayscale=gray,
        root=root,
        relative_path=relative_path,
        sop_class_uid=text(dataset, "SOPClassUID"),
        transfer_syntax_uid=_transfer_syntax(dataset),
        modality=text(dataset, "Modality"),
        intent=intent,
        laterality=laterality,
        view=view,
        modifiers=modifiers,
        inferred=tuple(inferred),
        frames=volume.frames if volume else 1,
        is_tomosynthesis=volume is not None and volume.kind is not SliceKind.GENERATED_2D,
        volume=volume,
        is_generated_2d=is_generated_2d(dataset),
        spacing_mm=size.mm,
        spacing_source=size.source,
        magnification=size.magnification,
        patient_orientation=_orientation(dataset),
        patient_id=text(dataset, "PatientID"),
        patient_name=text(dataset, "PatientName"),
        study_uid=text(dataset, "StudyInstanceUID"),
        series_uid=text(dataset, "SeriesInstanceUID"),
        study_date=text(dataset, "StudyDate"),
        manufacturer=text(dataset, "Manufacturer"),
        has_implant=text(dataset, "BreastImplantPresent") == "YES",
        is_partial=is_partial,
        is_lossy=text(dataset, "LossyImageCompression") == "01",
        is_burned_in=text(dataset, "BurnedInAnnotation").upper() == "YES",
        is_synthetic=text(dataset, "Manufacturer") == SYNTHETIC_MANUFACTURER,
        partial_meanings=partial_view_meanings(dataset),
        lossy_ratio=lossy_ratio(dataset),
        technique=facts(dataset),
        # Tomosynthesis has a profile of its own.
        conformance=None if volume else conformance(dataset),
        warnings=tuple(warnings),
        study_description=text(dataset, "StudyDescription"),
        source_ids=tuple(
            uid for item in items(dataset, "SourceImageSequence") if (uid := text(item, "ReferencedSOPInstanceUID"))
        ),
        parts=parts(dataset),
        energy=energy(dataset),
        is_biopsy=is_biopsy(dataset),
        biopsy_targets=biopsy_targets(dataset),
        patient_id_issuer=text(dataset, "IssuerOfPatientID"),
        patient_birth_date=text(dataset, "PatientBirthDate"),
        study_time=text(dataset, "StudyTime"),
        accession_number=text(dataset, "AccessionNumber"),
    )


def _doubts(dataset: Dataset) -> list[str]:
    """What the header itself says against trusting the image (MG-A01, A09, F11)."""
    doubts = []
    if text(dataset, "BurnedInAnnotation").upper() == "YES":
        doubts.append("The pixels carry burned-in text.")
    if text(dataset, "LossyImageCompression") == "01":
        doubts.append("The pixels were compressed with loss: not for primary reading.")
    unknown = unknown_character_sets(dataset)
    if unknown:
        doubts.append(f"The character set {', '.join(unknown)} is unknown: names may be misspelt.")
    stated = text(dataset, "PresentationIntentType").upper()
    by_class = _INTENT_OF_CLASS.get(text(dataset, "SOPClassUID"))
    if stated and by_class is not None and stated != by_class.value:
        doubts.append(f"Presentation Intent Type says {stated}, the kind of object says {by_class.value}.")
    return doubts


def _refuse_other_kinds(dataset: Dataset, path: str) -> None:
    frames = int(number(dataset, "NumberOfFrames") or 1)
    refuse_other_tomosynthesis(dataset, path)
    if not _is_breast(dataset):
        modality = text(dataset, "Modality") or "unknown"
        raise NotABreastError(
            f"{path} does not say that it shows a breast (modality {modality}).",
            "Open mammograms: MG objects, or CR, DX and SC whose body part or anatomic region is the breast.",
        )
    samples = int(number(dataset, "SamplesPerPixel") or 1)
    photometric = text(dataset, "PhotometricInterpretation")
    if samples != 1 or photometric not in {"MONOCHROME1", "MONOCHROME2", ""}:
        raise UnsupportedError(
            f"{path} is a colour image ({photometric}).", "Mammograms are gray: open the original instead of a capture."
        )
    if frames > 1 and not is_multi_frame(dataset):
        raise UnsupportedError(
            f"{path} holds {frames} frames, which are not shown yet.", "Open the study's single-frame images."
        )


def _is_breast(dataset: Dataset) -> bool:
    modality = text(dataset, "Modality")
    if modality == "MG" or text(dataset, "SOPClassUID") in {MG_FOR_PRESENTATION, MG_FOR_PROCESSING, *MULTI_FRAME}:
        return True
    if modality not in PROJECTION_MODALITIES:
        return False
    regions = {code(item) for item in items(dataset, "AnatomicRegionSequence")}
    views = {code(item) for item in items(dataset, "ViewCodeSequence")}
    return (
        text(dataset, "BodyPartExamined").upper() == "BREAST"
        or bool(regions & BREAST_REGIONS)
        or bool(views & (VIEWS.keys() - {"127457009", "G-8310"}))
    )


def _view(dataset: Dataset, inferred: list[Inferred]) -> tuple[ViewPosition | None, tuple[ViewModifier, ...]]:
    for item in items(dataset, "ViewCodeSequence"):
        view = VIEWS.get(code(item))
        if view is not None:
            codes = [code(modifier) for modifier in items(item, "ViewModifierCodeSequence")]
            return view, tuple(MODIFIERS[value] for value in codes if value in MODIFIERS)
    view = VIEW_WORDS.get(text(dataset, "ViewPosition").upper())
    if view is not None:
        inferred.append(Inferred("view", view.value, "View Position (0018,5101)"))
    return view, ()


def _laterality(dataset: Dataset, inferred: list[Inferred]) -> Laterality | None:
    value = text(dataset, "ImageLaterality").upper()
    if value in ("L", "R"):
        return Laterality(value)
    value = text(dataset, "Laterality").upper()
    if value in ("L", "R"):
        inferred.append(Inferred("laterality", value, "Laterality (0020,0060)"))
        return Laterality(value)
    # A flattened multi-frame header has it at the top, where its class wants it (MG-A06).
    value = text(dataset, "FrameLaterality").upper()
    if value in ("L", "R"):
        return Laterality(value)
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in items(dataset, keyword)[:1]:
            for anatomy in items(group, "FrameAnatomySequence"):
                value = text(anatomy, "FrameLaterality").upper()
                if value in ("L", "R"):
                    inferred.append(Inferred("laterality", value, "Frame Laterality (0020,9072)"))
                    return Laterality(value)
    return None


def _intent(dataset: Dataset) -> PresentationIntent | None:
    value = text(dataset, "PresentationIntentType").upper()
    if value in {intent.value for intent in PresentationIntent}:
        return PresentationIntent(value)
    return _INTENT_OF_CLASS.get(text(dataset, "SOPClassUID"))


def _orientation(dataset: Dataset) -> tuple[str, str] | None:
    value = dataset.get("PatientOrientation")
    if not value and is_multi_frame(dataset):
        return letters_of(dataset)
    if not value or isinstance(value, str) or len(value) != 2:
        return None
    row, col = (str(part).strip().upper() for part in value)
    return (row, col) if row and col else None


def _transfer_syntax(dataset: Dataset) -> str:
    meta = getattr(dataset, "file_meta", None)
    return str(meta.get("TransferSyntaxUID", "")) if meta is not None else ""
