from __future__ import annotations

from dataclasses import replace

import pytest

from mammoview.core.geometry import Dihedral
from mammoview.core.study import (
    Grayscale,
    Laterality,
    Mammogram,
    SourceKind,
    Study,
    ViewPosition,
)
from mammoview.session.hanging_file import load, shipped
from mammoview.session.hangings import Hangings
from mammoview.session.messages import Messages
from mammoview.session.mirrored import mirrored_path
from mammoview.session.orientation import Side
from mammoview.session.protocols import Protocol, Stage, read_place
from mammoview.session.settings import Settings

FOUR = ("RCC", "LCC", "RMLO", "LMLO")


def image(name: str, uid: str, **more: object) -> Mammogram:
    fields: dict[str, object] = {
        "laterality": Laterality(name[0]),
        "view": ViewPosition(name[1:]),
        "patient_id": "P",
        "study_uid": uid,
    } | more
    return Mammogram(f"{name}@{uid}", f"/{name}", SourceKind.DICOM, 4, 3, Grayscale(12), **fields)  # type: ignore[arg-type]


def study(uid: str, date: str, names: tuple[str, ...] = FOUR, **more: object) -> Study:
    return Study(uid, "P", "", date, tuple(image(name, uid, **more) for name in names))


NOW, BEFORE, LONG_AGO = study("now", "2024"), study("before", "2022"), study("long ago", "2020", ("RCC",))


class Desk:
    """A session's part of the work."""

    def __init__(self, *studies: Study, settings: Settings = Settings()) -> None:  # noqa: B008
        self.studies, self.settings = studies, settings
        self.chest_walls: dict[str, Side] = {}
        self.changes = 0
        self.messages = Messages()
        self.hangings = Hangings(
            self.messages,
            studies=lambda: self.studies,
            settings=lambda: self.settings,
            chest_walls=lambda: self.chest_walls,
            on_change=self.count,
        )
        self.hangings.begin(studies[0].uid)

    def count(self) -> None:
        self.changes += 1

    @property
    def stage(self) -> str:
        now = self.hangings.current
        assert now is not None
        return now.stages[now.stage]


def test_stages_are_gone_through_and_end() -> None:
    desk = Desk(NOW, BEFORE)
    assert desk.stage == "CC over MLO"
    assert not desk.hangings.step(-1)
    assert desk.changes == 0
    seen = [desk.stage]
    while desk.hangings.step(1):
        seen.append(desk.stage)
    assert desk.hangings.current is not None
    assert tuple(seen) == desk.hangings.current.stages
    assert desk.changes == len(seen) - 1
    desk.hangings.begin(BEFORE.uid)
    assert desk.stage == "CC over MLO"


@pytest.mark.meets("MG-B10")
def test_priors_come_and_go_with_one_key() -> None:
    desk = Desk(NOW, BEFORE)
    while desk.stage != "MLO":
        desk.hangings.step(1)
    assert desk.hangings.toggle_priors()
    assert desk.stage == "Prior over current"
    assert desk.hangings.toggle_priors()
    assert desk.stage == "MLO"
    alone = Desk(NOW)
    assert not alone.hangings.toggle_priors()
    assert alone.changes == 0


@pytest.mark.meets("MG-B11")
def test_the_prior_of_an_image_is_the_newest_earlier_one_of_its_view() -> None:
    # In any order of opening.
    desk = Desk(LONG_AGO, BEFORE, NOW)
    by_name = {image.label: image for image in NOW.images}
    prior = desk.hangings.counterpart(by_name["LMLO"])
    assert prior is not None
    assert (prior.image.id, prior.when) == ("LMLO@before", 1)
    prior = desk.hangings.counterpart(BEFORE.images[0])
    assert prior is not None
    assert prior.image.id == "RCC@long ago"
    assert desk.hangings.counterpart(BEFORE.images[1]) is None
    assert desk.hangings.counterpart(LONG_AGO.images[0]) is None


@pytest.mark.meets("MG-K03")
def test_a_mirrored_image_stays_mirrored_over_restarts() -> None:
    desk = Desk(NOW)
    desk.chest_walls = {image.id: Side.LEFT for image in NOW.images}

    def lies(hangings: Hangings) -> dict[str, bool]:
        assert hangings.current is not None
        return {one.image.label: one.orientation.dihedral.flip_columns for one in hangings.current.hung}

    before = lies(desk.hangings)
    assert desk.hangings.mirror(NOW.images[1])
    assert desk.changes == 1
    assert lies(desk.hangings) == before | {"LCC": not before["LCC"]}
    again = Desk(NOW)
    again.chest_walls = desk.chest_walls
    assert lies(again.hangings) == lies(desk.hangings)
    (own,) = [one for one in again.hangings.current.hung if one.image.label == "LCC"]
    assert own.orientation.inferred is not None
    assert own.orientation.inferred.source == "by hand"
    again.hangings.mirror(NOW.images[1])
    third = Desk(NOW)
    third.chest_walls = desk.chest_walls
    assert lies(third.hangings) == before


@pytest.mark.meets("MG-B01")
def test_what_the_header_says_is_not_turned_for_good() -> None:
    desk = Desk(study("now", "2024", patient_orientation=("A", "F")))
    assert not desk.hangings.mirror(desk.studies[0].images[0])
    assert desk.changes == 0
    assert not mirrored_path().exists()


@pytest.mark.meets("MG-B14")
def test_studies_described_so_are_not_turned() -> None:
    stored = study("now", "2024", patient_orientation=("H", "P"), study_description="QA Do Not Orient")
    for words, is_turned in (("", True), ("biopsy; do not orient ;", False), ("orient!", True)):
        desk = Desk(stored, settings=replace(Settings(), as_stored=words))
        assert desk.hangings.current is not None
        turned = {one.orientation.dihedral != Dihedral() for one in desk.hangings.current.hung}
        assert turned == {is_turned}
        assert [slot.label for slot in desk.hangings.current.slots] == list(FOUR), "the description decides no place"


def test_a_stage_being_made_hangs_with_its_empty_places() -> None:
    desk = Desk(NOW)
    stage = Stage("new", ((read_place("RXCCL"), read_place("LCC")),), at_least=2)
    desk.hangings.preview(stage)
    assert desk.hangings.current is not None
    assert [(slot.label, len(slot.stack)) for slot in desk.hangings.current.slots] == [("RXCCL", 0), ("LCC", 1)]
    desk.hangings.preview(None)
    assert desk.stage == "CC over MLO"
    assert desk.changes == 2


def test_own_protocols_are_in_force_at_once_and_after_a_restart() -> None:
    mine = Protocol("mine", "Mine", (Stage("one", ((read_place("LCC"),),)),))
    desk = Desk(NOW, settings=replace(Settings(), hanging="mine"))
    desk.hangings.change((mine, *shipped()))
    assert desk.stage == "one"
    assert Desk(NOW, settings=desk.settings).stage == "one"
    desk.hangings.reset()
    assert desk.stage == "CC over MLO"
    assert load()[0] == shipped()


def test_damaged_files_are_told_once() -> None:
    mirrored_path().parent.mkdir(parents=True, exist_ok=True)
    mirrored_path().write_text("[")
    desk = Desk(NOW)
    assert [message.problem.code for message in desk.messages.history] == ["mirrored"]
