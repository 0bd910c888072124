"""The check of the display: patterns on the screen, questions, measurements. Imported when it is asked for."""

from typing import Final

#: Buttons that are pressed from an arm's length.
TALL_PX: Final = 34
