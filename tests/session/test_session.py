from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammoview.core.paths import user_config, user_data
from mammoview.core.study import Laterality
from mammoview.session.blocks import Block, Layout
from mammoview.session.events import (
    AnalysisFailed,
    AnalysisProgress,
    AnalysisStarted,
    EngineState,
    ExamAnalysed,
    HangingChanged,
    ImageAnalysed,
    Level,
    Message,
    PixelsFailed,
    PixelsReady,
    ResultsSaved,
    SaveProgress,
    ScanProgress,
    SettingsChanged,
    StudiesFound,
    StudySelected,
)
from mammoview.session.orientation import Side
from mammoview.session.session import Session
from mammoview.session.settings import Settings, load
from mammoview.session.start import begin

SHM = Path("/dev/shm")
QUIET = replace(Settings(), analyse_on_open=False)


def pixels(seed: int) -> np.ndarray:
    """A bright half disc on the left edge; no two alike."""
    rows, columns = np.indices((300, 200))
    inside = ((rows - 150) / 130) ** 2 + (columns / 120) ** 2 < 1
    return (np.where(inside, 30_000, 500) + rows * 7 + columns * 3 + seed).astype(np.uint16)


def write_pgm(path: Path, values: np.ndarray) -> Path:
    rows, columns = values.shape
    path.write_bytes(b"P5 %d %d 65535\n" % (columns, rows) + values.astype(">u2").tobytes())
    return path


@pytest.fixture
def study(tmp_path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    for seed, name in enumerate(("R-CC", "L-CC", "R-MLO", "L-MLO")):
        write_pgm(folder / f"{name}.pgm", pixels(seed))
    return folder


@pytest.fixture
def start(ear, monkeypatch) -> Iterator[Callable[..., Session]]:
    sessions: list[Session] = []
    made: list[Block] = []

    class Recorded(Block):
        def __init__(self, layout: Layout) -> None:
            super().__init__(layout)
            made.append(self)

    monkeypatch.setattr("mammoview.session.pixels.Block", Recorded)

    def make(settings: Settings = QUIET, **targets: str) -> Session:
        targets.setdefault("engine", "fake_children:engine")
        sessions.append(Session(settings, ear, **targets))
        return sessions[-1]

    yield make
    for session in sessions:
        session.close()
    assert not [block.name for block in made if (SHM / block.name).exists()]


def prescribe(name: str, text: str = "") -> Path:
    user_data().mkdir(parents=True, exist_ok=True)
    file = user_data() / name
    file.write_text(text)
    return file


def kinds(ear) -> list[type]:
    return [type(event) for event in ear.heard]


def test_a_folder_opens_hangs_and_shows_its_own_pixels(start, ear, study) -> None:
    session = start()
    session.open([study])
    ear.wait(PixelsReady, count=4)
    seen = kinds(ear)
    assert seen.index(ScanProgress) < seen.index(StudiesFound) < seen.index(StudySelected) < seen.index(PixelsReady)
    (opened,) = session.studies
    assert session.selected == opened
    by_name = {image.relative_path: image for image in opened.images}
    for seed, name in enumerate(("R-CC", "L-CC", "R-MLO", "L-MLO")):
        shown = session.pixels_of(by_name[f"{name}.pgm"].id)
        np.testing.assert_array_equal(shown.levels[0], pixels(seed))
        assert shown.levels[-1].shape == (150, 100)
    hanging = session.hanging_of(opened.uid)
    assert [slot.label for slot in hanging.slots] == ["RCC", "LCC", "RMLO", "LMLO"]
    for slot in hanging.slots:
        one = slot.stack[0]
        is_right = one.image.laterality is Laterality.RIGHT
        assert one.orientation.dihedral.flip_columns is is_right
        assert one.orientation.chest_wall is (Side.RIGHT if is_right else Side.LEFT)


def test_events_wait_for_a_view(ear, study) -> None:
    session = Session(QUIET)
    session.open([study])
    while session.pixels_of(next((i.id for s in session.studies for i in s.images), "")) is None:
        time.sleep(0.02)
    session.connect(ear)
    ear.wait(PixelsReady, count=4)
    seen = kinds(ear)
    assert seen.index(StudiesFound) < seen.index(StudySelected) < seen.index(PixelsReady)
    session.close()


def test_what_is_opened_later_is_added(start, ear, study, tmp_path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write_pgm(other / "L-CC.pgm", pixels(77))
    session = start()
    session.open([study])
    ear.wait(PixelsReady, count=4)
    session.open([other])
    ear.wait(PixelsReady, count=5)
    assert len(session.studies) == 2
    assert {image.root for one in session.studies for image in one.images} == {0, 1}
    assert session.selected.images[0].root == 1


def test_opening_again_keeps_one_of_each(start, ear, study) -> None:
    session = start()
    session.open([study])
    ear.wait(PixelsReady, count=4)
    session.open([study])
    ear.wait(PixelsReady, count=8)
    assert [len(one.images) for one in session.studies] == [4]


def test_a_bad_file_is_told_and_the_rest_goes_on(start, ear, study) -> None:
    (study / "R-CC.pgm").write_bytes(b"")
    session = start()
    session.open([study])
    ear.wait(PixelsReady, count=3)
    message = ear.wait(Message)
    assert message.problem.path.endswith("R-CC.pgm")
    assert message.problem.hint


def test_a_readme_beside_images_matters_less_than_a_damaged_image(start, ear, study) -> None:
    (study / "LICENSE").write_text("do what you like")
    (study / "liar.png").write_text("no picture")
    start().open([study])
    levels = {}
    for name in ("LICENSE", "liar.png"):
        message = ear.wait(lambda event, name=name: isinstance(event, Message) and event.problem.path.endswith(name))
        levels[name] = message.level
    assert levels == {"LICENSE": Level.INFO, "liar.png": Level.ERROR}


def test_nothing_to_open_is_told(start, ear, tmp_path) -> None:
    session = start()
    session.open([tmp_path / "nowhere"])
    assert "nowhere" in ear.wait(Message).problem.path
    assert session.selected is None


def test_pixels_that_cannot_be_read_are_told_by_image(start, ear, study) -> None:
    session = start(decoder="fake_children:dying_decoder")
    hold = prescribe("hold-decoder")
    session.open([study])
    ear.wait(StudySelected)
    gone = session.studies[0].images[0]
    Path(gone.path).unlink()
    hold.unlink()
    failed = ear.wait(PixelsFailed)
    assert failed.image_id == gone.id
    assert ear.wait(lambda e: isinstance(e, Message) and e.problem == failed.problem)
    ear.wait(PixelsReady, count=3)


def test_kill_9_of_a_decoder_costs_nothing_but_time(start, ear, study) -> None:
    prescribe("kill-decoder", "1")
    session = start(decoder="fake_children:dying_decoder")
    session.open([study])
    ear.wait(PixelsReady, count=4)
    message = ear.wait(Message)
    assert message.level is Level.WARNING
    assert message.problem.code == "worker_died"
    assert message.problem.path.endswith(".pgm")
    assert not ear.of(PixelsFailed)


def test_an_image_that_kills_decoders_is_given_up(start, ear, tmp_path) -> None:
    write_pgm(tmp_path / "R-CC.pgm", pixels(0))
    prescribe("kill-decoder", "2")
    session = start(replace(QUIET, decode_workers=1), decoder="fake_children:dying_decoder")
    session.open([tmp_path / "R-CC.pgm"])
    failed = ear.wait(PixelsFailed)
    assert failed.problem.code == "worker_died"
    assert failed.problem.path.endswith("R-CC.pgm")
    session.request_pixels([failed.image_id])
    assert ear.wait(PixelsReady).image.image_id == failed.image_id


def test_the_session_lives_while_decoders_are_killed_from_outside(start, ear, study) -> None:
    session = start()
    for pid in session.decoders.pids:
        os.kill(pid, signal.SIGKILL)
    session.open([study])
    ear.wait(PixelsReady, count=4)


def test_memory_is_bounded_and_what_is_shown_stays(start, ear, study, monkeypatch) -> None:
    session = start()
    monkeypatch.setattr(session._pixels, "_most_bytes", 1)
    session.open([study])
    ear.wait(PixelsReady, count=4)
    ids = session.hanging_of(session.studies[0].uid).visible
    assert all(session.pixels_of(one) is not None for one in ids)
    write_pgm(study.parent / "L-ML.pgm", pixels(9))
    session.open([study.parent / "L-ML.pgm"])
    last = ear.wait(PixelsReady, count=5)
    assert session.pixels_of(last.image.image_id) is not None
    assert not any(session.pixels_of(one) for one in ids)


def test_an_analysis_comes_image_by_image(start, ear, study) -> None:
    session = start()
    session.open([study])
    ear.wait(PixelsReady, count=4)
    uid = session.studies[0].uid
    session.analyze(uid)
    result = ear.wait(ExamAnalysed).result
    assert session.result_of(uid) == result
    assert [e.result.image_id for e in ear.of(ImageAnalysed)] == [image.id for image in session.studies[0].images]
    assert ear.of(EngineState)[0] == EngineState("cpu", ("fake 1",), "fake engine")
    seen = kinds(ear)
    assert seen.index(AnalysisStarted) < seen.index(AnalysisProgress) < seen.index(ExamAnalysed)
    assert len(session.image_results_of(uid)) == 4
    assert not session.is_analysing


def test_the_analysis_starts_by_itself_once_the_images_are_there(start, ear, study) -> None:
    session = start(Settings())
    session.open([study])
    ear.wait(ExamAnalysed)
    seen = kinds(ear)
    last_pixels = max(index for index, kind in enumerate(seen) if kind is PixelsReady)
    assert last_pixels < seen.index(AnalysisStarted)
    session.select_study(session.studies[0].uid)
    assert len(ear.of(AnalysisStarted)) == 1, "a study that has its result is not analysed again by itself"


def test_kill_9_of_the_engine_is_told_and_the_analysis_tried_again(start, ear, study) -> None:
    prescribe("kill-engine", "1")
    session = start(Settings())
    session.open([study])
    ear.wait(ExamAnalysed)
    message = ear.wait(Message)
    assert message.level is Level.WARNING
    assert message.problem.code == "worker_died"
    assert "image 2" in message.problem.message
    assert not ear.of(AnalysisFailed)
    assert len(session.image_results_of(session.studies[0].uid)) == 4


def test_the_second_death_of_the_engine_ends_the_analysis_only(start, ear, study) -> None:
    prescribe("kill-engine", "2")
    session = start(Settings())
    session.open([study])
    failed = ear.wait(AnalysisFailed)
    assert (failed.problem.code, failed.is_cancelled) == ("worker_died", False)
    assert ear.wait(lambda e: isinstance(e, Message) and e.level is Level.ERROR).problem == failed.problem
    session.analyze(session.studies[0].uid)
    ear.wait(ExamAnalysed)


def test_cancel(start, ear, study) -> None:
    prescribe("hold-engine")
    session = start(Settings())
    session.open([study])
    ear.wait(AnalysisProgress)
    assert session.is_analysing
    session.cancel_analysis()
    failed = ear.wait(AnalysisFailed)
    assert failed.is_cancelled
    assert not session.is_analysing
    assert not ear.of(Message), "nobody is told of what they wished"


def test_other_settings_supersede_a_running_analysis(start, ear, study) -> None:
    hold = prescribe("hold-engine")
    session = start(Settings())
    session.open([study])
    ear.wait(AnalysisProgress)
    uid = session.studies[0].uid
    session.analyze(uid)
    assert len(ear.of(AnalysisStarted)) == 1, "the same question is not asked twice"
    session.change_settings(replace(session.settings, saliency="guided"))
    assert ear.wait(SettingsChanged).settings.saliency == "guided"
    assert load()[0].saliency == "guided"
    session.analyze(uid)
    hold.unlink()
    ear.wait(ExamAnalysed)
    assert len(ear.of(AnalysisStarted)) == 2
    assert not ear.of(AnalysisFailed)
    assert len(ear.of(ExamAnalysed)) == 1


def test_an_answer_to_another_question_is_dropped(start, ear, study) -> None:
    prescribe("stale-engine")
    session = start(Settings())
    session.open([study])
    assert ear.wait(AnalysisFailed).problem.code == "stale"
    assert session.result_of(session.studies[0].uid) is None


def test_a_study_that_changed_forgets_its_result(start, ear, study) -> None:
    session = start(Settings())
    session.open([study])
    ear.wait(ExamAnalysed)
    uid = session.studies[0].uid
    write_pgm(study / "R-ML.pgm", pixels(9))
    session.open([study])
    ear.wait(StudiesFound, count=2)
    if session.studies[0].uid == uid:
        ear.wait(ExamAnalysed, count=2)


def test_results_are_saved_as_the_command_line_does(start, ear, study, tmp_path) -> None:
    session = start(Settings())
    session.open([study])
    ear.wait(ExamAnalysed)
    out = tmp_path / "out"
    session.save_results(out)
    assert ear.wait(ResultsSaved).path == str(out / "result.json")
    assert (out / "result.json").exists()
    session.save_results(out)
    message = ear.wait(Message)
    assert str(out) in message.problem.path + message.problem.message
    session.save_results(out, overwrite=True)
    ear.wait(ResultsSaved, count=2)


def test_saving_tells_how_far_it_is_and_can_be_cancelled(start, ear, study, tmp_path) -> None:
    session = start(Settings())
    session.open([study])
    ear.wait(ExamAnalysed)
    session.save_results(tmp_path / "whole")
    ear.wait(ResultsSaved)
    told = [event.fraction for event in ear.of(SaveProgress)]
    assert told == sorted(told)
    assert len(set(told)) > 2
    assert told[-1] == 1.0
    session.save_results(tmp_path / "part")
    session.saver.cancel()
    ended = ear.wait(lambda event: isinstance(event, SaveProgress) and bool(event.text) and event.fraction == 1.0)
    assert ended.text == "Saving cancelled"
    assert not (tmp_path / "part" / "result.json").exists()
    assert not ear.of(Message)


def test_a_search_can_be_cancelled_and_what_is_open_stays_open(start, ear, study, tmp_path) -> None:
    session = start(QUIET)
    session.open([study])
    ear.wait(StudiesFound)
    before = session.studies
    many = tmp_path / "many"
    many.mkdir()
    for number in range(400):
        write_pgm(many / f"{number}.pgm", np.full((8, 8), number, np.uint16))
    session.open([many])
    session.searches.cancel()
    ear.wait(lambda event: isinstance(event, ScanProgress) and event.text == "Opening cancelled")
    assert session.studies == before
    assert not ear.of(Message)


def test_saving_nothing_is_told(start, ear, tmp_path) -> None:
    start().save_results(tmp_path / "out")
    assert ear.wait(Message).problem.hint
    assert not (tmp_path / "out").exists()


def test_begin_opens_and_keeps_what_happens_for_the_view(ear, study) -> None:
    user_config().parent.mkdir(parents=True, exist_ok=True)
    user_config().write_text("analyse_on_open = false\nnonsense = 1\n")
    session = begin([study])
    session.connect(ear)
    ear.wait(PixelsReady, count=4)
    assert ear.wait(Message).problem.message.startswith("The setting nonsense")
    session.close()


def test_importing_the_session_is_cheap() -> None:
    code = (
        "import sys, mammoview.session.session\n"
        "heavy = {'torch', 'pydicom', 'skimage', 'scipy', 'PySide6', 'onnxruntime', 'pydantic', 'matplotlib'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_decode_child_imports_no_torch_and_no_image_analysis() -> None:
    code = (
        "import sys, mammoview.session.decodeproc\n"
        "heavy = {'torch', 'skimage', 'scipy', 'highdicom', 'PySide6', 'onnxruntime'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


WHOLE_LIFE = """
import sys, threading
from dataclasses import replace
from mammoview.session import pixels
from mammoview.session.events import PixelsReady
from mammoview.session.session import Session
from mammoview.session.settings import Settings
if __name__ == "__main__":
    seen, enough, kept = [], threading.Event(), []
    def on_event(event):
        if isinstance(event, PixelsReady):
            kept.append(event.image)
            seen.append(1)
            if len(seen) == 4:
                enough.set()
    names = []
    class Recorded(pixels.Block):
        def __init__(self, layout):
            super().__init__(layout)
            names.append(self.name)
    pixels.Block = Recorded
    session = Session(replace(Settings(), analyse_on_open=False), on_event)
    session.open(sys.argv[1:2])
    assert enough.wait(60)
    if sys.argv[2] == "close":
        session.close()
    assert all(image.levels[0].any() for image in kept)
    print(*names, flush=True)
"""


@pytest.mark.parametrize("end", ["close", "forget to"])
def test_a_whole_life_says_nothing_on_standard_error(study, tmp_path, end) -> None:
    script = tmp_path / "life.py"
    script.write_text(WHOLE_LIFE)
    command = [sys.executable, str(script), str(study), end]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    names = done.stdout.split()
    assert len(names) == 4
    assert not [name for name in names if (SHM / name).exists()]


@pytest.mark.meets("MG-B11")
@pytest.mark.parametrize("first", ["current", "prior"])
def test_the_newer_exam_is_the_current_one_whichever_was_opened_first(start, ear, fixtures_dir, first) -> None:
    folder = fixtures_dir("priors")
    second = {"current": "prior", "prior": "current"}[first]
    session = start()
    session.open([folder / first])
    ear.wait(PixelsReady, count=4)
    session.open([folder / second])
    ear.wait(StudySelected, count=2)
    assert session.selected.date == "20250310"
    assert session.hangings.toggle_priors()
    assert ear.wait(HangingChanged).has_same_images is False
    hanging = session.hangings.current
    assert {item.image.study_date for item in hanging.hung} == {"20250310", "20230206"}
    for image_id in hanging.visible:
        ear.wait(lambda e, image_id=image_id: isinstance(e, PixelsReady) and e.image.image_id == image_id)


@pytest.mark.parametrize("order", [("current", "intruder"), ("intruder", "current")])
def test_an_intruder_under_the_studys_uid_is_left_out_and_told(start, ear, fixtures_dir, order) -> None:
    session = start()
    for count, name in enumerate(order, start=1):
        session.open([fixtures_dir("priors") / name])
        ear.wait(StudySelected, count=count)
    told = ear.wait(lambda event: isinstance(event, Message) and event.problem.code == "other_patient")
    assert told.problem.path.endswith("LCC.dcm")
    assert len(session.selected.images) == 5
    assert {item.image.patient_id for item in session.hangings.current.hung} == {session.selected.patient_id}
    assert len(session.hangings.current.visible) == 4


def test_a_prior_with_another_name_is_told(start, ear, fixtures_dir, tmp_path) -> None:
    from pydicom import dcmread

    for name in ("current", "prior"):
        for path in sorted((fixtures_dir("priors") / name).iterdir()):
            dataset = dcmread(path)
            if name == "prior":
                dataset.PatientName = "MAIDEN^NAME"
            dataset.save_as(tmp_path / f"{name}{path.name}")
    session = start()
    session.open([tmp_path])
    ear.wait(StudySelected)
    assert not [m for m in session.messages.history if m.problem.code == "other_name"], "no prior hangs yet"
    session.hangings.toggle_priors()
    assert ear.wait(lambda event: isinstance(event, Message) and event.problem.code == "other_name")


def test_a_changed_setting_hangs_anew_only_what_it_concerns(start, ear, fixtures_dir) -> None:
    session = start()
    session.open([fixtures_dir("priors") / "current"])
    ear.wait(PixelsReady, count=4)
    session.change_settings(replace(session.settings, overlay_opacity=0.9))
    session.change_settings(replace(session.settings, hanging="one_row"))
    assert ear.wait(HangingChanged).has_same_images is False
    session.change_settings(replace(session.settings, as_stored="fixture; mammography"))
    heard = [type(event) for event in ear.heard]
    assert heard.count(StudySelected) == 1
    assert heard.count(SettingsChanged) == 3
    ear.wait(lambda event: isinstance(event, HangingChanged) and event.has_same_images)


def test_an_analysis_wished_by_a_changed_setting_begins(start, ear, study) -> None:
    session = start()
    session.open([study])
    ear.wait(PixelsReady, count=4)
    session.change_settings(replace(session.settings, analyse_on_open=True))
    ear.wait(AnalysisStarted)
