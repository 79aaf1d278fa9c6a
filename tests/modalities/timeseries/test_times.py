"""Times of rows: fractions of seconds, units since 1970, local times, and columns of dates that are not the time."""

import json
from datetime import datetime, timedelta

import numpy as np
import pytest
from pydantic import ValidationError

from minnow.modalities import timeseries
from minnow.tables.files import FileError

START = datetime(2024, 1, 8)
SECOND = 10**6


def write(folder, times, header="time,a,y", more=""):
    folder.mkdir(exist_ok=True)
    lines = [f"{time},{i % 7},{'on' if i % 2 else 'off'}{more}" for i, time in enumerate(times)]
    (folder / "series.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder


def options(**changes):
    return timeseries.Options(**{"target": "y", "min_rows": 5, **changes})


def read(folder, **changes):
    return timeseries.read(folder, options(**changes))


def stamps(table):
    return table.columns["row time"].astype("datetime64[us]").astype(np.int64)


def even(count, **step):
    return [START + i * timedelta(**step) for i in range(count)]


def test_times_of_whole_seconds_have_the_keys_that_they_always_had(tmp_path):
    times = [(datetime(2024, 1, 1) + timedelta(minutes=i)).isoformat(" ") for i in range(50)]
    lines = [f"{time},{i},{i * 7 % 5},{'on' if i % 2 else 'off'}" for i, time in enumerate(times)]
    (tmp_path / "series.csv").write_text("\n".join(["time,a,b,y", *lines]) + "\n")
    table = read(tmp_path)
    assert [f"{key:016x}" for key in table.key[:3].tolist()] == [
        "b3ebc31126dab695",
        "7cad80c7d15a3e19",
        "4e2f6235ca0541f2",
    ]


def test_times_of_whole_seconds_have_the_clock_that_they_always_had(tmp_path):
    chosen = options(week=True, window=2)
    rows = timeseries.examples(timeseries.read(write(tmp_path, even(50, minutes=7)), chosen), chosen)
    encoder = timeseries.fit_encoder(rows, np.array(["off", "on"]), chosen)
    assert (encoder.facts.step, encoder.facts.max_gap) == (420.0, 2100.0)
    seconds = rows.columns["row stamp"] // SECOND
    angles = [2 * np.pi * (seconds % period) / period for period in (86_400, 604_800)]
    expected = np.stack([wave(angle) for angle in angles for wave in (np.sin, np.cos)], axis=1)
    np.testing.assert_array_equal(encoder.numbers(encoder.values(rows.columns), rows.columns["row stamp"]), expected)


@pytest.mark.parametrize("form", ["iso", "numbers"])
def test_a_series_at_fifty_hertz_has_steps_and_gaps_of_fractions(form, tmp_path):
    moments = [
        *even(300, milliseconds=20),
        *(START + timedelta(seconds=7) + one * timedelta(0.02 / 86_400) for one in range(200)),
    ]
    times = [
        one.isoformat(timespec="milliseconds") if form == "iso" else (one - START).total_seconds() for one in moments
    ]
    chosen = options(window=50)
    table = timeseries.read(write(tmp_path, times), chosen)
    assert np.unique(np.diff(stamps(table))).tolist() == [20_000, 1_020_000]
    rows = timeseries.examples(table, chosen)
    assert len(rows) == (300 - 49) + (200 - 49)
    encoder = timeseries.fit_encoder(rows, np.array(["off", "on"]), chosen)
    assert (encoder.facts.step, encoder.facts.max_gap) == (0.02, 0.1)
    assert all(np.isfinite(values).all() for values in encoder.encode(rows.columns).values())
    assert len(timeseries.examples(table, options(window=50, max_gap=1.1))) == 500 - 49
    assert len(np.unique(table.group)) == 10  # blocks of a second, as long as a window
    example = timeseries.example(encoder, {})
    assert example[1]["time"] == "2024-01-01T12:00:00.020000"
    assert encoder.encode(timeseries.parse([example], encoder))


def test_fractions_make_keys_of_their_own(tmp_path):
    table = read(write(tmp_path, [i / 50 for i in range(100)]))
    assert len(set(table.key.tolist())) == 100


@pytest.mark.parametrize(("unit", "scale"), [("seconds", 1), ("milliseconds", 10**3), ("microseconds", 10**6)])
@pytest.mark.parametrize("name", ["timestamp", "t"])  # one that says that it is a time, and one that does not
def test_times_since_1970_are_read_in_their_unit_which_is_said(name, unit, scale, tmp_path):
    times = [round((one - datetime(1970, 1, 1)).total_seconds()) * scale for one in even(60, minutes=5)]
    chosen = options(time=name)
    table = timeseries.read(write(tmp_path, times, f"{name},a,y"), chosen)
    np.testing.assert_array_equal(stamps(table), np.array(even(60, minutes=5), "datetime64[us]").astype(np.int64))
    (notice,) = [notice for notice in table.notices if notice.where == name]
    assert notice.text.startswith(f"'{name}' holds {unit} since 1970: ")
    assert "2024-01-08" in notice.text
    encoder = timeseries.fit_encoder(timeseries.examples(table, chosen), np.array(["off", "on"]), chosen)
    columns = timeseries.parse(
        [[{name: time, "a": 1}] for time in (times[5], str(times[5]), "2024-01-08T00:25")], encoder
    )
    assert (columns["row stamp"] == stamps(table)[5]).all()


def test_times_since_a_recording_began_are_seconds(tmp_path):
    table = read(write(tmp_path, [i / 50 for i in range(60)]))
    assert stamps(table)[:3].tolist() == [0, 20_000, 40_000]
    text = "'time' holds seconds since a recording began: the rows are from 0 to 1.18 (options.dates)."
    assert text in [notice.text for notice in table.notices]
    encoder = timeseries.fit_encoder(timeseries.examples(table, options()), np.array(["off", "on"]), options(horizon=1))
    columns = timeseries.parse([[{"time": time, "a": 1}] for time in (0.5, "0.5")], encoder)
    assert timeseries.CAPABILITIES.about(columns, encoder) == {"time": [0.52, 0.52]}


def test_days_without_signs_are_days(tmp_path):
    times = [f"{one:%Y%m%d}" for one in even(60, days=1)]
    chosen = options(time="Tag")
    table = timeseries.read(write(tmp_path, times, "Tag,a,y"), chosen)
    np.testing.assert_array_equal(stamps(table), np.array(even(60, days=1), "datetime64[us]").astype(np.int64))
    encoder = timeseries.fit_encoder(timeseries.examples(table, chosen), np.array(["off", "on"]), chosen)
    columns = timeseries.parse([[{"Tag": time, "a": 1}] for time in (20240108, "20240108", "2024-01-08")], encoder)
    assert (columns["row stamp"] == stamps(table)[0]).all()


@pytest.mark.parametrize(
    ("header", "time", "cells"),
    [
        ("year,a,y", "year", lambda month: f"{1950 + month}"),
        ("year,month,a,y", ["year", "month"], lambda month: f"{2000 + month // 12},{1 + month % 12}"),
    ],
    ids=["years", "months"],
)
def test_years_and_months_are_read_by_the_calendar(header, time, cells, tmp_path):
    chosen = options(time=time, horizon=1, sensors=["a"])
    folder = write(tmp_path, [cells(i) for i in range(60)], header)
    table = timeseries.read(folder, chosen)
    step = 12 if isinstance(time, str) else 1
    months = table.columns["row time"].astype("datetime64[M]").astype(int)
    assert (np.diff(months) == step).all()
    encoder = timeseries.fit_encoder(timeseries.examples(table, chosen), np.array(["off", "on"]), chosen)
    columns = timeseries.parse(list(timeseries.from_file(folder / "series.csv", chosen, encoder)), encoder)
    expected = (table.columns["row time"][0].astype("datetime64[M]") + step).astype("datetime64[s]")
    assert timeseries.CAPABILITIES.about(columns, encoder)["time"][0] == str(expected)


def test_a_date_and_a_time_of_day_may_be_two_columns(tmp_path):
    chosen = options(time=["Date", "Time"], window=3)
    moments = even(200, hours=2, seconds=0.5)
    folder = write(
        tmp_path, [f"{one:%d/%m/%Y,%H:%M:%S}.{one.microsecond // 10**5}" for one in moments], "Date,Time,a,y"
    )
    table = timeseries.read(folder, chosen)
    np.testing.assert_array_equal(stamps(table), np.array(moments, "datetime64[us]").astype(np.int64))
    rows = timeseries.examples(table, chosen)
    encoder = timeseries.fit_encoder(rows, np.array(["off", "on"]), chosen)
    encoder.save(tmp_path)
    loaded = timeseries.load_encoder(tmp_path)
    inputs = list(timeseries.from_file(folder / "series.csv", chosen, loaded))
    for asked in (inputs, json.loads(json.dumps(inputs)), [timeseries.example(loaded, {})]):
        parsed = timeseries.parse(asked, loaded)
    np.testing.assert_array_equal(timeseries.parse(inputs, loaded)["row stamp"], rows.columns["row stamp"])
    assert timeseries.CAPABILITIES.about(parsed, loaded)["time"] == ["2024-01-01T16:00:01"]


def test_numbers_that_no_calendar_shows_are_refused_by_their_rows(tmp_path):
    times = [1704672000 + 300 * i for i in range(60)]
    times[4] = 10**15
    with pytest.raises(FileError, match=r"'time' must hold a time stamp in each row. 1 rows do not: series.csv:6"):
        read(write(tmp_path, times))


BERLIN = "Europe/Berlin"


def autumn(minutes=15, first=datetime(2024, 10, 26, 12), hours=24):
    """Times of a logger on Berlin's clock, of which an hour comes twice; and the same in UTC."""
    utc = [first - timedelta(hours=2) + i * timedelta(minutes=minutes) for i in range(hours * 60 // minutes)]
    set_back = datetime(2024, 10, 27, 1)
    return [one + timedelta(hours=2 if one < set_back else 1) for one in utc], utc


def test_the_double_hour_of_autumn_is_told_apart_by_the_order_of_rows(tmp_path):
    local, utc = autumn()
    expected = np.array(utc, "datetime64[us]").astype(np.int64)
    for name, times in {"up": local, "down": local[::-1]}.items():
        table = read(write(tmp_path / name, times), time_zone=BERLIN)
        np.testing.assert_array_equal(stamps(table), expected)


def test_the_double_hour_without_the_option_is_refused_with_its_name(tmp_path):
    with pytest.raises(FileError, match=r"hour of 2024-10-27 02:00:00 in which clocks are set back.*options.time_zone"):
        read(write(tmp_path, autumn()[0]))
    twice = even(40, minutes=15)
    with pytest.raises(FileError, match=r"set options.series to the column") as refusal:
        read(write(tmp_path, [*twice, twice[4]]))
    assert "clocks are set back" not in str(refusal.value)


def test_a_time_in_the_hour_that_spring_leaves_out_is_refused(tmp_path):
    times = [datetime(2024, 3, 31, 0, 30) + timedelta(minutes=30 * i) for i in range(20)]
    with pytest.raises(
        FileError, match=r"must hold times that the clocks of Europe/Berlin show .*2 rows do not: series.csv:5"
    ):
        read(write(tmp_path, times), time_zone=BERLIN)


def test_the_clock_of_a_zone_is_its_wall_clock(tmp_path):
    local = [datetime(2024, 3, 20) + timedelta(hours=i) for i in range(20 * 24)]
    local = [one for one in local if one != datetime(2024, 3, 31, 2)]
    chosen = options(time_zone=BERLIN)
    rows = timeseries.examples(timeseries.read(write(tmp_path, local), chosen), chosen)
    encoder = timeseries.fit_encoder(rows, np.array(["off", "on"]), chosen)
    numbers = encoder.numbers(encoder.values(rows.columns), rows.columns["row stamp"])
    hours = np.array([one.hour for one in local])
    np.testing.assert_allclose(numbers[:, 0], np.sin(2 * np.pi * hours / 24), atol=1e-12)


def test_a_request_of_the_double_hour_is_read_by_its_order(tmp_path):
    chosen = options(time_zone=BERLIN, window=3)
    rows = timeseries.examples(timeseries.read(write(tmp_path, autumn()[0]), chosen), chosen)
    encoder = timeseries.fit_encoder(rows, np.array(["off", "on"]), chosen)
    request = [{"time": f"2024-10-27 02:{minute}", "a": 1} for minute in ("30", "45", "00")]
    columns = timeseries.parse([request], encoder)
    assert columns["row stamp"][0] == np.datetime64("2024-10-27T01:00", "us").astype(np.int64)
    with pytest.raises(ValueError, match=r"^inputs\[0\]: needed a time that the clocks of Europe/Berlin show"):
        timeseries.parse([[{"time": f"2024-03-31 02:{minute}", "a": 1} for minute in (10, 20, 30)]], encoder)


def test_a_zone_that_does_not_exist_is_refused():
    with pytest.raises(ValidationError, match=r"a time zone has a name such as Europe/Berlin. Received: 'Berlin'"):
        options(time_zone="Berlin")


def test_a_second_column_of_dates_is_left_out_and_said(tmp_path):
    folder = write(tmp_path, even(50, minutes=5), "measured_at,a,y,created_at", ",2024-02-01 10:00:00")
    table = read(folder, time="measured_at")
    assert [name for name in table.columns if name.startswith("sensor")] == ["sensor a"]
    (notice,) = [notice for notice in table.notices if notice.where == "created_at"]
    assert (notice.kind, notice.count) == ("skipped", 50)
    assert notice.text.startswith("Column 'created_at' holds dates and is not read: the time of a row is 'measured_at'")


def test_a_second_column_of_numbers_is_a_sensor(tmp_path):
    folder = write(tmp_path, even(50, minutes=5), "measured_at,a,y,sent", ",1704672000")
    assert "sensor sent" in read(folder, time="measured_at").columns


def test_times_that_name_a_zone_are_no_local_times(tmp_path):
    local, utc = autumn()
    expected = np.array(utc, "datetime64[us]").astype(np.int64)
    named = [f"{one.isoformat()}Z" for one in utc]
    mixed = [
        f"{there.isoformat()}+00:00" if i % 2 else here.isoformat()
        for i, (here, there) in enumerate(zip(local, utc, strict=True))
    ]
    numbers = [(one - datetime(1970, 1, 1)) // timedelta(milliseconds=1) for one in utc]
    for name, times in {"named": named, "mixed": mixed, "numbers": numbers}.items():
        np.testing.assert_array_equal(stamps(read(write(tmp_path / name, times), time_zone=BERLIN)), expected)


def test_a_file_of_the_double_hour_is_answered_as_it_was_trained(tmp_path):
    chosen = options(time_zone=BERLIN, window=3)
    folder = write(tmp_path, autumn()[0])
    rows = timeseries.examples(timeseries.read(folder, chosen), chosen)
    encoder = timeseries.fit_encoder(rows, np.array(["off", "on"]), chosen)
    parsed = timeseries.parse(list(timeseries.from_file(folder / "series.csv", chosen, encoder)), encoder)
    np.testing.assert_array_equal(parsed["row stamp"], rows.columns["row stamp"])
    times = timeseries.CAPABILITIES.about(parsed, encoder)["time"]
    assert [time for time in times if "T02:00" in time] == ["2024-10-27T02:00:00+02:00", "2024-10-27T02:00:00+01:00"]
