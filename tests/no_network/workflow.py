"""The program from an import to a signed report, in the real window, with real children: ``workflow.py STUDIES``.

Run where no process may use the network; prints ``signed`` at the end.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QApplication

from mammoview.core.reading import Assessment, Density, DensityRead, Recommendation
from mammoview.report.breast_report.values import Draft
from mammoview.session.reading import ai_files, changes
from mammoview.session.reading.ai_queue import AiQueue
from mammoview.session.reading.files import case_files
from mammoview.session.reading.room import ReadingRoom
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.session.worklist.importer import ImportEnded
from mammoview.session.worklist.listing import Query
from mammoview.session.worklist.worklist import Worklist, open_worklist
from mammoview.ui import theme
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow

PATIENCE_S = 120.0


def wait(app: QApplication, is_so: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end_s, what
        app.processEvents()
        time.sleep(0.01)


def normal(draft: Draft) -> Draft:
    draft = changes.assess_all(draft, Assessment.NEGATIVE)
    for side in draft.exam.sides:
        draft = changes.recommend(draft, side, (Recommendation.ROUTINE,))
    return changes.set_density(draft, DensityRead(Density.SCATTERED))


def import_all(worklist: Worklist, session: Session, folder: str) -> None:
    ended = threading.Event()
    worklist.start_import(
        session.decoders, [folder], on_report=lambda report: ended.set() if isinstance(report, ImportEnded) else None
    )
    assert ended.wait(PATIENCE_S)


def main(folder: str) -> None:
    app = QApplication([])
    theme.apply(app)
    session = Session(replace(Settings(), backend="torch", offers_tour=False))
    bridge, background = Bridge(), Background()
    window = MainWindow(session, background)
    bridge.told.connect(window.show_event)
    window.show()
    session.connect(bridge.send)

    worklist, _ = open_worklist()
    import_all(worklist, session, folder)
    worklist.readers.add("R1", "Reader")
    seat = worklist.readers.sign_in("R1")
    session.veil.begin()
    queue = AiQueue(worklist, session, lambda _: None)
    queue.start()
    wait(app, lambda: bool(queue.failures) or worklist.ai.count_pending() == 0, "the AI queue")
    assert not queue.failures, queue.failures

    row = worklist.listing.order(seat, Query())[0]
    files = case_files(worklist, seat, row)
    session.open_study(files.uid, files.all)
    wait(app, lambda: bool(window.desk.wall.panes) and all(p.image for p in window.desk.wall.panes), "the images")
    room = ReadingRoom(worklist, seat, ai_files.load)
    study = session.selected
    assert study is not None
    room.store(normal(room.open_case(row, study).draft))
    room.commit()
    case = room.reveal()
    assert case.result is not None
    session.veil.lift(files.uid)
    room.store(case.draft)
    assert room.sign().is_signed

    session.analyze(files.uid)
    wait(app, lambda: not session.is_analysing, "the engine")
    session.save_results(Path(folder).parent / "out")
    wait(app, lambda: (Path(folder).parent / "out" / "result.json").exists(), "the result folder")
    window.desk.reading.close()
    window.close()
    queue.close()
    background.close()
    session.close()
    worklist.close()
    print("signed", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
