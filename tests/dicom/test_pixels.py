from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.uid import (
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from mammoview.core.errors import DecodeError, InputError, MissingDecoderError, TruncatedError, UnsupportedError
from mammoview.core.image import StoredImage
from mammoview.dicom import pixels as module
from mammoview.dicom.pixels import SYNTAXES, decode, decoders
from mammoview.dicom.scan import read_header

Make = Callable[..., Path]
RAMP = (np.arange(64 * 48, dtype=np.uint16) % 4096).reshape(64, 48)


def read(path: Path) -> StoredImage:
    return decode(read_header(path))


def test_native_pixels_come_as_stored(make_mg: Make) -> None:
    np.testing.assert_array_equal(read(make_mg(pixels=RAMP)).pixels, RAMP)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, RLELossless], ids=lambda uid: uid.name)
def test_lossless_syntaxes_give_back_every_value(make_mg: Make, syntax) -> None:
    path = make_mg(pixels=RAMP)
    dataset = dcmread(path)
    dataset.compress(syntax, generate_instance_uid=False)
    dataset.save_as(path)
    np.testing.assert_array_equal(read(path).pixels, RAMP)


def test_every_syntax_has_a_decoder_here() -> None:
    """JPEG Lossless and HTJ2K have no encoder among our packages; the real GE file covers the first."""
    states = {status.transfer_syntax_uid: status.is_available for status in decoders()}
    assert {JPEGLosslessSV1, HTJ2KLossless} <= states.keys()
    assert set(SYNTAXES) == states.keys()
    assert all(states.values())


def test_a_missing_decoder_is_named(make_mg: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_mg(pixels=RAMP)
    dataset = dcmread(path)
    dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    dataset.save_as(path)

    class Absent:
        is_available = False
        missing_dependencies = ("pyjpegls - requires numpy",)

    monkeypatch.setattr(module, "get_decoder", lambda uid: Absent())
    with pytest.raises(MissingDecoderError) as caught:
        read(path)
    assert "JPEG-LS" in caught.value.user_message
    assert "pyjpegls" in caught.value.hint


def test_signed_values_keep_their_order_and_offset(make_mg: Make) -> None:
    signed = np.array([[-2048, -1], [0, 2047]], np.int16)
    image = read(make_mg(pixels=signed))
    np.testing.assert_array_equal(image.pixels.astype(int) + image.value_offset, signed)


def test_overlay_bits_above_the_stored_ones_are_dropped(make_mg: Make) -> None:
    high = np.array([[0x8123, 0x0456]], np.uint16)
    np.testing.assert_array_equal(read(make_mg(pixels=high)).pixels, [[0x123, 0x456]])


def test_padding_is_a_mask(make_mg: Make) -> None:
    image = read(
        make_mg(pixels=np.array([[0, 30], [31, 500]], np.uint16), PixelPaddingValue=0, PixelPaddingRangeLimit=30)
    )
    assert image.padding is not None
    np.testing.assert_array_equal(image.padding, [[True, True], [False, False]])


@pytest.mark.meets("MG-E01")
def test_signed_padding_is_a_mask(make_mg: Make) -> None:
    path = make_mg(
        pixels=np.array([[-2048, -2001], [-1999, 5]], np.int16), PixelPaddingValue=-2000, PixelPaddingRangeLimit=-2048
    )
    image = read(path)
    assert image.padding is not None
    np.testing.assert_array_equal(image.padding, [[True, True], [False, False]])


def test_compressed_pixels_cut_off_are_told(make_mg: Make) -> None:
    path = make_mg(pixels=np.random.default_rng(0).integers(0, 4096, (64, 64)).astype(np.uint16))
    dataset = dcmread(path)
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    dataset.save_as(path)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(path) in caught.value.user_message


@pytest.mark.meets("MG-K01")
@pytest.mark.parametrize("suffix", ["png", "pgm", "tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pictures_keep_every_value(tmp_path: Path, suffix: str, dtype: type) -> None:
    values = np.arange(12, dtype=dtype).reshape(3, 4) * (20 if dtype == np.uint8 else 5000)
    path = tmp_path / f"image.{suffix}"
    Image.fromarray(values).save(path)
    np.testing.assert_array_equal(read(path).pixels, values)


@pytest.mark.meets("MG-K01")
@pytest.mark.parametrize(
    "content",
    [b"P5\n# a comment\n2 1\n4095\n" + np.array([17, 4095], ">u2").tobytes(), b"P2\n2 1\n4095\n17 4095\n"],
    ids=["binary", "text"],
)
def test_the_largest_value_of_a_pgm_gives_its_bits(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "film.pgm"
    path.write_bytes(content)
    header = read_header(path)
    assert header.grayscale.bits_stored == 12
    np.testing.assert_array_equal(decode(header).pixels, [[17, 4095]])


def test_gray_in_three_channels_is_gray_and_colour_is_refused(tmp_path: Path) -> None:
    gray = np.repeat(np.arange(64, dtype=np.uint8).reshape(8, 8, 1), 3, axis=2)
    Image.fromarray(gray).save(tmp_path / "gray.png")
    np.testing.assert_array_equal(read(tmp_path / "gray.png").pixels, gray[..., 0])
    gray[0, 0] = (200, 0, 0)
    Image.fromarray(gray).save(tmp_path / "colour.png")
    with pytest.raises(UnsupportedError):
        read(tmp_path / "colour.png")


def test_a_truncated_picture_is_told(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(TruncatedError):
        read(path)


def test_pixels_that_contradict_the_header_are_told(make_mg: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "pixel_array", lambda *args, **kwargs: np.zeros((2, 2), np.uint16))
    with pytest.raises(DecodeError):
        read(make_mg())


@pytest.mark.data
def test_a_real_jpeg_lossless_file_decodes(data: Path) -> None:
    image = read(data / "fixtures" / "dicom" / "ge_senographe_r_mlo_sigmoid_voilut.dcm")
    assert image.pixels.shape == (3062, 2394)
    assert image.pixels.max() < 4096
    assert image.padding is not None
    # The background of this detector is padded; the breast is not.
    assert 0.5 < image.padding.mean() < 0.8
