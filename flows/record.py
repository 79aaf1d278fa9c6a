"""What MLflow is told of a use case: one run, under it one per family, under that one per variant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minnow import config, lineage
from minnow.stages import outcome, plots
from minnow.stages.case import Case
from minnow.stages.outcome import Outcome
from minnow.stages.train import Trained
from minnow.stages.verdict import Reign, Standing
from minnow.stores.champions import ROWS
from minnow.stores.tracking import Record

KEPT = (outcome.DECISIONS, outcome.RESULTS)


def record_of(case: Case, found: Outcome, scratch: Path, reigns: Mapping[str, Reign]) -> Record:
    """Describe a whole use case, with its plots drawn to scratch."""
    tags = _tags(case)
    files: dict[str, list[Path]] = {"": [scratch / "outcome" / name for name in KEPT], "plots": _plots(found, scratch)}
    files["exam"] = list((scratch / "outcome").glob(outcome.EXTRACTOR))
    files["validation"] = sorted((scratch / "outcome").glob("validation.*"))
    for target, reign in reigns.items():
        if reign.rows is not None:
            path = scratch / "exam" / target / ROWS
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, reign.rows)
            files[f"exam/{target}"] = [path]
    verdicts = {f"minnow.verdict.{d['target']}": d["verdict"] for d in found.decisions}
    return Record(
        name=case.name,
        params=case.usecase.model_dump(mode="json"),
        tags=tags | verdicts,
        metrics=_exam_metrics(found) | _folds_metrics(found),
        files=files,
        children=tuple(_family(case, family, found, scratch, tags) for family in case.usecase.families),
        failed=bool(found.failures),
    )


def failure_of(case: Case, reports: Path, error: str) -> Record:
    """Describe a use case that was stopped by its data, with the report that says where."""
    tags = _tags(case) | {"minnow.error": error[:5000]}
    return Record(case.name, tags=tags, files={"validation": sorted(reports.glob("validation.*"))}, failed=True)


def _tags(case: Case) -> dict[str, str]:
    git = lineage.git_state(case.workspace.root)
    return {
        "minnow.usecase": case.name,
        "minnow.data_version": case.data_version if case.data.exists() else "missing",
        "minnow.git_commit": git["commit"],
        "minnow.git_diff": git["diff"],
        "minnow.seed": str(case.settings.seed),
        "minnow.threads": str(case.settings.threads),
        "minnow.lock": case.lock,
        "minnow.machine": lineage.machine(),
    }


def _family(case: Case, family: str, found: Outcome, scratch: Path, tags: Mapping[str, str]) -> Record:
    mine = [standing for standing in found.standings if standing.family == family]
    own = {"minnow.family": family} | ({"minnow.error": found.failures[family]} if family in found.failures else {})
    if not mine:
        return Record(f"{case.name} {family}", tags={**tags, **own}, failed=True)
    trained, files = mine[0].trained, []
    folder = scratch / "plots" / family
    folder.mkdir(parents=True, exist_ok=True)
    if trained.history:
        files.append(folder / "learning_curve.png")
        plots.learning_curve(trained.history, files[-1])
    files += _pictures(trained, folder)
    told = found.importances.get(family, {})
    if told:
        files.append(folder / "importances.png")
        plots.importances(told, files[-1])
    params = config.params_of("family", family, case.usecase.families[family], f"families.{family}", _catalog())
    return Record(
        name=f"{case.name} {family}",
        params=params.model_dump(mode="json"),
        tags={**tags, **own, "minnow.trained_now": str(trained.fresh).lower()},
        metrics={
            "parameters": trained.facts["parameters"],
            "training_s": trained.seconds,
            **{f"importance/{column}": value for column, value in told.items()},
        },
        history=trained.history,
        files={"plots": files},
        children=tuple(_variant(case, standing, tags) for standing in mine),
    )


def _pictures(trained: Trained, folder: Path) -> list[Path]:
    """Draw what a family of images kept to be looked at: samples along the way, reconstructions beside their images."""
    drawn = []
    for name, images in trained.pictures.items():
        drawn.append(folder / f"{name}.png")
        plots.grid(images, drawn[-1])
    return drawn


def _catalog() -> Any:
    from minnow.catalog import catalog

    return catalog()


def _variant(case: Case, standing: Standing, tags: Mapping[str, str]) -> Record:
    bundle = standing.bundle
    metrics: dict[str, float] = {f"val/{name}": score.value for name, score in standing.val.scores.items()}
    metrics |= {f"val/{name}.low": score.low for name, score in standing.val.scores.items()}
    metrics |= {f"val/{name}.high": score.high for name, score in standing.val.scores.items()}
    metrics |= {f"parity/{name}": value for name, value in standing.parity.items()}
    metrics |= {name: standing.timing[name] for name in outcome.TIMED}
    for exam, found in bundle.report.items():
        metrics |= {f"{exam}/{name}": score["value"] for name, score in found["scores"].items()}
    own = {"minnow.family": standing.family, "minnow.variant": standing.variant, "minnow.sha": bundle.sha}
    return Record(
        name=f"{case.name} {standing.name}",
        params={"family": standing.family, "variant": standing.variant},
        tags={**tags, **own},
        metrics=metrics | {"size_bytes": bundle.size_bytes},
        files={"bundle": [bundle.folder], "": [outcome.beside(standing)]},
    )


def _exam_metrics(found: Outcome) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for decision in found.decisions:
        standing = found.finalist(decision["target"])
        if standing is None:
            continue
        for name, score in standing.bundle.report["test"]["scores"].items():
            metrics |= {f"{decision['target']}/{name}{end}": score[key] for key, end in _ENDS.items()}
        metrics[f"{decision['target']}/size_bytes"] = standing.bundle.size_bytes
    return metrics


def _folds_metrics(found: Outcome) -> dict[str, float]:
    divisions = {
        f"{family}, {name}": scores
        for family, told in found.folds.items()
        for name, scores in told.items()
        if isinstance(scores, Mapping)
    }
    return {
        f"folds/{measure}, {name}{end}": score[key]
        for name, scores in divisions.items()
        for measure, score in scores.items()
        for key, end in _ENDS.items()
    }


_ENDS = {"value": "", "low": ".low", "high": ".high"}


def _plots(found: Outcome, scratch: Path) -> list[Path]:
    folder = scratch / "plots"
    folder.mkdir(parents=True, exist_ok=True)
    points = {s.name: (s.bundle.size_bytes, s.val.primary) for s in found.standings}
    if not points:
        return []
    measure = next(iter(found.standings[0].val.scores))
    plots.size_against_score(points, measure, folder / "size_against_score.png")
    finalists = {s.name: s for d in found.decisions if (s := found.finalist(d["target"]))}
    for standing in finalists.values():
        _confusion(standing, folder)
    return sorted(folder.glob("*.png"))


def _confusion(standing: Standing, folder: Path) -> None:
    """Draw the finalist's confusion on val: the exam is for the judge."""
    val = standing.val
    if val.bundle.schema["task"] != "classify" or len(val.batch.labels) > plots.MOST_LABELS:
        return
    answered = next(iter(val.outputs.values())).argmax(axis=1)
    name = standing.name.replace("/", "-")
    plots.confusion(val.batch.target, answered, val.batch.labels, folder / f"confusion-{name}.png")


def summary(decisions: list[dict[str, Any]]) -> str:
    """Render decisions for Prefect's page, in Markdown."""
    lines = []
    for decision in decisions:
        lines.append(
            f"**{decision['usecase']} on {decision['target']}**: {decision['verdict']}, {decision['finalist']}"
        )
        lines += [f"- {reason}" for reason in decision["reasons"]]
    return "\n".join(lines)


def read_decisions(folder: Path) -> list[dict[str, Any]]:
    """Read the decisions of an installed outcome, an empty list where there is none."""
    path = folder / outcome.DECISIONS
    return list(json.loads(path.read_text()).values()) if path.exists() else []
