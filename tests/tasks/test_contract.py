"""What every task promises, whatever its answers mean."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import registered

from minnow import tasks
from minnow.contracts import Task
from minnow.measures import score_all

TASKS = list(tasks.names())
TYPES = {"string": str, "number": float, "array": list, "object": dict}
SHARES = {
    "accuracy",
    "macro_f1",
    "balanced_accuracy",
    "auc",
    "ndcg@10",
    "recall@10",
    "hit@10",
    "coverage",
    "precision",
    "recall",
    "memorised",
}
MARGINS = {
    "accuracy": (0.01, False),
    "balanced_accuracy": (0.01, False),
    "macro_f1": (0.01, False),
    "auc": (0.002, False),
    "log_loss": (0.01, True),
}
"""Default margins that are not 2 % of the score: (margin, whether it is a share)."""


@pytest.fixture(params=TASKS)
def task(request):
    return tasks.get(request.param)


@pytest.fixture
def sample(task, example):
    return example(task.__name__.rpartition(".")[2])


def fits(value: object, schema: dict) -> bool:
    """Whether a value fits the part of JSON Schema that answers are described in."""
    if "anyOf" in schema:
        return any(fits(value, option) for option in schema["anyOf"])
    if not isinstance(value, TYPES[schema["type"]]):
        return False
    if isinstance(value, list):
        return all(fits(item, schema["items"]) for item in value)
    if isinstance(value, dict):
        known, other = schema.get("properties", {}), schema.get("additionalProperties")
        named = all(name in value for name in schema.get("required", ()))
        return named and all(fits(item, known.get(name, other)) for name, item in value.items())
    return True


def test_measures_are_finite_and_within_their_bounds(task, sample):
    for outputs in (sample.right, sample.wrong):
        for name, value in score_all(task.MEASURES, outputs, sample.batch).items():
            assert all(math.isfinite(v) for v in (value.value, value.low, value.high)), name
            assert value.low <= value.value <= value.high, name


def test_each_measure_has_a_range_that_its_intervals_keep_to(task, sample):
    for measure in task.MEASURES:
        assert measure.low < measure.high
        assert math.isfinite(measure.low) or math.isfinite(measure.high), measure.name
        assert (measure.name in SHARES) == ((measure.low, measure.high) == (0, 1)), measure.name
        for outputs in (sample.right, sample.wrong):
            value = score_all([measure], outputs, sample.batch)[measure.name]
            assert measure.low <= value.low <= value.high <= measure.high, measure.name


def test_each_measure_has_its_default_margin(task):
    for measure in task.MEASURES:
        assert (measure.margin, measure.relative) == MARGINS.get(measure.name, (0.02, True)), measure.name


def test_the_margin_of_a_task_is_that_of_its_first_measure(task):
    loss = np.full(6, 0.25)
    assert task.MEASURES[0].loss_margin(loss, None) == task.MEASURES[0].loss_margin(loss, task.MEASURES[0].margin)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("classify", 0.01),
        ("regress", 0.005),
        ("forecast", 0.005),
        ("rank", 0.015),
        ("rate", 0.0101),
        ("generate", 0.005),
    ],
)
def test_the_default_margin_on_a_mean_loss_of_a_quarter(name, expected):
    assert tasks.get(name).MEASURES[0].loss_margin(np.full(6, 0.25), None) == pytest.approx(expected)


def test_measures_set_exactly_one_of_rows_and_score(task):
    assert all((measure.rows is None) != (measure.score is None) for measure in task.MEASURES)
    assert task.MEASURES[0].rows is not None


def test_measures_prefer_the_right_answer_in_their_own_direction(task, sample):
    for measure in task.MEASURES[:3]:
        right, wrong = (score_all([measure], o, sample.batch)[measure.name].value for o in (sample.right, sample.wrong))
        assert (right > wrong) if measure.higher_is_better else (right < wrong), measure.name


def test_loss_is_zero_for_a_perfect_answer_and_more_for_a_wrong_one(task, sample):
    right, wrong = task.MEASURES[0].loss(sample.right, sample.batch), task.MEASURES[0].loss(sample.wrong, sample.batch)
    assert right.shape == wrong.shape == (len(sample.batch),)
    assert right.dtype == wrong.dtype == np.float64
    assert right.max() == pytest.approx(0, abs=1e-9)
    assert wrong.mean() > 0.1
    assert not task.MEASURES[0].binary or set(wrong) <= {0.0, 1.0}


def test_margin_is_absolute_and_positive_and_grows_with_the_setting(task, sample):
    loss, of = np.full(6, 0.25), task.MEASURES[0].loss_margin
    assert 0 < of(loss, 0.005) < of(loss, None) < of(loss, 0.5)


def test_encoding_by_the_classes_gives_the_batch_target(task, sample):
    labels = task.classes(sample.raw)
    assert list(labels) == sorted(set(labels))
    in_batch = {str(label): i for i, label in enumerate(sample.batch.labels)}
    encoded = task.encode(sample.raw, sample.batch.labels)
    assert encoded.dtype == (np.float32 if not in_batch else np.int64)
    np.testing.assert_array_equal(encoded, sample.batch.target)
    assert set(labels) <= set(in_batch)


def test_encoding_what_labels_do_not_know_gives_minus_one(task, sample):
    if not len(sample.batch.labels):
        pytest.skip("an answer of this task is a number")
    for stranger in ("", "aaa", "zzz"):
        raw = sample.raw.astype("<U9")
        raw.flat[0] = stranger
        encoded = task.encode(raw, sample.batch.labels)
        assert encoded.flat[0] == -1
        np.testing.assert_array_equal(encoded.flat[1:], sample.batch.target.flat[1:])
    assert (task.encode(sample.raw, np.empty(0, "<U1")) == -1).all()


def test_baselines_answer_any_batch_in_the_output_shape(task, sample):
    baselines = task.baselines(sample.batch)
    assert baselines
    for name, answer in baselines.items():
        for rows in (sample.batch, sample.batch.take(np.arange(2))):
            output = answer(rows)[task.OUTPUT]
            assert output.shape == (len(rows), *sample.right[task.OUTPUT].shape[1:]), name
            assert output.dtype == np.float32, name
            assert np.isfinite(task.MEASURES[0].loss({task.OUTPUT: output}, rows)).all(), name


def test_a_model_does_not_flip_against_itself_and_does_against_a_wrong_one(task, sample):
    same = task.flips(sample.right, sample.right, sample.batch)
    assert same.shape == (len(sample.batch),)
    assert same.dtype == bool
    assert not same.any()
    assert task.flips(sample.right, sample.wrong, sample.batch).any()


def test_answers_are_json_and_fit_their_schema(task, sample):
    for k in (None, 2):
        answers = task.answers(sample.right, sample.batch.labels, sample.batch.inputs, k)
        assert len(answers) == len(sample.batch)
        assert json.loads(json.dumps(answers, allow_nan=False)) == answers
        assert all(fits(answer, task.ANSWER) for answer in answers)


def test_a_task_works_on_no_rows(task, sample):
    rows = sample.batch.take(np.arange(0))
    outputs = {task.OUTPUT: sample.right[task.OUTPUT][:0]}
    assert task.answers(outputs, rows.labels, rows.inputs) == []
    assert task.MEASURES[0].loss(outputs, rows).shape == task.flips(outputs, outputs, rows).shape == (0,)
    assert math.isnan(score_all(task.MEASURES[:1], outputs, rows)[task.MEASURES[0].name].value)


@pytest.mark.parametrize("name", tasks.names())
def test_outputs_made_from_answers_mean_those_answers(name, example):
    task, sample = tasks.get(name), example(name)
    outputs = task.outputs_from_answers(sample.raw, sample.batch.labels)
    assert outputs[task.OUTPUT].shape == sample.right[task.OUTPUT].shape
    assert task.MEASURES[0].loss(outputs, sample.batch).max() < 1e-6


@pytest.mark.parametrize("name", tasks.names())
def test_public_names_are_those_of_the_contract(name):
    registered.check_names(tasks.registry, name, Task)


def test_pyright_reads_every_task():
    registered.check_listed(tasks.registry)
