"""The split: by patient, alike in every class, the same for the same seed, and its test set sealed for good."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from case_makers import write_dicom, write_site

from mammoview.core.errors import DamagedDocumentError, InputError, UsageError
from mammoview.core.progress import never_cancel, no_progress
from mammoview.core.study import Grayscale, Laterality, Mammogram, SourceKind, ViewPosition
from mammoview.training.cases.case import Case
from mammoview.training.cases.manifest import read_manifest
from mammoview.training.tuning.case_reading import read_cases
from mammoview.training.tuning.dividing import divide, draw, seal
from mammoview.training.tuning.files import Files
from mammoview.training.tuning.messages import CaseSource, CasesRequest
from mammoview.training.tuning.messages import SourceKind as Source
from mammoview.training.tuning.sealing import SealedSets, check_seal, read_seal
from mammoview.training.tuning.site_groups import groups_of
from mammoview.training.tuning.split_file import SPLIT_REPORT, read_division
from mammoview.training.tuning.split_messages import Shares
from mammoview.training.tuning.splitting import SplitReport


def made(count: int, *, malignant: int = 3, vendors: int = 2) -> tuple[list[Case], list[Mammogram]]:
    """Two images of each patient; every so many-th is malignant."""
    cases, images = [], []
    for number in range(count):
        for side in Laterality:
            path = Path(f"/{number}{side.value}.dcm")
            is_malignant = number % malignant == 0 and side is Laterality.LEFT
            cases.append(Case(path, f"P{number:03d}", side, ViewPosition.CC, is_malignant))
            images.append(
                Mammogram(
                    f"1.2.{number}.{side.value}",
                    str(path),
                    SourceKind.DICOM,
                    10,
                    10,
                    Grayscale(12),
                    manufacturer=f"V{number % vendors}",
                )
            )
    return cases, images


def test_every_set_has_its_share_of_each_class_and_vendor() -> None:
    cases, images = made(120)
    drawn = divide(cases, images, Shares(5, 0.3, 0.2))
    counts = {count.name: (count.patients, count.malignant, count.benign) for count in drawn.counts}
    assert counts == {"training": (60, 20, 40), "validation": (24, 8, 16), "test": (36, 12, 24)}
    test = [number for number in range(120) if drawn.sets[f"P{number:03d}"] == "test"]
    assert 15 <= sum(number % 2 for number in test) <= 21
    assert drawn.notes == ()


def test_seed_decides_and_order_does_not() -> None:
    cases, images = made(40)
    first = divide(cases, images, Shares(1))
    assert divide(cases[::-1], images[::-1], Shares(1)).sets == first.sets
    assert divide(cases, images, Shares(2)).sets != first.sets
    assert len(set(map(tuple, (sorted(divide(cases, images, Shares(seed)).sets.items()) for seed in range(20))))) == 20


def test_earlier_test_patients_judge_again_and_fill_the_share() -> None:
    cases, images = made(40)
    old = frozenset({"P000", "P003", "P004", "elsewhere"})
    drawn = divide(cases, images, Shares(1, 0.25, 0.25), protected=old)
    assert drawn.reused == old - {"elsewhere"}
    assert all(drawn.sets[patient] == "test" for patient in drawn.reused)
    assert sum(found == "test" for found in drawn.sets.values()) == 10
    assert "judge again" in drawn.notes[0]
    # More of them than the share asks for are all kept.
    many = frozenset(f"P{number:03d}" for number in range(30))
    drawn = divide(cases, images, Shares(1, 0.25, 0.2), protected=many)
    assert {patient for patient, found in drawn.sets.items() if found == "test"} >= many


@pytest.mark.parametrize("seed", range(10))
def test_names_of_one_person_stay_together(seed: int) -> None:
    cases, images = made(30)
    groups = groups_of([("P001", "P002"), ("P002", "P009"), ("P020", "P021")])
    assert groups == (("P001", "P002", "P009"), ("P020", "P021"))
    drawn = divide(cases, images, Shares(seed), groups=groups, protected=frozenset({"P021"}))
    assert len({drawn.sets[name] for name in groups[0]}) == 1
    assert drawn.sets["P020"] == drawn.sets["P021"] == "test"


def test_shares_that_leave_nobody_are_refused() -> None:
    with pytest.raises(UsageError):
        Shares(1, 0.8, 0.2)
    cases, images = made(3)
    with pytest.raises(InputError, match="learn from"):
        divide(cases, images, Shares(1, 0.3, 0.0), protected=frozenset({"P000", "P001", "P002"}))


def test_class_of_one_is_told() -> None:
    cases, images = made(4, malignant=4)
    assert any("needs two of each" in note for note in divide(cases, images, Shares()).notes)


def project_of(folder: Path, table: Path, *, is_copied: bool = False) -> Path:
    folder.mkdir(parents=True)
    source = CaseSource(Source.TABLE, str(table), is_copied=is_copied)
    read_cases(CasesRequest(str(folder), source), no_progress, never_cancel, lambda value: None)
    return folder


def test_sealed_set_is_written_once_and_checked(tmp_path: Path) -> None:
    project = project_of(tmp_path / "one", write_site(tmp_path / "site", 8, views=("CC",)))
    preview, _, _ = draw(project, Shares(3))
    assert not (project / "split.csv").exists()
    drawn, made_seal = seal(project, Shares(3))
    assert drawn.sets == preview.sets
    assert (project / "split.csv").read_text().startswith("patient,set\nPAT0,")
    # Asked again, the same; with another seed, refused.
    again, same = seal(project, Shares(3))
    assert (again.sets, again.reused, same) == (drawn.sets, frozenset(), made_seal)
    with pytest.raises(UsageError, match="sealed"):
        seal(project, Shares(4))
    test = [case for case in read_manifest(project / "cases.csv").cases if drawn.sets[case.patient] == "test"]
    assert check_seal(project, test) == made_seal == read_seal(project)
    changed = [replace(test[0], is_malignant=not test[0].is_malignant), *test[1:]]
    for other in (changed, test[1:], []):
        with pytest.raises(InputError, match="was changed"):
            check_seal(project, other)


def test_killed_between_seal_and_split_the_same_set_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = project_of(tmp_path / "one", write_site(tmp_path / "site", 8, views=("CC",)))
    expected, cases, images = draw(project, Shares(3))
    judged = [place for place, case in enumerate(cases) if expected.sets[case.patient] == "test"]
    SealedSets().add([cases[place] for place in judged], [images[place] for place in judged])
    assert seal(project, Shares(3))[0].sets == expected.sets


def test_a_sealed_division_is_kept_to_be_shown_again(tmp_path: Path) -> None:
    project = project_of(tmp_path / "one", write_site(tmp_path / "site", 8, views=("CC",)))
    division, sealed = seal(project, Shares(3))
    kept = read_division(project, sealed)
    assert kept == SplitReport(division.counts, division.notes, len(division.reused), sealed)
    with pytest.raises(InputError, match="another seal"):
        read_division(project, replace(sealed, test_set="another"))
    (project / SPLIT_REPORT).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        read_division(project, sealed)
    # Sealing again with the same shares brings it back.
    seal(project, Shares(3))
    assert read_division(project, sealed) == kept


@pytest.mark.parametrize("is_copied", [False, True], ids=["in place", "copied"])
def test_later_project_protects_the_test_patients_under_any_name(tmp_path: Path, is_copied: bool) -> None:
    table = write_site(tmp_path / "site", 8, views=("CC",))
    first = project_of(tmp_path / "one", table)
    drawn, _ = seal(first, Shares(3, 0.25, 0.25))
    judged = {patient for patient, found in drawn.sets.items() if found == "test"}
    # The same images under other names, and one more exam of a test patient under her own.
    text = table.read_text()
    text = text.replace(",PAT", ",NEW")
    known = min(judged)
    write_dicom(tmp_path / "site" / "later.dcm", patient=known, seed=500, study="9")
    table.write_text(f"{text}later.dcm,{known},L,CC,benign\n")
    second = project_of(tmp_path / "two", table, is_copied=is_copied)
    later, _ = seal(second, Shares(99, 0.25, 0.25))
    assert len(later.reused) == len(judged) + 1
    assert all(later.sets[patient] == "test" for patient in later.reused)
    if not is_copied:
        assert later.reused == {patient.replace("PAT", "NEW") for patient in judged} | {known}


def test_changed_sealed_set_stops_every_later_split(tmp_path: Path, home: Path) -> None:
    project = project_of(tmp_path / "one", write_site(tmp_path / "site", 8, views=("CC",)))
    seal(project, Shares(3))
    (path,) = (home / "tuning" / "test_sets").glob("*.csv")
    assert "PAT" not in path.read_text()
    path.write_text("patient,image\n")
    with pytest.raises(DamagedDocumentError, match="was changed"):
        SealedSets()


def test_split_needs_a_seal_to_be_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sealed test set"):
        read_seal(tmp_path)


def test_table_that_learns_from_a_sealed_patient_is_refused(tmp_path: Path) -> None:
    project = project_of(tmp_path / "one", write_site(tmp_path / "site", 8, views=("CC",)))
    drawn, _ = seal(project, Shares(3))
    assert Files(project).sides().test == {name for name, found in drawn.sets.items() if found == "test"}
    path = project / "split.csv"
    path.write_text(path.read_text().replace(",test", ",training", 1))
    with pytest.raises(InputError, match="sealed test set"):
        Files(project).sides()
    # In another project, too.
    other = project_of(tmp_path / "two", tmp_path / "site" / "site.csv", is_copied=True)
    names = sorted({case.patient for case in read_manifest(other / "cases.csv").cases})
    lines = [f"{name},{'test' if place == 0 else 'training'}" for place, name in enumerate(names)]
    (other / "split.csv").write_text("patient,set\n" + "\n".join(lines) + "\n")
    with pytest.raises(InputError, match="sealed test set"):
        Files(other).sides()
