from __future__ import annotations

from dataclasses import replace

import pytest

from mammoview.core.errors import MixedPatientsError
from mammoview.core.study import (
    Energy,
    Grayscale,
    Laterality,
    Mammogram,
    Part,
    PresentationIntent,
    SourceKind,
    Study,
    ViewModifier,
    ViewPosition,
)
from mammoview.session.hanging import Hanging, Slot, arranged, current, priors
from mammoview.session.hanging_file import shipped
from mammoview.session.orientation import Side
from mammoview.session.protocols import Role
from mammoview.session.settings import Settings
from mammoview.session.stacks import in_order
from mammoview.session.stages import Laying, hang


def image(name: str, **more: object) -> Mammogram:
    """``RCC`` or ``LXCCL``; anything else has neither side nor view."""
    side = {"R": Laterality.RIGHT, "L": Laterality.LEFT}.get(name[:1])
    view = next((v for v in ViewPosition if v.value == name[1:].partition("#")[0]), None)
    fields: dict[str, object] = {"patient_id": "P", "laterality": side if view else None, "view": view} | more
    return Mammogram(name, f"/{name}", SourceKind.DICOM, 4, 3, Grayscale(12), **fields)  # type: ignore[arg-type]


def study(*images: Mammogram | str, uid: str = "S", date: str = "20200101", patient: str = "P") -> Study:
    return Study(uid, patient, "", date, tuple(image(one) if isinstance(one, str) else one for one in images))


def shown(hanging: Hanging) -> list[list[str]]:
    """What stands where: the id shown, in brackets the label of an empty slot."""
    grid = [["" for _ in range(hanging.columns)] for _ in range(hanging.rows)]
    for slot in hanging.slots:
        grid[slot.row][slot.column] = slot.stack[0].image.id if slot.stack else f"({slot.label})"
    return grid


FOUR = ("LMLO", "RCC", "LCC", "RMLO")


def older(*names: str) -> tuple[Mammogram, ...]:
    """The same views of an earlier study."""
    return tuple(replace(image(name), id=f"{name}#1", study_uid="T") for name in names)


@pytest.mark.meets("MG-B09")
@pytest.mark.parametrize(
    ("preferred", "expected"),
    [
        ("cc_over_mlo", [["RCC", "LCC"], ["RMLO", "LMLO"]]),
        ("mlo_over_cc", [["RMLO", "LMLO"], ["RCC", "LCC"]]),
        ("one_row", [["RMLO", "LMLO", "RCC", "LCC"]]),
    ],
)
def test_four_views_hang_back_to_back_in_the_order_wished(preferred, expected) -> None:
    hanging = hang(study(*FOUR), preferred)
    assert shown(hanging) == expected
    assert hanging.protocol == preferred


@pytest.mark.meets("MG-B08")
def test_chest_walls_meet_in_the_middle() -> None:
    hanging = hang(study(*FOUR), laying=Laying(dict.fromkeys(FOUR, Side.LEFT)))
    for slot in hanging.slots:
        (one,) = slot.stack
        assert one.orientation.chest_wall is (Side.RIGHT if slot.column == 0 else Side.LEFT)
        assert one.orientation.dihedral.flip_columns is (slot.column == 0)


def test_the_default_of_the_settings_is_a_protocol() -> None:
    assert Settings().hanging in {protocol.id for protocol in shipped() if protocol.role is Role.CHOICE}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("RCC", "LCC", "RMLO"), [["RCC", "LCC"], ["RMLO", "(LMLO)"]]),
        (("LCC", "RCC"), [["RCC", "LCC"]]),
        (("LMLO", "RMLO"), [["RMLO", "LMLO"]]),
        (("LMLO", "LCC"), [["LCC", "LMLO"]]),
        (("RMLO", "RCC"), [["RCC", "RMLO"]]),
        (("RMLO", "LCC"), [["RMLO", "LCC"]]),
        (("RCC", "LMLO"), [["RCC", "LMLO"]]),
        (("LMLO",), [["LMLO"]]),
        (("RML", "LML"), [["RML", "LML"]]),
        (("a",), [["a"]]),
        (("a", "b"), [["a", "b"]]),
        (("a", "b", "c", "d", "e"), [["a", "b", "c"], ["d", "e", ""]]),
    ],
)
def test_few_views_take_the_room_they_need(names, expected) -> None:
    assert shown(hang(study(*names))) == expected


def test_what_has_no_slot_stands_beside() -> None:
    hanging = hang(study(*FOUR, "x", "y"))
    assert shown(hanging)[0] == ["RCC", "LCC", "x"]
    other = hanging.slots[-1]
    assert (other.label, other.row_span) == ("Other", 2)
    assert [one.image.id for one in other.stack] == ["x", "y"]
    assert hang(study(*FOUR, "x", "y"), stage=1).columns == 2, "it stands beside the first stage only"


@pytest.mark.meets("MG-G06")
def test_specimens_and_biopsies_never_lie_among_the_views() -> None:
    biopsy = image("LCC#biopsy", is_biopsy=True)
    mixed = study(*FOUR, "LSPECIMEN", biopsy)
    hanging = hang(mixed)
    assert shown(hanging) == [["RCC", "LCC"], ["RMLO", "LMLO"]]
    assert hanging.behind == ()
    assert set(hanging.elsewhere) == {"LSPECIMEN", biopsy.id}
    apart = {name: hang(mixed, stage=hanging.stages.index(name)) for name in ("Specimens", "Biopsy")}
    assert [shown(one) for one in apart.values()] == [[["LSPECIMEN"]], [[biopsy.id]]]
    assert shown(hang(study("LSPECIMEN", "RSPECIMEN"))) == [["LSPECIMEN", "RSPECIMEN"]]
    for slot in apart["Biopsy"].slots:
        assert slot.stack[0].orientation.chest_wall is None


@pytest.mark.meets("MG-B15")
def test_repeats_and_special_views_stack_behind_the_standard_view() -> None:
    spot = image("RCC#spot", modifiers=(ViewModifier.SPOT,))
    raw = image("RCC#raw", intent=PresentationIntent.FOR_PROCESSING)
    part = image("RCC#part", is_partial=True)
    hanging = hang(study(raw, spot, part, "RXCCL", "RCC#2", "RCC#1", "LCC", "LMLO"))
    stack = [one.image.id for one in hanging.slots[0].stack]
    assert stack == ["RCC#1", "RCC#2", "RCC#part", "RCC#spot", "RXCCL", "RCC#raw"]
    assert hanging.visible == ("RCC#1", "LCC", "LMLO")
    assert hanging.behind == tuple(stack[1:])
    assert spot.label == "RSCC"


def test_more_unknown_images_than_slots_stack_in_the_last() -> None:
    names = [f"x{index}" for index in range(11)]
    hanging = hang(study(*names))
    assert len(hanging.slots) == 8
    assert [one.image.id for one in hanging.slots[-1].stack] == names[7:]


def test_an_empty_study_hangs_nothing() -> None:
    assert hang(study()).slots == ()


@pytest.mark.meets("MG-B16")
def test_the_series_description_is_no_evidence() -> None:
    liar = image("a", technique=(("Series", "LEFT MLO"),))
    assert hang(study(liar)).protocol == "grid"


@pytest.mark.meets("MG-B10")
def test_the_prior_hangs_over_the_current_study_and_in_pairs_with_the_earlier_at_the_left() -> None:
    now, before = study(*FOUR, date="2022"), study(*older(*FOUR), uid="T", date="2020")
    hanging = hang(now, priors=(before,))
    assert hanging.has_priors[0] is False
    by_name = {name: hang(now, priors=(before,), stage=index) for index, name in enumerate(hanging.stages)}
    assert shown(by_name["Prior over current"]) == [
        ["RMLO#1", "LMLO#1", "RCC#1", "LCC#1"],
        ["RMLO", "LMLO", "RCC", "LCC"],
    ]
    for view in FOUR:
        pair = by_name[f"{view}, prior and current"]
        assert shown(pair) == [[f"{view}#1", view]]
        left, right = (slot.stack[0] for slot in pair.slots)
        assert (left.when, right.when) == (1, 0)
        assert left.orientation == right.orientation, "the same side is not mirrored"


def test_what_a_prior_lacks_is_said() -> None:
    hanging = hang(study(*FOUR), "with_prior", priors=(study(*older("RCC"), uid="T", date="2019"),))
    assert shown(hanging)[0] == ["(prior RMLO)", "(prior LMLO)", "RCC#1", "(prior LCC)"]
    assert hanging.visible[-1] == "RCC#1", "the current study's pixels are fetched first"


def test_stages_with_priors_are_passed_over_without_one() -> None:
    hanging = hang(study(*FOUR), "with_prior")
    assert hanging.protocol == "cc_over_mlo"
    assert not any(hanging.has_priors)


@pytest.mark.meets("MG-B13", "MG-G04")
def test_an_implant_study_hangs_as_two_rows() -> None:
    displaced = [image(f"{name}#id", modifiers=(ViewModifier.IMPLANT_DISPLACED,), has_implant=True) for name in FOUR]
    hanging = hang(study(*FOUR, *displaced), "one_row")
    assert hanging.protocol == "implant"
    assert shown(hanging) == [
        ["RMLO", "LMLO", "RCC", "LCC"],
        ["RMLO#id", "LMLO#id", "RCC#id", "LCC#id"],
    ]
    assert not hanging.behind
    assert {slot.stack[0].image.label for slot in hanging.slots if slot.row} == {f"{name}ID" for name in FOUR}


@pytest.mark.meets("MG-B12", "MG-G03")
def test_spot_and_magnification_views_stand_below_their_view() -> None:
    spot = image("RCC#s", modifiers=(ViewModifier.SPOT,))
    mag = image("LML#m", modifiers=(ViewModifier.SPOT, ViewModifier.MAGNIFICATION))
    hanging = hang(study(*FOUR, spot, mag))
    assert spot.id in hanging.behind
    index = hanging.stages.index("Spot and magnification below their views")
    assert shown(hang(study(*FOUR, spot, mag), stage=index)) == [["RCC", "LMLO"], ["RCC#s", "LML#m"]]
    assert "Spot and magnification below their views" not in hang(study(*FOUR)).stages


@pytest.mark.meets("MG-G07")
def test_the_pair_of_a_contrast_enhanced_image_keeps_together() -> None:
    lows = [image(f"{name}#low", energy=Energy.LOW) for name in FOUR]
    made = [image(f"{name}#made", energy=Energy.RECOMBINED, source_ids=(f"{name}#low",)) for name in FOUR]
    hanging = hang(study(*made, *lows))
    assert shown(hanging) == [
        ["RCC#low", "LCC#low", "RMLO#low", "LMLO#low"],
        ["RCC#made", "LCC#made", "RMLO#made", "LMLO#made"],
    ]
    first, again = (image(f"RCC#{n}low", energy=Energy.LOW) for n in "12")
    of_first = image("RCC#0made", energy=Energy.RECOMBINED, source_ids=(first.id,))
    of_again = image("RCC#9made", energy=Energy.RECOMBINED, source_ids=(again.id,))
    assert in_order([of_again, again, of_first, first]) == [first, of_first, again, of_again]
    unlinked = replace(of_first, source_ids=())
    assert in_order([unlinked, first]) == [first, unlinked]


@pytest.mark.meets("MG-A03")
def test_a_raw_image_never_hangs_when_its_twin_does() -> None:
    raw = image("RCC#raw", intent=PresentationIntent.FOR_PROCESSING)
    twin = image("RCC#twin", intent=PresentationIntent.FOR_PRESENTATION, source_ids=(raw.id,))
    hanging = hang(study(raw, twin, "LCC"))
    assert hanging.visible == (twin.id, "LCC")
    assert hanging.behind == ()
    assert hanging.withheld == (raw,)
    alone = hang(study(raw, "LCC"))
    assert alone.visible == (raw.id, "LCC")
    unrelated = replace(twin, source_ids=("another",))
    assert hang(study(raw, unrelated, "LCC")).behind == (raw.id,)


@pytest.mark.meets("MG-G01")
def test_partial_views_lie_as_in_the_breast() -> None:
    def part(name: str, *parts: Part) -> Mammogram:
        return image(name, is_partial=True, parts=parts)

    def mosaic(*images: Mammogram) -> list[list[str]]:
        one = study(*images)
        (index,) = [i for i, name in enumerate(hang(one).stages) if "partial" in name]
        return shown(hang(one, stage=index))

    posterior, anterior = part("LCC#p", Part.POSTERIOR), part("LCC#a", Part.ANTERIOR)
    assert mosaic(anterior, posterior) == [["LCC#p", "LCC#a"]]
    posterior, anterior = part("RCC#p", Part.POSTERIOR), part("RCC#a", Part.ANTERIOR)
    assert mosaic(anterior, posterior) == [["RCC#a", "RCC#p"]]
    assert mosaic(part("RCC#m", Part.MEDIAL), part("RCC#l", Part.LATERAL)) == [["RCC#l"], ["RCC#m"]]
    quarters = [
        part(f"RMLO#{a}{b}", first, second)
        for a, first in (("s", Part.SUPERIOR), ("i", Part.INFERIOR))
        for b, second in (("a", Part.ANTERIOR), ("p", Part.POSTERIOR))
    ]
    assert mosaic(*quarters) == [["RMLO#sa", "RMLO#sp"], ["RMLO#ia", "RMLO#ip"]]
    thirds = [part(f"LCC#{p}", p) for p in (Part.MEDIAL, Part.CENTRAL, Part.LATERAL)]
    assert mosaic(*thirds) == [["LCC#lateral"], ["LCC#central"], ["LCC#medial"]]
    alone = hang(study(part("LCC#p", Part.POSTERIOR), "RCC"))
    assert not [name for name in alone.stages if "partial" in name]


def test_images_of_two_patients_are_left_out() -> None:
    stranger = image("LCC", patient_id="Q")
    hanging = hang(study("RCC", stranger))
    assert hanging.visible == ("RCC",)
    assert hanging.left_out == (stranger,)


def test_a_prior_of_another_patient_is_left_out_whoever_hands_it_in() -> None:
    strangers = tuple(replace(one, patient_id="Q") for one in older(*FOUR))
    hanging = hang(study(*FOUR), "with_prior", priors=(study(*strangers, uid="T", date="2019", patient="Q"),))
    assert {one.image.patient_id for one in hanging.hung} == {"P"}
    assert set(hanging.left_out) == set(strangers)


def test_studies_that_name_no_patient_never_hang_together() -> None:
    nobody = [image(name, patient_id="", study_uid="S") for name in FOUR]
    others = [image(f"{name}#1", patient_id="", study_uid="T") for name in FOUR]
    prior = study(*others, uid="T", date="2019", patient="")
    hanging = hang(study(*nobody, patient=""), "with_prior", priors=(prior,))
    assert {one.image.study_uid for one in hanging.hung} == {"S"}
    assert set(hanging.left_out) == set(others)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"patient_id": "P", "study_uid": "S"}, {"patient_id": "Q", "study_uid": "S"}),
        ({"patient_id": "P", "study_uid": "S"}, {"patient_id": "Q", "study_uid": "T"}),
        ({"patient_id": "", "study_uid": "S"}, {"patient_id": "", "study_uid": "T"}),
        ({"patient_id": "P", "study_uid": "S"}, {"patient_id": "", "study_uid": "S"}),
    ],
)
@pytest.mark.parametrize("is_behind", [False, True])
def test_no_hanging_of_two_patients_can_be_made(one, other, is_behind) -> None:
    """The guard itself: whatever made the slots."""
    hung = [Laying().hung(image(name, **fields), 0) for name, fields in (("RCC", one), ("LCC", other))]
    slots = (
        (Slot(0, 0, "RCC", tuple(hung)),)
        if is_behind
        else (Slot(0, 0, "RCC", (hung[0],)), Slot(0, 1, "LCC", (hung[1],)))
    )
    with pytest.raises(MixedPatientsError):
        Hanging("S", "test", 1, 2, slots)
    with pytest.raises(MixedPatientsError):
        replace(hang(study("RCC")), slots=slots)


@pytest.mark.meets("MG-B11")
def test_current_and_prior_are_told_by_date_whatever_the_order() -> None:
    new, old, older = (study(uid=uid, date=date) for uid, date in (("n", "20220101"), ("o", "20200101"), ("p", "2018")))
    stranger = study(uid="q", date="20190101", patient="Q")
    every = (older, stranger, new, old)
    assert priors(new, every) == (old, older)
    assert priors(older, every) == ()
    assert current(every, "P") == new
    assert current(every, "nobody") is None


def test_without_patient_or_date_nothing_is_a_prior() -> None:
    nameless = [study(uid=str(year), date=f"{year}0101", patient="") for year in (2018, 2020)]
    assert priors(nameless[1], nameless) == ()
    undated = [study(uid="a", date=""), study(uid="b")]
    assert priors(undated[1], undated) == ()
    assert priors(undated[0], undated) == ()


def places(hanging: Hanging, **monitors: bool) -> dict[str, tuple[int, int, int]]:
    where = arranged(hanging, **monitors)
    return {slot.label: place for slot, place in zip(hanging.slots, where, strict=True)}


def test_a_second_monitor_takes_the_other_breast() -> None:
    four = hang(study(*FOUR))
    assert places(four) == {"RCC": (1, 0, 0), "LCC": (1, 0, 1), "RMLO": (1, 1, 0), "LMLO": (1, 1, 1)}
    assert places(four, has_second=True) == {
        "RCC": (1, 0, 0),
        "LCC": (2, 0, 0),
        "RMLO": (1, 1, 0),
        "LMLO": (2, 1, 0),
    }
    named = hang(study(*FOUR), "two_breasts")
    assert named.second == (2, 1)
    assert places(named) == places(four), "side by side where there is none"
    assert places(named, has_second=True) == places(four, has_second=True)


def test_a_second_monitor_takes_the_current_study() -> None:
    hanging = hang(study(*FOUR), "two_times", priors=(study(*older(*FOUR), uid="T", date="2019"),))
    placed = places(hanging, has_second=True)
    assert {label for label, place in placed.items() if place[0] == 2} == set(FOUR)
    assert places(hanging)["prior RCC"] == (1, 0, 0)
    assert places(hanging)["LMLO"] == (1, 1, 3)


def test_sides_are_swapped_over_both_monitors() -> None:
    four = hang(study(*FOUR))
    assert places(four, is_swapped=True)["RCC"] == (1, 0, 1)
    assert places(four, is_swapped=True)["LCC"] == (1, 0, 0)
    swapped = places(four, is_swapped=True, has_second=True)
    assert (swapped["RCC"], swapped["LCC"]) == ((2, 0, 0), (1, 0, 0))
    named = hang(study(*FOUR), "two_breasts")
    swapped = places(named, is_swapped=True, has_second=True)
    assert (swapped["RCC"], swapped["LMLO"]) == ((2, 0, 0), (1, 1, 0))
