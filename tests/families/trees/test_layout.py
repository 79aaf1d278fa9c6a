"""Target encoding: cross-fitted in the rows that a model is fitted to, of all rows in the file."""

from dataclasses import replace

import numpy as np
import pytest

from minnow import families
from minnow.families._trees.layout import fit_layout
from minnow.types import Batch

ROWS = 600


def _batch(seed, ids, signal, labels=("no", "yes")):
    """Categories of a few rows each that say nothing, and a number that does."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(ROWS, 1)).astype(np.float32)
    target = (signal * numbers[:, 0] + rng.normal(size=ROWS) > 0).astype(np.int64)
    categories = rng.integers(2, ids, (ROWS, 1)).astype(np.int32)
    inputs = {"numbers": numbers, "categories": categories}
    return Batch(
        inputs,
        target if labels else (10 * target).astype(np.float32),
        np.array(labels, dtype=str),
        "classify" if labels else "regress",
        key=np.random.default_rng(seed + 1).integers(0, 2**63, ROWS).astype(np.uint64),
        modality="tabular",
        cardinalities={"categories": ids},
    )


@pytest.mark.parametrize("labels", [("no", "yes"), ()])
def test_the_rows_of_a_fit_do_not_carry_their_own_targets(labels):
    train = _batch(1, 200, 0.0, labels)
    layout, rows = fit_layout(train)
    own = np.corrcoef(layout.rows(train.inputs)[:, -1], train.target)[0, 1]
    fitted = np.corrcoef(rows[:, -1], train.target)[0, 1]
    assert own > 0.3, "the table itself is of all rows"
    assert abs(fitted) < 0.15


def test_the_table_is_the_shrunk_mean_of_all_rows_and_the_overall_mean_for_unknown_ids():
    train = _batch(1, 5, 0.0)
    layout, _ = fit_layout(train)
    for known in (2, 3, 4):
        mean = train.target[train.inputs["categories"][:, 0] == known].mean()
        assert abs(layout.table[known, 0] - mean) <= abs(mean - train.target.mean()) + 1e-6
    np.testing.assert_allclose(layout.table[:2, 0], train.target.mean(), atol=1e-6)


@pytest.mark.parametrize("family", ["gboost", "forest"])
def test_a_column_of_rare_categories_without_meaning_does_no_harm(family):
    train, val, test = (_batch(seed, 100, 1.5) for seed in (1, 3, 5))
    fitted = {}
    for name in ("with", "without"):
        batches = [
            one if name == "with" else replace(one, inputs={"numbers": one.inputs["numbers"]})
            for one in (train, val, test)
        ]
        model = families.fit(family, *batches[:2], families.get(family).Params(), seed=3)
        answers = model.predict(batches[2].inputs)["probabilities"]
        fitted[name] = (answers.argmax(axis=1) == test.target).mean()
    assert fitted["with"] > fitted["without"] - 0.04


def test_rows_of_one_group_and_equal_rows_are_encoded_by_others():
    train = _batch(1, 4, 0.0)
    group = np.repeat(np.arange(ROWS // 60), 60)  # each group has an id of its own
    categories = (2 + group).astype(np.int32)[:, None]
    target = (group % 2).astype(np.int64)
    inputs = {**train.inputs, "categories": categories}
    grouped = replace(train, inputs=inputs, target=target, cardinalities={"categories": 2 + ROWS // 60})
    for batch in (replace(grouped, group=group), replace(grouped, key=group.astype(np.uint64))):
        layout, rows = fit_layout(batch)
        encoded = rows[:, -1]
        assert np.ptp(layout.rows(batch.inputs)[:, -1]) > 0.9
        for one in range(ROWS // 60):
            held = encoded[group == one]
            assert np.ptp(held) == 0
            assert abs(held[0] - 0.5) < 0.2, "its own rows were held out together, so its id is unknown to the others"


def test_rows_of_a_single_group_are_encoded_by_the_table():
    train = replace(_batch(1, 5, 0.0), group=np.zeros(ROWS, np.int64))
    layout, rows = fit_layout(train)
    np.testing.assert_array_equal(rows, layout.rows(train.inputs))


def test_principal_components_are_those_of_the_fitted_rows():
    train = _batch(1, 50, 1.0)
    layout, rows = fit_layout(train, components=2, seed=1)
    _, flat = fit_layout(train, seed=1)
    assert rows.shape == (ROWS, layout.width) == (ROWS, 2)
    np.testing.assert_allclose(rows, (flat - layout.mean) @ layout.axes, rtol=1e-5, atol=1e-6)
