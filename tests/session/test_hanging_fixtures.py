"""Made-up studies hang as they are meant to, from the file to the screen's grid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mammoview.core.geometry import Dihedral
from mammoview.core.study import PresentationIntent, Study
from mammoview.dicom.fixtures import read_manifest
from mammoview.dicom.scan import scan
from mammoview.session.hanging import Hanging, priors
from mammoview.session.orientation import Side
from mammoview.session.stages import hang

FixturesDir = Callable[[str], Path]


def studies(folder: Path, below: str = ".") -> tuple[Study, ...]:
    return scan([folder / below]).studies


def study(folder: Path, below: str) -> Study:
    (one,) = studies(folder, below)
    return one


def grid(hanging: Hanging) -> list[list[str]]:
    rows = [["" for _ in range(hanging.columns)] for _ in range(hanging.rows)]
    for slot in hanging.slots:
        rows[slot.row][slot.column] = Path(slot.stack[0].image.path).stem if slot.stack else f"no {slot.label}"
    return rows


def stage(one: Study, name: str) -> Hanging:
    return hang(one, stage=hang(one).stages.index(name))


@pytest.mark.meets("MG-B04", "MG-B06")
def test_all_eight_ways_of_storing_lie_down_as_the_generator_drew_them(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("dihedral")
    told = {entry.file: entry.expect for entry in read_manifest(folder)}
    seen = 0
    for one in studies(folder):
        hanging = hang(one)
        assert [slot.label for slot in hanging.slots] == ["RCC", "LCC", "RMLO", "LMLO"]
        for item in hanging.hung:
            truth = told[Path(item.image.path).relative_to(folder).as_posix()]
            drawn = Dihedral(*(bool(truth[key]) for key in ("transpose", "flip_rows", "flip_columns")))
            assert item.orientation.dihedral == drawn
            assert item.orientation.chest_wall is (Side.RIGHT if item.image.label[0] == "R" else Side.LEFT)
            seen += 1
    assert seen == 32


@pytest.mark.meets("MG-B13")
def test_implants(fixtures_dir: FixturesDir) -> None:
    assert grid(hang(study(fixtures_dir("special_views"), "implant"))) == [
        ["RMLO", "LMLO", "RCC", "LCC"],
        ["RMLOID", "LMLOID", "RCCID", "LCCID"],
    ]


@pytest.mark.meets("MG-G01")
def test_partial_views(fixtures_dir: FixturesDir) -> None:
    one = study(fixtures_dir("special_views"), "mosaic")
    assert grid(stage(one, "LCC, partial views side by side")) == [["LCC_posterior", "LCC_anterior"]]
    assert grid(stage(one, "LMLO, partial views side by side")) == [["LMLO_superior"], ["LMLO_inferior"]]


@pytest.mark.meets("MG-G03", "MG-B12")
def test_spots_and_magnifications(fixtures_dir: FixturesDir) -> None:
    one = study(fixtures_dir("special_views"), "diagnostic")
    assert grid(hang(one)) == [["RCC", "LCC"], ["RMLO", "LMLO"]]
    below = stage(one, "Spot and magnification below their views")
    assert grid(below) == [["LCC", "RMLO"], ["LMCC", "RMMLO"]]
    assert [len(slot.stack) for slot in below.slots if slot.row == 1] == [2, 2]


@pytest.mark.meets("MG-G06", "MG-B14")
def test_a_specimen_and_a_biopsy(fixtures_dir: FixturesDir) -> None:
    one = study(fixtures_dir("special_views"), "specimen")
    hanging = hang(one)
    assert grid(hanging) == [["LCC"]]
    assert hanging.behind == ()
    assert grid(stage(one, "Specimens")) == [["specimen"]]
    biopsy = stage(one, "Biopsy")
    assert grid(biopsy) == [["biopsy"]]
    assert "12.5, 31.0, 22.0 mm" in next(biopsy.hung).image.biopsy_targets[0]
    assert next(stage(one, "Specimens").hung).orientation.dihedral == Dihedral()


@pytest.mark.meets("MG-G07")
def test_a_contrast_pair(fixtures_dir: FixturesDir) -> None:
    one = study(fixtures_dir("special_views"), "contrast")
    assert grid(hang(one)) == [["LMLO_low"], ["LMLO_recombined"]]


@pytest.mark.meets("MG-A03")
@pytest.mark.parametrize("name", ["yes", "no", "absent"])
def test_a_raw_image_with_its_twin(fixtures_dir: FixturesDir, name: str) -> None:
    hanging = hang(study(fixtures_dir("processing_pair"), name))
    assert [item.image.intent for item in hanging.hung] == [PresentationIntent.FOR_PRESENTATION]
    assert [image.intent for image in hanging.withheld] == [PresentationIntent.FOR_PROCESSING]


@pytest.mark.meets("MG-A03")
def test_a_raw_image_alone(fixtures_dir: FixturesDir) -> None:
    hanging = hang(study(fixtures_dir("processing_pair"), "alone"))
    assert [item.image.intent for item in hanging.hung] == [PresentationIntent.FOR_PROCESSING]


@pytest.mark.meets("MG-B10", "MG-B11")
def test_a_prior_and_no_strangers(fixtures_dir: FixturesDir) -> None:
    every = studies(fixtures_dir("priors"))
    now = next(one for one in every if one.date == "20250310" and one.patient_id.endswith("WOMAN"))
    for order in (every, every[::-1]):
        earlier = priors(now, order)
        assert [one.date for one in earlier] == ["20230206"]
        hanging = hang(now, "with_prior", priors=earlier)
        assert grid(hanging) == [["RMLO", "LMLO", "RCC", "LCC"]] * 2
        assert {item.image.patient_id for item in hanging.hung} == {now.patient_id}
        assert [item.image.study_date for item in hanging.hung] == ["20230206"] * 4 + ["20250310"] * 4
