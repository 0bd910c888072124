"""``mammoview analyze``: studies to a result folder, without a window."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammoview.cli.console import progress_bar
from mammoview.core.progress import Progress, SubProgress
from mammoview.core.score_words import point_words, spread_words, thresholds_of
from mammoview.pipeline.request import MOST_DROPOUT_PASSES, AnalysisRequest, Backend, Outlining, SaliencyMethod

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mammoview.core.errors import Problem
    from mammoview.core.findings import ExamResult, ImageResult, TruthComparison
    from mammoview.core.study import Mammogram, ScanResult
    from mammoview.report.build import ResultWriter
    from mammoview.report.records import Meanings
    from mammoview.report.truth import TruthMasks

EXIT_NOTHING_ANALYSED = 3
#: Share of the progress bar that finding the files takes.
_SCAN_SHARE = 0.05


@dataclass(frozen=True)
class Options:
    """What the command line said."""

    out: Path
    device: str = "auto"
    models: tuple[str, ...] = ()
    threads: int | None = None
    backend: Backend = Backend.ONNX
    saliency: SaliencyMethod = SaliencyMethod.ATTENTION
    flips: bool = True
    dropout_passes: int = 0
    outlining: Outlining = Outlining.AUTO
    truth: Path | None = None
    overwrite: bool = False


@dataclass
class Truths:
    """Comparisons with a reader's masks, by image id, and why masks could not be used."""

    masks: TruthMasks | None = None
    found: dict[str, TruthComparison] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def beside(self, image: Mammogram, result: ImageResult) -> ImageResult:
        """A result with its comparison, where there is a mask."""
        if self.masks is None:
            return result
        result, problem = self.masks.beside(image, result)
        if problem is not None:
            self.problems.append(problem)
        if result.truth is not None:
            self.found[image.id] = result.truth
        return result


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    result: Path
    results: tuple[ExamResult, ...]
    scan: ScanResult
    truths: Truths

    @property
    def exit_code(self) -> int:
        """0 when at least one image was analysed."""
        return 0 if any(result.images for result in self.results) else EXIT_NOTHING_ANALYSED


def analyze(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders or DICOMDIRs.")],
    out: Annotated[Path, typer.Option(help="Folder for result.json and its pictures.")],
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    models: Annotated[
        list[str] | None,
        typer.Option(help="Model package ids; several for one task are averaged. The active ones without this."),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; one a core without this.")] = None,
    backend: Annotated[Backend, typer.Option(help="What computes the networks on the CPU.")] = Backend.ONNX,
    saliency: Annotated[SaliencyMethod, typer.Option(help="How scores are explained.")] = SaliencyMethod.ATTENTION,
    flips: Annotated[bool, typer.Option(help="Average every score over the input's four mirror images.")] = True,
    dropout: Annotated[
        int, typer.Option(min=0, max=MOST_DROPOUT_PASSES, help="Passes with dropout left on, for the scores' spread.")
    ] = 0,
    outlining: Annotated[
        Outlining, typer.Option(help="Where segmenters look: as each was made for, around findings, or all over.")
    ] = Outlining.AUTO,
    truth: Annotated[
        Path | None, typer.Option(help="A mask, or a folder of masks named as the images, to compare outlines with.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier result.")] = False,
) -> None:
    """Analyse mammograms and write result.json with masks, maps and overlays beside it.

    Exit code: 0 when at least one image was analysed, 3 when none was, 2 for wrong usage.
    """
    options = Options(
        out=out,
        device=device,
        models=tuple(name.strip() for given in models or () for name in given.split(",") if name.strip()),
        threads=threads,
        backend=backend,
        saliency=saliency,
        flips=flips,
        dropout_passes=dropout,
        outlining=outlining,
        truth=truth,
        overwrite=overwrite,
    )
    with progress_bar() as progress:
        outcome = analyze_paths(paths, options, progress)
    _summarise(outcome)
    raise typer.Exit(outcome.exit_code)


def analyze_paths(paths: Sequence[Path], options: Options, progress: Progress) -> Outcome:
    """Find, analyse and write.

    Parameters
    ----------
    paths
        Files, folders or DICOMDIRs.
    progress
        Told how far it is.

    Raises
    ------
    UsageError
        When there is a result already, or the device, a model or the truth is not there, before any analysis.
    MammoViewError
        When the models or the device cannot be used, or the result cannot be written.
    """
    from mammoview.pipeline.shelf import check_wishes
    from mammoview.report.build import ResultWriter, check_target

    check_target(options.out, overwrite=options.overwrite)
    check_wishes(options.device, options.models)
    scan = _scan(paths, options.out, SubProgress(progress, 0.0, _SCAN_SHARE))
    truths = _truths(options, scan)
    share = SubProgress(progress, _SCAN_SHARE, 1.0)
    with ResultWriter(options.out, overwrite=options.overwrite) as writer:
        results = _run_all(scan, options, share, writer, truths) if scan.studies else ()
        scan = replace(scan, problems=(*scan.problems, *truths.problems))
        written = writer.finish(results, problems=scan.problems)
    return Outcome(written, results, scan, truths)


def _truths(options: Options, scan: ScanResult) -> Truths:
    from mammoview.report.truth import TruthMasks

    if options.truth is None:
        return Truths()
    return Truths(TruthMasks.of(options.truth, [image for study in scan.studies for image in study.images]))


def _scan(paths: Sequence[Path], out: Path, progress: Progress) -> ScanResult:
    """What lies under ``paths``, an earlier result of ours left out: running twice must give the same numbers."""
    from mammoview.core.study import ScanResult
    from mammoview.dicom.scan import scan

    found = scan(paths, progress)
    own = out.resolve()

    def is_foreign(path: str) -> bool:
        return not Path(path).resolve().is_relative_to(own)

    kept = (
        replace(study, images=tuple(image for image in study.images if is_foreign(image.path)))
        for study in found.studies
    )
    return ScanResult(
        tuple(study for study in kept if study.images),
        tuple(problem for problem in found.problems if is_foreign(problem.path)),
    )


def _run_all(
    scan: ScanResult, options: Options, progress: Progress, writer: ResultWriter, truths: Truths
) -> tuple[ExamResult, ...]:
    from mammoview.pipeline.runner import run
    from mammoview.pipeline.shelf import Shelf
    from mammoview.report.records import Meanings
    from mammoview.session.hanging import priors

    shelf = Shelf()
    results = []
    total = sum(len(study.images) for study in scan.studies)
    done = 0
    for study in scan.studies:
        request = AnalysisRequest(
            images=study.images,
            study_uid=study.uid,
            models=options.models,
            device=options.device,
            backend=options.backend,
            threads=options.threads,
            saliency=options.saliency,
            flips=options.flips,
            dropout_passes=options.dropout_passes,
            outlining=options.outlining,
            priors=priors(study, scan.studies),
        )
        networks = shelf.open(request)
        share = SubProgress(progress, done / total, (done + len(study.images)) / total)
        results.append(
            run(
                request,
                share,
                networks=networks,
                on_pixels=partial(_write, writer, truths, Meanings(networks.meaning, networks.finding_meaning)),
            )
        )
        done += len(study.images)
    return tuple(results)


def _write(
    writer: ResultWriter,
    truths: Truths,
    meanings: Meanings,
    image: Mammogram,
    shown: NDArray[np.uint16],
    result: ImageResult,
) -> None:
    writer.add(image, truths.beside(image, result), shown=shown, meanings=meanings)


def _summarise(outcome: Outcome) -> None:
    """A few lines a study; what a score means stands beside it."""
    images = {image.id: image for study in outcome.scan.studies for image in study.images}
    for result in outcome.results:
        typer.echo(f"Study {result.study_uid}")
        if result.meaning is not None:
            share = f"{result.meaning.training_prevalence:.0%} malignant in training"
            typer.echo(f"  scores: {result.meaning.text} ({share})")
        for one in result.images:
            image = images[one.image_id]
            score = "no score" if one.p_malignant is None else f"{one.p_malignant:.3f}"
            typer.echo(f"  {image.label:6} {score:9} {len(one.findings)} findings  {image.relative_path}")
            for line in (*_beside(one, result), *_truth_words(outcome.truths, one)):
                typer.echo(f"         {line}")
        if result.p_malignant is not None:
            typer.echo(f"  exam   {result.p_malignant:.3f}     {result.rule}")
        if result.priors is not None:
            typer.echo(f"  priors {result.priors.score:.3f}     {result.priors.words}")
            typer.echo(f"         {result.priors.meaning.text}")
        for text in result.warnings:
            typer.echo(f"  note: {text}", err=True)
    for problem in (*outcome.scan.problems, *(p for result in outcome.results for p in result.problems)):
        typer.echo(f"left out: {problem.message} {problem.hint}".rstrip(), err=True)
    typer.echo(f"Research software, not a diagnosis. Written: {outcome.result}")


def _truth_words(truths: Truths, one: ImageResult) -> Iterator[str]:
    from mammoview.report.truth import words

    found = truths.found.get(one.image_id)
    if found is not None:
        yield f"against {found.file}: {words(found)}"


def _beside(one: ImageResult, exam: ExamResult) -> Iterator[str]:
    """What stands below the score of an image: its spread, its operating point, and each model's own score."""
    if one.p_malignant is None:
        return
    points = thresholds_of(exam.meaning, one.members)
    yield from filter(None, (spread_words(one.uncertainty, one.spread_over), point_words(one.p_malignant, points)))
    if len(one.members) > 1:
        yield ", ".join(f"{member.model} {member.p_malignant:.3f}" for member in one.members)
