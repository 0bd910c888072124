"""What the functional groups of a volume mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import SecondaryCaptureImageStorage, generate_uid
from volumes import image_header, written

from mammoview.core.errors import OtherTomosynthesisError
from mammoview.core.study import (
    Laterality,
    Mammogram,
    PresentationIntent,
    ViewPosition,
    VoiFunction,
    VoiLut,
    VoiWindow,
)
from mammoview.core.volume import SliceKind, Volume
from mammoview.dicom.create_parts import item
from mammoview.dicom.scan import read_header, scan
from mammoview.dicom.tags import describe
from mammoview.dicom.volume import MOST_FRAMES

Change = Callable[[Dataset], None]
ORIENTATION = {
    ("CC", "L"): ("A", "R"),
    ("CC", "R"): ("P", "L"),
    ("MLO", "L"): ("A", "FR"),
    ("MLO", "R"): ("P", "FL"),
    ("ML", "L"): ("A", "F"),
    ("ML", "R"): ("P", "F"),
}


def volume_of(image: Mammogram) -> Volume:
    assert image.volume is not None
    return image.volume


def changed(path: Path, change: Change) -> Mammogram:
    dataset = dcmread(path)
    change(dataset)
    dataset.save_as(path)
    return read_header(path)


@pytest.mark.meets("MG-A02", "MG-A04", "MG-A06")
@pytest.mark.parametrize(("view", "side"), list(ORIENTATION))
def test_a_volume_says_what_it_shows(tmp_path: Path, view: str, side: str) -> None:
    written(tmp_path / "v.dcm", image=image_header(ViewPosition(view), Laterality(side)))
    image = read_header(tmp_path / "v.dcm")
    assert (image.view, image.laterality) == (ViewPosition(view), Laterality(side))
    assert image.inferred == ()
    assert image.patient_orientation == ORIENTATION[view, side]
    assert (image.frames, image.is_tomosynthesis, image.is_projection) == (5, True, False)
    assert image.intent is PresentationIntent.FOR_PRESENTATION
    assert image.spacing_mm == (0.1, 0.2)
    assert "slices" in image.spacing_source
    assert image.warnings == ()
    assert volume_of(image).thickness_mm == 1.0


@pytest.mark.meets("MG-I01")
def test_the_window_of_all_frames_comes_from_the_shared_groups(tmp_path: Path) -> None:
    written(tmp_path / "v.dcm")
    volume = volume_of(read_header(tmp_path / "v.dcm"))
    assert len(volume.grays) == 1
    assert {volume.gray_at(k).windows for k in range(5)} == {image_header().windows}
    assert volume.gray_at(0).padding == (0, 0)


@pytest.mark.meets("MG-I01", "MG-I02")
def test_each_frame_keeps_its_own_window_in_reversed_order(tmp_path: Path) -> None:
    windows = tuple((VoiWindow(100.0 * (k + 1), 10.0 + k, VoiFunction.SIGMOID, f"W{k}"),) for k in range(4))
    written(tmp_path / "v.dcm", 4, heights=(3.0, 2.0, 1.0, 0.0), frame_windows=windows)
    image = read_header(tmp_path / "v.dcm")
    volume = volume_of(image)
    assert [volume.gray_at(position).windows for position in range(4)] == list(reversed(windows))
    assert image.grayscale.windows == windows[volume.stored[volume.middle]]


@pytest.mark.meets("MG-I01")
def test_tables_and_rescaling_of_single_frames(tmp_path: Path) -> None:
    tables = tuple(VoiLut(0, 10, (np.arange(1024) // (k + 1)).astype("<u2").tobytes(), f"T{k}") for k in range(3))
    written(tmp_path / "v.dcm", 3, frame_luts=tables)

    def rescale(dataset: Dataset) -> None:
        for k, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
            group.PixelValueTransformationSequence = [
                item(RescaleSlope=str(k + 1), RescaleIntercept=str(-k), RescaleType="US")
            ]

    volume = volume_of(changed(tmp_path / "v.dcm", rescale))
    assert [volume.gray_at(k).luts for k in range(3)] == [(table,) for table in tables]
    assert [volume.gray_at(k).windows for k in range(3)] == [(), (), ()]
    assert [(volume.gray_at(k).slope, volume.gray_at(k).intercept) for k in range(3)] == [(1, 0), (2, -1), (3, -2)]


@pytest.mark.meets("MG-I01")
def test_a_window_at_the_top_counts_only_where_the_groups_have_none(tmp_path: Path) -> None:
    written(tmp_path / "v.dcm", 2, frame_windows=((VoiWindow(100.0, 50.0),), (VoiWindow(200.0, 50.0),)))

    def at_top(dataset: Dataset) -> None:
        dataset.WindowCenter, dataset.WindowWidth = "1", "2"
        del dataset.PerFrameFunctionalGroupsSequence[1].FrameVOILUTSequence

    volume = volume_of(changed(tmp_path / "v.dcm", at_top))
    assert [volume.gray_at(k).windows[0].center for k in range(2)] == [100.0, 1.0]


@pytest.mark.meets("MG-I02")
@pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO, ViewPosition.ML])
@pytest.mark.parametrize(
    ("heights", "stored"),
    [((0.0, 1.0, 2.5, 4.0), (0, 1, 2, 3)), ((4.0, 2.5, 1.0, 0.0), (3, 2, 1, 0)), ((1.0, 4.0, 0.0, 2.5), (2, 0, 3, 1))],
    ids=["stored upwards", "reversed", "mixed"],
)
def test_frames_are_shown_by_position(
    tmp_path: Path, view: ViewPosition, heights: tuple[float, ...], stored: tuple[int, ...]
) -> None:
    written(tmp_path / "v.dcm", 4, heights=heights, image=image_header(view))
    volume = volume_of(read_header(tmp_path / "v.dcm"))
    assert volume.is_ordered
    assert volume.stored == stored
    np.testing.assert_allclose(volume.depths_mm, (0.0, 1.0, 2.5, 4.0), atol=1e-3)
    assert [volume.position_of(number) for number in volume.stored] == [0, 1, 2, 3]
    assert volume.position_of(17) is None


@pytest.mark.meets("MG-I02")
def test_the_order_does_not_hang_on_how_rows_and_columns_run(tmp_path: Path) -> None:
    written(tmp_path / "v.dcm", 3, heights=(2.0, 1.0, 0.0))
    before = volume_of(read_header(tmp_path / "v.dcm"))

    def mirrored(dataset: Dataset) -> None:
        orientation = dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
        ways = [float(part) for part in orientation.ImageOrientationPatient]
        orientation.ImageOrientationPatient = [-part for part in ways[:3]] + ways[3:]

    after = volume_of(changed(tmp_path / "v.dcm", mirrored))
    assert (after.stored, after.depths_mm) == (before.stored, before.depths_mm)


@pytest.mark.meets("MG-I02")
def test_slices_without_places_keep_the_order_of_the_file(tmp_path: Path) -> None:
    written(tmp_path / "v.dcm", 3, heights=(1.0, 1.0, 1.0))
    image = read_header(tmp_path / "v.dcm")
    volume = volume_of(image)
    assert (volume.stored, volume.depths_mm, volume.is_ordered) == ((0, 1, 2), (), False)
    assert any("order of the file" in said for said in image.warnings)
    assert volume.nearest(1.0) is None
    assert volume.depth_at(0) is None


@pytest.mark.meets("MG-I03")
@pytest.mark.parametrize(
    ("kind", "is_volume"), [(SliceKind.THIN, True), (SliceKind.SLAB, True), (SliceKind.GENERATED_2D, False)]
)
def test_the_kind_of_slices_comes_from_the_image_type(tmp_path: Path, kind: SliceKind, is_volume: bool) -> None:
    written(tmp_path / "v.dcm", 1 if kind is SliceKind.GENERATED_2D else 3, kind=kind)
    image = read_header(tmp_path / "v.dcm")
    assert volume_of(image).kind is kind
    assert image.is_tomosynthesis is is_volume
    assert image.is_generated_2d is not is_volume


@pytest.mark.meets("MG-I03")
@pytest.mark.parametrize("value", ["GENERATED_2D", "TOMO_2D"])
def test_a_mammogram_may_be_a_generated_2d_image_too(make_mg: Callable[..., Path], value: str) -> None:
    image = read_header(make_mg(ImageType=["DERIVED", "PRIMARY", "TOMOSYNTHESIS", value]))
    assert image.is_generated_2d
    assert image.volume is None
    assert not read_header(make_mg(ImageType=["ORIGINAL", "PRIMARY", ""])).is_generated_2d


@pytest.mark.meets("MG-I06")
@pytest.mark.parametrize(
    ("last", "intent"), [("4", PresentationIntent.FOR_PRESENTATION), ("5", PresentationIntent.FOR_PROCESSING)]
)
def test_projections_are_told_apart(tmp_path: Path, last: str, intent: PresentationIntent) -> None:
    written(tmp_path / "v.dcm", 3)

    def as_projections(dataset: Dataset) -> None:
        uid = f"1.2.840.10008.5.1.4.1.1.13.1.{last}"
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = uid

    image = changed(tmp_path / "v.dcm", as_projections)
    assert image.is_projection
    assert image.intent is intent
    assert volume_of(image).stored == (0, 1, 2)
    assert image.warnings == ()


@pytest.mark.meets("MG-I07")
def test_identity_and_technique_come_from_the_groups(tmp_path: Path) -> None:
    written(tmp_path / "v.dcm", image=image_header(ViewPosition.MLO, Laterality.RIGHT))
    lines = {fact.keyword: fact.text for fact in read_header(tmp_path / "v.dcm").technique}
    assert lines["AcquisitionDate"] == "2025-02-03 10:15:00"
    assert lines["OrganDose"] == "0.013 dGy = 1.3 mGy"
    assert lines["EntranceDoseInmGy"] == "5.2 mGy"
    assert lines["CompressionForce"] == "110 N"
    assert lines["BodyPartThickness"] == "55 mm"
    assert lines["KVP"] == "29 kVp"
    assert lines["Exposure"] == "90 mAs"
    assert lines["ExposureTime"] == "950 ms"
    assert lines["AnodeTargetMaterial"] == "W"
    assert lines["DetectorID"] == "PHANTOM-1"
    assert lines["PositionerPrimaryAngle"] == "45°"


def test_a_header_may_claim_any_number_of_frames(tmp_path: Path) -> None:
    written(tmp_path / "v.dcm", 3)
    image = changed(tmp_path / "v.dcm", lambda dataset: setattr(dataset, "NumberOfFrames", 10**8))
    assert image.frames == 3
    dataset = dcmread(tmp_path / "v.dcm", stop_before_pixels=True)
    assert describe(dataset, "x").frames == MOST_FRAMES


def test_groups_may_be_missing(tmp_path: Path) -> None:
    written(tmp_path / "v.dcm", 3)

    def without(dataset: Dataset) -> None:
        del dataset.PerFrameFunctionalGroupsSequence
        del dataset.SharedFunctionalGroupsSequence

    image = changed(tmp_path / "v.dcm", without)
    assert image.frames == 3
    assert image.laterality is None
    assert image.grayscale.windows == ()
    assert any("describes 0 frames" in said for said in image.warnings)


@pytest.mark.meets("MG-I09")
def test_hologics_private_form_is_named(make_mg: Callable[..., Path]) -> None:
    path = make_mg(SOPClassUID=SecondaryCaptureImageStorage, Modality="MG", ViewCodeSequence=None)
    dataset = dcmread(path)
    block = dataset.private_block(0x7E01, "HOLOGIC, Inc.", create=True)
    block.add_new(0x10, "SQ", [Dataset()])
    dataset.save_as(path)
    (problem,) = scan([path]).problems
    assert problem.code == OtherTomosynthesisError.code
    assert "Hologic's private form" in problem.message
    assert "Breast Tomosynthesis Image" in problem.hint


@pytest.mark.meets("MG-I09")
def test_slices_sent_as_ct_are_named_once_for_all(make_mg: Callable[..., Path], tmp_path: Path) -> None:
    for number in range(5):
        make_mg(
            f"ct/{number}.dcm",
            SOPClassUID="1.2.840.10008.5.1.4.1.1.2",
            SOPInstanceUID=generate_uid(),
            Modality="CT",
            BodyPartExamined="BREAST",
        )
    (problem,) = scan([tmp_path / "ct"]).problems
    assert problem.code == OtherTomosynthesisError.code
    assert "CT" in problem.message
    assert "4 more" in problem.message


@pytest.mark.meets("MG-I09")
def test_frames_in_a_class_for_single_images_are_named(make_mg: Callable[..., Path]) -> None:
    path = make_mg(pixels=np.zeros((12, 8), np.uint16), Rows=6, NumberOfFrames=2)
    with pytest.raises(OtherTomosynthesisError, match="2 frames"):
        read_header(path)


def test_positions_and_depths() -> None:
    volume = Volume(SliceKind.THIN, (2, 1, 0), depths_mm=(0.0, 1.0, 3.0))
    assert [volume.nearest(depth) for depth in (-5.0, 0.4, 0.6, 1.9, 2.1, 99.0)] == [0, 0, 1, 1, 2, 2]
    assert (volume.clamped(-3), volume.clamped(9), volume.middle) == (0, 2, 1)
    left = volume.without(frozenset({2}))
    assert (left.stored, left.depths_mm) == ((1, 0), (0.0, 2.0))
