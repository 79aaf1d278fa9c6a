"""Monotone constraints by the user's own columns, from the table to what is shipped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from standins import candidates_of, case_of, here, prepared_of

from minnow import modalities
from minnow.records.bundle import open_bundle
from minnow.records.timing import Timing
from minnow.stages import effort, evaluate, finalists, intake, train
from minnow.stages.refit import Refit
from minnow.stages.validate import DataError

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's own
OPTIONS = {"target": "price", "logs": ["rooms"], "ratios": [["tax", "crime"]]}


def _case(folder, names=("rooms", "age"), monotonic=None, **more):
    """A table whose price rises with rooms but for waves, with gaps, categories, dates and derived columns."""
    random = np.random.default_rng(0)
    rooms, age, tax, crime = random.uniform(1, 9, (4, 400))
    price = 10 * rooms + 9 * np.sin(3 * rooms) - age + tax / crime + random.exponential(5, 400)
    town, day = random.choice(["a", "b", "c"], 400), random.integers(1, 28, 400)
    (folder / "rows").mkdir(parents=True)
    lines = [f"{names[0]},town,{names[1]},day,tax,crime,price"]
    for i in range(400):
        cells = [f"{rooms[i]:.3f}" if i % 9 else "", town[i], f"{age[i]:.3f}", f"2024-01-{day[i]:02d}"]
        lines.append(",".join([*cells, f"{tax[i]:.3f}", f"{crime[i]:.3f}", f"{price[i]:.2f}"]))
    (folder / "rows" / "rows.csv").write_text("\n".join(lines) + "\n")
    (folder / "uv.lock").write_text("")
    options = OPTIONS | {"logs": [names[0]]}
    families = {"gboost": {"monotonic": monotonic or {}}}
    return case_of(folder, "tabular", "regress", options, families=families, measure="mae", **more)


def _timed(folders):
    return dict.fromkeys(folders, Timing(1.0, 1.0, 1.0, 1))


def _falls(bundle, folder):
    """Largest fall of the served answer where only the rooms of a row rise."""
    encoder = modalities.get("tabular").load_encoder(bundle.folder)
    case = {"town": "b", "age": 4.0, "day": "2024-01-09", "tax": 5.0, "crime": 3.0}
    inputs = [{**case, "rooms": float(rooms)} for rooms in np.linspace(0.5, 10, 200)]
    columns = modalities.get("tabular").parse(inputs, encoder)
    value = evaluate.opened(bundle)(encoder.encode(columns))["value"]
    return float(np.maximum(-np.diff(value), 0).max())


def test_what_is_chosen_and_what_is_fitted_again_hold_the_constraint(tmp_path):
    falls = {}
    for name, monotonic in (("free", {}), ("bound", {"rooms": "increasing"})):
        case = _case(tmp_path / name, monotonic=monotonic)
        prepared = prepared_of(case)
        lined_up = candidates_of(case, prepared, tmp_path / name / "scratch", _timed)
        rules = finalists.field_of(case, "cpu", lined_up).rules
        again = Refit(case, intake.read(case), prepared, rules, tmp_path / name, _timed, here)
        (shipped,) = again.ship(lined_up[:1]).values()
        assert shipped.bundle.sha != lined_up[0].val.bundle.sha
        falls[name] = [_falls(open_bundle(one.folder), tmp_path) for one in (lined_up[0].val.bundle, shipped.bundle)]
    assert min(falls["free"]) > 0.1, "without a constraint the waves are followed"
    assert max(falls["bound"]) <= 1e-4


def test_further_settings_of_an_effort_hold_it_too(tmp_path):
    case = _case(tmp_path, monotonic={"rooms": "increasing"}, effort="default")
    wider = effort.widened(case, prepared_of(case).batches["train"])
    assert wider.usecase.families["gboost_slow"]["monotonic"] == {"rooms": "increasing"}


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("room", r"No column 'room'\. Did you mean 'rooms'\? Known: age, crime, day, rooms, tax, town\."),
        ("price", r"No column 'price'\."),
        ("town", r"'town' holds categories"),
        ("day", r"'day' holds dates"),
        ("crime", r"'crime' is also a part of options\.ratios"),
    ],
)
def test_a_column_that_cannot_be_constrained_stops_the_use_case_before_anything_is_fitted(column, message, tmp_path):
    case = _case(tmp_path, monotonic={column: "increasing"})
    with pytest.raises(DataError, match=rf"^usecases\.small\.families\.gboost\.monotonic: .*{message}"):
        prepared_of(case)


def test_columns_that_change_names_are_other_models(tmp_path):
    """Equal rows whose columns have each other's names are constrained otherwise."""
    origins = []
    for folder, names in (("one", ("rooms", "age")), ("other", ("age", "rooms"))):
        case = _case(tmp_path / folder, names, monotonic={"rooms": "increasing"})
        prepared = prepared_of(case)
        rows = {split: replace(batch, inputs={}) for split, batch in prepared.batches.items()}
        handed = train.hand_over(case, replace(prepared, batches=rows), here)
        origins.append(replace(train.origin(case, "gboost", handed), rows=""))
    assert origins[0].as_json() != origins[1].as_json()
    assert replace(origins[0], sources=origins[1].sources) == origins[1]
