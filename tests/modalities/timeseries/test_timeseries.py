"""Series: what is read for a prediction was known by then, and what cannot be read is refused by its rows."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from minnow import tasks
from minnow.modalities import timeseries
from minnow.modalities.timeseries.windows import FEATURES, RENAMED_FEATURES
from minnow.stages import prepare
from minnow.stages.case import Problem
from minnow.stages.validate import check
from minnow.tables.files import FileError
from minnow.types import OFFSET, SPLITS, Table

START = np.datetime64("2024-01-01T00:00:00")


def write(folder, rows, header="time,a,b,y", name="series.csv"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return folder


def minutes(n, step=1, first=0):
    return [str(START + np.timedelta64(first + i * step, "m")).replace("T", " ") for i in range(n)]


def plain(n=50, y=lambda i: "on" if i % 2 else "off"):
    return [(t, i, (i * 7) % 5, y(i)) for i, t in enumerate(minutes(n))]


def options(**changes):
    return timeseries.Options(**{"target": "y", "min_rows": 5, **changes})


def examples(folder, **changes):
    chosen = options(**changes)
    return timeseries.examples(timeseries.read(folder, chosen), chosen)


def test_an_example_reads_the_rows_up_to_it_and_its_label_lies_at_the_horizon(tmp_path):
    rows = examples(write(tmp_path, plain(20, y=lambda i: i)), window=3, horizon=2)
    assert rows.columns["sensor a"].tolist()[0] == [0, 1, 2]
    assert rows.columns["y"].tolist() == [str(i) for i in range(4, 20)]
    assert rows.columns["row past"].tolist() == [str(i) for i in range(2, 18)]
    assert rows.columns["sensor y"].tolist()[-1] == [15, 16, 17]


def test_without_a_horizon_the_target_is_not_read(tmp_path):
    folder = write(tmp_path, plain(20, y=lambda i: i))
    assert "sensor y" not in examples(folder, window=3).columns
    with pytest.raises(FileError, match="'y' must be a column that is known when the prediction is made"):
        examples(folder, sensors=["a", "y"])


@given(st.integers(1, 6), st.integers(0, 4), st.lists(st.integers(1, 8), max_size=2), st.integers(0, 39))
def test_no_feature_sees_the_future(window, horizon, back, changed):
    """Whatever happens after an example changes nothing that is read for it."""
    features = dict.fromkeys(FEATURES, back)
    chosen = options(
        window=window, horizon=horizon, sensors=["a", "b"], levels=["b"] if max([0, *back]) > 3 else None, **features
    )
    rng = np.random.default_rng(1)
    columns = {f"sensor {name}": rng.normal(size=40) for name in "ab"}
    columns |= {"row time": START + np.arange(40).astype("timedelta64[m]"), "y": np.array(["on", "off"] * 20)}
    key = np.arange(40, dtype=np.uint64)
    table = Table(columns, key.astype(str), key)
    rows = timeseries.examples(table, chosen)
    encoder = timeseries.fit_encoder(rows, np.array(["off", "on"]), chosen)
    before = encoder.encode(rows.columns)
    for name in ("sensor a", "sensor b"):
        table.columns[name][changed] += 100.0
    again = timeseries.examples(table, chosen)
    after = encoder.encode(again.columns)
    earlier = again.row_id.astype(int) < changed
    for name, value in before.items():
        np.testing.assert_array_equal(after[name][earlier], value[earlier])


def test_rows_out_of_order_are_put_in_order(tmp_path):
    rows = plain(30)
    shuffled = [rows[i] for i in np.random.default_rng(0).permutation(30)]
    straight, mixed = (examples(write(tmp_path / n, r), window=3) for n, r in (("a", rows), ("b", shuffled)))
    np.testing.assert_array_equal(straight.columns["sensor a"], mixed.columns["sensor a"])
    np.testing.assert_array_equal(straight.key, mixed.key)


def test_two_rows_of_one_moment_are_refused_by_name(tmp_path):
    rows = plain(20)
    with pytest.raises(FileError, match=r"Each row must have a time stamp of its own.*series.csv:7, series.csv:22"):
        timeseries.read(write(tmp_path, [*rows, rows[5]]), options())


def test_rows_without_a_time_are_refused_by_name(tmp_path):
    rows = plain(20)
    rows[3] = ("", *rows[3][1:])
    with pytest.raises(FileError, match=r"'time' must hold a time stamp in each row. 1 rows do not: series.csv:5"):
        timeseries.read(write(tmp_path, rows), options())


def test_a_sensor_that_shows_words_is_refused_by_name(tmp_path):
    rows = [(t, a, "calm" if i % 2 else "storm", y) for i, (t, a, _, y) in enumerate(plain(20))]
    with pytest.raises(FileError, match=r"Sensor 'b' must hold numbers.*options.drop.*20 rows do not: series.csv:2, "):
        timeseries.read(write(tmp_path, rows), options())
    assert len(timeseries.read(tmp_path, options(drop=["b"]))) == 20


def test_nothing_is_read_across_a_gap(tmp_path):
    lines = [*plain(10), *((t, 100 + i, 0, "on") for i, t in enumerate(minutes(10, first=600)))]
    history = examples(write(tmp_path, lines), window=3, rolling_mean=[5]).columns["sensor a"]
    assert len(history) == 2 * (10 - 2)
    assert all((row < 100).all() or (row >= 100).all() for row in history)
    assert history[8].tolist() == [100, 100, 100, 101, 102]  # the first row of a stretch stands for what was before it


def test_a_series_shorter_than_its_window_is_refused(tmp_path):
    chosen = options(window=40, min_rows=5)
    table = timeseries.read(write(tmp_path, plain(20)), chosen)
    with pytest.raises(FileError, match=r"40 rows in one stretch. From series.csv:2 to .* the longest stretch has 12"):
        prepare.prepare(table, problem(chosen), Shares())


class Shares:
    val, test, train_rows = 0.2, 0.2, None


def problem(chosen):
    return Problem("timeseries", timeseries, chosen, "classify", tasks.get("classify"))


def test_a_random_split_is_refused_with_the_reason():
    with pytest.raises(
        ValidationError, match="a series is split by time only: with a split by hash, test rows would lie"
    ):
        options(split={"by": "hash"})


def test_named_training_files_are_divided_by_time_too(tmp_path):
    write(tmp_path, plain(50), name="train.csv")
    write(tmp_path, [(t, 0, 1, "on") for t in minutes(10, first=600)], name="test.csv")
    splits = prepare.split(timeseries.read(tmp_path, options()), Shares(), "row time")
    assert [len(splits[name]) for name in SPLITS] == [40, 10, 10]
    assert splits["train"].columns["row time"].max() < splits["val"].columns["row time"].min()


def test_a_time_may_be_made_of_several_columns(tmp_path):
    lines = [(2024, 1, 1 + i // 24, i % 24, i, "on" if i % 2 else "off") for i in range(30)]
    folder = write(tmp_path, lines, "year,month,day,hour,a,y")
    rows = examples(folder, time=["year", "month", "day", "hour"], window=2)
    assert (np.diff(rows.columns["row stamp"]) == 3600 * 10**6).all()
    assert [name for name in rows.columns if name.startswith("sensor")] == ["sensor a"]


def findings(folder):
    chosen = options(max_duplicates=0.9)
    return check(timeseries.read(folder, chosen), problem(chosen), "home")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda i: "" if 10 <= i < 25 else i, "would learn the failure of a sensor that fails for so long"),
        (lambda i: 4 if i < 45 else i, "a sensor with one value for so long is stuck"),
        (lambda i: "" if i % 5 else i, "a sensor with so many missing values is hardly useful"),
    ],
    ids=["burst", "stuck", "gone"],
)
def test_a_broken_sensor_is_found(spoil, why, tmp_path):
    rows = [(t, spoil(i), b, y) for i, (t, _, b, y) in enumerate(plain(60))]
    failed = [finding for finding in findings(write(tmp_path / "data", rows)).results if not finding.ok]
    assert any(why in finding.why for finding in failed)
    assert any("series.csv:" in row for finding in failed for row in finding.examples)


def test_a_sound_series_meets_its_expectations(tmp_path):
    assert all(finding.ok for finding in findings(write(tmp_path / "data", plain(60))).results)


def test_the_baselines_need_no_model(tmp_path):
    rows = [(t, i % 10, 0, "on" if i % 10 > 6 else "off") for i, t in enumerate(minutes(200))]
    train = examples(write(tmp_path, rows))
    baselines = timeseries.CAPABILITIES.baselines(train, np.array(["off", "on"]), options())
    assert set(baselines) == {"clock", "threshold: a over 6.5"}
    np.testing.assert_array_equal(baselines["threshold: a over 6.5"](train), train.columns["y"])


def test_persistence_says_what_was_last_and_the_season_what_was_then(tmp_path):
    lines = [(t, 0, i % 24, i % 24) for i, t in enumerate(minutes(96, step=60))]
    rows = examples(write(tmp_path, lines), horizon=3)
    baselines = timeseries.CAPABILITIES.baselines(rows, np.empty(0, str), options(horizon=3))
    answers = {name: predict(rows).astype(int) for name, predict in baselines.items()}
    wanted = rows.columns["y"].astype(int)
    assert (answers["seasonal persistence"][24:] == wanted[24:]).all()
    np.testing.assert_array_equal(answers["persistence"], (wanted - 3) % 24)


def test_relative_targets_have_the_last_value_as_their_offset(tmp_path):
    rows = [(t, 1, i % 3, 100 + i) for i, t in enumerate(minutes(60))]
    folder = write(tmp_path, rows)
    chosen = options(horizon=1, relative=True, window=2)
    rows = timeseries.examples(timeseries.read(folder, chosen), chosen)
    encoded = timeseries.fit_encoder(rows, np.empty(0, str), chosen).encode(rows.columns)
    np.testing.assert_allclose(encoded[OFFSET], rows.columns["y"].astype(float) - 1, atol=1e-3)
    with pytest.raises(ValidationError, match="relative needs a horizon of at least 1"):
        options(relative=True)


def test_a_sensor_without_its_level_is_read_as_the_change_from_its_own_mean(tmp_path):
    folder = write(tmp_path, plain(60))
    chosen = options(levels=["b"], above_rolling_min=[4], below_rolling_max=[4])
    rows = timeseries.examples(timeseries.read(folder, chosen), chosen)
    encoder = timeseries.fit_encoder(rows, np.array(["off", "on"]), chosen)
    before = encoder.encode(rows.columns)
    drifted = rows.columns | {"sensor a": rows.columns["sensor a"] + 1000.0}
    for name, value in encoder.encode(drifted).items():
        np.testing.assert_allclose(value, before[name], atol=1e-4)
    drifted = rows.columns | {"sensor b": rows.columns["sensor b"] + 1000.0}
    assert (encoder.encode(drifted)["series"][:, 0, 1] > before["series"][:, 0, 1] + 1).all()
    with pytest.raises(ValueError, match=r"options.levels: .*'c'"):
        timeseries.fit_encoder(rows, np.array(["off", "on"]), options(levels=["c"], above_rolling_min=[4]))
    with pytest.raises(ValidationError, match="levels needs a history of at least 3 rows"):
        options(levels=[])


def test_an_encoder_of_an_older_version_answers_the_same(tmp_path):
    folder = write(tmp_path, [(t, i % 4, i % 3, 100 + i) for i, t in enumerate(minutes(60))])
    chosen = options(horizon=1, relative=True, window=2, **{name: [2, 3] for name in FEATURES})
    rows = timeseries.examples(timeseries.read(folder, chosen), chosen)
    encoder = timeseries.fit_encoder(rows, np.empty(0, str), chosen)
    encoder.save(tmp_path)
    value = json.loads((tmp_path / "encoder.json").read_text())
    value["anchor"] = value.pop("offset")
    value["made"] = {old: value["made"][new] for old, new in RENAMED_FEATURES.items()}
    (tmp_path / "encoder.json").write_text(json.dumps(value))
    older = timeseries.load_encoder(tmp_path)
    for name, values in encoder.encode(rows.columns).items():
        np.testing.assert_array_equal(older.encode(rows.columns)[name], values)
