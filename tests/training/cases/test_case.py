"""From cases to what networks learn from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mammoview.core.errors import CancelledError, InputError
from mammoview.core.findings import LesionKind, PatchClass
from mammoview.core.geometry import Box
from mammoview.core.study import Laterality, ViewPosition, VoiWindow
from mammoview.dicom.create import NewMammogram, make_uid, write_mammogram
from mammoview.models.preprocess import ImageSpec
from mammoview.training.cases.case import Case, MarkedLesion
from mammoview.training.cases.case_images import case_images, lesion_boxes, load_case, read_mask
from mammoview.training.cases.case_tiles import case_tiles, forty_fold_of, masked_tiles, sampled_tiles
from mammoview.training.cases.data import cbis_films, cbis_lesions
from mammoview.training.cases.images import film_images
from mammoview.training.cases.importers.cbis import case_of
from mammoview.training.cases.places import MALIGNANT
from mammoview.training.cases.sampling import S1, Sampling
from mammoview.training.cases.tiles import MM_PER_PX

ROWS, COLUMNS = 500, 400
CLASSES = tuple(PatchClass)
MASS, CALCIFICATION = LesionKind.MASS, LesionKind.CALCIFICATION


def breast(*lesions: tuple[int, int, int], letter: bool = False) -> np.ndarray:
    """A half ellipse along the left border with brighter discs (row, column, radius); uint8."""
    rows, columns = np.ogrid[:ROWS, :COLUMNS]
    noise = np.random.default_rng(sum(sum(lesion) for lesion in lesions)).integers(-6, 6, (ROWS, COLUMNS))
    tissue = ((rows - 250) / 220) ** 2 + (columns / 300) ** 2 < 1
    image = np.where(tissue, 110 + noise, 0)
    for row, column, radius in lesions:
        image[(rows - row) ** 2 + (columns - column) ** 2 <= radius**2] = 200
    if letter:
        image[20:60, 340:380] = 250
    return image.astype(np.uint8)


def write(path: Path, pixels: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), pixels)
    return path


def case(path: Path, patient: str, label: bool | None, *lesions: tuple[int, int, int], **more: object) -> Case:
    marked = tuple(MarkedLesion(Box.square(row, column, 2 * radius), MASS) for row, column, radius in lesions)
    plain = Case(path, patient, Laterality.LEFT, ViewPosition.CC, label, marked)
    return replace(plain, **more)  # type: ignore[arg-type]


@pytest.fixture
def cases(tmp_path: Path) -> tuple[Case, ...]:
    """Malignant with a mask file, benign with boxes only, and one of unknown label."""
    first, second = (250, 120, 25), (180, 100, 20)
    mask = write(tmp_path / "mask.png", (breast(first) == 200).astype(np.uint8) * 255)
    return (
        case(write(tmp_path / "a.png", breast(first, letter=True)), "1", True, first, mask=mask),
        case(write(tmp_path / "b.png", breast(second)), "2", False, second),
        case(write(tmp_path / "c.png", breast((300, 60, 30))), "3", None, (300, 60, 30)),
    )


def test_labelled_cases_become_images(cases: tuple[Case, ...]) -> None:
    told: list[str] = []
    found = case_images(
        cases, ImageSpec(rows=128, columns=96), progress=lambda fraction, text: told.append(f"{fraction} {text}")
    )
    assert found.pixels.shape == (2, 128, 96)
    assert found.labels.tolist() == [1, 0]
    assert found.breasts.tolist() == ["1_L", "2_L"]
    assert found.views.tolist() == ["CC", "CC"]
    assert told == ["0.5 Preparing case 1 of 2", "1.0 Preparing case 2 of 2"]
    # The crop to the breast leaves the letter out, and the mass is the brightest.
    assert 0.7 < float(found.pixels[0].max()) < 0.85
    with pytest.raises(InputError, match="None of the cases has a label"):
        case_images(cases[2:], ImageSpec(rows=128, columns=96))
    with pytest.raises(CancelledError):
        case_images(cases, ImageSpec(rows=128, columns=96), cancel=lambda: True)


@pytest.mark.parametrize("is_mirrored", [False, True])
@pytest.mark.parametrize("by", ["box", "mask"])
def test_marks_stay_on_their_lesion_whatever_is_cropped_or_mirrored(by: str, is_mirrored: bool, tmp_path: Path) -> None:
    pixels, side = breast((250, 120, 25), letter=True), Laterality.LEFT
    box = Box.square(250, 120, 50)
    if is_mirrored:
        pixels, side = np.ascontiguousarray(pixels[:, ::-1]), Laterality.RIGHT
        box = Box(box.row0, COLUMNS - box.col1, box.row1, COLUMNS - box.col0)
    mask = write(tmp_path / "mask.png", (pixels == 200).astype(np.uint8) * 255)
    marks = {"lesions": (MarkedLesion(box, MASS),)} if by == "box" else {"mask": mask}
    plain = Case(write(tmp_path / "a.png", pixels), "1", side, ViewPosition.CC, True)
    found = case_images([replace(plain, **marks)], ImageSpec(rows=128, columns=96))  # type: ignore[arg-type]
    ((row0, col0, row1, col1, kind),) = found.places[0]
    inside = np.zeros((128, 96), dtype=bool)
    inside[round(row0) : round(row1), round(col0) : round(col1)] = True
    is_bright = found.pixels[0] > 0.6
    assert kind == MALIGNANT, "the mark has its image's label"
    assert is_bright.any()
    assert not (is_bright & ~inside).any()
    # A disc fills most of its box.
    assert is_bright[inside].mean() > 0.6


def test_the_cleaned_copy_has_no_letter(cases: tuple[Case, ...]) -> None:
    loaded = load_case(cases[0])
    assert not loaded.cleaned[15:65, 335:385].any()
    assert loaded.cleaned[250, 120] == 200 * 257
    assert loaded.breast[250, 120]
    assert loaded.mask is not None
    assert np.count_nonzero(loaded.mask) == pytest.approx(np.pi * 25**2, rel=0.02)


def test_an_image_whose_aspect_was_lost_gets_it_back(cases: tuple[Case, ...], tmp_path: Path) -> None:
    squeezed = cv2.resize(breast((250, 120, 25)), (COLUMNS // 2, ROWS), interpolation=cv2.INTER_AREA)
    lesion = MarkedLesion(Box(225, 47.5, 275, 72.5), MASS)
    squeezed_case = replace(
        cases[0], path=write(tmp_path / "s.png", squeezed), lesions=(lesion,), true_size=(ROWS, COLUMNS)
    )
    loaded = load_case(squeezed_case)
    assert loaded.cleaned.shape == (ROWS, COLUMNS)
    assert loaded.lesions[0].box == Box(225, 95, 275, 145)
    # The mask file has the size of the image as it was before it was squeezed: stretched twice, it is where it was.
    assert loaded.mask is not None
    assert np.argwhere(loaded.mask).mean(axis=0) == pytest.approx((250, 120), abs=1.5)


def test_fine_pixels_are_averaged_to_the_resolution_of_the_tiles(tmp_path: Path) -> None:
    header = NewMammogram(
        sop_uid=make_uid("fine"),
        series_uid=make_uid("fine", "series"),
        study_uid=make_uid("fine", "study"),
        view=ViewPosition.CC,
        laterality=Laterality.LEFT,
        spacing_mm=(0.1, 0.1),
        patient_id="1",
        patient_name="1",
        birth_date="",
        age_years=50,
        study_date="20240101",
        study_time="120000",
        windows=(VoiWindow(2048, 4096),),
    )
    write_mammogram(tmp_path / "a.dcm", breast((250, 120, 25)).astype(np.uint16) * 16, header)
    fine = case(tmp_path / "a.dcm", "1", True, (250, 120, 25))
    loaded = load_case(fine, finest_mm=MM_PER_PX)
    assert loaded.spacing_mm == pytest.approx((MM_PER_PX, MM_PER_PX), rel=0.01)
    assert loaded.cleaned.shape == (round(ROWS * 0.1 / MM_PER_PX), round(COLUMNS * 0.1 / MM_PER_PX))
    row, column = loaded.lesions[0].box.centre
    assert loaded.cleaned[int(row), int(column)] > 1.5 * loaded.cleaned[int(row) - 30, int(column)]
    # As it is where nothing is asked for.
    assert load_case(fine).cleaned.shape == (ROWS, COLUMNS)
    found = case_tiles([fine], seed=0, background=0)
    assert len(found.labels) == 1


def test_boxes_become_tiles_of_their_class_and_background_shows_none(cases: tuple[Case, ...]) -> None:
    found = case_tiles(cases, seed=1)
    names = [CLASSES[label] for label in found.labels]
    assert names == [
        PatchClass.MALIGNANT_MASS,
        PatchClass.BACKGROUND,
        PatchClass.BACKGROUND,
        PatchClass.BENIGN_MASS,
        PatchClass.BACKGROUND,
        PatchClass.BACKGROUND,
    ]
    assert found.patients.tolist() == ["1"] * 3 + ["2"] * 3
    for pixels, (row0, col0, row1, col1), name in zip(found.pixels, found.boxes.astype(int), names, strict=True):
        middle = float(pixels[row0:row1, col0:col1].mean())
        if name is PatchClass.BACKGROUND:
            assert middle < 130
            assert pixels.max() < 190 or pixels[row0:row1, col0:col1].max() < 190
        else:
            assert middle > 170
    np.testing.assert_array_equal(case_tiles(cases, seed=1).pixels, found.pixels)
    with pytest.raises(InputError, match="kind and label"):
        case_tiles(cases[2:], seed=1)


def test_masks_become_tiles_of_a_segmenter(cases: tuple[Case, ...]) -> None:
    square = ((150.0, 50.0), (150.0, 90.0), (200.0, 90.0), (200.0, 50.0))
    contoured = replace(cases[1], lesions=(MarkedLesion(Box(150, 50, 200, 90), contour=square),))
    found = masked_tiles((cases[0], contoured, cases[2]))
    assert found.patients.tolist() == ["1", "2"]
    # A disc, and a rectangle of 50 by 40, each in a square of three long sides.
    assert found.masks[0].mean() == pytest.approx(np.pi / 4 / 9, rel=0.05)
    assert found.masks[1].mean() == pytest.approx(0.8 / 9, rel=0.05)
    with pytest.raises(InputError, match="a mask with a lesion"):
        masked_tiles(cases[1:])


def test_published_patches_are_cut_from_cases(cases: tuple[Case, ...]) -> None:
    ten = Sampling(rows=1000, columns=800)
    found = sampled_tiles(cases, ten)
    assert found.pixels.shape == (40, 224, 224)
    assert np.bincount(found.labels, minlength=5).tolist() == [20, 0, 0, 10, 10]
    np.testing.assert_array_equal(found.boxes, np.tile((0, 0, 224, 224), (40, 1)))
    lesion = found.pixels[found.labels > 0]
    assert min(np.count_nonzero(one > 180) for one in lesion) > 0.9 * np.pi * 40**2
    # A background patch stays below 0.35 of every lesion.
    assert max(np.count_nonzero(one > 180) for one in found.pixels[found.labels == 0]) < 0.36 * np.pi * 50**2
    one = sampled_tiles(cases, S1)
    assert np.bincount(one.labels, minlength=5).tolist() == [2, 0, 0, 1, 1]
    hard = sampled_tiles(cases, replace(ten, hard=3))
    assert np.bincount(hard.labels, minlength=5).tolist() == [20, 0, 0, 10, 10]
    with pytest.raises(InputError, match="kind and label"):
        sampled_tiles(cases[2:], ten)


def test_background_keeps_away_from_masks_without_a_box(cases: tuple[Case, ...]) -> None:
    """The mask of the first image marks a disc; the box beside it marks something else."""
    elsewhere = replace(cases[0], lesions=(MarkedLesion(Box(100, 60, 130, 90), CALCIFICATION),))
    found = sampled_tiles((elsewhere,), Sampling(rows=1000, columns=800, background=30))
    assert np.bincount(found.labels, minlength=5).tolist() == [30, 0, 10, 0, 0]
    background = found.pixels[found.labels == 0]
    assert max(np.count_nonzero(one > 180) for one in background) < 0.36 * np.pi * 50**2
    tiles = case_tiles((elsewhere,), seed=0, background=8)
    for pixels, (row0, col0, row1, col1), label in zip(
        tiles.pixels, tiles.boxes.astype(int), tiles.labels, strict=True
    ):
        if label == 0:
            assert pixels[row0:row1, col0:col1].max() < 190


def test_forty_variants_come_from_cases(cases: tuple[Case, ...]) -> None:
    pairs = forty_fold_of(cases, seed=2)
    assert len(pairs) == 40
    assert pairs.patient(39) == "1"
    image, mask = pairs.variant(3)
    assert image.shape == mask.shape == (1024, 1024)
    assert np.argwhere(mask).mean(axis=0) == pytest.approx((511.5, 511.5), abs=1)
    assert image[mask].mean() > 0.9
    assert forty_fold_of(cases, seed=2, size_px=256).variant(0)[1].shape == (256, 256)
    with pytest.raises(InputError, match="a mask with a lesion"):
        forty_fold_of(cases[1:], seed=2)


def test_specks_and_arcs_of_a_mask_are_no_lesions() -> None:
    mask = np.zeros((512, 512), np.uint8)
    cv2.circle(mask, (200, 250), 30, 255, -1)
    cv2.circle(mask, (40, 40), 3, 255, -1)
    cv2.ellipse(mask, (100, 300), (220, 180), 0, -60, 60, 255, 3)
    ((box, own),) = lesion_boxes(mask > 0)
    assert box == Box(220, 170, 281, 231)
    assert np.count_nonzero(own) == pytest.approx(np.pi * 30**2, rel=0.03)


def test_masks_of_all_kinds_are_read(tmp_path: Path) -> None:
    mask = np.zeros((80, 60), dtype=bool)
    mask[20:50, 16:40] = True
    for name, bright, dtype in (("a.png", 255, np.uint8), ("b.png", 1, np.uint8), ("c.png", 65535, np.uint16)):
        np.testing.assert_array_equal(read_mask(write(tmp_path / name, mask.astype(dtype) * dtype(bright))), mask)
    assert not read_mask(write(tmp_path / "d.png", np.zeros((80, 60), np.uint8))).any()
    lossy = read_mask(write(tmp_path / "e.jpg", mask.astype(np.uint8) * np.uint8(255)))
    assert np.count_nonzero(lossy ^ mask) <= 4
    # Noise of the compression is no lesion.
    assert not read_mask(write(tmp_path / "f.jpg", np.full((80, 60), 9, np.uint8))).any()


@pytest.mark.data
def test_cases_of_cbis_are_prepared_as_its_films_are(data: Path) -> None:
    films = cbis_films(data, cbis_lesions(data))[:4]
    spec = ImageSpec(rows=128, columns=96)
    expected = film_images(films, spec)
    found = case_images([case_of(film) for film in films], spec)
    assert found.labels.tolist() == expected.labels.tolist()
    assert found.breasts.tolist() == expected.breasts.tolist()
    # The film is stretched as 8 bits, the case as 16; the border of the breast may move by a pixel.
    apart = np.abs(found.pixels - expected.pixels)
    assert np.quantile(apart, 0.99) < 0.01
    assert apart.max() < 0.06
