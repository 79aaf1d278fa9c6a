"""Hints: planted leaks are found, and honest columns are left in peace."""

import numpy as np
import pytest

from minnow.insight import hints
from minnow.types import Table, content_key

N = 400
RANDOM = np.random.default_rng(0)
ANSWER = RANDOM.choice(["yes", "no"], N, p=[0.3, 0.7])
NUMBER = RANDOM.normal(size=N)


def _find(column, answer=ANSWER, task="classify", split="hash", repeat=0):
    key = np.array([content_key(str(i).encode()) for i in range(N)], np.uint64)
    rows = Table({"x": column, "answer": answer}, np.array([f"rows.csv:{i}" for i in range(N)]), key)
    splits = {"train": rows.take(np.arange(200)), "val": rows.take(np.arange(200, 300))}
    splits["test"] = rows.take(np.concatenate([np.arange(repeat), np.arange(300, N)]))
    return hints.find(rows, splits, "answer", ["x"], task, split)


LEAKS = [
    (np.where(ANSWER == "yes", 3.0, -1.0) + RANDOM.normal(0, 0.01, N), ANSWER, "classify"),
    (np.where(ANSWER == "yes", "granted", "declined").astype(object), ANSWER, "classify"),
    (NUMBER * 7 + 1, NUMBER.astype(str), "regress"),
    (np.where(ANSWER == "yes", np.nan, NUMBER), ANSWER, "classify"),
]


@pytest.mark.parametrize(("column", "answer", "task"), LEAKS)
def test_a_column_that_knows_the_answer_is_named(column, answer, task):
    (hint,) = _find(column, answer, task)
    assert (hint.kind, hint.column) == ("leak", "x")
    assert "options.drop" in hint.text


HONEST = [
    (NUMBER, ANSWER, "classify"),
    (RANDOM.choice(["a", "b", "c"], N).astype(object), ANSWER, "classify"),
    (NUMBER + RANDOM.normal(0, 0.5, N), NUMBER.astype(str), "regress"),
    (np.where(RANDOM.random(N) < 0.1, NUMBER, np.where(ANSWER == "yes", 2.0, 0.0)), ANSWER, "classify"),
]


@pytest.mark.parametrize(("column", "answer", "task"), HONEST)
def test_an_honest_column_is_left_in_peace(column, answer, task):
    assert _find(column, answer, task) == []


def test_a_number_or_name_of_the_row_is_an_id():
    assert [hint.kind for hint in _find(np.arange(N, dtype=float), split="group")] == ["id"]
    assert [hint.kind for hint in _find(np.array([f"user {i}" for i in range(N)], dtype=object))] == ["id"]


def test_a_time_under_a_random_split_is_named_and_under_a_split_by_time_is_not():
    days = np.datetime64("2024-01-01", "s") + RANDOM.integers(0, 10**7, N).astype("timedelta64[s]")
    assert [hint.kind for hint in _find(days)] == ["time"]
    assert _find(days, split="time") == []


def test_rows_of_the_exam_among_the_training_rows_are_counted():
    (hint,) = _find(NUMBER, repeat=7)
    assert hint.kind == "duplicates"
    assert "7 of 107" in hint.text
    assert "rows.csv:0" in hint.text
