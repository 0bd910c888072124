"""Which collections are known, and how data that a user names are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mammoview.core.errors import InputError
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress
from mammoview.training.cases.importers import cbis, cesm, inbreast, mias, vindr
from mammoview.training.cases.manifest import REQUIRED, read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mammoview.training.cases.case import Case

MANIFEST = "manifest.csv"


@dataclass(frozen=True)
class Importer:
    """One collection: called with its folder, it gives the cases.

    Attributes
    ----------
    title
        Its name for people.
    recognises
        Whether a folder is laid out as its provider lays it out.
    read
        From that folder to cases.
    """

    title: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path], tuple[Case, ...]]

    def __call__(self, root: Path) -> tuple[Case, ...]:
        """Read the folder."""
        return self.read(root)


IMPORTERS: Mapping[str, Importer] = {
    "cbis": Importer("CBIS-DDSM", cbis.recognises, cbis.read),
    "cesm": Importer("CDD-CESM", cesm.recognises, cesm.read),
    "inbreast": Importer("INbreast", inbreast.recognises, inbreast.read),
    "vindr": Importer("VinDr-Mammo", vindr.recognises, vindr.read),
    "mias": Importer("mini-MIAS", mias.recognises, mias.read),
}


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
    found = [importer for importer in IMPORTERS.values() if importer.recognises(path)]
    if not found:
        titles = ", ".join(importer.title for importer in IMPORTERS.values())
        hint = f"Name a CSV file with {', '.join(REQUIRED)}, a folder with a {MANIFEST}, or the folder of {titles}."
        raise InputError(f"{path} holds no data that are known.", hint)
    cases = tuple(case for importer in found for case in importer(path))
    return OpenedData(cases, tuple(importer.title for importer in found))
