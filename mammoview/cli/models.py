"""``mammoview models``: which model packages there are, what they are, and which are in use."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mammoview.core.errors import ModelPackageError, UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from mammoview.models.importing import Claims
    from mammoview.models.manifest import Task
    from mammoview.models.registry import PackageInfo

models = typer.Typer(
    add_completion=False, no_args_is_help=True, rich_markup_mode=None, help="List, check, exchange and choose models."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Name = Annotated[str, typer.Argument(metavar="MODEL", help="Id, or id@version.")]


@models.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the installed packages, those in use marked, and what was refused with the reason."""
    from mammoview.models import registry
    from mammoview.models.manifest import Task

    known = registry.listing()
    in_use = {info.sha256 for task in Task for info in registry.active(task, among=known.packages)}
    rows = [_row(info, is_active=info.sha256 in in_use) for info in known.packages]
    refused = [{"path": p.path, "message": p.message, "hint": p.hint} for p in known.refused]
    if as_json:
        _print_json({"packages": rows, "refused": refused})
        return
    _print(_list_table(rows))
    for problem in known.refused:
        typer.echo(f"refused: {problem.message} {problem.hint}", err=True)
    for key in registry.missing_choices():
        typer.echo(f"chosen, but not installed: {key}. To go back: mammoview models use --default", err=True)


def _row(info: PackageInfo, *, is_active: bool) -> dict[str, Any]:
    return {
        "id": info.id,
        "version": info.version,
        "task": info.task.value,
        "origin": info.origin.value,
        "active": is_active,
        "experimental": info.manifest.experimental,
        "size_bytes": info.size_bytes,
        "measured": _measured(info),
        "licence": info.manifest.licence,
        "sha256": info.sha256,
    }


def _measured(info: PackageInfo) -> str:
    """The first number of its evaluation with its interval, ``auc_image 0.71 (0.65 to 0.77), 152 patients``."""
    try:
        metrics = info.evaluation().metrics
    except ModelPackageError as error:
        return error.user_message
    if not metrics:
        return "not measured"
    first = metrics[0]
    interval = "" if first.low is None or first.high is None else f" ({first.low:.2f} to {first.high:.2f})"
    return f"{first.name} {first.value:.2f}{interval}, {first.n_patients} patients"


def _list_table(rows: Sequence[dict[str, Any]]) -> Table:
    from rich.table import Table

    table = Table("", "model", "task", "from", "MiB", "measured", box=None, pad_edge=False)
    for row in rows:
        table.add_row(
            "in use" if row["active"] else "",
            f"{row['id']}@{row['version']}{' (experimental)' if row['experimental'] else ''}",
            row["task"],
            row["origin"],
            f"{row['size_bytes'] / 2**20:.1f}",
            row["measured"],
        )
    return table


@models.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show a package's card, input, training and operating points."""
    from mammoview.models import registry
    from mammoview.models.manifest import CARD, read_checked

    info = registry.find(name)
    calibration, evaluation = info.calibration(), info.evaluation()
    others = _other_words(info)
    if as_json:
        content = {
            **info.manifest.model_dump(mode="json"),
            "folder": str(info.folder),
            "sha256": info.sha256,
            "calibration": calibration.model_dump(mode="json"),
            "evaluation": evaluation.model_dump(mode="json"),
            **others,
        }
        _print_json(content)
        return
    typer.echo(read_checked(info.folder, info.manifest, CARD).decode("utf-8", "replace"))
    contract = info.manifest.input
    _print(
        _facts(
            ("folder", str(info.folder)),
            ("manifest SHA-256", info.sha256),
            ("tuned from", info.manifest.parent_sha256 or "nothing"),
            ("architecture", f"{info.manifest.architecture} {json.dumps(info.manifest.hyper_parameters)}"),
            ("outputs", ", ".join(info.manifest.labels)),
            ("images", ", ".join(intent.value.lower() for intent in contract.intents)),
            ("views", ", ".join(view.value for view in contract.views)),
            ("input", json.dumps(others.get("preprocess", {}))),
            ("training", json.dumps(others["training"]) if "training" in others else "see the card"),
            ("temperature", f"{calibration.temperature:g}"),
            ("fitted on", f"{calibration.fitted_on or 'nothing'} ({calibration.n_patients} patients)"),
        )
    )
    if calibration.operating_points:
        _print(_points_table(info))


def _other_words(info: PackageInfo) -> dict[str, Any]:
    """Its JSON files beyond calibration and evaluation: how the input is made, and how it was trained."""
    from mammoview.models.manifest import CALIBRATION, EVALUATION, read_checked

    names = [name for name in info.manifest.files if name.endswith(".json") and name not in {CALIBRATION, EVALUATION}]
    return {name.removesuffix(".json"): json.loads(read_checked(info.folder, info.manifest, name)) for name in names}


def _points_table(info: PackageInfo) -> Table:
    from rich.table import Table

    table = Table("operating point", "threshold", "sensitivity", "specificity", "arithmetic", box=None, pad_edge=False)
    for point in info.calibration().operating_points:
        shares = ("–" if share is None else f"{share:.2f}" for share in (point.sensitivity, point.specificity))
        table.add_row(point.name, f"{point.threshold:.3f}", *shares, point.precision)
    return table


@models.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(metavar="[MODEL…]")] = None, as_json: AsJson = False
) -> None:
    """Check every hash, open the weights, and compare both engines on a drawn input; all packages without a name.

    Exit code: 0 when all are well, 3 when one is not.
    """
    from mammoview.models import registry
    from mammoview.models.checking import check

    known = registry.listing()
    chosen = [registry.find(name) for name in names] if names else known.packages
    found = [_tried(info, check) for info in chosen]
    if not names:
        found += [{"model": Path(p.path).name, "problem": p.message} for p in known.refused]
    if as_json:
        _print_json(found)
    else:
        _print(_facts(*((one["model"], one.get("problem") or _well(one)) for one in found)))
    if any("problem" in one for one in found):
        raise typer.Exit(3)


def _tried(info: PackageInfo, check: Callable[[PackageInfo], Any]) -> dict[str, Any]:
    try:
        checked = check(info)
    except ModelPackageError as error:
        return {"model": info.key, "problem": error.user_message}
    return {"model": info.key, "files": checked.files, "numbers": checked.numbers, "difference": checked.difference}


def _well(one: dict[str, Any]) -> str:
    engines = "no graph" if one["difference"] is None else f"engines agree to {one['difference']:.1e}"
    return f"well: {one['files']} files, {one['numbers']:,} numbers, {engines}"


@models.command("import")
def import_model(
    source: Annotated[Path, typer.Argument(help="A .mvmodel file or package folder; or bare weights, a MONAI bundle.")],
    architecture: Annotated[str, typer.Option(help="Of bare weights: an architecture of this program.")] = "",
    sizes: Annotated[str, typer.Option(help="Of bare weights: sizes as JSON.")] = "{}",
    licence: Annotated[str, typer.Option(help="Of bare weights: SPDX name of their licence.")] = "",
    id_: Annotated[str, typer.Option("--id", help="Of bare weights: the package's id; the file's name without.")] = "",
    version: Annotated[str, typer.Option(help="Of bare weights: the package's version.")] = "1.0",
    labels: Annotated[str, typer.Option(help="Of bare weights: names of the outputs, separated by commas.")] = "",
    preprocess: Annotated[
        Path | None, typer.Option(help="Of bare weights: a preprocess.json; the published input sizes without.")
    ] = None,
    training_data: Annotated[str, typer.Option(help="Of bare weights: what they were trained on.")] = "",
) -> None:
    """Install a package after trying it out; nothing is kept of one that is refused, and none is overwritten.

    Bare weights (.safetensors, .pt, .pth) and MONAI bundles need --architecture, --sizes and --licence; only their
    tensors are read, and what comes of them is experimental.
    """
    from mammoview.models import importing, registry

    if not source.exists():
        raise UsageError(f"{source} does not exist.", "Check its spelling.")
    if importing.is_package(source):
        info = importing.import_package(source)
    else:
        if not architecture or not licence:
            missing = " and ".join(name for name, value in _needed(architecture, licence) if not value)
            raise UsageError(
                f"{source.name} holds bare weights: {missing} must be named.",
                "For example: --architecture resnet-patch --sizes '{\"width\": 32}' --licence CC-BY-4.0",
            )
        claims = _claims(architecture, sizes, licence, preprocess)
        names = tuple(name.strip() for name in labels.split(",") if name.strip())
        info = importing.import_weights(source, _with(claims, id_, version, names, training_data))
    in_use = info.sha256 in {one.sha256 for one in registry.active(info.task)}
    what_next = "It is in use." if in_use else f"To use it: mammoview models use {info.key}"
    typer.echo(f"Installed {info.key} ({info.task.value}) in {info.folder}. {what_next}")


def _needed(architecture: str, licence: str) -> tuple[tuple[str, str], ...]:
    return (("--architecture", architecture), ("--licence", licence))


def _claims(architecture: str, sizes: str, licence: str, preprocess: Path | None) -> Claims:
    from mammoview.models.importing import Claims
    from mammoview.models.preprocess import Preprocess

    try:
        hyper_parameters = json.loads(sizes)
    except ValueError as error:
        raise UsageError(f"--sizes is not JSON: {error}.", "Write it like '{\"width\": 32}'.") from error
    if not isinstance(hyper_parameters, dict):
        raise UsageError("--sizes is not a JSON object.", "Write it like '{\"width\": 32}'.")
    spec = None
    if preprocess is not None:
        try:
            spec = Preprocess.model_validate_json(preprocess.read_bytes())
        except (OSError, ValueError) as error:
            raise UsageError(f"{preprocess} cannot be used: {str(error).splitlines()[0]}.", "Check it.") from error
    return Claims(architecture, licence, hyper_parameters, preprocess=spec)


def _with(claims: Claims, id_: str, version: str, labels: tuple[str, ...], training_data: str) -> Claims:
    from dataclasses import replace

    told = replace(claims, id=id_, version=version, labels=labels)
    return replace(told, training_data=training_data) if training_data else told


@models.command()
def export(
    name: Name,
    out: Annotated[Path, typer.Argument(help="The .mvmodel file to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that exists.")] = False,
) -> None:
    """Write a package to one file for another machine, after checking every hash."""
    from mammoview.models import registry

    info = registry.find(name)
    written = registry.pack(info, out, overwrite=overwrite)
    typer.echo(f"Written: {written} ({info.key}, licence {info.manifest.licence})")


@models.command()
def use(
    names: Annotated[list[str] | None, typer.Argument(metavar="[MODEL…]", help="Ids; several are averaged.")] = None,
    default: Annotated[
        bool, typer.Option("--default", help="Go back to what the program ships as its default.")
    ] = False,
) -> None:
    """Use packages from now on, several of one task together; tasks that none of them serves stay as they are.

    With --default the named packages' tasks, or all tasks, go back to the program's own choice.
    """
    from mammoview.models import registry
    from mammoview.models.ensemble import check_fitness
    from mammoview.models.manifest import Task

    if not names and not default:
        raise UsageError("No model was named.", "Name one or several, or --default to go back.")
    infos = [registry.find(name) for name in names or ()]
    tasks: list[Task] = [task for task in Task if not infos or any(info.task == task for info in infos)]
    if default:
        registry.use_defaults(*tasks)
    else:
        for info in infos:
            check_fitness(info)
        registry.activate(*infos)
    for task in tasks:
        used = registry.active(task)
        if used:
            typer.echo(f"{task.value}: {', '.join(info.key for info in used)}")


def _facts(*rows: tuple[str, str]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    for what, text in rows:
        table.add_row(Text(what), Text(text))
    return table


def _print(table: Table) -> None:
    # Imported when something is printed: the way to the window passes this page.
    from rich.console import Console

    Console(highlight=False, markup=False).print(table)


def _print_json(content: object) -> None:
    typer.echo(json.dumps(content, indent=1, ensure_ascii=False))
