"""The folds of the public data: which fifth of CBIS-DDSM's and CDD-CESM's patients plays a new site.

``splits/site.csv`` gives every patient a fold, once and for all. Fold 0 is the site: a second set of parents never sees
it, and transfer experiments adapt them to it. All five folds serve cross-validation.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mammoview.core.findings import LesionKind
from mammoview.training.cases.data import cbis_lesions, cesm_images
from mammoview.training.cases.splits import deal_folds

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mammoview.training.cases.data import Lesion, MaskedImage

CBIS, CESM = "cbis_ddsm", "cdd_cesm"
COUNT = 5
SEED = 2026


def cbis_strata(lesions: Iterable[Lesion]) -> dict[str, tuple[bool, bool, bool]]:
    """What each patient of CBIS-DDSM has: a mass, a calcification, anything malignant."""
    strata: dict[str, tuple[bool, bool, bool]] = {}
    for lesion in lesions:
        has_mass, has_calcification, has_malignant = strata.get(lesion.key.patient, (False, False, False))
        is_mass = lesion.kind is LesionKind.MASS
        strata[lesion.key.patient] = (
            has_mass or is_mass,
            has_calcification or not is_mass,
            has_malignant or lesion.is_malignant,
        )
    return strata


def cesm_strata(images: Iterable[MaskedImage]) -> dict[str, int]:
    """Number of images of each patient of CDD-CESM: its masks come without pathology."""
    return dict(Counter(image.key.patient for image in images))


def public_folds(data: Path) -> dict[str, dict[str, int]]:
    """Deal the patients of the public data out; the same data give the same folds.

    Parameters
    ----------
    data
        Folder that holds ``cbis_ddsm`` and ``cdd_cesm``.
    """
    return {
        CBIS: deal_folds(cbis_strata(cbis_lesions(data)), COUNT, seed=SEED),
        CESM: deal_folds(cesm_strata(cesm_images(data)), COUNT, seed=SEED),
    }
