"""The steps of one use case as Prefect tasks, and the flow that runs them in order, up to a written decision."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from flows import ages, fitting, registered
from flows import tune as tuning
from flows._prefect import (
    PLAIN,
    STORE,
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
    flow,
    task,
)
from flows.checks import checked, hints_of, read
from flows.faults import Faults
from flows.job import CURRENT, Job
from flows.record import failure_of, key_of_outcome, record_of, summary
from flows.trials import Rows
from minnow.insight import plots
from minnow.insight.importance import MOST_COLUMNS, importances
from minnow.records.hint import Hint
from minnow.records.keys import TRAINING_ROWS
from minnow.records.results import FoldResult, Importances
from minnow.records.timing import Timing
from minnow.stages import (
    candidates,
    certify,
    compress,
    effort,
    exam_rows,
    finalists,
    folds,
    intake,
    outcome,
    timing,
    train,
)
from minnow.stages.candidates import Candidate, Incumbents, LineUp
from minnow.stages.case import Case
from minnow.stages.finalists import Finalists
from minnow.stages.outcome import Outcome
from minnow.stages.prepare import Prepared
from minnow.stages.refit import Measure as Timer
from minnow.stages.refit import Refit
from minnow.stages.validate import DataError, Findings
from minnow.stores import exams, tracking
from minnow.types import Report, Table


@task(name="key rule", **STORE)
def with_keys(case: Case) -> Case:
    """Return a use case with the rule by which the keys of its rows are made, as the registry has it."""
    return registered.with_keys(case)


@task(name="check", **PLAIN)
def check(job: Job, case: Case, reports: Path) -> tuple[Table, Findings]:
    """Read the raw rows, say what reading found, and check them against the modality's expectations."""
    with job.display.step(f"{case.name}: read", counted=False):
        table = read(case, lambda text: job.display.say(f"  {case.name}: {text}"))
    with job.display.step(f"{case.name}: validate"):
        return table, checked(case, table, reports)


@task(name="prepare", **PLAIN)
def split(case: Case, table: Table) -> Prepared:
    """Split the rows, and fit and apply the encoder."""
    return intake.prepare_case(case, table)


def widen(job: Job, case: Case, prepared: Prepared) -> Case:
    """Add the entries that the effort of a use case asks for, those that a search finds included, and say which."""
    wider = effort.widened(case, prepared.batches["train"])
    if case.usecase.effort == effort.THOROUGH and tuning.can_search(case):
        job.alone(case.name)
        rows = Rows(job, case, prepared, train.hand_over(case, prepared, job.runner.call))
        wider = effort.with_found(wider, tuning.searched(rows, None, case.settings.tune.trials))
        job.display.say(
            f"  {case.name}: to write the best values to the settings file: minnow tune {case.name} --write"
        )
    if wider.further:
        job.display.say(f"  {case.name}: tries {', '.join(wider.further)} too (effort: {case.usecase.effort})")
        job.display.expect(2 * len(wider.further))
    return wider


@task(name="hints", **PLAIN)
def hint(job: Job, case: Case, table: Table, prepared: Prepared, findings: Findings, reports: Path) -> tuple[Hint, ...]:
    """Look for hints in rows and splits, say them, and add them to the validation report."""
    find = lambda: hints_of(case, table, prepared, findings, reports)  # noqa: E731
    found = Faults(job, case.name).attempt("the search for hints", find, ())
    for one in found:
        job.display.say(f"  {case.name}, a hint: {one.text}")
    return found


@task(name="certify", **PLAIN)
def certified(job: Job, case: Case, lined_up: LineUp, prepared: Prepared) -> LineUp:
    """Compare each variant with its parent on val, and leave out those that harm a class or do not pay."""
    return certify.certify(case, lined_up, prepared.tables["val"].columns, Faults(job, case.name).seen)


@task(name="choose", **PLAIN)
def choose(
    job: Job, case: Case, table: Table, prepared: Prepared, lined_up: LineUp, scratch: Path, measure: Timer
) -> tuple[Finalists, LineUp]:
    """Choose the finalists without test, and fit them again on train and val. Returns them and the variants that stand.

    measure: times what is shipped.
    """
    call = job.runner.call
    with job.display.step(f"{case.name}: choose") as report:
        choices = finalists.choose_all(case, table, lined_up.candidates, call, each=job.each, report=report)
    with job.display.step(f"{case.name}: refit") as report:
        told: Report = lambda epoch, epochs, _: report(epoch, epochs, {})  # noqa: E731  what is fitted to val has no score on it
        rules = finalists.field_of(case, case.usecase.targets[0], lined_up.candidates).rules
        again = Refit(case, table, prepared, rules, scratch, measure, call, job.each)
        shipped = again.ship(finalists.fitted_again(case, choices, lined_up.candidates), told)
        while refused := again.refused(shipped, lined_up.candidates):
            lined_up = lined_up.without(refused)
            choices = finalists.choose_all(case, table, lined_up.candidates, call)
            chosen = finalists.fitted_again(case, choices, lined_up.candidates)
            shipped |= again.ship([one for one in chosen if one.name not in shipped], told)
        return Finalists(choices, shipped, again.joined(shipped)), lined_up


def choose_beside(
    job: Job, case: Case, table: Table, prepared: Prepared, lined_up: LineUp, scratch: Path
) -> tuple[Finalists, LineUp, dict[str, Importances]]:
    """Choose the finalists, and measure importances beside, which end before what is shipped is timed.

    Returns finalists, the variants that stand, and importances by family.
    """

    def measured() -> dict[str, Importances]:
        found = explain(job, case, lined_up, prepared)
        plots.warm_up()
        return found

    with job.beside(f"{case.name}: importances", measured) as explained:

        def alone(bundles: list[Path]) -> Mapping[Path, Timing]:
            explained()
            return timing.measure(bundles)

        chosen, standing = choose(job, case, table, prepared, lined_up, scratch, alone)
        return chosen, standing, explained()


@task(name="judge", **PLAIN)
def judge(
    case: Case,
    lined_up: list[Candidate],
    prepared: Prepared,
    rivals: Mapping[str, Incumbents],
    finalists: Finalists,
    hints: tuple[Hint, ...],
) -> Outcome:
    """Compare the finalists on the exam."""
    return outcome.judge_case(case, lined_up, prepared, rivals, finalists, hints)


@task(name="importances", **PLAIN)
def explain(job: Job, case: Case, lined_up: LineUp, prepared: Prepared) -> dict[str, Importances]:
    """Measure, for each family, how much the loss on val rises when columns are shuffled, where rows have flat columns.

    A family whose importances cannot be measured has none.
    """
    val = prepared.tables["val"]
    columns = case.modality.CAPABILITIES.features(val.columns, case.options)
    exported = [candidate for candidate in lined_up.candidates if candidate.variant == compress.FLOAT]
    faults, measured = Faults(job, case.name), dict[str, Importances]()
    if len(columns) > MOST_COLUMNS:
        job.display.say(
            f"  {case.name}: importances of the {MOST_COLUMNS} of {len(columns):,} columns that say most of the answer"
        )
    for one in exported if columns else ():
        measure = lambda c=one: importances(c.bundle, val, columns, case.settings.seed)  # noqa: E731
        if (found := faults.attempt(f"importances of {one.family}", measure, None)) is not None:
            measured[one.family] = found
    return measured


@task(name="cross-validate", **PLAIN)
def cross_validate(job: Job, case: Case, table: Table, judged: Outcome) -> Mapping[str, FoldResult]:
    """Cross-validate the finalist's family where the settings ask for folds; every family with `exam: families`."""
    finalist = judged.finalist(case.usecase.targets[0])
    if case.usecase.folds is None or finalist is None:
        return {}
    faults, results = Faults(job, case.name), dict[str, FoldResult]()
    for family in case.usecase.families if case.usecase.exam == "families" else [finalist.family]:
        with job.display.step(f"{case.name}: folds of {family}") as report:
            run = lambda f=family, r=report: folds.run(case, table, f, job.runner.call, r)  # noqa: E731
            if (result := faults.attempt(f"cross-validation of {family}", run, None)) is not None:
                results[family] = result
    return results


@task(name="champions", **STORE)
def incumbents_of(job: Job, case: Case, target: str, prepared: Prepared) -> Incumbents:
    """Fetch champion, best so far and number of looks from the registry. A trial has none."""
    return Incumbents() if job.space.is_trial else registered.held(job.space, case, target, prepared)


@task(name="track", **STORE)
def track(job: Job, case: Case, final: Outcome, scratch: Path, rivals: Mapping[str, Incumbents]) -> None:
    """Write the MLflow runs, then record in the registry each look that was made. What is there is not written again."""
    record = record_of(case, final, scratch, rivals, Faults(job, case.name).attempt)
    run_id = tracking.log_once(job.space, record, key_of_outcome(final))
    for decision in final.decisions:
        rows = rivals[decision.target].rows
        if decision.looked and rows is not None:
            exams.record_look(job.space, case.name, decision.target, decision.looks, rows, run_id)
    if not job.space.is_trial:
        for line in ages.record_runs(job.space, job.settings, final.decisions):
            job.display.say(line)


@task(name="track failure", **STORE)
def track_failure(job: Job, case: Case, reports: Path, error: str) -> None:
    """Write an MLflow run with the validation report of a use case whose data was refused."""
    tracking.log_once(job.space, failure_of(case, reports, error), uuid4().hex)


@flow(name="usecase", flow_run_name="{name}", validate_parameters=False)
def usecase(name: str) -> str:
    """Run one use case up to its written decision. Returns "complete", "infeasible" or "failed"."""
    job = CURRENT.get()
    with job.display.step(f"{name}: ask the registry", counted=False):
        case = with_keys(job.case(name))
    scratch, reports = _clean(job.space.home / "making" / name), _clean(job.space.home / "reports" / name)
    try:
        table, findings = check(job, case, reports)
        with job.display.step(f"{name}: prepare"):
            prepared = split(case, table)
    except DataError as error:
        job.alone(name)
        track_failure(job, case, reports, str(error))
        job.ran.stopped[name] = f"stopped by its data: {error}"
        job.display.say(f"  {name} is stopped by its data: {error}")
        return "failed"
    case, final, rivals = decided(job, case, table, findings, prepared, scratch)
    job.pass_on(name)
    with job.display.step(f"{name}: track"):
        track(job, case, final, scratch, rivals)
        _show(job, name, final)
        outcome.install(case, scratch)
    job.ran.written.append(name)
    return final.status


def decided(
    job: Job, case: Case, table: Table, findings: Findings, prepared: Prepared, scratch: Path
) -> tuple[Case, Outcome, Mapping[str, Incumbents]]:
    """Train, compare and judge, and write the outcome to scratch. Returns the case with its further entries and the rivals."""
    name, reports = case.name, job.space.home / "reports" / case.name
    if case.usecase.before:
        job.alone(name)  # what it begins with may have been made just now
    case = widen(job, case, prepared)
    with job.beside(f"{name}: look for hints", lambda: hint(job, case, table, prepared, findings, reports)) as hinted:
        made, failures = fitting.families(job, case, prepared, scratch)
        case = fitting.blend(job, case, prepared, scratch, made, failures)
        hints = hinted()
    job.alone(name)
    with job.display.step(f"{name}: time"):
        lined_up = candidates.line_up(made, timing.measure_each)
    with job.display.step(f"{name}: certify", counted=False):
        lined_up = certified(job, case, lined_up, prepared)
    chosen, lined_up, explained = choose_beside(job, case, table, prepared, lined_up, scratch)
    with job.display.step(f"{name}: judge"):
        rivals = {target: incumbents_of(job, case, target, prepared) for target in case.usecase.targets}
        judged = judge(case, lined_up.candidates, prepared, rivals, chosen, hints)
    results = cross_validate(job, case, table, judged)
    with job.display.step(f"{name}: report"):
        final = outcome.with_failures(judged, made, failures, lined_up.refused)
        final = replace(final, importances=explained, folds=results)
        outcome.write(case, final, table, scratch, reports)
        exam_rows.training_rows(prepared).write(scratch / TRAINING_ROWS)
    return case, final, rivals


def _clean(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _show(job: Job, name: str, final: Outcome) -> None:
    """Add the table of results, the decision and a link to MLflow to Prefect's page of the run."""
    key = f"{job.space.experiment}-{name}".replace("_", "-").lower()
    create_table_artifact(final.table(), key=f"{key}-results", description=f"Variants of {name}, scored on val")
    create_markdown_artifact(summary(final.decisions), key=f"{key}-decision", description=f"What was decided on {name}")
    create_link_artifact(tracking.page(job.space), link_text="The experiment in MLflow", key=f"{key}-mlflow")
