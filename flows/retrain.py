"""The main job: runs the stale use cases and publishes what was promoted. Prefect is imported only when one is stale."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from flows import plan as planning
from flows import publish as publishing
from flows._server import ServerError, server
from flows.job import Busy, Job, Ran, alone, families_of, open_job
from minnow import config, environment
from minnow.catalog import catalog
from minnow.config import Effort
from minnow.records.files import RecordError
from minnow.runners.cluster import ClusterError
from minnow.runners.interruption import described, ending
from minnow.runners.profile import Profile
from minnow.runners.progress import Display
from minnow.stores.database import BrokenStore
from minnow.stores.versions import VersionError
from minnow.workspace import Workspace, workspace

COMPLETE, FAILED, USAGE, INFEASIBLE = 0, 1, 2, 3
"""Exit codes."""


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    code: exit code; written: use cases whose outcome this run wrote; stopped: use case -> why it wrote none; fresh: use cases
    that were up to date. A run that ended with an error has no fresh ones: it may not have come to them.
    """

    code: int
    written: Sequence[str] = ()
    stopped: Mapping[str, str] = field(default_factory=dict[str, str])
    fresh: Sequence[str] = ()


def run(
    space: Workspace,
    names: Sequence[str] = (),
    *,
    force: bool = False,
    accept: str = planning.NEVER,
    effort: Effort | None = None,
    trials: int | None = None,
    profile: Profile | None = None,
) -> RunResult:
    """Run the stale use cases and carry out their decisions.

    effort: of all of them, in the place of their own; those whose last run had another are stale then. trials: of a search.
    profile: notes what each step takes.
    """
    ran = Ran(profile=profile)
    try:
        settings = config.load(space.params, catalog())
        settings = settings.with_effort(effort, trials) if effort else settings
        with alone(space), ExitStack() as stack:
            if planning.is_sure(space, settings, names, force=force):
                stack.enter_context(server(profile))  # it comes up beside the plan
            with Display(profile=profile) as display, display.step("plan", counted=False):
                plan = planning.make(space, settings, names, force=force, accept=accept, effort=effort)
            _report(plan)
            code = _work(space, settings, plan, ran)
            code = USAGE if plan.needs_user else FAILED if plan.stopped else code
            stopped = plan.reasons if plan.stale else {}  # where nothing is run, they were said just now
            return RunResult(code, ran.written, stopped | ran.stopped, plan.fresh)
    except (config.ConfigError, ClusterError) as error:
        code, reason = USAGE, error
    except (VersionError, Busy, BrokenStore, RecordError, ServerError) as error:
        code, reason = FAILED, error
    print(reason, file=sys.stderr)
    return RunResult(code, ran.written, ran.stopped)


def _report(plan: planning.Plan) -> None:
    """Say which use cases are not run, and why, before the others are run."""
    for name, why in plan.reasons.items():
        print(f"{name} is not run. {why}", file=sys.stderr)


def _work(space: Workspace, settings: config.Settings, plan: planning.Plan, ran: Ran) -> int:
    """Carry out a plan. Where nothing is stale, Prefect is not imported and no worker starts. Returns an exit code."""
    if not plan.stale:
        with Display() as display:
            publishing.publish(space, settings, display.say)
        return COMPLETE
    # server and worker come up while this process imports
    with (
        server(ran.profile) as ready,
        open_job(space, settings, families_of(settings, plan.stale), ran) as job,
        described(lambda: _left(job, plan)),
    ):
        with job.display.step("start"):
            from flows.pipeline import run_planned

            ready()
        statuses = run_planned(list(plan.stale))
    if "failed" in statuses.values():
        return FAILED
    return INFEASIBLE if "infeasible" in statuses.values() else COMPLETE


def _left(job: Job, plan: planning.Plan) -> str:
    """What an interrupted run leaves, and how to go on."""
    space, waiting = job.space, [name for name in plan.stale if name not in job.recorded]
    params = f" --params {shlex.quote(os.path.relpath(space.params))}" if space.is_trial else ""
    force = " --force" if any(plan.stale[name] == [planning.FORCED] for name in waiting) else ""
    command = " ".join(["minnow run", *waiting]) + params + force
    complete = f"Complete and recorded: {', '.join(job.recorded)}. " if job.recorded else ""
    if not waiting:
        return f"{complete}Not carried out yet: their decisions. To go on: {command}"
    return f"{complete}Not complete: {', '.join(waiting)}; trained models are kept. To go on: {command}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m flows.retrain", description=__doc__)
    parser.add_argument("usecases", nargs="*", help="use cases of params.yaml; default: all of them")
    parser.add_argument("--params", type=Path, help="another settings file; a trial, which promotes nothing")
    parser.add_argument("--force", action="store_true", help="run up-to-date use cases too")
    parser.add_argument("--accept-data", action="store_true", help="accept data that differs from its record")
    options = parser.parse_args(arguments)
    accept = planning.ALWAYS if options.accept_data else planning.NEVER
    return run(workspace(options.params), options.usecases, force=options.force, accept=accept).code


if __name__ == "__main__":
    environment.collect_rarely()
    with ending():
        sys.exit(main())
