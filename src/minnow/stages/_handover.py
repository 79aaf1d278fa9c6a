"""Encoded rows on disk, for the worker to read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from minnow.bundle import write_json
from minnow.types import Batch


def write_batch(folder: Path, batch: Batch) -> None:
    """Write a batch so that read_batch gives it back. Pixels and ids are stored as they are, for speed."""
    folder.mkdir(parents=True, exist_ok=True)
    fixed = {
        "target": batch.target,
        "labels": np.asarray(batch.labels, dtype=str),
        "key": batch.key,
        "unit": batch.unit,
        "weight": batch.weight,
    }
    for name, value in fixed.items():
        np.save(folder / f"{name}.npy", value, allow_pickle=False)
    for kind, arrays in (("input", batch.inputs), ("lens", batch.lens), ("label", batch.of_labels)):
        for name, value in arrays.items():
            np.save(folder / f"{kind}.{name}.npy", value, allow_pickle=False)
    write_json(folder / "batch.json", {"task": batch.task, "sizes": dict(batch.sizes)})


def read_batch(folder: Path) -> Batch:
    """Read what write_batch wrote."""
    facts = json.loads((folder / "batch.json").read_text())
    arrays = {path.name.removesuffix(".npy"): np.load(path) for path in sorted(folder.glob("*.npy"))}
    inputs, lens, of_labels = (
        {name.removeprefix(kind): value for name, value in arrays.items() if name.startswith(kind)}
        for kind in ("input.", "lens.", "label.")
    )
    fixed = {name: arrays[name] for name in ("target", "labels", "key", "unit", "weight")}
    return Batch(inputs=inputs, task=facts["task"], sizes=facts["sizes"], lens=lens, of_labels=of_labels, **fixed)
