"""Compression: exports a trained model and makes its variants, each a bundle whose answers are compared with the model's."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from minnow import compression, exporters, families, runtimes, tasks
from minnow.contracts import CompressionSource, Model, Session
from minnow.lineage import code_version
from minnow.records.bundle import ENCODER_FILES, FOLDER, GOLDEN
from minnow.records.files import write_json, write_npz
from minnow.records.schema import Schema
from minnow.stages.batches import read_batch
from minnow.stages.case import Case
from minnow.stages.train import Handover, Trained
from minnow.types import Batch, Columns, Outputs, Report, silent

FLOAT = "float32"
GOLDEN_ROWS = 100
PARITY_ROWS = 512
EXACT = 1e-4
"""Largest difference in an answer that an export may cause, relative to the largest answer where that is above 1."""
LOSSY_MARGINS = 5
"""A compression that raises the mean loss by more margins than this is refused as broken; below, the judge decides."""
MADE = "variants.json"


class ParityError(ValueError):
    """A file whose answers differ too much from those of the trained model."""


@dataclass(frozen=True)
class Plan:
    """The compressions and exports of a family's model, by name. seed: of their random draws; the rest is in each schema."""

    usecase: str
    task: str
    modality: str
    family: str
    options: Mapping[str, Any]
    compression: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    exports: tuple[str, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class Compressed:
    """The variants of one trained model.

    bundles: variant -> the bundle's folder; refused: variant -> reason; parity: variant -> differences from the model;
    fresh: made just now, not found in the cache.
    """

    family: str
    bundles: dict[str, Path]
    refused: dict[str, str]
    parity: dict[str, dict[str, float]]
    fresh: bool


def plan_of(case: Case, family: str) -> Plan:
    """Return the compressions and exports that a case asks for."""
    usecase = case.usecase
    names = (case.name, usecase.task, usecase.modality, family)
    return Plan(*names, usecase.options, usecase.compression, tuple(usecase.exports), case.settings.seed)


def variants(
    case: Case, trained: Trained, handed: Handover, *, bare: bool = False, report: Report = silent
) -> Compressed:
    """Make every variant that the case asks for, or find them in the cache. bare: only the exported model."""
    plan = plan_of(case, trained.family)
    if bare:
        plan = replace(plan, compression={}, exports=())
    modules = [exporters.registry.module(name) for name in ("onnx", *case.usecase.exports)] + case.compressions()
    modules += [runtimes.registry.module(name) for name in runtimes.names()]
    code = code_version([*case.modules(trained.family), *modules, __name__])
    entry = case.cache.get_or_make(
        "variants",
        {"model": trained.origin.as_json(), "plan": asdict(plan), "encoder": handed.encoder, "code": code},
        lambda folder: handed.call(f"{__name__}:compress", trained.folder, handed.folder, plan, folder, report=report),
    )
    made = json.loads((entry.folder / MADE).read_text())
    bundles = {name: entry.folder / name / FOLDER for name in made["made"]}
    return Compressed(trained.family, bundles, made["refused"], made["parity"], entry.fresh)


def compress(trained: Path, handed: Path, plan: Plan, out: Path, report: Report = silent) -> None:
    """Export and compress in the worker: a folder per variant under out, with its bundle in it, and variants.json."""
    model = families.get(plan.family).load(trained / "model")
    train, val = read_batch(handed / "train"), read_batch(handed / "val")
    writer = _VariantWriter(model, val, handed / "encoder", plan, out)
    steps = itertools.count(1)
    done = lambda: report(next(steps), 1 + len(plan.compression) + len(plan.exports), {})  # noqa: E731
    writer.make(FLOAT, None, lambda path: exporters.get("onnx").write(model, path))
    done()
    source = CompressionSource(out / FLOAT / FOLDER / "model.onnx", model, train, val, plan.seed)
    for name, params in plan.compression.items():
        writer.attempt(name, compression.get(name).suits(model.framework), _compression(name, params, source))
        done()
    for name in plan.exports:
        exporter = exporters.get(name)
        write = lambda path, e=exporter: e.write(model, path)  # noqa: E731
        writer.attempt(name, exporter.suits(model), write, exporter.SUFFIX)
        done()
    write_json(out / MADE, {"made": writer.made, "refused": writer.refused, "parity": writer.parity})


def _compression(name: str, params: Mapping[str, Any], source: CompressionSource) -> Callable[[Path], None]:
    module = compression.get(name)
    checked = module.Params.model_validate(params)
    return lambda path: module.apply(source, path, checked)


class _VariantWriter:
    """Makes the bundles of one model, and records the variants that could not be made."""

    def __init__(self, model: Model, val: Batch, encoder: Path, plan: Plan, out: Path) -> None:
        self.model, self.encoder, self.plan, self.out = model, encoder, plan, out
        self.batch = val.take(np.arange(min(len(val), PARITY_ROWS)))
        self.labels = val.labels
        self.answers = model.predict(self.batch.inputs)
        self.made: list[str] = []
        self.refused: dict[str, str] = {}
        self.parity: dict[str, dict[str, float]] = {}

    def attempt(self, variant: str, unsuited: str | None, write: Callable[[Path], None], suffix: str = ".onnx") -> None:
        """Make a variant; one that does not suit the model, or whose answers differ too much, is recorded as refused.

        Any other error, such as too few calibration rows, is raised and fails the whole family.
        """
        if unsuited:
            self.refused[variant] = unsuited
            return
        try:
            self.make(variant, FLOAT, write, suffix)
        except ParityError as error:
            shutil.rmtree(self.out / variant)
            self.refused[variant] = str(error)

    def make(self, variant: str, parent: str | None, write: Callable[[Path], None], suffix: str = ".onnx") -> None:
        """Write a bundle and compare its answers on rows of val with the model's. Raises ParityError."""
        folder = self.out / variant / FOLDER
        folder.mkdir(parents=True)
        path = folder / f"model{suffix}"
        write(path)
        session = runtimes.open_model(path)
        outputs = session.predict(self.batch.inputs)
        self.parity[variant] = self._parity(variant, outputs, lossy=variant in self.plan.compression)
        for name in ENCODER_FILES:
            if (self.encoder / name).exists():
                shutil.copyfile(self.encoder / name, folder / name)
        self._schema(variant, parent, session).write(folder)
        self._keep_golden(folder, session)
        self.made.append(variant)

    def _parity(self, variant: str, outputs: Outputs, *, lossy: bool) -> dict[str, float]:
        """Compare with the trained model. Raises ParityError."""
        task = tasks.get(self.plan.task)
        if not all(np.isfinite(value).all() for value in outputs.values()):
            raise ParityError(f"'{variant}' must answer rows of val with finite numbers. Received: NaN or infinity.")
        before = task.loss(self.answers, self.batch)
        differences = [float(np.abs(outputs[name] - value).max()) for name, value in self.answers.items()]
        parity = {
            "difference": round(max(differences), 6),
            "flips": round(float(task.flips(self.answers, outputs, self.batch).mean()), 6),
            "loss": round(float(task.loss(outputs, self.batch).mean() - before.mean()), 6),
        }
        if not lossy and parity["difference"] > EXACT * self._scale():
            raise ParityError(
                f"'{variant}' must answer within {EXACT:g} of the trained model. Received: {parity['difference']:g}."
            )
        allowed = LOSSY_MARGINS * task.margin(before, None)
        if lossy and parity["loss"] > allowed:
            raise ParityError(
                f"'{variant}' may raise the mean loss on rows of val by at most {allowed:.4f}. Received: "
                f"{parity['loss']:.4f}. Give it more calibration rows or leave it out."
            )
        return parity

    def _scale(self) -> float:
        """Largest answer of the model, at least 1: differences of answers are compared relative to it."""
        return max(1.0, *(float(np.abs(value).max()) for value in self.answers.values()))

    def _schema(self, variant: str, parent: str | None, session: Session) -> Schema:
        plan, labels = self.plan, tuple(str(label) for label in self.labels)
        names = (plan.usecase, plan.task, plan.modality, plan.family, variant, parent, plan.options, labels)
        return Schema(*names, tuple(session.inputs), tuple(session.outputs), self.model.parameters)

    def _keep_golden(self, folder: Path, session: Session) -> None:
        """Write the golden rows: encoded inputs and the file's own answers, which a served model must reproduce."""
        rows: Columns = {spec.name: self.batch.inputs[spec.name][:GOLDEN_ROWS] for spec in session.inputs}
        answers = session.predict(rows)
        arrays = {f"input.{name}": value for name, value in rows.items()}
        write_npz(folder / GOLDEN, arrays | {f"output.{name}": value for name, value in answers.items()})
