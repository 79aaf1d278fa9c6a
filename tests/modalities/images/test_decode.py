"""Pictures of every format and mode: decoded to what the eye sees."""

import io

import numpy as np
import pytest
from PIL import Image

from minnow.modalities.images.decode import MEDIA, SUFFIXES, UNREADABLE, PictureError, decode

RAMP = np.linspace(0, 255, 6 * 8 * 3).reshape(6, 8, 3).astype(np.uint8)
WIDE = np.linspace(0, 65_535, 48).reshape(6, 8).astype(np.uint16)


def as_bytes(picture, form="PNG", **settings):
    buffer = io.BytesIO()
    picture.save(buffer, form, **settings)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "JPEG2000", "PPM"])
def test_every_format_is_decoded_by_its_content(form):
    colour = decode(as_bytes(Image.fromarray(RAMP), form), None, None)
    assert colour.shape == (6, 8, 3)
    assert colour.dtype == np.uint8
    assert np.abs(colour.astype(int) - RAMP).max() <= 15
    grey = decode(as_bytes(Image.fromarray(RAMP), form), 1, (3, 4))
    assert grey.shape == (3, 4, 1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_every_mode_gives_grey_or_colour(mode):
    picture = Image.fromarray(RAMP).convert(mode)
    data = as_bytes(picture, "TIFF")
    grey = mode in ("1", "L", "LA")
    assert decode(data, None, None).shape == (6, 8, 1 if grey else 3)
    assert decode(data, 3, None).shape == (6, 8, 3)
    assert np.abs(decode(data, 3, None).astype(int) - np.asarray(picture.convert("RGB"))).max() <= 3


@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM"])
def test_16_bits_of_grey_become_8(form):
    pixels = decode(as_bytes(Image.fromarray(WIDE), form), None, None)
    np.testing.assert_array_equal(pixels[..., 0], np.rint(WIDE / 257))


def test_16_bits_of_grey_in_the_other_order_of_bytes_become_8():
    data = as_bytes(Image.fromarray(WIDE.astype(">u2")), "TIFF")
    assert Image.open(io.BytesIO(data)).mode == "I;16B"
    np.testing.assert_array_equal(decode(data, None, None)[..., 0], np.rint(WIDE / 257))


def test_16_bits_of_colour_become_8():
    values = np.stack([WIDE, WIDE[::-1], WIDE], axis=-1)
    data = b"P6 8 6 65535\n" + values.astype(">u2").tobytes()
    assert np.abs(decode(data, None, None) - values / 257).max() <= 1


@pytest.mark.parametrize("mode", ["I", "F"])
def test_32_bits_are_refused_with_what_to_do(mode):
    data = as_bytes(Image.new(mode, (8, 6), 70_000), "TIFF")
    with pytest.raises(
        PictureError, match=rf"32 bits per channel \(mode {mode}\), which have no known range; save it with 8"
    ):
        decode(data, None, None)


def _clear(colour):
    """A square of one colour, with transparent pixels of the same colour around it."""
    pixels = np.zeros((6, 8, 4), np.uint8)
    pixels[..., :3] = colour
    pixels[2:4, 2:6, 3] = 255
    return Image.fromarray(pixels)


def _palette():
    picture = Image.new("P", (8, 6), 0)
    picture.putpalette([0, 0, 0, 10, 10, 10])
    picture.paste(1, (2, 2, 6, 4))
    return picture


def _wide_with_key():
    values = np.zeros((6, 8), np.uint16)
    values[2:4, 2:6] = 10 * 257
    return Image.fromarray(values)


def _plain(mode):
    picture = Image.new(mode, (8, 6), 0)
    picture.paste(10 if mode == "L" else (10, 10, 10), (2, 2, 6, 4))
    return picture


TRANSPARENT = {
    "RGBA": as_bytes(_clear(10)),
    "LA": as_bytes(_clear(10).convert("LA")),
    "RGBA in TIFF": as_bytes(_clear(10), "TIFF"),
    "RGBA in WebP": as_bytes(_clear(10), "WEBP", lossless=True),
    "palette with one transparent colour": as_bytes(_palette(), transparency=0),
    "palette with alphas": as_bytes(_palette(), transparency=b"\x00\xff"),
    "palette with alpha channel": as_bytes(_clear(10).quantize(4).convert("PA"), "TIFF"),
    "GIF": as_bytes(_palette(), "GIF", transparency=0),
    "L with tRNS": as_bytes(_plain("L"), transparency=0),
    "RGB with tRNS": as_bytes(_plain("RGB"), transparency=(0, 0, 0)),
    "16 bits with tRNS": as_bytes(_wide_with_key(), transparency=0),
}


@pytest.mark.parametrize("kind", TRANSPARENT)
@pytest.mark.parametrize("channels", [None, 1, 3])
def test_a_dark_icon_on_a_transparent_ground_is_dark_on_white(kind, channels):
    pixels = decode(TRANSPARENT[kind], channels, None)
    assert pixels[0, 0].min() == 255
    assert pixels[3, 3].max() == 10
    assert (pixels == 10).mean() == pytest.approx(8 / 48)


def test_a_white_icon_on_a_transparent_ground_is_white_on_black():
    pixels = decode(as_bytes(_clear(255)), None, None)
    assert pixels[0, 0].max() == 0
    assert pixels[3, 3].min() == 255


def test_half_transparent_pixels_are_mixed_with_white_and_opaque_ones_stay():
    half = np.full((6, 8, 4), 100, np.uint8)
    half[..., 3] = 51
    assert set(np.unique(decode(as_bytes(Image.fromarray(half)), None, None))) == {224}
    opaque = np.dstack([RAMP, np.full((6, 8), 255, np.uint8)])
    np.testing.assert_array_equal(decode(as_bytes(Image.fromarray(opaque)), None, None), RAMP)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_picture_is_turned_as_its_exif_says(form, mode):
    pixels = np.zeros((8, 16), np.uint8)
    pixels[:, :8] = 250
    exif = Image.Exif()
    exif[0x112] = 6  # the left side of the stored picture is its top
    turned = decode(as_bytes(Image.fromarray(pixels).convert(mode), form, exif=exif), 1, None)
    assert turned.shape == (16, 8, 1)
    assert turned[:6].min() > 200
    assert turned[-6:].max() < 50


def test_a_transparent_picture_of_16_bits_is_turned_too():
    exif = Image.Exif()
    exif[0x112] = 6
    pixels = decode(as_bytes(_wide_with_key(), transparency=0, exif=exif), None, None)
    assert pixels.shape == (8, 6, 1)
    assert (pixels == 10).mean() == pytest.approx(8 / 48)


def test_of_several_frames_the_first_is_read():
    frames = [Image.new("L", (8, 6), value) for value in (10, 200)]
    for form in ("GIF", "TIFF", "WEBP"):
        data = as_bytes(frames[0], form, save_all=True, append_images=frames[1:])
        assert decode(data, 1, None).max() <= 12, form


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF"])
def test_a_cut_picture_is_refused(form):
    data = as_bytes(NOISE, form)
    with pytest.raises(PictureError, match=rf"Needed a picture in PNG, .*. Received {len(data) // 2:,} bytes: "):
        decode(data[: len(data) // 2], None, None)


def test_what_is_no_picture_is_refused_in_the_same_words_every_time():
    messages = []
    for _ in range(2):
        with pytest.raises(PictureError) as info:
            decode(b"hello", None, None)
        messages.append(str(info.value))
    assert messages[0] == messages[1]
    assert messages[0].endswith("Received 5 bytes: not a picture of these formats.")


def test_a_picture_of_too_many_pixels_is_refused():
    with pytest.raises(PictureError, match="9,000 x 9,000 pixels, more than 64,000,000"):
        decode(b"P5 9000 9000 255\n" + bytes(10), None, None)


def test_no_ending_is_both_read_and_unreadable():
    assert not set(SUFFIXES) & set(UNREADABLE)
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in (*SUFFIXES, *UNREADABLE))
    assert all(media.startswith("image/") for media in MEDIA)
