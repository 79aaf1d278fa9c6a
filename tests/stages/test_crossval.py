"""Cross-validation for the choice: what each fold holds, and what is chosen by it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import RULES, Limits, model

from minnow import tasks
from minnow.stages import crossval, prepare
from minnow.stages.choice import choose_by_folds, choose_on_val, choose_within, field_of, undecided
from minnow.stages.crossval import FOLDS, OutOfFold
from minnow.types import Table

SHARES = SimpleNamespace(val=0.2, test=0.2, train_rows=None)


def _table(n, seed=0, groups=None, labels=3):
    random = np.random.default_rng(seed)
    keys = random.integers(0, 2**64, n, dtype=np.uint64)
    group = None if groups is None else keys[random.integers(0, groups, n)]
    columns = {"y": random.integers(0, labels, n).astype(str), "t": np.sort(random.random(n))}
    return Table(columns, np.arange(n).astype(str), keys, group=group)


def _case(time=None, binary=True):
    problem = SimpleNamespace(target="y", time_column=time)
    usecase = SimpleNamespace(family_of=str, split=SHARES)
    return SimpleNamespace(
        problem=problem, usecase=usecase, task=tasks.get("classify" if binary else "regress"), blends={}
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(60, 300), st.integers(0, 1000), st.sampled_from([None, 20]), st.integers(0, 1))
def test_each_row_of_train_and_val_is_held_out_once_and_no_row_of_test_is_read(n, seed, groups, repeat):
    table = _table(n, seed, groups)
    folds = list(crossval.folds(_case(), table, repeat))
    place = prepare.places(table, SHARES)
    held = [rows.row_id[rows.split == "test"] for rows in folds]
    assert sorted(np.concatenate(held)) == sorted(table.row_id[place != "test"])
    for rows in folds:
        assert not np.isin(rows.row_id, table.row_id[place == "test"]).any()
        unit = prepare.unit(rows)
        for part in ("train", "val"):
            assert not np.isin(unit[rows.split == part], unit[rows.split == "test"]).any(), "a group is torn apart"


def test_equal_rows_stay_together_and_repeats_divide_in_another_way():
    table = _table(200)
    twice = Table(
        {name: np.tile(values, 2) for name, values in table.columns.items()},
        np.arange(400).astype(str),
        np.tile(table.key, 2),
    )
    for rows in crossval.folds(_case(), twice):
        assert not np.isin(rows.key[rows.split == "test"], rows.key[rows.split != "test"]).any()
    first, second = (
        [list(rows.row_id[rows.split == "test"]) for rows in crossval.folds(_case(), table, r)] for r in (0, 1)
    )
    assert first != second


def test_each_fold_has_its_share_of_a_rare_label_and_an_inner_val():
    table = _table(500)
    rare = np.zeros(500, bool)
    rare[np.flatnonzero(prepare.places(table, SHARES) != "test")[:25]] = True
    table.columns["y"] = np.where(rare, "rare", "common")
    for rows in crossval.folds(_case(), table):
        counts = {
            part: int((rows.columns["y"][rows.split == part] == "rare").sum()) for part in ("train", "val", "test")
        }
        assert counts["test"] == 5
        assert counts["val"] >= 3
        share = (rows.split == "val").sum() / (rows.split != "test").sum()
        assert 0.15 < share < 0.35, "that of val among train and val"


def test_in_order_of_time_only_earlier_rows_are_fitted():
    folds = list(crossval.folds(_case("t"), _table(400)))
    ends = []
    for rows in folds:
        times = {part: rows.columns["t"][rows.split == part] for part in ("train", "val", "test")}
        assert times["train"].max() < times["val"].min()
        assert times["val"].max() < times["test"].min()
        ends.append(times["test"].max())
    assert len(folds) == FOLDS
    assert ends == sorted(ends)


def _field(variants, n, **more):
    rules = replace(RULES, **({"margin": 0.01} | more))
    return field_of(variants, group=np.arange(n), rules=rules, budget=Limits())


def _wrong(share, n, seed):
    return (np.random.default_rng(seed).random(n) < share).astype(float)


def test_a_large_val_decides_alone_and_a_small_one_leaves_open_what_it_cannot_tell_apart():
    large = [
        model(_wrong(0.10, 20_000, 1), "a/float32", n=20_000),
        model(_wrong(0.10, 20_000, 2), "b/float32", n=20_000),
    ]
    assert undecided(_field(large, 20_000)) == []
    small = [
        model(_wrong(share, 60, seed), f"{name}/float32", n=60) for name, share, seed in (("a", 0.1, 1), ("b", 0.1, 2))
    ]
    bad = model(_wrong(0.9, 60, 3), "bad/float32", n=60)
    assert set(undecided(_field([*small, bad], 60))) == {"a", "b"}, "bad is shown to be worse"


def test_the_smallest_family_within_one_standard_error_is_chosen():
    n = 400
    variants = [
        model(_wrong(0.2, 40, seed), f"{name}/float32", size, 40)
        for seed, (name, size) in enumerate((("best", 9000), ("near", 500), ("far", 10)))
    ]
    random = np.random.default_rng(0)
    best = random.random(n)
    folds = OutOfFold({"best": best, "near": best + random.normal(0.001, 0.1, n), "far": best + 0.2}, np.arange(n))
    choice = choose_by_folds(_field(variants, 40), folds)
    assert (choice.finalist, choice.rule, set(choice.able)) == ("near/float32", "cross-validation", {"best", "near"})
    assert choice.folds["far"].difference == pytest.approx(0.2)
    assert choice.folds["far"].error < 1e-6, "a constant difference has no error"


@pytest.mark.parametrize(
    ("gain", "size", "finalist", "listed"),
    [
        (0.005, 9000, "own/float32", "own/float32"),
        (0.015, 9000, "own/float32", "more/float32"),  # more than a margin, less than a standard error
        (0.05, 9000, "more/float32", "more/float32"),
        (0.005, 100, "more/float32", "more/float32"),  # as good, and smaller
        (-0.05, 100, "own/float32", "own/float32"),
    ],
)
def test_a_further_entry_stands_where_it_is_clearly_better_or_as_good_and_smaller(gain, size, finalist, listed):
    """listed: what is chosen where the entry stands in params.yaml."""
    n, random = 400, np.random.default_rng(0)
    noise = random.normal(size=n)
    own = random.random(n)
    losses = {"own": own, "more": own - gain + 0.4 * (noise - noise.mean())}
    variants = [model(_wrong(0.2, 40, 1), "own/float32", 500, 40), model(_wrong(0.2, 40, 2), "more/float32", size, 40)]
    field = replace(_field(variants, 40), further=("more",))
    choice = choose_by_folds(field, OutOfFold(losses, np.arange(n)))
    assert choice.finalist == finalist
    beside = choose_by_folds(replace(field, further=()), OutOfFold(losses, np.arange(n)))
    assert beside.finalist == listed


def test_the_best_on_val_is_a_further_entry_only_where_that_is_shown():
    n = 4000
    own = _wrong(0.20, n, 1)
    a_little = own.copy()
    a_little[np.flatnonzero(own)[:10]] = 0
    clearly = own.copy()
    clearly[np.flatnonzero(own)[:200]] = 0
    for loss, finalist in ((a_little, "own/float32"), (clearly, "more/float32")):
        variants = [model(own, "own/float32", 9000, n), model(loss, "more/float32", 10_000, n)]
        field = replace(_field(variants, n, margin=0.004), further=("more",))
        assert field.best.name == choose_on_val(field).finalist == finalist
        assert replace(field, further=()).best.name == "more/float32"


def test_a_variant_follows_its_parent_only_where_it_keeps_the_loss():
    right = _wrong(0.1, 50, 1)
    worse = right.copy()
    worse[np.flatnonzero(right == 0)[:2]] = 1
    variants = [
        model(right, "a/float32", 1000, 50),
        model(right, "a/float16", 500, 50),
        model(worse, "a/int8", 200, 50),
    ]
    assert choose_within(_field(variants, 50), "a").finalist == "a/float16"


def test_rows_that_cannot_be_divided_leave_the_choice_to_val(monkeypatch):
    def no_window(*_):
        raise ValueError("Every split needs rows.")

    monkeypatch.setattr(crossval, "folds", no_window)
    variants = [model(_wrong(0.1, 40, seed), f"{name}/float32", n=40) for seed, name in enumerate(("a", "b"))]
    broken = crossval.run(_case("t"), _table(8), ["linear", "gboost"], None)
    assert (dict(broken.loss), set(broken.failed)) == ({}, {"linear", "gboost"})
    choice = choose_on_val(_field(variants, 40), broken.failed)
    assert choice.rule == "val"
    assert any("could not be cross-validated: the rows cannot be divided" in reason for reason in choice.reasons)
