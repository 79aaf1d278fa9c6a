"""Evaluation: what a bundle's bytes score on an exam, read from disk, from raw rows through its own encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minnow import measures, modalities, runtimes, tasks
from minnow.bundle import CARD, ENCODER_FILES, REPORT, Bundle, write_json
from minnow.catalog import catalog
from minnow.config import params_of
from minnow.measures import scores
from minnow.stages import prepare
from minnow.stages.prepare import Prepared
from minnow.types import Array, Batch, Outputs, Score, Table

CHUNK = 1024


@dataclass(frozen=True)
class Scored:
    """A bundle's answers to an exam. loss: (n,) float64, row by row in the exam's order."""

    bundle: Bundle
    batch: Batch
    outputs: Outputs
    loss: Array
    scores: dict[str, Score]

    @property
    def primary(self) -> Score:
        """The task's first measure."""
        return next(iter(self.scores.values()))


_latest: tuple[Any, Table, Batch] | None = None
"""What was encoded last: all variants of a run have one encoder, and long texts take minutes to encode."""


def batch_of(bundle: Bundle, exam: Table) -> Batch:
    """Encode an exam as a bundle's own encoder and labels have it. exam: examples, not yet encoded."""
    global _latest
    schema = bundle.schema
    files = [path.read_bytes() for name in ENCODER_FILES if (path := bundle.folder / name).exists()]
    made_from = [schema[name] for name in ("modality", "task", "options", "labels")], files
    if _latest is None or _latest[0] != made_from or _latest[1] is not exam:
        _latest = made_from, exam, _encoded(bundle, exam)
    return _latest[2]


def _encoded(bundle: Bundle, exam: Table) -> Batch:
    schema = bundle.schema
    modality, task = modalities.get(schema["modality"]), tasks.get(schema["task"])
    options = params_of("modality", schema["modality"], schema["options"], "options", catalog())
    encoder = modality.Encoder.load(bundle.folder)
    return prepare.batch(exam, encoder, bundle.labels, modality, options, task, schema["task"])


def score(bundle: Bundle, exam: Table) -> Scored:
    """Score a bundle on an exam. Raises ValueError when an answer is not finite."""
    task = tasks.get(bundle.schema["task"])
    batch = batch_of(bundle, exam)
    outputs = predict(bundle, batch)
    return Scored(bundle, batch, outputs, task.loss(outputs, batch), measures.score_all(task.MEASURES, outputs, batch))


def predict(bundle: Bundle, batch: Batch) -> dict[str, Array]:
    """Run a bundle's file over a batch, in chunks, on one thread so that the last bits repeat."""
    runner = runtimes.open_model(bundle.model_path, threads=1)
    parts = []
    for start in range(0, len(batch), CHUNK):
        rows = {spec.name: batch.inputs[spec.name][start : start + CHUNK] for spec in runner.inputs}
        parts.append(runner.predict(rows))
    outputs = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if not all(np.isfinite(value).all() for value in outputs.values()):
        raise ValueError(f"{bundle.name} must answer an exam with finite numbers. Received: NaN or infinity.")
    return outputs


def baselines(task: Any, modality: Any, options: Any, prepared: Prepared) -> dict[str, tuple[Array, Score]]:
    """Score the plain baselines of task and modality, learned on train, on test: name -> (loss (n,), first measure)."""
    train, exam = prepared.batches["train"], prepared.batches["test"]
    outputs = {name: answer(exam) for name, answer in task.baselines(train).items()}
    if hasattr(modality, "baselines"):
        known = modality.baselines(prepared.tables["train"], prepared.labels, options)
        outputs |= {n: task.stated(answer(prepared.tables["test"]), prepared.labels) for n, answer in known.items()}
    return {
        name: (task.loss(given, exam), measures.score(task.MEASURES[0], given, exam)) for name, given in outputs.items()
    }


def write_report(scored: Scored, exam: str) -> None:
    """Add the scores on a named exam to a bundle's report.json, and render its card anew."""
    report = scored.bundle.report
    report[exam] = {
        "fingerprint": scored.batch.fingerprint,
        "rows": len(scored.batch),
        "scores": {name: as_json(value) for name, value in scored.scores.items()},
        **about(scored),
    }
    write_json(scored.bundle.folder / REPORT, report)
    (scored.bundle.folder / CARD).write_text(card(scored.bundle))


def about(scored: Scored) -> dict[str, Any]:
    """Say under "about" what a task wants to stand beside every figure; nothing for most tasks."""
    told = getattr(tasks.get(scored.bundle.schema["task"]), "about", None)
    return {"about": told(scored.batch)} if told else {}


def as_json(score: Score) -> dict[str, float | int]:
    """Round a score to what its file needs: ten digits hold every bit that a reader could use."""
    return {
        "value": round(score.value, 10),
        "low": round(score.low, 10),
        "high": round(score.high, 10),
        "n": score.n,
    }


def card(bundle: Bundle) -> str:
    """Render a bundle's card from its schema and report, in Markdown."""
    schema = bundle.schema
    lines = [
        f"# {schema['usecase']}: {bundle.name}",
        "",
        f"- task: {schema['task']} on {schema['modality']}",
        f"- parameters: {schema['parameters']:,}",
        f"- model and encoder: {bundle.size_bytes:,} bytes",
        f"- made from: {schema['parent'] or 'training'}",
        f"- takes: {_arrays(schema['inputs'])}; gives: {_arrays(schema['outputs'])}",
        f"- labels: {_labels(bundle)}",
    ]
    for exam, found in bundle.report.items():
        lines += ["", f"## {exam} ({found['rows']:,} rows, exam {found['fingerprint']})", ""]
        if "about" in found:
            lines += [", ".join(f"{name}: {value}" for name, value in found["about"].items()) + ".", ""]
        lines += ["| measure | value | 95 % interval |", "|---|---|---|"]
        for name, s in found["scores"].items():
            lines.append(f"| {name} | {s['value']:.4f} | {scores.span(s, '{:.4f}'.format)} |")
    return "\n".join(lines) + "\n"


def _arrays(specs: list[dict[str, Any]]) -> str:
    return ", ".join(f"{s['name']} {s['dtype']} {s['shape']}" for s in specs)


def _labels(bundle: Bundle) -> str:
    names = [str(name) for name in bundle.labels]
    return ", ".join(names[:20]) + (f", ... ({len(names)})" if len(names) > 20 else "") if names else "none, a number"
