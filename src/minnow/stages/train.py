"""Training: fits a family to encoded rows and keeps the model on disk, cached by everything that it was made from."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from minnow import families
from minnow.contracts import Encoder, Model
from minnow.lineage import arrays_digest, code_version, key_of, machine
from minnow.records.files import read_npz, sha256, write_json
from minnow.records.origin import Origin
from minnow.stages import starting
from minnow.stages.batches import plain_sources, read_batch, write_batch
from minnow.stages.case import Case
from minnow.stages.prepare import Prepared
from minnow.stages.starting import Start
from minnow.types import Array, Batch, Report, silent

FACTS, HISTORY, WALL, PICTURES = "facts.json", "history.json", "wall.json", "pictures.npz"
TRAINING_SPLITS = ("train", "val")
"""The splits that training reads."""


class Call(Protocol):
    """A runner's call: run "module:function" elsewhere and return its result. named: also `threads`, of the process."""

    def __call__(self, function: str, /, *arguments: Any, report: Report = silent, **named: Any) -> Any:
        """Run it."""
        ...


class Each(Protocol):
    """Calls one function on many arguments, side by side where a runner has the slots. Raises what the function raises."""

    def __call__(self, work: Callable[[Any], None], items: Iterable[Any], /, threads: int) -> None:
        """Call it, and return when all calls have ended. threads: of each job."""
        ...


def in_order(work: Callable[[Any], None], items: Iterable[Any], /, threads: int) -> None:
    """Call one after the other."""
    for item in items:
        work(item)


@dataclass(frozen=True)
class Handover:
    """Encoded rows and encoder on disk, where a runner reads them.

    rows, encoder: their hashes; sources: hash of the columns that the rows' numbers are made of, "" where they have no names,
    since parameters may name them, and equal rows may have others; threads: of a fit to these rows; call: of the runner, with
    so many threads.
    """

    folder: Path
    rows: str
    encoder: str
    sources: str
    threads: int
    call: Call


@dataclass(frozen=True)
class Trained:
    """A model on disk. family: name of the entry under families; origin: what it was made from; fresh: trained just now."""

    family: str
    folder: Path
    origin: Origin
    fresh: bool

    @property
    def facts(self) -> dict[str, Any]:
        """Number of parameters and framework; where it began with another model, which layers took over its weights."""
        return json.loads((self.folder / FACTS).read_text())

    @property
    def settled(self) -> Mapping[str, Any] | None:
        """What val settled, as parameters of the family; None where it cannot be fitted again (contracts.Model)."""
        return self.facts.get("settled")

    @property
    def history(self) -> dict[str, list[float]]:
        """Metrics per epoch, empty where nothing was iterated."""
        return json.loads((self.folder / HISTORY).read_text())

    @property
    def pictures(self) -> dict[str, Array]:
        """Images that a family keeps for plots: name -> (n, h, w, c) in 0..1; empty for most families."""
        path = self.folder / "model" / PICTURES
        return read_npz(path) if path.exists() else {}

    @property
    def seconds(self) -> float:
        """How long its training took, whenever that was."""
        return json.loads((self.folder / WALL).read_text())["seconds"]


def rows_digest(prepared: Prepared) -> str:
    """Hash the encoded rows that training reads, labels, order and measure included."""
    digests = []
    for split in TRAINING_SPLITS:
        batch = prepared.batches[split]
        rows = {"target ": batch.target, "labels ": batch.labels, "weight ": batch.weight}
        extractor = {f"extractor {name}": value for name, value in batch.extractor.items()}
        features = {f"label {name}": value for name, value in batch.label_features.items()}
        digests.append(arrays_digest({**batch.inputs, **rows, **extractor, **features}))
    measure = prepared.batches["train"].measure  # a family may follow it
    return "-".join([*digests, measure] if measure else digests)


def hand_over(case: Case, prepared: Prepared, call: Call) -> Handover:
    """Write the encoded rows and the encoder where a runner reads them.

    Equal rows may have different encoders, since one may read another notation of the same values.
    """

    def write(folder: Path) -> None:
        for split in TRAINING_SPLITS:
            write_batch(folder / split, prepared.batches[split])
        (folder / "encoder").mkdir()
        prepared.encoder.save(folder / "encoder")

    rows, encoder = rows_digest(prepared), _encoder_digest(prepared.encoder)
    code = code_version([case.modality_module, "minnow.stages.batches"])
    made_from = {"rows": rows, "encoder": encoder, "code": code}
    folder, threads = (
        case.cache.get_or_make("prepared", made_from, write).folder,
        case.threads(prepared.batches["train"]),
    )
    made_of = plain_sources(prepared.encoder.sources)
    sources = key_of(made_of) if made_of else ""
    return Handover(folder, rows, encoder, sources, threads, partial(call, threads=threads))


def _encoder_digest(encoder: Encoder) -> str:
    """Hash the files of an encoder."""
    with tempfile.TemporaryDirectory() as scratch:
        encoder.save(Path(scratch))
        return sha256(Path(scratch))


def origin(
    case: Case, family: str, handed: Handover, start: Start | None = None, settled: Mapping[str, Any] | None = None
) -> Origin:
    """Return everything that a family's model is made from; its hash is the model's key in the cache. settled: see train."""
    return Origin(
        rows=handed.rows,
        family=case.usecase.family_of(family),
        params={**case.usecase.params_of(family), **(settled or {})},
        seed=case.settings.seed,
        threads=handed.threads,
        code=code_version([*case.modules(family), __name__]),
        lock=case.lock,
        machine=machine(),
        init_from=start.record if start else None,
        joined=settled is not None,
        sources=handed.sources,
    )


def train(
    case: Case,
    family: str,
    handed: Handover,
    report: Report = silent,
    start: Start | None = None,
    settled: Mapping[str, Any] | None = None,
) -> Trained:
    """Train a family of a case, or find it in the cache. Raises what the runner raises, and StartError.

    family: name of its entry under families.
    start: the model to begin with, where `init_from` asks for one; by default the one of that use case's last outcome.
    settled: parameters that val settled before, where the rows handed over are those of train and val together.
    """
    start = start or starting.find(case, family)
    made_from = origin(case, family, handed, start, settled)
    params = starting.filled(made_from.params, start)
    seed = case.settings.seed
    entry = case.cache.get_or_make(
        "models",
        made_from.as_json(),
        lambda folder: handed.call(
            f"{__name__}:fit", handed.folder, made_from.family, params, seed, folder, report=report
        ),
    )
    return Trained(family, entry.folder, made_from, entry.fresh)


def fitted(handed: Path, family: str, params: dict[str, Any], seed: int, report: Report = silent) -> Model:
    """Fit a family to the rows handed over. Raises ValueError for rows that it cannot be fitted to, and where it diverged."""
    train, val = (answerable(split, read_batch(handed / split)) for split in TRAINING_SPLITS)
    checked = families.get(family).Params.model_validate(params)
    model = families.fit(family, train, val, checked, seed=seed, report=report)
    _refuse_divergence(family, model.history)
    return model


def fit(handed: Path, family: str, params: dict[str, Any], seed: int, out: Path, report: Report = silent) -> None:
    """Fit in the worker and save to out."""
    start = time.perf_counter()
    model = fitted(handed, family, params, seed, report)
    save(model, time.perf_counter() - start, out)


def save(model: Model, seconds: float, out: Path) -> None:
    """Write a model, its facts, its history and how long its training took."""
    (out / "model").mkdir()
    model.save(out / "model")
    facts = {"framework": model.framework, "parameters": model.parameters, "settled": model.settled}
    write_json(out / FACTS, {**facts, **model.facts})
    write_json(out / HISTORY, {name: [float(v) for v in values] for name, values in model.history.items()})
    write_json(out / WALL, {"seconds": round(seconds, 3)})


def answerable(split: str, batch: Batch) -> Batch:
    """Leave out the rows that have no loss, because their answer does not occur in train. Raises ValueError for no others."""
    known = batch.answerable()
    if not len(known):
        raise ValueError(
            f"Training needs {split} rows with an answer that occurs in the training rows. Received: {len(batch):,} "
            f"{split} rows, none of which has one. Add rows, or check the split in params.yaml."
        )
    return known


def _refuse_divergence(family: str, history: Mapping[str, list[float]]) -> None:
    for name, values in history.items():
        if not np.isfinite(values).all():
            epoch = int(np.flatnonzero(~np.isfinite(values))[0]) + 1
            raise ValueError(
                f"'{family}' must have finite metrics in every epoch. Received: {name} {values[epoch - 1]} in epoch "
                f"{epoch}. Lower its learning rate in params.yaml."
            )
