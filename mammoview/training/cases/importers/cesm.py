"""CDD-CESM (Khaled et al. 2022), the low-energy images and their masks: ``cdd_cesm/{images,masks}/P…_DM_….jpg``.

The masks come without pathology: no case has a label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mammoview.training.cases.case import Case
from mammoview.training.cases.data import cesm_images

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "cdd_cesm"


def recognises(root: Path) -> bool:
    """Whether the folder, or its part ``cdd_cesm``, is laid out so."""
    base = _parent(root) / FOLDER
    return (base / "images").is_dir() and (base / "masks").is_dir()


def read(root: Path) -> tuple[Case, ...]:
    """The images of CDD-CESM, with their masks.

    Parameters
    ----------
    root
        The folder ``cdd_cesm``, or the one that holds it.

    Raises
    ------
    InputError
        When there are none, or a name does not follow the collection's.
    """
    return tuple(
        Case(image.path, image.key.patient, image.key.side, image.key.view, mask=image.mask)
        for image in cesm_images(_parent(root))
    )


def _parent(root: Path) -> Path:
    return root.parent if root.name == FOLDER else root
