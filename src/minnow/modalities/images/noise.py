"""The encoder of images to be generated: noise determined by the seed of a request, or by the pixels of a real image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minnow.contracts import Encoder
from minnow.records.files import write_json
from minnow.types import Array, Columns, Outputs, Spec, content_key, noise_of

_LARGEST_SEED = 2**63 - 1
SEED_REQUEST: Mapping[str, Any] = {
    "description": "A seed: the same seed gives the same image.",
    "type": "integer",
    "minimum": 0,
    "maximum": _LARGEST_SEED,
}


class NoiseEncoder(Encoder):
    """Computes a noise vector per row, scales real pixels to 0..1, and generated pixels back to raw units.

    shape: (height, width, channels) of every image; scale: the largest pixel value; latent: size of the noise vector.
    """

    def __init__(self, shape: Sequence[int], scale: float, latent: int) -> None:
        self.shape = (int(shape[0]), int(shape[1]), int(shape[2]))
        self.scale = float(scale)
        self.latent = int(latent)

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The noise of a seed. Encoded images have the array "image" too."""
        return (Spec("noise", (self.latent,), "float32"),)

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode seeds or real images.

        columns: seed (n,) uint64, which gives "noise" (n, latent) float32; or image (n, h, w, c) in raw units, which
        gives "noise" and "image" (n, h, w, c) float32 in 0..1. The noise of a real image is determined by its pixels, so
        it does not depend on other rows. Raises ValueError for images of another shape.
        """
        if "image" not in columns:
            return {"noise": noise_of(columns["seed"], self.latent)}
        image = columns["image"]
        if image.shape[1:] != self.shape:
            raise ValueError(f"Needed images of {self.shape}. Received: {image.shape[1:]}.")
        scaled = image.astype(np.float32) / np.float32(self.scale)
        key = np.array([content_key(np.ascontiguousarray(row).tobytes()) for row in scaled], np.uint64)
        return {"noise": noise_of(key, self.latent), "image": scaled}

    def decode(self, outputs: Outputs) -> Outputs:
        """Scale samples from 0..1 to pixel values."""
        return {name: np.clip(value, 0, 1) * np.float32(self.scale) for name, value in outputs.items()}

    def save(self, folder: Path) -> None:
        """Write encoder.json."""
        write_json(folder / "encoder.json", {"shape": list(self.shape), "scale": self.scale, "latent": self.latent})


def parse_seeds(inputs: Sequence[Any]) -> dict[str, Array]:
    """Check the seeds of one request. Returns {"seed": (n,) uint64}. Raises ValueError with the input."""
    for i, seed in enumerate(inputs):
        if type(seed) is not int or not 0 <= seed <= _LARGEST_SEED:
            raise ValueError(
                f"inputs[{i}]: needed a seed, a whole number from 0 to {_LARGEST_SEED}, received {seed!r:.60}."
            )
    return {"seed": np.array(inputs, np.uint64)}
