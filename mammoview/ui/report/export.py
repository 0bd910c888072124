"""Taking a report out of the program: as files, or to a printer by way of the PDF."""

from __future__ import annotations

import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.errors import InputError, MammoViewError, OutputError, UsageError
from mammoview.core.paths import user_data
from mammoview.report.breast_report.key_images import KeyImage
from mammoview.report.breast_report.pdf import Paper
from mammoview.report.breast_report.values import Draft, SignedReport
from mammoview.report.breast_report.writing import Form, write_report
from mammoview.ui import theme
from mammoview.ui.bridge import Background
from mammoview.ui.reading.reading_desk import ReadingDesk
from mammoview.ui.report.pictures import Pictures
from mammoview.ui.wrapped import WrappedLabel

_PRINT: Final = "print-"
_DAY_S: Final = 86_400
_PAPERS: Final = {Paper.A4: "A4", Paper.LETTER: "US letter"}


class ExportDialog(QDialog):
    """Where to, and in which forms."""

    def __init__(self, *, is_draft: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export the report")
        self.setMinimumWidth(theme.px(440))
        self.folder = QLineEdit()
        self.folder.setPlaceholderText("Folder")
        self.browse = QPushButton("Choose…")
        self.html, self.pdf, self.json = QCheckBox("HTML"), QCheckBox("PDF"), QCheckBox("JSON (always)")
        for box in (self.html, self.pdf, self.json):
            box.setChecked(True)
        self.json.setEnabled(False)
        self.paper = QComboBox()
        for paper, name in _PAPERS.items():
            self.paper.addItem(name, paper)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self._lay_out(is_draft=is_draft)
        self.browse.clicked.connect(self._browse)
        self.folder.textChanged.connect(lambda _text: self._check())
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._check()

    def _lay_out(self, *, is_draft: bool) -> None:
        place, forms = QHBoxLayout(), QHBoxLayout()
        place.addWidget(self.folder, 1)
        place.addWidget(self.browse)
        for widget in (self.html, self.pdf, self.json):
            forms.addWidget(widget)
        forms.addStretch(1)
        forms.addWidget(QLabel("Paper"))
        forms.addWidget(self.paper)
        text = "The files hold the patient's name. The export is written into the audit log."
        if is_draft:
            text = f"This is a draft: every page will say so. {text}"
        column = QVBoxLayout(self)
        column.addWidget(WrappedLabel(text))
        column.addLayout(place)
        column.addLayout(forms)
        column.addWidget(self.buttons)

    @property
    def forms(self) -> tuple[Form, ...]:
        """What is wanted beside the JSON."""
        wanted = ((Form.HTML, self.html), (Form.PDF, self.pdf))
        return tuple(form for form, box in wanted if box.isChecked())

    def _browse(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Folder for the report", self.folder.text())
        if name:
            self.folder.setText(name)

    def _check(self) -> None:
        self.buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(bool(self.folder.text().strip()))


class Exporter(QObject):
    """Writes reports beside the window, and says so in the audit log.

    Parameters
    ----------
    reading
        Logs, and tells what went wrong.
    background
        Where files are written.
    window
        Under which it asks.
    """

    #: The written folder, for the status line.
    exported = Signal(str)

    def __init__(self, reading: ReadingDesk, background: Background, window: QWidget) -> None:
        super().__init__(window)
        self._reading, self._background, self._window = reading, background, window
        self.dialog: ExportDialog | None = None

    def ask(self, study: int, written: Draft | SignedReport, pictures: Pictures) -> None:
        """Ask where to, then write."""
        self.dialog = dialog = ExportDialog(is_draft=isinstance(written, Draft), parent=self._window)

        def accepted() -> None:
            out, forms = Path(dialog.folder.text().strip()).absolute(), dialog.forms
            paper = Paper(dialog.paper.currentData())
            pictures.of(
                written if isinstance(written, Draft) else written.content,
                lambda images: self.write(study, out, written, images, forms=forms, paper=paper),
            )

        dialog.accepted.connect(accepted)
        dialog.finished.connect(self._forget)
        dialog.open()

    def _forget(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    def write(
        self,
        study: int,
        out: Path,
        written: Draft | SignedReport,
        pictures: tuple[KeyImage, ...],
        *,
        forms: Collection[Form],
        paper: Paper = Paper.A4,
        overwrite: bool = False,
    ) -> None:
        """Write a report's folder; one that holds a report is replaced only after a question."""
        what = " ".join(("draft" if isinstance(written, Draft) else "report", "json", *(form.value for form in forms)))

        def done(outcome: Path | MammoViewError) -> None:
            if isinstance(outcome, _TakenError):
                if self._may_replace():
                    self.write(study, out, written, pictures, forms=forms, paper=paper, overwrite=True)
            elif isinstance(outcome, MammoViewError):
                self._reading.tell(outcome)
            else:
                self._log(study, what, lambda: self.exported.emit(str(out)))

        self._background.run(
            lambda: _tried(out, written, pictures, forms=forms, paper=paper, overwrite=overwrite), done
        )

    def print_out(self, study: int, written: Draft | SignedReport, pictures: tuple[KeyImage, ...]) -> None:
        """Open the PDF in the system's own viewer, which prints; the file goes when the program ends."""
        home = user_data()

        def work() -> Path | MammoViewError:
            try:
                folder = _print_folder(home)
            except OSError as error:
                return OutputError(f"The PDF cannot be written ({error.strerror}).", "Make room on the disk.")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            return _tried(folder, written, pictures, forms=(Form.PDF,), paper=Paper.A4, overwrite=True)

        def done(outcome: Path | MammoViewError) -> None:
            if isinstance(outcome, MammoViewError):
                self._reading.tell(outcome)
                return
            page = outcome.with_name("report.pdf")
            if QDesktopServices.openUrl(QUrl.fromLocalFile(str(page))):
                self._log(study, "report print", lambda: None)
            else:
                self._reading.tell(InputError("No program here opens a PDF.", "Export the report, and print it there."))

        self._background.run(work, done)

    def _may_replace(self) -> bool:
        text = "The folder holds a report already. Replace it?"
        answer = QMessageBox.question(self._window, "Export the report", text)
        return answer == QMessageBox.StandardButton.Yes

    def _log(self, study: int, what: str, then: Callable[[], None]) -> None:
        self._reading.ask(
            lambda worklist, seat: worklist.documents.log_export(seat, study, what=what), lambda _head: then()
        )


def _print_folder(home: Path) -> Path:
    """A folder for one PDF; those that a killed program left go."""
    home.mkdir(parents=True, exist_ok=True)
    for old in home.glob(f"{_PRINT}*"):
        if time.time() - old.stat().st_mtime > _DAY_S:
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=_PRINT, dir=home))


def _tried(
    out: Path,
    written: Draft | SignedReport,
    pictures: tuple[KeyImage, ...],
    *,
    forms: Collection[Form],
    paper: Paper,
    overwrite: bool,
) -> Path | MammoViewError:
    try:
        return write_report(out, written, pictures, forms=forms, paper=paper, overwrite=overwrite)
    except UsageError as error:
        return _TakenError(error.user_message, error.hint) if out.is_dir() else error
    except MammoViewError as error:
        return error


class _TakenError(UsageError):
    """A report lies there already."""
