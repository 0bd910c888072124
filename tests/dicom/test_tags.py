from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from mammoview.core.errors import NoPixelsError, NotABreastError, UnsupportedError
from mammoview.core.study import Energy, Laterality, Part, PresentationIntent, Study, ViewModifier, ViewPosition
from mammoview.dicom.codes import MODIFIERS, PARTS, VIEWS
from mammoview.dicom.tags import describe
from mammoview.session.stages import hang

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


#: Pairs of table 1.2 in docs of the standard: SRT and its SNOMED CT successor; the last two were withdrawn.
SAME = [
    ("R-10242", "399162004"),
    ("R-10226", "399368009"),
    ("R-10224", "399260004"),
    ("R-10228", "399352003"),
    ("R-10230", "399099002"),
    ("R-10244", "399196006"),
    ("R-102D0", "399188001"),
    ("R-40AAA", "441555000"),
    ("R-1024A", "399192008"),
    ("R-1024B", "399101009"),
    ("G-8310", "127457009"),
    ("Y-X1770", "399192008"),
    ("Y-X1771", "399101009"),
]


@pytest.mark.meets("MG-A05")
@pytest.mark.parametrize(("old", "new"), SAME)
@pytest.mark.parametrize("designator", ["SNM3", "SRT", "99SDM"])
def test_old_designators_mean_the_same_view(header, old: str, new: str, designator: str) -> None:
    legacy, modern = coded(old), coded(new)
    legacy.CodingSchemeDesignator = designator
    first = describe(header(ViewCodeSequence=[legacy]), "x")
    assert first.view is describe(header(ViewCodeSequence=[modern]), "x").view
    assert first.view is not None


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


@pytest.mark.meets("MG-A04", "MG-A07")
def test_view_position_is_a_fallback_and_says_so(header) -> None:
    image = describe(header(ViewCodeSequence=None, ViewPosition="MLO"), "x")
    assert image.view is ViewPosition.MLO
    assert [entry.source for entry in image.inferred] == ["View Position (0018,5101)"]


@pytest.mark.meets("MG-A06", "MG-A07")
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


@pytest.mark.meets("MG-E01")
@pytest.mark.parametrize(
    ("is_signed", "value", "limit", "padding"),
    [
        (False, 30, 0, (0, 30)),
        (False, 0, None, (0, 0)),
        (False, 63536, None, (63536, 63536)),
        (True, -2048, -2000, (-2048, -2000)),
        (True, 63488, 63536, (-2048, -2000)),
        (True, 2048, None, (-2048, -2048)),
    ],
    ids=["from above", "one value", "beyond the stored bits", "signed", "read as unsigned", "stored bits alone"],
)
def test_padding_is_an_inclusive_range_in_any_order(
    header, is_signed: bool, value: int, limit: int | None, padding: tuple[int, int]
) -> None:
    dataset = header(PixelRepresentation=int(is_signed))
    vr = "SS" if value < 0 else "US"
    dataset.add_new("PixelPaddingValue", vr, value)
    if limit is not None:
        dataset.add_new("PixelPaddingRangeLimit", vr, limit)
    assert describe(dataset, "x").grayscale.padding == padding


@pytest.mark.meets("MG-D09")
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("shape", [None, "IDENTITY", "INVERSE"])
def test_the_shape_has_the_last_word_and_a_contradiction_is_told(header, photometric: str, shape: str | None) -> None:
    more = {"PresentationLUTShape": shape} if shape else {}
    image = describe(header(PhotometricInterpretation=photometric, **more), "x")
    by_photometric = photometric == "MONOCHROME1"
    assert image.grayscale.is_dark_high == (by_photometric if shape is None else shape == "INVERSE")
    is_contradictory = shape is not None and by_photometric != (shape == "INVERSE")
    assert any("contradict" in warning for warning in image.warnings) == is_contradictory


@pytest.mark.meets("MG-D11")
@pytest.mark.parametrize(("relation", "is_linear"), [("LIN", True), ("LOG", False), ("DISP", False), (None, False)])
@pytest.mark.parametrize(("sign", "is_dark_high"), [(1, True), (-1, False), (None, True)])
def test_raw_images_carry_what_their_values_mean(
    header, relation: str | None, is_linear: bool, sign: int | None, is_dark_high: bool
) -> None:
    attributes = {"PixelIntensityRelationship": relation, "PixelIntensityRelationshipSign": sign}
    given = {keyword: value for keyword, value in attributes.items() if value is not None}
    # The photometric interpretation decides where there is no sign, and only there.
    dataset = header(PresentationIntentType="FOR PROCESSING", PhotometricInterpretation="MONOCHROME1", **given)
    gray = describe(dataset, "x").grayscale
    assert gray.raw is not None
    assert (gray.raw.is_linear, gray.raw.sign) == (is_linear, sign or 0)
    assert gray.is_dark_high == is_dark_high
    assert describe(header(**given), "x").grayscale.raw is None


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


@pytest.mark.meets("MG-D05")
def test_the_first_mapped_value_has_the_pixels_sign(header) -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [3, 65535 - 99, 12])
    item.add_new("LUTData", "US", [1, 2, 4095])
    assert describe(header(PixelRepresentation=1, VOILUTSequence=[item]), "x").grayscale.luts[0].first == -100
    assert describe(header(VOILUTSequence=[item]), "x").grayscale.luts[0].first == 65436


@pytest.mark.meets("MG-D05")
def test_more_entries_than_the_descriptor_can_say_and_bytes_in_words(header) -> None:
    full, narrow, encoded = Dataset(), Dataset(), Dataset()
    full.add_new("LUTDescriptor", "US", [0, 0, 16])
    full.add_new("LUTData", "OW", np.arange(65536, dtype="<u2").tobytes())
    narrow.add_new("LUTDescriptor", "US", [3, 0, 8])
    narrow.add_new("LUTData", "OW", bytes([5, 6, 255, 0]))
    encoded.add_new("LUTDescriptor", "OW", np.array([3, 7, 8], "<u2").tobytes())
    encoded.add_new("LUTData", "OW", bytes([5, 6, 255, 0]))
    luts = describe(header(VOILUTSequence=[full, narrow, encoded]), "x").grayscale.luts
    np.testing.assert_array_equal(np.frombuffer(luts[0].data, "<u2"), np.arange(65536))
    assert [np.frombuffer(lut.data, "<u2").tolist() for lut in luts[1:]] == [[5, 6, 255]] * 2
    assert luts[2].first == 7


@pytest.mark.meets("MG-D05")
def test_entries_beyond_the_stated_bits_are_believed_and_told(header) -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [3, 0, 10])
    item.add_new("LUTData", "US", [0, 2048, 4095])
    image = describe(header(VOILUTSequence=[item]), "x")
    assert image.grayscale.luts[0].bits == 12
    assert any("10 bits" in warning for warning in image.warnings)


@pytest.mark.meets("MG-D02")
def test_choices_carry_their_explanations(header) -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [2, 0, 12])
    item.add_new("LUTData", "US", [0, 4095])
    item.LUTExplanation = "FIRM"
    dataset = header(
        WindowCenter=[1, 2], WindowWidth=[3, 4], WindowCenterWidthExplanation=["SOFT", "HARD"], VOILUTSequence=[item]
    )
    gray = describe(dataset, "x").grayscale
    assert [choice.explanation for choice in (*gray.windows, *gray.luts)] == ["SOFT", "HARD", "FIRM"]


@pytest.mark.parametrize(
    "descriptor", [[9, 0, 12], [1, 0, 0], [1, 0], ["a", "0", "12"]], ids=["too short", "no bits", "two", "text"]
)
def test_a_damaged_lut_is_told(header, descriptor: list[object]) -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US" if descriptor[0] != "a" else "LO", descriptor)
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


def item(**attributes: object) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


@pytest.mark.meets("MG-A03")
def test_the_images_that_one_was_made_from_are_named(header) -> None:
    sources = [item(ReferencedSOPClassUID="1.2", ReferencedSOPInstanceUID=uid) for uid in ("1.2.3", "1.2.4")]
    assert describe(header(SourceImageSequence=sources), "x").source_ids == ("1.2.3", "1.2.4")
    assert describe(header(), "x").source_ids == ()


@pytest.mark.meets("MG-G01")
@pytest.mark.parametrize(("code", "part"), PARTS.items())
def test_the_part_that_a_partial_view_shows_comes_from_its_code(header, code: str, part: Part) -> None:
    image = describe(header(PartialView="YES", PartialViewCodeSequence=[coded(code), coded("1")]), "x")
    assert image.is_partial
    assert image.parts == (part,)
    assert describe(header(PartialView="NO", PartialViewCodeSequence=[coded(code)]), "x").parts == ()


@pytest.mark.meets("MG-G02")
@pytest.mark.parametrize(("modifier", "is_odd"), [("399163009", True), ("399055006", True), ("399209000", False)])
def test_a_partial_view_that_is_a_spot_or_magnification_view_is_warned_of(header, modifier, is_odd) -> None:
    view = [coded("399162004", (modifier,))]
    warned = describe(header(PartialView="YES", ViewCodeSequence=view), "x").warnings
    assert any("contradicts" in text for text in warned) is is_odd
    assert not any("contradicts" in t for t in describe(header(PartialView="NO", ViewCodeSequence=view), "x").warnings)


@pytest.mark.meets("MG-G05")
def test_what_replaces_a_view_and_what_stands_behind_it(header) -> None:
    def label(*modifiers: str, view: str = "399162004") -> str:
        return describe(header(ViewCodeSequence=[coded(view, modifiers)], ImageLaterality="R"), "x").label

    replacing = {"399161006": "RCV", "399011000": "RAT", "399110001": "RTAN"}
    behind = {
        "399197002": "RCCRL",
        "399226006": "RCCRM",
        "414493004": "RCCRI",
        "415670009": "RCCRS",
        "442581004": "RCCNP",
        "441752004": "RCCAC",
        "442593008": "RCCIMF",
        "442580003": "RCCAX",
    }
    assert {code: label(code) for code in replacing | behind} == replacing | behind
    assert label("399055006", view="399368009") == "RSMLO"


@pytest.mark.meets("MG-G06")
@pytest.mark.parametrize("stage", ["STEREO_SCOUT", "STEREO_MINUS", "PREFIRE_PLUS", "POSTFIRE_MINUS", "POSTBIOPSY"])
def test_a_biopsy_is_told_by_its_image_type(header, stage: str) -> None:
    assert describe(header(ImageType=["ORIGINAL", "PRIMARY", stage]), "x").is_biopsy


@pytest.mark.meets("MG-G06")
def test_biopsy_targets_are_told_with_their_places(header) -> None:
    targets = [item(TargetLabel="A1", CalculatedTargetPosition=[1.25, -3.5, 40.0]), item()]
    image = describe(header(BiopsyTargetSequence=targets), "x")
    assert image.is_biopsy
    assert image.biopsy_targets == ("target A1 at 1.2, -3.5, 40.0 mm", "target 2")
    assert not describe(header(ImageType=["ORIGINAL", "PRIMARY", ""]), "x").is_biopsy


@pytest.mark.meets("MG-G07")
@pytest.mark.parametrize(
    ("image_type", "energy"),
    [
        (["ORIGINAL", "PRIMARY", "", "", "LOW_ENERGY"], Energy.LOW),
        (["ORIGINAL", "PRIMARY", "POST_CONTRAST", "", "HIGH_ENERGY"], Energy.HIGH),
        (["DERIVED", "PRIMARY", "POST_CONTRAST", "SUBTRACTION"], Energy.RECOMBINED),
        (["ORIGINAL", "PRIMARY", "", "LOW_ENERGY"], Energy.LOW),
        (["DERIVED", "PRIMARY", "", "RECOMBINED"], Energy.RECOMBINED),
        (["DERIVED", "PRIMARY", "", "GENERATED_2D"], None),
        (["ORIGINAL", "PRIMARY"], None),
    ],
)
def test_the_energy_comes_from_the_image_type(header, image_type, energy) -> None:
    assert describe(header(ImageType=image_type), "x").energy is energy


@pytest.mark.meets("MG-B06")
def test_the_detectors_field_of_view_turns_nothing(header) -> None:
    plain = header()
    turned = header(SOPInstanceUID=plain.SOPInstanceUID, FieldOfViewRotation="180", FieldOfViewHorizontalFlip="YES")
    assert describe(turned, "x") == describe(plain, "x")


@pytest.mark.meets("MG-B16")
def test_descriptions_that_say_another_view_decide_nothing(header) -> None:
    image = describe(
        header(
            ViewCodeSequence=[coded("399162004")],
            ImageLaterality="R",
            PatientOrientation=["P", "L"],
            SeriesDescription="L MLO",
            ProtocolName="LMLO",
            StudyDescription="LEFT MLO ONLY",
        ),
        "x",
    )
    hanging = hang(Study("1.2.3", image.patient_id, "", "", (image,)))
    (slot,) = hanging.slots
    assert (slot.label, slot.stack[0].image.label) == ("RCC", "RCC")
