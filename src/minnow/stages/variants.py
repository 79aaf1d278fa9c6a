"""The variants of one model, made in the worker: each a bundle whose answers on real rows are compared with the model's.

What was made, and what could not be made and why, is written to variants.json after every step. Where the process dies, the
parent reads there which variant it was making, and calls again for the others.
"""

from __future__ import annotations

import itertools
import json
import shutil
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from minnow import compression, exporters, families, runtimes, tasks
from minnow.contracts import CompressionSource, Model, Session, UnsupportedModel
from minnow.records.bundle import ENCODER_FILES, FOLDER, GOLDEN, open_bundle
from minnow.records.files import write_json, write_npz
from minnow.records.schema import Schema
from minnow.stages.batches import answered, read_batch
from minnow.types import Batch, Columns, DecisionRule, Outputs, Report, silent

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
    """The files of a model: its export to ONNX, and what compressions and further exporters make of it.

    name: of its entry under families; family: what it is an instance of; start: variant of the export to ONNX, and parent: of
    what that was made from, where compressions made the model. exports: variant -> exporter; files: variant -> the variant
    whose file is compressed, the compression and its parameters. seed: of random draws; the rest is in each schema. rules:
    variant -> its decision rule, which val settled before; None where each is to be chosen on val.
    """

    usecase: str
    task: str
    modality: str
    name: str
    family: str
    options: Mapping[str, Any]
    files: Mapping[str, tuple[str, str, Mapping[str, Any]]] = field(default_factory=dict)
    exports: Mapping[str, str] = field(default_factory=dict)
    start: str = FLOAT
    parent: str | None = None
    seed: int = 0
    rules: Mapping[str, DecisionRule] | None = None


@dataclass(frozen=True)
class State:
    """What has been made of a plan: the content of variants.json.

    made: variants with a bundle; parity: variant -> differences from the model. refused: variant -> reason, where it does not
    suit the model or its rows. failed: variant -> reason, where making it raised another error or ended the process; it is
    tried again by the next run. current: the variant being made, None between two.
    """

    made: tuple[str, ...] = ()
    parity: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])
    refused: Mapping[str, str] = field(default_factory=dict[str, str])
    failed: Mapping[str, str] = field(default_factory=dict[str, str])
    current: str | None = None

    def write(self, folder: Path) -> None:
        """Write variants.json by one rename, since the process may end at any moment."""
        write_json(folder / f".{MADE}", asdict(self))
        (folder / f".{MADE}").replace(folder / MADE)

    def settles(self, variant: str) -> bool:
        """Whether a variant was made, refused or has failed."""
        return variant in self.made or variant in self.refused or variant in self.failed


def read_state(folder: Path) -> State:
    """Read variants.json; an empty state where nothing was begun."""
    path = folder / MADE
    if not path.exists():
        return State()
    value = json.loads(path.read_text())
    return State(**{**value, "made": tuple(value["made"])})


def trace_of(folder: Path, variant: str) -> Path:
    """Where the traceback of a variant that failed is written; the file is missing where the process ended."""
    return folder / "traces" / f"{variant}.txt"


def make(trained: Path, base: Path, handed: Path, plan: Plan, out: Path, report: Report = silent) -> None:
    """Export and compress in the worker: a folder per variant under out, with its bundle in it, and variants.json.

    trained: folder of the model; base: of the trained one that compressions made it of, or the same. Variants that are settled
    by variants.json are left as they are. Raises what stops the export to ONNX, without which there is none.
    """
    family = families.get(plan.family)
    model = family.load(trained / "model")
    first = model if base == trained else family.load(base / "model")
    train, val = read_batch(handed / "train"), read_batch(handed / "val")
    writer = _VariantWriter((model, first), (train, val), handed / "encoder", plan, out)
    steps = itertools.count(1)
    done = lambda: report(next(steps), 1 + len(plan.files) + len(plan.exports), {})  # noqa: E731
    if plan.start not in writer.state.made:
        write_onnx = lambda path: exporters.get("onnx").write(model, path)  # noqa: E731
        if plan.parent is None:
            writer.make(plan.start, None, write_onnx)
        else:  # a link that answers too differently is refused, and its files with it
            writer.attempt(plan.start, plan.parent, lambda: None, write_onnx)
            if plan.start not in writer.state.made:
                return
    done()
    own = [variant for variant, (parent, *_) in plan.files.items() if parent == plan.start]
    for variant in own:
        writer.compress(variant)
        done()
    for variant, name in plan.exports.items():
        exporter = exporters.get(name)
        write = lambda path, e=exporter: e.write(model, path)  # noqa: E731
        writer.attempt(variant, plan.start, lambda e=exporter: e.suits(model), write, exporter.SUFFIX)
        done()
    for variant in [one for one in plan.files if one not in own]:
        writer.compress(variant)
        done()


class _VariantWriter:
    """Makes the bundles of one model, and records the variants that could not be made."""

    def __init__(
        self, models: tuple[Model, Model], rows: tuple[Batch, Batch], encoder: Path, plan: Plan, out: Path
    ) -> None:
        """models: the exported one and the trained one. rows: train and val, the first of val unless a rule is chosen on it."""
        self.model, self.encoder, self.plan, self.out = models[0], encoder, plan, out
        self.train, self.val = rows
        val = self.val
        self.measure = tasks.measure(plan.task, val.measure)
        self.batch = val if self.measure.rule else val.take(np.arange(min(len(val), PARITY_ROWS)))
        self.labels = val.labels
        self.own, self.answers = (model.predict(self.batch.inputs) for model in models)
        self.decided = self._decided(self.answers, self._rule(FLOAT, self.answers))
        self.state = read_state(out)

    def compress(self, variant: str) -> None:
        """Make a variant of the file of another one, unless that was tried before. It fails or is refused as that one was."""
        parent, name, params = self.plan.files[variant]
        if self.state.settles(variant):
            return
        if reason := self.state.failed.get(parent):
            self._settle(failed={**self.state.failed, variant: f"its parent {parent} could not be made: {reason}"})
        elif parent not in self.state.made:
            reason = f"its parent {parent} was refused: {self.state.refused.get(parent)}"
            self._settle(refused={**self.state.refused, variant: reason})
        else:
            path, module = open_bundle(self.out / parent / FOLDER).model_path, compression.of_files(name)
            source = CompressionSource(path, self.model, self.train, self.val, self.plan.seed)
            shrink = lambda out: module.apply(source, out, module.Params.model_validate(dict(params)))  # noqa: E731
            self.attempt(variant, parent, lambda: module.suits(self.model), shrink, path.suffix)

    def attempt(
        self,
        variant: str,
        parent: str,
        suits: Callable[[], str | None],
        write: Callable[[Path], None],
        suffix: str = ".onnx",
    ) -> None:
        """Make a variant of its parent, unless that was tried before. One that cannot be made is recorded with its reason.

        Refused: it does not suit the model or its rows, or its answers differ too much. Failed: any other error.
        """
        if self.state.settles(variant):
            return
        try:
            if unsuited := suits():
                self._settle(refused={**self.state.refused, variant: unsuited})
                return
            self.make(variant, parent, write, suffix)
        except (UnsupportedModel, ParityError) as error:
            self._discard(variant)
            self._settle(refused={**self.state.refused, variant: str(error)})
        except Exception as error:  # an error of one compression must not cost the others
            self._discard(variant)
            path = trace_of(self.out, variant)
            path.parent.mkdir(exist_ok=True)
            path.write_text(traceback.format_exc())
            self._settle(failed={**self.state.failed, variant: f"{type(error).__name__}: {error}"})

    def make(self, variant: str, parent: str | None, write: Callable[[Path], None], suffix: str = ".onnx") -> None:
        """Write a bundle and compare its answers on rows of val with the model's. Raises ParityError."""
        self._settle(current=variant)
        folder = self.out / variant / FOLDER
        folder.mkdir(parents=True)
        path = folder / f"model{suffix}"
        write(path)
        session = runtimes.open_model(path)
        outputs = answered(session, self.batch.inputs)
        rule = self._rule(variant, outputs)
        parity = self._parity(variant, outputs, rule)
        for name in ENCODER_FILES:
            if (self.encoder / name).exists():
                shutil.copyfile(self.encoder / name, folder / name)
        replace(self._schema(variant, parent, session), decision_rule=rule).write(folder)
        self._keep_golden(folder, session)
        self._settle(made=(*self.state.made, variant), parity={**self.state.parity, variant: parity})

    def _settle(self, **change: Any) -> None:
        """Write the state with a change; nothing is being made unless the change says so."""
        self.state = replace(self.state, **{"current": None, **change})
        self.state.write(self.out)

    def _discard(self, variant: str) -> None:
        shutil.rmtree(self.out / variant, ignore_errors=True)

    def _rule(self, variant: str, outputs: Outputs) -> DecisionRule | None:
        """The decision rule of a variant: the one that was settled before, or the one that the measure asks for on val."""
        if self.plan.rules is not None:
            return self.plan.rules.get(variant)
        return self.measure.rule(outputs, self.batch, self.train) if self.measure.rule else None

    def _decided(self, outputs: Outputs, rule: DecisionRule | None) -> Outputs:
        return tasks.decider(self.plan.task, rule, self.labels)(outputs)

    def _parity(self, variant: str, outputs: Outputs, rule: DecisionRule | None) -> dict[str, float]:
        """Compare with the trained model, each with its own decision rule. Raises ParityError.

        A file that no compression has written must answer as the model that it was exported from. Answers are compared on the
        first rows of val; losses on all rows where a rule was chosen on them.
        """
        task, measure = tasks.get(self.plan.task), self.measure
        if not all(np.isfinite(value).all() for value in outputs.values()):
            raise ParityError(f"'{variant}' must answer rows of val with finite numbers. Received: NaN or infinity.")
        decided, before = self._decided(outputs, rule), measure.loss(self.decided, self.batch)
        parity = {
            "difference": round(_largest(outputs, self.answers), 6),
            "flips": round(float(task.flips(self.decided, decided, self.batch)[:PARITY_ROWS].mean()), 6),
            "loss": round(float(measure.loss(decided, self.batch).mean() - before.mean()), 6),
        }
        exact = _largest(outputs, self.own)
        if variant not in self.plan.files and exact > EXACT * self._scale():
            raise ParityError(
                f"'{variant}' must answer within {EXACT:g} of the model that it was exported from. Received: {exact:g}."
            )
        allowed = LOSSY_MARGINS * measure.loss_margin(before)
        if parity["loss"] > allowed:
            raise ParityError(
                f"'{variant}' may raise the mean loss on rows of val by at most {allowed:.4f}. Received: "
                f"{parity['loss']:.4f}. Make it milder (more calibration rows, a smaller amount) or leave it out."
            )
        return parity

    def _scale(self) -> float:
        """Largest answer of the model, at least 1: differences of answers are compared relative to it."""
        return max(1.0, *(float(np.abs(value).max()) for value in self.own.values()))

    def _schema(self, variant: str, parent: str | None, session: Session) -> Schema:
        plan, labels = self.plan, tuple(str(label) for label in self.labels)
        names = (plan.usecase, plan.task, plan.modality, plan.name, variant, parent, plan.options, labels)
        return Schema(*names, tuple(session.inputs), tuple(session.outputs), self.model.parameters)

    def _keep_golden(self, folder: Path, session: Session) -> None:
        """Write the golden rows: encoded inputs and the file's own answers, which a served model must reproduce."""
        rows: Columns = {spec.name: self.batch.inputs[spec.name][:GOLDEN_ROWS] for spec in session.inputs}
        answers = session.predict(rows)
        arrays = {f"input.{name}": value for name, value in rows.items()}
        write_npz(folder / GOLDEN, arrays | {f"output.{name}": value for name, value in answers.items()})


def _largest(outputs: Outputs, others: Outputs) -> float:
    """Largest difference between outputs."""
    return max(float(np.abs(outputs[name] - value).max()) for name, value in others.items())
