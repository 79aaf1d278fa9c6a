"""A bundle: the one folder that is logged, kept, exported and served, unchanged. Its sha256 names it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minnow.types import Array, Spec

MODEL_FILES = ("model.onnx", "model.tflite")
ENCODER_FILES = ("encoder.json", "encoder.npz")
SCHEMA, GOLDEN, REPORT, CARD = "schema.json", "golden.npz", "report.json", "card.md"


class BundleError(ValueError):
    """A bundle that is incomplete or not what its name says."""


@dataclass(frozen=True)
class Bundle:
    """A folder on disk and what its schema.json says."""

    folder: Path
    schema: Mapping[str, Any]

    @property
    def model_path(self) -> Path:
        """The one model file."""
        return next(path for name in MODEL_FILES if (path := self.folder / name).exists())

    @property
    def labels(self) -> Array:
        """Names along the last axis of the outputs, (k,) str; empty where an answer is a number."""
        return np.asarray(self.schema["labels"], dtype=str)

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """The arrays the model takes."""
        return tuple(Spec(s["name"], tuple(s["shape"]), s["dtype"]) for s in self.schema["inputs"])

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The arrays the model gives."""
        return tuple(Spec(s["name"], tuple(s["shape"]), s["dtype"]) for s in self.schema["outputs"])

    @property
    def name(self) -> str:
        """Family and variant, for people: "cnn/int8"."""
        return f"{self.schema['family']}/{self.schema['variant']}"

    @property
    def sha(self) -> str:
        """The sha256 that names it."""
        return sha256(self.folder)

    @property
    def size_bytes(self) -> int:
        """What a device needs to answer: the model and its encoder."""
        files = (self.model_path, *(self.folder / name for name in ENCODER_FILES))
        return sum(path.stat().st_size for path in files if path.exists())

    @property
    def report(self) -> dict[str, Any]:
        """Scores by exam, empty before the first exam."""
        path = self.folder / REPORT
        return json.loads(path.read_text()) if path.exists() else {}

    def golden(self) -> tuple[dict[str, Array], dict[str, Array]]:
        """The encoded inputs and the answers kept as proof, up to 100 rows each."""
        arrays = read_npz(self.folder / GOLDEN)
        pick = lambda kind: {k.split(".", 1)[1]: v for k, v in arrays.items() if k.startswith(kind)}  # noqa: E731
        return pick("input."), pick("output.")


def open_bundle(folder: Path) -> Bundle:
    """Read a bundle. Raises BundleError when a file is missing or broken."""
    folder = Path(folder)
    try:
        schema = json.loads((folder / SCHEMA).read_text())
    except (OSError, ValueError) as error:
        raise BundleError(f"A bundle needs a readable {SCHEMA}. {folder}: {error}") from error
    if not any((folder / name).exists() for name in MODEL_FILES):
        raise BundleError(f"A bundle needs one of {', '.join(MODEL_FILES)}. {folder} has neither.")
    return Bundle(folder, schema)


def sha256(folder: Path) -> str:
    """Name a folder by the names and bytes of its files. Returns 64 hex digits."""
    digest = hashlib.sha256()
    for path in sorted(p for p in Path(folder).rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix().encode()
        data = path.read_bytes()
        for part in (name, data):
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
    return digest.hexdigest()


def file_hashes(folder: Path) -> dict[str, str]:
    """Name each file of a folder by the sha256 of its bytes, so that a change can be named too."""
    files = sorted(p for p in Path(folder).rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def write_json(path: Path, value: Any) -> None:
    """Write JSON the same on every run: sorted keys, two blanks, a newline at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def read_npz(path: Path) -> dict[str, Array]:
    """Read all arrays of an .npz. Raises what NumPy raises for a file that is none, or is cut."""
    with path.open("rb") as stream, np.load(stream) as file:  # np.load leaves a cut file open
        return {name: file[name] for name in file.files}


def write_npz(path: Path, arrays: Mapping[str, Array], *, packed: bool = False) -> None:
    """Write an .npz with the same bytes on every run: stored (or packed, where room counts), sorted, no time stamps."""
    path.parent.mkdir(parents=True, exist_ok=True)
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method, compresslevel=9 if packed else None) as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, buffer.getvalue(), method)
