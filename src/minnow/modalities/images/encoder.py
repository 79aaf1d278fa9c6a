"""The encoder of images with labels, and the choice between it and the encoder of images to be generated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minnow.contracts import Encoder
from minnow.modalities.images.noise import NoiseEncoder
from minnow.modalities.images.options import Options
from minnow.records.files import write_json
from minnow.types import Array, ColumnFormat, Columns, Spec, Table

BYTES = 255
"""Largest pixel value of decoded pictures."""
PICTURES = ColumnFormat(kind="picture")
"""How images are read from pictures, in Table.reading."""


class ImageEncoder(Encoder):
    """Scales pixels to 0..1.

    shape: (height, width, channels) of every image; scale: the largest pixel value; resize: whether pictures of another size
    in a request are resized; pictures: whether train was read from pictures, so that those of a request have the same scale.
    """

    def __init__(self, shape: Sequence[int], scale: float, resize: bool, pictures: bool = False) -> None:
        self.shape = (int(shape[0]), int(shape[1]), int(shape[2]))
        self.scale = float(scale)
        self.resize = resize
        self.pictures = pictures or self.scale == BYTES

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The array of pixels."""
        return (Spec("image", self.shape, "float32"),)

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode image (n, h, w, c) in raw units to {"image": (n, h, w, c) float32 in 0..1}.

        Raises ValueError for images of another shape.
        """
        image = columns["image"]
        if image.shape[1:] != self.shape:
            raise ValueError(f"Needed images of {self.shape}. Received: {image.shape[1:]}.")
        return {"image": image.astype(np.float32) / np.float32(self.scale)}

    def save(self, folder: Path) -> None:
        """Write encoder.json."""
        pictures = {"pictures": True} if self.pictures and self.scale != BYTES else {}
        facts = {"shape": list(self.shape), "scale": self.scale, "resize": self.resize}
        write_json(folder / "encoder.json", facts | pictures)


def fit_encoder(table: Table, labels: Array, options: Options) -> ImageEncoder | NoiseEncoder:
    """Make the encoder for images of train's shape. labels: (k,) str, not used."""
    shape = table.columns["image"].shape[1:]
    if not options.labelled:
        return NoiseEncoder(shape, options.scale, options.latent)
    pictures = table.reading.columns.get("image") == PICTURES
    return ImageEncoder(shape, options.scale, options.resize is not None, pictures)


def load_encoder(folder: Path) -> ImageEncoder | NoiseEncoder:
    """Read what save wrote."""
    values = json.loads((folder / "encoder.json").read_text())
    return NoiseEncoder(**values) if "latent" in values else ImageEncoder(**values)
