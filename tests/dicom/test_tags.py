from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from mammoview.core.errors import NoPixelsError, NotABreastError, UnsupportedError
from mammoview.core.study import Laterality, PresentationIntent, ViewModifier, ViewPosition
from mammoview.dicom.codes import MODIFIERS, VIEWS
from mammoview.dicom.tags import describe

Make = Callable[..., Path]


def coded(value: str, modifiers: tuple[str, ...] = ()) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", "meaning"
    item.ViewModifierCodeSequence = [coded(code) for code in modifiers]
    return item


@pytest.fixture
def header(make_mg: Make) -> Callable[..., Dataset]:
    return lambda **attributes: dcmread(make_mg(**attributes))


@pytest.mark.meets("MG-A04")
@pytest.mark.parametrize(("code", "view"), VIEWS.items())
def test_view_comes_from_its_code(header, code: str, view: ViewPosition) -> None:
    image = describe(header(ViewCodeSequence=[coded(code)], ViewPosition="LM"), "x")
    assert image.view is view
    assert not image.inferred


@pytest.mark.meets("MG-A04")
@pytest.mark.parametrize(("code", "modifier"), MODIFIERS.items())
def test_modifier_comes_from_its_code(header, code: str, modifier: ViewModifier) -> None:
    assert describe(header(ViewCodeSequence=[coded("399162004", (code,))]), "x").modifiers == (modifier,)


@pytest.mark.meets("MG-F03", "MG-G04", "MG-G05")
def test_labels_follow_the_prefix_suffix_and_replacement_rule(header) -> None:
    def label(view: str, *modifiers: str, side: str = "R") -> str:
        return describe(header(ViewCodeSequence=[coded(view, modifiers)], ImageLaterality=side), "x").label

    assert label("399368009") == "RMLO"
    assert label("399162004", "399163009", side="L") == "LMCC"
    assert label("399162004", "399209000") == "RCCID"
    assert label("399162004", "399161006", side="L") == "LCV"


@pytest.mark.meets("MG-A04")
def test_view_position_is_a_fallback_and_says_so(header) -> None:
    image = describe(header(ViewCodeSequence=None, ViewPosition="MLO"), "x")
    assert image.view is ViewPosition.MLO
    assert [entry.source for entry in image.inferred] == ["View Position (0018,5101)"]


@pytest.mark.meets("MG-A06")
def test_laterality_falls_back_in_the_stated_order(header) -> None:
    assert describe(header(ImageLaterality="R", Laterality="L"), "x").laterality is Laterality.RIGHT
    image = describe(header(ImageLaterality=None, Laterality="R"), "x")
    assert image.laterality is Laterality.RIGHT
    assert image.inferred[0].attribute == "laterality"
    anatomy, group = Dataset(), Dataset()
    anatomy.FrameLaterality = "L"
    group.FrameAnatomySequence = [anatomy]
    image = describe(header(ImageLaterality=None, SharedFunctionalGroupsSequence=[group]), "x")
    assert image.laterality is Laterality.LEFT


@pytest.mark.meets("MG-B16")
def test_series_description_is_never_evidence(header) -> None:
    image = describe(header(ImageLaterality=None, ViewCodeSequence=None, SeriesDescription="R MLO"), "x")
    assert (image.laterality, image.view) == (None, None)


@pytest.mark.meets("MG-C03")
def test_spacing_is_divided_by_the_magnification(header) -> None:
    image = describe(header(EstimatedRadiographicMagnificationFactor="1.4"), "x")
    assert image.spacing_mm == pytest.approx((0.05, 0.05))
    image = describe(header(DistanceSourceToDetector="660", DistanceSourceToPatient="600"), "x")
    assert image.spacing_mm == pytest.approx((0.07 / 1.1, 0.07 / 1.1))
    assert "distances" in image.spacing_source


def test_missing_spacing_is_told(header) -> None:
    image = describe(header(ImagerPixelSpacing=None), "x")
    assert image.spacing_mm is None
    assert any("spacing" in warning for warning in image.warnings)


def test_windows_without_sense_are_left_out_and_told(header) -> None:
    image = describe(header(WindowCenter=[2000, "NaN", 100], WindowWidth=[400, 400, -5]), "x")
    assert [window.center for window in image.grayscale.windows] == [2000]
    assert len(image.warnings) == 2


def test_padding_is_an_inclusive_range_in_any_order(header) -> None:
    assert describe(header(PixelPaddingValue=30, PixelPaddingRangeLimit=0), "x").grayscale.padding == (0, 30)


@pytest.mark.meets("MG-D05")
def test_voi_lut_bytes_and_numbers_mean_the_same(header) -> None:
    def lut(data: object) -> Dataset:
        item = Dataset()
        item.LUTDescriptor = [3, 5, 12]
        item.add_new("LUTData", "OW" if isinstance(data, bytes) else "US", data)
        return item

    as_bytes, as_numbers = b"\x01\x00\x02\x00\xff\x0f", [1, 2, 4095]
    first, second = describe(header(VOILUTSequence=[lut(as_bytes), lut(as_numbers)]), "x").grayscale.luts
    assert first == second
    assert (first.first, first.bits) == (5, 12)


def test_a_damaged_lut_is_told(header) -> None:
    item = Dataset()
    item.LUTDescriptor = [9, 0, 12]
    item.add_new("LUTData", "OW", b"\x01\x00")
    image = describe(header(VOILUTSequence=[item]), "x")
    assert not image.grayscale.luts
    assert image.warnings


def test_intent_follows_the_class_where_the_tag_is_absent(header) -> None:
    for_processing = "1.2.840.10008.5.1.4.1.1.1.2.1"
    image = describe(header(PresentationIntentType=None, SOPClassUID=for_processing), "x")
    assert image.intent is PresentationIntent.FOR_PROCESSING


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"Modality": "CT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "ViewCodeSequence": None}, NotABreastError),
        ({"Modality": "DX", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1", "ViewCodeSequence": None}, NotABreastError),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, UnsupportedError),
        ({"NumberOfFrames": 60}, UnsupportedError),
        ({"Rows": None}, NoPixelsError),
    ],
    ids=["ct", "chest", "colour", "frames", "no rows"],
)
def test_other_kinds_are_refused_with_a_hint(header, attributes: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        describe(header(**attributes), "/there/image.dcm")
    assert "/there/image.dcm" in caught.value.user_message
    assert caught.value.hint


def test_a_cr_of_a_breast_is_welcome(header) -> None:
    computed = {"Modality": "CR", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1", "BodyPartExamined": "BREAST"}
    assert describe(header(**computed), "x").modality == "CR"


def test_technique_lines_carry_units(header) -> None:
    image = describe(header(KVP="29", BodyPartThickness="53"), "x")
    assert ("kVp", "29 kV") in image.technique
    assert ("Thickness", "53 mm") in image.technique
