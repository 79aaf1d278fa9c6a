"""Search: what a study asks, what it keeps, and whom it prunes."""

from types import SimpleNamespace

import optuna
import pytest

from minnow import config, families
from minnow.catalog import catalog
from minnow.stages import search
from minnow.stages.case import Case
from minnow.types import Enough, silent
from minnow.workspace import workspace

SPAN = config.Span.model_validate


def case(tmp_path, params=None, modality="tabular", task="classify", family="fcnn", **more):
    entry = {"modality": modality, "task": task, "data": "rows.csv", "families": {family: params or {}}}
    if modality == "tabular":
        entry["options"] = {"target": "kind"}
    settings = config.Settings.model_validate({"usecases": {"small": entry}} | more)
    return Case("small", settings, workspace(root=tmp_path))


@pytest.mark.parametrize("name", families.names())
def test_every_family_takes_every_end_of_its_own_space(name, tmp_path):
    family = families.get(name)
    found = search.space_of(case(tmp_path, None, family.MODALITIES[0], family.TASKS[0], name), name)
    assert found
    defaults = search.present(case(tmp_path, None, family.MODALITIES[0], family.TASKS[0], name), name, found)
    assert defaults is not None or name in ("forest",), "what a family does by itself is worth the first trial"


def test_a_space_of_params_yaml_stands_in_place_of_the_family_s(tmp_path):
    given = {"small": {"fcnn": {"schedule.floor": {"low": 0.0, "high": 0.5}}}}
    found = search.space_of(case(tmp_path, tune={"spaces": given}), "fcnn")
    assert list(found) == ["schedule.floor"]


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


def test_values_are_whole_log_or_of_a_list_and_come_back_as_they_were_asked():
    space = {
        "leaves": SPAN({"low": 3, "high": 32, "log": True}),
        "l2": SPAN({"low": 0.0, "high": 10.0}),
        "units": SPAN({"among": [[8], [16, 8], None]}),
    }
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        trial = study.ask()
        values = search.ask(trial, space)
        assert isinstance(values["leaves"], int)
        assert 3 <= values["leaves"] <= 32
        assert len(f"{values['l2']:.10g}".replace(".", "").lstrip("0")) <= 4
        assert values["units"] in ([8], [16, 8], None)
        study.tell(trial, 0.0)
        assert search.decoded(study.trials[-1].params, space) == values


def test_values_go_under_dotted_names_and_everything_else_stays(tmp_path):
    given = case(tmp_path, {"epochs": 5, "schedule": {"kind": "constant"}})
    tried = search.with_values(given, "fcnn", {"schedule.floor": 0.2, "dropout": 0.1})
    assert tried.usecase.families == {
        "fcnn": {"epochs": 5, "schedule": {"kind": "constant", "floor": 0.2}, "dropout": 0.1}
    }
    assert given.usecase.families == {"fcnn": {"epochs": 5, "schedule": {"kind": "constant"}}}


def test_another_space_seed_or_fixed_parameter_is_another_study_and_a_searched_one_is_not(tmp_path):
    space = {"dropout": SPAN({"low": 0.0, "high": 0.5})}
    name = lambda c, s=space: search.study_name(c, "fcnn", "rows", s)  # noqa: E731
    one = name(case(tmp_path))
    assert name(case(tmp_path, {"dropout": 0.3})) == one
    others = [
        name(case(tmp_path, {"epochs": 3})),
        name(case(tmp_path, seed=8)),
        name(case(tmp_path), {"dropout": SPAN({"low": 0.0, "high": 0.4})}),
        search.study_name(case(tmp_path), "fcnn", "other rows", space),
    ]
    assert len({one, *others}) == 5


class Trial:
    """Takes what is reported, and sees no hope below 0.5."""

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


def test_a_hopeless_trial_is_ended_but_not_at_its_last_step_nor_for_want_of_metrics():
    watch = search.watching(silent, Trial(), "maximize")
    watch(1, 9, {"loss": 1.0})
    watch(9, 9, {"val_accuracy": 0.1})
    with pytest.raises(Enough):
        watch(8, 9, {"val_accuracy": 0.1})


def scored(size, value):
    return SimpleNamespace(bundle=SimpleNamespace(size_bytes=size), primary=SimpleNamespace(value=value))


def test_the_best_variant_within_the_budget_counts(tmp_path):
    given = case(tmp_path)
    large, small, worse = scored(900, 0.9), scored(300, 0.9), scored(100, 0.8)
    assert search.best(given, [large, small, worse]) is small
    entry = given.usecase.model_copy(update={"budget": config.Budget(size_bytes=200)})
    tight = Case("small", given.settings.model_copy(update={"usecases": {"small": entry}}), given.workspace)
    assert search.best(tight, [large, small, worse]) is worse
    with pytest.raises(ValueError, match=r"budget\.size_bytes 200\. Received: 300 bytes"):
        search.best(tight, [large, small])


def test_a_study_goes_on_where_it_was_cut(tmp_path):
    storage, given = f"sqlite:///{tmp_path / 'tune.db'}", case(tmp_path)
    space = {"dropout": SPAN({"low": 0.0, "high": 0.5})}
    first = search.study(storage, "one", given)
    search.ask(first.ask(), space)  # and the process is gone
    again = search.study(storage, "one", given)
    assert search.counts(again) == {"cut": 1}
    trial = again.ask()
    assert search.ask(trial, space) == search.decoded(first.trials[0].params, space)
    trial.set_user_attr(search.SIZE, 10)
    again.tell(trial, 0.7)
    assert search.counts(again) == {"cut": 1, "complete": 1}
    assert search.best_trial(again).number == 1
    assert search.present_value(again) is None


def test_of_equal_trials_the_smallest_is_best(tmp_path):
    study = search.study(f"sqlite:///{tmp_path / 'tune.db'}", "one", case(tmp_path))
    for size in (30, 10, 20):
        trial = study.ask()
        trial.set_user_attr(search.SIZE, size)
        study.tell(trial, 0.9)
    assert search.best_trial(study).number == 1


def test_an_unknown_name_in_a_space_is_named(tmp_path):
    text = """
usecases:
  small: {modality: tabular, task: classify, data: d, options: {target: kind}, families: [fcnn]}
tune:
  spaces:
    small:
      fcnn: {droput: {low: 0.0, high: 0.5}}
"""
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(config.ConfigError, match=r"tune\.spaces\.small\.fcnn\.droput: .*dropout"):
        config.load(tmp_path / "params.yaml", catalog())
    for wrong, right in (("      fcnn", "      gboost"), ("    small:\n      f", "    smal:\n      f")):
        (tmp_path / "params.yaml").write_text(text.replace(wrong, right))
        with pytest.raises(config.ConfigError, match=r"tune\.spaces"):
            config.load(tmp_path / "params.yaml", catalog())
