"""Tiny batches of every task, with a perfect answer and a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from minnow import tasks
from minnow.types import Array, Batch

KEY = np.arange(6, dtype=np.uint64)


@dataclass(frozen=True)
class Example:
    """raw: targets as they lie in a table; right, wrong: outputs for the batch."""

    raw: Array
    batch: Batch
    right: dict[str, Array]
    wrong: dict[str, Array]


def classify() -> Example:
    raw = np.array(["cat", "dog", "cat", "eel", "dog", "cat"])
    labels, target = np.array(["cat", "dog", "eel"]), np.array([0, 1, 0, 2, 1, 0])
    spread = np.full((6, 3), 0.1, np.float32)
    right, wrong = spread.copy(), spread.copy()
    right[np.arange(6), target] = 0.8
    wrong[np.arange(6), (target + 1) % 3] = 0.8
    return Example(raw, Batch({}, target, labels, "classify", KEY), {"probabilities": right}, {"probabilities": wrong})


def regress() -> Example:
    raw = np.array(["1", "2.5", "-3", "4", "0", "7"])
    target = raw.astype(np.float32)
    batch = Batch({}, target, np.empty(0, "<U1"), "regress", KEY)
    return Example(raw, batch, {"value": target.copy()}, {"value": target[::-1].copy()})


def forecast() -> Example:
    example = regress()
    return replace(example, batch=replace(example.batch, task="forecast"))


def rate() -> Example:
    example = regress()
    return replace(example, batch=replace(example.batch, task="rate"))


def rank() -> Example:
    """Thirty items; each user has seen the item of the same number, and the next two are relevant."""
    labels = np.array([f"item-{i:02d}" for i in range(30)])
    seen = np.stack([np.arange(6), np.full(6, -1)], axis=1)
    target = np.stack([np.arange(1, 7), np.arange(2, 8)], axis=1)
    scores = np.zeros((6, 30), np.float32)
    scores[np.arange(6)[:, None], target] = [2.0, 1.0]
    scores[np.arange(6), np.arange(6)] = 9.0
    batch = Batch({"seen": seen}, target, labels, "rank", KEY)
    return Example(labels[target], batch, {"scores": scores}, {"scores": -scores})


@cache
def generate() -> Example:
    """Images of one bright row each, and a generator that makes only white ones."""
    random = np.random.default_rng(0)
    train = random.random((60, 4, 4, 1), np.float32) * 0.2
    train[np.arange(60), np.arange(60) % 4] += 0.7
    images = train[:6] + np.float32(0.02)
    batch = Batch({"image": images}, np.zeros(6, np.float32), np.empty(0, "<U1"), "generate", KEY)
    extraction = tasks.get("generate").CAPABILITIES.feature_extraction
    assert extraction
    extractor = extraction.fit(replace(batch, inputs={"image": train}), (np.arange(60) % 4).astype(str), None)
    right = {"sample": images.copy()}
    return Example(images, replace(batch, extractor=extractor), right, {"sample": np.ones_like(images)})


EXAMPLES = {
    "classify": classify,
    "regress": regress,
    "forecast": forecast,
    "rank": rank,
    "rate": rate,
    "generate": generate,
}


@pytest.fixture
def example() -> Callable[[str], Example]:
    """Return the example of a task; a task without one has no tests."""
    return lambda task: EXAMPLES[task]()
