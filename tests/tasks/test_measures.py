"""Measures that a use case can name: their values against scikit-learn, and the spread of those that are no mean over rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

from minnow import tasks
from minnow.measures import score
from minnow.types import Batch

NO_MEANS = ("auc", "balanced_accuracy", "macro_f1", "average_precision", "average_precision@b", "f1@b")


def classes(n=400, k=2, seed=0, spread=1.0):
    """Rows of k classes, of which the last is rare, with rounded probabilities, so that some are equal."""
    random = np.random.default_rng(seed)
    share = np.r_[np.ones(k - 1), 0.3] / (k - 0.7)
    target = random.choice(k, n, p=share)
    logits = random.normal(0, spread, (n, k)) + 1.2 * (target[:, None] == np.arange(k))
    probability = np.round(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), 2).astype(np.float64)
    labels = np.array(list("abcdef"[:k]))
    batch = Batch({}, target, labels, "classify", np.arange(n, dtype=np.uint64))
    return {"probabilities": probability}, batch


def numbers(n=300, seed=0):
    random = np.random.default_rng(seed)
    target = random.normal(50, 10, n).astype(np.float32)
    batch = Batch({}, target, np.empty(0, "<U1"), "regress", np.arange(n, dtype=np.uint64))
    return {"value": target + random.normal(0, 5, n).astype(np.float32)}, batch


def value(name, outputs, batch):
    measure = tasks.measure(batch.task, name)
    return 1 - measure.loss(outputs, batch).mean() if measure.higher_is_better else measure.loss(outputs, batch).mean()


@pytest.mark.parametrize("k", [2, 4])
def test_classes_are_scored_as_by_scikit_learn(k):
    outputs, batch = classes(k=k)
    p, y = outputs["probabilities"], batch.target
    one_hot = y[:, None] == np.arange(k)
    expected = {
        "auc": metrics.roc_auc_score(y, p[:, 1])
        if k == 2
        else np.mean([metrics.roc_auc_score(one_hot[:, i], p[:, i]) for i in range(k)]),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, p.argmax(1)),
        "macro_f1": metrics.f1_score(y, p.argmax(1), average="macro"),
        "average_precision": metrics.average_precision_score(one_hot.astype(int), p, average="macro"),
        "average_precision@b": metrics.average_precision_score(one_hot[:, 1], p[:, 1]),
        "brier": ((p - one_hot) ** 2).sum(1).mean() / (2 if k == 2 else 1),
    }
    for name, wanted in expected.items():
        assert value(name, outputs, batch) == pytest.approx(wanted, abs=1e-12), name


def test_numbers_are_scored_as_by_scikit_learn():
    outputs, batch = numbers()
    v, y = outputs["value"].astype(float), batch.target.astype(float)
    assert value("mape", outputs, batch) == pytest.approx(metrics.mean_absolute_percentage_error(y, v), rel=1e-5)
    assert value("pinball@0.9", outputs, batch) == pytest.approx(metrics.mean_pinball_loss(y, v, alpha=0.9), rel=1e-5)
    assert value("rmse", outputs, batch) == pytest.approx(metrics.mean_squared_error(y, v), rel=1e-5)
    assert value("r2", outputs, batch) == pytest.approx(metrics.r2_score(y, v), rel=1e-5)


@pytest.mark.parametrize("name", NO_MEANS)
@pytest.mark.parametrize("k", [2, 3])
def test_pseudo_values_have_the_influence_that_a_row_has_when_it_is_left_out(name, k):
    """(n - 1) (score - score without the row) is the jackknife's estimate of it. Source: Efron 1982."""
    outputs, batch = classes(300, k)
    rows = 1 - tasks.measure("classify", name).loss(outputs, batch)
    left_out = []
    for row in range(len(batch)):
        others = np.arange(len(batch)) != row
        left_out.append(value(name, {"probabilities": outputs["probabilities"][others]}, batch.take(others)))
    influence = (len(batch) - 1) * (rows.mean() - np.array(left_out))
    assert np.corrcoef(influence, rows - rows.mean())[0, 1] > 0.999
    assert np.std(rows) == pytest.approx(np.std(influence), rel=0.03)


def test_the_influence_on_the_coefficient_of_determination_is_that_of_a_row_that_is_left_out():
    outputs, batch = numbers()
    rows = 1 - tasks.measure("regress", "r2").loss(outputs, batch)
    others = [np.arange(len(batch)) != row for row in range(len(batch))]
    left_out = [value("r2", {"value": outputs["value"][kept]}, batch.take(kept)) for kept in others]
    influence = (len(batch) - 1) * (rows.mean() - np.array(left_out))
    assert np.corrcoef(influence, rows)[0, 1] > 0.999
    assert np.std(rows) == pytest.approx(np.std(influence), rel=0.03)


@pytest.mark.parametrize("name", NO_MEANS)
def test_its_interval_holds_the_truth_as_often_as_it_says(name):
    """The truth is the score of 100,000 rows."""
    measure = tasks.measure("classify", name)
    truth = score(measure, *classes(100_000, 3, 9)).value
    found = [score(measure, *classes(300, 3, seed)) for seed in range(400)]
    assert np.mean([one.low <= truth <= one.high for one in found]) == pytest.approx(0.945, abs=0.03)


@pytest.mark.parametrize("name", NO_MEANS)
def test_the_spread_of_pseudo_values_is_that_of_the_score_over_samples(name):
    scores, errors = [], []
    for seed in range(300):
        outputs, batch = classes(250, 3, seed)
        rows = tasks.measure("classify", name).loss(outputs, batch)
        scores.append(rows.mean())
        errors.append(rows.std(ddof=1) / np.sqrt(len(rows)))
    assert np.mean(errors) == pytest.approx(np.std(scores), rel=0.15)


@pytest.mark.parametrize("name", NO_MEANS)
def test_rows_of_unknown_labels_and_single_classes_have_finite_losses(name):
    outputs, batch = classes(40)
    measure = tasks.measure("classify", name)
    for target in (np.r_[[-1] * 5, batch.target[5:]], np.zeros(40, int), np.full(40, -1)):
        rows = measure.loss(outputs, replace(batch, target=target))
        assert np.isfinite(rows).all()
        assert rows.shape == (40,)


def test_lists_of_any_length_are_scored():
    scores = np.array([[3.0, 2.0, 1.0, 0.0]])
    batch = Batch({}, np.array([[1, 3]]), np.array(list("abcd")), "rank", np.arange(1, dtype=np.uint64))
    found = {name: value(name, {"scores": scores}, batch) for name in ("recall@1", "recall@2", "recall@4", "ndcg@2")}
    assert found == pytest.approx(
        {"recall@1": 0, "recall@2": 0.5, "recall@4": 1, "ndcg@2": (1 / np.log2(3)) / (1 + 1 / np.log2(3))}
    )


def test_the_chosen_measure_stands_first_and_the_others_follow():
    assert [one.name for one in tasks.measures("classify", "auc")][:2] == ["auc", "accuracy"]
    assert [one.name for one in tasks.measures("regress", "pinball@0.1")] == ["pinball@0.1", "mae", "rmse", "r2"]
    assert tasks.measures("classify") == tasks.get("classify").MEASURES


@pytest.mark.parametrize(
    ("task", "name", "message"),
    [
        ("classify", "acuracy", "No measure of 'classify' 'acuracy'. Did you mean 'accuracy'?"),
        ("regress", "accuracy", "No measure of 'regress' 'accuracy'"),
        ("generate", "mae", "No measure of 'generate'"),
        ("rank", "coverage", "No measure of 'rank' 'coverage'"),
        ("rank", "ndcg@0", "at least 1"),
        ("rank", "ndcg@x", "at least 1"),
        ("regress", "pinball@1.5", "between 0 and 1"),
        ("regress", "pinball", "between 0 and 1"),
        ("regress", "mape@2", "has no parameter"),
        ("classify", "brier@a", "has no parameter"),
    ],
)
def test_a_measure_that_the_task_lacks_is_refused(task, name, message):
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        tasks.measure(task, name)


def test_rows_that_cannot_be_scored_are_refused():
    _, batch = numbers(5)
    assert "2 rows with 0" in tasks.measure("regress", "mape").refuses(
        replace(batch, target=np.array([0, 1, 0, 2, 3.0]))
    )
    _, batch = classes(20)
    assert "No class 'z'" in tasks.measure("classify", "average_precision@z").refuses(batch)
    assert tasks.measure("classify", "average_precision@b").refuses(batch) is None


def test_margins_are_those_of_the_measures():
    loss = np.full(10, 0.25)
    assert tasks.measure("classify", "auc").loss_margin(loss) == 0.002
    assert tasks.measure("classify", "average_precision").loss_margin(loss) == 0.005
    assert tasks.measure("classify", "brier").loss_margin(loss) == pytest.approx(0.0025)
    assert tasks.measure("regress", "rmse").loss_margin(loss) == pytest.approx(0.25 * (1.02**2 - 1))
    assert tasks.measure("regress", "pinball@0.9").loss_margin(loss) == pytest.approx(0.005)
