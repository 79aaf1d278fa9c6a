"""Training: a family and its rows in, a model on disk out. Cached by everything that it was made from."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from minnow import families
from minnow.bundle import read_npz, write_json
from minnow.lineage import arrays_digest, code_version, machine
from minnow.stages import starting
from minnow.stages._handover import read_batch, write_batch
from minnow.stages.case import Case
from minnow.stages.prepare import Prepared
from minnow.stages.starting import Start
from minnow.types import Array, Batch, Report, silent

FACTS, HISTORY, WALL, PICTURES = "facts.json", "history.json", "wall.json", "pictures.npz"
SIDES = ("train", "val")


class Call(Protocol):
    """The worker's call: run "module:function" elsewhere and return its result."""

    def __call__(self, function: str, /, *arguments: Any, report: Report = silent, **named: Any) -> Any:
        """Run it."""
        ...


@dataclass(frozen=True)
class Trained:
    """A model on disk. origin: what it was made from; fresh: it was trained just now."""

    family: str
    folder: Path
    origin: dict[str, Any]
    fresh: bool

    @property
    def facts(self) -> dict[str, Any]:
        """Parameters and framework; names of layers, where it began with weights of another model."""
        return json.loads((self.folder / FACTS).read_text())

    @property
    def history(self) -> dict[str, list[float]]:
        """Metrics per epoch, empty where nothing was iterated."""
        return json.loads((self.folder / HISTORY).read_text())

    @property
    def pictures(self) -> dict[str, Array]:
        """Images that a family keeps to be looked at: name -> (n, h, w, c) in 0..1; none of most families."""
        path = self.folder / "model" / PICTURES
        return read_npz(path) if path.exists() else {}

    @property
    def seconds(self) -> float:
        """How long its training took, whenever that was."""
        return json.loads((self.folder / WALL).read_text())["seconds"]


def rows_digest(prepared: Prepared) -> str:
    """Hash the encoded rows that training sees, labels and order included."""
    parts = {}
    for side in SIDES:
        batch = prepared.batches[side]
        rows = {"target ": batch.target, "labels ": batch.labels, "weight ": batch.weight}
        lens = {f"lens {name}": value for name, value in batch.lens.items()}
        known = {f"label {name}": value for name, value in batch.of_labels.items()}
        parts[side] = arrays_digest({**batch.inputs, **rows, **lens, **known})
    return "-".join(parts.values())


def hand_over(case: Case, prepared: Prepared, rows: str) -> Path:
    """Write the encoded rows and the encoder where the worker reads them."""

    def write(folder: Path) -> None:
        for side in SIDES:
            write_batch(folder / side, prepared.batches[side])
        (folder / "encoder").mkdir()
        prepared.encoder.save(folder / "encoder")

    code = code_version([case.modality.__name__, "minnow.stages._handover"])
    return case.cache.get_or_make("prepared", {"rows": rows, "code": code}, write).folder


def origin(case: Case, family: str, rows: str, start: Start | None = None) -> dict[str, Any]:
    """Say what a family's model is made from: the key of its place in the cache."""
    return ({"init_from": start.record} if start else {}) | {
        "rows": rows,
        "family": family,
        "params": case.usecase.families[family],
        "seed": case.settings.seed,
        "threads": case.settings.threads,
        "code": code_version([*case.modules(family), __name__]),
        "lock": case.lock,
        "machine": machine(),
    }


def train(
    case: Case,
    family: str,
    rows: str,
    handed: Path,
    call: Call,
    report: Report = silent,
    start: Start | None = None,
) -> Trained:
    """Train a family of a case, or find it in the cache. Raises what the worker raises, and StartError.

    start: the model to begin with, where its settings ask for one; found by itself.
    """
    start = start or starting.find(case, family)
    made_from = origin(case, family, rows, start)
    params = starting.filled(case.usecase.families[family], start)
    entry = case.cache.get_or_make(
        "models",
        made_from,
        lambda folder: call(f"{__name__}:fit", handed, family, params, made_from["seed"], folder, report=report),
    )
    return Trained(family, entry.folder, made_from, entry.fresh)


def fit(handed: Path, family: str, params: dict[str, Any], seed: int, out: Path, report: Report = silent) -> None:
    """Fit in the worker and save to out: the model, its facts and its history."""
    module = families.get(family)
    train, val = (_answerable(side, read_batch(handed / side)) for side in SIDES)
    start = time.perf_counter()
    model = module.fit(train, val, module.Params.model_validate(params), seed=seed, report=report)
    seconds = time.perf_counter() - start
    _refuse_divergence(family, model.history)
    (out / "model").mkdir()
    model.save(out / "model")
    taken = getattr(model, "taken", None)
    began = {"init_from": {"taken": list(taken.taken), "left": list(taken.left)}} if taken else {}
    write_json(out / FACTS, {"framework": model.framework, "parameters": model.parameters} | began)
    write_json(out / HISTORY, {name: [float(v) for v in values] for name, values in model.history.items()})
    write_json(out / WALL, {"seconds": round(seconds, 3)})


def _answerable(side: str, batch: Batch) -> Batch:
    """Leave out what no loss can be taken of: rows whose answer the training rows never gave."""
    known = batch.answerable()
    if not len(known):
        raise ValueError(
            f"Training needs {side} rows with an answer that the training rows give too. Received: {len(batch):,} "
            f"{side} rows, none of which has one. Add rows, or check the split in params.yaml."
        )
    return known


def _refuse_divergence(family: str, history: dict[str, list[float]]) -> None:
    for name, values in history.items():
        if not np.isfinite(values).all():
            epoch = int(np.flatnonzero(~np.isfinite(values))[0]) + 1
            raise ValueError(
                f"'{family}' needs finite metrics to be worth keeping. Received: {name} {values[epoch - 1]} in epoch "
                f"{epoch}. Lower its learning rate in params.yaml."
            )
