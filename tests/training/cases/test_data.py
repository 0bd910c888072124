"""Indices from a small made-up data folder, and from the real one where it is."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from mammoview.core.errors import InputError
from mammoview.core.findings import LesionKind
from mammoview.models.preprocess import ImageSpec
from mammoview.training.cases import data as index
from mammoview.training.cases.images import film_images, load_images, save_images
from mammoview.training.cases.tiles import TileSet, isotropic, patch_tiles, segmentation_tiles

HEADS = {
    "mass": "patient_id,breast_density,left or right breast,image view,abnormality id,pathology\n",
    "calc": "patient_id,breast density,left or right breast,image view,abnormality id,pathology\n",
}
FILM = (4800, 3200)


def write_gray(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    """One film with two masses (one malignant) and a malignant calcification, one film with a benign mass."""
    base = tmp_path / "cbis_ddsm"
    noise = np.random.default_rng(0)
    # (patient, side, boxes in native pixels (row, col, height, width), pathologies)
    films = [
        ("00001", "LEFT", [(1000, 500, 600, 300), (3000, 900, 240, 420)], ["MALIGNANT", "BENIGN"]),
        ("00002", "RIGHT", [(2000, 2000, 500, 500)], ["BENIGN_WITHOUT_CALLBACK"]),
    ]
    tables = dict(HEADS)
    coco: dict[str, list[dict[str, object]]] = {"images": [], "annotations": []}
    for number, (patient, side, boxes, pathologies) in enumerate(films):
        name = f"{patient}_{side}_CC.jpg"
        picture = noise.integers(90, 110, (800, 800)).astype(np.uint8)
        coco["images"].append({"id": number, "file_name": name})
        for k, ((row, col, height, width), pathology) in enumerate(zip(boxes, pathologies, strict=True), start=1):
            down, across = 800 / FILM[0], 800 / FILM[1]
            box = [col * across, row * down, width * across, height * down]
            # The order of the boxes is not that of the crops.
            coco["annotations"].insert(0, {"id": k, "image_id": number, "bbox": box})
            top, left = int(box[1]), int(box[0])
            picture[top : top + int(box[3]), left : left + int(box[2])] = 200
            crop = np.full((height + 32, width + 32), 200, np.uint8)
            write_gray(base / "crops" / "mass" / pathology.lower() / f"P_{patient}_{side}_CC_3_{k}.jpg", crop)
            tables["mass"] += f"P_{patient},3,{side},CC,{k},{pathology}\n"
        write_gray(base / "mammograms" / name, picture)
    write_gray(base / "crops" / "calc" / "malignant" / "P_00001_LEFT_CC_X_Y_1.jpg", noise.integers(0, 255, (200, 300)))
    tables["calc"] += "P_00001,3,LEFT,CC,1,MALIGNANT\n"
    for kind, text in tables.items():
        (base / f"{kind}_cases.csv").write_text(text, encoding="utf-8")
    (base / "mass_boxes.coco.json").write_text(json.dumps(coco), encoding="utf-8")
    return tmp_path


def test_boxes_find_their_lesions_and_films_their_size(made_up: Path) -> None:
    first, second = index.cbis_films(made_up, index.cbis_lesions(made_up))
    assert first.is_malignant
    assert first.has_calcification
    assert not second.is_malignant
    for film in (first, second):
        np.testing.assert_allclose(film.native_size, FILM, rtol=0.01)
    malignant = {round(mass.box.row0 * FILM[0] / 800): mass.is_malignant for mass in first.masses}
    assert malignant == {1000: True, 3000: False}


def test_an_image_is_malignant_for_its_calcification_alone(made_up: Path) -> None:
    base = made_up / "cbis_ddsm"
    table = base / "mass_cases.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("CC,1,MALIGNANT", "CC,1,BENIGN"), encoding="utf-8")
    crop = base / "crops" / "mass" / "malignant" / "P_00001_LEFT_CC_3_1.jpg"
    crop.rename(base / "crops" / "mass" / "benign" / crop.name)
    first, _ = index.cbis_films(made_up, index.cbis_lesions(made_up))
    assert not any(mass.is_malignant for mass in first.masses)
    assert first.is_malignant


def test_a_lesion_carries_what_its_readers_wrote(made_up: Path) -> None:
    base = made_up / "cbis_ddsm"
    head = "patient_id,{},left or right breast,image view,abnormality id,{},assessment,pathology,subtlety\n"
    (base / "mass_cases.csv").write_text(
        head.format("breast_density", "mass shape,mass margins")
        + "P_00001,3,LEFT,CC,1,IRREGULAR-ARCHITECTURAL_DISTORTION,SPICULATED,5,MALIGNANT,0\n"
        + "P_00001,3,LEFT,CC,2,OVAL,N/A,2,BENIGN,4\n"
        + "P_00002,9,RIGHT,CC,1,,,,BENIGN_WITHOUT_CALLBACK,\n",
        encoding="utf-8",
    )
    (base / "calc_cases.csv").write_text(
        head.format("breast density", "calc type,calc distribution")
        + "P_00001,3,LEFT,CC,1,ROUND_AND_REGULAR-LUCENT_CENTERED,CLUSTERED,4,MALIGNANT,3\n",
        encoding="utf-8",
    )
    found = {(le.kind, le.key.patient, le.number): le.details for le in index.cbis_lesions(made_up)}
    assert found == {
        (LesionKind.MASS, "00001", 1): index.LesionDetails(
            shape=("architectural_distortion", "irregular"), margins=("spiculated",), density=3, assessment=5
        ),
        (LesionKind.MASS, "00001", 2): index.LesionDetails(shape=("oval",), density=3, assessment=2, subtlety=4),
        (LesionKind.MASS, "00002", 1): index.LesionDetails(),
        (LesionKind.CALCIFICATION, "00001", 1): index.LesionDetails(
            calcification_type=("lucent_center", "round_and_regular"),
            distribution=("clustered",),
            density=3,
            assessment=4,
            subtlety=3,
        ),
    }


def test_a_folder_that_contradicts_the_table_is_refused(made_up: Path) -> None:
    crop = made_up / "cbis_ddsm" / "crops" / "mass" / "malignant" / "P_00001_LEFT_CC_3_1.jpg"
    crop.rename(made_up / "cbis_ddsm" / "crops" / "mass" / "benign" / crop.name)
    with pytest.raises(InputError, match="contradicts"):
        index.cbis_lesions(made_up)


def test_absent_data_are_named(tmp_path: Path) -> None:
    for folder in ("cbis_ddsm", "cdd_cesm"):
        (tmp_path / folder).mkdir()
    for kind, text in HEADS.items():
        (tmp_path / "cbis_ddsm" / f"{kind}_cases.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="no lesion crops"):
        index.cbis_lesions(tmp_path)
    with pytest.raises(InputError, match="no images"):
        index.cesm_images(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        index.read_gray(tmp_path / "absent.jpg")


def test_tiles_show_their_lesion_in_the_middle(made_up: Path, tmp_path: Path) -> None:
    lesions = index.cbis_lesions(made_up)
    films = index.cbis_films(made_up, lesions)
    found = patch_tiles(lesions, films, seed=1)
    counts = Counter(found.labels.tolist())
    # Each mass twice, the calcification twice, background from the film without calcifications alone.
    assert counts == {4: 2, 3: 4, 2: 2, 0: 2}
    assert set(found.patients[found.labels == 0]) == {"00002"}
    np.testing.assert_allclose((found.boxes[:, :2] + found.boxes[:, 2:]) / 2, 96, atol=0.01)
    mass = found.pixels[np.flatnonzero(found.labels == 4)[0]].astype(float)
    row0, col0, row1, col1 = found.boxes[np.flatnonzero(found.labels == 4)[0]].round().astype(int)
    assert mass[row0 + 4 : row1 - 4, col0 + 4 : col1 - 4].mean() > 190
    assert mass[:, : col0 - 6].mean() < 115
    assert (row1 - row0, col1 - col0) == (64, 32)
    found.save(tmp_path / "tiles.npz")
    np.testing.assert_array_equal(TileSet.load(tmp_path / "tiles.npz").pixels, found.pixels)


def test_the_aspect_of_a_film_comes_back(made_up: Path) -> None:
    film = index.cbis_films(made_up, index.cbis_lesions(made_up))[0]
    rows, columns = isotropic(film).shape
    assert rows / columns == pytest.approx(FILM[0] / FILM[1], rel=0.01)


def test_masks_of_skin_and_specks_are_left_out(tmp_path: Path) -> None:
    mask = np.zeros((512, 512), np.uint8)
    cv2.circle(mask, (200, 250), 30, 255, -1)
    cv2.circle(mask, (40, 40), 3, 255, -1)
    cv2.ellipse(mask, (100, 300), (220, 180), 0, -60, 60, 255, 3)
    write_gray(tmp_path / "cdd_cesm" / "images" / "P7_L_DM_CC.jpg", np.full((512, 512), 90, np.uint8))
    write_gray(tmp_path / "cdd_cesm" / "masks" / "P7_L_DM_CC.jpg", mask)
    found = segmentation_tiles(index.cesm_images(tmp_path))
    assert found.patients.tolist() == ["7"]
    # A disc of 61 px in a square of three long sides.
    assert found.masks[0].mean() == pytest.approx(np.pi / 4 / 9, rel=0.05)


def test_whole_films_are_prepared_and_kept(made_up: Path, tmp_path: Path) -> None:
    films = index.cbis_films(made_up, index.cbis_lesions(made_up))
    spec = ImageSpec(rows=64, columns=32)
    found = film_images(films, spec)
    assert found.pixels.shape == (2, 64, 32)
    assert found.labels.tolist() == [1, 0]
    assert found.breasts.tolist() == ["00001_L", "00002_R"]
    save_images(found, tmp_path / "images.npz")
    np.testing.assert_array_equal(load_images(tmp_path / "images.npz").pixels, found.pixels)


@pytest.mark.data
def test_the_public_data_are_what_their_tables_say(data: Path) -> None:
    lesions = index.cbis_lesions(data)
    assert Counter(lesion.kind for lesion in lesions) == {LesionKind.MASS: 1291, LesionKind.CALCIFICATION: 1490}
    assert sum("spiculated" in lesion.details.margins for lesion in lesions) == 311
    assert Counter(lesion.details.density for lesion in lesions) == {1: 446, 2: 1047, 3: 858, 4: 430}
    films = index.cbis_films(data, lesions)
    assert sum(len(film.masses) for film in films) == 1291
    # Five images with benign masses only carry a malignant calcification.
    assert sum(film.is_malignant and not any(mass.is_malignant for mass in film.masses) for film in films) == 5
    assert len(index.cesm_images(data)) == 270
