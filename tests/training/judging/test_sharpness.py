"""Sharpness features see sharpness, and a classifier on them tells classes apart only where it differs."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mammoview.training.judging.sharpness import FEATURES, sharpness_accuracy, sharpness_features


def textures(count: int, *, blur: float, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(0, 1, (count, 64, 64))
    smooth = [cv2.GaussianBlur(one, (0, 0), 1.5) for one in noise]
    soft = np.array([cv2.GaussianBlur(one, (0, 0), blur) for one in smooth]) if blur else np.array(smooth)
    scaled = soft / soft.std(axis=(1, 2), keepdims=True)
    return (120 + 30 * scaled).clip(0, 255).astype(np.uint8)


def test_every_measure_of_sharpness_falls_with_blur() -> None:
    rng = np.random.default_rng(0)
    sharp, soft = (sharpness_features(textures(20, blur=blur, rng=rng)).mean(axis=0) for blur in (0.0, 2.0))
    for index, name in enumerate(FEATURES[:-1]):
        assert sharp[index] > soft[index] + 0.3, name


def test_contrast_and_brightness_are_no_sharpness() -> None:
    tiles = textures(5, blur=0.0, rng=np.random.default_rng(1)).astype(np.float64)
    dull = (tiles * 0.5 + 20).astype(np.uint8)
    found, other = sharpness_features(tiles.astype(np.uint8)), sharpness_features(dull)
    np.testing.assert_allclose(found[:, :2], other[:, :2], atol=0.1)


def test_blocks_of_jpeg_are_seen_in_any_phase() -> None:
    tiles = textures(8, blur=3.0, rng=np.random.default_rng(2))
    blocky = []
    for phase, tile in enumerate(tiles):
        padded = np.pad(tile, ((0, 8), (0, 8)), mode="edge")
        is_encoded, data = cv2.imencode(".jpg", padded, (cv2.IMWRITE_JPEG_QUALITY, 8))
        assert is_encoded
        blocky.append(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)[:64, phase : phase + 64])
    assert sharpness_features(np.array(blocky))[:, -1].min() > sharpness_features(tiles)[:, -1].max()


@pytest.mark.parametrize(("blurs", "low", "high"), [((0.0, 1.5), 0.95, 1.0), ((1.0, 1.0), 0.3, 0.7)])
def test_classes_are_told_apart_only_by_their_sharpness(blurs: tuple[float, float], low: float, high: float) -> None:
    rng = np.random.default_rng(3)
    tiles = np.concatenate([textures(60, blur=blur, rng=rng) for blur in blurs])
    labels = np.repeat([0, 1], 60)
    patients = np.char.add("p", (np.arange(120) % 30).astype(str))
    found = sharpness_accuracy(sharpness_features(tiles), labels, patients, seed=1, folds=2)
    assert [one.classifier for one in found[:2]] == ["boosted trees, all features", "logistic, all features"]
    assert len(found) == 2 + len(FEATURES)
    for one in found[:2]:
        assert low <= one.macro_accuracy.value <= high
        assert one.macro_accuracy.low <= one.macro_accuracy.value <= one.macro_accuracy.high
        assert one.macro_accuracy.value == pytest.approx(np.mean(one.recalls))
        assert one.chance == 0.5
