"""Benign and malignant layers, and a reader's mask beside the outlines, in the real window with real children."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from ui_study import COLUMNS, IMAGES, LESION, ROWS, make_result

from mammoview.core.findings import LayerPart, LesionLayer, LesionLayers
from mammoview.core.geometry import Box
from mammoview.core.image import Mask, level_shapes
from mammoview.session.demo import write_phantom
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.viewport.layers import Layer, OverlayOptions, legend, prepare, prepare_truth
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.wall import Wall

SECONDS = 30_000
OTHER = Box(300, 100, 340, 160)


def mask_of(*boxes: Box, rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    mask = np.zeros((rows, columns), dtype=bool)
    for box in boxes:
        mask[box.slices()] = True
    return mask


def layers(*, is_experimental: bool = False) -> LesionLayers:
    parts = (LayerPart("x", OTHER, 0.2, LesionLayer.BENIGN), LayerPart("y", LESION, 0.8, LesionLayer.MALIGNANT))
    benign, malignant = Mask.from_array(mask_of(OTHER)), Mask.from_array(mask_of(LESION))
    return LesionLayers(benign, malignant, parts, 0.6, is_experimental)


def colour_at(pane: Pane, row: float, col: float) -> tuple[int, int, int]:
    at = pane.placement.device_point(row, col)
    colour = pane.grab().toImage().pixelColor(round(at[1]), round(at[0]))
    return colour.red(), colour.green(), colour.blue()


def test_each_layer_has_its_colour_and_its_switch(wall: Wall) -> None:
    image = IMAGES[1]
    pane = wall.pane_of(image.id)
    assert pane is not None
    result = replace(make_result(image), findings=(), layers=layers())
    wall.set_prepared(prepare(result, len(level_shapes(ROWS, COLUMNS))))
    plain = OverlayOptions(visible=frozenset(), layer_opacity=0.5)
    wall.set_options(plain)
    before = colour_at(pane, *LESION.centre), colour_at(pane, *OTHER.centre)
    wall.set_options(plain.toggled(Layer.MALIGNANT))
    red, _, blue = colour_at(pane, *LESION.centre)
    assert red > blue + 40, "orange"
    assert colour_at(pane, *OTHER.centre) == before[1]
    wall.set_options(plain.toggled(Layer.BENIGN))
    red, _, blue = colour_at(pane, *OTHER.centre)
    assert blue > red + 40, "blue"
    assert colour_at(pane, *LESION.centre) == before[0]
    wall.set_options(replace(plain.toggled(Layer.BENIGN), layer_opacity=0.0))
    assert colour_at(pane, *OTHER.centre) == before[1], "only its edge is left"


def test_truth_is_red_and_outlines_beside_it_are_yellow(wall: Wall) -> None:
    image = IMAGES[1]
    pane = wall.pane_of(image.id)
    assert pane is not None
    result = make_result(image)
    finding = replace(result.findings[0], mask=Mask.from_array(mask_of(LESION)))
    result = replace(result, findings=(finding,))
    wall.set_prepared(prepare(result, len(level_shapes(ROWS, COLUMNS))))
    truth = prepare_truth(Mask.from_array(mask_of(OTHER, LESION)), result)
    wall.set_truth(image.id, truth)
    assert truth.text == "Dice 0.67, IoU 0.50"

    def edge(box: Box) -> tuple[int, int, int]:
        """The strongest colour across the left edge of a box."""
        at = pane.placement.device_point((box.row0 + box.row1) / 2, box.col0 + 0.5)
        picture = pane.grab().toImage()
        near = [picture.pixelColor(round(at[1]) + dx, round(at[0])) for dx in range(-3, 4)]
        best = max(near, key=lambda colour: colour.saturation())
        return best.red(), best.green(), best.blue()

    wall.set_options(OverlayOptions(visible=frozenset({Layer.TRUTH})))
    red, green, blue = edge(OTHER)
    assert red > 200
    assert max(green, blue) < 100
    red, green, blue = edge(LESION)
    assert min(red, green) > 200, "where both lie the prediction is on top"
    assert blue < 120
    wall.set_options(OverlayOptions(visible=frozenset()))
    assert edge(OTHER) == edge(Box(400, 100, 440, 160)), "nothing but tissue"


def test_the_legend_says_the_colours_in_words() -> None:
    shown = prepare(replace(make_result(IMAGES[0]), layers=layers(is_experimental=True)), 3)
    truth = prepare_truth(Mask.from_array(mask_of(LESION)), make_result(IMAGES[0]))
    assert legend(shown, truth, OverlayOptions()) == ()
    both = OverlayOptions().toggled(Layer.BENIGN).toggled(Layer.MALIGNANT)
    assert legend(shown, None, both) == (
        "benign blue, malignant orange",
        "malignant from 0.60 on",
        "layers are experimental",
    )
    assert legend(shown, truth, OverlayOptions().toggled(Layer.TRUTH))[0] == "truth red, outlines yellow"


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[MainWindow, Session]]:
    """The window on a small synthetic exam, with an engine that marks one lesion in each image."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    write_phantom(tmp_path / "study", seed=3, rows=512, columns=416)
    session = Session(Settings(), engine="ui_children:engine")
    bridge, background = Bridge(), Background()
    made = MainWindow(session, background)
    bridge.setParent(made)
    qtbot.addWidget(made)
    bridge.told.connect(made.show_event)
    made.resize(1366, 768)
    made.show()
    session.connect(bridge.send)
    made.open([tmp_path / "study"])
    qtbot.waitUntil(
        lambda: len(made.desk.wall.panes) == 4 and all(pane.prepared is not None for pane in made.desk.wall.panes),
        timeout=SECONDS,
    )
    yield made, session
    background.close()
    session.close()


@pytest.mark.gui
def test_layers_are_switched_and_a_mask_is_opened(
    window: tuple[MainWindow, Session], qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, session = window
    pane = made.desk.wall.active
    assert pane is not None
    assert pane.hung is not None
    assert pane.prepared is not None
    image, finding = pane.hung.image, pane.prepared.findings[0]
    assert pane.prepared.stack is not None

    # Two switches of the panel and their rows in the menu say the same.
    box = made.desk.analysis.layers.boxes[Layer.MALIGNANT]
    before = colour_at(pane, *finding.centre)
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=box.rect().center() - box.rect().center() / 2)
    assert made.actions_by_id["malignant_layer"].isChecked()
    made.desk.analysis.layers.opacity.setValue(60)
    red, _, blue = colour_at(pane, *finding.centre)
    assert red - blue > before[0] - before[2] + 30
    made.actions_by_id["malignant_layer"].trigger()
    assert not box.isChecked()
    made.actions_by_id["benign_layer"].trigger()
    assert made.desk.analysis.layers.boxes[Layer.BENIGN].isChecked()
    assert colour_at(pane, *finding.centre) == before, "this lesion is in the other layer"

    # A mask of another size is told, with what to do; one of the image's size is shown with its agreement.
    def choose(mask: np.ndarray) -> None:
        path = tmp_path / "mask.png"
        assert cv2.imwrite(str(path), mask.astype(np.uint8) * 255)
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (str(path), ""))
        made.actions_by_id["open_truth"].trigger()

    choose(np.ones((10, 20), dtype=bool))
    qtbot.waitUntil(made.desk.banner.isVisible, timeout=SECONDS)
    assert f"10 × 20 pixels, the image {image.rows} × {image.columns}" in made.desk.banner.text.text()
    assert "size" in made.desk.banner.text.text()
    assert pane.truth is None
    choose(mask_of(finding.box, rows=image.rows, columns=image.columns))
    qtbot.waitUntil(lambda: pane.truth is not None, timeout=SECONDS)
    assert pane.truth is not None
    assert pane.truth.text == "Dice 1.00, IoU 1.00"
    assert Layer.TRUTH in made.desk.options.visible
    assert session.truth_of(image.id) is not None

    # The comparison is in the saved result.
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: str(tmp_path / "out"))
    qtbot.waitUntil(made.actions_by_id["save_results"].isEnabled, timeout=SECONDS)
    made.actions_by_id["save_results"].trigger()
    qtbot.waitUntil((tmp_path / "out" / "result.json").exists, timeout=SECONDS)
    assert '"dice":1.0' in (tmp_path / "out" / "result.json").read_text(encoding="utf-8").replace(" ", "")
