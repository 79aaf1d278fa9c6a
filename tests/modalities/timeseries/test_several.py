"""Several series in one file: each is read, split, forecast and scored by itself."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from pydantic import ValidationError

from minnow import tasks
from minnow.modalities import timeseries
from minnow.stages import prepare
from minnow.stages.case import Problem
from minnow.stages.validate import check
from minnow.tables.files import FileError
from minnow.types import OFFSET, SPLITS

START = datetime(2024, 1, 8)


def days(count, first=0):
    return [(START + timedelta(days=first + i)).date().isoformat() for i in range(count)]


def write(folder, rows, name="shops.csv", header="unique_id,ds,y"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return folder


def shops(counts=(60, 60, 30), first=(0, 0, 20)):
    """Shop 2 opens later; shop k sells 100 k + day."""
    return [
        (f"shop_{k}", day, 100 * k + i)
        for k, (count, begin) in enumerate(zip(counts, first, strict=True))
        for i, day in enumerate(days(count, begin))
    ]


def options(**changes):
    plain = {"target": "y", "time": "ds", "series": "unique_id", "horizon": 2, "window": 3, "min_rows": 5}
    return timeseries.Options(**plain | changes)


def examples(folder, **changes):
    chosen = options(**changes)
    return timeseries.examples(timeseries.read(folder, chosen), chosen)


class Shares:
    val, test, train_rows = 0.2, 0.2, None


def problem(chosen):
    return Problem("timeseries", timeseries, chosen, "forecast", tasks.get("forecast"))


def test_no_window_and_no_target_crosses_series(tmp_path):
    rows = examples(write(tmp_path, shops()))
    series = rows.columns["row series"]
    assert (np.unique(series, return_counts=True)[1] == [56, 56, 26]).all()
    shop = np.array([int(name[-1]) for name in series])
    for values in (rows.columns["sensor y"], rows.columns["y"].astype(float)[:, None]):
        assert (values // 100 == shop[:, None]).all()
    np.testing.assert_array_equal(rows.columns["y"].astype(float) - 2, rows.columns["sensor y"][:, -1])


def test_the_column_of_the_series_is_no_sensor(tmp_path):
    rows = [(k, day, y) for (name, day, y) in shops() for k in [int(name[-1])]]
    columns = examples(write(tmp_path, rows)).columns
    assert [name for name in columns if name.startswith("sensor")] == ["sensor y"]
    assert set(columns["row series"].tolist()) == {"0", "1", "2"}


def test_rows_in_any_order_give_the_same_examples(tmp_path):
    rows = shops()
    mixed = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]
    straight, shuffled = (examples(write(tmp_path / n, r)) for n, r in (("a", rows), ("b", mixed)))
    np.testing.assert_array_equal(straight.key, shuffled.key)
    np.testing.assert_array_equal(straight.columns["sensor y"], shuffled.columns["sensor y"])


def test_the_latest_share_of_each_series_is_test(tmp_path):
    chosen = options()
    splits = prepare.split(timeseries.read(write(tmp_path, shops()), chosen), Shares(), timeseries.time_column(chosen))
    counts = {name: np.unique(splits[name].columns["row series"], return_counts=True)[1].tolist() for name in SPLITS}
    assert counts == {"train": [36, 36, 18], "val": [12, 12, 6], "test": [12, 12, 6]}
    for shop in ("shop_0", "shop_1", "shop_2"):
        times = [rows.columns["row time"][rows.columns["row series"] == shop] for rows in map(splits.get, SPLITS)]
        assert times[0].max() < times[1].min() < times[1].max() < times[2].min()


def test_training_files_of_several_series_are_divided_within_each(tmp_path):
    write(tmp_path, shops(), "train.csv")
    write(tmp_path, shops((40, 10, 10), (100, 100, 100)), "test.csv")
    chosen = options()
    splits = prepare.split(timeseries.read(tmp_path, chosen), Shares(), timeseries.time_column(chosen))
    counts = {name: np.unique(splits[name].columns["row series"], return_counts=True)[1].tolist() for name in SPLITS}
    assert counts == {"train": [48, 48, 24], "val": [12, 12, 6], "test": [40, 10, 10]}


def test_one_time_in_two_series_is_no_repetition_and_twice_in_one_is(tmp_path):
    rows = shops()
    assert len(timeseries.read(write(tmp_path / "a", rows), options())) == 150
    needed = r"Each row of a series must have a time stamp of its own\. 2 rows do not: shops.csv:67, shops.csv:152\."
    with pytest.raises(FileError, match=needed):
        timeseries.read(write(tmp_path / "b", [*rows, rows[65]]), options())


def test_repeated_times_without_the_option_name_it(tmp_path):
    with pytest.raises(FileError, match=r"holds several series, set options.series to the column that names them"):
        timeseries.read(write(tmp_path, shops()), options(series=None, drop=["unique_id"]))


def test_equal_sales_of_two_shops_on_one_day_are_two_rows(tmp_path):
    rows = [(name, day, 5) for name, day, _ in shops()]
    assert len(set(timeseries.read(write(tmp_path, rows), options()).key.tolist())) == 150


def test_rows_without_a_series_are_refused_by_name(tmp_path):
    rows = [("" if i == 3 else name, day, y) for i, (name, day, y) in enumerate(shops())]
    with pytest.raises(FileError, match=r"'unique_id' must name the series of each row. 1 rows do not: shops.csv:5"):
        timeseries.read(write(tmp_path, rows), options())
    with pytest.raises(FileError, match=r"options.series: .*unique_id"):
        timeseries.read(write(tmp_path, shops()), options(series="unique"))
    with pytest.raises(ValidationError, match="series must name another column than time and target"):
        options(series="y")


def test_baselines_look_back_in_the_same_series(tmp_path):
    rows = examples(write(tmp_path, shops()), season=7 * 86_400)
    predict = timeseries.CAPABILITIES.baselines(rows, np.empty(0, str), options())
    target = rows.columns["y"].astype(float)
    np.testing.assert_array_equal(predict["persistence"](rows).astype(float), target - 2)
    first_week = np.concatenate(
        [np.arange(count) < 5 - 2 for count in (56, 56, 26)]
    )  # no row is a week before the target
    seasonal = predict["seasonal persistence"](rows).astype(float)
    np.testing.assert_array_equal(seasonal[~first_week], target[~first_week] - 7)
    np.testing.assert_array_equal(seasonal[first_week], target[first_week] - 2)


def test_the_offset_is_the_last_value_of_the_same_series(tmp_path):
    rows = examples(write(tmp_path, shops()), relative=True)
    encoded = timeseries.fit_encoder(rows, np.empty(0, str), options(relative=True)).encode(rows.columns)
    np.testing.assert_allclose(encoded[OFFSET], rows.columns["y"].astype(float) - 2)


def test_rows_of_one_day_are_one_group_in_all_series(tmp_path):
    table = timeseries.read(write(tmp_path, shops()), options())
    assert len(np.unique(table.group)) == 60
    by_day = {}
    for day, group in zip(table.columns["row time"].tolist(), table.group.tolist(), strict=True):
        by_day.setdefault(day, set()).add(group)
    assert all(len(groups) == 1 for groups in by_day.values())


def test_a_run_of_equal_values_ends_with_its_series(tmp_path):
    rows = [(name, day, 7 if i >= 40 else y) for i, (name, day, y) in enumerate(shops((40, 40, 40), (0, 0, 0)))]
    rows = [(name, day, y if name == "shop_0" else 7) for name, day, y in rows]
    chosen = options(max_stuck=0.5, max_duplicates=0.9)
    found = check(timeseries.read(write(tmp_path, rows), chosen), problem(chosen), "shops")
    assert all(finding.ok for finding in found.results if "stuck" in finding.why)


def test_the_usual_step_is_that_within_series(tmp_path):
    rows = [("a", "2024-01-08 00:00", 1), ("b", "2024-01-08 00:07", 1)]
    rows = [(k, START + timedelta(minutes=7 * (k == "b"), hours=i), i) for k, *_ in rows for i in range(20)]
    table = examples(write(tmp_path, rows))
    assert timeseries.fit_encoder(table, np.empty(0, str), options()).facts.step == 3600.0


def test_a_request_names_its_series_or_none(tmp_path):
    encoder = timeseries.fit_encoder(examples(write(tmp_path, shops())), np.empty(0, str), options())
    rows = [{"ds": day, "y": i} for i, day in enumerate(days(3))]
    parsed = timeseries.parse([[row | {"unique_id": "shop_1"} for row in rows], rows], encoder)
    about = timeseries.CAPABILITIES.about(parsed, encoder)
    assert about == {"time": ["2024-01-12T00:00:00"] * 2, "series": ["shop_1", None]}
    assert timeseries.CAPABILITIES.about(timeseries.parse([rows], encoder), encoder).keys() == {"time"}
    mixed = [row | {"unique_id": name} for row, name in zip(rows, "aab", strict=True)]
    with pytest.raises(
        ValueError, match=r"^inputs\[0\]: needed rows of one series \('unique_id'\), received rows of 'a'"
    ):
        timeseries.parse([mixed], encoder)
    with pytest.raises(ValueError, match=r"^inputs\[0\]: needed a text of at most 200 .*, received \['a'\]"):
        timeseries.parse([[row | {"unique_id": ["a"]} for row in rows]], encoder)


def test_a_file_gives_an_input_for_each_full_window_of_each_series(tmp_path):
    chosen, folder = options(), write(tmp_path, shops())
    encoder = timeseries.fit_encoder(examples(folder), np.empty(0, str), chosen)
    inputs = list(timeseries.from_file(folder / "shops.csv", chosen, encoder))
    assert len(inputs) == 58 + 58 + 28
    assert all(len({row["unique_id"] for row in rows}) == 1 for rows in inputs)
    about = timeseries.CAPABILITIES.about(timeseries.parse(inputs, encoder), encoder)
    assert about["series"] == [f"shop_{k}" for k, count in enumerate((58, 58, 28)) for _ in range(count)]
    assert about["time"][0] == "2024-01-12T00:00:00"
