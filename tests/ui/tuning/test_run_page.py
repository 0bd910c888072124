"""What happens to a run is seen in the window: what was skipped, what changed, what it waits for, why it ended."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace

import pytest
from test_first_pages import shot
from wizard_hand import Hand

from mammoview.core import paths
from mammoview.core.errors import Problem
from mammoview.session.tuning.project import Page
from mammoview.session.tuning.tuner import JobEnded, Tuner
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.run_messages import RUN, EpochTold, Notice, NoticeKind, RunReport
from mammoview.ui.tuning.run_page import RunPage
from mammoview.ui.tuning.task_page import TaskPage

pytestmark = pytest.mark.gui


def shown(hand: Hand, name: str) -> RunPage:
    hand.open()
    hand.begin(name)
    page = hand.page(RunPage)
    hand.window.stack.setCurrentWidget(page)
    assert hand.desk.standing is not None
    page.show_standing(hand.desk.standing)
    return page


def told(page: RunPage) -> list[str]:
    return [page.notices.words(row)[1] for row in range(page.notices.rowCount())]


def test_everything_that_happens_to_a_run_is_seen(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    page = shown(hand, "Faults")
    tuner = hand.desk._tuner
    assert tuner is not None
    tuner._busy = RUN
    hear = hand.desk.heard.emit
    hear(Notice(NoticeKind.BEGAN, "Learns on CPU in fp32. On this processor the same seed gives the same weights."))
    hear(Notice(NoticeKind.YIELDED, "The run waits while images are analysed for reading."))
    assert page.state.text() == "The run waits while images are analysed for reading."
    hear(Notice(NoticeKind.WENT_ON, "The run goes on."))
    assert page.state.text() == "The first epoch is under way."
    for epoch in (1, 2):
        hear(EpochTold(epoch, 9, "top", 0.5, 1e-3, 2.0, "auc", 0.7, 0.6, 0.8, 12.0))
    skipped = ("/data/a.dcm", "/data/b.dcm")
    for count, name in enumerate(skipped, start=1):
        hear(Notice(NoticeKind.SKIPPED, f"Skipped {name}: damaged.", count))
    hear(Notice(NoticeKind.BATCH_HALVED, "The device ran out of memory: each batch of 8 goes in 2 parts of 4.", 2))
    hear(Notice(NoticeKind.LABELS_CHANGED, "The table of cases was changed while the run goes on."))
    assert page.state.text().startswith("Epoch 2 of 9")
    assert page.state.text().endswith("Skipped, since unreadable: 2 images.")
    for pause in (1, 2):
        hear(Notice(NoticeKind.PAUSED, "The run is paused; nothing is lost."))
        assert "The run is paused" in page.state.text()
        hear(Notice(NoticeKind.WENT_ON, "The run goes on."))
        assert "The run is paused" not in page.state.text()
        assert told(page).count("The run is paused; nothing is lost.") == pause
    shot(hand, "6-run-faults")
    # Its report tells all of it again.
    note = "The table of cases was changed while the run goes on."
    hear(JobEnded(RUN, RunReport("package", 2, tuple((name, "damaged.") for name in skipped), (note,))))
    for words in ("Learns on CPU", "Skipped /data/a.dcm", "out of memory", note):
        assert len([line for line in told(page) if words in line]) == 1, words
    hand.viewer.actions_by_id["identity"].trigger()
    assert not [line for line in told(page) if "a.dcm" in line]
    tuner._busy = None


def test_a_run_that_finds_no_room_says_what_to_do(hand: Hand) -> None:
    page = shown(hand, "Full")
    full = Problem("Full", "output", "checkpoint.pt cannot be written: No space left on device.", "Make room.")
    hand.desk._came.emit(JobEnded(RUN, None, full))
    hand.until(hand.window.problem.isVisible)
    assert hand.window.problem.text.text() == f"{full.message} {full.hint}"
    assert hand.window.page is page.page


def test_a_run_is_opened_again_with_what_it_skipped_and_is_begun_anew(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = shown(hand, "Anew")
    standing = hand.desk.standing
    assert standing is not None
    assert not page.anew.isEnabled()
    begun: list[bool] = []
    monkeypatch.setattr(Tuner, "run", lambda _self, *, is_anew=False: begun.append(is_anew))

    def start(work: Callable[[Tuner], None]) -> None:
        assert hand.desk._tuner is not None
        work(hand.desk._tuner)

    monkeypatch.setattr(hand.desk, "start", start)
    epochs = (EpochTold(1, 9, "all", 0.5, 1e-3, 2.0),)
    finished = frozenset(list(Page)[:5])
    there = replace(standing, finished=finished, epochs=epochs, has_run=True, skipped=(("/data/a.dcm", "damaged."),))
    page.show_standing(there)
    assert told(page) == ["Skipped /data/a.dcm: damaged."]
    assert "1 image" in page.state.text()
    assert page.start.text() == "Go on"
    hand.answer("Cancel")
    hand.click(page.anew)
    assert not begun
    hand.answer("Start anew")
    hand.click(page.anew)
    assert begun == [True]
    assert not page.curves.epochs


def test_a_model_from_a_newer_program_is_refused_in_words(hand: Hand) -> None:
    """It was chosen, and then replaced by one that this program cannot read."""
    own = paths.user_models() / "site-newer-1.0"
    shutil.copytree(next(paths.shipped_models().glob("cbis-whole-image-1-*")), own)
    manifest = own / "manifest.json"
    words = {**json.loads(manifest.read_text(encoding="utf-8")), "id": "site-newer", "version": "1.0"}
    manifest.write_text(json.dumps(words), encoding="utf-8")
    hand.open()
    hand.begin("Newer")
    page = hand.page(TaskPage)
    page.tasks[TuneTask.IMAGE].click()
    hand.until(lambda: page.table.rowCount() > 1)
    keys = [page.table.words(row)[0] for row in range(page.table.rowCount())]
    page.table.selectRow(keys.index("site-newer@1.0"))
    hand.click(page.keep)
    hand.until(lambda: hand.is_done(Page.TASK))
    manifest.write_text(json.dumps({**words, "schema_version": 99}), encoding="utf-8")
    hand.desk.start(lambda tuner: tuner.run())
    hand.until(hand.window.problem.isVisible)
    assert "newer MammoView" in hand.window.problem.text.text()
    assert hand.desk.busy is None
