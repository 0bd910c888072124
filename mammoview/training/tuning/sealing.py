"""Test sets of the site: sealed once, known again in every later project, and never learned from.

A sealed set is a file ``<SHA-256 of its content>.csv`` in the user's folder ``tuning/test_sets``, so that a changed
one shows. It holds keyed hashes of patients and images alone: the same patient or image is known again, whatever
project it comes in by, copied or not, and nobody else can read who they are.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mammoview.core.errors import DamagedDocumentError, InputError
from mammoview.core.paths import user_data
from mammoview.core.small_files import write_whole
from mammoview.training.tuning.pseudonyms import Pseudonyms, site_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mammoview.core.study import Mammogram
    from mammoview.training.cases.case import Case

SEAL: Final = "sealed.json"
_SCHEMA: Final = 1
_PSEUDONYM: Final = re.compile(r"P[0-9A-F]{12}")
_NEW_UID: Final = "2.25."


@dataclass(frozen=True)
class Seal:
    """``sealed.json``: which patients judge the model, and what they were when that was settled.

    Attributes
    ----------
    test_set
        SHA-256 and name of the site's sealed set.
    labels
        SHA-256 over the test patients' images with their labels and marks.
    split, cases
        SHA-256 of the tables at that time.
    made_at
        UTC, ISO 8601.
    """

    test_set: str
    labels: str
    split: str
    cases: str
    seed: int
    test_share: float
    validation_share: float
    made_at: str
    patients: int
    images: int
    reused_patients: int = 0
    schema: int = _SCHEMA


class SealedSets:
    """The site's sealed test sets.

    Parameters
    ----------
    folder
        Where they lie; None for the user's.
    but
        One that is left out: a project's own.

    Raises
    ------
    DamagedDocumentError
        When one was changed: nobody could say any more who must not be learned from.
    """

    def __init__(self, folder: Path | None = None, *, but: str = "") -> None:
        self._folder = folder or user_data() / "tuning" / "test_sets"
        self._patients: set[str] = set()
        self._images: set[str] = set()
        for path in sorted(self._folder.glob("*.csv")) if self._folder.is_dir() else ():
            if path.stem != but:
                self._read(path)

    def patients_in(self, cases: Sequence[Case], images: Sequence[Mammogram]) -> frozenset[str]:
        """The patients of some cases who belong to a sealed set: by their name, or by any of their images.

        Parameters
        ----------
        cases
            Any.
        images
            Headers of the first of them, in the same order.
        """
        if not self._patients:
            return frozenset()
        names = Pseudonyms(site_key())
        by_name = self.named(case.patient for case in cases)
        by_image = {
            case.patient
            for case, image in zip(cases, images, strict=False)
            if _image(case, image, names) in self._images
        }
        return frozenset(by_name | by_image)

    def named(self, patients: Iterable[str]) -> frozenset[str]:
        """Those of some patients whose name is in a sealed set."""
        if not self._patients:
            return frozenset()
        names = Pseudonyms(site_key())
        return frozenset(patient for patient in patients if _patient(patient, names) in self._patients)

    def add(self, cases: Sequence[Case], images: Sequence[Mammogram]) -> str:
        """Seal the cases of a test set; one that is sealed already is left as it is.

        Parameters
        ----------
        cases, images
            Of the test patients, in the same order.

        Returns
        -------
        str
            Its SHA-256.

        Raises
        ------
        OutputError
            When the disk refuses.
        """
        names = Pseudonyms(site_key())
        rows = {
            (_patient(case.patient, names), _image(case, image, names))
            for case, image in zip(cases, images, strict=True)
        }
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("patient", "image"))
        writer.writerows(sorted(rows))
        content = text.getvalue()
        digest = hashlib.sha256(content.encode()).hexdigest()
        write_whole(self._folder / f"{digest}.csv", content, "The sealed test set")
        return digest

    def _read(self, path: Path) -> None:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != path.stem:
            raise DamagedDocumentError(
                f"The sealed test set {path} was changed.",
                "Restore it from a backup: its patients may not be learned from.",
            )
        rows = list(csv.DictReader(io.StringIO(data.decode())))
        self._patients.update(row["patient"] for row in rows)
        self._images.update(row["image"] for row in rows)


def refuse_sealed(patients: Iterable[str]) -> None:
    """Refuse to learn from patients of any sealed test set of the site, whatever a table says.

    Parameters
    ----------
    patients
        Those who are to be learned from, or watched meanwhile.

    Raises
    ------
    InputError
        When one of them is sealed.
    DamagedDocumentError
        When a sealed set was changed.
    """
    sealed = SealedSets().named(patients)
    if sealed:
        raise InputError(
            f"{len(sealed)} of the patients to learn from belong to a sealed test set, {min(sealed)} for one.",
            "Go through the page “Split” again: who judged a model is never learned from.",
        )


def labels_hash(cases: Iterable[Case]) -> str:
    """Hash of what is known of some cases: whose, which view, label and marks. Paths do not count."""
    told = sorted(
        repr(
            (
                case.patient,
                case.path.name,
                case.laterality.value,
                case.view.value,
                case.is_malignant,
                case.lesions,
                hashlib.sha256(case.mask.read_bytes()).hexdigest() if case.mask else "",
            )
        )
        for case in cases
    )
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def read_seal(folder: Path) -> Seal:
    """Read a project's ``sealed.json``.

    Raises
    ------
    InputError
        When it is absent or damaged.
    """
    try:
        words: dict[str, Any] = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        return Seal(**words)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{folder.name} has no sealed test set.", "Go through the page “Split” again.") from error


def own_test_set(folder: Path) -> str:
    """SHA-256 of the test set that a project sealed itself; empty where it has not."""
    return read_seal(folder).test_set if (folder / SEAL).is_file() else ""


def check_seal(folder: Path, test: Sequence[Case]) -> Seal:
    """Make sure that a test set is what it was when it was sealed.

    Parameters
    ----------
    folder
        Of the project.
    test
        The cases of the test patients now.

    Raises
    ------
    InputError
        When patients, images, labels or marks of the test set changed since.
    """
    seal = read_seal(folder)
    if labels_hash(test) != seal.labels:
        raise InputError(
            "The sealed test set was changed: its patients, images, labels or marks are not those that were sealed.",
            "Restore cases.csv and split.csv; a corrected test set needs a new project.",
        )
    return seal


def _patient(name: str, names: Pseudonyms) -> str:
    """A patient's keyed hash; copies carry it as their name."""
    return name if _PSEUDONYM.fullmatch(name) else names.patient(name)


def _image(case: Case, image: Mammogram, names: Pseudonyms) -> str:
    """An image's keyed hash; copies carry it as their file's name."""
    return case.path.stem if case.path.stem.startswith(_NEW_UID) else names.uid(image.id)
