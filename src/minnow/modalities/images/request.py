"""Images of a request: nested lists of pixels, the bytes of a PNG or JPEG, or seeds where images are generated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minnow.modalities.images.decode import SUFFIXES, decode, read_idx, read_npz
from minnow.modalities.images.encoder import ImageEncoder
from minnow.modalities.images.noise import SEED_REQUEST, NoiseEncoder, parse_seeds
from minnow.modalities.images.options import Options
from minnow.modalities.images.pixels import check
from minnow.tables.files import FileError, json_list
from minnow.types import Array, Columns

_MEDIA = ("image/png", "image/jpeg")
_REQUEST: Mapping[str, Any] = {
    "description": "Nested lists of pixel values in the units of the training data: (height, width), or (height, width, "
    "channels).",
    "type": "array",
    "items": {
        "type": "array",
        "items": {"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}]},
    },
}


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

    inputs: nested lists or arrays of pixel values. Raises ValueError with the input and what is wrong.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one image, received none.")
    if isinstance(encoder, NoiseEncoder):
        return parse_seeds(inputs)
    images = [check(value, f"inputs[{i}]", encoder.shape, encoder.scale) for i, value in enumerate(inputs)]
    return {"image": np.stack(images)}


def media(encoder: ImageEncoder | NoiseEncoder) -> tuple[str, ...]:
    """Content types of pictures; none where images are generated."""
    return () if isinstance(encoder, NoiseEncoder) else _MEDIA


def from_bytes(data: bytes, encoder: ImageEncoder) -> list[Array]:
    """Decode the body of one PNG or JPEG to one input of parse, with 0..255 scaled to 0..scale. Raises ValueError."""
    h, w, c = encoder.shape
    if c not in (1, 3):
        raise ValueError(f"Needed pixels as JSON: PNG and JPEG cannot hold images of {c} channels.")
    image = decode(data, c, (h, w) if encoder.resize else None)
    return [image * (encoder.scale / 255.0)]


def from_file(path: Path, options: Options, encoder: ImageEncoder) -> list[Any]:
    """Read inputs for a prediction: one PNG or JPEG, a folder of them, an .npz or idx file, or a JSON list of images.

    Where images are generated, the file is a JSON list of seeds. Raises FileError, a ValueError, with the path of the file.
    """
    if not options.labelled:
        return json_list(path)
    if path.is_dir():
        paths = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
        return [image for picture in paths for image in from_file(picture, options, encoder)]
    if path.suffix.lower() in SUFFIXES:
        try:
            image = decode(path.read_bytes(), options.channels, options.resize)
        except (OSError, ValueError) as error:
            raise FileError(f"{path}: {error}") from error
        return [image * (options.scale / 255.0)]
    if path.suffix == ".npz":
        return list(read_npz(path)[0])
    if "idx" in path.name:
        return list(read_idx(path))
    return json_list(path)
