"""The families of one use case: trained, compressed and scored on val, each by itself, and their blend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows._prefect import PLAIN, task
from flows.faults import Faults
from flows.job import Job
from minnow.runners.worker import WorkerError
from minnow.stages import blending, candidates, compress, train
from minnow.stages.candidates import Made
from minnow.stages.case import Case
from minnow.stages.prepare import Prepared
from minnow.stages.train import Handover, Trained
from minnow.types import Report


@task(name="train", **PLAIN)
def fit(job: Job, case: Case, family: str, handed: Handover) -> Trained:
    """Train one family on the runner."""
    measure = case.measure.name
    with job.display.step(f"{case.name}: train {family}", measure, final=False) as report:
        trained = train.train(case, family, handed, report)
    if began := trained.facts.get("init_from"):
        layers = "; ".join(f"{what} {', '.join(names) or 'none'}" for what, names in began.items())
        job.display.say(f"  {case.name}: {family} began with the weights of '{case.usecase.starts[family]}': {layers}")
    if (temperature := trained.facts.get("temperature", 1)) != 1:
        job.display.say(f"  {case.name}: the probabilities of {family} have the temperature {temperature:g}")
    return trained


@task(name="compress", **PLAIN)
def compress_family(job: Job, case: Case, trained: Trained, handed: Handover, report: Report) -> compress.Compressed:
    """Make the variants of a family on the runner."""
    compressed = compress.variants(case, trained, handed, report=report)
    for variant, trace in compressed.failed.items():
        Faults(job, case.name).told(f"{trained.family}/{variant}", compressed.refused[variant], trace)
    return compressed


@task(name="evaluate", **PLAIN)
def score(
    job: Job, case: Case, compressed: compress.Compressed, prepared: Prepared, scratch: Path
) -> candidates.Evaluated:
    """Score every variant on val, from its file."""
    faults, family = Faults(job, case.name), compressed.family
    seen = lambda variant, error: faults.seen(f"{family}/{variant}", error)  # noqa: E731
    return candidates.evaluate_variants(compressed, prepared, scratch, seen)


def families(job: Job, case: Case, prepared: Prepared, scratch: Path) -> tuple[list[Made], dict[str, str]]:
    """Train, compress and score each family. A failure is recorded with its reason, and the others go on.

    Errors that no family is meant to raise leave a traceback. OSError is raised: a full disk would fail every family.
    """
    with job.display.step(f"{case.name}: hand over the rows", counted=False):
        handed = train.hand_over(case, prepared, job.runner.call)
    made: dict[str, Made] = {}
    failures: dict[str, str] = {}

    def one(family: str) -> None:
        with _recorded(job, case, family, failures):
            made[family] = _made(job, case, fit(job, case, family, handed), handed, prepared, scratch)

    job.each(one, case.usecase.families, case.threads_beside(prepared.batches["train"]))
    return [made[family] for family in case.usecase.families if family in made], failures


def blend(job: Job, case: Case, prepared: Prepared, scratch: Path, made: list[Made], failures: dict[str, str]) -> Case:
    """Add the blend of the best few families to what was made, where it is better on val than each of them. Returns the case.

    Its failure is recorded, as that of a family is.
    """
    shares = blending.found(case, made, prepared.batches)
    if not shares:
        return case
    wider, name = blending.with_blend(case, shares, made), blending.NAME
    said = ", ".join(f"{share:.0%} {member}" for member, share in shares.items())
    job.display.say(f"  {case.name}: tries {name} too, the average of {said}")
    job.display.expect(2)
    with _recorded(job, case, name, failures):
        handed = train.hand_over(case, prepared, job.runner.call)
        with job.display.step(f"{case.name}: join {name}") as report:
            trained = blending.join(wider, handed, made, report)
        made.append(_made(job, wider, trained, handed, prepared, scratch))
    return wider


def _made(job: Job, case: Case, trained: Trained, handed: Handover, prepared: Prepared, scratch: Path) -> Made:
    """Compress and score a trained family."""
    measure = case.measure.name
    with job.display.step(f"{case.name}: compress {trained.family}", measure) as report:
        compressed = compress_family(job, case, trained, handed, report)
        scored = score(job, case, compressed, prepared, scratch)
        report(1, 1, {f"val_{measure}": one.primary.value for one in scored.evaluations[:1]})
    return Made(trained, compressed, scored)


@contextmanager
def _recorded(job: Job, case: Case, family: str, failures: dict[str, str]) -> Iterator[None]:
    """Record the failure of a family with its reason. OSError is raised."""
    try:
        yield
    except (WorkerError, ValueError) as error:
        failures[family] = str(error)
        job.display.say(f"  {case.name}: {family} failed: {error}")
    except OSError:
        raise
    except Exception as error:
        failures[family] = f"{type(error).__name__}: {error}"
        Faults(job, case.name).seen(family, error)
