"""Folds: every row is answered by a model that has not seen it, and what cannot be divided is refused."""

from dataclasses import replace

import numpy as np
import pytest
from standins import here

from minnow.config import Settings
from minnow.modalities import tabular
from minnow.stages import folds, intake
from minnow.stages.case import Case
from minnow.types import Measure
from minnow.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore")
N = 300


def _rows(folder):
    rng = np.random.default_rng(0)
    lines = [f"{x:.4f},{y:.4f},{'ab'[c]},{5 * x + (3 if c else 0):.3f}" for x, y, c in
             zip(rng.normal(size=N), rng.normal(size=N), rng.integers(0, 2, N), strict=True)]  # fmt: skip
    (folder / "data").mkdir()
    (folder / "data" / "rows.csv").write_text("\n".join(["matters,idle,kind,answer", *lines]) + "\n")


@pytest.fixture
def case(tmp_path):
    _rows(tmp_path)
    entry = {
        "modality": "tabular", "task": "regress", "data": "data", "options": {"target": "answer"}, "folds": 4,
        "families": {"gboost": {"iterations": 100, "leaves": 31, "min_rows_leaf": 1, "learning_rate": 0.5}},
    }  # fmt: skip
    settings = Settings.model_validate({"usecases": {"made": entry}})
    (tmp_path / "uv.lock").write_text("")
    return Case("made", settings, Workspace(tmp_path, tmp_path / "params.yaml"))


def test_folds_answer_every_row_by_a_model_that_has_not_seen_it(case):
    table = case.modality.read(case.data, case.options)
    result = folds.run(case, table, "gboost", here)
    assert set(result.divisions) == {folds.TOGETHER}, "without equal rows there is one way to divide"
    mae = result.divisions[folds.TOGETHER]["mae"]
    assert (result.folds, len(mae.each)) == (4, 4)
    assert mae.low < mae.value < mae.high
    assert mae.value == pytest.approx(np.mean(mae.each))
    places = folds._place(table.key, 4)
    assert np.bincount(places).min() > 0.15 * N


def test_rows_known_by_heart_show_where_equal_rows_are_torn_apart(case, tmp_path):
    rng = np.random.default_rng(1)
    lines = [f"{rng.normal():.4f},{rng.normal():.4f},a,{rng.normal():.3f}" for _ in range(80)]
    (tmp_path / "data" / "rows.csv").write_text("\n".join(["matters,idle,kind,answer", *lines * 5]) + "\n")
    result = folds.run(case, case.modality.read(case.data, case.options), "gboost", here)
    together, apart = (result.divisions[name]["mae"].value for name in (folds.TOGETHER, folds.APART))
    assert apart < 0.8 * together, "noise is learned where the same row was seen"


def test_each_group_is_held_out_once(case):
    changed = case.settings.usecases["made"].model_copy(
        update={"folds": "groups", "options": {"target": "answer", "split": {"by": "group", "column": "kind"}}}
    )
    case = replace(case, settings=case.settings.model_copy(update={"usecases": {"made": changed}}))
    table = tabular.read(case.data, case.options)
    (places,) = folds.divisions(case, table).values()
    for kind in "ab":
        assert len(set(places[table.columns["kind"] == kind].tolist())) == 1
    ((name, scores),) = folds.run(case, table, "gboost", here).divisions.items()
    assert name == "one group after the other"
    assert len(scores["mae"].each) == 2
    assert scores["mae"].value > 2, "what a kind adds is not known where it was never seen"


def test_an_interval_over_folds_stays_within_what_the_measure_can_be(case):
    table = case.modality.read(case.data, case.options)
    accuracy = Measure("accuracy", True, low=0.0, high=1.0)
    near, equal = folds._summary([0.9, 1.0, 1.0, 1.0], accuracy, table), folds._summary([1.0] * 4, accuracy, table)
    assert (near.high, equal.high) == (1.0, 1.0)
    assert near.low < equal.low < 1.0, "folds that agree say how few rows there are"
    assert folds._summary([0.1, 9.0], Measure("mae", False, low=0.0), table).low == 0.0


def test_folds_by_group_need_groups(case):
    changed = case.settings.usecases["made"].model_copy(update={"folds": "groups"})
    case = replace(case, settings=case.settings.model_copy(update={"usecases": {"made": changed}}))
    with pytest.raises(
        ValueError, match=r"one group of rows after the other, and needs 2 to 20 groups\. Received: no groups"
    ):
        intake.prepare_case(case, tabular.read(case.data, case.options))


def test_folds_of_rows_in_order_of_time_are_refused(case):
    entry = case.settings.usecases["made"]
    options = {"target": "answer", "split": {"by": "time", "column": "matters"}}
    changed = entry.model_copy(update={"options": options})
    case = replace(case, settings=case.settings.model_copy(update={"usecases": {"made": changed}}))
    table = tabular.read(case.data, case.options)
    with pytest.raises(ValueError, match=r"usecases.made.folds: rows in order of time"):
        intake.prepare_case(case, table)
