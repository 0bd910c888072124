"""The verdict of a wizard's project: what was trained against what it started from, on the sealed test set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from mammoview.core.errors import InputError, UsageError
from mammoview.core.small_files import write_whole
from mammoview.models.calibration import mean_probabilities
from mammoview.models.loading import load
from mammoview.models.manifest import Task
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.cases.case import labelled
from mammoview.training.cases.importers import open_data
from mammoview.training.cases.lost import Lost
from mammoview.training.judging.evaluate import calibration_half
from mammoview.training.judging.sentence import sentence_of
from mammoview.training.judging.site_judging import Told, judge_classifiers, judge_outlines, mean_change
from mammoview.training.judging.site_verdict import SiteVerdict, to_json
from mammoview.training.recipes.papers import site_cache
from mammoview.training.recipes.site import check_parent, fingerprint_of
from mammoview.training.tuning.files import VERDICT, Files, Sides
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.sealing import check_seal
from mammoview.training.tuning.telling import Work, classifiers_told, outlines_told, usable_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mammoview.core.progress import Cancel, Progress
    from mammoview.models.loading import LoadedPackage
    from mammoview.training.cases.case import Case
    from mammoview.training.judging.site_judging import Samples
    from mammoview.training.tuning.run_messages import VerdictRequest

#: Of the jitter of lesions; and of the half of the test patients that calibration may look at, where a package names
#: no seed.
SEED = 2026
#: What a calibration should make large: 1 less the mean squared distance of score and truth.
AGREEMENT = "agreement of score and truth (1 − Brier score)"


def judge(
    request: VerdictRequest, progress: Progress, cancel: Cancel, partial: Callable[[object], None]
) -> SiteVerdict:
    """Judge a project's model and write ``verdict.json``.

    Raises
    ------
    UsageError
        When nothing was trained, or it was trained with another split: the test set would not be unseen.
    InputError
        When the test set is not what was sealed, or holds nothing to judge by.
    """
    del partial
    files = Files(Path(request.folder))
    torch.set_num_threads(request.threads)
    cv2.setNumThreads(request.threads)
    parent = read_info(Path(request.parent))
    trained = trained_package(files, parent)
    old = read_info(Path(request.against)) if request.against else parent
    if old.task is not trained.task:
        raise UsageError(f"{trained.key} and {old.key} answer other questions.", "Name a model of the same kind.")
    sides = files.sides()
    cases = open_data(files.cases, cancel=cancel).cases
    sealed = [case for case in cases if case.patient in sides.test]
    check_seal(files.folder, sealed)
    test = usable_for(old.task, sealed)
    if not test:
        raise InputError("The sealed test set holds no case that the models can be judged on.", "Make another split.")
    verdict = compare(load(old), load(trained), test, files.run, among=cases, progress=progress, cancel=cancel)
    if request.task is TuneTask.CALIBRATE:
        verdict = replace(verdict, task=request.task.value)
    notes = [*verdict.notes, check_parent(old, sides.test, (sides.split,))]
    if old is not parent:
        notes.append(f"Compared with {old.key}, which is in use: {parent.key}, built upon here, takes no whole images.")
    if parent.task is Task.SEGMENTATION and (drawn := files.ai_outlines()):
        notes.append(f"A model drew {drawn} of the project's outlines; where they judge, that model is favoured.")
    verdict = replace(verdict, test_sha256=sides.split.sha256, notes=tuple(filter(None, notes)))
    write_whole(files.folder / VERDICT, to_json(verdict), "The verdict")
    return verdict


def compare(
    old: LoadedPackage,
    new: LoadedPackage,
    test: Sequence[Case],
    run: Path,
    *,
    among: Sequence[Case],
    progress: Progress,
    cancel: Cancel,
) -> SiteVerdict:
    """Compare two packages of one task on cases that neither has seen.

    Parameters
    ----------
    run
        Folder whose list of skipped images holds here, too, and which may hold prepared images.
    among
        All cases of the run.
    """
    lost = Lost(run)
    fingerprint = fingerprint_of(labelled(among))
    work = Work(SEED, lost, progress, cancel, cache=lambda spec: site_cache(run, spec, fingerprint))
    if old.info.task is Task.SEGMENTATION:
        (before, after), samples = outlines_told((old, new), test, work)
        verdict = judge_outlines((old.info.key, before), (new.info.key, after), samples)
    else:
        (one, other), samples = classifiers_told((old, new), test, work)
        # The half that the new package's temperature was fitted on, so that the other half knows nothing of it.
        seed = new.evaluation.seed
        half = calibration_half(samples.patients, seed=SEED if seed is None else seed)
        task = TuneTask.IMAGE if old.info.task is Task.WHOLE_IMAGE else TuneTask.PATCH
        verdict = judge_classifiers(task.value, one, other, samples, half=half)
        if _is_same_net(one, other):
            verdict = _of_calibration(verdict, one, other, samples)
    names = {str(case.path) for case in test}
    return replace(verdict, skipped=tuple((name, reason) for name, reason in lost if name in names))


def trained_package(files: Files, parent: PackageInfo) -> PackageInfo:
    """What a project's run left, after checking that it is what the project asked for.

    Raises
    ------
    UsageError
        When there is none, or it has another parent or split.
    """
    if not files.trained.exists():
        raise UsageError("Nothing has been trained yet.", "Go through the page “Run” first.")
    info = read_info(files.trained)
    check_result(info, parent, files.sides())
    return info


def check_result(info: PackageInfo, parent: PackageInfo, sides: Sides) -> None:
    """Refuse a package that another project trained.

    Raises
    ------
    UsageError
        With what differs.
    """
    if info.manifest.parent_sha256 != parent.sha256:
        raise UsageError(f"{info.key} was not trained from {parent.key}.", "Train it from that model.")
    if info.evaluation().split_sha256 != sides.split.sha256:
        raise UsageError(
            f"{info.key} was trained with another split: it may know the patients of the sealed test set.",
            "Train it with the project's split.",
        )


def _is_same_net(one: Told, other: Told) -> bool:
    return one.logits.shape == other.logits.shape and np.allclose(one.logits, other.logits, atol=1e-4)


def _of_calibration(verdict: SiteVerdict, one: Told, other: Told, samples: Samples) -> SiteVerdict:
    """Of one net with two temperatures: how near the scores are to the truth, on all test patients.

    Neither temperature was fitted on any of them.
    """

    def agreement(told: Told) -> NDArray[np.float64]:
        shares = mean_probabilities(told.logits, temperature=told.temperature)
        score = shares[:, list(samples.malignant)].sum(axis=1)
        return np.asarray(1.0 - (score - samples.positive) ** 2)

    change = mean_change(AGREEMENT, agreement(one), agreement(other), samples.patients, unit=samples.unit)
    return replace(verdict, change=change, outcome=change.outcome, sentence=sentence_of(change), subgroups=())
