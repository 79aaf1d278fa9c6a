"""Images: pictures of one size, each with a label or to be made anew. Read from folders, .npz or idx files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from minnow.bundle import write_json
from minnow.modalities import _pictures
from minnow.modalities._contract import (
    LabelledOptions,
    enough_rows,
    expect,
    few_duplicates,
    label_columns,
    label_contract,
)
from minnow.modalities._files import FileError, find, fixed_sides, json_list, side_of
from minnow.modalities._noise import NoiseEncoder, parse_seeds
from minnow.modalities._pixels import check
from minnow.types import Array, Columns, Expectation, Outputs, Table, content_key

CHUNK = 4096
MEDIA = ("image/png", "image/jpeg")
OF_LABELS, OF_MAKING = ("labels", "class_weights", "min_class_share"), ("latent", "extractor")
"""Options that mean something with labels alone, and without them alone."""

REQUEST: dict[str, Any] = {
    "description": "Rows of pixel values, in the units of the training data: (height, width), or a third level with "
    "the channels of each pixel.",
    "type": "array",
    "items": {
        "type": "array",
        "items": {"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}]},
    },
}


class Options(LabelledOptions):
    """What may stand under `options` of a use case of images.

    file: name of one .npz in the folder; None takes what is there: .npz, idx files, or class folders of PNG and JPEG.
    scale: the largest pixel value that there can be: 255 for bytes, 16 for scikit-learn's digits.
    channels: 1 reads pictures in grey, 3 in colour; None takes them as they are.
    resize: [height, width] that pictures are brought to; None asks them to be of one size.
    labelled: false where images are to be made: no label is needed, and those that are there teach the extractor alone.
    latent: numbers of noise that an image is made of, where images are to be made.
    extractor: an .npz of an earlier outcome (extractor.npz) that made images are judged by; None learns one.
    """

    file: str | None = None
    scale: float = Field(255, gt=0)
    channels: Literal[1, 3] | None = None
    resize: list[int] | None = Field(None, min_length=2, max_length=2)
    labelled: bool = True
    latent: int = Field(32, ge=1)
    extractor: str | None = None


def unfit(options: Options, task: str) -> str | None:
    """Say why options do not go with a task, or None."""
    if options.labelled and task == "generate":
        return "labelled: task 'generate' makes images and asks for no label. Needed: labelled: false."
    if not options.labelled and task != "generate":
        return f"labelled: task '{task}' learns from labels. Received: labelled: false, which is for 'generate'."
    idle = OF_LABELS if not options.labelled else OF_MAKING
    given = [name for name in idle if name in options.model_fields_set]
    if given:
        when = "images have labels" if options.labelled else "images are to be made"
        return f"{given[0]}: it means nothing where {when}. Leave it out."
    return None


def target(options: Options) -> str:
    """Name the column to be predicted, or to be made."""
    return "label" if options.labelled else "image"


def time_column(options: Options) -> str | None:
    """Name the column that rows are split by in order of time; None where a hash of each row decides."""
    return None


def read(folder: Path, options: Options) -> Table:
    """Read a folder (or one .npz): columns image (n, h, w, c) and label (n,) str, "" where none is needed nor there.

    Files or folders named train* and test* (t10k*) fix the side of their rows. Raises FileError.
    """
    if options.file or folder.is_file() or list(folder.glob("*.npz")):
        return _read_npz(folder, options)
    if pairs := _pictures.idx_pairs(folder, options.labelled):
        return _read_idx(pairs, options)
    if not any(p.suffix.lower() in _pictures.SUFFIXES for p in folder.rglob("*")):
        raise FileError(f"{folder} must hold an .npz, idx files, or class folders of PNG or JPEG. It holds none.")
    images, labels, row_id, side = _pictures.read_folders(folder, options.channels, options.resize, options.labelled)
    return _table(images, np.array(labels), row_id, side)


def _read_npz(place: Path, options: Options) -> Table:
    parts = []
    for path in find(place, options.file, (".npz",)):
        images, labels = _pictures.read_npz(path)
        if labels is None and options.labelled:
            raise FileError(f"{path} needs an array 'labels' beside 'images'.")
        parts.append((path.name, images, _unnamed(images) if labels is None else labels))
    return _join(parts, options)


def _read_idx(pairs: list[tuple[Path, Path | None]], options: Options) -> Table:
    parts = []
    for path, path_labels in pairs:
        images = _pictures.read_idx(path)
        labels = _unnamed(images) if path_labels is None else _pictures.read_idx(path_labels)
        if len(images) != len(labels):
            raise FileError(f"{path.name} needs a label per image. Received: {len(images)} and {len(labels)}.")
        parts.append((path.name, images, labels))
    return _join(parts, options)


def _unnamed(images: Array) -> Array:
    return np.full(len(images), "", "<U1")


def _join(parts: list[tuple[str, Array, Array]], options: Options) -> Table:
    """Put arrays of several files under each other: (file name, images, labels)."""
    if options.resize and all(images.ndim in (3, 4) and images.dtype.kind in "uif" for _, images, _ in parts):
        parts = [(name, _pictures.resized(images, options.resize), labels) for name, images, labels in parts]
    shapes = {name: images.shape[1:] for name, images, _ in parts}
    if len(set(shapes.values())) > 1:
        raise FileError(f"All images must have one size. Received: {shapes}.")
    images = np.concatenate([images for _, images, _ in parts])
    labels = np.concatenate([labels.astype(str) for _, _, labels in parts])
    row_id = [f"{name}:{i}" for name, images, _ in parts for i in range(len(images))]
    side = [side_of(name) for name, images, _ in parts for _ in range(len(images))]
    return _table(images, labels, row_id, side)


def _table(images: Array, labels: Array, row_id: Sequence[str], side: Sequence[str]) -> Table:
    if images.ndim not in (3, 4) or images.dtype.kind not in "uif":
        raise FileError(
            f"Images must be numbers, (n, height, width) or (n, height, width, channels). Received: {images.dtype} "
            f"{images.shape}."
        )
    images = images[:, :, :, None] if images.ndim == 3 else images
    shape = repr(images.shape[1:]).encode()
    key = np.array([content_key(np.ascontiguousarray(image).tobytes(), shape) for image in images], np.uint64)
    return Table({"image": images, "label": labels}, np.array(row_id, dtype=str), key, fixed_sides(side))


def examples(table: Table, options: Options) -> Table:
    """Return the rows as they are: an image is an example."""
    return table


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Describe each image by flat columns, (n,) each: size, range, mean, deviation, share of NaN, label, hash.

    nan_share counts infinite pixels too; the other figures are over the finite ones, with 0 in place of the rest.
    """
    images = table.columns["image"]
    n, height, width, channels = images.shape
    parts = [_statistics(images[start : start + CHUNK]) for start in range(0, max(n, 1), CHUNK)]
    return {
        "height": np.full(n, height),
        "width": np.full(n, width),
        "channels": np.full(n, channels),
        "dtype": np.full(n, str(images.dtype)),
        **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
        **label_columns(table.columns["label"], table.key),
    }


def _statistics(images: Array) -> dict[str, Array]:
    flat = images.reshape(len(images), -1).astype(np.float64)
    finite = np.isfinite(flat)
    known = np.where(finite, flat, 0.0)
    return {
        "minimum": known.min(axis=1, initial=np.inf),
        "maximum": known.max(axis=1, initial=-np.inf),
        "mean": known.mean(axis=1),
        "std": known.std(axis=1),
        "nan_share": 1.0 - finite.mean(axis=1),
    }


def contract(options: Options, table: Table, task: str) -> list[Expectation]:
    """List what images and their labels must be like."""
    between = "column_values_to_be_between"
    blank = "a blank image teaches nothing"
    top = f"no pixel is above options.scale = {options.scale:g}"
    plain = [enough_rows(options.min_rows), few_duplicates(options.max_duplicates)]
    return [
        *(label_contract(options, task) if options.labelled else plain),
        expect(between, "a pixel that is not a number spoils every sum that it enters", "nan_share", max_value=0),
        expect(between, "no pixel is below 0", "minimum", min_value=0),
        expect(between, top, "maximum", max_value=options.scale),
        expect(between, blank, "std", min_value=0, strict_min=True, mostly=0.99),
    ]


class Encoder:
    """Brings pixels to 0..1. shape: (height, width, channels) of every image; scale: the largest pixel value."""

    def __init__(self, shape: Sequence[int], scale: float, resize: bool) -> None:
        """resize: whether a picture of another size is brought to this one when it comes as a file."""
        self.shape = (int(shape[0]), int(shape[1]), int(shape[2]))
        self.scale = float(scale)
        self.resize = resize
        self.sizes: dict[str, int] = {}

    @classmethod
    def fit(cls, table: Table, labels: Array, options: Options) -> Encoder | NoiseEncoder:
        """Take the size of the images of train."""
        if not options.labelled:
            return NoiseEncoder(table.columns["image"].shape[1:], options.scale, options.latent)
        return cls(table.columns["image"].shape[1:], options.scale, options.resize is not None)

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode image (n, h, w, c) in raw units to {"image": (n, h, w, c) float32 in 0..1}."""
        image = columns["image"]
        if image.shape[1:] != self.shape:
            raise ValueError(f"Needed images of {self.shape}. Received: {image.shape[1:]}.")
        return {"image": image.astype(np.float32) / np.float32(self.scale)}

    def decode(self, outputs: Outputs, seed: int = 0) -> Outputs:
        """Return the outputs: they already are the answer."""
        return outputs

    def save(self, folder: Path) -> None:
        """Write encoder.json."""
        write_json(folder / "encoder.json", {"shape": list(self.shape), "scale": self.scale, "resize": self.resize})

    @classmethod
    def load(cls, folder: Path) -> Encoder | NoiseEncoder:
        """Read what save wrote."""
        facts = json.loads((folder / "encoder.json").read_text())
        return NoiseEncoder(**facts) if "latent" in facts else cls(**facts)


def parse(inputs: Sequence[Any], encoder: Encoder | NoiseEncoder) -> dict[str, Array]:
    """Check the images of one request, or its seeds. Returns {"image": (n, h, w, c)} in raw units, or {"seed": (n,)}.

    inputs: nested lists or arrays of pixel values. Raises ValueError that names the input and what is wrong with it.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one image, received none.")
    if isinstance(encoder, NoiseEncoder):
        return parse_seeds(inputs)
    images = [check(one, f"inputs[{i}]", encoder.shape, encoder.scale) for i, one in enumerate(inputs)]
    return {"image": np.stack(images)}


def from_bytes(data: bytes, encoder: Encoder) -> list[Array]:
    """Decode the body of one PNG or JPEG to one input of parse; its 0..255 becomes 0..scale. Raises ValueError."""
    h, w, c = encoder.shape
    if c not in (1, 3):
        raise ValueError(f"Needed pixels as JSON: images of {c} channels have no picture format.")
    pixels = _pictures.decode(data, c, (h, w) if encoder.resize else None)
    return [pixels * (encoder.scale / 255.0)]


def from_file(path: Path, options: Options) -> list[Any]:
    """Read inputs for a prediction: one PNG or JPEG, a folder of them, an .npz or idx file, or a JSON list of images.

    Where images are to be made it is a JSON list of seeds. Raises FileError, a ValueError, that names the file.
    """
    if not options.labelled:
        return json_list(path)
    if path.is_dir():
        paths = sorted(p for p in path.rglob("*") if p.suffix.lower() in _pictures.SUFFIXES)
        return [image for one in paths for image in from_file(one, options)]
    if path.suffix.lower() in _pictures.SUFFIXES:
        try:
            pixels = _pictures.decode(path.read_bytes(), options.channels, options.resize)
        except (OSError, ValueError) as error:
            raise FileError(f"{path}: {error}") from error
        return [pixels * (options.scale / 255.0)]
    if path.suffix == ".npz":
        return list(_pictures.read_npz(path)[0])
    if "idx" in path.name:
        return list(_pictures.read_idx(path))
    return json_list(path)
