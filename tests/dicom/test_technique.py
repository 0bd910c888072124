"""What the header says of patient, study, device and exposure (MG-F)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from mammoview.core.facts import Fact, Topic
from mammoview.core.study import Mammogram
from mammoview.dicom.scan import read_header
from mammoview.dicom.tags import describe

Make = Callable[..., Path]


@pytest.fixture
def header(make_mg: Make) -> Callable[..., Dataset]:
    return lambda **attributes: dcmread(make_mg(**attributes))


def item(**values: object) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def rows(image: Mammogram) -> dict[str, str]:
    return {fact.keyword: fact.text for fact in image.technique}


def fact(image: Mammogram, keyword: str) -> Fact:
    return next(fact for fact in image.technique if fact.keyword == keyword)


@pytest.mark.meets("MG-F01")
def test_who_the_patient_is(header) -> None:
    image = describe(header(PatientBirthDate="19740302", PatientAge="052Y", PatientSex="F"), "x")
    assert (image.patient_id, image.patient_name) == ("patient", "Test^Patient")
    shown = rows(image)
    assert shown["PatientBirthDate"] == "1974-03-02"
    assert shown["PatientAge"] == "52 years"
    assert shown["PatientSex"] == "F"
    assert all(row.is_identifying for row in image.technique if row.topic is Topic.PERSON)


@pytest.mark.meets("MG-F02")
def test_which_image_of_which_study_and_when(header) -> None:
    image = describe(
        header(
            StudyID="S7",
            AccessionNumber="A99",
            SeriesNumber=3,
            InstanceNumber=12,
            AcquisitionDate="20260314",
            AcquisitionTime="101502.25",
        ),
        "x",
    )
    shown = rows(image)
    assert shown["AcquisitionDate"] == "2026-03-14 10:15:02"
    assert [shown[k] for k in ("StudyID", "AccessionNumber", "SeriesNumber", "InstanceNumber")] == [
        "S7",
        "A99",
        "3",
        "12",
    ]
    assert fact(image, "AccessionNumber").is_identifying


@pytest.mark.meets("MG-F04")
def test_which_machine_where_and_by_whom(header) -> None:
    given = {
        "Manufacturer": "GE MEDICAL SYSTEMS",
        "ManufacturerModelName": "Senographe",
        "DeviceSerialNumber": "77",
        "DetectorID": "D-1",
        "InstitutionName": "Clinic",
        "InstitutionAddress": "1 Road\r\nTown",
        "StationName": "ROOM 3",
        "OperatorsName": ["DOE^ANN", "ROE^BEA"],
    }
    image = describe(header(**given), "x")
    shown = rows(image)
    assert shown["InstitutionAddress"] == "1 Road Town"
    assert shown["OperatorsName"] == "DOE, ANN / ROE, BEA"
    for keyword in set(given) - {"InstitutionAddress", "OperatorsName"}:
        assert shown[keyword] == given[keyword]
    where = ("InstitutionName", "InstitutionAddress", "OperatorsName")
    assert all(fact(image, keyword).is_identifying for keyword in where)
    assert not fact(image, "Manufacturer").is_identifying


@pytest.mark.meets("MG-F05")
def test_technique_carries_units(header) -> None:
    image = describe(
        header(
            FilterMaterial="RHODIUM",
            AnodeTargetMaterial="TUNGSTEN",
            CompressionForce="110.5",
            BodyPartThickness="53",
            PositionerPrimaryAngle="-45",
            RelativeXRayExposure=4512,
            KVP="29",
            Exposure=90,
            ExposureTime=950,
            OrganDose="0.0131",
            EntranceDoseInmGy="5.2",
        ),
        "x",
    )
    assert {k: v for k, v in rows(image).items() if fact(image, k).topic is Topic.EXPOSURE} == {
        "FilterMaterial": "Rh",
        "AnodeTargetMaterial": "W",
        "CompressionForce": "110.5 N",
        "BodyPartThickness": "53 mm",
        "PositionerPrimaryAngle": "-45°",
        "RelativeXRayExposure": "4512",
        "KVP": "29 kVp",
        "Exposure": "90 mAs",
        "ExposureTime": "950 ms",
        "OrganDose": "0.0131 dGy = 1.31 mGy",
        "EntranceDoseInmGy": "5.2 mGy",
    }


@pytest.mark.meets("MG-F05")
def test_the_same_quantity_in_another_unit_is_converted(header) -> None:
    shown = rows(describe(header(ExposureInuAs=71000, ExposureTimeInuS=1149000, EntranceDose=1), "x"))
    assert shown["Exposure"] == "71 mAs"
    assert shown["ExposureTime"] == "1149 ms"
    assert shown["EntranceDoseInmGy"] == "100 mGy"


@pytest.mark.meets("MG-F05")
def test_what_is_no_number_is_shown_without_a_unit(header) -> None:
    dataset = header(CompressionForce="100")
    dataset["CompressionForce"]._value = "strong\n"
    assert rows(describe(dataset, "x"))["CompressionForce"] == "strong"


@pytest.mark.meets("MG-F06")
def test_the_reason_is_a_code_meaning_before_free_text(header) -> None:
    code = item(CodeValue="1", CodingSchemeDesignator="99X", CodeMeaning="Screening")
    coded = item(ReasonForRequestedProcedureCodeSequence=[code], ReasonForTheRequestedProcedure="free text")
    free = item(ReasonForTheRequestedProcedure="lump\x00 on the left")
    assert rows(describe(header(RequestAttributesSequence=[coded]), "x"))[
        "ReasonForRequestedProcedureCodeSequence"
    ] == ("Screening")
    assert rows(describe(header(RequestAttributesSequence=[free]), "x"))["ReasonForRequestedProcedureCodeSequence"] == (
        "lump on the left"
    )


@pytest.mark.meets("MG-F07", "MG-F11")
def test_partial_view_and_loss_come_with_their_meaning(header) -> None:
    code = item(CodeValue="255549009", CodingSchemeDesignator="SCT", CodeMeaning="Anterior")
    image = describe(
        header(
            PartialView="YES",
            PartialViewCodeSequence=[code],
            BreastImplantPresent="YES",
            LossyImageCompression="01",
            LossyImageCompressionRatio=[3, 12.04],
        ),
        "x",
    )
    assert (image.is_partial, image.partial_meanings, image.has_implant) == (True, ("Anterior",), True)
    assert (image.is_lossy, image.lossy_ratio) == (True, "3:1, 12:1")
    assert any("not for primary reading" in warning for warning in image.warnings)


NAMES = {
    "ISO_IR 192": ("Yamada^Tarou=山田^太郎=やまだ^たろう", "utf-8"),
    "ISO_IR 144": ("Люкceмбypг", "iso8859_5"),
    "ISO_IR 100": ("Müller^Jürgen", "latin-1"),
    "GB18030": ("王^小东", "gb18030"),
}


@pytest.mark.meets("MG-F01")
@pytest.mark.parametrize("character_set", NAMES)
def test_names_in_other_character_sets(make_mg: Make, character_set: str) -> None:
    name, _ = NAMES[character_set]
    path = make_mg(SpecificCharacterSet=character_set, PatientName=name)
    assert read_header(path).patient_name == name


@pytest.mark.meets("MG-F01")
def test_japanese_with_escapes(make_mg: Make) -> None:
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    path = make_mg(SpecificCharacterSet=["", "ISO 2022 IR 87"], PatientName=name)
    assert read_header(path).patient_name == name


def test_an_unknown_character_set_costs_a_warning_and_no_image(make_mg: Make) -> None:
    path = make_mg(PatientName="Muller^X", SpecificCharacterSet="ISO_IR 6")
    path.write_bytes(path.read_bytes().replace(b"ISO_IR 6", b"NONSENSE").replace(b"Muller", b"M\xfcller"))
    image = read_header(path)
    assert image.patient_name.endswith("ller^X")
    assert any("character set" in warning for warning in image.warnings)


@pytest.mark.data
@pytest.mark.meets("MG-F04", "MG-F05")
def test_a_real_header(data: Path) -> None:
    image = read_header(data / "fixtures" / "dicom" / "ge_senographe_r_mlo_sigmoid_voilut.dcm")
    shown = rows(image)
    # As `dcmdump` prints the file.
    assert shown["AnodeTargetMaterial"] == shown["FilterMaterial"] == "Rh"
    assert (shown["KVP"], shown["Exposure"], shown["ExposureTime"]) == ("30 kVp", "71 mAs", "1149 ms")
    assert (shown["BodyPartThickness"], shown["CompressionForce"]) == ("73 mm", "100 N")
    assert (shown["OrganDose"], shown["EntranceDoseInmGy"]) == ("0.01521 dGy = 1.521 mGy", "8.515 mGy")
    assert shown["DetectorID"] == "NPL0186_07"
