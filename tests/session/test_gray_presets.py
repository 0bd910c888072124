from __future__ import annotations

from pathlib import Path

import pytest

from mammoview.core.errors import OutputError
from mammoview.core.facts import Fact, Topic
from mammoview.core.study import Grayscale, Mammogram, SourceKind
from mammoview.session.gray_presets import GrayPreset, load_own, own_file, save_own, shipped


def image(manufacturer: str, model: str = "") -> Mammogram:
    technique = (Fact("ManufacturerModelName", "Model", model, Topic.DEVICE),) if model else ()
    return Mammogram(
        "1", "/1.dcm", SourceKind.DICOM, 10, 10, Grayscale(12), manufacturer=manufacturer, technique=technique
    )


@pytest.mark.meets("MG-D14")
def test_presets_go_by_manufacturer_and_model() -> None:
    names = {preset.name for preset in shipped() if preset.suits(image("Somebody Else", "Model"))}
    senographe = {p.name for p in shipped() if p.suits(image("GE Medical Systems", "Senographe Essential VERSION"))}
    other_ge = {p.name for p in shipped() if p.suits(image("GE MEDICAL SYSTEMS", "Optima"))}
    assert {"Standard", "High contrast", "Low contrast"} <= names
    assert names < senographe
    assert other_ge == names


@pytest.mark.data
@pytest.mark.meets("MG-D14")
def test_the_vendors_proportions_are_those_of_its_own_windows(data: Path) -> None:
    from mammoview.dicom.scan import read_header

    header = read_header(data / "fixtures" / "dicom" / "ge_senographe_r_mlo_sigmoid_voilut.dcm")
    normal, harder, softer = header.grayscale.windows
    by_name = {
        preset.name.split(",")[0]: preset for preset in shipped() if preset.manufacturers and preset.suits(header)
    }
    for name, window in (("Harder", harder), ("Softer", softer)):
        assert by_name[name].stretch == pytest.approx(window.width / normal.width, abs=1e-3)
        assert by_name[name].shift == pytest.approx((normal.center - window.center) / normal.width, abs=1e-3)


def test_own_presets_come_back_as_they_were_saved(isolated_home: Path) -> None:
    assert load_own() == ((), ())
    mine = (
        GrayPreset('Dense "breasts"', 0.7, -0.05, is_own=True),
        GrayPreset("Für Fuji", 1.2, 0.0, ("FUJI",), ("AMULET",), is_own=True),
    )
    save_own(mine)
    assert load_own() == (mine, ())
    assert own_file().parent == isolated_home


@pytest.mark.parametrize(
    "text",
    [
        "preset = 3",
        "[[preset]\n",
        "schema = 9\n",
        "[[preset]]\nstretch = 1.0\n",
        '[[preset]]\nname = "x"\nstretch = 0.0\n',
        '[[preset]]\nname = "x"\nshift = nan\n',
    ],
    ids=["no table", "no TOML", "newer", "no name", "no width", "no number"],
)
def test_a_damaged_file_is_kept_and_told(text: str) -> None:
    own_file().parent.mkdir(parents=True, exist_ok=True)
    own_file().write_text(text)
    presets, problems = load_own()
    assert presets == ()
    assert len(problems) == 1
    assert problems[0].hint
    assert own_file().with_name("gray_presets.toml.kept").read_text() == text


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    _, problems = load_own(tmp_path)
    assert problems


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError):
        save_own((), tmp_path / "taken" / "gray_presets.toml")
