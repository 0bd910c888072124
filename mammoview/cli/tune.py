"""``mammoview tune``: what the fine-tuning wizard does, page by page, from the same files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammoview.cli.tune_cases import add_to, with_progress
from mammoview.core.amounts import counted

if TYPE_CHECKING:
    from mammoview.session.tuning.project import OpenProject, Page, Project
    from mammoview.training.judging.site_verdict import SiteVerdict
    from mammoview.training.tuning.run_messages import PlanReport

tune = typer.Typer(
    add_completion=False, no_args_is_help=True, rich_markup_mode=None, help="Adapt a model to your own cases."
)

_NAME = Annotated[str, typer.Argument(help="Of the project.")]


add_to(tune)


@tune.callback()
def _tune() -> None:
    """Keep the pages words of their own."""


@tune.command("plan")
def plan(
    name: _NAME,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    precision: Annotated[str, typer.Option(help="fp32, bf16 or fp16; chosen by measuring without this.")] = "",
    batch_size: Annotated[int, typer.Option(min=0, help="0 leaves it to the plan.")] = 0,
    epochs: Annotated[int, typer.Option(min=0, help="0 leaves it to the plan.")] = 0,
    learning_rate_factor: Annotated[float, typer.Option(min=0.01, max=100, help="Of all stages.")] = 1.0,
    devices: Annotated[int, typer.Option(min=1, help="GPUs on each machine, for the commands.")] = 1,
    nodes: Annotated[int, typer.Option(min=1, help="Machines, for the commands.")] = 1,
    measure: Annotated[bool, typer.Option(help="Try two batches.")] = True,
) -> None:
    """Write the training config and say what the training will cost here."""
    from dataclasses import replace

    from mammoview.session.tuning.project import Page, Plan
    from mammoview.session.tuning.tuner import plan_request
    from mammoview.training.tuning.planning import plan as do_plan

    wishes = Plan(device, precision, batch_size, epochs, learning_rate_factor, devices, nodes)
    opened, project = _open(name)
    with opened:
        project = opened.save(replace(project, plan=wishes))
        request = plan_request(opened, project, is_measured=measure)
        report = with_progress(lambda progress: do_plan(request, progress, _go_on, _say))
        _finish(opened, Page.PLAN, project)
    _print_plan(report)


@tune.command("run")
def run(
    name: _NAME,
    take: Annotated[
        Path | None, typer.Option(help="Take the result of a training on another machine: its --out folder.")
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Forget what an earlier run did.")] = False,
) -> None:
    """Train as the config says, or go on with a run that was stopped; Ctrl-C stops it without losing an epoch."""
    from mammoview.core.errors import CancelledError
    from mammoview.models.registry import read_info
    from mammoview.session.tuning.project import Page
    from mammoview.session.tuning.tuner import run_request
    from mammoview.training.tuning.anew import begin_anew
    from mammoview.training.tuning.publishing import take_result
    from mammoview.training.tuning.running import run as do_run

    opened, project = _open(name)
    with opened:
        request = run_request(opened, project)
        if anew:
            begin_anew(opened.path)
        if take is not None:
            typer.echo(f"Taken: {take_result(opened.path, take, read_info(Path(request.parent)))}")
        else:
            try:
                report = with_progress(lambda progress: do_run(request, progress, _go_on, _say))
            except KeyboardInterrupt as error:
                raise CancelledError(
                    "The training was stopped; the epochs that it had finished are kept.",
                    f"mammoview tune run {name} goes on from there.",
                ) from error
            epochs, skipped = counted(report.epochs, "epoch"), counted(len(report.skipped), "image")
            typer.echo(f"Trained: {report.package}, {epochs}, {skipped} skipped")
        _finish(opened, Page.RUN, project)


@tune.command("verdict")
def verdict(name: _NAME) -> None:
    """Compare the new model with the old one on the sealed test set."""
    from mammoview.session.tuning.project import Page
    from mammoview.session.tuning.tuner import verdict_request
    from mammoview.training.tuning.judging_site import judge

    opened, project = _open(name)
    with opened:
        request = verdict_request(opened, project)
        found = with_progress(lambda progress: judge(request, progress, _go_on, _say))
        _finish(opened, Page.VERDICT, project)
    _print_verdict(found)


@tune.command("publish")
def publish(
    name: _NAME,
    activate: Annotated[bool, typer.Option("--activate", help="Use the model from now on.")] = False,
    reason: Annotated[str, typer.Option(help="Why a model that is worse is used all the same; recorded.")] = "",
    export: Annotated[Path | None, typer.Option(help="Also write a *.mvmodel file for another site.")] = None,
    package: Annotated[str, typer.Option(help="Id of the package, instead of the planned one.")] = "",
    version: Annotated[str, typer.Option(help="Of the package.")] = "",
    title: Annotated[str, typer.Option(help="Of the package.")] = "",
) -> None:
    """Make the model package and install it; with --activate it is used at once."""
    from mammoview.core.progress import no_progress
    from mammoview.models.registry import find, pack
    from mammoview.session.tuning.project import Page
    from mammoview.session.tuning.tuner import publish_request
    from mammoview.training.judging.sentence import require_reason
    from mammoview.training.tuning.activations import activate_tuned
    from mammoview.training.tuning.files import Files
    from mammoview.training.tuning.publishing import publish_tuned, read_verdict

    opened, project = _open(name)
    with opened:
        judged = read_verdict(Files(opened.path))
        if activate:
            # Said before anything is installed.
            require_reason(judged, reason)
        request = publish_request(opened, project, name=package, version=version, title=title)
        report = publish_tuned(request, no_progress, _go_on, _say)
        _finish(opened, Page.PUBLISH, project)
    typer.echo(f"Installed: {report.key} in {report.folder}")
    info = find(report.key)
    if export is not None:
        typer.echo(f"Written: {pack(info, export)}")
    if activate:
        activate_tuned(info, judged, reason=reason)
        typer.echo(f"In use: {report.key}. Back to the one before: mammoview tune rollback {info.task.value}")


@tune.command("rollback")
def rollback(
    task: Annotated[str, typer.Argument(help="whole_image, patch or segmentation.")],
    reason: Annotated[str, typer.Option(help="Recorded.")] = "",
) -> None:
    """Use again what was in use before the last activation."""
    from mammoview.core.errors import UsageError
    from mammoview.models.manifest import Task
    from mammoview.training.tuning.activations import roll_back

    if task not in set(Task):
        raise UsageError(f"“{task}” is no task of a model.", f"Name one of {', '.join(Task)}.")
    entry = roll_back(Task(task), reason=reason)
    typer.echo(f"In use: {', '.join(entry.after) or 'the models that came with the program'}")


@tune.command("record")
def record() -> None:
    """List what was activated and taken back, when and why; checks that nothing of it was changed."""
    from mammoview.training.tuning.activations import read_record

    for entry in read_record():
        models = f"{', '.join(entry.before) or 'defaults'} -> {', '.join(entry.after) or 'defaults'}"
        why = f"  ({entry.reason})" if entry.reason else ""
        typer.echo(f"{entry.at}  {entry.act:12} {entry.task:13} {models}  {entry.outcome}{why}")


def _open(name: str) -> tuple[OpenProject, Project]:
    from mammoview.session.tuning.project import open_project

    return open_project(name)


def _finish(opened: OpenProject, page: Page, project: Project) -> None:
    opened.finish(page, project)


def _go_on() -> bool:
    return False


def _say(value: object) -> None:
    """One line for what a run tells."""
    from mammoview.training.tuning.run_messages import EpochTold, Notice

    if isinstance(value, Notice):
        typer.echo(value.text, err=True)
    elif isinstance(value, EpochTold):
        typer.echo(value.text)


def _print_plan(report: PlanReport) -> None:
    from mammoview.session.tuning.plan_words import plan_lines

    for line in (*plan_lines(report), report.command, report.torchrun, report.slurm):
        if line:
            typer.echo(line)


def _print_verdict(found: SiteVerdict) -> None:
    typer.echo(found.sentence)
    change = found.change
    if change.p_value is not None:
        delong = "" if change.delong_p is None else f", DeLong p = {change.delong_p:.2g}"
        typer.echo(f"p = {change.p_value:.2g} (bootstrap of whole patients){delong}")
    for side in (found.old, found.new):
        typer.echo(f"\n{side.key}")
        if side.ece is not None and side.fitted_ece is not None:
            typer.echo(
                f"  sensitivity {side.sensitivity}, specificity {side.specificity} on "
                f"{counted(found.half_patients, 'patient')}\n"
                f"  calibration error {side.ece:.3f}; at temperature {side.fitted_temperature:g} {side.fitted_ece:.3f}"
            )
    for part in found.subgroups:
        typer.echo(
            f"  {part.field} {part.name}: {part.change.difference.signed} ({counted(part.change.patients, 'patient')})"
        )
    for case in found.worse[:10]:
        typer.echo(f"  worse: {case.image} ({case.truth}) {case.before:.3f} -> {case.after:.3f}")
    for note in (*found.notes, *(f"skipped {name}: {reason}" for name, reason in found.skipped)):
        typer.echo(note)
