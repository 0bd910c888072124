"""The window with a reader who never stops; killed from outside. What was stored is told on stdout, line by line."""

from __future__ import annotations

import sys

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from mammoview.core.marks import Mark, MarkKind
from mammoview.core.reading import (
    Assessment,
    Density,
    DensityRead,
    FindingType,
    ReaderFinding,
    Recommendation,
)
from mammoview.report.breast_report.values import Draft, SectionName
from mammoview.session import marks_file
from mammoview.session.marks import new_id
from mammoview.session.reading import changes
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow

COMMIT_AT, SIGN_AT = 4, 8


class Reader:
    """Works through the cases one after the other; every step waits until the one before it was stored."""

    def __init__(self, window: MainWindow, rows: int) -> None:
        self.desk, self.rows = window.desk.reading, rows
        self.desk.worklist_opened.connect(lambda: self.desk.sign_in("a"))
        self.desk.signed_in.connect(lambda _seat: self.desk.open_case(1))
        self.desk.case_changed.connect(lambda _case: QTimer.singleShot(0, self.work))
        self.desk.stored_changed.connect(lambda _is_stored: QTimer.singleShot(0, self.work))
        self.told = ""

    def work(self) -> None:
        case = self.desk.case
        if case is None or not self.desk.is_stored:
            return
        done = len(case.draft.findings)
        marks = len(marks_file.load(case.uid, "a").marks)
        line = f"{case.study} {done} {marks} {int(case.is_committed)} {int(case.is_signed)}"
        if line == self.told:
            return
        self.told = line
        print(line, flush=True)
        if case.is_signed:
            if case.study < self.rows:
                self.desk.open_case(case.study + 1)
        elif done == COMMIT_AT and not case.is_committed:
            self.desk.commit()
        elif done == SIGN_AT:
            self.desk.sign()
        else:
            mark = Mark(new_id(), case.draft.exam.images[0].id, MarkKind.DISTANCE, ((1.0, 1.0), (9.0, 9.0)))
            self.desk.session.marks.add(case.uid, mark)
            self.desk.change(lambda draft: _with_one_more(draft, done))


def _with_one_more(draft: Draft, done: int) -> Draft:
    if not draft.breasts:
        draft = changes.assess_all(draft, Assessment.BENIGN)
        for side in draft.exam.sides:
            draft = changes.recommend(draft, side, (Recommendation.ROUTINE,))
        draft = changes.set_density(draft, DensityRead(Density.SCATTERED))
    image, square = draft.exam.images[0], ((10.0, 10.0), (10.0, 40.0), (40.0, 40.0))
    assert image.side is not None
    finding = ReaderFinding(f"own-{done}", image.id, image.side, image.view, FindingType.MASS, square)
    return changes.write_section(changes.add_finding(draft, finding), SectionName.INDICATION, f"number {done + 1}")


def main() -> None:
    app = QApplication(sys.argv[:1])
    session = Session(Settings(analyse_on_open=False))
    window = MainWindow(session, Background())
    bridge = Bridge()
    bridge.told.connect(window.show_event)
    session.connect(bridge.send)
    reader = Reader(window, int(sys.argv[1]))
    window.show()
    window.desk.reading.open_worklist()
    app.exec()
    del reader


if __name__ == "__main__":
    main()
