"""What table and headers of a project's cases say: counts, contradictions, what the model does not take. No pixels."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mammoview.core.study import SourceKind
from mammoview.training.tuning.audit_messages import Count, Expected, Remark, RemarkKind, Severity, Tally
from mammoview.training.tuning.expected import expected_auc, expected_dice
from mammoview.training.tuning.messages import TuneTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mammoview.core.study import Mammogram
    from mammoview.models.registry import PackageInfo
    from mammoview.training.cases.case import Case

_LABELS: Final = {True: "malignant", False: "benign", None: "unknown"}
_UNKNOWN: Final = "not stated"
#: Below these, what the interval says is little; see `Expected`.
WIDE: Final = 0.2
#: A side with fewer patients of a class cannot be trained on at all.
LEAST_OF_CLASS: Final = 2


def tallies(cases: Sequence[Case], images: Sequence[Mammogram]) -> tuple[Tally, ...]:
    """Counts of every attribute.

    Parameters
    ----------
    cases
        All cases.
    images
        Headers, of the first cases at least; what needs one counts these alone.
    """
    by_table: dict[str, Callable[[Case], str]] = {
        "label": lambda case: _LABELS[case.is_malignant],
        "view": lambda case: case.view.value,
        "laterality": lambda case: case.laterality.value,
        "density": lambda case: case.density or _UNKNOWN,
        "marks": lambda case: "outlined" if case.mask else "boxed" if case.lesions else "none",
    }
    found = [_tally(name, ((case, read(case)) for case in cases)) for name, read in by_table.items()]
    if images:
        known = list(zip(cases, images, strict=False))
        found.append(_tally("vendor", ((case, _vendor(image)) for case, image in known)))
        found.append(_tally("year", ((case, _year(case, image)) for case, image in known)))
    return tuple(found)


def _tally(attribute: str, values: Iterable[tuple[Case, str]]) -> Tally:
    groups: dict[str, list[Case]] = defaultdict(list)
    for case, value in values:
        groups[value].append(case)
    counts = (
        Count(
            value,
            len(members),
            len({case.patient for case in members}),
            sum(case.is_malignant is True for case in members),
        )
        for value, members in groups.items()
    )
    return Tally(attribute, tuple(sorted(counts, key=lambda count: (-count.images, count.value))))


def _vendor(image: Mammogram) -> str:
    if image.kind is SourceKind.RASTER:
        return "picture, no header"
    return image.manufacturer.strip() or _UNKNOWN


def _year(case: Case, image: Mammogram) -> str:
    if case.study_date is not None:
        return str(case.study_date.year)
    return image.study_date[:4] or _UNKNOWN


def label_remarks(cases: Sequence[Case]) -> tuple[Remark, ...]:
    """Labels that contradict each other within an image, or between the views of a breast on one day."""
    remarks = []
    marked = [
        place
        for place, case in enumerate(cases)
        if case.is_malignant is False and any(lesion.is_malignant for lesion in case.lesions)
    ]
    if marked:
        remarks.append(
            _remark(
                cases, RemarkKind.LABELS, Severity.WARNING, "Called benign, with a lesion called malignant: {}.", marked
            )
        )
    breasts: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for place, case in enumerate(cases):
        breasts[case.breast, case.study_date].append(place)
    torn = [
        place
        for places in breasts.values()
        if {cases[place].is_malignant for place in places} >= {True, False}
        for place in places
    ]
    if torn:
        text = "Of breasts whose views have different labels, right where labels are of images and not of breasts: {}."
        remarks.append(_remark(cases, RemarkKind.LABELS, Severity.NOTE, text, torn))
    return tuple(remarks)


def header_remarks(
    cases: Sequence[Case], images: Sequence[Mammogram], parent: PackageInfo | None
) -> tuple[Remark, ...]:
    """What headers say against cases.

    Parameters
    ----------
    cases, images
        Both in the same order; headers may be fewer.
    parent
        The model to start from; None where none is chosen.
    """
    remarks = [*_contract_remarks(cases, images, parent)]
    burned = [place for place, image in enumerate(images) if image.is_burned_in]
    if burned:
        text = "The header says that text is burned into the pixels; look whether it names the patient: {}."
        remarks.append(_remark(cases, RemarkKind.BURNED_IN, Severity.WARNING, text, burned))
    against = [
        place
        for place, (case, image) in enumerate(zip(cases, images, strict=False))
        if image.laterality is not None and image.laterality is not case.laterality
    ]
    if against:
        text = "The header or the name says another side than the table, which is believed: {}."
        remarks.append(_remark(cases, RemarkKind.LATERALITY, Severity.WARNING, text, against))
    remarks.extend(_person_remarks(cases, images))
    return tuple(remarks)


def _contract_remarks(
    cases: Sequence[Case], images: Sequence[Mammogram], parent: PackageInfo | None
) -> Iterable[Remark]:
    if parent is None:
        return
    reasons: dict[str, list[int]] = defaultdict(list)
    contract = parent.manifest.input
    for place, (case, image) in enumerate(zip(cases, images, strict=False)):
        # The table is believed where it knows the view, and the header does not.
        reason = contract.reason_against(replace(image, view=case.view))
        if reason:
            reasons[reason].append(place)
    for reason, places in sorted(reasons.items()):
        text = f"{reason} {parent.key} does not take {{}}."
        yield _remark(cases, RemarkKind.CONTRACT, Severity.WARNING, text, places)


def _person_remarks(cases: Sequence[Case], images: Sequence[Mammogram]) -> Iterable[Remark]:
    for names in shared_ids(cases, images).values():
        places = [place for place, case in enumerate(cases) if case.patient in names]
        text = (
            f"{len(names)} patients of the table ({', '.join(sorted(names)[:4])}) have one patient ID in their files."
        )
        yield _remark(cases, RemarkKind.SAME_PERSON, Severity.WARNING, text, places)


def shared_ids(cases: Sequence[Case], images: Sequence[Mammogram]) -> Mapping[str, frozenset[str]]:
    """The patients of the table whose files have the same patient ID, by that ID."""
    names: dict[str, set[str]] = defaultdict(set)
    for case, image in zip(cases, images, strict=False):
        if image.kind is SourceKind.DICOM and image.patient_id:
            names[image.patient_id].add(case.patient)
    return {identity: frozenset(found) for identity, found in names.items() if len(found) > 1}


def expected(
    cases: Sequence[Case], task: TuneTask | None, parent: PackageInfo | None, test_share: float
) -> tuple[Expected, ...]:
    """How wide intervals will be with so many patients in the test set.

    Parameters
    ----------
    cases
        All of them.
    task
        What is adapted; None for a classifier.
    parent
        Whose evaluation says what to assume.
    test_share
        Of the patients.
    """
    evaluation = parent.evaluation() if parent is not None else None
    if task is TuneTask.SEGMENT:
        outlined = {case.patient for case in cases if case.mask or any(lesion.contour for lesion in case.lesions)}
        return (expected_dice(round(len(outlined) * test_share), evaluation),)
    malignant = {case.patient for case in cases if case.is_malignant or any(one.is_malignant for one in case.lesions)}
    benign = {case.patient for case in cases if case.is_malignant is False} - malignant
    return (expected_auc(round(len(malignant) * test_share), round(len(benign) * test_share), evaluation),)


def enough_remarks(cases: Sequence[Case], task: TuneTask | None, told: Sequence[Expected]) -> tuple[Remark, ...]:
    """Whether there is enough to learn from and to judge by, in numbers."""
    remarks = []
    usable = len(cases)
    if task in {TuneTask.IMAGE, TuneTask.CALIBRATE}:
        usable = sum(case.is_malignant is not None for case in cases)
    elif task is TuneTask.PATCH:
        usable = sum(any(case.class_of(lesion) is not None for lesion in case.lesions) for case in cases)
    elif task is TuneTask.SEGMENT:
        usable = sum(case.mask is not None or any(lesion.contour for lesion in case.lesions) for case in cases)
    if task is not None and usable < len(cases):
        severity = Severity.STOP if not usable else Severity.NOTE
        text = f"{len(cases) - usable} of {len(cases)} images lack {task.needs}: the task cannot use them."
        remarks.append(Remark(RemarkKind.TOO_FEW, severity, text))
    for one in told:
        is_short = one.positives < LEAST_OF_CLASS or (one.measure == "AUC" and one.negatives < LEAST_OF_CLASS)
        if is_short:
            remarks.append(Remark(RemarkKind.TOO_FEW, Severity.STOP, one.sentence))
        elif one.width is None or one.width > WIDE:
            remarks.append(Remark(RemarkKind.TOO_FEW, Severity.WARNING, one.sentence))
    return tuple(remarks)


def _remark(cases: Sequence[Case], kind: RemarkKind, severity: Severity, text: str, places: Sequence[int]) -> Remark:
    what = "1 image" if len(places) == 1 else f"{len(places)} images"
    patients = tuple(sorted({cases[place].patient for place in places}))
    return Remark(kind, severity, text.format(what), tuple(places), patients)
