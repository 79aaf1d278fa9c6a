"""Studies: trials of one family, stored in a database so that an interrupted study can be resumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from minnow.lineage import code_version, key_of
from minnow.stages import starting
from minnow.stages.case import Case
from minnow.tuning import search
from minnow.tuning.search import Space

PRESENT, SIZE, ERROR = "stands in params.yaml", "size_bytes", "error"
"""Attributes of a trial: its values are those in params.yaml; bytes of its best variant; why it failed."""
_STARTUP, _WARM_UP = 5, 3
"""Complete trials before the first is pruned, and epochs of a trial before it is pruned."""


@dataclass(frozen=True)
class Tuned:
    """The result of a study.

    measure: the first measure; values: of the best trial, dotted name -> value; score: of it on val, None where no trial was
    completed; size_bytes: of its best variant, with the encoder; now: score on val of the values in params.yaml, None where
    the space does not hold them; counts: state -> number of trials; is_present: the best values are those in params.yaml.
    """

    measure: str
    values: Mapping[str, Any] = field(default_factory=dict)
    score: float | None = None
    size_bytes: int | None = None
    now: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    is_present: bool = False


def study_name(case: Case, family: str, rows: str, space: Space) -> str:
    """Name a study by a hash of everything that its trials share: another space, seed, data or code is another study.

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
    shared |= {"init_from": asdict(start.record)} if start else {}
    return f"{case.name}/{family}/{key_of(shared)[:12]}"


def open_study(storage: str, name: str, case: Case) -> Any:
    """Create or resume an Optuna study. Trials that an interruption cut off are enqueued again.

    storage: address of the database, as "sqlite:///tune.db".
    """
    import optuna
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    direction = "maximize" if case.measure.higher_is_better else "minimize"
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
    """Make the values in params.yaml the first trial of a new study, where the space holds them."""
    values = None if study.trials else search.present_values(case, family, space)
    if values is not None:
        study.enqueue_trial(values, user_attrs={PRESENT: True})


def state(name: str) -> Any:
    """Return Optuna's state of a trial by name: "complete", "pruned", "fail"."""
    from optuna.trial import TrialState

    return TrialState[name.upper()]


def counts(study: Any) -> dict[str, int]:
    """Count a study's trials by their state: complete, pruned, failed, cut (interrupted)."""
    names: dict[str, int] = {}
    for trial in study.get_trials(deepcopy=False):
        name = trial.state.name.lower()
        if name == "fail":
            name = "failed" if ERROR in trial.user_attrs else "cut"
        if name != "waiting":
            names[name] = names.get(name, 0) + 1
    return names


def best_trial(study: Any) -> Any:
    """Return the best complete trial, or None; of equal scores the smallest model, then the first trial."""
    complete = study.get_trials(deepcopy=False, states=(state("complete"),))
    sign = 1 if study.direction.name == "MAXIMIZE" else -1
    return max(complete, key=lambda t: (sign * t.value, -t.user_attrs[SIZE], -t.number), default=None)


def present_score(study: Any) -> float | None:
    """Return the score of the values in params.yaml, or None where they have no complete trial."""
    complete = study.get_trials(deepcopy=False, states=(state("complete"),))
    return next((trial.value for trial in complete if trial.user_attrs.get(PRESENT)), None)


def tuned(study: Any, case: Case, space: Space) -> Tuned:
    """Return the result of a study."""
    measure, trial = case.measure.name, best_trial(study)
    if trial is None:
        return Tuned(measure, counts=counts(study))
    values, attributes = search.decoded(trial.params, space), trial.user_attrs
    is_present = attributes.get(PRESENT, False)
    return Tuned(
        measure, values, trial.value, attributes[SIZE], present_score(study), counts(study), is_present=is_present
    )
