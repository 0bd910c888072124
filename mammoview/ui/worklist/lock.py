"""The window while its reader is away: covered, deaf, and opened by the passphrase alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent, QWindow
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QLineEdit, QMainWindow, QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from mammoview.core.errors import MammoViewError
from mammoview.core.plain_text import printable
from mammoview.ui import theme
from mammoview.ui.reading.seat import ReadingSeat
from mammoview.ui.wrapped import WrappedLabel

_TOUCHES: Final = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.TabletPress,
    }
)
#: What a covered window does not hear.
_DEAF: Final = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.KeyRelease,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseButtonRelease,
        QEvent.Type.MouseButtonDblClick,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.ContextMenu,
        QEvent.Type.DragEnter,
        QEvent.Type.DragMove,
        QEvent.Type.Drop,
        QEvent.Type.TouchBegin,
        QEvent.Type.TouchUpdate,
        QEvent.Type.TouchEnd,
    }
)
#: Windows that open later are found so soon.
_LOOK_MS: Final = 2000


class Touches(QObject):
    """Tells the seat that the reader is there, whichever window hears of it.

    It listens at the windows, where input comes first: a filter over all of the program's events would slow each.
    """

    def __init__(self, reading: ReadingSeat, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self._listen)
        reading.signed_in.connect(self._begin)
        reading.signed_out.connect(self._look.stop)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.focusWindowChanged.connect(self._listen)

    def _begin(self) -> None:
        self._listen()
        self._look.start()

    def _listen(self, _window: QWindow | None = None) -> None:
        if self._reading.seat is not None:
            for window in QGuiApplication.topLevelWindows():
                window.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() in _TOUCHES and self._reading.seat is not None:
            self._reading.seat.touch()
        return False


class Cover(QWidget):
    """Lies over one window, opaque, and grows with it.

    Parameters
    ----------
    over
        The window.
    """

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self.setObjectName("cover")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAutoFillBackground(True)
        over.installEventFilter(self)
        self.setGeometry(over.rect())
        self.raise_()
        self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over:
            if event.type() == QEvent.Type.Resize:
                self.setGeometry(self._over.rect())
            elif event.type() in {QEvent.Type.ChildAdded, QEvent.Type.LayoutRequest}:
                self.raise_()
        return False


class Lock(QObject):
    """Covers every window of the program while the seat is locked.

    Parameters
    ----------
    reading
        The seat.
    window
        The first window, where the passphrase is asked for.
    take_focus
        Called after the lock was opened when nobody has the keys any more.
    """

    def __init__(self, reading: ReadingSeat, window: QMainWindow, take_focus: Callable[[], None]) -> None:
        super().__init__(window)
        self._reading, self._window, self._take_focus = reading, window, take_focus
        self._covers: dict[QWidget, Cover] = {}
        self._focus: QWidget | None = None
        self.passphrase, self.unlock = QLineEdit(), QPushButton("Unlock")
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.passphrase.setPlaceholderText("Passphrase")
        self.text, self.complaint = WrappedLabel(), WrappedLabel()
        self.complaint.setObjectName("loud")
        self.form = self._make_form()
        self.passphrase.returnPressed.connect(self._unlock)
        self.unlock.clicked.connect(self._unlock)
        reading.locked.connect(lambda is_locked: self.close() if is_locked else self.open())

    def _make_form(self) -> QFrame:
        made = QFrame()
        made.setFixedWidth(theme.px(360))
        title = QLabel("Locked")
        title.setObjectName("score")
        column = QVBoxLayout(made)
        for widget in (title, self.text, self.passphrase, self.unlock, self.complaint):
            column.addWidget(widget)
        return made

    @property
    def is_closed(self) -> bool:
        """Whether the windows are covered."""
        return bool(self._covers)

    def close(self) -> None:
        """Cover all windows now; the seat is asked to lock by whoever calls."""
        seat = self._reading.seat
        if self._covers or seat is None:
            return
        while popup := QApplication.activePopupWidget():
            popup.close()
        self._focus = QApplication.focusWidget()
        has_one = seat.reader.has_passphrase
        name = printable(seat.reader.name or seat.reader.id)
        self.text.setText(f"{name} reads here." if has_one else f"{name} reads here. Any key or button unlocks.")
        self.passphrase.setVisible(has_one)
        self.passphrase.clear()
        self.unlock.setEnabled(True)
        self._complain("")
        for window in QApplication.topLevelWidgets():
            self._cover(window)
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    def open(self) -> None:
        """Uncover all windows."""
        application = QApplication.instance()
        assert application is not None
        application.removeEventFilter(self)
        self.form.setParent(None)
        covers, self._covers = self._covers, {}
        for cover in covers.values():
            cover.hide()
            cover.deleteLater()
        if self._focus is not None and isValid(self._focus) and self._focus.isVisible():
            self._focus.setFocus()
        else:
            self._take_focus()
        self._focus = None

    def _cover(self, window: QWidget) -> None:
        if not window.isVisible() or not window.isWindow() or window in self._covers:
            return
        if self._is_passing(window):
            # It may hold a name for as long as the reader is away.
            window.hide()
            return
        cover = self._covers[window] = Cover(window)
        window.destroyed.connect(lambda: self._covers.pop(window, None))
        host = QApplication.activeModalWidget() or self._window
        if window is host:
            column = QVBoxLayout(cover)
            column.addWidget(self.form, 0, Qt.AlignmentFlag.AlignCenter)
            self.form.show()
            window.activateWindow()
            (self.unlock if self.passphrase.isHidden() else self.passphrase).setFocus()

    def _is_passing(self, window: QWidget) -> bool:
        """Tips, lists of choices and splash screens cannot be covered."""
        return window.windowType() in {Qt.WindowType.ToolTip, Qt.WindowType.SplashScreen, Qt.WindowType.Popup}

    def _complain(self, text: str) -> None:
        self.complaint.setText(text)
        self.complaint.setVisible(bool(text))

    def _unlock(self) -> None:
        if self.unlock.isEnabled():
            self._complain("")
            self.unlock.setEnabled(False)
            self._reading.unlock(self.passphrase.text(), self._refused)

    def _refused(self, error: MammoViewError) -> None:
        self.unlock.setEnabled(True)
        # Another window may have given the reader a passphrase.
        self.passphrase.show()
        self.passphrase.selectAll()
        self.passphrase.setFocus()
        self._complain(f"{error.user_message} {error.hint}".strip())

    # Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            # A dialog that was on its way.
            QTimer.singleShot(0, self, lambda: self._cover(watched) if self._covers else None)
            return False
        if kind == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            # No shortcut: the key goes to the passphrase, or nowhere.
            event.accept()
            return True
        if kind not in _DEAF or not isinstance(watched, QWidget) or self._is_of_form(watched):
            return False
        if kind == QEvent.Type.KeyPress and self.passphrase.isHidden():
            self._unlock()
        return True

    def _is_of_form(self, widget: QWidget) -> bool:
        return widget is self.form or self.form.isAncestorOf(widget)
