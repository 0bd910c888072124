"""What this program is, and what it is not."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from mammoview import __version__

_TEXT = f"""<h3>MammoView {__version__}</h3>
<p>Reads mammography studies with AI on this computer; nothing leaves it.</p>
<p><b>Research software. Not a medical device, not for diagnosis.</b><br>
Its scores say how alike a lesion is to malignant or benign ones of its training data. They are no probability that a
woman has cancer.</p>
<p>Apache-2.0.</p>"""


class AboutDialog(QDialog):
    """Version, licence, intended use. Not modal."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About MammoView")
        text = QLabel(_TEXT)
        text.setWordWrap(True)
        text.setMinimumWidth(420)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(text)
        layout.addWidget(buttons)
