"""A report to be read and not changed: an older version, or that of an earlier exam."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from mammoview.report.breast_report.printed import printed
from mammoview.report.breast_report.values import SignedReport
from mammoview.ui import theme
from mammoview.ui.report.words import report_html
from mammoview.ui.wrapped import WrappedLabel


class ReportViewer(QDialog):
    """Stays open beside the images; follows whether identities are shown."""

    def __init__(
        self,
        title: str,
        report: SignedReport,
        parent: QWidget | None = None,
        *,
        doubts: tuple[str, ...] = (),
        is_named: bool = True,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(theme.px(560), theme.px(680))
        self._printed = printed(report)
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        if doubts:
            doubt = WrappedLabel(" ".join(doubts))
            doubt.setObjectName("loud")
            column.addWidget(doubt)
        column.addWidget(self.text, 1)
        column.addWidget(buttons)
        self.set_identity(is_shown=is_named)

    def set_identity(self, *, is_shown: bool) -> None:
        """Show or hide who the patient is."""
        self.text.setHtml(report_html(self._printed, is_named=is_shown))
