from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minnow import modalities, tasks
from minnow.config import SplitShares
from minnow.contracts import Encoder, ModalityCapabilities, RowOptions
from minnow.stages import prepare
from minnow.stages.case import Problem
from minnow.types import SPLITS, Batch, Spec, Table, content_key

SHARES = SplitShares(val=0.25, test=0.25)
LAW = settings(max_examples=60, deadline=None)
numbers = st.lists(st.integers(0, 500), min_size=40, max_size=120)


def table(contents, fixed=None, time=None):
    key = np.array([content_key(str(value).encode()) for value in contents], np.uint64)
    columns = {"value": np.array(contents), "time": np.arange(len(contents)) if time is None else np.array(time)}
    return Table(columns, np.array([f"row:{i}" for i in range(len(contents))]), key, fixed)


def splits_of(tables):
    """Map each content to the splits that hold it."""
    splits = {}
    for name, rows in tables.items():
        for value in rows.columns["value"].tolist():
            splits.setdefault(value, set()).add(name)
    return splits


def split(rows, time=None):
    try:
        return prepare.split(rows, SHARES, time)
    except ValueError:
        assume(False)
        raise


@LAW
@given(numbers, numbers, st.randoms(use_true_random=False))
def test_a_row_never_moves_whatever_else_there_is(contents, more, random):
    before = splits_of(split(table(contents)))
    together = contents + more
    random.shuffle(together)
    after = splits_of(split(table(together)))
    assert {value: after[value] for value in before} == before


@LAW
@given(numbers)
def test_equal_rows_share_a_split(contents):
    assert all(len(splits) == 1 for splits in splits_of(split(table(contents * 2))).values())


@LAW
@given(numbers, st.sampled_from([None, "time"]))
def test_splits_hold_every_row_once_in_order(contents, how):
    tables = split(table(contents), how)
    ids = [row for rows in tables.values() for row in rows.row_id.tolist()]
    assert sorted(ids) == sorted(table(contents).row_id.tolist())
    for rows in tables.values():
        places = [int(row.split(":")[1]) for row in rows.row_id]
        assert places == sorted(places)


@LAW
@given(st.lists(st.integers(0, 30), min_size=30, max_size=90))
def test_by_time_train_comes_before_val_before_test(times):
    tables = split(table(list(range(len(times))), time=times), "time")
    train, val, test = (tables[name].columns["time"] for name in SPLITS)
    assert train.max() < val.min()
    assert val.max() < test.min()


def test_shares_are_about_what_was_asked_for():
    tables = prepare.split(table(list(range(20_000))), SplitShares(val=0.1, test=0.3))
    assert len(tables["val"]) == pytest.approx(2000, rel=0.1)
    assert len(tables["test"]) == pytest.approx(6000, rel=0.1)


def test_by_time_shares_are_exact_where_moments_differ():
    tables = prepare.split(table(list(range(1000))), SplitShares(val=0.1, test=0.3), "time")
    assert [len(tables[name]) for name in SPLITS] == [600, 100, 300]


def test_fixed_splits_are_kept():
    fixed = np.array(["test"] * 30 + ["train"] * 200)
    tables = prepare.split(table(list(range(230)), fixed), SHARES)
    assert tables["test"].row_id.tolist() == [f"row:{i}" for i in range(30)]
    assert len(tables["val"]) == pytest.approx(50, abs=20)


def test_changing_the_share_of_val_leaves_test_alone():
    rows = table(list(range(2000)))
    a, b = (prepare.split(rows, SplitShares(val=val, test=0.2)) for val in (0.1, 0.3))
    assert a["test"].row_id.tolist() == b["test"].row_id.tolist()


def test_an_empty_split_is_refused_with_the_counts():
    with pytest.raises(ValueError, match=r"Every split needs rows. Received: train \d+, val \d+, test \d+"):
        prepare.split(table([1, 1, 1, 1]), SHARES)


def test_rows_of_one_group_share_a_split_and_are_resampled_together():
    rows = table(list(range(600)))
    group = np.array([content_key(str(i // 6).encode()) for i in range(600)], np.uint64)
    grouped = Table(rows.columns, rows.row_id, rows.key, group=group)
    prepared = prepare.prepare(grouped, problem(), SHARES)
    groups = [set(batch.group.tolist()) for batch in prepared.batches.values()]
    assert not (groups[0] & groups[1] | groups[1] & groups[2] | groups[0] & groups[2])
    assert sum(map(len, groups)) == 100


def _weights(class_weights, column=None):
    """Rows of two labels, of which the second is rare. column: weights of the rows, (400,) float64."""
    name = None if column is None else "survey weight"
    options = SimpleNamespace(label_weights=class_weights, weight_column=name)
    columns = {"kind": np.array(["a"] * 300 + ["b"] * 100)} | ({name: column} if name else {})
    rows = table(list(range(400)))
    labelled = Table(rows.columns | columns, rows.row_id, rows.key)
    return prepare.prepare(labelled, problem(options, target=lambda options: "kind"), SHARES).batches


def test_balanced_labels_count_alike_and_a_row_counts_once_on_average():
    train = _weights("balanced")["train"]
    a, b = (train.weight[train.target == label].sum() for label in (0, 1))
    assert a == pytest.approx(b, rel=1e-5)
    assert train.weight.mean() == pytest.approx(1, rel=1e-5)
    assert (_weights("balanced")["val"].weight == 1).all()


def test_named_weights_are_kept_in_proportion():
    train = _weights({"b": 3.0})["train"]
    a, b = (train.weight[train.target == label][0] for label in (0, 1))
    assert b / a == pytest.approx(3, rel=1e-5)
    with pytest.raises(ValueError, match=r"class_weights: No label 'bb'. Did you mean 'b'"):
        _weights({"bb": 3.0})


COLUMN = np.arange(400) % 4 / 2


def test_rows_of_train_have_the_weights_of_a_column_and_one_on_average_and_rows_of_an_exam_count_once():
    batches = _weights(None, COLUMN)
    own = COLUMN[batches["train"].inputs["value"].astype(int)]
    np.testing.assert_allclose(batches["train"].weight, own / own.mean(), rtol=1e-6)
    assert all((batches[name].weight == 1).all() for name in ("val", "test"))


def test_balanced_labels_have_the_same_total_of_the_rows_own_weights():
    train = _weights("balanced", COLUMN)["train"]
    a, b = (train.weight[train.target == label] for label in (0, 1))
    assert a.sum() == pytest.approx(b.sum(), rel=1e-5)
    assert train.weight.mean() == pytest.approx(1, rel=1e-5)
    own = COLUMN[train.inputs["value"].astype(int)][train.target == 0]
    np.testing.assert_allclose(a / a.sum(), own / own.sum(), rtol=1e-5)


def test_named_label_weights_multiply_those_of_the_rows():
    plain, twice = _weights(None, COLUMN)["train"], _weights({"b": 2.0}, COLUMN)["train"]
    ratio = twice.weight[plain.weight > 0] / plain.weight[plain.weight > 0]
    assert ratio[twice.target[plain.weight > 0] == 1].mean() == pytest.approx(2 * ratio.min(), rel=1e-5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((7, np.nan), r"1 rows of \w+ have none: row:7 \(missing\)"),
        ((9, -0.5), r"1 rows of \w+ have none: row:9 \(-0\.5\)"),
        ((11, np.inf), r"1 rows of \w+ have none: row:11 \(inf\)"),
        ((slice(None), 0.0), r"needs a weight above 0 in some row of train. Received: 0 in all \d+ rows"),
    ],
)
def test_a_weight_that_is_none_is_refused_with_its_row(change, words):
    column = np.ones(400)
    column[change[0]] = change[1]
    with pytest.raises(ValueError, match=r"^'survey weight' \(options.weight\) .*" + words):
        _weights(None, column)


def test_a_column_of_weights_must_hold_numbers():
    with pytest.raises(
        ValueError, match=r"'survey weight' .* needs numbers\. .* options\.kinds\.survey weight to numeric"
    ):
        _weights(None, np.full(400, "much", dtype=object))


def _with_unlabelled(labelled, others, **more):
    return replace(labelled, unlabelled=replace(others, **more))


def _kept(rows, **changed):
    """Contents of the rows that are kept for teaching, and of those of each split."""
    prepared = prepare.prepare(rows, problem(**changed), SHARES)
    splits = {name: set(part.columns["value"].tolist()) for name, part in prepared.tables.items()}
    return set(prepared.unlabelled.columns["value"].tolist()) if prepared.unlabelled else set(), splits


@LAW
@given(numbers, numbers)
def test_a_row_without_a_label_is_kept_for_teaching_where_it_would_not_be_in_an_exam(contents, others):
    split(table(contents))
    kept, splits = _kept(_with_unlabelled(table(contents), table(others)))
    assert not kept & (splits["val"] | splits["test"])
    _, later = _kept(table(contents + others))  # once they have labels
    assert kept == set(others) & later["train"]


def test_rows_without_a_label_are_in_no_split_and_change_none():
    rows = table(list(range(200)))
    both = _with_unlabelled(rows, table(list(range(200, 300))))
    plain, prepared = (prepare.prepare(one, problem(), SHARES) for one in (rows, both))
    assert plain.unlabelled is None
    assert prepared.unlabelled is not None
    for name in SPLITS:
        np.testing.assert_array_equal(plain.batches[name].key, prepared.batches[name].key)
        assert prepared.tables[name].unlabelled is None


def test_rows_without_a_label_of_a_held_out_group_equal_to_one_or_of_a_later_time_are_not_used_for_teaching():
    group = np.array([content_key(str(i // 6).encode()) for i in range(600)], np.uint64)
    rows, others = replace(table(list(range(600))), group=group), replace(table(list(range(600, 1200))), group=group)
    kept, splits = _kept(_with_unlabelled(rows, others))
    assert {value - 600 for value in kept} == splits["train"]

    fixed = np.array(["train"] * 80 + ["test"] * 20)
    of_train, of_test = (np.full(200, name) for name in ("train", "test"))
    kept, splits = _kept(_with_unlabelled(table(list(range(100)), fixed), table(list(range(200))), split=of_train))
    assert not kept & (splits["val"] | splits["test"])
    assert kept > splits["train"]
    assert _kept(_with_unlabelled(table(list(range(100)), fixed), table(list(range(200))), split=of_test))[0] == set()

    times = {"time_column": lambda options: "time"}
    kept, splits = _kept(_with_unlabelled(table(list(range(100))), table(list(range(100, 300)))), **times)
    assert {value - 100 for value in kept} == splits["train"]  # row i has the time i in both
    earlier = table(list(range(100)), time=[0] * 100)
    assert _kept(_with_unlabelled(table(list(range(100))), earlier), **times)[0] == splits["train"]


def test_a_row_without_a_label_that_equals_one_of_an_exam_in_another_group_is_not_used_for_teaching():
    group = np.array([content_key(str(i // 6).encode()) for i in range(600)], np.uint64)
    rows = replace(table(list(range(600))), group=group)
    _, splits = _kept(rows)
    of_train = np.full(600, group[min(splits["train"])])
    assert _kept(_with_unlabelled(rows, rows, group=of_train))[0] == splits["train"]


class _Encoder(Encoder):
    cardinalities: ClassVar = {"value": 501}
    outputs = (Spec("value", (), "float32"),)

    def __init__(self, rows):
        self.rows = rows

    def encode(self, columns):
        return {"value": columns["value"].astype(np.float32)}

    def save(self, folder):
        raise AssertionError("nothing is written here")


MODALITY = {
    "CAPABILITIES": ModalityCapabilities(),
    "time_column": lambda options: None,
    "fit_encoder": lambda rows, labels, options: _Encoder(rows.row_id.tolist()),
    "examples": lambda rows, options: rows,
    "target": lambda options: "value",
}
TASK = SimpleNamespace(
    classes=lambda target: np.unique(target).astype(str),
    encode=lambda target, labels: np.array([list(labels).index(v) if v in labels else -1 for v in target.astype(str)]),
)


def problem(options=None, **modality):
    return Problem("plain", SimpleNamespace(**MODALITY | modality), options or RowOptions(), "classify", TASK)


def test_encoder_and_labels_are_learned_from_train_alone():
    prepared = prepare.prepare(table(list(range(100))), problem(), SHARES)
    train = prepared.tables["train"]
    assert prepared.encoder.rows == train.row_id.tolist()
    assert set(prepared.labels) == set(train.columns["value"].astype(str))
    assert (prepared.batches["train"].target >= 0).all()
    assert (prepared.batches["test"].target == -1).all()


def test_batches_are_the_tables_encoded_in_order():
    prepared = prepare.prepare(table(list(range(100))), problem(), SHARES)
    for name in SPLITS:
        rows, batch = prepared.tables[name], prepared.batches[name]
        assert isinstance(batch, Batch)
        np.testing.assert_array_equal(batch.inputs["value"], rows.columns["value"])
        np.testing.assert_array_equal(batch.key, rows.key)
        assert batch.task == "classify"
        assert batch.cardinalities == {"value": 501}
        assert batch.modality == "plain"


def test_a_table_is_encoded_with_the_labels_of_another():
    rows = table(list(range(100)))
    prepared = prepare.prepare(rows, problem(), SHARES)
    batch = prepare.batch(rows, prepared.encoder, np.array(["3"]), problem())
    assert np.flatnonzero(batch.target >= 0).tolist() == [3]


def test_examples_of_a_series_have_the_weight_of_their_row(tmp_path):
    series = modalities.get("timeseries")
    options = series.Options(target="lamp", weight="trust", window=2)
    lines = [
        f"2024-01-01 {i // 60:02d}:{i % 60:02d}:00,{i % 7},{1 + i % 3},{'on' if i % 2 else 'off'}" for i in range(120)
    ]
    (tmp_path / "log.csv").write_text("\n".join(["time,warmth,trust,lamp", *lines]) + "\n")
    case = Problem("timeseries", series, options, "classify", tasks.get("classify"))
    prepared = prepare.prepare(series.read(tmp_path / "log.csv", options), case, SHARES)
    train = prepared.tables["train"]
    own = np.array([1 + (int(row.split(":")[1]) - 2) % 3 for row in train.row_id])
    np.testing.assert_allclose(prepared.batches["train"].weight, own / own.mean(), rtol=1e-6)
    assert "sensor trust" not in train.columns
