"""Pictures as arrays: one function decodes those of training, of predictions and of requests."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from minnow.types import Array

SUFFIXES = (
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".avif",
    ".jp2", ".j2k", ".pgm", ".pbm", ".ppm", ".pnm",
)  # fmt: skip
"""Endings of the files that are read. What a file holds decides how it is decoded, whatever its ending."""
UNREADABLE = (
    ".heic", ".heif", ".hif", ".svg", ".svgz", ".psd", ".xcf", ".ai", ".eps", ".ico", ".icns", ".tga", ".pcx", ".jxl", ".exr",
    ".hdr", ".dds", ".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".dcm", ".fits",
)  # fmt: skip
"""Endings of pictures that cannot be read."""
MEDIA = ("image/png", "image/jpeg", "image/webp", "image/bmp", "image/gif", "image/tiff", "image/avif")
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "AVIF", "JPEG2000", "PPM")
_NAMES = "PNG, JPEG, WebP, BMP, GIF, TIFF or AVIF"
_MAX_PIXELS = 64_000_000
_MAX_BLOCK = 2**12
"""Compressed bytes that Pillow decodes in one go, in which no other thread runs; a few of them may hold millions of pixels."""
_BOMB = (2**31, 2**31)
"""Stands for the size of a picture that Pillow does not even open, since it has too many pixels."""
_GREY = ("1", "L", "LA", "La", "I")
_SIXTEEN_BITS = ("PNG", "PPM")
"""Formats whose pixels of mode I have 16 bits; those of other formats have 32, in no known range."""
_STEPS = 257
"""Values of 16 bits for one of 8 bits: 65,535 / 255."""
_NEARLY_WHITE = 250


class PictureError(ValueError):
    """Bytes that are not a picture that can be read. reason: why not, without a sentence around it."""

    def __init__(self, size: int, reason: str) -> None:
        super().__init__(f"Needed a picture in {_NAMES}. Received {size:,} bytes: {reason}.")
        self.reason = reason


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return (height, width) of a picture by its header, in which nothing is decoded; None for what is not a picture."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            return picture.height, picture.width
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return _BOMB
    except Exception:  # decoders raise many types of exceptions; decode says which
        return None


def decode(data: bytes, channels: int | None, size: Sequence[int] | None) -> Array:
    """Decode a picture, the first one of several frames. Returns (h, w, c) uint8.

    channels: 1 for grey, 3 for colour, None keeps those of the picture. size: (height, width) to resize to, None keeps it.
    It is turned as its EXIF orientation says, put on a white ground where it is transparent (on black where nothing of it
    could be seen on white), and 16 bits per channel become 8. Raises PictureError, a ValueError, for bytes that are not a
    picture, for 32 bits per channel, and for over 64 million pixels.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                raise ValueError(f"{picture.width:,} x {picture.height:,} pixels, more than {_MAX_PIXELS:,}")
            picture.decodermaxblock = _MAX_BLOCK
            grey = channels == 1 or (channels is None and picture.mode.split(";")[0] in _GREY)
            upright = ImageOps.exif_transpose(picture)
            opaque = _on_ground(_eight_bits(upright, picture.format)).convert("L" if grey else "RGB")
    except UnidentifiedImageError as error:
        raise PictureError(len(data), "not a picture of these formats") from error
    except Exception as error:  # decoders raise many types of exceptions
        raise PictureError(len(data), str(error).rstrip(".")) from error
    if size is not None:
        opaque = opaque.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    pixels = np.asarray(opaque, np.uint8)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _eight_bits(picture: Any, form: str | None) -> Any:
    """Convert a grey picture of 16 bits to 8, with the transparency that it has. Raises ValueError for 32 bits."""
    from PIL import Image

    if not picture.mode.startswith(("I", "F")):
        return picture
    if picture.mode in ("I", "F") and form not in _SIXTEEN_BITS:
        raise ValueError(f"32 bits per channel (mode {picture.mode}), which have no known range; save it with 8 or 16")
    values = np.asarray(picture).astype(np.int64)
    grey = Image.fromarray(np.rint(np.clip(values, 0, 65_535) / _STEPS).astype(np.uint8))
    clear = picture.info.get("transparency")
    if clear is not None:
        grey.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)))
    return grey


def _on_ground(picture: Any) -> Any:
    """Put a picture with transparent pixels on a white ground, or on black where it would vanish on white."""
    from PIL import Image

    if not picture.has_transparency_data:
        return picture
    layer = picture.convert("RGBA")
    if layer.getchannel("A").getextrema()[0] == 255:
        return layer.convert("RGB")
    white, black = (Image.new("RGBA", layer.size, ground) for ground in ("white", "black"))
    white.alpha_composite(layer)
    black.alpha_composite(layer)
    vanishes = np.asarray(white).min() >= _NEARLY_WHITE
    return (black if vanishes else white).convert("RGB")


def resized(images: Array, size: Sequence[int]) -> Array:
    """Resize images (n, h, w) or (n, h, w, c) of any numeric type to size (height, width), bilinear.

    Returns (n, height, width, c) float32.
    """
    from PIL import Image

    def resized_plane(plane: Array) -> Array:
        picture = Image.fromarray(np.ascontiguousarray(plane, np.float32), mode="F")
        return np.asarray(picture.resize((size[1], size[0]), Image.Resampling.BILINEAR))

    planes = images[..., None] if images.ndim == 3 else images
    stacked = [np.stack([resized_plane(image[..., c]) for c in range(image.shape[-1])], axis=-1) for image in planes]
    return np.stack(stacked) if stacked else np.empty((0, *size, planes.shape[-1]), np.float32)
