"""Target encoding: cross-fitted in the rows that a model is fitted to, of all rows in the file."""

from dataclasses import replace

import numpy as np
import pytest

from minnow import exporters, families, runtimes
from minnow.families._trees import layout as layout_module
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


def _of_cards(cards, rows=ROWS, seed=0):
    """Columns of so many categories each, every one of which occurs, and two numbers."""
    random = np.random.default_rng(seed)
    starts = np.cumsum([0, *(card + 2 for card in cards)])
    columns = [start + 2 + np.arange(rows) % card for card, start in zip(cards, starts, strict=False)]
    ids = np.stack([random.permutation(column) for column in columns], axis=1).astype(np.int32)
    numbers = random.normal(size=(rows, 2)).astype(np.float32)
    key = np.arange(rows, dtype=np.uint64) + rows * seed
    batch = Batch({"numbers": numbers, "categories": ids}, numbers[:, 0], np.empty(0, "<U1"), "regress", key, "tabular")
    return replace(batch, cardinalities={"categories": int(starts[-1])}), starts


def test_columns_of_few_categories_are_one_hot_encoded_and_others_by_their_targets():
    train, starts = _of_cards([30, 3, 16, 17])
    layout, rows = fit_layout(train, categories="auto")
    few = [*range(starts[1] + 2, starts[2]), *range(starts[2] + 2, starts[3])]
    assert layout.indicated.tolist() == few
    assert layout.encoded == (0, 3)
    assert rows.shape == (ROWS, layout.width) == (ROWS, 2 + 19 + 2)
    np.testing.assert_array_equal(rows[:, 2:21], (train.inputs["categories"][:, :, None] == few).any(axis=1))
    np.testing.assert_array_equal(layout.rows(train.inputs)[:, 2:21], rows[:, 2:21])
    unknown = {**train.inputs, "categories": np.tile(starts[:4].astype(np.int32), (ROWS, 1))}
    assert not layout.rows(unknown)[:, 2:21].any(), "a missing value of no row of train is none of the categories"


def test_with_many_rows_columns_of_fewest_categories_come_first(monkeypatch):
    train, _ = _of_cards([9, 3, 5])
    monkeypatch.setattr(layout_module, "_MOST_INDICATED", 8 * ROWS)
    layout, _ = fit_layout(train, categories="auto")
    assert layout.encoded == (0,)
    assert len(layout.indicated) == 8


@pytest.mark.parametrize("cards", [(30, 3), (3, 30), (3, 4), (30, 40)], ids=str)
def test_every_mixture_is_part_of_the_file(cards, tmp_path):
    (train, _), (val, _) = (_of_cards(cards, seed=seed) for seed in range(2))
    model = families.fit("gboost", train, val, families.get("gboost").Params(iterations=5), seed=1)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    answers = runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs)
    np.testing.assert_allclose(answers["value"], model.predict(val.inputs)["value"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("card", "most"), [(6, 0.05), (20, 0.15)])
def test_what_a_number_does_in_each_category_is_learned_where_their_means_are_alike(card, most):
    """Encodings that differ from fold to fold would hide the category."""
    random = np.random.default_rng(9)
    slope = random.permutation(np.linspace(-2, 2, card + 2))
    losses, parts = {}, []
    for seed in range(3):
        batch, _ = _of_cards([card], 3_000, seed)
        target = slope[batch.inputs["categories"][:, 0]] * batch.inputs["numbers"][:, 0]
        parts.append(replace(batch, target=target.astype(np.float32)))
    for name in ("auto", "target_encoding"):
        model = families.fit("gboost", *parts[:2], families.get("gboost").Params(categories=name), seed=1)
        losses[name] = ((model.predict(parts[2].inputs)["value"] - parts[2].target) ** 2).mean() / parts[2].target.var()
    assert max(losses.values()) < most
