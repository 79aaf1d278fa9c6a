"""Importances: columns that matter come first, wherever their rows stand and whatever else says the same."""

from dataclasses import replace

import numpy as np
import pytest
from standins import here

from minnow.config import Settings
from minnow.insight import association
from minnow.insight.importance import MOST_COLUMNS, TOGETHER, importances, sample
from minnow.records.bundle import open_bundle
from minnow.stages import compress, intake, train
from minnow.stages.case import Case
from minnow.types import Batch
from minnow.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore")
N = 300


def _measured(folder, header, lines, options, task="regress", family="gboost", take=None):
    """Importances of a family that was trained on these lines, measured on val, or on what take makes of it."""
    (folder / "data").mkdir()
    (folder / "data" / "rows.csv").write_text("\n".join([header, *lines]) + "\n")
    params = {"gboost": {"iterations": 30}, "linear": {}}[family]
    entry = {"modality": "tabular", "task": task, "data": "data", "options": options, "families": {family: params}}
    (folder / "uv.lock").write_text("")
    settings = Settings.model_validate({"usecases": {"made": entry}})
    case = Case("made", settings, Workspace(folder, folder / "params.yaml"))
    prepared = intake.prepare_case(case, case.modality.read(case.data, case.options))
    handed = train.hand_over(case, prepared, here)
    compressed = compress.variants(case, train.train(case, family, handed), handed, bare=True)
    bundle, val = open_bundle(compressed.bundles["float32"]), prepared.tables["val"]
    names = [name for name in header.split(",") if name != options["target"]]
    return importances(bundle, val if take is None else take(val), names, 7)


def _by_name(found):
    return {one.name: one for one in found.columns}


def test_the_columns_that_matter_come_first_and_an_idle_one_counts_nothing(tmp_path):
    rng = np.random.default_rng(0)
    lines = [f"{x:.4f},{y:.4f},{'ab'[c]},{5 * x + (3 if c else 0):.3f}" for x, y, c in
             zip(rng.normal(size=N), rng.normal(size=N), rng.integers(0, 2, N), strict=True)]  # fmt: skip
    found = _measured(tmp_path, "matters,idle,kind,answer", lines, {"target": "answer"})
    assert found.measure == "mae"
    assert [one.name for one in found.columns] == ["matters", "kind", "idle"]
    by_name = _by_name(found)
    assert by_name["matters"].low > 10 * abs(by_name["idle"].value)
    assert all(one.low <= one.value <= one.high for one in found.columns)
    (again := tmp_path / "again").mkdir()
    assert found == _measured(again, "matters,idle,kind,answer", lines, {"target": "answer"})


def test_a_column_counts_though_every_row_stays_on_its_side(tmp_path):
    """Right or wrong hides what the model is less sure of: with rare answers no shuffled row changes its class."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=1500), rng.normal(size=1500)
    yes = rng.random(1500) < 0.05 + 0.2 * (x > 0)
    lines = [f"{a:.4f},{b:.4f},{'yes' if c else 'no'}" for a, b, c in zip(x, y, yes, strict=True)]
    found = _measured(tmp_path, "risk,idle,answer", lines, {"target": "answer"}, "classify", "linear")
    assert found.measure == "log_loss"
    assert _by_name(found)["risk"].low > 0
    assert abs(_by_name(found)["idle"].value) < 0.2 * _by_name(found)["risk"].value


def test_columns_that_say_the_same_are_shuffled_together(tmp_path):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=N), rng.normal(size=N)
    lines = [f"{a:.4f},{2 * a + 1:.4f},{b:.4f},{4 * a:.3f}" for a, b in zip(x, y, strict=True)]
    found = _measured(tmp_path, "metres,feet,idle,answer", lines, {"target": "answer"})
    assert [one.columns for one in found.columns] == [("metres", "feet"), ("idle",)]
    assert found.columns[0].name == "metres, feet"
    assert found.columns[0].low > 0


def test_a_file_in_order_of_time_is_sampled_throughout(tmp_path):
    """The first rows of val are all of one kind, for which the column says nothing."""
    rng = np.random.default_rng(3)
    lines = [f"{x:.4f},{y:.4f},{x if i > 6000 else 0:.4f}" for i, (x, y) in
             enumerate(zip(rng.normal(size=9000), rng.normal(size=9000), strict=True))]  # fmt: skip
    found = _measured(tmp_path, "late,idle,answer", lines, {"target": "answer"})
    assert found.columns[0].name == "late"
    assert found.columns[0].low > 0


def _batch(target, labels):
    n = len(target)
    return Batch({}, np.array(target), np.array(labels, dtype=str), "classify", np.arange(n, dtype=np.uint64))


def test_a_sample_has_each_class_in_proportion_and_the_rarest_at_least_once():
    target = np.repeat([0, 1, 2], [9000, 990, 10])
    rows = sample(_batch(target, ["a", "b", "c"]), 7)
    counts = np.bincount(target[rows])
    assert len(rows) == 1000
    assert np.abs(counts - [900, 99, 1]).max() <= 1
    assert (np.diff(rows) > 0).all()
    assert rows.tolist() == sample(_batch(target, ["a", "b", "c"]), 7).tolist()
    assert rows.tolist() != sample(_batch(target, ["a", "b", "c"]), 8).tolist()


def test_a_sample_of_numbers_is_random_and_small_sets_are_whole():
    numbers = replace(_batch(np.arange(5000), []), target=np.arange(5000).astype(np.float32))
    rows = sample(numbers, 7)
    assert len(rows) == 1000
    assert 2000 < rows.mean() < 3000
    assert sample(_batch([0, 1, 0], ["a", "b"]), 7).tolist() == [0, 1, 2]


def test_columns_of_every_kind_are_put_together_by_what_they_share():
    rng = np.random.default_rng(4)
    x, days = rng.normal(size=500), np.datetime64("2024-01-01") + np.arange(500).astype("timedelta64[D]")
    side = np.where(x > 0, "right", "left").astype(object)
    columns = {
        "x": x, "cubed": x**3, "missing": np.where(rng.random(500) < 0.05, np.nan, -x), "noise": rng.normal(size=500),
        "side": side, "seite": np.where(side == "right", "rechts", "links").astype(object),
        "yes": (x > 0).astype(np.int8), "day": days, "id": np.array([f"row {i}" for i in range(500)], dtype=object),
        "one": np.ones(500), "word": rng.choice(["a", "b", "c"], 500).astype(object),
    }  # fmt: skip
    groups = association.clusters(columns, TOGETHER)
    together = [group for group in groups if len(group) > 1]
    assert together == [("x", "cubed", "missing", "side", "seite", "yes")]
    strengths = association.strengths(columns)
    assert np.allclose(strengths, strengths.T)
    assert ((strengths >= 0) & (strengths <= 1 + 1e-12)).all()
    assert (np.diag(strengths) == 1).all()
    alone = [list(columns).index(name) for name in ("noise", "word", "id", "one", "day")]
    assert strengths[alone].sum() < len(alone) + 2


@pytest.mark.parametrize("task", ["regress", "classify"])
def test_in_a_wide_table_the_columns_that_say_most_are_measured_with_what_goes_with_them(tmp_path, task):
    values = np.random.default_rng(6).normal(size=(N, MOST_COLUMNS + 20))
    values[:, 11] = 2 * values[:, 110]
    answer = 3 * values[:, 110] + values[:, 4]
    answers = np.where(answer > 0, "yes", "no") if task == "classify" else np.round(answer, 3)
    lines = [",".join([*(f"{v:.4f}" for v in row), str(a)]) for row, a in zip(values, answers, strict=True)]
    header = ",".join([*(f"n{i}" for i in range(values.shape[1])), "answer"])
    found = _measured(tmp_path, header, lines, {"target": "answer"}, task)
    assert MOST_COLUMNS - 1 <= len(found.columns) <= MOST_COLUMNS
    assert found.columns[0].columns == ("n11", "n110")
    assert found.columns[1].columns == ("n4",)
