"""How good packages are on somebody's cases: one package, or several alone and together.

Every image goes through what the program does with it: decoded, suppressed, prepared by each package's own rules,
scored as the mean over four flips at the package's own temperature.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.errors import InputError, UsageError
from mammoview.core.findings import PatchClass
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled
from mammoview.models.calibration import mean_probabilities
from mammoview.models.devices import CPU, Device
from mammoview.models.loading import load
from mammoview.models.manifest import Metric, ReliabilityPoint, Task
from mammoview.models.names import LOGITS
from mammoview.models.preprocess import prepare_image, prepare_patch
from mammoview.models.registry import calibration_of
from mammoview.models.runtime import Runner, open_runner
from mammoview.training.cases.case import boxed, labelled, outlined
from mammoview.training.cases.case_pixels import CasePixels, marked, read_case
from mammoview.training.judging import measured
from mammoview.training.judging.comparisons import PairedAuc, ensemble_against_members, two_views_against_one
from mammoview.training.judging.measured import Scored
from mammoview.training.judging.segmentation_assessment import MASK_PROTOCOL, mask_rows, measure_masks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.models.registry import PackageInfo
    from mammoview.training.cases.case import Case

MEAN = "mean of all"

_IMAGE_PROTOCOL = (
    "Whole images with a label, mean over four flips. Breast and patient scores are means over their images; malignant "
    "when any image is. Intervals: 2,000 bootstrap samples of whole patients; for auc_patient DeLong."
)
_PATCH_PROTOCOL = (
    "Marked lesions of known kind and label, cut out around their boxes, mean over four flips; the score is the sum of "
    "the malignant classes. The cases hold no background places. Intervals: 2,000 bootstrap samples of whole patients."
)


@dataclass(frozen=True, eq=False)
class Sample:
    """One thing that was judged: an image, or a lesion of it.

    Attributes
    ----------
    values
        For each package what it gave: the malignant probability, or Dice, IoU and border distance.
    """

    case: Case
    is_positive: bool
    kind: str
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class Assessment:
    """What came of it.

    Attributes
    ----------
    packages
        Those that were judged.
    metrics
        Of each package by its ``id@version``, and of the mean of all where there are several.
    comparisons
        Paired differences.
    reliability
        Of the mean, or of the one package.
    samples, names
        Every sample, and the names of the models in the order of its values.
    protocol
        What was done.
    fingerprint
        SHA-256 over the images' identities with their patients, sides, views, labels and boxes.
    left_out
        Why cases were left out, with how many.
    """

    packages: tuple[PackageInfo, ...]
    metrics: dict[str, tuple[Metric, ...]]
    comparisons: tuple[PairedAuc, ...]
    reliability: tuple[ReliabilityPoint, ...]
    samples: tuple[Sample, ...]
    names: tuple[str, ...]
    protocol: str
    fingerprint: str
    left_out: dict[str, int]

    @property
    def task(self) -> Task:
        """What the packages are for."""
        return self.packages[0].task

    @property
    def patients(self) -> int:
        """How many patients were judged."""
        return len({sample.case.patient for sample in self.samples})

    @property
    def images(self) -> int:
        """How many images were judged."""
        return len({sample.case.path for sample in self.samples})

    def scored(self, model: int) -> Scored:
        """The scores of one model, in the order of ``names``; of classifiers only."""
        return _scored(self.samples, [sample.values[model][0] for sample in self.samples])


def assess(
    packages: Sequence[PackageInfo],
    cases: Sequence[Case],
    *,
    device: Device = CPU,
    threads: int | None = None,
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
) -> Assessment:
    """Judge packages of one task on cases.

    Parameters
    ----------
    packages
        Several are also judged together, by the mean of their probabilities.
    cases
        Those without what the task needs (a label, boxes, a mask) are left out.
    device, threads
        Where to compute.
    progress, cancel
        Told how far it is, asked whether to stop.

    Raises
    ------
    UsageError
        When the packages are for different tasks, or for one that cases cannot judge.
    InputError
        When no case has what the task needs.
    """
    work = _work_for(packages)
    wanted = work.wanted(cases)
    left_out = {f"without {work.needs}": len(cases) - len(wanted)} if len(wanted) < len(cases) else {}
    runners = [open_runner(load(info), device=device, threads=threads) for info in packages]
    samples: list[Sample] = []
    identities: list[str] = []
    for index, case in enumerate(wanted):
        stop_if_cancelled(cancel)
        pixels = read_case(case)
        reason = _refusal(runners, pixels)
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
        else:
            samples += work.rows(runners, pixels)
            identities.append(_identity(pixels))
        progress((index + 1) / len(wanted), f"Judging case {index + 1} of {len(wanted)}")
    if not samples:
        raise InputError(f"No case has {work.needs}.", "Name data that this kind of model can be judged on.")
    return _assessment(packages, work, samples, identities, left_out)


@dataclass(frozen=True)
class _Work:
    """What the tasks do differently."""

    wanted: Callable[[Sequence[Case]], tuple[Case, ...]]
    needs: str
    rows: Callable[[Sequence[Runner], CasePixels], list[Sample]]
    protocol: str


def _work_for(packages: Sequence[PackageInfo]) -> _Work:
    tasks = {info.task for info in packages}
    if len(tasks) != 1:
        raise UsageError("The models are for different tasks.", "Judge models of one task together.")
    works = {
        Task.WHOLE_IMAGE: _Work(labelled, "a label", _image_rows, _IMAGE_PROTOCOL),
        Task.PATCH: _Work(boxed, "a marked lesion of known kind and label", _patch_rows, _PATCH_PROTOCOL),
        Task.SEGMENTATION: _Work(outlined, "an outlined lesion", _mask_rows, MASK_PROTOCOL),
    }
    task = tasks.pop()
    if task not in works:
        raise UsageError(f"Models for {task.value} cannot be judged on single cases.", "Choose another model.")
    return works[task]


def _assessment(
    packages: Sequence[PackageInfo],
    work: _Work,
    samples: Sequence[Sample],
    identities: Sequence[str],
    left_out: dict[str, int],
) -> Assessment:
    names = [info.key for info in packages]
    if len(names) > 1:
        names.append(MEAN)
    found: dict[str, tuple[Metric, ...]] = {}
    comparisons: tuple[PairedAuc, ...] = ()
    reliability: tuple[ReliabilityPoint, ...] = ()
    for index, name in enumerate(names):
        values = np.array([sample.values[index] for sample in samples])
        if work.protocol == MASK_PROTOCOL:
            found[name] = measure_masks(values, np.array([sample.case.patient for sample in samples]))
            continue
        scored = _scored(samples, values[:, 0].tolist())
        infos = tuple(packages) if name == MEAN else (packages[index],)
        found[name] = _classifier_metrics(scored, samples, infos)
        reliability = measured.reliability(scored)
        comparisons = _views(scored, samples) if infos[0].task is Task.WHOLE_IMAGE else ()
    if len(packages) > 1 and work.protocol != MASK_PROTOCOL:
        comparisons = (*_members(samples, packages), *comparisons)
    return Assessment(
        packages=tuple(packages),
        metrics=found,
        comparisons=comparisons,
        reliability=reliability,
        samples=tuple(samples),
        names=tuple(names),
        protocol=work.protocol,
        fingerprint=sha256("\n".join(sorted(identities)).encode()).hexdigest(),
        left_out=left_out,
    )


def _classifier_metrics(
    scored: Scored, samples: Sequence[Sample], infos: tuple[PackageInfo, ...]
) -> tuple[Metric, ...]:
    is_image = infos[0].task is Task.WHOLE_IMAGE
    found = list(measured.area("auc_image" if is_image else "auc_malignant_vs_benign_lesion", scored))
    if is_image:
        breasts = np.array([sample.case.breast for sample in samples])
        found += measured.area("auc_breast", scored.mean_by(breasts))
        found += measured.area_delong("auc_patient", scored.mean_by(scored.patients))
    found += measured.ranking(scored)
    found += measured.decisions(scored, threshold=0.5)
    for point in calibration_of(infos).operating_points:
        found += measured.decisions(scored, threshold=point.threshold, group=f"at {point.name}")
    found += measured.calibration(scored, group="")
    return tuple(found)


def _views(scored: Scored, samples: Sequence[Sample]) -> tuple[PairedAuc, ...]:
    breasts = np.array([sample.case.breast for sample in samples])
    views = np.array([sample.case.view.value for sample in samples])
    return two_views_against_one(scored, breasts=breasts, views=views)


def _members(samples: Sequence[Sample], packages: Sequence[PackageInfo]) -> tuple[PairedAuc, ...]:
    everyone = _scored(samples, [0.0] * len(samples))
    if not everyone.has_both_classes:
        return ()
    members = {
        info.key: np.array([sample.values[index][0] for sample in samples]) for index, info in enumerate(packages)
    }
    return ensemble_against_members(everyone.positive, members, patients=everyone.patients)


def _scored(samples: Sequence[Sample], scores: Sequence[float]) -> Scored:
    groups = {
        "view": np.array([sample.case.view.value for sample in samples]),
        "lesion": np.array([sample.kind for sample in samples]),
    }
    return Scored(
        np.array([sample.is_positive for sample in samples]),
        np.array(scores, dtype=np.float64),
        np.array([sample.case.patient for sample in samples]),
        {name: parts for name, parts in groups.items() if len(np.unique(parts)) > 1},
    )


def _image_rows(runners: Sequence[Runner], pixels: CasePixels) -> list[Sample]:
    scores = []
    for runner in runners:
        spec = runner.package.preprocess.image
        assert spec is not None, "a package for whole images says how they are prepared"
        image, _ = prepare_image(pixels.cleaned, spec, breast=pixels.breast)
        target = runner.package.manifest.labels.index("malignant")
        scores.append(float(_shares(runner, image)[target]))
    kinds = {lesion.kind.value for lesion in pixels.case.lesions if lesion.kind is not None}
    kind = kinds.pop() if len(kinds) == 1 else ""
    return [Sample(pixels.case, bool(pixels.case.is_malignant), kind, _with_mean(scores))]


def _patch_rows(runners: Sequence[Runner], pixels: CasePixels) -> list[Sample]:
    found = []
    for lesion, box in marked(pixels):
        label = pixels.case.class_of(lesion)
        if label is None or lesion.kind is None:
            continue
        scores = []
        for runner in runners:
            spec = runner.package.preprocess.patch
            assert spec is not None, "a package for patches says how they are prepared"
            image, _ = prepare_patch(pixels.cleaned, box, spec, spacing_mm=pixels.spacing_mm)
            shares = dict(zip(runner.package.manifest.labels, _shares(runner, image), strict=True))
            scores.append(float(sum(shares[kind.value] for kind in _MALIGNANT)))
        found.append(Sample(pixels.case, label in _MALIGNANT, lesion.kind.value, _with_mean(scores)))
    return found


def _mask_rows(runners: Sequence[Runner], pixels: CasePixels) -> list[Sample]:
    return [Sample(pixels.case, True, "", values) for values in mask_rows(runners, pixels)]


_MALIGNANT = (PatchClass.MALIGNANT_CALCIFICATION, PatchClass.MALIGNANT_MASS)


def _shares(runner: Runner, image: NDArray[np.float32]) -> NDArray[np.float64]:
    """Class probabilities of one input, as the program gives them."""
    flips = np.stack([image, image[..., ::-1], image[..., ::-1, :], image[..., ::-1, ::-1]])
    logits = runner.run(flips)[LOGITS]
    return np.asarray(mean_probabilities(logits[:, None], temperature=runner.package.calibration.temperature)[0])


def _with_mean(scores: Sequence[float]) -> tuple[tuple[float, ...], ...]:
    told = tuple((score,) for score in scores)
    return (*told, (float(np.mean(scores)),)) if len(told) > 1 else told


def _refusal(runners: Sequence[Runner], pixels: CasePixels) -> str:
    """Why the models do not judge this image; empty where they do. The table's view counts, not the file's."""
    if not pixels.breast.any():
        return "no breast found"
    views = [runner.package.manifest.input.views for runner in runners]
    if any(pixels.case.view not in allowed for allowed in views):
        return f"{pixels.case.view.value} views are not scored by these models"
    intents = [runner.package.manifest.input.intents for runner in runners]
    intent = pixels.header.intent
    if intent is not None and any(intent not in allowed for allowed in intents):
        return f"{intent.value.title()} images are not scored by these models"
    return ""


def _identity(pixels: CasePixels) -> str:
    case = pixels.case
    boxes = ";".join(f"{box.row0:g} {box.col0:g} {box.row1:g} {box.col1:g}" for box in pixels.boxes)
    words = (pixels.header.id, case.patient, case.laterality.value, case.view.value, str(case.is_malignant), boxes)
    return "|".join(words)
