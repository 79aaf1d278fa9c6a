"""The main job as a Prefect flow: runs the stale use cases in order, then publishes what was promoted."""

from __future__ import annotations

from flows import cleaning
from flows import plan as planning
from flows import publish as publishing
from flows._prefect import STORE, flow, task
from flows.faults import advice, write_trace
from flows.job import CURRENT, Job, families_of, open_job
from flows.steps import usecase
from minnow import config
from minnow.catalog import catalog
from minnow.stores import versions
from minnow.workspace import workspace

FAILED = "failed"


@task(name="commit", **STORE)
def commit(job: Job, name: str) -> None:
    """Record in dvc.lock what a use case was made from."""
    with job.display.step(f"{name}: record", counted=False):
        versions.commit(job.space.root, name)


@task(name="publish", **STORE)
def publish(job: Job) -> None:
    """Carry out the decisions: promote and publish."""
    with job.display.step("publish", counted=False):
        publishing.publish(job.space, job.settings, job.display.say)


@flow(name="retrain", validate_parameters=False)
def retrain(usecases: list[str] | None = None, force: bool = False, accept: str = planning.APPENDED) -> dict[str, str]:
    """Run the stale ones among use cases (among all, where none is named), and publish. Returns use case -> status.

    accept: which changes of the data are accepted, "never", "appended" or "always"; a scheduled run accepts appended rows.
    Raises RuntimeError when a use case failed, or was stopped by its entry or its data, so that Prefect shows the run as
    failed; the others are complete by then.
    """
    space = workspace()
    settings = config.load(space.params, catalog())
    with open_job(space, settings, families_of(settings, usecases or settings.names)) as job:
        plan = planning.make(space, settings, usecases or [], force=force, accept=accept)
        statuses = work(job, list(plan.stale))
    failed = [name for name, status in statuses.items() if status == FAILED]
    if failed or plan.stopped:
        reasons = [f"Failed: {', '.join(failed)}."] if failed else []
        reasons += [f"Not run: {name}: {why}" for name, why in plan.reasons.items()]
        raise RuntimeError("\n".join([*reasons, "The others are complete."]))
    return statuses


@flow(name="run", validate_parameters=False)
def run_planned(stale: list[str]) -> dict[str, str]:
    """Run stale use cases in the open job. Returns use case -> status."""
    return work(CURRENT.get(), stale)


def work(job: Job, stale: list[str]) -> dict[str, str]:
    """Run use cases in order, each while the one before is written, then carry out their decisions.

    Nothing is carried out in a trial.
    """
    job.display.expect(sum(_steps(job.settings, name) for name in stale))
    statuses = dict.fromkeys(stale, FAILED)

    def one(name: str) -> None:
        statuses[name] = _one(job, name)

    job.overlap(one, stale)
    if not job.space.is_trial:
        publish(job)
    with job.display.step("clean the cache", counted=False):
        cleaning.trim(job.space, job.settings.cache.max_gb, job.display.say)
    return statuses


def _one(job: Job, name: str) -> str:
    """Run one use case as a sub-flow. Any error fails this use case alone; its traceback is written to .minnow/errors/."""
    try:
        status = usecase(name)
    except Exception as error:  # one use case must not stop the others
        trace = write_trace(job.space, name, error)
        said = f"{type(error).__name__}: {error}{advice(error)}"
        job.ran.stopped[name] = f"{said} (trace: {trace.relative_to(job.space.root)})"
        job.display.say(f"  {name} failed: {said}\n  Trace: {trace}")
        return FAILED
    if status != FAILED and not job.space.is_trial:
        commit(job, name)
    if status != FAILED:
        job.recorded.append(name)
    return status


def _steps(settings: config.Settings, name: str) -> int:
    """Count the steps of a use case that the display will show."""
    usecase = settings.usecases[name]
    folded = 0 if usecase.folds is None else len(usecase.families) if usecase.exam == "families" else 1
    return 8 + 2 * len(usecase.families) + folded
