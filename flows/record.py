"""The MLflow runs of a use case: one for the use case, under it one per family, under that one per variant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from minnow import lineage, tasks
from minnow.catalog import catalog
from minnow.config import params_of
from minnow.insight import certificates, plots
from minnow.records import certificate, provenance, results
from minnow.records import decision as decisions
from minnow.records.bundle import FOLDER, Bundle, open_bundle
from minnow.records.certificate import read_certificate
from minnow.records.decision import Decision
from minnow.records.keys import TRAINING_ROWS
from minnow.records.markdown import plain
from minnow.records.report import read_report
from minnow.records.results import Importances
from minnow.stages.candidates import Candidate, Incumbents
from minnow.stages.case import Case
from minnow.stages.intake import EXTRACTOR
from minnow.stages.outcome import Outcome
from minnow.stages.train import Trained
from minnow.stores import exams
from minnow.stores.tracking import Record, decision_tag
from minnow.types import Score

KEPT = (decisions.FILE, results.FILE)
BESIDE = (*provenance.BESIDE, provenance.FILE)
LONGEST_TAG = 5000
"""Characters of a tag, of which MLflow takes no more."""
Plot = tuple[str, Callable[[], list[Path]]]
"""A name for messages, and a function that draws the plot and returns its files."""
LONGEST_NAME = 200
"""Characters of a column's name in a metric; MLflow takes 250 in all."""


class Attempt(Protocol):
    """Does a part of the work that may fail: returns what work returns, or `otherwise` where it raises."""

    def __call__(self, what: str, work: Callable[[], list[Path]], otherwise: list[Path], /) -> list[Path]:
        """what: name of the part, for a message."""
        ...


def record_of(
    case: Case, outcome: Outcome, scratch: Path, incumbents: Mapping[str, Incumbents], attempt: Attempt
) -> Record:
    """Build the record of a use case with those of its families and variants.

    Plots are drawn to scratch. attempt: draws them, so that one that fails is left out.
    """
    tags, folder = _tags(case), scratch / "outcome"
    files: dict[str, list[Path]] = {"": [folder / name for name in KEPT]}
    files["plots"] = [path for what, draw in _plots(outcome, scratch) for path in attempt(what, draw, [])]
    files[exams.FOLDER] = list(folder.glob(EXTRACTOR))
    files["validation"] = sorted(folder.glob("validation.*"))
    files |= _refused(outcome, scratch)
    for target, held in incumbents.items():
        if held.rows is not None:
            path = scratch / exams.FOLDER / target / exams.ROWS
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, held.rows)
            files[f"{exams.FOLDER}/{target}"] = [path]
    verdicts = {f"minnow.verdict.{d.target}": d.verdict for d in outcome.decisions}
    return Record(
        name=case.name,
        params=case.entry,
        tags=tags | verdicts,
        metrics=_exam_metrics(outcome) | _folds_metrics(outcome),
        files=files,
        children=tuple(_family(case, family, outcome, scratch, tags, attempt) for family in case.usecase.families),
        failed=bool(outcome.failures),
    )


def key_of_outcome(outcome: Outcome) -> str:
    """Hash what the runs of an outcome record, without what was measured by the clock."""
    return lineage.key_of(
        {
            "decisions": [decision.id for decision in outcome.decisions],
            "variants": {candidate.name: candidate.bundle.sha for candidate in outcome.candidates},
            "refused": outcome.refused,
            "failures": outcome.failures,
        }
    )


def failure_of(case: Case, reports: Path, error: str) -> Record:
    """Build the record of a use case whose data was refused, with the validation report."""
    tags = _tags(case) | {"minnow.error": error[:LONGEST_TAG]}
    return Record(case.name, tags=tags, files={"validation": sorted(reports.glob("validation.*"))}, failed=True)


def _tags(case: Case) -> dict[str, str]:
    git = lineage.git_state(case.workspace.root)
    untracked = {"minnow.git_untracked": ", ".join(git.untracked)[:LONGEST_TAG]} if git.untracked else {}
    return {
        "minnow.usecase": case.name,
        "minnow.data_version": case.data_version if case.data.exists() else "missing",
        "minnow.git_commit": git.commit,
        "minnow.git_diff": git.changes,
        "minnow.seed": str(case.settings.seed),
        "minnow.threads": str(case.settings.threads),
        "minnow.lock": case.lock,
        "minnow.machine": lineage.machine(),
        **untracked,
    }


def _family(
    case: Case, family: str, outcome: Outcome, scratch: Path, tags: Mapping[str, str], attempt: Attempt
) -> Record:
    variants = [candidate for candidate in outcome.last if candidate.family == family]
    error = {"minnow.error": outcome.failures[family]} if family in outcome.failures else {}
    own = {**tags, "minnow.family": family, **error}
    if not variants:
        return Record(f"{case.name} {family}", tags=own, failed=True)
    fitted = next(candidate for candidate in outcome.candidates if candidate.family == family)
    trained, importances = fitted.trained, outcome.importances.get(family)
    draws = _family_plots(family, trained, importances, scratch / "plots" / family)
    usecase = case.usecase
    params = params_of("family", usecase.family_of(family), usecase.params_of(family), f"families.{family}", catalog())
    return Record(
        name=f"{case.name} {family}",
        params=params.model_dump(mode="json"),
        tags={**own, "minnow.trained_now": str(trained.fresh).lower()},
        metrics={
            "parameters": trained.facts["parameters"],
            "training_s": trained.seconds,
            **{name: trained.facts[name] for name in ("temperature",) if name in trained.facts},
            **_importance_metrics(importances),
        },
        history=trained.history,
        files={"plots": [path for what, draw in draws for path in attempt(what, draw, [])]},
        children=tuple(_variant(case, candidate, outcome.decisions, scratch, tags) for candidate in variants),
    )


def _importance_metrics(importances: Importances | None) -> dict[str, float]:
    """Return the rise of the loss by column, with the ends of its interval, three metrics each."""
    return {
        f"importance/{one.name[:LONGEST_NAME].replace('/', '_')}{end}": value
        for one in (importances.columns if importances else ())
        for end, value in (("", one.value), (".low", one.low), (".high", one.high))
    }


def _family_plots(family: str, trained: Trained, importances: Importances | None, folder: Path) -> Iterator[Plot]:
    """Learning curve, images that the family kept, and importances, where the family has them."""
    folder.mkdir(parents=True, exist_ok=True)
    if trained.history:
        curve = lambda path: plots.learning_curve(trained.history, path)  # noqa: E731
        yield _plot(f"the learning curve of {family}", curve, folder / "learning_curve.png")
    yield f"the images of {family}", lambda: _pictures(trained, folder)
    if importances:
        bars = lambda path: plots.importances(importances, path)  # noqa: E731
        yield _plot(f"the plot of importances of {family}", bars, folder / "importances.png")


def _plot(what: str, draw: Callable[[Path], None], path: Path) -> Plot:
    """A plot that is drawn to one file."""

    def drawn() -> list[Path]:
        draw(path)
        return [path]

    return what, drawn


def _pictures(trained: Trained, folder: Path) -> list[Path]:
    """Draw the images that a family kept: samples during training, reconstructions beside their originals."""
    drawn = []
    for name, images in trained.pictures.items():
        drawn.append(folder / f"{name}.png")
        plots.grid(images, drawn[-1])
    return drawn


def _variant(
    case: Case, candidate: Candidate, written: Sequence[Decision], scratch: Path, tags: Mapping[str, str]
) -> Record:
    """Build the record of a variant; that of a finalist holds the rows that it was trained on, which a later run needs."""
    bundle = candidate.bundle
    metrics = _ends("val", candidate.val.scores)
    metrics |= {f"parity/{name}": value for name, value in candidate.parity.items()}
    metrics |= candidate.timing.numbers()
    for exam, result in read_report(bundle).exams.items():
        metrics |= {f"{exam}/{name}": score.value for name, score in result.scores.items()}
    own = {"minnow.family": candidate.family, "minnow.variant": candidate.variant, "minnow.sha": bundle.sha}
    stood = {decision_tag(d.target): d.id for d in written if d.finalist == candidate.name}
    return Record(
        name=f"{case.name} {candidate.name}",
        params={"family": candidate.family, "variant": candidate.variant},
        tags={**tags, **own, **stood},
        metrics=metrics | {"size_bytes": bundle.size_bytes},
        files={
            "bundle": [bundle.folder],
            "": [*(path for name in BESIDE if (path := bundle.record_folder / name).exists()), *_certificate(bundle)],
            exams.FOLDER: list(scratch.glob(TRAINING_ROWS)) if stood else [],
        },
    )


def _refused(outcome: Outcome, scratch: Path) -> dict[str, list[Path]]:
    """The certificates of refused variants, with their pages: folder of artifacts -> files."""
    found: dict[str, list[Path]] = {}
    for name in outcome.refused:
        folder = scratch / "bundles" / name.replace("/", "-")
        if (folder / certificate.FILE).exists() and (pages := _certificate(open_bundle(folder / FOLDER))):
            found[f"refused/{name}"] = [folder / certificate.FILE, *pages]
    return found


def _certificate(bundle: Bundle) -> list[Path]:
    """Write the page of a bundle's certificate beside it, where it has one."""
    found = read_certificate(bundle)
    return [] if found is None else [certificates.write(found, bundle.record_folder)]


def _ends(prefix: str, scores: Mapping[str, Score]) -> dict[str, float]:
    """Return scores with the ends of their intervals, three metrics each."""
    return {
        f"{prefix}/{name}{end}": value
        for name, score in scores.items()
        for end, value in (("", score.value), (".low", score.low), (".high", score.high))
    }


def _exam_metrics(outcome: Outcome) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for decision in outcome.decisions:
        candidate = outcome.finalist(decision.target)
        if candidate is not None:
            if decision.score:
                metrics |= _ends(decision.target, read_report(candidate.bundle).exams["test"].scores)
            metrics[f"{decision.target}/size_bytes"] = candidate.bundle.size_bytes
            quantiles = decision.series.quantiles if decision.series else {}
            metrics |= {f"{decision.target}/series.{name}": value for name, value in quantiles.items()}
    return metrics


def _folds_metrics(outcome: Outcome) -> dict[str, float]:
    return {
        f"folds/{measure}, {family}, {name}{end}": value
        for family, result in outcome.folds.items()
        for name, scores in result.divisions.items()
        for measure, score in scores.items()
        for end, value in (("", score.value), (".low", score.low), (".high", score.high))
    }


def _plots(outcome: Outcome, scratch: Path) -> Iterator[Plot]:
    """Size against score, and the confusion matrices of the finalists."""
    folder = scratch / "plots"
    folder.mkdir(parents=True, exist_ok=True)
    points = {c.name: (c.bundle.size_bytes, c.val.primary) for c in outcome.last}
    if not points:
        return
    measure = next(iter(outcome.candidates[0].val.scores))
    sizes = lambda path: plots.size_against_score(points, measure, path)  # noqa: E731
    yield _plot("the plot of size against score", sizes, folder / "size_against_score.png")
    finalists = {c.name: c for d in outcome.decisions if (c := outcome.finalist(d.target))}
    for candidate in finalists.values():
        yield f"the confusion matrix of {candidate.name}", lambda c=candidate: _confusion(c, folder)


def _confusion(candidate: Candidate, folder: Path) -> list[Path]:
    """Draw the finalist's confusion matrix on val; the test set is for the judge alone."""
    val = candidate.val
    answered = tasks.get(val.bundle.schema.task).CAPABILITIES.answered
    if answered is None or len(val.batch.labels) > plots.MOST_LABELS:
        return []
    path = folder / f"confusion-{candidate.name.replace('/', '-')}.png"
    plots.confusion(val.batch.target, answered(val.outputs), val.batch.labels, path)
    return [path]


def summary(written: Sequence[Decision]) -> str:
    """Render decisions for Prefect's page, in Markdown."""
    lines = []
    for decision in written:
        lines.append(f"**{decision.usecase} on {decision.target}**: {decision.verdict}, {decision.finalist}")
        lines += [f"- {plain(reason)}" for reason in decision.reasons]
        lines += [f"- {plain(hint.text)}" for hint in decision.hints]
    return "\n".join(lines)
