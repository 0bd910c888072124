"""Public collections, as miniatures of their documented layouts and, where they are, the real ones."""

from __future__ import annotations

import datetime
import plistlib
import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest

from mammoview.core.errors import InputError
from mammoview.core.findings import LesionKind, PatchClass
from mammoview.core.geometry import Box
from mammoview.core.study import Laterality, ViewPosition, VoiWindow
from mammoview.dicom.create import NewMammogram, make_uid, write_mammogram
from mammoview.dicom.tags import MG_FOR_PROCESSING
from mammoview.training.cases.case import boxed, labelled, outline_mask, outlined
from mammoview.training.cases.importers import IMPORTERS, open_data
from mammoview.training.cases.manifest import ManifestError, read_manifest, write_manifest

LEFT, RIGHT, CC, MLO = Laterality.LEFT, Laterality.RIGHT, ViewPosition.CC, ViewPosition.MLO


def mg(path: Path, side: Laterality, view: ViewPosition, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = NewMammogram(
        sop_uid=make_uid(path.name, seed),
        series_uid=make_uid(path.name, seed, "series"),
        study_uid=make_uid("study", seed),
        view=view,
        laterality=side,
        spacing_mm=(0.1, 0.1),
        patient_id="removed",
        patient_name="removed",
        birth_date="",
        age_years=50,
        study_date="20240101",
        study_time="120000",
        windows=(VoiWindow(2048, 4096),),
    )
    write_mammogram(path, np.random.default_rng(seed).integers(100, 4000, (90, 70)).astype(np.uint16), header)


@pytest.fixture
def inbreast(tmp_path: Path) -> Path:
    """Three images of two patients; one has a mass, a cluster and a single point, one has no contours."""
    root = tmp_path / "INbreast Release 1.0"
    lines = ["Patient ID;Patient age;Laterality;View;Acquisition date;File Name;ACR;Bi-Rads"]
    images = [
        ("20586908", "6c613a14b80a8591", "R", "CC", "4c", "1"),
        ("20586934", "6c613a14b80a8591", "R", "ML", "3", "     "),
        ("22580192", "5530d5782fc89dd7", "L", "ML", "1", "2"),
    ]
    for seed, (number, patient, side, view, birads, acr) in enumerate(images):
        lines.append(f"removed;removed;{side};{view.replace('ML', 'MLO')};201001;{number};{acr};{birads}")
        path = root / "AllDICOMs" / f"{number}_{patient}_MG_{side}_{view}_ANON.dcm"
        mg(path, Laterality(side), CC if view == "CC" else MLO, seed)
    (root / "INbreast.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rois = [
        ("Mass", ["(20.0, 30.0)", "(40.0, 30.0)", "(40.0, 60.5)", "(20.0, 60.5)"]),
        ("Cluster", ["(50.5, 10.0)", "(60.5, 10.0)", "(55.0, 20.0)"]),
        ("Calcification", ["(5.0, 5.0)"]),
        ("Asymmetry", ["(1.0, 1.0)", "(9.0, 1.0)", "(9.0, 9.0)"]),
    ]
    regions = [{"Name": name, "NumberOfPoints": len(points), "Point_px": points} for name, points in rois]
    (root / "AllXML").mkdir()
    with (root / "AllXML" / "20586908.xml").open("wb") as file:
        plistlib.dump({"Images": [{"NumberOfROIs": len(regions), "ROIs": regions}]}, file)
    return root


def test_inbreast_has_contours_and_labels_from_birads(inbreast: Path) -> None:
    opened = open_data(inbreast)
    assert opened.sources == ("INbreast",)
    first, second, third = opened.cases
    assert [case.is_malignant for case in opened.cases] == [True, None, False]
    assert [case.patient for case in opened.cases] == ["6c613a14b80a8591"] * 2 + ["5530d5782fc89dd7"]
    assert [(case.laterality, case.view) for case in opened.cases] == [(RIGHT, CC), (RIGHT, MLO), (LEFT, MLO)]
    assert first.study_date == datetime.date(2010, 1, 1)
    mass, cluster, asymmetry = first.lesions
    # Points are (x, y): the mass covers rows 30 to 60.5 and columns 20 to 40.
    assert mass.box == Box(30, 20, 60.5, 40)
    assert (mass.kind, cluster.kind, asymmetry.kind) == (LesionKind.MASS, LesionKind.CALCIFICATION, None)
    assert first.class_of(cluster) is PatchClass.MALIGNANT_CALCIFICATION
    assert np.count_nonzero(outline_mask([mass], (90, 70))) == pytest.approx(30.5 * 20, rel=0.08)
    assert second.lesions == third.lesions == ()
    assert outlined(opened.cases) == (first,)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("INbreast.csv", "20586934", "99999999"), "does not name the image 20586934"),
        (("INbreast.csv", "R;CC", "L;CC"), "name different sides"),
        (("INbreast.csv", ";4c", ";x"), "make no sense"),
        (("INbreast.csv", "Bi-Rads", "Assessment"), "lacks the columns Bi-Rads"),
        (("AllXML/20586908.xml", "(20.0, 30.0)", "20 30"), "does not hold contours"),
        (("AllXML/20586908.xml", "</plist>", ""), "does not hold contours"),
    ],
)
def test_damaged_inbreast_is_refused(inbreast: Path, change: tuple[str, str, str], said: str) -> None:
    name, before, after = change
    path = inbreast / name
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        open_data(inbreast)


def test_inbreast_without_its_table_or_images_says_what_to_do(inbreast: Path) -> None:
    shutil.rmtree(inbreast / "AllDICOMs")
    with pytest.raises(InputError, match="holds no images"):
        open_data(inbreast)
    (inbreast / "INbreast.csv").rename(inbreast / "INbreast.xls")
    with pytest.raises(InputError, match=r"Save the sheet as INbreast\.csv"):
        open_data(inbreast)


@pytest.fixture
def vindr(tmp_path: Path) -> Path:
    """Two exams; the first has a mass and a finding of two kinds in its left breast."""
    root = tmp_path / "vindr-mammo"
    breasts = ["study_id,series_id,image_id,laterality,view_position,height,width,breast_birads,breast_density,split"]
    findings = [
        "image_id,study_id,series_id,laterality,view_position,height,width,breast_birads,breast_density,"
        "finding_categories,finding_birads,xmin,ymin,xmax,ymax,split"
    ]
    images = [("s1", "i1", "L", "CC", 5), ("s1", "i2", "R", "MLO", 1), ("s2", "i3", "L", "CC", 3)]
    for seed, (study, image, side, view, birads) in enumerate(images):
        breasts.append(f"{study},x,{image},{side},{view},90,70,BI-RADS {birads},DENSITY C,training")
        mg(root / "images" / study / f"{image}.dicom", Laterality(side), ViewPosition(view), seed)
    for row in (
        "i1,s1,x,L,CC,90,70,BI-RADS 5,DENSITY C,['Mass'],BI-RADS 5,10.5,20,30,45.5,training",
        "i1,s1,x,L,CC,90,70,BI-RADS 5,DENSITY C,\"['Mass', 'Suspicious Calcification']\",BI-RADS 4,-3,1,9,9,training",
        "i1,s1,x,L,CC,90,70,BI-RADS 5,DENSITY C,['Suspicious Calcification'],BI-RADS 3,40,50,60,70,training",
        "i2,s1,x,R,MLO,90,70,BI-RADS 1,DENSITY C,['No Finding'],,,,,,training",
    ):
        findings.append(row)
    (root / "breast-level_annotations.csv").write_text("\n".join(breasts) + "\n", encoding="utf-8")
    (root / "finding_annotations.csv").write_text("\n".join(findings) + "\n", encoding="utf-8")
    return root


def test_vindr_has_boxes_with_an_assessment_of_their_own(vindr: Path) -> None:
    cases = open_data(vindr).cases
    assert [(case.patient, case.laterality, case.view) for case in cases] == [
        ("s1", LEFT, CC),
        ("s1", RIGHT, MLO),
        ("s2", LEFT, CC),
    ]
    assert [case.is_malignant for case in cases] == [True, False, None]
    mass, both, calcification = cases[0].lesions
    assert mass.box == Box(20, 10.5, 45.5, 30)
    assert (mass.kind, mass.is_malignant) == (LesionKind.MASS, True)
    assert (both.kind, both.box) == (None, Box(1, 0, 9, 9))
    assert (calcification.kind, calcification.is_malignant) == (LesionKind.CALCIFICATION, None)
    assert cases[1].lesions == ()
    assert boxed(cases) == (cases[0],)


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("breast-level_annotations.csv", "BI-RADS 5", "BI-RADS five", "describes i1"),
        ("breast-level_annotations.csv", "i3,L", "i3,left", "describes i3"),
        ("breast-level_annotations.csv", "s2,x,i3", "s2,x,i4", "1 of 3 images of VinDr-Mammo are missing"),
        ("finding_annotations.csv", "10.5", "ten", "marks i1"),
        ("finding_annotations.csv", "finding_birads", "birads", "lacks the columns finding_birads"),
    ],
)
def test_damaged_vindr_is_refused(vindr: Path, name: str, before: str, after: str, said: str) -> None:
    path = vindr / name
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        open_data(vindr)


@pytest.fixture
def mias(tmp_path: Path) -> Path:
    root = tmp_path / "mias"
    text = (
        "This text comes with the images.\n\nmdb001 G CIRC B 535 425 197\nmdb002 G CIRC B 522 280 69\n"
        "mdb003 D NORM \nmdb004 D NORM\nmdb005 F CIRC B 477 133 30\nmdb005 F CALC M 500 168 26\n"
        "mdb006 F CALC M *NOTE 3*\n"
    )
    (root / "all-mias").mkdir(parents=True)
    (root / "Info.txt").write_text(text, encoding="utf-8")
    for number in range(1, 7):
        pixels = np.random.default_rng(number).integers(0, 255, (1024, 1024)).astype(np.uint8)
        assert cv2.imwrite(str(root / "all-mias" / f"mdb{number:03d}.pgm"), pixels)
    return root


def test_mini_mias_counts_rows_from_the_bottom_and_pairs_its_films(mias: Path) -> None:
    cases = open_data(mias).cases
    assert [case.patient for case in cases] == ["001", "001", "002", "002", "003", "003"]
    # As the original names have it: mdb001lm, mdb002rl.
    assert [case.laterality for case in cases] == [LEFT, RIGHT] * 3
    assert {case.view for case in cases} == {MLO}
    assert [case.is_malignant for case in cases] == [False, False, False, False, True, True]
    (first,) = cases[0].lesions
    assert first.box.centre == (1024 - 425, 535)
    assert first.box.height_px == 2 * 197
    benign, malignant = cases[4].lesions
    assert (benign.kind, benign.is_malignant) == (LesionKind.MASS, False)
    assert (malignant.kind, malignant.is_malignant) == (LesionKind.CALCIFICATION, True)
    # Widespread calcifications have no place.
    assert cases[5].lesions == ()
    shutil.move(mias / "Info.txt", mias / "all-mias" / "README")
    assert open_data(mias / "all-mias").cases == cases == open_data(mias).cases


def test_damaged_mini_mias_is_refused(mias: Path) -> None:
    listed = mias / "Info.txt"
    text = listed.read_text(encoding="utf-8")
    listed.write_text(text.replace("CIRC B 535 425 197", "CIRC"), encoding="utf-8")
    with pytest.raises(InputError, match="no severity for mdb001"):
        open_data(mias)
    listed.write_text(text + "mdb007 G NORM\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"mdb007\.pgm is missing"):
        open_data(mias)
    listed.write_text("nothing\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds no lines"):
        open_data(mias)


@pytest.mark.parametrize("name", ["inbreast", "vindr", "mias"])
def test_a_collection_becomes_a_table_and_back(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    cases = open_data(request.getfixturevalue(name)).cases
    write_manifest(cases, tmp_path / "manifest.csv")
    opened = open_data(tmp_path)
    assert opened.sources == ("manifest.csv",)
    assert len(opened.cases) == len(cases)
    for before, after in zip(cases, opened.cases, strict=True):
        assert (after.path, after.patient, after.breast, after.view) == (
            before.path,
            before.patient,
            before.breast,
            before.view,
        )
        assert (after.is_malignant, after.study_date) == (before.is_malignant, before.study_date)
        assert [lesion.box for lesion in after.lesions] == [lesion.box for lesion in before.lesions]
        assert (after.mask is not None) == any(lesion.contour for lesion in before.lesions)


def test_a_raw_image_is_a_bad_row(vindr: Path, tmp_path: Path) -> None:
    path = vindr / "images" / "s1" / "i1.dicom"
    dataset = pydicom.dcmread(path)
    dataset.PresentationIntentType = "FOR PROCESSING"
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = MG_FOR_PROCESSING
    dataset.save_as(path)
    write_manifest(open_data(vindr).cases, tmp_path / "cases.csv")
    with pytest.raises(ManifestError, match=r"line 2, path: the image is raw"):
        read_manifest(tmp_path / "cases.csv")


def test_files_of_one_patient_under_two_names_are_told(vindr: Path, tmp_path: Path) -> None:
    """All files of the miniature carry the patient ID “removed”; its table has two patients."""
    write_manifest(open_data(vindr).cases, tmp_path / "cases.csv")
    (warning,) = read_manifest(tmp_path / "cases.csv").warnings
    assert "2 patients of the table have files with the same patient ID “removed”: s1, s2." in warning
    write_manifest(open_data(vindr).cases[:2], tmp_path / "cases.csv")
    assert read_manifest(tmp_path / "cases.csv").warnings == ()


def test_what_nothing_fits_is_refused_with_one_message(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(InputError, match="holds no data that are known") as caught:
            open_data(path)
        for importer in IMPORTERS.values():
            assert importer.title in caught.value.hint
        assert "manifest.csv" in caught.value.hint


@pytest.mark.data
def test_the_public_data_become_cases(data: Path) -> None:
    opened = open_data(data)
    assert opened.sources == ("CBIS-DDSM", "CDD-CESM")
    assert len(opened.cases) == 1206 + 270
    assert len(labelled(opened.cases)) == 1206
    assert sum(len(case.lesions) for case in opened.cases) == 1291
    assert len(outlined(opened.cases)) == 270
    cbis, cesm = IMPORTERS["cbis"](data / "cbis_ddsm").cases, IMPORTERS["cesm"](data / "cdd_cesm").cases
    assert (*cbis, *cesm) == opened.cases
    aspects = [case.true_size[0] / case.true_size[1] for case in cbis if case.true_size]
    assert len(aspects) == len(cbis)
    assert 1.29 <= min(aspects) <= max(aspects) <= 2.41
    assert Counter(case.view for case in cesm).keys() == {CC, MLO}
