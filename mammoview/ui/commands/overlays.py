"""Layers over the images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mammoview.ui.desk import Desk
from mammoview.ui.viewport.layers import Layer


class OverlaysCommands:
    """The Overlays menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._hidden: frozenset[Layer] = frozenset()

    def toggle(self, identity: str) -> Callable[[], None]:
        """What the row ``<layer>_layer`` does.

        Raises
        ------
        KeyError
            When there is no such layer.
        """
        layer = Layer[identity.removesuffix("_layer").upper()]
        return lambda: self._desk.set_options(self._desk.options.toggled(layer))

    def do_cleaned(self) -> None:
        self._desk.set_options(replace(self._desk.options, is_cleaned=self._desk.is_checked("cleaned")))

    def do_no_layers(self) -> None:
        options, findings = self._desk.options, self._desk.findings.board
        if options.visible or (findings.case is not None and findings.is_shown):
            self._hidden = options.visible
            self._desk.set_options(replace(options, visible=frozenset(), is_cleaned=False))
            findings.set_shown(is_shown=False)
        else:
            self._desk.set_options(replace(options, visible=self._hidden))
            findings.set_shown(is_shown=True)
