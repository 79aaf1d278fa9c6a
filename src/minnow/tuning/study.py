"""Studies: trials of one family, stored in a database so that an interrupted study can be resumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from minnow.lineage import code_version, key_of
from minnow.stages import starting
from minnow.stages.case import Case
from minnow.tuning import search
from minnow.tuning.search import Space

Direction = Literal["minimize", "maximize"]
PRESENT, OUTSIDE, SIZE, ERROR = "stands in params.yaml", "outside of the space", "size_bytes", "error"
"""Attributes of a trial: its values are those in params.yaml; and the space does not hold them; bytes of its best variant; why
it failed."""
_STARTUP, _WARM_UP = 5, 3
"""Complete trials before the first is pruned, and epochs of a trial before it is pruned."""


@dataclass(frozen=True)
class Tuned:
    """The result of a study.

    measure: the first measure; values: of the best trial, dotted name -> value; score: of it on val, None where no trial was
    completed; size_bytes: of its best variant, with the encoder; now: score on val of the values in params.yaml, None where
    their trial was not completed; counts: state -> number of trials; is_present: the best values are those in params.yaml.
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
    shared = {
        "rows": rows,
        "seed": case.settings.seed,
        "compression": case.usecase.compression,
        "size_bytes": case.usecase.budget.size_bytes,
        "teachers": {
            name: [case.usecase.families[name], code_version(case.modules(name))] for name in case.usecase.teachers
        },
        **identity(case, family, space),
    }
    return f"{case.name}/{family}/{key_of(shared)[:12]}"


def identity(case: Case, family: str, space: Space) -> dict[str, Any]:
    """What is searched of an entry, what stays fixed, where it starts from and the code that fits it."""
    searched, start = {name.partition(".")[0] for name in space}, starting.find(case, family)
    own = {
        "space": {name: span.model_dump() for name, span in space.items()},
        "fixed": {name: value for name, value in case.usecase.families[family].items() if name not in searched},
        "code": code_version([*case.modules(family), __name__]),
    }
    return own | ({"init_from": asdict(start.record)} if start else {})


def open_study(storage: str, name: str, case: Case, directions: Sequence[Direction] = ()) -> Any:
    """Create or resume an Optuna study. Trials that an interruption cut off are enqueued again.

    storage: address of the database, as "sqlite:///tune.db". directions: "minimize" or "maximize" for each value of a trial;
    without them there is one, the score.
    """
    import optuna
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    own: Direction = "maximize" if case.measure.higher_is_better else "minimize"
    pruner = _pruner(case.settings.tune.pruner)
    study = optuna.create_study(
        storage=storage, study_name=name, directions=directions or [own], load_if_exists=True, pruner=pruner
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
    """Make the values in params.yaml the first trial of a new study. Outside of the space they teach the sampler nothing."""
    if study.trials:
        return
    values = search.present_values(case, family, space)
    study.enqueue_trial(values or {}, user_attrs={PRESENT: True} | ({OUTSIDE: True} if values is None else {}))


def values_of(trial: Any, space: Space) -> dict[str, Any]:
    """Values of a trial that begins, dotted name -> value; none for what stands in params.yaml outside of the space."""
    return {} if OUTSIDE in trial.user_attrs else search.suggest(trial, space)


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
            name = "cut" if _is_cut(trial) else "failed"
        if name != "waiting":
            names[name] = names.get(name, 0) + 1
    return names


def ended(study: Any) -> int:
    """Count the trials that ended, failed ones included; interrupted ones are run again and do not count."""
    known = counts(study)
    return sum(known.values()) - known.get("cut", 0)


def best_trial(study: Any, first: int | None = None) -> Any:
    """Return the best complete trial, or None; of equal scores the smallest model, then the first trial.

    first: look at so many of the trials that ended.
    """
    trials = [t for t in study.get_trials(deepcopy=False) if t.state.is_finished() and not _is_cut(t)][:first]
    complete = [t for t in trials if t.state == state("complete")]
    return max(complete, key=lambda t: _rank(study, t), default=None)


def ranked(opened: Mapping[str, Any], first: int | None = None) -> list[str]:
    """Names of studies, those with the best trial first; those without a complete trial last, in their order.

    first: look at so many of the trials of each that ended.
    """
    best = {name: best_trial(study, first) for name, study in opened.items()}
    found = sorted((name for name, trial in best.items() if trial), key=lambda name: _rank(opened[name], best[name]))
    return [*reversed(found), *(name for name, trial in best.items() if not trial)]


def _rank(study: Any, trial: Any) -> tuple[float, float, float]:
    """What makes a complete trial better than another: its score, then fewer bytes, then that it came first."""
    sign = 1 if study.direction.name == "MAXIMIZE" else -1
    return (sign * trial.value, -trial.user_attrs[SIZE], -trial.number)


def _is_cut(trial: Any) -> bool:
    """Whether a trial was interrupted."""
    return trial.state == state("fail") and ERROR not in trial.user_attrs


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
