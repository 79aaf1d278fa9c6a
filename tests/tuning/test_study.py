"""Studies: what is kept of trials, and which of them is best."""

from minnow import config
from minnow.tuning import search, study

SPAN = config.Span.model_validate


def test_another_space_seed_or_fixed_parameter_is_another_study_and_a_searched_one_is_not(case):
    space = {"dropout": SPAN({"low": 0.0, "high": 0.5})}
    name = lambda c, s=space: study.study_name(c, "fcnn", "rows", s)  # noqa: E731
    first = name(case())
    assert name(case({"dropout": 0.3})) == first
    others = [
        name(case({"epochs": 3})),
        name(case(seed=8)),
        name(case(), {"dropout": SPAN({"low": 0.0, "high": 0.4})}),
        study.study_name(case(), "fcnn", "other rows", space),
    ]
    assert len({first, *others}) == 5


def test_a_study_goes_on_where_it_was_cut(case, tmp_path):
    storage = f"sqlite:///{tmp_path / 'tune.db'}"
    space = {"dropout": SPAN({"low": 0.0, "high": 0.5})}
    first = study.open_study(storage, "one", case())
    search.suggest(first.ask(), space)  # and the process is gone
    again = study.open_study(storage, "one", case())
    assert study.counts(again) == {"cut": 1}
    trial = again.ask()
    assert search.suggest(trial, space) == search.decoded(first.trials[0].params, space)
    trial.set_user_attr(study.SIZE, 10)
    again.tell(trial, 0.7)
    assert study.counts(again) == {"cut": 1, "complete": 1}
    assert study.best_trial(again).number == 1
    assert study.present_score(again) is None


def test_of_equal_trials_the_smallest_is_best(case, tmp_path):
    trials = study.open_study(f"sqlite:///{tmp_path / 'tune.db'}", "one", case())
    for size in (30, 10, 20):
        trial = trials.ask()
        trial.set_user_attr(study.SIZE, size)
        trials.tell(trial, 0.9)
    assert study.best_trial(trials).number == 1
