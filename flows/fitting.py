"""The families of one use case: trained, compressed and scored on val, each by itself, and their blend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flows._prefect import PLAIN, task
from flows.faults import Faults
from flows.job import Job
from minnow.runners.worker import WorkerError
from minnow.stages import blending, candidates, compress, train
from minnow.stages.candidates import Made
from minnow.stages.case import Case
from minnow.stages.prepare import Prepared
from minnow.stages.teaching import Teachers
from minnow.stages.train import Handover, Trained
from minnow.types import Report


@dataclass(frozen=True)
class _Rows:
    """The rows of a use case, as they were prepared and on disk. scratch: folder of the bundles that are made."""

    prepared: Prepared
    handed: Handover
    scratch: Path


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
def compress_family(
    job: Job, case: Case, trained: Trained, handed: Handover, teachers: Teachers, report: Report
) -> compress.Compressed:
    """Make the variants of a family on the runner."""
    compressed = compress.variants(case, trained, handed, teachers=teachers, report=report)
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

    Families that teach others in a recipe are trained first, and compressed last; the others wait for them once they are
    trained themselves. Errors that no family is meant to raise leave a traceback. OSError is raised: a full disk would fail
    every family.
    """
    with job.display.step(f"{case.name}: hand over the rows", counted=False):
        rows = _Rows(prepared, train.hand_over(case, prepared, job.runner.call), scratch)
    made: dict[str, Made] = {}
    failures: dict[str, str] = {}
    teachers: dict[str, Future[Trained]] = {name: Future() for name in case.usecase.teachers}

    def teach(family: str) -> None:
        _settle(teachers[family], lambda: fit(job, case, family, rows.handed))

    def one(family: str) -> None:
        with _recorded(job, case, family, failures):
            trained = teachers[family].result() if family in teachers else fit(job, case, family, rows.handed)
            made[family] = _made(job, case, trained, rows, {name: _ended(future) for name, future in teachers.items()})

    others = [family for family in case.usecase.families if family not in teachers]
    # each waits only for what has begun before it, so that the last slot is never taken by one that waits
    work = [partial(teach, name) for name in teachers] + [partial(one, name) for name in (*others, *teachers)]
    job.each(lambda step: step(), work, case.threads_beside(prepared.batches["train"]))
    return [made[family] for family in case.usecase.families if family in made], failures


def _settle(future: Future[Trained], work: Callable[[], Trained]) -> None:
    """Do work, and keep what it returns or raises for those who wait. What ends the run is raised."""
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)
        if not isinstance(error, Exception):
            raise


def _ended(future: Future[Trained]) -> Trained | str:
    """Wait for a teacher. Returns its trained model, or why there is none."""
    error = future.exception()
    return future.result() if error is None else str(error)


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
        rows = _Rows(prepared, train.hand_over(case, prepared, job.runner.call), scratch)
        with job.display.step(f"{case.name}: join {name}") as report:
            trained = blending.join(wider, rows.handed, made, report)
        teachers = {**failures, **{one.trained.family: one.trained for one in made}}
        made.append(_made(job, wider, trained, rows, teachers))
    return wider


def _made(job: Job, case: Case, trained: Trained, rows: _Rows, teachers: Teachers) -> Made:
    """Compress and score a trained family."""
    measure = case.measure.name
    with job.display.step(f"{case.name}: compress {trained.family}", measure) as report:
        compressed = compress_family(job, case, trained, rows.handed, teachers, report)
        scored = score(job, case, compressed, rows.prepared, rows.scratch)
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
