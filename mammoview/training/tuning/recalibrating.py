"""Calibration alone: the model stays as it is, its temperature and operating points become the site's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mammoview.core.errors import UsageError
from mammoview.models.calibration import refit
from mammoview.models.export import write_package
from mammoview.models.loading import load
from mammoview.models.manifest import Evaluation, Identity, Task
from mammoview.training.cases.importers import open_data
from mammoview.training.recipes.site import LICENCE, check_parent
from mammoview.training.tuning.schedules import later, site_id
from mammoview.training.tuning.telling import Work, classifiers_told, usable_for

if TYPE_CHECKING:
    from mammoview.core.progress import Cancel, Progress
    from mammoview.models.loading import LoadedPackage
    from mammoview.models.manifest import Calibration
    from mammoview.models.registry import PackageInfo
    from mammoview.training.cases.lost import Lost
    from mammoview.training.tuning.files import Files

#: The class of a patch classifier that is no lesion.
_BACKGROUND = 0


def recalibrate(files: Files, parent: PackageInfo, *, lost: Lost, progress: Progress, cancel: Cancel) -> PackageInfo:
    """Fit temperature and operating points to the patients that are not sealed, and write the package.

    Raises
    ------
    UsageError
        When the parent has no score, or the cases are not both malignant and benign.
    InputError
        When the data are bad.
    """
    if parent.task not in (Task.WHOLE_IMAGE, Task.PATCH):
        raise UsageError(f"{parent.key} has no score to calibrate.", "Choose a classifier.")
    package = load(parent)
    sides = files.sides()
    note = check_parent(parent, sides.test, (sides.split,))
    cases = usable_for(parent.task, open_data(files.cases, progress=progress, cancel=cancel).cases)
    fitting = [case for case in cases if case.patient not in sides.test]
    (told,), samples = classifiers_told((package,), fitting, Work(1, lost, progress, cancel))
    calibration = refit(
        told.logits,
        samples.labels,
        samples.patients,
        malignant=samples.malignant,
        site="the site, not of its sealed test set",
        left_out=(_BACKGROUND,) if parent.task is Task.PATCH else (),
    )
    return _write(files, package, calibration, sides.split.sha256, note)


def _write(files: Files, package: LoadedPackage, calibration: Calibration, split: str, note: str) -> PackageInfo:
    words = {name: getattr(package.manifest, name) for name in Identity.model_fields}
    own_id = site_id(package.manifest.id)
    own = {
        "id": own_id,
        "version": "0.1" if own_id != package.manifest.id else later(package.manifest.version),
        "name": f"{package.manifest.name}, calibrated to a site",
        "licence": " AND ".join(dict.fromkeys((*package.manifest.licence.split(" AND "), LICENCE))),
        "parent_sha256": package.info.sha256,
    }
    identity = Identity.model_validate({**words, **own})
    card = "\n".join(
        (
            f"# {identity.name}",
            "",
            f"The weights are those of `{package.info.key}` (SHA-256 `{package.info.sha256[:16]}`), unchanged; what "
            "its card says of training and limits holds here, too.",
            "",
            f"Temperature {calibration.temperature:.4g} and operating points: fitted on {calibration.n_patients} "
            f"{calibration.fitted_on}.",
            *(("", note) if note else ()),
            "",
            "Research software. Not a medical device; no clinical decision may rest on it.",
            "",
        )
    )
    return write_package(
        files.trained,
        package.network(),
        identity=identity,
        preprocess=package.preprocess,
        calibration=calibration,
        evaluation=Evaluation(split_sha256=split, protocol="Not measured yet: see the verdict of the site."),
        card=card,
        precision=package.manifest.precision,
    )
