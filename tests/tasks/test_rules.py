"""Decision rules and the measures that ask for one: by definition, by scikit-learn, and what they choose."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from minnow import tasks
from minnow.tasks import _rules as rules
from minnow.types import Batch, DecisionRule

NAMES = np.array(list("abcdef"))
COSTS = {"a": {"b": 1, "c": 2}, "b": {"a": 5, "c": 1}, "c": {"a": 3, "b": 7}}


def rows(k, n=300, seed=0, weight=None):
    """Rows of k classes with their probabilities, of which the last class is rare and rarely the most probable one."""
    random = np.random.default_rng(seed)
    share = np.r_[np.ones(k - 1), 0.15] / (k - 0.85)
    target = random.choice(k, n, p=share)
    likelihood = np.exp(random.normal(0, 1, (n, k)) + 1.0 * (target[:, None] == np.arange(k))) * share
    batch = Batch({}, target, NAMES[:k], "classify", np.arange(n, dtype=np.uint64))
    p = (likelihood / likelihood.sum(1, keepdims=True)).astype(np.float32)
    return {"probabilities": p}, batch if weight is None else replace(batch, weight=weight.astype(np.float32))


def answered(rule, outputs, labels):
    return tasks.get("classify").CAPABILITIES.answered(tasks.decider("classify", rule, labels)(outputs))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.integers(0, 500), st.floats(0, 1))
def test_a_threshold_takes_its_label_from_there_on_and_else_the_most_probable_of_the_others(k, seed, threshold):
    outputs, batch = rows(k, 60, seed)
    positive = seed % k
    found = answered(DecisionRule(NAMES[positive], threshold), outputs, batch.labels)
    for p, label in zip(outputs["probabilities"].astype(float), found, strict=True):
        others = [i for i in range(k) if i != positive]
        assert label == (positive if p[positive] >= threshold else max(others, key=lambda i: p[i]))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.integers(0, 500))
def test_costs_take_the_label_with_the_least_expected_cost(k, seed):
    outputs, batch = rows(k, 60, seed)
    matrix = np.random.default_rng(seed).uniform(0, 9, (k, k)).round(1)
    named = {NAMES[i]: {NAMES[j]: matrix[i, j] for j in range(k)} for i in range(k)}
    found = answered(DecisionRule(costs=named), outputs, batch.labels)
    for p, label in zip(outputs["probabilities"].astype(float), found, strict=True):
        expected = [sum(p[i] * matrix[i, j] for i in range(k)) for j in range(k)]
        assert expected[label] == pytest.approx(min(expected))
    missed = {NAMES[i]: matrix[i, 0] for i in range(k)}
    same_wherever = {NAMES[i]: {NAMES[j]: matrix[i, 0] for j in range(k) if j != i} for i in range(k)}
    by_one, by_all = (answered(DecisionRule(costs=costs), outputs, batch.labels) for costs in (missed, same_wherever))
    assert by_one.tolist() == by_all.tolist()


def test_of_two_labels_a_threshold_is_a_matrix_of_costs():
    outputs, batch = rows(2)
    costs = DecisionRule(costs={"a": {"b": 0.3}, "b": {"a": 0.7}})
    by_costs, by_threshold = (answered(one, outputs, batch.labels) for one in (costs, DecisionRule("b", 0.3)))
    assert by_costs.tolist() == by_threshold.tolist()
    assert by_costs.tolist() != outputs["probabilities"].argmax(1).tolist()


def test_without_a_rule_the_most_probable_label_is_answered_and_outputs_stay_as_they_are():
    outputs, batch = rows(3)
    assert tasks.decider("classify", None, batch.labels)(outputs) is outputs
    assert answered(None, outputs, batch.labels).tolist() == outputs["probabilities"].argmax(1).tolist()


@pytest.mark.parametrize(
    ("task", "rule", "message"),
    [
        ("classify", DecisionRule("z", 0.5), "needs the label 'z'. Received: a, b"),
        ("classify", DecisionRule(costs={"z": 1.0}), "needs costs of the labels a, b"),
        ("regress", DecisionRule("a", 0.5), "whose answers are labels. Received: 'regress'"),
    ],
)
def test_a_rule_of_other_labels_is_refused(task, rule, message):
    with pytest.raises(ValueError, match=message):
        tasks.decider(task, rule, NAMES[:2])


def test_a_label_that_costs_do_not_name_is_not_answered():
    """As one of val alone, which joins train when a model is fitted again."""
    outputs, batch = rows(3)
    for costs in ({"a": 1.0, "b": 2.0}, {"a": {"b": 1.0}, "b": {"a": 2.0}}):
        assert set(answered(DecisionRule(costs=costs), outputs, batch.labels)) == {0, 1}


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 5), st.integers(0, 500))
def test_the_mean_of_f1_is_that_of_scikit_learn(k, seed):
    outputs, batch = rows(k, 80, seed)
    label = NAMES[seed % k]
    outputs = tasks.decider("classify", DecisionRule(label, 0.2), batch.labels)(outputs)
    values = 1 - tasks.measure("classify", f"f1@{label}").loss(outputs, batch)
    truth, found = batch.target == seed % k, outputs["label"] == seed % k
    assert values.mean() == pytest.approx(metrics.f1_score(truth, found, zero_division=0))


def detections(n, seed):
    """Probabilities of a rare label, (n,) float32, and which rows have it."""
    random = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(3.4 - 1.7 * random.normal(size=n)))
    return p.astype(np.float32), random.random(n) < p


def f1_at(threshold, probability, positive):
    taken = probability >= threshold
    return 2 * (taken & positive).sum() / (taken.sum() + positive.sum())


def highest(probability, positive):
    """The threshold with the highest F1 on these rows as they are."""
    return max(np.unique(probability), key=lambda t: f1_at(t, probability, positive))


def test_the_threshold_of_f1_is_worth_more_on_other_rows_than_the_one_that_is_best_on_val():
    truth = detections(50_000, 0)
    best = max(f1_at(t, *truth) for t in np.linspace(0.01, 0.9, 200))
    lost = {"smoothed": 0.0, "highest": 0.0}
    for seed in range(1, 41):
        val = detections(400, seed)
        lost["smoothed"] += (best - f1_at(rules.best_threshold(*val), *truth)) / 40
        lost["highest"] += (best - f1_at(highest(*val), *truth)) / 40
    assert lost["smoothed"] < 0.7 * lost["highest"], lost


def test_with_many_rows_the_threshold_of_f1_is_the_best_one():
    val = detections(20_000, 1)
    threshold = rules.best_threshold(*val)
    assert f1_at(threshold, *val) > max(f1_at(t, *val) for t in np.linspace(0.01, 0.9, 200)) - 0.004
    assert not np.isin(threshold, val[0]), "midway, so that rounding moves no row across"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 500))
def test_the_threshold_of_f1_depends_on_the_order_of_probabilities_and_not_of_rows(seed):
    probability, positive = detections(150, seed)
    probability = np.round(probability, 2)
    threshold = rules.best_threshold(probability, positive)
    if not positive.any():
        assert threshold is None
        return
    taken = probability >= threshold
    assert (taken == (probability**3 >= rules.best_threshold(probability**3, positive))).all()
    order = np.random.default_rng(seed).permutation(150)
    assert rules.best_threshold(probability[order], positive[order]) == threshold


def test_the_rule_of_f1_has_its_class_and_threshold():
    outputs, batch = rows(3)
    rule = tasks.measure("classify", "f1@c").rule(outputs, batch, batch)
    assert rule == DecisionRule("c", rules.best_threshold(outputs["probabilities"][:, 2], batch.target == 2))


def test_f1_is_zero_where_nothing_has_the_label_and_nothing_is_answered_it():
    outputs, batch = rows(2)
    none = replace(batch, target=np.where(batch.target == 1, -1, batch.target))
    measure = tasks.measure("classify", "f1@b")
    assert measure.rule(outputs, none, batch) is None
    decided = tasks.decider("classify", DecisionRule("b", 1.0), batch.labels)(outputs)
    assert measure.loss(decided, none).tolist() == [1.0] * len(batch)


def cost(costs):
    return tasks.measure("classify", f"cost@{json.dumps(costs)}")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 500))
def test_the_mean_cost_is_the_confusion_matrix_times_the_costs(seed):
    outputs, batch = rows(3, 80, seed)
    measure = cost(COSTS)
    outputs = tasks.decider("classify", measure.rule(outputs, batch, batch), batch.labels)(outputs)
    matrix = np.array([[0, 1, 2], [5, 0, 1], [3, 7, 0]])
    confusion = metrics.confusion_matrix(batch.target, outputs["label"], labels=range(3))
    assert measure.loss(outputs, batch).mean() == pytest.approx((confusion * matrix).sum() / len(batch))


def test_a_row_of_an_unknown_label_costs_the_most_and_the_range_is_that_of_the_costs():
    measure = cost(COSTS | {"b": {"a": 5, "c": 1, "b": 0.5}})
    outputs, batch = rows(3, 4)
    assert measure.loss(outputs, replace(batch, target=np.full(4, -1))).tolist() == [7.0] * 4
    assert (measure.low, measure.high, measure.higher_is_better) == (0.0, 7.0, False)
    assert measure.loss_margin(np.array([0.5])) == pytest.approx(0.01)
    whole = cost({"a": {"a": 1, "b": 2}, "b": {"a": 3, "b": 2}})
    assert (whole.low, whole.high) == (1.0, 3.0)


def test_costs_decide_alike_for_probabilities_that_were_learned_with_weights():
    """Weights of classes change the odds that a model learns, and the rule takes that back."""
    outputs, batch = rows(3)
    weight = np.array([0.5, 1.0, 8.0])
    p = outputs["probabilities"] * weight
    weighted = {"probabilities": p / p.sum(1, keepdims=True)}
    train = replace(batch, weight=weight[batch.target].astype(np.float32))
    measure = cost(COSTS)
    plain = answered(measure.rule(outputs, batch, batch), outputs, batch.labels)
    again = answered(measure.rule(weighted, batch, train), weighted, batch.labels)
    naive = answered(measure.rule(weighted, batch, batch), weighted, batch.labels)
    assert again.tolist() == plain.tolist()
    assert naive.tolist() != plain.tolist()


def test_balanced_accuracy_recalls_all_labels_alike_where_that_is_better_on_val():
    outputs, batch = rows(3, 600)
    measure = tasks.measure("classify", "balanced_accuracy")
    rule = measure.rule(outputs, batch, batch)
    shares = np.bincount(batch.target) / len(batch)
    wanted = (outputs["probabilities"] / shares).argmax(1)
    assert answered(rule, outputs, batch.labels).tolist() == wanted.tolist()
    assert metrics.balanced_accuracy_score(batch.target, wanted) > 0.05 + metrics.balanced_accuracy_score(
        batch.target, outputs["probabilities"].argmax(1)
    )
    sure = {"probabilities": np.eye(3)[batch.target]}
    assert measure.rule(sure, batch, batch) is None, "no rule is better than answers that are all right"


def test_balanced_accuracy_needs_no_rule_where_the_classes_were_weighted_alike():
    _, batch = rows(2, 600)
    counts = np.bincount(batch.target)
    train = replace(batch, weight=(1 / counts)[batch.target].astype(np.float32))
    random = np.random.default_rng(1)
    p = random.uniform(size=600)
    outputs = {"probabilities": np.stack([1 - p, p], 1)}
    measure = tasks.measure("classify", "balanced_accuracy")
    assert measure.rule(outputs, batch, train) is None, "costs that are equal are those of the most probable label"


@pytest.mark.parametrize("name", ["f1@c", f"cost@{json.dumps(COSTS)}"])
def test_their_pseudo_values_and_intervals_decide(name):
    measure = tasks.measure("classify", name)
    assert measure.decides
    from minnow.measures import score

    outputs, batch = rows(3)
    outputs = tasks.decider("classify", measure.rule(outputs, batch, batch), batch.labels)(outputs)
    found = score(measure, outputs, batch)
    assert measure.low <= found.low < found.value < found.high <= measure.high


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("f1", r"f1 needs the class that it is of, such as \{name: f1, positive: yes\}"),
        ("cost", "cost needs costs, such as"),
        ('cost@{"a": 1}', "cost needs costs, such as"),
        ('cost@{"a": {}}', "two classes or more"),
        ('cost@{"a": {"b": 1}}', "Missing: 'a' predicted for 'b'"),
        ('cost@{"a": {"b": 1}, "b": {"a": -1}}', "at least 0. Received: -1.0 for 'a' predicted for 'b'"),
        ('cost@{"a": {"b": 1}, "b": {"a": NaN}}', "at least 0. Received: nan"),
        ('cost@{"a": {"b": 0}, "b": {"a": 0}}', "a cost above 0"),
    ],
)
def test_what_is_no_measure_is_refused(name, message):
    with pytest.raises(ValueError, match=message):
        tasks.measure("classify", name)


def test_rows_of_other_classes_are_refused():
    _, batch = rows(3)
    assert "measure.positive: No class 'z'" in tasks.measure("classify", "f1@z").refuses(batch)
    assert "Missing: 'c'. Named: a, b." in cost({"a": {"b": 1}, "b": {"a": 1}}).refuses(batch)
    typo = cost({one: {other: 1 for other in "abcd" if other != one} for one in "abcd"})
    assert "measure.costs: No class 'd'. Known: a, b, c." in typo.refuses(batch)
    assert cost(COSTS).refuses(batch) is None


def test_answers_name_the_label_that_was_taken_with_its_own_probability():
    outputs = {"probabilities": np.array([[0.6, 0.4], [0.9, 0.1]], np.float32)}
    outputs = tasks.decider("classify", DecisionRule("b", 0.3), NAMES[:2])(outputs)
    first, second = tasks.get("classify").answers(outputs, NAMES[:2], {})
    assert (first["label"], first["probability"]) == ("b", pytest.approx(0.4))
    assert first["probabilities"] == pytest.approx({"a": 0.6, "b": 0.4})
    assert second["label"] == "a"


def test_the_threshold_that_is_best_parts_no_equal_probabilities():
    probability = np.tile(np.array([0.9, 0.5, 0.5, 0.5, 0.1], np.float32), 100)
    positive = np.tile([True, True, False, True, False], 100)
    assert rules.best_threshold(probability, positive) == pytest.approx(0.3)
    assert rules.best_threshold(np.full(500, 0.5), positive) == 0.25
    assert rules.best_threshold(np.array([0.4]), np.array([True])) == pytest.approx(0.2)
    assert rules.best_threshold(probability, np.zeros(500, bool)) is None
    assert rules.best_threshold(probability, np.ones(500, bool)) == pytest.approx(0.05)
