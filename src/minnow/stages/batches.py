"""Encoded rows: on disk, for the worker to read; and answered by a model file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from minnow.contracts import Session
from minnow.records.files import write_json
from minnow.types import Array, Batch, Columns, Outputs, Source, Sources

CHUNK = 1024


def write_batch(folder: Path, batch: Batch) -> None:
    """Write a batch so that read_batch returns it. Arrays are stored uncompressed, for speed."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = {
        "target": batch.target,
        "labels": np.asarray(batch.labels, dtype=str),
        "key": batch.key,
        "group": batch.group,
        "weight": batch.weight,
    }
    kinds = (("input", batch.inputs), ("extractor", batch.extractor), ("label", batch.label_features))
    named = {f"{kind}.{name}": value for kind, arrays in kinds for name, value in arrays.items()}
    for name, value in (rows | named).items():
        np.save(folder / f"{name}.npy", value, allow_pickle=False)
    plain = {"task": batch.task, "modality": batch.modality, "measure": batch.measure}
    plain |= {"cardinalities": dict(batch.cardinalities)}
    plain |= {"sources": plain_sources(batch.sources)}
    write_json(folder / "batch.json", plain)


def plain_sources(sources: Sources) -> dict[str, Any]:
    """Return what numbers are made of as JSON values."""
    return {name: [[list(source.columns), source.kind] for source in each] for name, each in sources.items()}


def read_batch(folder: Path) -> Batch:
    """Read what write_batch wrote."""
    plain = json.loads((folder / "batch.json").read_text())
    found = plain.get("sources", {})  # rows that an older version left in the cache have none
    plain["sources"] = {
        name: tuple(Source(tuple(columns), kind) for columns, kind in each) for name, each in found.items()
    }
    arrays = {path.name.removesuffix(".npy"): np.load(path) for path in sorted(folder.glob("*.npy"))}
    inputs, extractor, label_features = (
        {name.removeprefix(kind): value for name, value in arrays.items() if name.startswith(kind)}
        for kind in ("input.", "extractor.", "label.")
    )
    rows = {name: arrays[name] for name in ("target", "labels", "key", "group", "weight")}
    return Batch(inputs=inputs, extractor=extractor, label_features=label_features, **plain, **rows)


def answered(session: Session, inputs: Columns) -> dict[str, Array]:
    """Outputs of a model file for inputs of at least one row, in chunks, so that they repeat to the last bit."""
    names, parts = [spec.name for spec in session.inputs], list[Outputs]()
    for start in range(0, len(inputs[names[0]]), CHUNK):
        parts.append(session.predict({name: inputs[name][start : start + CHUNK] for name in names}))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
