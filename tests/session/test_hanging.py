from __future__ import annotations

import pytest

from mammoview.core.study import (
    Grayscale,
    Laterality,
    Mammogram,
    PresentationIntent,
    SourceKind,
    Study,
    ViewModifier,
    ViewPosition,
)
from mammoview.session.hanging import Hanging, current, hang, priors, protocols
from mammoview.session.orientation import Side
from mammoview.session.settings import record


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
    hanging = hang(study(*FOUR), chest_walls=dict.fromkeys(FOUR, Side.LEFT))
    for slot in hanging.slots:
        (one,) = slot.stack
        assert one.orientation.chest_wall is (Side.RIGHT if slot.column == 0 else Side.LEFT)
        assert one.orientation.dihedral.flip_columns is (slot.column == 0)


@pytest.mark.parametrize("choice", [choice for choice, _ in record("hanging").choices])
def test_every_choice_of_the_settings_is_a_protocol(choice) -> None:
    assert choice in {protocol.id for protocol in protocols()}


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
    hanging = hang(study(*FOUR, "x", "LSPECIMEN"))
    assert shown(hanging)[0] == ["RCC", "LCC", "LSPECIMEN"]
    other = hanging.slots[-1]
    assert (other.label, other.row_span) == ("Other", 2)
    assert [one.image.id for one in other.stack] == ["LSPECIMEN", "x"]


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


def test_images_of_two_patients_never_hang_together() -> None:
    stranger = image("LCC", patient_id="Q")
    hanging = hang(study("RCC", stranger))
    assert hanging.visible == ("RCC",)
    assert hanging.left_out == (stranger,)


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
