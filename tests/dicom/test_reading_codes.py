"""The table of codes against the lists of PS3.16 as pydicom carries them."""

from __future__ import annotations

from enum import StrEnum

import pytest
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

from mammoview.core.reading import (
    Assessment,
    AssociatedFeature,
    AsymmetryKind,
    CalcificationMorphology,
    Change,
    Density,
    Depth,
    Distribution,
    FindingType,
    MassDensity,
    MassMargin,
    MassShape,
    QualityFault,
    Recommendation,
    Region,
)
from mammoview.core.study import Laterality
from mammoview.dicom.reading_codes import code_of, hour_code

LISTS: dict[type[StrEnum], tuple[int, ...]] = {
    Laterality: (6022,),
    Density: (6000,),
    FindingType: (6014, 6016),
    AsymmetryKind: (6016,),
    MassShape: (6004,),
    MassMargin: (6006,),
    MassDensity: (6008,),
    CalcificationMorphology: (6010,),
    Distribution: (6012,),
    AssociatedFeature: (6014,),
    Region: (6018, 6020),
    Depth: (6024,),
    Change: (6002,),
    Recommendation: (6028,),
    QualityFault: (6041,),
}
WITHOUT = {
    FindingType.OTHER,
    AsymmetryKind.ONE_VIEW,
    AsymmetryKind.DEVELOPING,
    AssociatedFeature.NIPPLE_RETRACTION,
    Region.UPPER,
    Region.LOWER,
    Region.OUTER,
    Region.INNER,
}


def members(cid: int) -> dict[tuple[str, str], str]:
    """(scheme, value) to meaning."""
    return {
        (scheme, value): meaning
        for scheme, names in cid_concepts[cid].items()
        for name in names
        for value, (meaning, _) in concepts[scheme][name].items()
    }


@pytest.mark.parametrize(
    "word", [word for kind in LISTS for word in kind], ids=lambda word: f"{type(word).__name__} {word}"
)
def test_each_word_has_the_code_of_its_list(word: StrEnum) -> None:
    code = code_of(word)
    # Words of two lists may be equal as text.
    if any(word is lacking for lacking in WITHOUT):
        assert code is None
        return
    assert code is not None
    listed = {key: meaning for cid in LISTS[type(word)] for key, meaning in members(cid).items()}
    assert listed[code.scheme, code.value] == code.meaning


@pytest.mark.parametrize("kind", [kind for kind in LISTS if kind is not AsymmetryKind])
def test_no_two_words_of_a_list_share_a_code(kind: type[StrEnum]) -> None:
    codes = [code for word in kind if (code := code_of(word)) is not None]
    assert len(set(codes)) == len(codes)


def test_words_that_read_alike_keep_their_own_codes() -> None:
    round_mass, round_specks = code_of(MassShape.ROUND), code_of(CalcificationMorphology.ROUND)
    assert round_mass != round_specks


def test_every_fault_of_a_digital_image_is_there() -> None:
    """All of CID 6041 but what is printed on films: the flash, the date sticker and the technical factors."""
    mine = {code.value for word in QualityFault if (code := code_of(word)) is not None}
    film = ("Flash", "Date sticker", "Technical factors")
    assert mine == {value for (_, value), meaning in members(6041).items() if not meaning.startswith(film)}


@pytest.mark.parametrize("hour", range(1, 13))
def test_hours(hour: int) -> None:
    code = hour_code(hour)
    assert members(6018)[code.scheme, code.value] == code.meaning


def test_categories_have_the_codes_of_their_own_scheme() -> None:
    codes = {word: code_of(word) for word in Assessment}
    assert {code.scheme for code in codes.values() if code} == {"BI"}
    # The meaning begins with the category itself.
    assert all(code is not None and code.meaning.split(" - ")[0] == word.value for word, code in codes.items())
