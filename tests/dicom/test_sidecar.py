from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mammoview.core.study import Laterality, ViewPosition
from mammoview.dicom.file_names import load_rules
from mammoview.dicom.scan import scan


def draw(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        Image.fromarray(np.full((8, 6), 10 + number, np.uint8)).save(folder / name)


@pytest.mark.meets("MG-A07", "MG-K01")
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_says_what_pictures_are(tmp_path: Path, delimiter: str) -> None:
    draw(tmp_path, "1.png", "2.tif", "3.png")
    lines = (
        ("File", "Side", "View", "Case", "Date", "Spacing"),
        ("1.png", "left", "MLO", "Ann", "2020-01-31", "0.05"),
        ("2.tif", "R", "cc", "Ann", "20200131", "0.05 0.06"),
    )
    (tmp_path / "mammoview.csv").write_text("\n".join(map(delimiter.join, lines)), encoding="utf-8-sig")
    result = scan([tmp_path])
    assert not result.problems
    study = next(study for study in result.studies if study.patient_id == "Ann")
    by_label = {image.label: image for image in study.images}
    assert set(by_label) == {"LMLO", "RCC"}
    assert study.date == "20200131"
    assert by_label["LMLO"].spacing_mm == (0.05, 0.05)
    assert by_label["RCC"].spacing_mm == (0.05, 0.06)
    assert by_label["RCC"].spacing_source == "table mammoview.csv"
    assert {(entry.attribute, entry.source) for entry in by_label["RCC"].inferred} == {
        ("laterality", "table mammoview.csv"),
        ("view", "table mammoview.csv"),
    }


@pytest.mark.meets("MG-K01")
def test_the_table_wins_over_names_and_names_fill_its_gaps(tmp_path: Path) -> None:
    draw(tmp_path, "ann_R_CC.png")
    (tmp_path / "mammoview.csv").write_text("file,side\nann_R_CC.png,L\n")
    (image,) = scan([tmp_path]).studies[0].images
    assert (image.laterality, image.view) == (Laterality.LEFT, ViewPosition.CC)
    assert {entry.attribute: entry.source for entry in image.inferred} == {
        "laterality": "table mammoview.csv",
        "view": "file name",
    }


@pytest.mark.meets("MG-K01")
def test_all_mistakes_of_a_table_make_one_message(tmp_path: Path) -> None:
    draw(tmp_path, "1.png")
    wrong = "\n".join(f"gone{number}.png,L,CC,0.05" for number in range(5))
    (tmp_path / "mammoview.csv").write_text(f"file,side,view,spacing\n1.png,left-hand,CC,50\n{wrong}\n")
    result = scan([tmp_path])
    (problem,) = result.problems
    assert problem.path == str(tmp_path / "mammoview.csv")
    for text in ("LEFT-HAND", "spacing 50", "line 2", "gone0.png", "2 more"):
        assert text in problem.message
    (image,) = result.studies[0].images
    assert (image.laterality, image.view, image.spacing_mm) == (None, ViewPosition.CC, None)


@pytest.mark.parametrize(
    "content", [b"name;side\n1.png;L\n", b"\xff\xfe\x00broken", b"", b'file,side\n"' + b"x" * 200_000]
)
def test_a_table_that_is_none_leaves_it_to_the_names(tmp_path: Path, content: bytes) -> None:
    draw(tmp_path, "ann_RCC.png")
    (tmp_path / "mammoview.csv").write_bytes(content)
    result = scan([tmp_path])
    assert len(result.problems) == 1
    assert result.studies[0].images[0].label == "RCC"


@pytest.mark.meets("MG-K01")
def test_collections_name_their_pictures_in_their_own_way(tmp_path: Path) -> None:
    draw(tmp_path, "22678622_61b13c59bcba149e_MG_R_ML_ANON.png")
    (image,) = scan([tmp_path]).studies[0].images
    # INbreast calls its oblique views ML.
    assert image.label == "RMLO"
    assert image.patient_id == "61b13c59bcba149e"


@pytest.mark.meets("MG-K01")
def test_patterns_of_the_user_are_tried_first(tmp_path: Path) -> None:
    own = tmp_path / "file_names.toml"
    own.write_text(
        "[sides]\nL = ['LINKS']\n"
        "[[patterns]]\nname = 'ours'\nregex = '(?P<case>[^-]+)-(?P<view>.)(?P<side>.)'\n"
        "read = { s = 'MLO', r = 'R' }\n"
        "[[patterns]]\nname = 'bad'\nregex = '('\n"
    )
    rules, problems = load_rules(own)
    assert [("bad" in problem.message) for problem in problems] == [True]
    said = rules.read("ann-sr")
    assert (said.case, said.laterality, said.view) == ("ann", Laterality.RIGHT, ViewPosition.MLO)
    assert rules.read("ann_links_cc").laterality is Laterality.LEFT
    assert rules.read("00221_RIGHT_MLO").laterality is Laterality.RIGHT
