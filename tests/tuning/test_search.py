"""Search: which values are suggested, how they are read back, and which trials are pruned."""

from types import SimpleNamespace

import optuna
import pytest

from minnow import config
from minnow.stages.case import Case
from minnow.tuning import search
from minnow.types import StopFit, silent

SPAN = config.Span.model_validate


def test_a_space_of_params_yaml_stands_in_place_of_the_family_s(case):
    spaces = {"small": {"fcnn": {"schedule.floor": {"low": 0.0, "high": 0.5}}}}
    space = search.space_of(case(tune={"spaces": spaces}), "fcnn")
    assert list(space) == ["schedule.floor"]


@pytest.mark.parametrize(
    "span",
    [
        {},
        {"low": 1},
        {"low": 2, "high": 1},
        {"low": 0, "high": 1, "log": True},
        {"among": []},
        {"among": [1], "low": 0},
    ],
)
def test_a_span_that_is_none_is_refused(span):
    with pytest.raises(ValueError, match=r"span|at least 1 item"):
        SPAN(span)


def test_values_are_whole_log_or_of_a_list_and_come_back_as_they_were_suggested():
    space = {
        "leaves": SPAN({"low": 3, "high": 32, "log": True}),
        "l2": SPAN({"low": 0.0, "high": 10.0}),
        "units": SPAN({"among": [[8], [16, 8], None]}),
    }
    trials = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        trial = trials.ask()
        values = search.suggest(trial, space)
        assert isinstance(values["leaves"], int)
        assert 3 <= values["leaves"] <= 32
        assert len(f"{values['l2']:.10g}".replace(".", "").lstrip("0")) <= 4
        assert values["units"] in ([8], [16, 8], None)
        trials.tell(trial, 0.0)
        assert search.decoded(trials.trials[-1].params, space) == values


def test_values_go_under_dotted_names_and_everything_else_stays(case):
    before = case({"epochs": 5, "schedule": {"kind": "constant"}})
    tried = search.with_values(before, "fcnn", {"schedule.floor": 0.2, "dropout": 0.1})
    assert tried.usecase.families == {
        "fcnn": {"epochs": 5, "schedule": {"kind": "constant", "floor": 0.2}, "dropout": 0.1}
    }
    assert before.usecase.families == {"fcnn": {"epochs": 5, "schedule": {"kind": "constant"}}}


class Trial:
    """Keeps what is reported, and is pruned below 0.5."""

    def __init__(self):
        self.seen = []

    def report(self, value, step):
        self.seen.append((step, value))

    def should_prune(self):
        return self.seen[-1][1] < 0.5


@pytest.mark.parametrize(
    ("direction", "metrics", "value"),
    [
        ("maximize", {"val_accuracy": 0.9, "val_loss": 3.0}, 0.9),
        ("maximize", {"val_loss": -0.7}, 0.7),
        ("minimize", {"val_loss": 0.7}, 0.7),
    ],
)
def test_progress_is_reported_in_the_study_s_direction(direction, metrics, value):
    trial = Trial()
    search.watching(silent, trial, direction)(2, 9, metrics)
    assert trial.seen == [(2, value)]


def test_a_trial_without_prospect_is_ended_but_not_at_its_last_step_nor_without_metrics():
    watch = search.watching(silent, Trial(), "maximize")
    watch(1, 9, {"loss": 1.0})
    watch(9, 9, {"val_accuracy": 0.1})
    with pytest.raises(StopFit):
        watch(8, 9, {"val_accuracy": 0.1})


def evaluation(size, value):
    return SimpleNamespace(bundle=SimpleNamespace(size_bytes=size), primary=SimpleNamespace(value=value))


def test_the_best_variant_within_the_budget_counts(case):
    free = case()
    large, small, worse = evaluation(900, 0.9), evaluation(300, 0.9), evaluation(100, 0.8)
    assert search.best(free, [large, small, worse]) is small
    entry = free.usecase.model_copy(update={"budget": config.Budget(size_bytes=200)})
    tight = Case("small", free.settings.model_copy(update={"usecases": {"small": entry}}), free.workspace)
    assert search.best(tight, [large, small, worse]) is worse
    with pytest.raises(ValueError, match=r"budget\.size_bytes 200\. Received: 300 bytes"):
        search.best(tight, [large, small])
