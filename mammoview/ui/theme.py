"""The dark look: nothing on the screen outshines an image, nothing flashes on a change (MG-E04)."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

BLACK = QColor(0, 0, 0)
CHROME = QColor(24, 26, 29)
RAISED = QColor(36, 39, 43)
LINE = QColor(58, 62, 68)
TEXT = QColor(206, 210, 215)
QUIET = QColor(148, 154, 162)
ACCENT = QColor(86, 156, 214)
WARNING = QColor(240, 180, 80)
LOUD = QColor(255, 120, 90)

_SHEET = f"""
QWidget {{ font-size: 10pt; }}
QToolTip {{ background: {RAISED.name()}; color: {TEXT.name()}; border: 1px solid {LINE.name()}; padding: 4px; }}
QToolBar {{ background: {CHROME.name()}; border: 0; border-bottom: 1px solid {LINE.name()}; spacing: 2px;
  padding: 3px; }}
QToolButton {{ padding: 5px 6px; border-radius: 3px; }}
QToolButton:hover {{ background: {RAISED.name()}; }}
QToolButton:checked {{ background: {ACCENT.darker(190).name()}; color: white; }}
QToolButton:disabled {{ color: {LINE.lighter(140).name()}; }}
QDockWidget {{ titlebar-close-icon: none; }}
QDockWidget::title {{ background: {CHROME.name()}; padding: 6px 8px; text-align: left; }}
QGroupBox {{ border: 1px solid {LINE.name()}; border-radius: 4px; margin-top: 10px; padding-top: 6px; }}
QGroupBox::title {{ subcontrol-origin: margin; left: 8px; color: {QUIET.name()}; }}
QTreeView, QListView, QTableView, QTextBrowser, QPlainTextEdit {{
  background: {CHROME.name()}; border: 1px solid {LINE.name()}; selection-background-color: {ACCENT.darker(170).name()};
  selection-color: white; alternate-background-color: {RAISED.name()};
}}
QHeaderView::section {{ background: {RAISED.name()}; border: 0; padding: 4px 3px; color: {QUIET.name()}; }}
QProgressBar {{ border: 1px solid {LINE.name()}; border-radius: 3px; background: {CHROME.name()}; text-align: center;
  min-height: 16px; }}
QProgressBar::chunk {{ background: {ACCENT.darker(150).name()}; }}
QPushButton {{ background: {RAISED.name()}; border: 1px solid {LINE.name()}; border-radius: 3px; padding: 5px 12px; }}
QPushButton:hover {{ border-color: {ACCENT.name()}; }}
QPushButton:disabled {{ color: {LINE.lighter(140).name()}; }}
QCheckBox::indicator, QListWidget::indicator {{
  width: 11px; height: 11px; border: 1px solid {QUIET.name()}; border-radius: 2px;
}}
QCheckBox::indicator:checked, QListWidget::indicator:checked {{ background: {ACCENT.name()}; }}
QMenuBar {{ background: {CHROME.name()}; }}
QMenuBar::item:selected, QMenu::item:selected {{ background: {ACCENT.darker(170).name()}; color: white; }}
QMenu {{ background: {RAISED.name()}; border: 1px solid {LINE.name()}; }}
QStatusBar {{ background: {CHROME.name()}; border-top: 1px solid {LINE.name()}; }}
QStatusBar::item {{ border: 0; }}
QStatusBar QLabel {{ padding: 2px 6px; }}
QSplitter::handle {{ background: {LINE.name()}; }}
#banner {{ background: {WARNING.darker(400).name()}; border-bottom: 1px solid {WARNING.name()}; }}
#banner[level="error"] {{ background: {LOUD.darker(400).name()}; border-bottom: 1px solid {LOUD.name()}; }}
#banner[level="info"] {{ background: {ACCENT.darker(400).name()}; border-bottom: 1px solid {ACCENT.name()}; }}
QToolButton#choice {{ background: {RAISED.name()}; border: 1px solid {LINE.name()}; padding: 4px 2px; }}
QToolButton#choice:hover {{ border-color: {ACCENT.name()}; }}
QToolButton#choice:checked {{ background: {ACCENT.darker(170).name()}; border-color: {ACCENT.name()}; color: white; }}
QToolButton#choice::menu-indicator {{ image: none; }}
QPushButton#narrow {{ padding: 5px 2px; }}
QPushButton#step {{ font-size: 12pt; font-weight: bold; padding: 8px 4px; }}
QPushButton#step:enabled {{ border-color: {ACCENT.name()}; }}
#quiet {{ color: {QUIET.name()}; }}
#loud {{ color: {LOUD.name()}; font-weight: bold; }}
#score {{ font-size: 16pt; font-weight: bold; }}
"""


def apply(app: QApplication) -> None:
    """Give the program its dark palette."""
    app.setStyle("Fusion")
    palette = QPalette()
    role = QPalette.ColorRole
    for which, colour in (
        (role.Window, CHROME),
        (role.WindowText, TEXT),
        (role.Base, CHROME),
        (role.AlternateBase, RAISED),
        (role.Text, TEXT),
        (role.Button, RAISED),
        (role.ButtonText, TEXT),
        (role.BrightText, LOUD),
        (role.Highlight, ACCENT.darker(170)),
        (role.HighlightedText, QColor(255, 255, 255)),
        (role.ToolTipBase, RAISED),
        (role.ToolTipText, TEXT),
        (role.PlaceholderText, QUIET),
        (role.Link, ACCENT),
        (role.Light, LINE),
        (role.Mid, LINE),
        (role.Dark, BLACK),
        (role.Shadow, BLACK),
    ):
        palette.setColor(which, colour)
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, LINE.lighter(140))
    app.setPalette(palette)
    app.setStyleSheet(_SHEET)
