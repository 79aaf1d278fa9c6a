"""Requests for images: pixels and pictures, encoded as the rows of train."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from minnow.modalities import images
from minnow.modalities.images.encoder import ImageEncoder


def test_the_encoder_brings_pixels_to_0_and_1():
    encoder = ImageEncoder((1, 2, 1), 16, resize=False)
    encoded = encoder.encode(images.parse([[[0, 16]], [[[4], [8]]]], encoder))["image"]
    np.testing.assert_array_equal(encoded[..., 0], np.array([[[0, 1]], [[0.25, 0.5]]], np.float32))


def _png(pixels, form="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(buffer, form)
    return buffer.getvalue()


def test_the_bytes_of_a_picture_are_an_input():
    encoder = ImageEncoder((2, 2, 1), 16, resize=False)
    inputs = images.CAPABILITIES.from_bytes(_png([[0, 255], [255, 0]]), encoder)
    encoded = encoder.encode(images.parse(inputs, encoder))["image"]
    np.testing.assert_allclose(encoded[0, :, :, 0], [[0, 1], [1, 0]])


def test_a_colour_picture_becomes_grey_where_grey_was_learned():
    encoder = ImageEncoder((8, 8, 1), 255, resize=False)
    assert images.CAPABILITIES.from_bytes(_png(np.zeros((8, 8, 3)), "JPEG"), encoder)[0].shape == (8, 8, 1)


def test_a_picture_is_resized_only_where_training_did():
    pixels = _png(np.zeros((9, 9)))
    assert images.CAPABILITIES.from_bytes(pixels, ImageEncoder((4, 5, 1), 255, resize=True))[0].shape == (4, 5, 1)
    encoder = ImageEncoder((4, 5, 1), 255, resize=False)
    with pytest.raises(ValueError, match=r"needed 4 rows of 5 pixels, received an array of shape \[9, 9, 1\]"):
        images.parse(images.CAPABILITIES.from_bytes(pixels, encoder), encoder)


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, _png(np.zeros((9, 9)))[:45]])
def test_bytes_that_are_no_picture_are_refused(data):
    encoder = ImageEncoder((9, 9, 1), 255, resize=False)
    with pytest.raises(ValueError, match="Needed a picture in PNG, JPEG"):
        images.CAPABILITIES.from_bytes(data, encoder)
    with pytest.raises(
        ValueError, match=r"^inputs\[0\]: needed a picture in base64, received '.*Needed a picture in PNG, JPEG"
    ):
        images.parse([base64.b64encode(data).decode()], encoder)


def test_a_picture_in_base64_is_the_same_input_as_its_bytes():
    encoder = ImageEncoder((4, 5, 3), 16, resize=True)
    data = _png(np.arange(9 * 9 * 4).reshape(9, 9, 4) % 256)
    text = base64.b64encode(data).decode()
    inputs = images.CAPABILITIES.from_bytes(data, encoder)
    for value in (text, f"data:image/png;base64,{text}"):
        np.testing.assert_array_equal(images.parse([value], encoder)["image"][0], inputs[0])


@pytest.mark.parametrize("text", ["", "text", "not base64!", "data:image/png;base64,AAAA", "data:", "\ud800"])
def test_text_that_is_no_picture_is_refused_by_its_place(text):
    with pytest.raises(ValueError, match=r"^inputs\[0\]: needed a picture in base64, received "):
        images.parse([text], ImageEncoder((9, 9, 1), 255, resize=False))


def test_pictures_cannot_be_inputs_of_images_of_other_channels():
    encoder = ImageEncoder((2, 2, 4), 255, resize=False)
    with pytest.raises(ValueError, match="pictures cannot hold images of 4 channels"):
        images.CAPABILITIES.from_bytes(_png(np.zeros((2, 2))), encoder)


def test_a_body_may_be_any_format_that_is_read_from_files():
    encoder = ImageEncoder((2, 2, 1), 255, resize=False)
    media = images.CAPABILITIES.media(encoder)
    assert {f"image/{name}" for name in ("png", "jpeg", "webp", "bmp", "gif", "tiff")} <= set(media)
    for form in ("PNG", "WEBP", "BMP", "GIF", "TIFF"):
        pixels = images.CAPABILITIES.from_bytes(_png([[0, 255], [255, 0]], form), encoder)[0]
        np.testing.assert_allclose(pixels[..., 0], [[0, 255], [255, 0]], atol=8)
