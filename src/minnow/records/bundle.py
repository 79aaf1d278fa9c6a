"""A bundle: a folder with a model and what it needs to answer. It is logged, stored, exported and served unchanged.

It holds the model, its encoder, its schema and golden rows, and its name is the sha256 of these files. Records about it stand
beside the folder, so that its name does not change with them: report.json, card.md and provenance.json. A bundle of format 1
contains report and card, and its name is the sha256 of these too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minnow.records.files import RecordError, read_npz, sha256
from minnow.records.schema import FILE as SCHEMA
from minnow.records.schema import Schema, read_schema
from minnow.types import Array

MODEL_FILES = ("model.onnx", "model.tflite")
ENCODER_FILES = ("encoder.json", "encoder.npz")
GOLDEN, FOLDER = "golden.npz", "bundle"
__all__ = ["ENCODER_FILES", "FOLDER", "GOLDEN", "MODEL_FILES", "SCHEMA", "Bundle", "BundleError", "open_bundle"]


class BundleError(RecordError):
    """A bundle that is incomplete, or whose bytes do not match its name."""


@dataclass(frozen=True)
class Bundle:
    """A folder on disk and its schema."""

    folder: Path
    schema: Schema

    @property
    def model_path(self) -> Path:
        """The one model file."""
        return next(path for name in MODEL_FILES if (path := self.folder / name).exists())

    @property
    def labels(self) -> Array:
        """Names along the last axis of the outputs, (k,) str; empty where an answer is a number."""
        return np.asarray(self.schema.labels, dtype=str)

    @property
    def name(self) -> str:
        """Family and variant, for people: "cnn/int8"."""
        return self.schema.name

    @property
    def sha(self) -> str:
        """The sha256 that names it."""
        return sha256(self.folder)

    @property
    def size_bytes(self) -> int:
        """What a device needs to answer: the model and its encoder."""
        paths = (self.model_path, *(self.folder / name for name in ENCODER_FILES))
        return sum(path.stat().st_size for path in paths if path.exists())

    @property
    def record_folder(self) -> Path:
        """Where its report and card stand: beside the folder; of format 1, inside."""
        return self.folder if self.schema.format == 1 else self.folder.parent

    def golden(self) -> tuple[dict[str, Array], dict[str, Array]]:
        """The golden rows: encoded inputs and the file's own answers, up to 100 rows each."""
        arrays = read_npz(self.folder / GOLDEN)
        inputs, answers = (
            {name.removeprefix(kind): value for name, value in arrays.items() if name.startswith(kind)}
            for kind in ("input.", "output.")
        )
        return inputs, answers


def open_bundle(folder: Path) -> Bundle:
    """Open a bundle. Raises BundleError when schema or model is missing, or when the schema is broken or of unknown format."""
    folder = Path(folder)
    try:
        schema = read_schema(folder)
    except (RecordError, KeyError, TypeError) as error:
        raise BundleError(f"A bundle needs a readable {SCHEMA}. {folder}: {error}") from error
    if not any((folder / name).exists() for name in MODEL_FILES):
        raise BundleError(f"A bundle needs one of {', '.join(MODEL_FILES)}. {folder} has neither.")
    return Bundle(folder, schema)
