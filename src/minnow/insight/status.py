"""The state of use cases and their champions: for people on the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from rich.table import Table

from minnow import tasks
from minnow.config import Settings, UseCase
from minnow.records.bundle import open_bundle
from minnow.records.files import RecordError
from minnow.records.report import read_report, score_as_json
from minnow.runners.progress import wide_console
from minnow.stores import ages, models, removal
from minnow.stores import champions as registry
from minnow.stores.ages import age_text
from minnow.stores.publication import divergence
from minnow.stores.versions import State
from minnow.types import Score
from minnow.workspace import Workspace

_FEW_FILES = 3


@dataclass(frozen=True)
class TargetStatus:
    """What is champion and what is served on one target.

    version, sha: of the champion, None where there is none; model, served, data_version: name, tag and data of the published
    model; scores: its scores on the exam, by measure; measure: the first of the task; divergence: how the published model
    differs from the champion, None where it does not. age_s: seconds since the champion was promoted or confirmed by a run;
    retired: whether it was taken away by hand and there is none since.
    """

    version: int | None
    sha: str | None
    model: str | None
    served: str | None
    data_version: str | None
    scores: Mapping[str, Mapping[str, float | int]]
    measure: str
    divergence: str | None
    age_s: float | None = None
    retired: bool = False


@dataclass(frozen=True)
class UseCaseStatus:
    """State of one use case. stale: reasons why it is stale, none where it is fresh; targets: by name."""

    usecase: str
    stale: Sequence[str]
    targets: Mapping[str, TargetStatus]


@dataclass(frozen=True)
class ChampionStatus:
    """A champion in the registry.

    best: version of the best model so far; age_s: seconds since it was promoted or confirmed by a run; max_age_s: the limit of
    params.yaml, None where there is none.
    """

    usecase: str
    target: str
    version: int
    sha: str
    run_id: str
    best: int | None
    age_s: float = 0.0
    max_age_s: float | None = None

    @property
    def stale(self) -> bool:
        """Whether it is older than max_age."""
        return self.max_age_s is not None and self.age_s > self.max_age_s


def status_of(space: Workspace, settings: Settings, usecase: str, state: State) -> UseCaseStatus:
    """Describe one use case: stale or fresh, and for each target its champion, scores and divergence."""
    entry = settings.usecases[usecase]
    targets = {target: _target(space, usecase, target, entry) for target in entry.targets}
    return UseCaseStatus(usecase, state.stale.get(usecase, []), targets)


def _target(space: Workspace, usecase: str, target: str, entry: UseCase) -> TargetStatus:
    champion, served = registry.current(space, usecase, target), models.newest(usecase, target)
    broken = model = data_version = None
    scores: Mapping[str, Score] = {}
    if served:
        try:
            exams = read_report(open_bundle(served.bundle)).exams
            model, data_version = served.provenance.name, served.provenance.data_version
            scores = exams["test"].scores if "test" in exams else {}
        except RecordError as error:
            broken = str(error)
    return TargetStatus(
        version=champion.version if champion else None,
        sha=champion.sha if champion else None,
        model=model,
        served=served.tag if served else None,
        data_version=data_version,
        scores={name: score_as_json(score) for name, score in scores.items()},
        measure=tasks.measure(entry.task, entry.measure_name).name,
        divergence=divergence(usecase, target, champion) or broken,
        age_s=ages.age_of(space, champion).confirmed_s if champion else None,
        retired=champion is None and removal.is_retired(space, usecase, target),
    )


def as_json(rows: Sequence[UseCaseStatus] | Sequence[ChampionStatus]) -> list[dict[str, object]]:
    """Return rows as plain values for JSON."""
    return [asdict(row) for row in rows]


def print_status(rows: Sequence[UseCaseStatus], data: Mapping[str, str]) -> None:
    """Print the state of use cases for people. data: file -> how it differs from its recorded version."""
    console = wide_console()
    table = Table()
    for column in ("use case", "state", "target", "champion", "age", "exam", "data", "differs"):
        table.add_column(column)
    for row in rows:
        state = "stale: " + "; ".join(_summarised(row.stale)) if row.stale else "fresh"
        for name, target in row.targets.items():
            champion, age = _shown(target)
            score = target.scores.get(target.measure)
            exam = f"{target.measure} {score['value']:.4f}" if score else ""
            data_version = (target.data_version or "")[:8]
            table.add_row(row.usecase, state, name, champion, age, exam, data_version, target.divergence or "none")
    console.print(table)
    for file, how in data.items():
        console.print(f"{file}: {how}", style="yellow")


def _shown(target: TargetStatus) -> tuple[str, str]:
    """Texts of a champion and of its age."""
    if target.version is None:
        return "retired" if target.retired else "none", ""
    return f"{target.model} v{target.version}", age_text(target.age_s or 0.0)


def _summarised(reasons: Sequence[str]) -> list[str]:
    """Count changed files of the code where there are several: a new version of Minnow changes most of them."""
    code = [reason for reason in reasons if reason.startswith(("src/", "flows/"))]
    if len(code) <= _FEW_FILES:
        return list(reasons)
    return [f"{len(code)} parts of the code modified", *(reason for reason in reasons if reason not in code)]


def champions_of(space: Workspace, settings: Settings) -> list[ChampionStatus]:
    """List the champion of every use case and target in the registry."""
    rows = []
    for usecase in settings.names:  # of an entry with a fault too: its champion is served all the same
        entry = settings.usecases.get(usecase)
        for target in entry.targets if entry else ("cpu", "gpu"):
            champion, best = (registry.current(space, usecase, target, role) for role in ("champion", "best"))
            if champion:
                number, age = best.version if best else None, ages.age_of(space, champion).confirmed_s
                limit = settings.max_age_of(usecase)
                rows.append(
                    ChampionStatus(usecase, target, champion.version, champion.sha, champion.run_id, number, age, limit)
                )
    return rows


def champion_lines(rows: Sequence[ChampionStatus]) -> str:
    """Format champions as text, one line each."""
    lines = [
        f"{row.usecase:<16} {row.target:<4} version {row.version:<4} {row.sha[:12]}  run {row.run_id}  {_aged(row)}"
        for row in rows
    ]
    return "\n".join(lines) or "No champion yet. Run `minnow run`."


def _aged(row: ChampionStatus) -> str:
    """Text of a champion's age, and that it is stale where it is older than max_age."""
    return age_text(row.age_s) + (f", stale: max_age is {age_text(row.max_age_s or 0.0)}" if row.stale else "")
