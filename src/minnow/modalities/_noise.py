"""Images that are to be made: an encoder that gives noise, for a request by its seed and for a row by its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minnow.bundle import write_json
from minnow.types import Array, Columns, Outputs, content_key, noise_of

LARGEST_SEED = 2**63 - 1
REQUEST: dict[str, Any] = {
    "description": "A seed: the same one gives the same image, another one another image.",
    "type": "integer",
    "minimum": 0,
    "maximum": LARGEST_SEED,
}


class NoiseEncoder:
    """Gives each row noise to make an image of, and brings real pixels to 0..1 and made ones back.

    shape: (height, width, channels) of every image; scale: the largest pixel value; latent: numbers of noise per image.
    """

    request = REQUEST
    media: tuple[str, ...] = ()
    example = 1

    def __init__(self, shape: Sequence[int], scale: float, latent: int) -> None:
        self.shape = (int(shape[0]), int(shape[1]), int(shape[2]))
        self.scale = float(scale)
        self.latent = int(latent)
        self.sizes: dict[str, int] = {}

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode seed (n,) uint64 to {"noise": (n, latent) float32}, or image (n, h, w, c) to that and "image" in 0..1.

        A real row's noise follows from its pixels, so that it is the same alone and among others.
        """
        if "image" not in columns:
            return {"noise": noise_of(columns["seed"], self.latent)}
        image = columns["image"]
        if image.shape[1:] != self.shape:
            raise ValueError(f"Needed images of {self.shape}. Received: {image.shape[1:]}.")
        scaled = image.astype(np.float32) / np.float32(self.scale)
        key = np.array([content_key(np.ascontiguousarray(one).tobytes()) for one in scaled], np.uint64)
        return {"noise": noise_of(key, self.latent), "image": scaled}

    def decode(self, outputs: Outputs, seed: int = 0) -> Outputs:
        """Bring samples from 0..1 to pixel values."""
        return {name: np.clip(value, 0, 1) * np.float32(self.scale) for name, value in outputs.items()}

    def save(self, folder: Path) -> None:
        """Write encoder.json."""
        write_json(folder / "encoder.json", {"shape": list(self.shape), "scale": self.scale, "latent": self.latent})


def parse_seeds(inputs: Sequence[Any]) -> dict[str, Array]:
    """Check the seeds of one request. Returns {"seed": (n,) uint64}. Raises ValueError that names the input."""
    for i, one in enumerate(inputs):
        if type(one) is not int or not 0 <= one <= LARGEST_SEED:
            raise ValueError(
                f"inputs[{i}]: needed a seed, a whole number from 0 to {LARGEST_SEED}, received {one!r:.60}."
            )
    return {"seed": np.array(inputs, np.uint64)}
