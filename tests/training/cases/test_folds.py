"""The folds that lie in the repository."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mammoview.core.findings import LesionKind
from mammoview.core.paths import site_folds
from mammoview.core.study import Laterality, ViewPosition
from mammoview.training.cases.data import Lesion, MaskedImage, ViewKey, cbis_lesions, cesm_images
from mammoview.training.cases.folds import CBIS, CESM, cbis_strata, cesm_strata, public_folds
from mammoview.training.cases.splits import SITE_FOLD, read_folds, write_folds


def lesion(patient: str, kind: LesionKind, *, is_malignant: bool) -> Lesion:
    return Lesion(ViewKey(patient, Laterality.LEFT, ViewPosition.CC), 1, kind, is_malignant, Path("crop.jpg"))


def test_a_stratum_is_what_a_patient_has_in_all_views() -> None:
    lesions = [
        lesion("1", LesionKind.MASS, is_malignant=False),
        lesion("1", LesionKind.CALCIFICATION, is_malignant=True),
        lesion("2", LesionKind.MASS, is_malignant=False),
    ]
    assert cbis_strata(lesions) == {"1": (True, True, True), "2": (True, False, False)}
    assert cbis_strata(reversed(lesions)) == cbis_strata(lesions)
    views = [ViewKey("3", Laterality.LEFT, view) for view in (ViewPosition.CC, ViewPosition.MLO)]
    assert cesm_strata([MaskedImage(view, Path("i.jpg"), Path("m.jpg")) for view in views]) == {"3": 2}


def test_the_table_in_the_repository_has_five_folds_of_each_dataset() -> None:
    folds = read_folds(site_folds())
    assert set(folds) == {CBIS, CESM}
    for patients in folds.values():
        counts = Counter(patients.values())
        assert set(counts) == {0, 1, 2, 3, 4}
        assert max(counts.values()) - min(counts.values()) <= 1
        assert counts[SITE_FOLD] / len(patients) == pytest.approx(0.2, abs=0.005)


@pytest.mark.data
def test_the_table_in_the_repository_is_made_again_byte_for_byte(data: Path, tmp_path: Path) -> None:
    write_folds(public_folds(data), tmp_path / "site.csv")
    assert (tmp_path / "site.csv").read_bytes() == site_folds().read_bytes()


@pytest.mark.data
def test_every_patient_of_the_public_data_has_a_fold_and_every_stratum_is_shared_out(data: Path) -> None:
    folds = read_folds(site_folds())
    for name, strata in ((CBIS, cbis_strata(cbis_lesions(data))), (CESM, cesm_strata(cesm_images(data)))):
        assert set(folds[name]) == set(strata)
        for stratum in set(strata.values()):
            counts = Counter(dict.fromkeys(range(5), 0))
            counts.update(folds[name][patient] for patient in strata if strata[patient] == stratum)
            assert max(counts.values()) - min(counts.values()) <= 1
