"""The dark look: nothing on the screen outshines an image, nothing flashes on a change (MG-E04).

There are two palettes, of usual and of high contrast, and one scale for letters, margins and controls. Each colour here
is one object for the life of the program, and `apply` gives it another value: what paints with it follows. The images'
background is `BLACK` in either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget


@dataclass(frozen=True)
class Colours:
    """A palette, in hexadecimal red, green and blue.

    Attributes
    ----------
    chrome, raised
        Behind letters: of the window, and of buttons, heads and menus.
    line, focus
        Around things, and around the one that has the keys.
    text, quiet, disabled
        Letters: usual ones, those of less weight, those of what cannot be done now.
    accent, warning, loud
        Letters and marks that mean something.
    chosen, on_chosen
        Behind what is chosen, and its letters.
    filled
        The done part of a progress bar, behind `on_chosen`.
    """

    chrome: str
    raised: str
    line: str
    focus: str
    text: str
    quiet: str
    disabled: str
    accent: str
    warning: str
    loud: str
    chosen: str
    on_chosen: str
    filled: str


NORMAL: Final = Colours(
    chrome="#181a1d",
    raised="#24272b",
    line="#3a3e44",
    focus="#569cd6",
    text="#ced2d7",
    quiet="#949aa2",
    disabled="#6b727d",
    accent="#569cd6",
    warning="#f0b450",
    loud="#ff785a",
    chosen="#335c7e",
    on_chosen="#ffffff",
    filled="#315a7b",
)
HIGH: Final = Colours(
    chrome="#000000",
    raised="#101214",
    line="#868c94",
    focus="#ffd800",
    text="#ffffff",
    quiet="#dde1e6",
    disabled="#a4a9b0",
    accent="#7cc4ff",
    warning="#ffc861",
    loud="#ff9a80",
    chosen="#0b4a7d",
    on_chosen="#ffffff",
    filled="#0b4a7d",
)
PALETTES: Final = {"normal": NORMAL, "high": HIGH}

BLACK = QColor(0, 0, 0)
CHROME = QColor(NORMAL.chrome)
RAISED = QColor(NORMAL.raised)
LINE = QColor(NORMAL.line)
TEXT = QColor(NORMAL.text)
QUIET = QColor(NORMAL.quiet)
ACCENT = QColor(NORMAL.accent)
WARNING = QColor(NORMAL.warning)
LOUD = QColor(NORMAL.loud)

#: Letters at 100 %, points.
_POINTS: Final = 10.0

_scale = [1.0]


def scale() -> float:
    """How large letters and controls are now; 1 is the usual size."""
    return _scale[0]


def px(length: float) -> int:
    """A length of the usual size, Qt's pixels, as it is at the scale in force."""
    return max(1, round(length * _scale[0]))


def room(width: int, height: int) -> QSize:
    """The size of a dialog at the scale in force, no larger than the screen."""
    screen = QGuiApplication.primaryScreen().availableSize()
    return QSize(px(width), px(height)).boundedTo(QSize(screen.width() - 40, screen.height() - 60))


def points(size: float) -> str:
    """A letter size of the usual scale as style sheets and rich text spell it."""
    return f"{size * _scale[0]:.1f}pt"


def apply(app: QApplication, contrast: str = "normal", percent: int = 100) -> None:
    """Give the program its look.

    Parameters
    ----------
    contrast
        A key of `PALETTES`.
    percent
        The size of letters and controls.
    """
    colours = PALETTES[contrast]
    _scale[0] = percent / 100
    for colour, name in (
        (CHROME, colours.chrome),
        (RAISED, colours.raised),
        (LINE, colours.line),
        (TEXT, colours.text),
        (QUIET, colours.quiet),
        (ACCENT, colours.accent),
        (WARNING, colours.warning),
        (LOUD, colours.loud),
    ):
        colour.setRgba(QColor(name).rgba())
    app.setStyle("Fusion")
    app.setPalette(_palette(colours))
    # Widgets measure their letters before the sheet reaches them.
    font = app.font()
    font.setPointSizeF(_POINTS * _scale[0])
    app.setFont(font)
    app.setStyleSheet(_sheet(colours))


def restyle(widget: QWidget) -> None:
    """Let the style sheet look at a widget's name and properties again."""
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)


def _palette(colours: Colours) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for which, name in (
        (role.Window, colours.chrome),
        (role.WindowText, colours.text),
        (role.Base, colours.chrome),
        (role.AlternateBase, colours.raised),
        (role.Text, colours.text),
        (role.Button, colours.raised),
        (role.ButtonText, colours.text),
        (role.BrightText, colours.loud),
        (role.Highlight, colours.chosen),
        (role.HighlightedText, colours.on_chosen),
        (role.ToolTipBase, colours.raised),
        (role.ToolTipText, colours.text),
        (role.PlaceholderText, colours.quiet),
        (role.Link, colours.accent),
        (role.Light, colours.line),
        (role.Mid, colours.line),
        (role.Dark, BLACK.name()),
        (role.Shadow, BLACK.name()),
    ):
        palette.setColor(which, QColor(name))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(colours.disabled))
    return palette


def _sheet(c: Colours) -> str:
    warning, loud, accent = (QColor(name).darker(400).name() for name in (c.warning, c.loud, c.accent))
    return f"""
QWidget {{ font-size: {points(_POINTS)}; }}
QToolTip {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.line}; padding: {px(4)}px; }}
QToolBar {{ background: {c.chrome}; border: 0; border-bottom: 1px solid {c.line}; spacing: {px(2)}px;
  padding: {px(3)}px; }}
QToolButton {{ padding: {px(5)}px {px(6)}px; border-radius: {px(3)}px; border: 1px solid transparent; }}
#qt_toolbar_ext_button {{ padding: 0; border: 0; background: {c.raised}; font-size: 10pt; }}
QToolButton:hover {{ background: {c.raised}; }}
QToolButton:checked {{ background: {c.chosen}; color: {c.on_chosen}; }}
QToolButton:disabled {{ color: {c.disabled}; }}
QDockWidget {{ titlebar-close-icon: none; }}
QDockWidget::title {{ background: {c.chrome}; padding: {px(6)}px {px(8)}px; text-align: left; }}
QGroupBox {{ border: 1px solid {c.line}; border-radius: {px(4)}px; margin-top: {px(10)}px; padding-top: {px(6)}px; }}
QGroupBox::title {{ subcontrol-origin: margin; left: {px(8)}px; color: {c.quiet}; }}
QTreeView, QListView, QTableView, QTextBrowser, QPlainTextEdit {{
  background: {c.chrome}; border: 1px solid {c.line}; selection-background-color: {c.chosen};
  selection-color: {c.on_chosen}; alternate-background-color: {c.raised};
}}
QHeaderView::section {{ background: {c.raised}; border: 0; padding: {px(4)}px {px(3)}px; color: {c.quiet}; }}
QProgressBar {{ border: 1px solid {c.line}; border-radius: {px(3)}px; background: {c.chrome}; text-align: center;
  min-height: {px(16)}px; color: {c.text}; }}
QProgressBar::chunk {{ background: {c.filled}; }}
QPushButton {{ background: {c.raised}; border: 1px solid {c.line}; border-radius: {px(3)}px;
  padding: {px(5)}px {px(12)}px; }}
QPushButton:hover {{ border-color: {c.accent}; }}
QPushButton:checked {{ background: {c.chosen}; color: {c.on_chosen}; }}
QPushButton:disabled {{ color: {c.disabled}; }}
QCheckBox::indicator, QListWidget::indicator {{
  width: {px(11)}px; height: {px(11)}px; border: 1px solid {c.quiet}; border-radius: {px(2)}px;
}}
QCheckBox::indicator:checked, QListWidget::indicator:checked {{ background: {c.accent}; }}
QRadioButton::indicator {{ width: {px(11)}px; height: {px(11)}px; border: 1px solid {c.quiet};
  border-radius: {px(11) // 2 + 1}px; }}
QRadioButton::indicator:checked {{ background: {c.accent}; }}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {{ border-color: {c.disabled}; }}
QCheckBox::indicator:checked:disabled, QRadioButton::indicator:checked:disabled {{ background: {c.disabled}; }}
QCheckBox, QRadioButton {{ border: {px(1)}px solid transparent; }}
QMenuBar {{ background: {c.chrome}; }}
QMenuBar::item:selected, QMenu::item:selected {{ background: {c.chosen}; color: {c.on_chosen}; }}
QMenu {{ background: {c.raised}; border: 1px solid {c.line}; }}
QTabBar::tab {{ background: {c.chrome}; color: {c.quiet}; padding: {px(6)}px {px(3)}px;
  border: {px(1.5)}px solid transparent; border-bottom: {px(2)}px solid transparent; }}
QTabBar::tab:selected {{ color: {c.text}; border-bottom-color: {c.accent}; }}
QTabBar::tab:hover {{ color: {c.text}; }}
QTabBar::tab:focus {{ border: {px(1.5)}px solid {c.focus}; }}
QStatusBar {{ background: {c.chrome}; border-top: 1px solid {c.line}; }}
QStatusBar::item {{ border: 0; }}
QStatusBar QLabel {{ padding: {px(2)}px {px(6)}px; }}
QSlider:horizontal {{ min-height: {px(17)}px; }}
QSlider::groove:horizontal {{ height: {px(3)}px; background: {c.line}; border-radius: {px(1)}px; }}
QSlider::sub-page:horizontal {{ background: {c.accent}; border-radius: {px(1)}px; }}
QSlider::sub-page:horizontal:disabled {{ background: {c.line}; }}
QSlider::handle:horizontal {{ width: {px(11)}px; margin: -{px(5)}px 0; border-radius: {px(3)}px;
  background: {c.raised}; border: 1px solid {c.quiet}; }}
QSlider::handle:horizontal:focus {{ border: {px(1.5)}px solid {c.focus}; }}
QScrollBar:vertical {{ width: {px(13)}px; background: {c.chrome}; }}
QScrollBar:horizontal {{ height: {px(13)}px; background: {c.chrome}; }}
QScrollBar::handle {{ background: {c.line}; border-radius: {px(3)}px; margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: {px(24)}px; }}
QScrollBar::handle:horizontal {{ min-width: {px(24)}px; }}
QScrollBar::handle:hover {{ background: {c.accent}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: {c.chrome}; }}
QSplitter::handle {{ background: {c.line}; }}
QLineEdit {{ border: 1px solid {c.line}; border-radius: {px(3)}px; padding: {px(3)}px; background: {c.chrome}; }}
QPushButton:focus, QToolButton:focus, QComboBox:focus, QAbstractSpinBox:focus, QLineEdit:focus, QTextEdit:focus,
QPlainTextEdit:focus {{
  border: {px(1.5)}px solid {c.focus};
}}
QTextBrowser:focus, QTreeView:focus, QListView:focus, QTableView:focus {{ border: 1px solid {c.focus}; }}
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: 0; padding: 0; }}
QCheckBox:focus, QRadioButton:focus, QSlider:focus {{ border: {px(1)}px solid {c.focus}; border-radius: {px(2)}px; }}
#banner {{ background: {warning}; border-bottom: 1px solid {c.warning}; }}
#banner[level="error"] {{ background: {loud}; border-bottom: 1px solid {c.loud}; }}
#banner[level="info"] {{ background: {accent}; border-bottom: 1px solid {c.accent}; }}
QToolButton#choice {{ background: {c.raised}; border: 1px solid {c.line}; padding: {px(4)}px {px(2)}px; }}
QToolButton#choice:hover {{ border-color: {c.accent}; }}
QToolButton#choice:checked {{ background: {c.chosen}; border-color: {c.accent}; color: {c.on_chosen}; }}
QToolButton#chip {{ background: {c.raised}; border: 1px solid {c.line}; padding: {px(4)}px {px(8)}px; }}
QToolButton#chip:hover {{ border-color: {c.accent}; }}
QToolButton#chip:checked {{ background: {c.chosen}; border-color: {c.accent}; color: {c.on_chosen}; }}
QToolButton#chip:focus {{ border: {px(1.5)}px solid {c.focus}; }}
QToolButton#choice::menu-indicator {{ image: none; }}
QToolButton#choice:focus {{ border: {px(1.5)}px solid {c.focus}; }}
QPushButton#narrow {{ padding: {px(5)}px {px(2)}px; }}
QPushButton#small, QPushButton#urgent {{ padding: {px(2)}px {px(8)}px; }}
QPushButton#urgent {{ border-color: {c.warning}; color: {c.warning}; }}
QPushButton#step {{ font-size: {points(12)}; font-weight: bold; padding: {px(8)}px {px(4)}px; }}
QPushButton#step:enabled {{ border-color: {c.accent}; }}
QPushButton#step:focus {{ border: {px(1.5)}px solid {c.focus}; }}
#note {{ background: {c.raised}; border: {px(1.5)}px solid {c.warning}; border-radius: {px(5)}px; }}
#noteTitle {{ color: {c.warning}; font-weight: bold; font-size: {points(11)}; }}
#quiet {{ color: {c.quiet}; }}
#loud {{ color: {c.loud}; font-weight: bold; }}
#score {{ font-size: {points(16)}; font-weight: bold; }}
"""
