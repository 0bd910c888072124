"""Two models beside each other: what is asked and told, what stays as it was, who must not see it."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from mammoview.core.errors import Problem
from mammoview.core.paths import user_data
from mammoview.core.study import Laterality, ViewPosition
from mammoview.models import registry
from mammoview.pipeline.comparing import ComparedExams, Side, SideImage
from mammoview.session.analysis import request_for
from mammoview.session.comparing import (
    BLIND,
    NO_STUDY,
    WAITING,
    ComparedCase,
    Comparisons,
    Concealed,
    Contender,
    NotCompared,
    Subject,
    Underway,
    contenders,
    subject_of,
)
from mammoview.session.events import ExamAnalysed, PixelsReady, StudySelected
from mammoview.session.session import Session
from mammoview.session.settings import Settings

QUIET = replace(Settings(), analyse_on_open=False, device="cpu", model_patch="mine@2")
OLD, NEW = Contender("whole_image", ("old@1", "older@1")), Contender("whole_image", ("new@2",))


@pytest.fixture
def session(ear, small_study) -> Iterator[Session]:
    made = Session(QUIET, ear, engine="fake_children:engine")
    made.open([small_study])
    ear.wait(PixelsReady, count=4)
    yield made
    made.close()


@pytest.fixture
def told(session) -> Iterator[tuple[Comparisons, Listener]]:
    listener = Listener()
    made = Comparisons(session, listener)
    yield made, listener
    made.close()


class Listener:
    """Hears what is told of comparisons."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, object]] = []

    def __call__(self, number: int, event: object) -> None:
        self.heard.append((number, event))

    def of(self, kind: type) -> list[object]:
        return [event for _, event in self.heard if isinstance(event, kind)]

    def wait(self, kind: type, is_meant: Callable[[object], bool] = lambda _: True) -> object:
        end = time.monotonic() + 60
        while not any(is_meant(event) for event in self.of(kind)):
            assert time.monotonic() < end, self.heard
            time.sleep(0.01)
        return next(event for event in self.of(kind) if is_meant(event))


def subject(session: Session) -> Subject:
    return subject_of(session.studies[0])


def hold() -> Path:
    user_data().mkdir(parents=True, exist_ok=True)
    file = user_data() / "hold-comparison"
    file.touch()
    return file


def test_each_side_names_its_models_and_all_else_is_asked_as_ever(session, told) -> None:
    comparisons, _ = told
    asked = comparisons._request(subject(session), OLD, NEW)
    usual = request_for(session.studies[0], session.settings)
    assert asked.task == "whole_image"
    assert asked.old.models == ("old@1", "older@1", "mine@2")
    assert asked.new.models == ("new@2", "mine@2")
    assert replace(asked.old, models=()) == replace(asked.new, models=()) == replace(usual, models=())


def test_both_models_are_told_view_by_view(session, told) -> None:
    comparisons, listener = told
    number = comparisons.start(subject(session), OLD, NEW)
    done = listener.wait(ComparedExams)
    ids = [image.id for image in session.studies[0].images]
    views = listener.of(SideImage)
    assert [(view.side, view.result.image_id) for view in views] == [(side, one) for side in Side for one in ids]
    assert done.old.exam.p_malignant == 0.25
    assert done.new.models[0] == "new@2"
    assert {told_of for told_of, _ in listener.heard} == {number}


def test_the_study_keeps_its_own_result_and_settings(session, told, ear) -> None:
    comparisons, listener = told
    uid = session.studies[0].uid
    session.analyze(uid)
    ear.wait(ExamAnalysed)
    before, settings, count = session.result_of(uid), session.settings, len(ear.heard)
    kept: list[object] = []
    session.keep_results(lambda _study, result: kept.append(result))
    comparisons.start(subject(session), OLD, NEW)
    listener.wait(ComparedExams)
    assert session.result_of(uid) is before
    assert session.settings == settings
    assert kept == []
    assert ear.heard[count:] == [], "the session tells nothing of it"


def test_it_can_be_cancelled_and_the_engine_is_ready_for_the_next(session, told) -> None:
    comparisons, listener = told
    file = hold()
    comparisons.start(subject(session), OLD, NEW)
    listener.wait(Underway)
    comparisons.cancel()
    ended = listener.wait(NotCompared)
    assert ended.is_cancelled
    file.unlink()
    comparisons.start(subject(session), OLD, NEW)
    listener.wait(ComparedExams)


def test_it_gives_way_to_an_analysis_and_is_begun_anew(session, told, ear) -> None:
    comparisons, listener = told
    file = hold()
    comparisons.start(subject(session), OLD, NEW)
    listener.wait(Underway)
    session.analyze(session.studies[0].uid)
    ear.wait(ExamAnalysed)
    listener.wait(Underway, lambda event: event.text == WAITING)
    file.unlink()
    listener.wait(ComparedExams)
    assert listener.of(NotCompared) == []


def test_the_wish_to_stop_analyses_is_not_for_it(session, told) -> None:
    comparisons, listener = told
    file = hold()
    comparisons.start(subject(session), OLD, NEW)
    listener.wait(Underway)
    session.cancel_analysis()
    file.unlink()
    listener.wait(ComparedExams)
    assert not any(event.text == WAITING for event in listener.of(Underway))


def test_a_newer_comparison_takes_the_place_of_the_older(session, told) -> None:
    comparisons, listener = told
    file = hold()
    comparisons.start(subject(session), OLD, NEW)
    listener.wait(Underway)
    second = comparisons.start(subject(session), NEW, OLD)
    file.unlink()
    done = listener.wait(ComparedExams)
    assert done.old.models[0] == "new@2"
    assert {number for number, event in listener.heard if isinstance(event, SideImage | NotCompared)} == {second}


def test_a_broken_package_is_told_once_with_what_to_do(session, told, ear) -> None:
    comparisons, listener = told
    count = len(ear.heard)
    comparisons.start(subject(session), OLD, Contender("whole_image", ("broken@1",)))
    ended = listener.wait(NotCompared)
    assert not ended.is_cancelled
    assert "hash mismatch" in ended.problem.message
    assert ended.problem.hint == "Install it again."
    assert listener.of(NotCompared) == [ended]
    assert ear.heard[count:] == []


def test_a_blind_reader_is_told_nothing_and_no_model_is_asked(session, told) -> None:
    comparisons, listener = told
    session.veil.begin()
    uid = session.studies[0].uid
    assert comparisons.why_not(uid) == BLIND
    comparisons.start(subject(session), OLD, NEW)
    (ended,) = listener.of(NotCompared)
    assert ended.problem == Problem("", "concealed", "The models are not compared.", BLIND)
    assert session.engine.pids == ()
    session.veil.lift(uid)
    assert comparisons.why_not(uid) == ""
    assert comparisons.why_not("nothing") == NO_STUDY


@pytest.mark.parametrize("is_under_way", [True, False])
def test_what_was_told_is_taken_back_as_soon_as_a_blind_read_begins(session, told, is_under_way) -> None:
    comparisons, listener = told
    file = hold()
    comparisons.start(subject(session), OLD, NEW)
    listener.wait(Underway)
    if not is_under_way:
        file.unlink()
        listener.wait(ComparedExams)
    session.veil.begin()
    assert len(listener.of(Concealed)) == 1, "before the call returns"
    told_by_then = len(listener.heard)
    file.unlink(missing_ok=True)
    time.sleep(0.3)
    assert listener.heard[told_by_then:] == []


def test_a_blind_case_on_the_table_ends_the_comparison_of_another_study(
    session, told, ear, small_study, tmp_path
) -> None:
    comparisons, listener = told
    uid = session.studies[0].uid
    picture = cv2.imread(str(small_study / "L-CC.png"), cv2.IMREAD_UNCHANGED)
    (tmp_path / "two").mkdir()
    assert cv2.imwrite(str(tmp_path / "two" / "L-CC.png"), picture // 2)
    is_open = threading.Event()
    session.open([tmp_path / "two"], select=False, then=is_open.set)
    assert is_open.wait(30)
    (other,) = [study.uid for study in session.studies if study.uid != uid]
    session.veil.begin()
    session.veil.lift(uid)
    comparisons.start(subject_of(session.study(uid)), OLD, NEW)
    listener.wait(ComparedExams)
    session.select_study(other)
    ear.wait(lambda event: event == StudySelected(other))
    assert len(listener.of(Concealed)) == 1
    assert comparisons.why_not(uid) == BLIND


def test_what_an_earlier_reader_did_not_see_stays_hidden_after_signing_out(session, told) -> None:
    comparisons, _ = told
    session.veil.begin()
    session.veil.end()
    assert comparisons.why_not(session.studies[0].uid) == BLIND


def test_a_case_of_a_table_lends_a_picture_its_side_and_view(session) -> None:
    image = session.studies[0].images[0]
    bare = replace(image, laterality=None, view=None)
    study = replace(session.studies[0], images=(bare,))
    case = ComparedCase(Path(image.path), laterality=Laterality.LEFT, view=ViewPosition.MLO)
    found = case.within([study])
    assert found is not None
    assert (found.images[0].laterality, found.images[0].view) == (Laterality.LEFT, ViewPosition.MLO)
    own = case.within(session.studies)
    assert own is not None
    assert own.images == (image,), "what the file says comes first"
    assert ComparedCase(Path("elsewhere.png")).within(session.studies) is None


def test_views_come_as_they_hang_without_volumes_and_withheld_twins(session) -> None:
    study = session.studies[0]
    hanging = session.hanging_of(study.uid)
    assert hanging is not None
    views = [item.image for item in hanging.hung]
    volume = replace(views[0], id="volume", frames=30)
    found = subject_of(replace(study, images=(volume, *study.images)), replace(hanging, withheld=(views[1],)))
    assert found.images == (views[0], *views[2:])
    assert [image.label for image in subject_of(study, hanging).images] == ["RCC", "LCC", "RMLO", "LMLO"]


def test_models_in_use_come_first_and_refused_packages_are_named(toy_models: Path) -> None:
    (toy_models / "newer").mkdir()
    (toy_models / "newer" / "manifest.json").write_text('{"schema_version": 99}')
    found = contenders(replace(Settings(), model_whole_image=""))
    first = found.of_task("whole_image")[0]
    assert first.models == ("toy-whole-image@1.0",)
    assert first.is_in_use
    assert first.label == "toy-whole-image@1.0"
    assert "newer MammoView" in found.refused[0].message


def test_what_was_made_here_last_comes_before_what_was_made_before(toy_models: Path) -> None:
    for name, days in (("a-model", 3), ("z-model", 9)):
        folder = Path(shutil.copytree(toy_models / "patch", toy_models / name))
        words = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps({**words, "id": name}))
        os.utime(folder, (1e9 - days * 86_400,) * 2)
    os.utime(toy_models / "patch", (1e9 - 20 * 86_400,) * 2)
    own = [one.models[0] for one in contenders(Settings()).of_task("patch") if one.is_own]
    assert own == ["toy-patch@1.0", "a-model@1.0", "z-model@1.0"], "in use, then by age"


def test_what_the_program_came_with_stays_a_choice_when_another_model_is_in_use(isolated_home: Path) -> None:
    before = contenders(Settings()).of_task("whole_image")[0]
    registry.activate(registry.find("cbis-whole-image-3"))
    found = contenders(Settings()).of_task("whole_image")
    assert [one.models for one in found[:2]] == [("cbis-whole-image-3@0.3",), before.models]
    assert [one.is_in_use for one in found[:3]] == [True, False, False]
    named = contenders(replace(Settings(), model_whole_image="cbis-whole-image-4")).of_task("whole_image")
    assert next(one for one in named if one.is_in_use).models == ("cbis-whole-image-4@0.3",)


def test_experimental_packages_are_marked() -> None:
    marked = {one.models[0] for one in contenders(Settings()).of_task("segmentation") if one.is_experimental}
    assert marked == {"phantom-calcification-unet@0.1", "three-class-bcir-unet@0.1"}


def test_an_ensemble_in_use_is_one_choice_beside_its_members() -> None:
    found = contenders(Settings()).of_task("whole_image")
    assert found[0].is_in_use
    assert len(found[0].models) == len(found) - 1 == 5
    assert found[0].label == "5 × cbis-whole-image"
