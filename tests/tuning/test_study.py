"""Studies: what is kept of trials, and which of them is best."""

import pytest

from minnow import config, families
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


@pytest.mark.parametrize("name", [name for name in families.names() if families.get(name).CAPABILITIES.space])
def test_the_first_trial_of_a_family_is_what_stands_in_params_yaml(name, case, tmp_path):
    family = families.get(name)
    small = case(None, family.MODALITIES[0], family.TASKS[0], name)
    space = search.space_of(small, name)
    opened = study.open_study(f"sqlite:///{tmp_path / 'tune.db'}", "one", small)
    study.enqueue_present(opened, small, name, space)
    values = study.values_of(trial := opened.ask(), space)
    own = family.Params.model_validate(small.usecase.families[name])
    tried = family.Params.model_validate(search.with_values(small, name, values).usecase.families[name])
    assert tried == own
    trial.set_user_attr(study.SIZE, 10)
    opened.tell(trial, 0.7)
    assert study.present_score(opened) == 0.7
    assert study.tuned(opened, small, space).is_present


def test_of_equal_trials_the_smallest_is_best(case, tmp_path):
    trials = study.open_study(f"sqlite:///{tmp_path / 'tune.db'}", "one", case())
    for size in (30, 10, 20):
        trial = trials.ask()
        trial.set_user_attr(study.SIZE, size)
        trials.tell(trial, 0.9)
    assert study.best_trial(trials).number == 1


def test_studies_are_ranked_by_the_first_trials_that_ended(case, tmp_path):
    storage = f"sqlite:///{tmp_path / 'tune.db'}"
    scores = {"early": [0.8, 0.8, 0.8], "late": [0.7, 0.9, 0.6], "none": []}
    opened = {name: study.open_study(storage, name, case()) for name in scores}
    opened["early"].ask()  # cut off by the next opening, so that it has not ended
    opened["early"] = study.open_study(storage, "early", case())
    for name, values in scores.items():
        for value in values:
            trial = opened[name].ask()
            trial.set_user_attr(study.SIZE, 10)
            opened[name].tell(trial, value)
    assert study.ended(opened["early"]) == 3
    assert study.ranked(opened) == ["late", "early", "none"]
    assert study.ranked(opened, first=1) == ["early", "late", "none"]
