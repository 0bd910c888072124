"""``mammoview tune new``, ``cases``, ``audit``, ``split`` and ``status``: the wizard's pages up to the plan."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from mammoview.cli.console import progress_bar
from mammoview.core.errors import UsageError
from mammoview.core.progress import never_cancel
from mammoview.training.tuning.messages import CaseSource, DateRule, SourceKind, TuneTask, rows_of_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mammoview.core.progress import Progress
    from mammoview.training.tuning.audit_messages import Remark
    from mammoview.training.tuning.case_tables import TablePreview
    from mammoview.training.tuning.messages import CasesReport, ReadImage, RejectedRow

_T = TypeVar("_T")
_NAME = Annotated[str, typer.Argument(help="Of the project.")]
#: Lines of a kind that are printed before the rest is only counted.
_SHOWN = 20


def new(
    name: _NAME,
    task: Annotated[TuneTask, typer.Option(help="What is adapted.")],
    parent: Annotated[str, typer.Option(help="Model to start from: id, or id@version; see mammoview models list.")],
) -> None:
    """Make a project: a folder that every later page works in and goes on from."""
    from mammoview.models import registry
    from mammoview.session.tuning.project import Page, new_project

    info = registry.find(parent)
    opened, project = new_project(name, task=task, parent=info.key)
    with opened:
        opened.finish(Page.TASK, project)
        typer.echo(f"Made: {opened.path}, from {info.key}. It needs cases with {task.needs}.")


def cases(
    name: _NAME,
    table: Annotated[Path | None, typer.Option(help="A CSV or Excel table of your own.")] = None,
    images: Annotated[Path | None, typer.Option(help="Folder of the table's images, if not the table's own.")] = None,
    sheet: Annotated[str, typer.Option(help="Of an Excel file; the first one without this.")] = "",
    column: Annotated[
        list[str] | None, typer.Option(help="FIELD=COLUMN instead of the guess, for example label=Histology.")
    ] = None,
    collection: Annotated[Path | None, typer.Option(help="Folder of a public collection.")] = None,
    reader: Annotated[str, typer.Option(help="Take the signed reads of the worklist, as this reader.")] = "",
    copy: Annotated[bool, typer.Option("--copy", help="Copy the images into the project, de-identified.")] = False,
    dates: Annotated[DateRule, typer.Option(help="What becomes of dates in the copies.")] = DateRule.REMOVE,
    preview: Annotated[bool, typer.Option("--preview", help="Show how the table is understood; read nothing.")] = False,
) -> None:
    """Read the cases: from a table, a public collection, or the worklist's signed reads."""
    chosen = [kind for kind in (table, collection, reader) if kind]
    if len(chosen) != 1:
        raise UsageError("The cases come from one place.", "Give one of --table, --collection and --reader.")
    columns = tuple(_pair(text) for text in column or ())
    if preview:
        if table is None:
            raise UsageError("Only a table has a preview.", "Give --table.")
        return _print_preview(table, sheet, columns)
    from mammoview.session.tuning.project import Page, open_project
    from mammoview.training.tuning.case_reading import read_cases
    from mammoview.training.tuning.messages import CasesRequest

    source = CaseSource(
        SourceKind.TABLE if table else SourceKind.COLLECTION if collection else SourceKind.WORKLIST,
        str((table or collection or Path()).absolute()) if table or collection else "",
        str(images.absolute()) if images else "",
        sheet,
        columns,
        is_copied=copy,
        dates=dates,
    )
    opened, project = open_project(name)
    with opened:
        read, notes = _signed(reader) if reader else ((), ())
        project = opened.save(replace(project, source=source))
        request = CasesRequest(str(opened.path), source, read, notes)
        report = with_progress(lambda progress: read_cases(request, progress, never_cancel, _tell_nobody))
        opened.finish(Page.CASES, project)
    return _print_cases(report)


def audit(
    name: _NAME,
    pixels: Annotated[bool, typer.Option(help="Look at the images, too, not at table and headers alone.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole audit as JSON.")] = False,
) -> None:
    """Look for what would spoil the training or its verdict. Exit code 3 when something must be put right first."""
    from mammoview.session.tuning.project import Page, open_project
    from mammoview.training.tuning.audit import audit as do_audit
    from mammoview.training.tuning.audit_messages import AuditRequest

    opened, project = open_project(name)
    with opened:
        request = AuditRequest(str(opened.path), project.task, project.parent, project.test_share, reads_pixels=pixels)
        report = with_progress(lambda progress: do_audit(request, progress, never_cancel, _tell_nobody))
        if not report.has_stops:
            opened.finish(Page.AUDIT, project)
    if as_json:
        typer.echo(json.dumps(asdict(report), ensure_ascii=False, indent=1))
    else:
        table = report.table
        typer.echo(f"{table.images} rows, {table.patients} patients, {report.looked_at} images looked at")
        for tally in table.tallies:
            counts = ", ".join(f"{count.value} {count.images} ({count.patients})" for count in tally.counts)
            typer.echo(f"  {tally.attribute}: {counts}")
        for expected in table.expected:
            typer.echo(expected.sentence)
        _print_rejected(table.refused)
        _print_rejected(table.rejected)
        _print_remarks(report.remarks)
    if report.has_stops:
        raise typer.Exit(3)


def split(
    name: _NAME,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the draw.")] = None,
    test_share: Annotated[float | None, typer.Option(min=0.05, max=0.9, help="Of the patients, sealed.")] = None,
    validation_share: Annotated[float | None, typer.Option(min=0.0, max=0.9, help="Of the patients, watched.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show the split; seal nothing.")] = False,
) -> None:
    """Draw who is learned from and who judges, by patient, and seal the test set."""
    from mammoview.session.tuning.audit_gate import require_audited
    from mammoview.session.tuning.project import Page, open_project
    from mammoview.training.tuning.dividing import draw, seal
    from mammoview.training.tuning.split_messages import Shares

    opened, project = open_project(name)
    with opened:
        wanted = replace(
            project,
            seed=project.seed if seed is None else seed,
            test_share=test_share or project.test_share,
            validation_share=project.validation_share if validation_share is None else validation_share,
        )
        shares = Shares(wanted.seed, wanted.test_share, wanted.validation_share)
        if preview:
            division = with_progress(lambda progress: draw(opened.path, shares, progress=progress))[0]
        else:
            require_audited(opened, project)
            division, made = with_progress(lambda progress: seal(opened.path, shares, progress=progress))
            opened.finish(Page.SPLIT, wanted)
    typer.echo(f"Seed {shares.seed}, {shares.test:.0%} of the patients to judge, {shares.validation:.0%} watched")
    for count in division.counts:
        typer.echo(
            f"  {count.name}: {count.patients} patients with {count.images} images; {count.malignant} malignant, "
            f"{count.benign} benign, {count.unknown} unknown"
        )
    for note in division.notes:
        typer.echo(note)
    typer.echo("Nothing is sealed yet." if preview else f"Sealed: {made.patients} patients, SHA-256 {made.test_set}")


def status(
    name: Annotated[str | None, typer.Argument(help="Of the project; all of them without it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how far projects are."""
    from mammoview.session.tuning.project import Page, find_project, projects

    found: list[dict[str, Any]] = []
    for one in projects() if name is None else (name,):
        folder = find_project(one)
        project = folder.load()
        reached = folder.reached(project)
        done = [page.value for page in Page if folder.is_finished(page, project)]
        found.append(
            {
                "name": one,
                "task": project.task,
                "parent": project.parent,
                "next": reached.value,
                "finished": done,
                "folder": str(folder.path),
            }
        )
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    if not found:
        typer.echo("There are no projects yet. Make one: mammoview tune new NAME --task image --parent MODEL")
    for words in found:
        finished = ", ".join(words["finished"]) or "nothing"
        typer.echo(
            f"{words['name']}: {words['task']} from {words['parent']}; finished: {finished}; next: {words['next']}"
        )


def add_to(group: typer.Typer) -> None:
    """Add these commands to ``mammoview tune``."""
    for command in (new, cases, audit, split, status):
        group.command(command.__name__)(command)


def _tell_nobody(value: object) -> None:
    """All that is told before the end stands in the report, too."""


def _pair(text: str) -> tuple[str, str]:
    field, sign, column = text.partition("=")
    if not sign:
        raise UsageError(f"“{text}” names no field and column.", "Write FIELD=COLUMN, label=Histology for example.")
    return field.strip(), column.strip()


def _signed(reader: str) -> tuple[tuple[ReadImage, ...], tuple[str, ...]]:
    from mammoview.session.tuning.signed_cases import RULE, signed_reads
    from mammoview.session.worklist.worklist import open_worklist

    worklist, _ = open_worklist()
    try:
        has_passphrase = any(known.id == reader and known.has_passphrase for known in worklist.readers.all())
        given = typer.prompt("Passphrase", hide_input=True, err=True) if has_passphrase else ""
        found = signed_reads(worklist, worklist.readers.sign_in(reader, given))
    finally:
        worklist.close()
    typer.echo(RULE)
    typer.echo(f"{found.studies} signed studies with {len(found.images)} images")
    return found.images, found.notes


def _print_preview(table: Path, sheet: str, columns: tuple[tuple[str, str], ...]) -> None:
    from mammoview.training.cases.site_tables import open_table
    from mammoview.training.tuning.case_tables import chosen_columns, preview_table

    shown: TablePreview = preview_table(open_table(table, sheet), chosen_columns(columns))
    if shown.sheets:
        typer.echo(f"Sheet “{shown.sheet}” of {', '.join(shown.sheets)}")
    if shown.note:
        typer.echo(shown.note)
    typer.echo(f"{shown.count} rows; columns: {', '.join(shown.columns)}")
    for field, column in shown.mapping.items():
        example = next((row[field] for row in shown.understood if row.get(field)), "")
        typer.echo(f"  {field} = {column}  ({example})")
    for word in shown.words[:_SHOWN]:
        typer.echo(f"  label “{word.word}”: {word.rows} rows, {word.meaning or 'not understood: refused'}")
    for missing in shown.missing:
        typer.echo(missing)


def _print_cases(report: CasesReport) -> None:
    typer.echo(
        f"{report.images} images of {report.patients} patients; {report.labelled} with a label, {report.boxed} with "
        f"boxes, {report.outlined} with outlines"
    )
    for note in report.notes:
        typer.echo(note)
    for change in report.changes:
        typer.echo(f"  {change.tag} {change.name or 'private'}: {change.action} in {change.images} images".rstrip())
    _print_rejected(report.rejected)


def _print_rejected(rejected: Iterable[RejectedRow]) -> None:
    rows = list(rejected)
    if rows:
        typer.echo(f"{rows_of_all(rows)} rows were refused:")
    for row in rows[:_SHOWN]:
        line, column = row.place
        where = ", ".join(part for part in (f"line {line}" if line else "", column) if part)
        typer.echo(f"  {where}: {row.message} {row.hint}")
    if len(rows) > _SHOWN:
        typer.echo(f"  and {len(rows) - _SHOWN} more, see cases.json")


def _print_remarks(remarks: Iterable[Remark]) -> None:
    shown: Counter[str] = Counter()
    for remark in sorted(remarks, key=lambda one: ("stop", "warning", "note").index(one.severity)):
        shown[remark.kind] += 1
        if shown[remark.kind] <= _SHOWN:
            rows = f" [rows {', '.join(str(place + 2) for place in remark.images[:6])}]" if remark.images else ""
            typer.echo(f"{remark.severity}: {remark.kind}: {remark.text}{rows}")
    for kind, count in shown.items():
        if count > _SHOWN:
            typer.echo(f"{kind}: {count - _SHOWN} more, see audit.json")


def with_progress(work: Callable[[Progress], _T]) -> _T:
    """Do something with a bar on the terminal, or lines in a log.

    Parameters
    ----------
    work
        Given the progress to tell.
    """
    if sys.stderr.isatty():
        with progress_bar() as progress:
            return work(progress)
    from mammoview.training.recipes.launch import lines_to

    return work(lines_to(sys.stderr))
