"""Which settings of its families a run fits."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import tiny
from standins import case_of

from minnow import families
from minnow.catalog import catalog
from minnow.config import check_name
from minnow.stages import effort
from minnow.stages.case import SMALL
from minnow.types import Batch

ROWS = [tiny.batch(modality, task, seed=1) for modality, task in (("tabular", "classify"), ("images", "classify"))]
PORTFOLIOS = [
    (name, setting, values)
    for name in families.names()
    for rows in ROWS
    for setting, values in families.get(name).CAPABILITIES.portfolio(rows).items()
]


@dataclass(frozen=True)
class Found:
    values: dict = field(default_factory=dict)
    is_present: bool = False


def batch(values=20):
    rows = {"numbers": np.zeros((2, values // 2), np.int8)}
    return Batch(rows, np.zeros(2, int), np.array(["a"]), "classify", np.arange(2, dtype=np.uint64))


def case(tmp_path, level, entries):
    made = case_of(tmp_path, "tabular", "classify", {"target": "kind"}, effort=level)
    return made.with_families(entries)


def names(tmp_path, level, entries, values=20):
    return list(effort.widened(case(tmp_path, level, entries), batch(values)).usecase.families)


def test_quick_fits_each_once_default_those_that_are_cheap_and_thorough_all(tmp_path):
    entries = {"linear": {}, "gboost": {}, "fcnn": {}}
    assert names(tmp_path, "quick", entries) == list(entries)
    cheap = [*entries, "linear_splines", "linear_interactions", "gboost_slow"]
    assert names(tmp_path, "default", entries) == cheap
    assert names(tmp_path, "thorough", entries) == [*cheap, "fcnn_wide"]


def test_many_values_are_fitted_once(tmp_path):
    assert names(tmp_path, "default", {"gboost": {}}, SMALL) == ["gboost", "gboost_slow"]
    assert names(tmp_path, "default", {"gboost": {}}, SMALL + 2) == ["gboost"]


def test_rows_that_are_split_by_time_are_fitted_once(tmp_path):
    options = {"target": "kind", "split": {"by": "time", "column": "day"}}
    made = case_of(tmp_path, "tabular", "classify", options).with_families({"gboost": {}})
    assert not effort.widened(made, batch()).further


def test_what_params_yaml_sets_stands_in_all_settings_of_an_entry(tmp_path):
    wide = effort.widened(case(tmp_path, "default", {"gboost": {"leaves": 3}, "forest": {"extra": False}}), batch())
    assert wide.usecase.families["gboost_slow"]["leaves"] == 3
    assert "forest_extra" not in wide.usecase.families, "it would be the forest that is there"
    assert wide.further == ("gboost_slow",)


def test_settings_of_an_entry_with_a_name_of_its_own_are_of_its_family(tmp_path):
    wide = effort.widened(case(tmp_path, "default", {"mine": {"family": "forest", "trees": 5}}), batch())
    assert wide.usecase.families["mine_extra"] == {"family": "forest", "extra": True, "trees": 5}
    assert wide.modules("mine_extra")[-1] == "minnow.families.forest"


def test_a_name_that_is_taken_stays_what_it_is(tmp_path):
    taken = {"gboost": {}, "gboost_slow": {"family": "gboost", "leaves": 5}}
    assert effort.widened(case(tmp_path, "default", taken), batch()).usecase.families["gboost_slow"]["leaves"] == 5


def test_the_best_that_a_search_found_stands_beside_the_others(tmp_path):
    entries = {"gboost": {"l2": 1.0}, "fcnn": {"schedule": {"kind": "cosine"}}, "linear": {}, "forest": {}}
    found = {
        "fcnn": Found({"schedule.floor": 0.1}),
        "gboost": Found({"leaves": 7}),
        "forest": Found({"leaves": 9}),
    }
    wide = effort.with_found(case(tmp_path, "thorough", entries), found).usecase.families
    assert list(wide) == [*entries, "fcnn_tuned", "gboost_tuned"], "of the two best families"
    assert wide["fcnn_tuned"] == {"family": "fcnn", "schedule": {"kind": "cosine", "floor": 0.1}}
    assert wide["gboost_tuned"] == {"family": "gboost", "l2": 1.0, "leaves": 7}
    none = {"fcnn": Found(), "gboost": Found({"l2": 1.0}, is_present=True)}
    assert list(effort.with_found(case(tmp_path, "thorough", entries), none).usecase.families) == list(entries)


@pytest.mark.parametrize(("name", "setting", "values"), PORTFOLIOS)
def test_a_portfolio_holds_parameters_of_its_family_that_differ_from_the_defaults(name, setting, values):
    check_name(f"{name}_{setting}")
    params = catalog().params("family", name)
    assert params.model_validate(dict(values)) != params()


def test_settings_are_those_that_suit_the_rows(tmp_path):
    pictures, tables = ROWS[1], ROWS[0]
    entries = {"linear": {}, "gboost": {}, "forest": {}}
    assert not effort.widened(case(tmp_path, "default", entries), pictures).further
    wide = replace(tables, inputs={"numbers": np.zeros((len(tables), 40), np.float32)})
    added = effort.widened(case(tmp_path, "default", {"linear": {}}), wide)
    assert list(added.usecase.families) == ["linear", "linear_splines"], "820 products are too many"


def test_the_effort_of_a_run_takes_the_place_of_those_in_params_yaml(tmp_path):
    settings = case(tmp_path, "quick", {"gboost": {}}).settings
    settings = settings.with_effort("thorough", 4)
    assert [one.effort for one in settings.usecases.values()] == ["thorough"]
    assert settings.tune.trials == 4
    assert settings.with_effort("quick").tune.trials == 4
