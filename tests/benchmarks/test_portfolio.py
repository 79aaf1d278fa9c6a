"""`make bench-portfolio` with made figures: which default sets choose without one of them, what is kept, what the page says."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import portfolio, small_sets
from benchmarks.small_sets import SmallSet


def _set(rows=500, **regrets):
    """A set on which a setting of linear has a regret; others have 1. A regret with a size is a pair."""
    names = portfolio.SETTINGS["linear"]
    pairs = {name: regrets.get(name, 1.0) for name in names}
    fits = {name: list(value) if isinstance(value, tuple) else [value, 10.0] for name, value in pairs.items()}
    return {
        "rows": rows,
        "measure": "rmse",
        "fits": {family: fits for family in portfolio.SETTINGS if family == "linear"},
    }


def test_the_setting_of_least_mean_regret_is_chosen_and_of_near_ones_the_smallest():
    group = {"a": _set(default=0.2, splines=0.1), "b": _set(default=0.0, splines=0.2)}
    assert portfolio.chosen("linear", group) == "default"
    near = {"a": _set(default=(0.1, 50.0), splines=(0.105, 20.0), interactions=(0.3, 1.0))}
    assert portfolio.chosen("linear", near) == "splines"


def test_a_setting_that_a_set_lacks_is_not_chosen_by_it():
    lacks = _set(default=0.5, splines=0.6)
    del lacks["fits"]["linear"]["interactions"]
    assert portfolio.chosen("linear", {"a": _set(interactions=0.0), "b": lacks}) == "default"


def test_each_set_shows_the_default_that_the_others_choose():
    one_sided = {"own": _set(default=0.4, splines=0.0), "b": _set(default=0.0), "c": _set(default=0.0)}
    found = {**one_sided, "large": _set(rows=5_000, splines=0.0), "larger": _set(rows=9_000, splines=0.3)}
    lines = portfolio._table("linear", "few", {name: found[name] for name in one_sided})
    assert lines[2].startswith("| own | rmse | 500 | 0.400 | default | 0.400 |")
    assert lines[3].startswith("| b | rmse | 500 | 0.000 | default | 0.000 |")
    assert lines[-1].startswith("| mean | | | 0.133 | default by all | 0.133 |")
    by_rows = portfolio._table("linear", "many", {name: found[name] for name in ("large", "larger")})
    assert by_rows[2].startswith("| large | rmse | 5,000 | 1.000 | splines | 0.000 |")


def test_fits_are_kept_by_what_they_were_made_from(tmp_path, monkeypatch):
    monkeypatch.setattr(portfolio, "KEPT", tmp_path)
    monkeypatch.setattr(portfolio, "SETTINGS", {"linear": {"default": {}, "strong": {"C": [0.001]}}})
    random = np.random.default_rng(0)
    columns = {"a": random.normal(size=200), "b": random.choice(["x", "y"], 200)}
    data = SmallSet(columns, columns["a"] + random.normal(size=200) / 5)
    first = portfolio.measured("made", data)
    assert first["rows"] == 120
    regrets = {name: value[0] for name, value in first["fits"]["linear"].items()}
    assert min(regrets.values()) == 0
    assert 0 < regrets["strong"] < 1
    fits = []
    monkeypatch.setattr(portfolio.families, "fit", lambda *rows, **more: fits.append(rows))
    assert portfolio.measured("made", data) == first
    assert fits == []


def test_draws_share_no_row_and_follow_the_seed():
    data = SmallSet({"a": np.arange(300.0)}, np.where(np.arange(300) % 2, "no", "yes"))
    parts = small_sets.batches(data, 0)
    assert [len(part) for part in parts] == [180, 60, 60]
    assert len(np.unique(np.concatenate([part.key for part in parts]))) == 300
    assert set(small_sets.batches(data, 1)[0].key) != set(parts[0].key)


def test_tables_stand_between_the_marks_of_the_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- tables -->\nold\n<!-- end of tables -->\nafter\n")
    portfolio.write(page, "new \\1\n")
    assert page.read_text() == "before\n<!-- tables -->\nnew \\1\n<!-- end of tables -->\nafter\n"
    page.write_text("nothing")
    with pytest.raises(ValueError, match="needs the lines <!-- tables -->"):
        portfolio.write(page, "new")
    assert "<!-- tables -->" in portfolio.PAGE.read_text()
