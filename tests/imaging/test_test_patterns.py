"""The patterns measured as one would measure them on a screen, against the published descriptions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from mammoview.core.errors import InputError
from mammoview.imaging.test_patterns import LUMINANCE_LEVELS, PATTERNS, Family, draw, pattern

DESIGN = (1024, 1024)
SCREENS = [DESIGN, (768, 1366), (2048, 2048), (2560, 2048), (2160, 3840)]


def blobs(pixels: NDArray[np.uint8], level: int, *, least: int) -> list[tuple[slice, slice]]:
    """Bounding boxes of the connected areas of one level with at least so many pixels."""
    labels, count = ndimage.label(pixels == level)
    sizes = np.bincount(labels.ravel())
    return [box for k, box in enumerate(ndimage.find_objects(labels), 1) if sizes[k] >= least and count]


def middle(box: tuple[slice, slice]) -> tuple[float, float]:
    return (box[0].start + box[0].stop) / 2, (box[1].start + box[1].stop) / 2


def size(box: tuple[slice, slice]) -> tuple[int, int]:
    return box[0].stop - box[0].start, box[1].stop - box[1].start


def period(profile: NDArray[np.uint8]) -> float:
    """The period of a profile in pixels, by its spectrum."""
    values = profile.astype(float)
    spectrum = np.abs(np.fft.rfft(values - values.mean()))
    return len(values) / int(spectrum.argmax())


@pytest.mark.parametrize("entry", PATTERNS, ids=lambda entry: entry.family.value)
@pytest.mark.parametrize("shape", SCREENS, ids=str)
def test_every_pattern_fills_any_screen(entry, shape) -> None:
    for step in range(max(1, len(entry.levels))):
        pixels = draw(entry.family, shape, step=step)
        assert pixels.shape == shape
        assert pixels.dtype == np.uint8
    assert entry.look_for.endswith(".")


def test_a_screen_too_small_is_refused() -> None:
    with pytest.raises(InputError):
        draw(Family.ALL_ROUND, (200, 320))


@pytest.mark.parametrize("shape", SCREENS, ids=str)
def test_sixteen_squares_rise_around_the_middle(shape) -> None:
    pixels = draw(Family.ALL_ROUND, shape)
    side = 102 * min(shape) / 1024
    places = []
    for level in range(8, 249, 16):
        found = [box for box in blobs(pixels, level, least=int(0.7 * side**2)) if size(box)[0] < 1.1 * side]
        assert len(found) == 1, level
        assert size(found[0]) == pytest.approx((side, side), abs=5)
        places.append(middle(found[0]))
    turns = np.unwrap([np.arctan2(row - shape[0] / 2, column - shape[1] / 2) for row, column in places])
    assert np.all(np.diff(turns) > 0), "clockwise from the lower left"
    assert turns[-1] - turns[0] < 2 * np.pi


def test_each_square_has_four_small_ones_four_levels_off() -> None:
    pixels = draw(Family.ALL_ROUND, DESIGN)
    for level in range(8, 249, 16):
        ((top, left),) = ((box[0].start, box[1].start) for box in blobs(pixels, level, least=8000))
        square = pixels[top : top + 101, left : left + 101].astype(int)
        for step, corners in ((4, ((0, 0), (1, 1))), (-4, ((0, 1), (1, 0)))):
            found = blobs(square.astype(np.int16), level + step, least=90)  # type: ignore[arg-type]
            assert [size(box) for box in found] == [(10, 10), (10, 10)], level
            where = {(round(middle(box)[0] / 101), round(middle(box)[1] / 101)) for box in found}
            assert where == set(corners)


@pytest.mark.parametrize(("level", "inset", "share"), [(0, 13, 0.05), (255, 242, 0.95)])
def test_insets_are_five_percent_off_the_ends(level, inset, share) -> None:
    assert inset == round(share * 255)
    pixels = draw(Family.ALL_ROUND, DESIGN)
    (box,) = [box for box in blobs(pixels, inset, least=2000) if abs(np.subtract(*size(box))) <= 1]
    row, column = map(int, middle(box))
    assert size(box) == pytest.approx((51, 51), abs=1)
    around = [pixels[row + dy, column + dx] for dy, dx in ((-38, 0), (38, 0), (0, -38), (0, 38))]
    assert around == [level] * 4


@pytest.mark.parametrize("shape", SCREENS, ids=str)
def test_line_pairs_are_one_and_two_device_pixels_in_the_middle_and_the_corners(shape) -> None:
    pixels = draw(Family.ALL_ROUND, shape)
    cell = int(102 * min(shape) / 1024)
    half, edge = cell // 2, max(4, round(13 * min(shape) / 1024))
    rows, columns = shape
    blocks = [(rows // 2 - round(cell / 2), columns // 2 - cell)]
    blocks += [(y, x) for y in (edge, rows - edge - cell) for x in (edge, columns - edge - 2 * cell)]
    for y, x in blocks:
        for field, (low, high) in enumerate(((0, 255), (128, 130))):
            for k, expected in enumerate((2, 4)):
                left = x + 2 * half * field + k * half
                length = half // 4 * 4
                upright = pixels[y + half // 2, left : left + length]
                lying = pixels[y + half : y + half + length, left + half // 2]
                for profile in (upright, lying):
                    assert set(profile) == {low, high}
                    assert period(profile) == pytest.approx(expected)


def test_letters_fade_from_fourteen_levels_to_one() -> None:
    pixels = draw(Family.ALL_ROUND, DESIGN).astype(int)
    for column, ground, sign in ((308, 0, 1), (512, 128, 1), (716, 255, -1)):
        panel = pixels[512 + 3 * 102 + 3 : 512 + 4 * 102 - 2, column - 90 : column + 90]
        contrast = (panel - ground) * sign
        assert set(np.unique(contrast)) == set(range(15))
        places = [np.argwhere(contrast == step).mean(axis=0) for step in range(14, 0, -1)]
        for word in (places[:7], places[7:]):
            assert np.all(np.diff([column for _, column in word]) > 0)
        assert places[0][0] < places[7][0]


@pytest.mark.parametrize("shape", SCREENS, ids=str)
def test_two_ramps_hold_every_level_equally_often(shape) -> None:
    pixels = draw(Family.ALL_ROUND, shape)
    cell = int(102 * min(shape) / 1024)
    for at, sign in ((-4.5, -1), (4.5, 1)):
        column = shape[1] // 2 + round(at * cell)
        lines = 256 * max(1, 2 * min(shape) // 1024)
        top = shape[0] // 2 - lines // 2
        profile = pixels[top : top + lines, column].astype(int)
        assert np.all(np.bincount(profile, minlength=256) == lines // 256)
        assert np.all(np.diff(profile) * sign >= 0)


def test_the_crosshatch_is_regular_and_reaches_every_edge() -> None:
    for shape in SCREENS:
        pixels = draw(Family.ALL_ROUND, shape)
        cell = int(102 * min(shape) / 1024)
        row = shape[0] // 2 + cell + cell // 4
        line = np.flatnonzero(pixels[row] == 191)
        starts = line[np.diff(line, prepend=-10) > 1]
        middles = starts[np.abs(starts - shape[1] / 2) < 2.9 * cell]
        assert set(np.diff(middles)) <= {cell}
        assert np.all(pixels[0] == 255)
        assert np.all(pixels[-1] == 255)
        assert np.all(pixels[:, 0] == 255)
        assert np.all(pixels[:, -1] == 255)


def test_white_and_black_bars_lie_over_each_other() -> None:
    pixels = draw(Family.ALL_ROUND, DESIGN)
    profile = pixels[512 - int(3.5 * 102) : 512 - 3 * 102 - 1, 512]
    changes = np.flatnonzero(np.diff(profile.astype(int)))
    assert [int(profile[0]), *(int(profile[k + 1]) for k in changes)] == [255, 0, 255, 0]
    assert np.all(profile[[0, -1]] == [255, 0])


def test_patterns_say_what_they_are(monkeypatch) -> None:
    """The report's conditions: name it, bear no TG18 label of one's own, say synthetic and scaled."""
    import mammoview.imaging.pattern_parts as parts

    written: list[str] = []
    real = parts.Sheet.label

    def label(self, lines, *rest, **more):
        written.append(" ".join(lines))
        real(self, lines, *rest, **more)

    monkeypatch.setattr(parts.Sheet, "label", label)
    for entry in PATTERNS:
        written.clear()
        draw(entry.family, (768, 1366))
        if entry.family is Family.MAMMOGRAPHY:
            continue
        (text,) = written
        assert "ynthetic" in text
        assert "AAPM" in text
        assert "scaled to 1366 x 768" in text
        assert " after " in text


# The quick pattern


@pytest.mark.parametrize("shape", SCREENS, ids=str)
def test_eighteen_squares_run_to_and_fro(shape) -> None:
    pixels = draw(Family.QUICK, shape)
    scale = min(shape) / 1024
    centres = []
    for level in range(0, 256, 15):
        boxes = blobs(pixels, level, least=int(0.75 * (128 * scale) ** 2))
        boxes = [box for box in boxes if size(box) == pytest.approx((128 * scale, 128 * scale), abs=2)]
        assert len(boxes) == 1, level
        centres.append(middle(boxes[0]))
    rows = [row for row, _ in centres]
    assert rows == pytest.approx([rows[0]] * 6 + [rows[6]] * 6 + [rows[12]] * 6, abs=1)
    steps = np.diff([column for _, column in centres])
    expected = [160.0] * 5 + [0.0] + [-160.0] * 5 + [0.0] + [160.0] * 5
    assert steps == pytest.approx(np.multiply(expected, scale), abs=1.1)


def test_bars_have_a_period_of_six_and_five_levels_of_contrast() -> None:
    for shape in SCREENS:
        pixels = draw(Family.QUICK, shape).astype(int)
        scale = min(shape) / 1024
        top, left = (round((n - 1024 * scale) / 2) for n in shape)
        for number in range(18):
            level = 15 * number
            line, place = divmod(number, 6)
            column = place if line % 2 == 0 else 5 - place
            y, x = top + (96 + 160 * line) * scale, left + (48 + 160 * column) * scale
            for at, step in ((16, -5), (80, 5)):
                if number in (0, 17):
                    step = {(0, 16): 3, (0, 80): 5, (17, 16): -5, (17, 80): -3}[number, at]
                start = round(x + at * scale) + 1
                run = pixels[round(y + (at + 16) * scale), start : start + int(32 * scale) // 6 * 6 - 6]
                assert set(run) == {level, level + step}, (number, at)
                assert period(run) == pytest.approx(6)
                assert abs(np.count_nonzero(run == level) / run.size - 0.5) < 0.01


def test_the_line_at_the_bottom_holds_all_levels_and_single_pixels() -> None:
    pixels = draw(Family.QUICK, DESIGN)
    ramp = pixels[990, 64:896].astype(int)
    assert set(ramp) == set(range(256))
    assert np.all(np.diff(ramp) >= 0)
    assert period(pixels[990, 896:960]) == pytest.approx(2)
    assert period(pixels[960:1024, 1000]) == pytest.approx(2)
    for level, column in ((0, 256), (128, 512), (255, 768)):
        assert np.all(pixels[650:890, column - 120 : column + 120] == level)


# Luminance and uniformity


def test_there_are_eighteen_levels_in_equal_steps() -> None:
    assert len(LUMINANCE_LEVELS) == 18
    assert (LUMINANCE_LEVELS[0], LUMINANCE_LEVELS[-1]) == (0, 255)
    assert len(set(np.diff(LUMINANCE_LEVELS))) == 1


@pytest.mark.parametrize("shape", SCREENS, ids=str)
def test_a_luminance_field_is_a_tenth_of_the_screen_in_its_middle(shape) -> None:
    for step, level in enumerate(LUMINANCE_LEVELS):
        pixels = draw(Family.LUMINANCE, shape, step=step)
        row, column = shape[0] // 2, shape[1] // 2
        assert pixels[row, column] == level
        field = pixels == level
        if level == 150:
            assert np.all(pixels[row - 50 : row + 50, column - 50 : column + 50] == 150)
        labels, _ = ndimage.label(field)
        area = np.count_nonzero(labels == labels[row, column])
        assert area / pixels.size == pytest.approx(0.1, rel=0.01)
        assert pixels[10, 10] == pixels[-10, 10] == 153


def test_uniform_patterns_are_ten_and_eighty_percent() -> None:
    for step, share in enumerate((0.1, 0.8)):
        level = round(255 * share)
        plain = draw(Family.UNIFORMITY, DESIGN, step=step)
        assert np.mean(plain == level) > 0.99
        lined = draw(Family.UNIFORMITY_FIELDS, DESIGN, step=step)
        labels, _ = ndimage.label(lined == level)
        areas = np.sort(np.bincount(labels.ravel())[1:])[::-1] / lined.size
        assert areas[1:6] == pytest.approx([0.1] * 5, rel=0.05), "five fields of a tenth"
        assert np.mean(lined == level) > 0.98


def test_full_fields_are_even_but_for_lines_in_thirds() -> None:
    for step, level in enumerate(pattern(Family.FULL_FIELD).levels):
        pixels = draw(Family.FULL_FIELD, DESIGN, step=step)
        labels, _ = ndimage.label(pixels == level)
        areas = np.bincount(labels.ravel())[1:]
        assert np.sum(areas > 0.09 * pixels.size) == 9
        assert pixels[512, 512] == level


def test_the_mammography_pattern_steps_from_five_percent_to_one_in_all_corners() -> None:
    for shape in SCREENS:
        pixels = draw(Family.MAMMOGRAPHY, shape).astype(int)
        half = shape[1] // 2
        for part, ground, sign in ((pixels[:, :half], 0, 1), (pixels[:, half:], 255, -1)):
            contrast = (part - ground) * sign
            for percent in (1, 2, 3, 4, 5):
                found = blobs(contrast.astype(np.uint8), round(2.55 * percent), least=16)
                assert len(found) == 9, (shape, percent)
                assert len({size(box) for box in found}) == 1
            rows = [middle(box)[0] for box in blobs(contrast.astype(np.uint8), 13, least=16)]
            assert min(rows) < shape[0] / 6
            assert max(rows) > shape[0] * 5 / 6
