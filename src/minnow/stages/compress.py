"""Compression: a trained model in, bundles out, each with its parent and a proof that it still answers alike."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minnow import compression, exporters, families, runtimes, tasks
from minnow.bundle import ENCODER_FILES, GOLDEN, SCHEMA, write_json, write_npz
from minnow.lineage import code_version
from minnow.stages._handover import read_batch
from minnow.stages.case import Case
from minnow.stages.train import Call, Trained
from minnow.types import Batch, Columns, Model, Outputs, Report, silent

FLOAT = "float32"
FORMAT = 1
GOLDEN_ROWS = 100
PARITY_ROWS = 512
EXACT = 1e-4
"""Largest difference of an answer that a change of file format may make."""
LOSSY_MARGINS = 5
"""Margins of mean loss after which a compression is broken rather than lossy; below that the judge decides."""


class ParityError(ValueError):
    """A file that does not answer as what it was made from."""


@dataclass(frozen=True)
class Shrunk:
    """The variants of one trained model. bundles: variant -> folder; refused: variant -> reason."""

    family: str
    bundles: dict[str, Path]
    refused: dict[str, str]
    parity: dict[str, dict[str, float]]
    fresh: bool


def plan_of(case: Case, family: str) -> dict[str, Any]:
    """Say what is to be made of a family's model, in plain values."""
    return {
        "usecase": case.name,
        "task": case.usecase.task,
        "modality": case.usecase.modality,
        "family": family,
        "options": case.usecase.options,
        "compression": case.usecase.compression,
        "exports": case.usecase.exports,
    }


def variants(
    case: Case, trained: Trained, handed: Path, call: Call, bare: bool = False, report: Report = silent
) -> Shrunk:
    """Make every variant that the case asks for, or find them in the cache. bare: nothing but the model as it was trained."""
    plan = plan_of(case, trained.family)
    if bare:
        plan |= {"compression": {}, "exports": []}
    asked = [exporters.get(name).__name__ for name in ("onnx", *case.usecase.exports)] + case.compressions()
    runtime = [runtimes.get(name).__name__ for name in runtimes.names()]
    code = code_version([*case.modules(trained.family), *asked, *runtime, __name__])
    made_from = {"model": trained.origin, "plan": plan, "code": code}
    entry = case.cache.get_or_make(
        "variants",
        made_from,
        lambda folder: call(f"{__name__}:shrink", trained.folder, handed, plan, folder, report=report),
    )
    facts = json.loads((entry.folder / "variants.json").read_text())
    bundles = {name: entry.folder / name for name in facts["made"]}
    return Shrunk(trained.family, bundles, facts["refused"], facts["parity"], entry.fresh)


def shrink(trained: Path, handed: Path, plan: dict[str, Any], out: Path, report: Report = silent) -> None:
    """Export and compress in the worker: one bundle folder per variant under out, and variants.json."""
    model = families.get(plan["family"]).load(trained / "model")
    train, val = read_batch(handed / "train"), read_batch(handed / "val")
    maker = _Maker(model, train, val, handed / "encoder", plan, out)
    steps = itertools.count(1)
    done = lambda: report(next(steps), 1 + len(plan["compression"]) + len(plan["exports"]), {})  # noqa: E731
    maker.make(FLOAT, None, lambda path: exporters.get("onnx").write(model, path))
    done()
    source = out / FLOAT / "model.onnx"
    for name, given in plan["compression"].items():
        maker.attempt(name, compression.get(name).suits(model.framework), _compress(name, given, source, train))
        done()
    for name in plan["exports"]:
        exporter = exporters.get(name)
        maker.attempt(name, exporter.suits(model), lambda path, e=exporter: e.write(model, path), e=exporter.SUFFIX)
        done()
    facts = {"made": maker.made, "refused": maker.refused, "parity": maker.parity}
    write_json(out / "variants.json", facts)


def _compress(name: str, given: dict[str, Any], source: Path, train: Batch) -> Callable[[Path], None]:
    module = compression.get(name)
    params = module.Params.model_validate(given)
    return lambda path: module.apply(source, path, train.inputs, params)


class _Maker:
    """Makes one bundle after the other from one model, and keeps account of what could not be made."""

    def __init__(self, model: Model, train: Batch, val: Batch, encoder: Path, plan: dict[str, Any], out: Path) -> None:
        self.model, self.encoder, self.plan, self.out = model, encoder, plan, out
        self.batch = val.take(np.arange(min(len(val), PARITY_ROWS)))
        self.labels = val.labels
        self.answers = model.predict(self.batch.inputs)
        self.made: list[str] = []
        self.refused: dict[str, str] = {}
        self.parity: dict[str, dict[str, float]] = {}

    def attempt(self, variant: str, unsuited: str | None, write: Callable[[Path], None], e: str = ".onnx") -> None:
        """Make a variant, or note why it cannot be had; the others do not depend on it."""
        if unsuited:
            self.refused[variant] = unsuited
            return
        try:
            self.make(variant, FLOAT, write, e)
        except ParityError as error:
            shutil.rmtree(self.out / variant)
            self.refused[variant] = str(error)

    def make(self, variant: str, parent: str | None, write: Callable[[Path], None], suffix: str = ".onnx") -> None:
        """Write a bundle and prove it on real rows."""
        folder = self.out / variant
        folder.mkdir()
        path = folder / f"model{suffix}"
        write(path)
        runner = runtimes.open_model(path)
        outputs = runner.predict(self.batch.inputs)
        lossy = variant in self.plan["compression"]
        self.parity[variant] = self._prove(variant, outputs, lossy)
        for name in ENCODER_FILES:
            if (self.encoder / name).exists():
                shutil.copyfile(self.encoder / name, folder / name)
        self._describe(folder, variant, parent, runner)
        self._keep_golden(folder, runner)
        self.made.append(variant)

    def _prove(self, variant: str, outputs: Outputs, lossy: bool) -> dict[str, float]:
        """Compare with the trained model. Raises ParityError."""
        task = tasks.get(self.plan["task"])
        if not all(np.isfinite(value).all() for value in outputs.values()):
            raise ParityError(f"'{variant}' must answer real rows with finite numbers. Received: NaN or infinity.")
        before = task.loss(self.answers, self.batch)
        differences = [float(np.abs(outputs[name] - value).max()) for name, value in self.answers.items()]
        found = {
            "difference": round(max(differences), 6),
            "flips": round(float(task.flips(self.answers, outputs, self.batch).mean()), 6),
            "loss": round(float(task.loss(outputs, self.batch).mean() - before.mean()), 6),
        }
        if not lossy and found["difference"] > EXACT * self._scale():
            raise ParityError(
                f"'{variant}' must answer within {EXACT:g} of the trained model. Received: {found['difference']:g}."
            )
        allowed = LOSSY_MARGINS * task.margin(before, None)
        if lossy and found["loss"] > allowed:
            raise ParityError(
                f"'{variant}' may lose at most {allowed:.4f} in mean loss on real rows. Received: {found['loss']:.4f}. "
                "Give it more calibration rows or leave it out."
            )
        return found

    def _scale(self) -> float:
        """Answers that are not probabilities are compared relative to their size."""
        return max(1.0, *(float(np.abs(value).max()) for value in self.answers.values()))

    def _describe(self, folder: Path, variant: str, parent: str | None, runner: Any) -> None:
        names = ("usecase", "task", "modality", "family", "options")
        schema = {name: self.plan[name] for name in names}
        schema |= {
            "format": FORMAT,
            "variant": variant,
            "parent": parent,
            "labels": [str(label) for label in self.labels],
            "inputs": [_spec(spec) for spec in runner.inputs],
            "outputs": [_spec(spec) for spec in runner.outputs],
            "parameters": self.model.parameters,
        }
        write_json(folder / SCHEMA, schema)

    def _keep_golden(self, folder: Path, runner: Any) -> None:
        """Keep what the file itself answers: a served model must answer the same."""
        rows: Columns = {spec.name: self.batch.inputs[spec.name][:GOLDEN_ROWS] for spec in runner.inputs}
        answers = runner.predict(rows)
        arrays = {f"input.{name}": value for name, value in rows.items()}
        write_npz(folder / GOLDEN, arrays | {f"output.{name}": value for name, value in answers.items()})


def _spec(spec: Any) -> dict[str, Any]:
    return {"name": spec.name, "shape": list(spec.shape), "dtype": spec.dtype}
