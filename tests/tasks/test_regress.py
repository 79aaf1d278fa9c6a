"""Regress, against scikit-learn and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from minnow import tasks
from minnow.measures import score_all
from minnow.tasks import regress
from minnow.types import Batch, DecisionRule


def batch_of(target: list[float]) -> Batch:
    keys = np.arange(len(target), dtype=np.uint64)
    return Batch({}, np.array(target, np.float32), np.empty(0, "<U1"), "regress", keys)


@pytest.mark.parametrize("offset", [0.0, 10_000.0])
def test_measures_are_those_of_scikit_learn(offset):
    from sklearn import metrics

    random = np.random.default_rng(1)
    batch = batch_of(random.normal(size=300) + offset)
    outputs = {"value": (batch.target + random.normal(scale=0.5, size=300)).astype(np.float32)}
    truth, answer = batch.target.astype(np.float64), outputs["value"].astype(np.float64)
    scores = {name: score.value for name, score in score_all(regress.MEASURES, outputs, batch).items()}
    assert scores == pytest.approx(
        {
            "mae": metrics.mean_absolute_error(truth, answer),
            "rmse": metrics.root_mean_squared_error(truth, answer),
            "r2": metrics.r2_score(truth, answer),
        },
        rel=1e-9,
    )


def test_a_column_of_values_may_be_flat_or_upright():
    batch = batch_of([1, 2, 3])
    upright = {"value": np.array([[1], [2], [4]], np.float32)}
    assert regress.MEASURES[0].loss(upright, batch).tolist() == [0, 0, 1]
    assert regress.answers(upright, batch.labels, {}) == [{"value": 1.0}, {"value": 2.0}, {"value": 4.0}]


def test_a_target_that_does_not_vary_explains_nothing():
    batch = batch_of([2, 2, 2])
    assert score_all(regress.MEASURES, {"value": batch.target + 1}, batch)["r2"].value == 0


def test_margin_is_two_percent_of_the_mean_loss_unless_set():
    assert regress.MEASURES[0].loss_margin(np.array([1.0, 3.0]), None) == pytest.approx(0.04)
    assert regress.MEASURES[0].loss_margin(np.array([1.0, 3.0]), 0.1) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("column", "named"),
    [
        (np.array(["1", "two", "3"]), "'two'"),
        (np.array([1.0, None], object), "None"),
        (np.array([1.0, np.nan]), "nan.*row 1"),
        (np.array([1.0, 1e300]), r"1e\+300.*row 1"),
        (np.array(["1", "inf"]), "inf.*row 1"),
    ],
)
def test_a_target_that_is_no_number_is_named(column, named):
    with pytest.raises(ValueError, match=named):
        regress.encode(column, np.empty(0, "<U1"))


def test_baselines_are_mean_and_median_of_train():
    baselines = regress.baselines(batch_of([0, 0, 0, 4]))
    assert {name: answer(batch_of([9, 9]))["value"].tolist() for name, answer in baselines.items()} == {
        "mean": [1, 1],
        "median": [0, 0],
    }


def test_a_flip_is_more_than_one_percent_of_the_range():
    batch = batch_of([0, 100, 50])
    a = {"value": np.array([10, 20, 30], np.float32)}
    b = {"value": np.array([10.9, 21.1, 28.9], np.float32)}
    assert regress.flips(a, b, batch).tolist() == [False, True, True]


def test_numbers_are_rounded_to_the_few_values_of_train_where_val_loses_less():
    rule = tasks.measure("regress", "mae").rule
    train, val = batch_of([3, 3, 5, 6] * 5), batch_of([3, 5, 6])
    near, far = ({"value": np.array(values, np.float32)} for values in ([3.4, 4.6, 9], [4.1, 4, 5.4]))
    found = rule(near, val, train)
    assert found == DecisionRule(values=(3.0, 5.0, 6.0))
    assert str(found) == "the nearest of the numbers 3, 5, 6"
    assert tasks.decider("regress", found, val.labels)(near)["value"].tolist() == [3, 5, 6]
    assert rule(far, val, train) is None


@pytest.mark.parametrize(
    ("target", "task", "rows"),
    [(range(13), "regress", 3), ([3], "regress", 3), ([3, 5], "forecast", 3), ([3, 5], "regress", 0)],
)
def test_many_values_and_forecasts_and_no_rows_leave_numbers_as_they_are(target, task, rows):
    train = replace(batch_of([*target] * 2), task=task)
    outputs = {"value": np.full(rows, 3.1, np.float32)}
    assert tasks.measure(task, "mae").rule(outputs, replace(batch_of([3.0] * rows), task=task), train) is None


def test_other_measures_do_not_round():
    assert [tasks.measure("regress", name).rule for name in ("rmse", "mape", "pinball@0.9")] == [None] * 3
