"""Rank, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnow.measures import score_all
from minnow.tasks import _ranking, rank
from minnow.types import Batch


def batch_of(target: list[list[int]], items: int, seen: list[list[int]] | None = None) -> Batch:
    labels = np.array([f"item-{i:03d}" for i in range(items)])
    inputs = {} if seen is None else {"seen": np.array(seen)}
    return Batch(inputs, np.array(target), labels, "rank", np.arange(len(target), dtype=np.uint64))


def test_measures_are_those_of_scikit_learn():
    from sklearn.metrics import ndcg_score

    random = np.random.default_rng(5)
    scores = random.permuted(np.tile(np.arange(40, dtype=np.float32), (50, 1)), axis=1)
    target = np.stack([random.choice(40, 12, replace=False) for _ in range(50)])
    target[:, 4:][random.random((50, 8)) < 0.5] = -1
    relevant = np.zeros((50, 41))
    relevant[np.arange(50)[:, None], target] = 1  # the padding goes to a column of its own
    relevant = relevant[:, :40]
    first_ten = np.argsort(-scores, axis=1)[:, :10]
    hits = np.take_along_axis(relevant, first_ten, 1).sum(1)
    measured = score_all(rank.MEASURES, {"scores": scores}, batch_of(target, 40))
    assert {name: score.value for name, score in measured.items()} == pytest.approx(
        {
            "ndcg@10": ndcg_score(relevant, scores, k=10),
            "recall@10": (hits / relevant.sum(1)).mean(),
            "hit@10": (hits > 0).mean(),
            "coverage": len(np.unique(first_ten)) / 40,
        }
    )


def test_ndcg_by_hand():
    """Relevant items in places 1 and 3 of a list where two are relevant."""
    outputs = {"scores": np.array([[9, 8, 7, 6]], np.float32)}
    scores = score_all(rank.MEASURES, outputs, batch_of([[0, 2]], 4))
    assert scores["ndcg@10"].value == pytest.approx((1 + 0.5) / (1 + 1 / np.log2(3)))
    assert rank.MEASURES[0].loss(outputs, batch_of([[0, 2]], 4)) == pytest.approx([1 - scores["ndcg@10"].value])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 15), st.integers(1, 25))
def test_the_first_k_are_those_of_a_stable_sort_of_what_is_unseen(seed, k, items):
    """Few distinct scores, so that ties are the rule."""
    random = np.random.default_rng(seed)
    scores = random.integers(0, 4, (7, items)).astype(np.float32)
    seen = random.integers(-1, items, (7, 5))
    best = _ranking.top(scores, seen, k)
    assert best.shape == (7, min(k, items))
    for row, dropped, listed in zip(scores, seen, best, strict=True):
        unseen = [i for i in np.argsort(-row, kind="stable") if i not in dropped]
        wanted = unseen[: min(k, items)]
        assert listed.tolist() == wanted + [-1] * (min(k, items) - len(wanted))


def test_ranking_more_rows_than_fit_at_once_gives_the_same(monkeypatch):
    random = np.random.default_rng(0)
    scores, seen = random.integers(0, 9, (50, 30)).astype(np.float32), random.integers(-1, 30, (50, 4))
    at_once = _ranking.top(scores, seen, 10)
    monkeypatch.setattr(_ranking, "CHUNK", 7)
    np.testing.assert_array_equal(_ranking.top(scores, seen, 10), at_once)


def test_seen_items_are_neither_answered_nor_counted():
    """The best two items are seen, and one of them would have been relevant."""
    batch = batch_of([[0, 3], [2, -1]], 5, seen=[[0, 1], [4, -1]])
    outputs = {"scores": np.array([[9, 8, 7, 6, 5], [1, 2, 3, 4, 9]], np.float32)}
    answers = rank.answers(outputs, batch.labels, batch.inputs)
    assert answers[0] == {"items": ["item-002", "item-003", "item-004"], "scores": [7.0, 6.0, 5.0]}
    assert "item-004" not in answers[1]["items"]
    scores = score_all(rank.MEASURES, outputs, batch)
    assert scores["recall@10"].value == 1  # item-000 was seen, so it is not relevant any more
    assert scores["ndcg@10"].value == pytest.approx(1 / np.log2(3))


def test_seen_items_are_not_covered_by_popularity_either():
    batch = batch_of([[0, 1], [0, 2], [0, -1]], 12, seen=[[0, -1], [0, -1], [0, -1]])
    scores = rank.baselines(batch)["popularity"](batch)
    assert scores["scores"][0].tolist() == [3, 1, 1] + [0] * 9
    best = rank.answers(scores, batch.labels, batch.inputs, k=3)
    assert [answer["items"] for answer in best] == [["item-001", "item-002", "item-003"]] * 3


def test_a_row_without_a_known_relevant_item_does_not_count_but_is_a_loss():
    batch = batch_of([[0], [-1], [1]], 12, seen=[[-1], [-1], [1]])
    outputs = {"scores": np.tile(np.arange(12, 0, -1, dtype=np.float32), (3, 1))}
    scores = score_all(rank.MEASURES, outputs, batch)
    assert (scores["ndcg@10"].value, scores["ndcg@10"].n) == (1, 1)
    assert rank.MEASURES[0].loss(outputs, batch).tolist() == [0, 1, 1]


def test_a_user_who_has_seen_everything_gets_an_empty_list():
    batch = batch_of([[0]], 2, seen=[[0, 1]])
    outputs = {"scores": np.ones((1, 2), np.float32)}
    assert rank.answers(outputs, batch.labels, batch.inputs) == [{"items": [], "scores": []}]
    assert score_all(rank.MEASURES, outputs, batch)["coverage"].value == 0


def test_a_score_that_is_no_number_is_never_answered():
    batch = batch_of([[0]], 3)
    outputs = {"scores": np.array([[np.nan, 1, 2]], np.float32)}
    assert rank.answers(outputs, batch.labels, batch.inputs)[0]["items"] == ["item-002", "item-001"]


def test_margin_is_two_percent_of_the_mean_ndcg_unless_set():
    assert rank.MEASURES[0].loss_margin(np.array([0.5, 0.7]), None) == pytest.approx(0.02 * 0.4)
    assert rank.MEASURES[0].loss_margin(np.array([0.5, 0.7]), 0.1) == pytest.approx(0.04)


def test_a_flip_is_another_set_of_ten_and_not_another_order():
    batch = batch_of([[0], [0]], 20)
    a = np.tile(np.arange(20, 0, -1, dtype=np.float32), (2, 1))
    b = a.copy()
    b[0, [0, 1]] = b[0, [1, 0]]
    b[1, 19] = 100
    assert rank.flips({"scores": a}, {"scores": b}, batch).tolist() == [False, True]


def test_lists_differ_by_the_share_of_their_items_whatever_their_order():
    labels = np.array([f"item-{i:03}" for i in range(12)])
    batch = Batch(
        {"seen": np.array([[11], [11]])}, np.zeros((2, 1), np.int64), labels, "rank", np.arange(2, dtype=np.uint64)
    )
    a = np.tile(np.arange(12.0, 0, -1), (2, 1))
    b = a.copy()
    b[0, [0, 1]] = b[0, [1, 0]]
    b[1, [9, 10]] = b[1, [10, 9]]
    share = rank.CAPABILITIES.differing({"scores": a}, {"scores": b}, batch)
    assert share.tolist() == [0.0, 0.1]
