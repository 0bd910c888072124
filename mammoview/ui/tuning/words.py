"""What the pages say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mammoview.session.tuning.project import Page
from mammoview.training.tuning.messages import DateRule, SourceKind, TuneTask
from mammoview.training.tuning.run_messages import AUDIT, PLAN, PUBLISH, READ_CASES, RUN, SPLIT, TAKE, VERDICT

TITLES: Final[Mapping[Page, str]] = {
    Page.TASK: "Task",
    Page.CASES: "Cases",
    Page.AUDIT: "Audit",
    Page.SPLIT: "Split",
    Page.PLAN: "Plan",
    Page.RUN: "Run",
    Page.VERDICT: "Verdict",
    Page.PUBLISH: "Publish",
}
#: Two sentences each.
INTRODUCTIONS: Final[Mapping[Page, str]] = {
    Page.TASK: "Choose what is adapted, and the model to start from. That model stays as it is, and you can go back to "
    "it at any time.",
    Page.CASES: "Say where your cases come from; nothing leaves this computer. Each row that cannot be used is listed "
    "with its reason.",
    Page.AUDIT: "The cases are checked before anything is learned from them: counts, duplicates, sides, labels, text "
    "in the pixels. Look at every remark; what is marked “stop” must be put right before you go on.",
    Page.SPLIT: "Whole patients are drawn into three sets: to learn from, to be watched meanwhile, and to judge in the "
    "end. The set that judges is sealed, so that nobody can draw it again until it pleases.",
    Page.PLAN: "The schedule follows the published papers for this task and number of cases. Two batches are tried to "
    "say what the training will cost on this computer.",
    Page.RUN: "The model learns in the background; reading goes on, and comes first. You can pause or stop at any "
    "time, and go on even after a restart: finished epochs are kept.",
    Page.VERDICT: "The old model and the new one judge the sealed test set, each case by both. The sentence says "
    "whether the change is more than chance.",
    Page.PUBLISH: "The new model becomes a package with its card and numbers, installed beside the old one. Use it "
    "here, go back in one click, or export it for another site.",
}
TASKS: Final[Mapping[TuneTask, str]] = {
    TuneTask.IMAGE: "Whole-image classifier",
    TuneTask.PATCH: "Patch classifier",
    TuneTask.SEGMENT: "Segmenter",
    TuneTask.CALIBRATE: "Calibration only",
}
SOURCES: Final[Mapping[SourceKind, str]] = {
    SourceKind.WORKLIST: "Signed reads of the worklist",
    SourceKind.TABLE: "A table (CSV or Excel) and its images",
    SourceKind.COLLECTION: "A public collection",
}
DATES: Final[Mapping[DateRule, str]] = {
    DateRule.REMOVE: "Dates are removed",
    DateRule.SHIFT: "Dates are shifted, by patient",
    DateRule.KEEP: "Dates are kept",
}
JOBS: Final[Mapping[str, str]] = {
    READ_CASES: "Reading the cases",
    AUDIT: "Auditing the cases",
    SPLIT: "Drawing the split",
    PLAN: "Planning",
    RUN: "Training",
    TAKE: "Taking the result",
    VERDICT: "Judging",
    PUBLISH: "Publishing",
}
#: Fields of the table of cases, as people call them.
FIELDS: Final[Mapping[str, str]] = {
    "path": "Image file",
    "patient": "Patient",
    "laterality": "Side",
    "view": "View",
    "label": "Label",
    "boxes": "Boxes",
    "mask": "Mask file",
    "study_date": "Study date",
    "density": "Density",
    "image_uid": "Image UID",
    "study_uid": "Study UID",
    "accession": "Accession",
    "true_size": "True size",
}


def number(value: float | None, digits: int = 3) -> str:
    """A number, or nothing where it is not known."""
    return "" if value is None else f"{value:.{digits}f}"
