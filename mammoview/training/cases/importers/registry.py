"""Which collections are known, and how data that a user names are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mammoview.core.errors import InputError
from mammoview.core.progress import Cancel, Progress, SubProgress, never_cancel, no_progress, stop_if_cancelled
from mammoview.training.cases.importers import cbis, cbis_tcia, cesm, cesm_tcia, inbreast, mias, vindr
from mammoview.training.cases.importers.imported import Imported
from mammoview.training.cases.manifest import REQUIRED, read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mammoview.training.cases.case import Case

MANIFEST = "manifest.csv"


@dataclass(frozen=True)
class Importer:
    """One collection in one layout: called with its folder, it gives the cases.

    Attributes
    ----------
    title
        Its name for people.
    recognises
        Whether a folder is laid out as its provider lays it out.
    read
        From that folder to cases, telling how far it is and asking whether to stop.
    """

    title: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Progress, Cancel], Imported]

    def __call__(self, root: Path, *, progress: Progress = no_progress, cancel: Cancel = never_cancel) -> Imported:
        """Read the folder."""
        return self.read(root, progress, cancel)


def _at_once(read: Callable[[Path], tuple[Case, ...]]) -> Callable[[Path, Progress, Cancel], Imported]:
    """Layouts whose tables are read in a moment: all of it is good, or an error says what is not."""

    def reading(root: Path, progress: Progress, cancel: Cancel) -> Imported:
        stop_if_cancelled(cancel)
        cases = read(root)
        progress(1.0, f"{len(cases)} images")
        return Imported(cases)

    return reading


IMPORTERS: Mapping[str, Importer] = {
    "cbis": Importer("CBIS-DDSM", cbis.recognises, _at_once(cbis.read)),
    "cbis_tcia": Importer("CBIS-DDSM (Cancer Imaging Archive)", cbis_tcia.recognises, cbis_tcia.read),
    "cesm": Importer("CDD-CESM", cesm.recognises, _at_once(cesm.read)),
    "cesm_tcia": Importer("CDD-CESM (Cancer Imaging Archive)", cesm_tcia.recognises, cesm_tcia.read),
    "inbreast": Importer("INbreast", inbreast.recognises, _at_once(inbreast.read)),
    "vindr": Importer("VinDr-Mammo", vindr.recognises, _at_once(vindr.read)),
    "mias": Importer("mini-MIAS", mias.recognises, _at_once(mias.read)),
}


def import_all(
    path: Path, *, progress: Progress = no_progress, cancel: Cancel = never_cancel
) -> tuple[tuple[str, ...], Imported]:
    """Read every collection that a folder holds.

    Parameters
    ----------
    path
        The folder of a collection, or one that holds several.

    Returns
    -------
    tuple of str
        Titles of the collections; empty where the folder is laid out like none.
    Imported
        What they hold, together.

    Raises
    ------
    InputError
        When a collection is damaged.
    CancelledError
        When ``cancel`` says so.
    """
    found = [importer for importer in IMPORTERS.values() if importer.recognises(path)]
    read = [
        importer(path, progress=SubProgress(progress, number / len(found), (number + 1) / len(found)), cancel=cancel)
        for number, importer in enumerate(found)
    ]
    cases = tuple(case for one in read for case in one.cases)
    problems = tuple(problem for one in read for problem in one.problems)
    return tuple(importer.title for importer in found), Imported(cases, problems)


@dataclass(frozen=True)
class OpenedData:
    """What a path held.

    Attributes
    ----------
    cases
        All of them, also those without a label, a box or a mask: see `mammoview.training.cases.case`.
    sources
        Titles of the collections, or the table's name.
    warnings
        What was repaired or passed over.
    """

    cases: tuple[Case, ...]
    sources: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def open_data(path: Path, *, progress: Progress = no_progress, cancel: Cancel = never_cancel) -> OpenedData:
    """Read the cases under a path, whatever kind of data it is.

    Parameters
    ----------
    path
        A table of cases, a folder with a ``manifest.csv``, or the folder of a public collection; a folder that holds
        several collections gives the cases of all.

    Raises
    ------
    InputError
        When nothing fits, or what fits is damaged.
    """
    table = path / MANIFEST if path.is_dir() else path
    if table.is_file():
        manifest = read_manifest(table, progress=progress, cancel=cancel)
        return OpenedData(manifest.cases, (table.name,), manifest.warnings)
    sources, read = import_all(path, progress=progress, cancel=cancel)
    if not sources:
        titles = ", ".join(importer.title for importer in IMPORTERS.values())
        hint = f"Name a CSV file with {', '.join(REQUIRED)}, a folder with a {MANIFEST}, or the folder of {titles}."
        raise InputError(f"{path} holds no data that are known.", hint)
    count = len(read.problems)
    warnings = (f"Rows that could not be used whole: {count}. The first: {read.problems[0]}",) if count else ()
    return OpenedData(read.cases, sources, warnings)
