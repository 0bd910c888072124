"""Where a lesion lies, in the words of a report: computed from the landmarks, and the reader has the last word."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QPushButton, QVBoxLayout, QWidget

from mammoview.core.reading import Depth, Lesion, Location, Region, clock_fits
from mammoview.imaging.location import Place
from mammoview.ui.reading.choices import QuietCombo, WordChoice
from mammoview.ui.wrapped import WrappedLabel

_LARGEST_MM = 300.0


class LocationForm(QWidget):
    """Region, hour, depth and distance of one lesion."""

    #: The `Location` that the reader gave.
    given = Signal(object)
    #: The computed one is wanted again.
    computed_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._location, self._place = Location(), None
        self.region: WordChoice[Region] = WordChoice(Region)
        self.clock = QuietCombo()
        self.clock.addItems(["hour", *(f"{hour} o'clock" for hour in range(1, 13))])
        self.third: WordChoice[Depth] = WordChoice(Depth, none="depth")
        self.distance = QDoubleSpinBox(decimals=0, minimum=-1.0, maximum=_LARGEST_MM, suffix=" mm")
        self.distance.setSpecialValueText("from nipple")
        self.distance.setKeyboardTracking(False)
        self.computed = QPushButton("Computed")
        self.computed.setObjectName("narrow")
        self.computed.setToolTip("Take the location that nipple and chest wall tell")
        self.doubts = WrappedLabel()
        for widget, name in (
            (self.region, "Region"),
            (self.clock, "Clock face"),
            (self.third, "Depth"),
            (self.distance, "Distance from the nipple"),
        ):
            widget.setAccessibleName(name)
            widget.setToolTip(name)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.region, 0, 0, 1, 2)
        grid.addWidget(self.clock, 1, 0)
        grid.addWidget(self.third, 1, 1)
        grid.addWidget(self.distance, 2, 0)
        grid.addWidget(self.computed, 2, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(grid)
        column.addWidget(self.doubts)
        self.region.chosen.connect(lambda region: self._give(replace(self._location, region=region)))
        self.clock.activated.connect(lambda hour: self._give(replace(self._location, clock=hour or None)))
        self.third.chosen.connect(lambda depth: self._give(replace(self._location, depth=depth)))
        self.distance.editingFinished.connect(self._measured)
        self.computed.clicked.connect(self.computed_wanted)

    def show_lesion(self, lesion: Lesion, place: Place | None) -> None:
        """Show where a lesion lies, and what makes that uncertain.

        Parameters
        ----------
        place
            As the landmarks tell it; None where they are not known.
        """
        said = lesion.location
        computed = place.location if place is not None else Location()
        self._location = said if not said.is_empty else computed
        shown = self._location
        self.region.show_word(shown.region)
        self.third.show_word(shown.depth)
        with QSignalBlocker(self.clock):
            self.clock.setCurrentIndex(shown.clock or 0)
        with QSignalBlocker(self.distance):
            self.distance.setValue(-1.0 if shown.nipple_mm is None else round(shown.nipple_mm))
        is_own = not said.is_empty and said != computed
        self.computed.setEnabled(is_own and not computed.is_empty)
        lines = [] if clock_fits(lesion.side, shown) else ["Hour and region do not fit."]
        if place is None:
            lines.append("Nipple and chest wall are not known yet.")
        elif is_own:
            lines.append(f"Yours. Computed: {place.words or 'nothing'}.")
        else:
            lines += place.doubts
        self.doubts.setText("\n".join(lines))
        self.doubts.setVisible(bool(lines))

    def settle(self) -> None:
        """Take what is half written."""
        self.distance.interpretText()
        self._measured()

    def _measured(self) -> None:
        value = self.distance.value()
        known = self._location.nipple_mm
        if value != (-1.0 if known is None else round(known)):
            self._give(replace(self._location, nipple_mm=value if value >= 0 else None))

    def _give(self, location: Location) -> None:
        if location != self._location:
            self.given.emit(location)
