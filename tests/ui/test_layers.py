from __future__ import annotations

import numpy as np
from ui_study import COLUMNS, IMAGES, ROWS, make_result

from mammoview.core.findings import ImageResult
from mammoview.core.geometry import Box, Dihedral
from mammoview.core.image import level_shapes
from mammoview.ui.viewport.layers import MALIGNANT, Layer, OverlayOptions, outlines, prepare
from mammoview.ui.viewport.marks import hit, map_pixels, shown_map
from mammoview.ui.viewport.placement import Placement
from mammoview.ui.viewport.pyramid import mask_pyramid

LEVELS = len(level_shapes(ROWS, COLUMNS))
PREPARED = prepare(make_result(IMAGES[0]), LEVELS)


def test_outlines_run_around_the_mask() -> None:
    mask = np.zeros((50, 60), bool)
    mask[10:20, 30:45] = True
    (line,) = outlines(mask)
    assert np.abs(line.min(axis=0) - (10, 30)).max() <= 0.5
    assert np.abs(line.max(axis=0) - (20, 45)).max() <= 0.5


def test_artifacts_are_traced_where_they_lie() -> None:
    (line,) = PREPARED.artifact_outlines
    assert np.abs(line.min(axis=0) - (20, 400)).max() <= 0.5
    assert np.abs(line.max(axis=0) - (60, 460)).max() <= 0.5


def test_mask_pyramids_have_the_shapes_of_the_display_pyramid() -> None:
    mask = np.zeros((601, 483), bool)
    mask[:, 200:] = True
    shapes = level_shapes(601, 483)
    pyramid = mask_pyramid(mask, len(shapes))
    assert tuple(level.shape for level in pyramid) == shapes
    assert all(level[0, 0] == 0 and level[-1, -1] == 255 for level in pyramid)


def test_an_image_without_results_has_no_overlays() -> None:
    empty = prepare(ImageResult("x"), LEVELS)
    assert shown_map(empty, OverlayOptions(frozenset(Layer))) is None
    assert not empty.breast


def test_the_two_colour_maps_exclude_each_other() -> None:
    options = OverlayOptions().toggled(Layer.SALIENCY).toggled(Layer.PATCH_MAP)
    assert Layer.PATCH_MAP in options.visible
    assert Layer.SALIENCY not in options.visible
    assert Layer.FINDINGS in options.visible


def test_the_patch_map_adds_up_the_malignant_classes() -> None:
    both = PREPARED.patch_map(MALIGNANT)
    assert both is not None
    assert int(both.values.max()) == round(255 * 2 / 3)
    assert PREPARED.patch_map("benign_mass") is not None


def test_a_map_lies_over_its_native_pixels_in_every_orientation() -> None:
    assert PREPARED.saliency is not None
    row, col = (7.5 / 20 * ROWS, 5.5 / 16 * COLUMNS)
    for flip_rows, flip_columns, transpose in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 1)):
        dihedral = Dihedral(bool(transpose), bool(flip_rows), bool(flip_columns))
        placement = Placement(ROWS, COLUMNS, dihedral, (0.5, 0.5), (30.0, 10.0))
        options = OverlayOptions(opacity=1.0, threshold=0.2)
        target, pixels = map_pixels(PREPARED.saliency, placement, options, layer=Layer.SALIENCY, size=(400, 400))
        at = np.unravel_index(pixels[:, :, :3].astype(int).sum(axis=2).argmax(), target.size)
        expected = placement.device_point(row, col)
        assert abs(at[0] + target.row0 + 0.5 - expected[0]) <= 2
        assert abs(at[1] + target.col0 + 0.5 - expected[1]) <= 2


def test_nothing_is_drawn_below_the_threshold() -> None:
    assert PREPARED.saliency is not None
    options = OverlayOptions(opacity=1.0, threshold=0.5)
    placement = Placement(ROWS, COLUMNS, zoom=(0.5, 0.5))
    _, pixels = map_pixels(PREPARED.saliency, placement, options, layer=Layer.SALIENCY, size=(300, 240))
    assert (pixels[:, :, 3] > 0).mean() < 0.01
    assert pixels[:, :, 3].max() == 255


def test_clicks_hit_the_smallest_finding() -> None:
    placement = Placement(ROWS, COLUMNS, Dihedral(flip_columns=True), (0.5, 0.5))
    row, col = placement.device_point(220, 150)
    assert hit(PREPARED, placement, row, col, 3.0) == PREPARED.findings[0].id
    assert hit(PREPARED, placement, row + 40, col, 3.0) is None
    assert placement.device_box == Box(0, 0, 300, 240)
