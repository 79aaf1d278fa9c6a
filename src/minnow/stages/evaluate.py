"""Evaluation: scores of a bundle, computed with the files on disk from raw rows through the bundle's own encoder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minnow import measures, modalities, runtimes, tasks
from minnow.measures import scores
from minnow.records.bundle import ENCODER_FILES, SCHEMA, Bundle
from minnow.records.files import sha256, write_json
from minnow.records.markdown import plain
from minnow.records.report import CARD, ExamResult, ScoreReport, read_report, score_as_json, write_report
from minnow.records.schema import FORMAT, Schema
from minnow.stages import prepare
from minnow.stages.batches import answered
from minnow.stages.case import Problem
from minnow.stages.prepare import Prepared
from minnow.types import Array, Batch, Columns, Measure, Outputs, Score, Spec, Table


@dataclass(frozen=True)
class Evaluation:
    """A bundle's outputs, losses and scores on a set of rows. loss: (n,) float64, in the order of the rows."""

    bundle: Bundle
    batch: Batch
    outputs: Outputs
    loss: Array
    scores: dict[str, Score]

    @property
    def primary(self) -> Score:
        """The score by the measure that decides."""
        return next(iter(self.scores.values()))

    @property
    def result(self) -> ExamResult:
        """The scores in the form that a report holds."""
        return ExamResult(self.batch.fingerprint, len(self.batch), self.scores, about(self.bundle, self.batch))


FEW = 10_000
"""Rows of train on which the decision rule of a baseline is chosen."""
_latest: tuple[Any, Table, Batch] | None = None
"""The batch encoded last: all variants of a run share one encoder, and long texts take minutes to encode."""


def problem_of(schema: Schema) -> Problem:
    """Return modality, options and task of a bundle; options recorded by an older version are read by today's names."""
    modality = modalities.get(schema.modality)
    options = modality.Options.read(schema.options)
    return Problem(schema.modality, modality, options, schema.task, tasks.get(schema.task))


def batch_of(bundle: Bundle, exam: Table) -> Batch:
    """Encode a set of rows with a bundle's own encoder and labels. exam: examples of val or test, not yet encoded."""
    global _latest
    schema = bundle.schema
    files = [path.read_bytes() for name in ENCODER_FILES if (path := bundle.folder / name).exists()]
    made_from = schema.modality, schema.task, schema.options, schema.labels, files
    latest = _latest  # another thread may replace it
    if latest is None or latest[0] != made_from or latest[1] is not exam:
        encoder = modalities.get(schema.modality).load_encoder(bundle.folder)
        batch = prepare.batch(exam, encoder, bundle.labels, problem_of(schema))
        _latest = made_from, exam, batch
        return batch
    return latest[2]


def answering_name(bundle: Bundle) -> str:
    """Return the sha256 of what answers in a bundle: model, encoder, task, labels, decision rule and arrays.

    Bundles that differ in options, golden rows or format alone are the same model. The encoder of format 1 is written again.
    """
    schema = bundle.schema
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if schema.format == FORMAT:
            for path in (bundle.folder / name for name in ENCODER_FILES):
                if path.exists():
                    shutil.copyfile(path, folder / path.name)
        else:
            modalities.get(schema.modality).load_encoder(bundle.folder).save(folder)
        shutil.copyfile(bundle.model_path, folder / bundle.model_path.name)
        arrays = {name: [vars(spec) for spec in specs] for name, specs in schema.arrays.items()}
        plain = {"task": schema.task, "modality": schema.modality, "labels": schema.labels, **schema.rule_as_json}
        write_json(folder / SCHEMA, {**plain, **arrays})
        return sha256(folder)


def evaluate(bundle: Bundle, exam: Table) -> Evaluation:
    """Score a bundle on a set of rows. exam: as for batch_of. Raises ValueError when an answer is not finite."""
    batch = batch_of(bundle, exam)
    outputs, own = predict(bundle, batch), tasks.measures(batch.task, batch.measure)
    return Evaluation(bundle, batch, outputs, own[0].loss(outputs, batch), measures.score_all(own, outputs, batch))


def predict(bundle: Bundle, batch: Batch) -> dict[str, Array]:
    """Run a bundle's model on a batch, on one thread, and take labels by the bundle's decision rule, where it has one.

    Raises ValueError for an answer that is not finite.
    """
    return opened(bundle)(batch.inputs)


def opened(bundle: Bundle) -> Callable[[Columns], dict[str, Array]]:
    """Open a bundle's model. Returns what predict does, for encoded inputs, so that it is opened once for many batches."""
    session, schema = runtimes.open_model(bundle.model_path, threads=1), bundle.schema
    decide = tasks.decider(schema.task, schema.decision_rule, bundle.labels)

    def answers(inputs: Columns) -> dict[str, Array]:
        outputs = answered(session, inputs)
        if not all(np.isfinite(value).all() for value in outputs.values()):
            raise ValueError(f"{bundle.name} must answer every row with finite numbers. Received: NaN or infinity.")
        return dict(decide(outputs))

    return answers


def encoding(bundle: Bundle) -> Callable[[Columns], Columns]:
    """Load a bundle's encoder. Returns what encodes columns, (n,) each, into the inputs of its model."""
    return modalities.get(bundle.schema.modality).load_encoder(bundle.folder).encode


def baselines(problem: Problem, prepared: Prepared) -> dict[str, tuple[Array, Score]]:
    """Fit the baselines of task and modality on train and score them on test: name -> (loss (n,), score).

    Those of the task answer by the decision rule that the measure asks for, chosen on rows of train.
    """
    task, (train, exam) = problem.task, (prepared.batches[name] for name in ("train", "test"))
    measure = tasks.measure(exam.task, exam.measure)
    tables, labels = prepared.tables, prepared.labels
    plain = problem.modality.CAPABILITIES.baselines(tables["train"], labels, problem.options)

    def outputs() -> Iterator[tuple[str, Outputs]]:
        # one after the other: those of a ranking have a score for each item
        for name, answer in task.baselines(train).items():
            yield name, _decided(measure, answer, train, exam)
        for name, answer in plain.items():
            yield name, task.outputs_from_answers(answer(tables["test"]), labels)

    return {name: (measure.loss(answers, exam), measures.score(measure, answers, exam)) for name, answers in outputs()}


def _decided(measure: Measure, answer: Callable[[Batch], Outputs], train: Batch, exam: Batch) -> Outputs:
    """Outputs of a baseline for an exam, with the labels that the measure's decision rule takes."""
    if measure.rule is None:
        return answer(exam)
    few = train.take(np.unique(np.linspace(0, len(train) - 1, FEW).astype(int)))
    return tasks.decider(exam.task, measure.rule(answer(few), few, train), exam.labels)(answer(exam))


def record(evaluation: Evaluation, exam: str) -> None:
    """Add the scores on "val" or "test" to a bundle's report, and write its card again."""
    bundle = evaluation.bundle
    report = read_report(bundle).with_exam(exam, evaluation.result)
    write_report(bundle, report)
    (bundle.record_folder / CARD).write_text(card(bundle, report), encoding="utf-8")


def record_refit(bundle: Bundle, before: Bundle) -> None:
    """Write the report of a bundle that was fitted again on train and val: the scores on val are those of the one before."""
    exams = {"val": read_report(before).exams["val"]}
    report = ScoreReport(bundle.sha, exams, before.sha)
    write_report(bundle, report)
    (bundle.record_folder / CARD).write_text(card(bundle, report))


def about(bundle: Bundle, batch: Batch) -> Mapping[str, Any]:
    """Return what a task shows with its scores, such as the feature extractor that was used; empty for most tasks."""
    extraction = tasks.get(bundle.schema.task).CAPABILITIES.feature_extraction
    return extraction.about(batch) if extraction else {}


def card(bundle: Bundle, report: ScoreReport) -> str:
    """Render a bundle's card from its schema and report, in Markdown."""
    schema = bundle.schema
    lines = [
        f"# {schema.usecase}: {bundle.name}",
        "",
        f"- task: {schema.task} on {schema.modality}",
        f"- parameters: {schema.parameters:,}",
        f"- model and encoder: {bundle.size_bytes:,} bytes",
        f"- made from: {schema.parent or 'training'}",
        f"- inputs: {_arrays(schema.inputs)}; outputs: {_arrays(schema.outputs)}",
        f"- labels: {_labels(bundle)}",
    ]
    if schema.decision_rule:
        lines.append(f"- answers {plain(str(schema.decision_rule))}")
    if report.before:
        lines.append(
            f"- fitted again on train and val; the scores on val are of the model before, {report.before[:12]}"
        )
    for exam, result in report.exams.items():
        lines += ["", f"## {exam} ({result.rows:,} rows, exam {result.fingerprint})", ""]
        if result.about:
            lines += [plain(", ".join(f"{name}: {value}" for name, value in result.about.items())) + ".", ""]
        lines += ["| measure | value | 95 % interval |", "|---|---|---|"]
        for name, score in _in_order(schema.task, result).items():
            interval = scores.span(score_as_json(score), "{:.4f}".format)
            lines.append(f"| {plain(name)} | {score.value:.4f} | {interval} |")
    return "\n".join(lines) + "\n"


def _in_order(task: str, result: ExamResult) -> dict[str, Score]:
    """Scores as they are listed: the one that decides first, where it is none of the task's own, then those of the task."""
    own = [measure.name for measure in tasks.get(task).MEASURES]
    names = [*(name for name in result.scores if name not in own), *(name for name in own if name in result.scores)]
    return {name: result.scores[name] for name in names}


def _arrays(specs: tuple[Spec, ...]) -> str:
    return ", ".join(f"{spec.name} {spec.dtype} {list(spec.shape)}" for spec in specs)


def _labels(bundle: Bundle) -> str:
    names = [plain(name) for name in bundle.labels]
    return ", ".join(names[:20]) + (f", ... ({len(names)})" if len(names) > 20 else "") if names else "none, a number"
