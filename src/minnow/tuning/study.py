"""Studies: trials of one family kept in a database, so that a study goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from minnow.lineage import code_version, key_of
from minnow.stages import starting
from minnow.stages.case import Case
from minnow.tuning import search
from minnow.tuning.search import Space

PRESENT, SIZE, ERROR = "stands in params.yaml", "size_bytes", "error"
"""Attributes of a trial: its values are those of params.yaml; bytes of its best variant; why it failed."""
_STARTUP, _WARM_UP = 5, 3
"""Whole trials before one may be pruned, and epochs of a trial before it may be."""


@dataclass(frozen=True)
class Tuned:
    """The result of a study. values: dotted name -> value, of the best trial; score, now: first measure on val.

    size_bytes: of its best variant, with the encoder. now: score of the values in params.yaml, None where the space does not
    hold them; counts: state -> trials. is_present: the best values are those of params.yaml.
    """

    measure: str
    values: Mapping[str, Any] = field(default_factory=dict)
    score: float | None = None
    size_bytes: int | None = None
    now: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    is_present: bool = False


def study_name(case: Case, family: str, rows: str, space: Space) -> str:
    """Name a study by everything that its trials share: another space, seed, data or code begins another study.

    rows: hash of the encoded rows.
    """
    searched, start = {name.partition(".")[0] for name in space}, starting.find(case, family)
    shared = {
        "rows": rows,
        "space": {name: span.model_dump() for name, span in space.items()},
        "fixed": {name: value for name, value in case.usecase.families[family].items() if name not in searched},
        "seed": case.settings.seed,
        "compression": case.usecase.compression,
        "size_bytes": case.usecase.budget.size_bytes,
        "code": code_version([*case.modules(family), __name__]),
    }
    shared |= {"init_from": start.record} if start else {}
    return f"{case.name}/{family}/{key_of(shared)[:12]}"


def open_study(storage: str, name: str, case: Case) -> Any:
    """Begin an Optuna study, or go on with one. Trials that a stop cut off are enqueued again.

    storage: address of the database, as "sqlite:///tune.db".
    """
    import optuna
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    direction = "maximize" if case.task.MEASURES[0].higher_is_better else "minimize"
    pruner = _pruner(case.settings.tune.pruner)
    study = optuna.create_study(
        storage=storage, study_name=name, direction=direction, load_if_exists=True, pruner=pruner
    )
    for cut in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(cut.number, state=TrialState.FAIL)
        study.enqueue_trial(cut.params, user_attrs=cut.user_attrs)
    study.sampler = optuna.samplers.TPESampler(seed=case.settings.seed + len(study.trials))
    return study


def _pruner(name: str) -> Any:
    import optuna

    if name == "median":
        return optuna.pruners.MedianPruner(_STARTUP, _WARM_UP)
    return optuna.pruners.HyperbandPruner(min_resource=_WARM_UP) if name == "hyperband" else optuna.pruners.NopPruner()


def enqueue_present(study: Any, case: Case, family: str, space: Space) -> None:
    """Let a new study begin with the values in params.yaml, where the space holds them."""
    values = None if study.trials else search.present_values(case, family, space)
    if values is not None:
        study.enqueue_trial(values, user_attrs={PRESENT: True})


def state(name: str) -> Any:
    """Return Optuna's state of a trial by name: "complete", "pruned", "fail"."""
    from optuna.trial import TrialState

    return TrialState[name.upper()]


def counts(study: Any) -> dict[str, int]:
    """Count a study's trials by their state: complete, pruned, failed, cut."""
    names: dict[str, int] = {}
    for trial in study.get_trials(deepcopy=False):
        name = trial.state.name.lower()
        if name == "fail":
            name = "failed" if ERROR in trial.user_attrs else "cut"
        if name != "waiting":
            names[name] = names.get(name, 0) + 1
    return names


def best_trial(study: Any) -> Any:
    """Return the best trial that was completed, or None; of equals the smallest, then the first."""
    complete = study.get_trials(deepcopy=False, states=(state("complete"),))
    sign = 1 if study.direction.name == "MAXIMIZE" else -1
    return max(complete, key=lambda t: (sign * t.value, -t.user_attrs[SIZE], -t.number), default=None)


def present_score(study: Any) -> float | None:
    """Return the score of the values in params.yaml, or None where they were no trial that was completed."""
    complete = study.get_trials(deepcopy=False, states=(state("complete"),))
    return next((trial.value for trial in complete if trial.user_attrs.get(PRESENT)), None)


def tuned(study: Any, case: Case, space: Space) -> Tuned:
    """Read the best trial off a study."""
    measure, trial = case.task.MEASURES[0].name, best_trial(study)
    if trial is None:
        return Tuned(measure, counts=counts(study))
    values, attributes = search.decoded(trial.params, space), trial.user_attrs
    is_present = attributes.get(PRESENT, False)
    return Tuned(
        measure, values, trial.value, attributes[SIZE], present_score(study), counts(study), is_present=is_present
    )
