"""Evaluations of made-up answers, for the tests of certificates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from minnow import measures, tasks
from minnow.records.bundle import FOLDER, open_bundle
from minnow.records.schema import Schema
from minnow.records.timing import Timing
from minnow.stages.candidates import Candidate
from minnow.stages.certificate import Bounds
from minnow.stages.evaluate import Evaluation
from minnow.types import Batch

BOUNDS = Bounds(level=0.05, margin=0.01, recall_margin=0.01)


def rows_of(target, labels=(), task="classify", **more) -> Batch:
    """Rows with targets; each has a column x of its place, from 0 to 1."""
    n = len(target)
    inputs = {"x": np.linspace(0, 1, n, dtype=np.float32)[:, None]}
    return Batch(inputs, np.asarray(target), np.array(labels), task, np.arange(n, dtype=np.uint64), **more)


def evaluated(batch: Batch, outputs: dict, variant="int8", size=1000) -> Evaluation:
    """What a bundle answers, that is no more than a name and a size."""
    schema = SimpleNamespace(usecase="made", variant=variant, parent=None if variant == "float32" else "float32")
    bundle = SimpleNamespace(schema=schema, name=f"linear/{variant}", sha=variant.ljust(64, "0"), size_bytes=size)
    own = tasks.measures(batch.task, batch.measure)
    scores = measures.score_all(own[:1], outputs, batch)
    return Evaluation(bundle, batch, outputs, own[0].loss(outputs, batch), scores)


def labelled(batch: Batch, answers, sure=0.9, variant="int8", **more) -> Evaluation:
    """A model that answers these labels, by their places, with one probability."""
    k = len(batch.labels)
    rows = np.full((len(batch), k), (1 - sure) / (k - 1))
    rows[np.arange(len(batch)), np.asarray(answers)] = sure
    return evaluated(batch, {"probabilities": rows.astype(np.float32)}, variant, **more)


def candidate(
    folder: Path, made: Evaluation, parent: str | None = "float32", latency: Any = None, suffix: str = ".onnx"
) -> Candidate:
    """A candidate whose bundle has as many bytes as the evaluation says. latency: (rounds, samples)."""
    variant, batch = made.bundle.schema.variant, made.batch
    place = folder / f"linear-{variant}" / FOLDER
    place.mkdir(parents=True)
    (place / f"model{suffix}").write_bytes(variant.encode().ljust(made.bundle.size_bytes, b"."))
    labels = tuple(batch.labels.tolist())
    Schema("made", batch.task, "tabular", "linear", variant, parent, {}, labels, (), (), 3).write(place)
    samples = () if latency is None else tuple(tuple(map(float, one)) for one in latency)
    trained: Any = SimpleNamespace(family="linear")
    return Candidate(
        trained, variant, replace(made, bundle=open_bundle(place)), Timing(1.0, 1.0, 1.0, 1, latency_us=samples), {}
    )
