"""Images of a request: pictures, nested lists of pixels, or seeds where images are generated."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minnow.contracts import FileLimits, Located
from minnow.folders import find_files
from minnow.modalities.images.arrays import array_files, holds_arrays, read_idx
from minnow.modalities.images.class_folders import BROKEN, decoded
from minnow.modalities.images.decode import MEDIA, SUFFIXES, UNREADABLE, PictureError, decode, size_of
from minnow.modalities.images.encoder import BYTES, ImageEncoder
from minnow.modalities.images.noise import SEED_REQUEST, NoiseEncoder, parse_seeds
from minnow.modalities.images.options import Options
from minnow.modalities.images.pixels import check
from minnow.tables.files import FileError, json_list
from minnow.types import Array, Columns

_ZIP = ".zip"
_LOG = logging.getLogger(__name__)
_REQUEST: Mapping[str, Any] = {
    "description": "Nested lists of pixel values in the units of the training data: (height, width), or (height, width, "
    "channels). Or a picture (PNG, JPEG, WebP, BMP, GIF, TIFF) in base64; the body may also be the picture itself, with its "
    "content type.",
    "type": ["array", "string"],
    "items": {
        "type": "array",
        "items": {"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}]},
    },
}


@dataclass(frozen=True)
class _NamedImage(Located):
    """An image of a file. where: name of its file; pixels: (h, w, c) in raw units."""

    where: str
    pixels: Array


def request(encoder: ImageEncoder | NoiseEncoder) -> Mapping[str, Any]:
    """JSON Schema of one input: an image, or a seed where images are generated."""
    return SEED_REQUEST if isinstance(encoder, NoiseEncoder) else _REQUEST


def example(encoder: ImageEncoder | NoiseEncoder, rows: Columns) -> Any:
    """Return the first encoded row in raw units, or a seed where images are generated.

    rows: encoded, image (n, h, w, c). Returns None where a value rounded to three decimals is outside of the allowed range.
    """
    if isinstance(encoder, NoiseEncoder):
        return 1
    image = np.round(rows["image"][0] * encoder.scale, 3)
    image = image.astype(int) if np.array_equal(image, np.rint(image)) else image
    values = image[..., 0].tolist() if image.shape[-1] == 1 else image.tolist()
    try:
        parse([values], encoder)
    except ValueError:
        return None
    return values


def parse(inputs: Sequence[Any], encoder: ImageEncoder | NoiseEncoder) -> dict[str, Array]:
    """Check the images of one request, or its seeds. Returns {"image": (n, h, w, c)} in raw units, or {"seed": (n,)}.

    inputs: nested lists or arrays of pixel values, or pictures in base64. Images that from_file read from pictures come with
    "file", their names (n,) str. Raises ValueError with the input and what is wrong.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one image, received none.")
    if isinstance(encoder, NoiseEncoder):
        return parse_seeds(inputs)
    images = np.stack([_image(value, f"inputs[{i}]", encoder) for i, value in enumerate(inputs)])
    names = [value.where for value in inputs if isinstance(value, _NamedImage)]
    return {"image": images, "file": np.array(names)} if len(names) == len(inputs) else {"image": images}


def about(columns: Columns, encoder: ImageEncoder | NoiseEncoder) -> Mapping[str, Sequence[str]]:
    """State the file that each image is from, where it was read from pictures."""
    return {"file": columns["file"].tolist()} if "file" in columns else {}


def _image(value: Any, where: str, encoder: ImageEncoder) -> Array:
    if isinstance(value, _NamedImage):
        return check(value.pixels, value.where, encoder.shape, encoder.scale)
    pixels = _from_base64(value, where, encoder) if isinstance(value, str) else value
    return check(pixels, where, encoder.shape, encoder.scale)


def _from_base64(text: str, where: str, encoder: ImageEncoder) -> Array:
    """Decode a picture in base64, with or without the head of a data URL. Raises ValueError."""
    try:
        return _picture(file_of(text) or b"", encoder)
    except (ValueError, binascii.Error) as error:
        raise ValueError(f"{where}: needed a picture in base64, received {text[:30]!r}: {error}") from error


def file_of(value: Any) -> bytes | None:
    """Return the picture in an input of base64, with or without the head of a data URL. Raises ValueError for other text."""
    if not isinstance(value, str):
        return None
    content = value.partition(",")[2] if value.startswith("data:") else value
    return base64.b64decode(content.encode(), validate=True)


def check_files(files: Mapping[str, bytes], encoder: ImageEncoder | NoiseEncoder, limits: FileLimits) -> None:
    """Check the sizes of pictures by their headers. files: name of the input -> bytes.

    Raises ValueError for pictures that have too many pixels together, and where pictures are not resized for one of another
    size than the model reads.
    """
    if isinstance(encoder, NoiseEncoder):
        return
    pixels = 0
    for where, data in files.items():
        size = size_of(data)
        if size is None:
            continue
        pixels += size[0] * size[1]
        if pixels > limits.pixels:
            raise ValueError(
                f"{where}: needed at most {limits.pixels:,} pixels in one request, received {pixels:,} or more."
            )
        if not encoder.resize and sorted(size) != sorted(encoder.shape[:2]):  # EXIF may turn it
            h, w, _ = encoder.shape
            raise ValueError(
                f"{where}: needed {h} rows of {w} pixels, received {size[0]:,} rows of {size[1]:,} pixels."
            )


def media(encoder: ImageEncoder | NoiseEncoder) -> tuple[str, ...]:
    """Content types of pictures; none where images are generated."""
    return () if isinstance(encoder, NoiseEncoder) else MEDIA


def from_bytes(data: bytes, encoder: ImageEncoder) -> list[Array]:
    """Decode the body of one picture to one input of parse, in 0..scale. Raises ValueError."""
    return [_picture(data, encoder)]


def _picture(data: bytes, encoder: ImageEncoder) -> Array:
    """Decode a picture as those of training were: (h, w, c) in 0..scale. Raises ValueError."""
    return _scaled(decode(data, *_form(encoder)), encoder)


def _scaled(picture: Array, encoder: ImageEncoder) -> Array:
    """Bring the pixels of a decoded picture from 0..255 to the 0..scale of arrays, unless train was read from pictures."""
    return picture if encoder.pictures else picture * (encoder.scale / BYTES)


def _form(encoder: ImageEncoder) -> tuple[int, tuple[int, int] | None]:
    """Channels of pictures, and the size that they are resized to. Raises ValueError where pictures cannot be inputs."""
    h, w, c = encoder.shape
    if c not in (1, 3):
        raise ValueError(f"Needed pixels as JSON: pictures cannot hold images of {c} channels.")
    return c, (h, w) if encoder.resize else None


def from_file(path: Path, options: Options, encoder: ImageEncoder) -> Iterable[Any]:
    """Read inputs for a prediction, one by one: a picture, a folder or zip of them, an .npz or idx file, or a JSON list.

    Where images are generated, the file is a JSON list of seeds. Pictures come in the order of their names; those that cannot
    be read are left out and named in a warning. Raises FileError or FolderError, ValueErrors with the path of the file.
    """
    if not options.labelled or path.suffix == ".json":
        return json_list(path)
    if path.is_file() and "idx" in path.name and path.suffix.lower() not in SUFFIXES:
        return list(read_idx(path))
    if holds_arrays(path, options.model_copy(update={"file": None})):
        return [image for file in array_files(path, options, labelled=False) for image in file.images]
    if path.is_file() and path.suffix.lower() != _ZIP:
        return _one_file(path, encoder)
    return _pictures(path, encoder)


def _one_file(path: Path, encoder: ImageEncoder) -> list[Any]:
    """Read a picture, whatever its ending, or a JSON list. Raises FileError."""
    try:
        return [_NamedImage(path.name, _picture(path.read_bytes(), encoder))]
    except PictureError as error:
        if path.suffix.lower() in (*SUFFIXES, *UNREADABLE):
            raise FileError(f"{path}: {error}") from error
    return json_list(path)


def _pictures(path: Path, encoder: ImageEncoder) -> Iterator[_NamedImage]:
    found = find_files(path, SUFFIXES, UNREADABLE)
    broken: dict[str, str] = {}
    for name, picture in decoded(found, *_form(encoder)):
        if isinstance(picture, str):
            broken[name] = picture
        else:
            yield _NamedImage(name, _scaled(picture, encoder))
    kept = found.without(broken, BROKEN)
    said = " ".join(notice.text for notice in kept.notices)
    if not kept.files:
        raise FileError(f"{path} must be a picture, a folder or zip of pictures, an .npz or idx file, or JSON. {said}")
    if said:
        _LOG.warning("%s: %s", path, said)
