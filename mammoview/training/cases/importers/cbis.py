"""CBIS-DDSM (Lee et al. 2017) as lesion crops, stretched mammograms, boxes and case tables.

``cbis_ddsm/{crops,mammograms}/…``, ``mass_boxes.coco.json``, ``mass_cases.csv``, ``calc_cases.csv``. The cases are the
whole mammograms; calcifications have no place on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mammoview.core.findings import LesionKind
from mammoview.training.cases.case import Case, MarkedLesion
from mammoview.training.cases.data import Film, cbis_films, cbis_lesions
from mammoview.training.cases.tiles import NATIVE_PER_PX

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "cbis_ddsm"


def recognises(root: Path) -> bool:
    """Whether the folder, or its part ``cbis_ddsm``, is laid out so."""
    return (_parent(root) / FOLDER / "mass_boxes.coco.json").is_file()


def read(root: Path) -> tuple[Case, ...]:
    """The mammograms of CBIS-DDSM, with the boxes of their masses.

    Parameters
    ----------
    root
        The folder ``cbis_ddsm``, or the one that holds it.

    Raises
    ------
    InputError
        When files are missing or contradict each other.
    """
    parent = _parent(root)
    return tuple(case_of(film) for film in cbis_films(parent, cbis_lesions(parent)))


def case_of(film: Film) -> Case:
    """A mammogram as a case; its aspect comes back at the resolution of `tiles.isotropic`."""
    rows, columns = (max(1, round(size / NATIVE_PER_PX)) for size in film.native_size)
    return Case(
        film.path,
        film.key.patient,
        film.key.side,
        film.key.view,
        film.is_malignant,
        tuple(MarkedLesion(mass.box, LesionKind.MASS, mass.is_malignant) for mass in film.masses),
        true_size=(rows, columns),
    )


def _parent(root: Path) -> Path:
    return root.parent if root.name == FOLDER else root
