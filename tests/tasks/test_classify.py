"""Classify, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from minnow.measures import score_all
from minnow.tasks import classify
from minnow.types import Batch


def batch_of(target: list[int], k: int) -> Batch:
    labels = np.array([f"label-{i}" for i in range(k)])
    return Batch({}, np.array(target), labels, "classify", np.arange(len(target), dtype=np.uint64))


@pytest.fixture
def random_answers():
    random = np.random.default_rng(3)
    target = random.choice(4, 200, p=[0.6, 0.3, 0.08, 0.02])
    predicted = random.dirichlet(np.ones(4), 200)
    predicted[np.arange(200), target] += 0.4
    return {"probabilities": (predicted / predicted.sum(1, keepdims=True)).astype(np.float32)}, batch_of(target, 4)


def test_measures_are_those_of_scikit_learn(random_answers):
    from sklearn import metrics

    outputs, batch = random_answers
    probabilities, predicted = outputs["probabilities"].astype(np.float64), outputs["probabilities"].argmax(1)
    probabilities /= probabilities.sum(1, keepdims=True)
    scores = {name: score.value for name, score in score_all(classify.MEASURES, outputs, batch).items()}
    assert scores == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(batch.target, predicted),
            "log_loss": metrics.log_loss(batch.target, probabilities, labels=range(4)),
            "macro_f1": metrics.f1_score(batch.target, predicted, average="macro"),
            "balanced_accuracy": metrics.balanced_accuracy_score(batch.target, predicted),
            "auc": metrics.roc_auc_score(batch.target, probabilities, multi_class="ovr"),
        },
        rel=1e-6,
    )


def test_the_area_of_two_labels_is_that_of_scikit_learn_with_ties():
    from sklearn import metrics

    random = np.random.default_rng(5)
    target = random.integers(0, 2, 300)
    probability = np.round(np.clip(random.normal(0.4 + 0.2 * target, 0.3), 0, 1), 1)
    outputs = {"probabilities": np.stack([1 - probability, probability], 1)}
    area = score_all(classify.MEASURES, outputs, batch_of(target, 2))["auc"]
    assert area.value == pytest.approx(metrics.roc_auc_score(target, probability))
    assert area.low < area.value < area.high


def test_the_area_of_one_label_alone_is_one_half():
    scores = score_all(classify.MEASURES, {"probabilities": np.eye(2)[[0, 1, 0]]}, batch_of([1, 1, 1], 2))
    assert scores["auc"].value == 0.5


def test_a_label_that_occurs_nowhere_does_not_count():
    outputs = {"probabilities": np.eye(5, dtype=np.float32)[[0, 0, 1]]}
    scores = score_all(classify.MEASURES, outputs, batch_of([0, 1, 1], 5))
    assert scores["macro_f1"].value == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert scores["balanced_accuracy"].value == pytest.approx((1 + 1 / 2) / 2)


def test_an_unknown_label_is_a_wrong_answer_and_no_row_of_any_label():
    outputs = {"probabilities": np.eye(2, dtype=np.float32)[[0, 0, 1, 1]]}
    batch = batch_of([0, -1, 1, -1], 2)
    assert classify.MEASURES[0].loss(outputs, batch).tolist() == [0, 1, 0, 1]
    scores = score_all(classify.MEASURES, outputs, batch)
    assert scores["accuracy"].value == 0.5
    assert scores["balanced_accuracy"].value == 1
    assert scores["macro_f1"].value == pytest.approx(2 / 3)  # each label: 1 hit, 2 answers, 1 row
    assert scores["log_loss"].value == pytest.approx(-np.log(1e-7) / 2)


def test_certainty_in_a_mistake_costs_a_finite_loss():
    outputs = {"probabilities": np.array([[1.0, 0.0]], np.float32)}
    assert score_all(classify.MEASURES, outputs, batch_of([1], 2))["log_loss"].value == pytest.approx(16.118, abs=1e-3)


def test_margin_is_one_point_unless_set():
    assert classify.MEASURES[0].loss_margin(np.array([0.5]), None) == 0.01
    assert classify.MEASURES[0].loss_margin(np.array([0.5]), 0.03) == 0.03


def test_majority_answers_with_the_shares_of_train():
    majority = classify.baselines(batch_of([1, 1, 1, 0, -1], 3))["majority"]
    rows = batch_of([0, 1], 3)
    np.testing.assert_allclose(majority(rows)["probabilities"], [[0.2, 0.6, 0.0]] * 2, rtol=1e-6)
    assert classify.MEASURES[0].loss(majority(rows), rows).tolist() == [1, 0]


def test_answers_list_the_k_best_labels_and_name_the_best():
    outputs = {"probabilities": np.array([[0.25, 0.5, 0.25], [0.125, 0.125, 0.75]], np.float32)}
    labels = np.array(["a", "b", "c"])
    every = classify.answers(outputs, labels, {})
    assert every[0] == {"label": "b", "probability": 0.5, "probabilities": {"a": 0.25, "b": 0.5, "c": 0.25}}
    two = classify.answers(outputs, labels, {}, k=2)
    assert [list(answer["probabilities"]) for answer in two] == [["b", "a"], ["c", "a"]]


def test_a_flip_is_another_label_and_not_another_probability():
    batch = batch_of([0, 0, 0], 2)
    a = {"probabilities": np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], np.float32)}
    b = {"probabilities": np.array([[0.6, 0.4], [0.4, 0.6], [0.2, 0.8]], np.float32)}
    assert classify.flips(a, b, batch).tolist() == [False, True, False]
