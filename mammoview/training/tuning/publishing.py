"""From a project's run to an installed package: named, with the verdict in its card and numbers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, RootModel

from mammoview.core.errors import ModelPackageError, OutputError, UsageError
from mammoview.models.export import write_package
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import CARD, TRAINING, Identity, Metric, read_checked
from mammoview.models.registry import PackageInfo, install, packages, read_info
from mammoview.training.judging.sentence import Interval
from mammoview.training.judging.site_verdict import SiteVerdict, from_json
from mammoview.training.tuning.files import PACKAGE, RUN, VERDICT, Files
from mammoview.training.tuning.judging_site import check_result, trained_package
from mammoview.training.tuning.run_messages import PublishReport, PublishRequest
from mammoview.training.tuning.schedules import later

if TYPE_CHECKING:
    from collections.abc import Callable

    from mammoview.core.progress import Cancel, Progress


def publish_tuned(
    request: PublishRequest, progress: Progress, cancel: Cancel, partial: Callable[[object], None]
) -> PublishReport:
    """Write the project's ``package`` and install it; it is not in use yet.

    Raises
    ------
    UsageError
        When nothing was trained or judged.
    ModelPackageError
        When this version is installed already.
    OutputError
        When it cannot be written.
    """
    del cancel, partial
    files = Files(Path(request.folder))
    parent = read_info(Path(request.parent))
    package = load(trained_package(files, parent))
    verdict = read_verdict(files)
    if verdict.new.key != package.info.key or verdict.test_sha256 != files.sides().split.sha256:
        raise UsageError("The verdict is about another model or test set.", "Go through the page “Verdict” again.")
    folder = files.folder / PACKAGE
    done = _installed_before(folder, package, verdict, request)
    if done is not None:
        return PublishReport(done.key, str(done.folder))
    progress(0.2, "Writing the package")
    shutil.rmtree(folder, ignore_errors=True)
    info = _write(folder, package, parent, verdict, request)
    progress(0.8, "Installing the package")
    installed = install(info.folder)
    return PublishReport(installed.key, str(installed.folder))


def read_verdict(files: Files) -> SiteVerdict:
    """The verdict of a project.

    Raises
    ------
    UsageError
        When there is none.
    DamagedDocumentError, NewerDocumentError
        When it cannot be understood.
    """
    try:
        text = (files.folder / VERDICT).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError("The models have not been judged yet.", "Go through the page “Verdict” first.") from error
    return from_json(text)


def take_result(folder: Path, result: Path, parent: PackageInfo) -> Path:
    """Take the result of a training on another machine into the project, as if it had run here.

    Parameters
    ----------
    folder
        Of the project.
    result
        The folder of that run, with its ``package``; the project's own, where the command ran in it.

    Raises
    ------
    UsageError
        When there is no package, it belongs to another project, or the project has another result already.
    """
    files = Files(folder)
    source = result / PACKAGE if (result / PACKAGE).is_dir() else result
    if not (source / "manifest.json").is_file():
        raise UsageError(f"{result} holds no finished package.", "Name the folder that was given as --out.")
    check_result(read_info(source), parent, files.sides())
    if files.trained.exists() and files.trained.samefile(source):
        return files.trained
    if files.trained.exists():
        raise UsageError("The project has a trained model already.", f"Remove {files.folder / RUN} first.")
    draft = files.run / f".{PACKAGE}.taken"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        files.run.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, draft)
        for name in ("log.jsonl", "curves.png"):
            if (result / name).is_file():
                shutil.copyfile(result / name, files.run / name)
        # Last of all: a package that is there is a whole one, with its log.
        draft.rename(files.trained)
    except (OSError, shutil.Error) as error:
        shutil.rmtree(draft, ignore_errors=True)
        why = getattr(error, "strerror", None) or "not all files could be copied"
        raise OutputError(f"{files.run} cannot be written ({why}).", "Make room, or check its permissions.") from error
    return files.trained


def _installed_before(
    folder: Path, package: LoadedPackage, verdict: SiteVerdict, request: PublishRequest
) -> PackageInfo | None:
    """What an earlier call installed and was killed before it could say so; installed again it would be there twice."""
    try:
        info = read_info(folder)
        told = info.evaluation().metrics
    except ModelPackageError:
        return None
    installed = next((one for one in packages() if one.sha256 == info.sha256), None)
    wished = ((request.id, info.id), (request.version, info.version), (request.title, info.manifest.name))
    is_same = (
        all(wish in ("", found) for wish, found in wished)
        and _weights(info) == _weights(package.info)
        and told == (*package.evaluation.metrics, *verdict_metrics(verdict))
    )
    return installed if is_same else None


def _weights(info: PackageInfo) -> dict[str, str]:
    return {name: sha256 for name, sha256 in info.manifest.files.items() if name.startswith("weights")}


def _write(
    folder: Path, package: LoadedPackage, parent: PackageInfo, verdict: SiteVerdict, request: PublishRequest
) -> PackageInfo:
    manifest = package.manifest
    words: dict[str, Any] = {name: getattr(manifest, name) for name in Identity.model_fields}
    named = {"id": request.id, "version": request.version, "name": request.title}
    words |= {name: value for name, value in named.items() if value}
    if not request.version:
        words["version"] = free_version(words["id"], words["version"])
    identity = Identity.model_validate(words)
    evaluation = package.evaluation.model_copy(
        update={"metrics": (*package.evaluation.metrics, *verdict_metrics(verdict))}
    )
    old_card = read_checked(package.info.folder, manifest, CARD).decode()
    training: BaseModel | None = None
    if TRAINING in manifest.files:
        training = RootModel[dict[str, Any]](json.loads(read_checked(package.info.folder, manifest, TRAINING)))
    return write_package(
        folder,
        package.network(),
        identity=identity,
        preprocess=package.preprocess,
        calibration=package.calibration,
        evaluation=evaluation,
        card=old_card.rstrip() + "\n\n" + card_of(verdict, parent),
        training=training,
        precision=manifest.precision,
    )


def free_version(name: str, version: str) -> str:
    """This version of a package, or the first one behind it that is not installed."""
    taken = {info.version for info in packages() if info.id == name}
    while version in taken:
        version = later(version)
    return version


def verdict_metrics(verdict: SiteVerdict) -> tuple[Metric, ...]:
    """The verdict's numbers as a package states them."""
    change = verdict.change
    group = f"against {verdict.old.key}, sealed test set"
    name = {"AUC": "auc", "Dice": "dice"}.get(change.measure, "agreement")
    rows: list[tuple[str, Interval, str]] = [
        (f"{name}_change", change.difference, group),
        *(
            (f"{name}_change", part.change.difference, f"{group}, {part.field} {part.name}")
            for part in verdict.subgroups
        ),
    ]
    counts = [change, *(part.change for part in verdict.subgroups)]
    return tuple(
        Metric(
            name=label,
            value=value.value,
            low=value.low,
            high=value.high,
            group=where,
            n_images=count.samples,
            n_patients=count.patients,
        )
        for (label, value, where), count in zip(rows, counts, strict=True)
        if value.value is not None
    )


def card_of(verdict: SiteVerdict, parent: PackageInfo) -> str:
    """A chapter for the model card: what the sealed test set said, and where the model comes from."""
    change = verdict.change
    p_value = "" if change.p_value is None else f" p = {change.p_value:.2g} (bootstrap of whole patients)"
    delong = "" if change.delong_p is None else f", DeLong p = {change.delong_p:.2g}"
    lines = [
        f"## Against `{verdict.old.key}`",
        "",
        verdict.sentence,
        "",
        f"Test set: table of the split SHA-256 `{verdict.test_sha256[:16]}`, {change.samples} {change.unit} of "
        f"{change.patients} patients.{p_value}{delong}.",
    ]
    if verdict.new.fitted_ece is not None and verdict.new.ece is not None:
        lines += [
            "",
            f"Calibration error on {verdict.half_patients} of these patients: {verdict.new.ece:.3f} with the package's "
            f"temperature, {verdict.new.fitted_ece:.3f} with one fitted on the others.",
        ]
    lines += ["", *(f"- {note}" for note in verdict.notes)]
    lines += ["", f"Lineage: started from `{parent.key}`, manifest SHA-256 `{parent.sha256}`.", ""]
    return "\n".join(lines)
