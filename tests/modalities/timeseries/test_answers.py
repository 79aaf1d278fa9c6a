"""Answers carry the time that they are for, written as the rows write theirs."""

import json
from datetime import datetime, timedelta

import numpy as np
import pytest

from minnow.modalities import timeseries

START = datetime(2024, 1, 8)


def encoder(folder, times, **changes):
    folder.mkdir(exist_ok=True)
    lines = [f"{time},{i % 5},{'on' if i % 2 else 'off'}" for i, time in enumerate(times)]
    (folder / "series.csv").write_text("\n".join(["time,a,y", *lines]) + "\n")
    chosen = timeseries.Options(**{"target": "y", "sensors": ["a"], "min_rows": 5, **changes})
    rows = timeseries.examples(timeseries.read(folder, chosen), chosen)
    return timeseries.fit_encoder(rows, np.array(["off", "on"]), chosen)


def minutes(count, step=10):
    return [(START + timedelta(minutes=step * i)).isoformat(" ") for i in range(count)]


def told(fitted, *times):
    columns = timeseries.parse([[{"time": time, "a": 1.0}] for time in times], fitted)
    return timeseries.CAPABILITIES.about(columns, fitted)["time"]


def test_an_answer_is_for_the_last_row_or_the_horizon_after_it(tmp_path):
    same, later = (encoder(tmp_path / str(n), minutes(40), horizon=n, target="y") for n in (0, 3))
    assert told(same, "2024-02-01 12:00") == ["2024-02-01T12:00:00"]
    assert told(later, "2024-02-01 12:00", "2024-02-01T12:00:00.5") == [
        "2024-02-01T12:30:00",
        "2024-02-01T12:30:00.500000",
    ]


def test_a_time_keeps_the_zone_that_it_is_given_with(tmp_path):
    fitted = encoder(tmp_path, minutes(40), horizon=1)
    assert told(fitted, "2024-02-01T12:00:00Z", "2024-02-01T12:00:00+05:30", 1704672000) == [
        "2024-02-01T12:10:00+00:00",
        "2024-02-01T12:10:00+05:30",
        "2024-01-08T00:10:00+00:00",
    ]


def test_local_times_are_answered_with_their_offset(tmp_path):
    fitted = encoder(tmp_path, minutes(40), horizon=1, time_zone="Europe/Berlin")
    assert told(fitted, "2024-07-01 12:00", "2024-03-31 01:55", "2024-07-01T10:00:00Z") == [
        "2024-07-01T12:10:00+02:00",
        "2024-03-31T03:05:00+02:00",
        "2024-07-01T10:10:00+00:00",
    ]


def test_steps_of_months_are_those_of_the_calendar(tmp_path):
    times = [f"{2010 + i // 12}-{1 + i % 12:02d}-01" for i in range(60)]
    fitted = encoder(tmp_path, times, horizon=2, max_gap=40 * 86_400)
    assert told(fitted, "2024-01-01", "2024-12-01") == ["2024-03-01T00:00:00", "2025-02-01T00:00:00"]


def test_a_time_beyond_the_calendar_is_none(tmp_path):
    assert told(encoder(tmp_path, minutes(40), horizon=1), "9999-12-31T23:55:00") == [None]


def test_an_encoder_of_an_older_version_states_no_time(tmp_path):
    fitted = encoder(tmp_path, minutes(40))
    fitted.save(tmp_path)
    value = json.loads((tmp_path / "encoder.json").read_text())
    assert "months" not in value
    del value["horizon"]
    (tmp_path / "encoder.json").write_text(json.dumps(value))
    older = timeseries.load_encoder(tmp_path)
    columns = timeseries.parse([[{"time": "2024-02-01 12:00", "a": 1.0}]], older)
    assert timeseries.CAPABILITIES.about(columns, older) == {}


def test_too_few_rows_are_answered_with_the_number_that_is_needed(tmp_path):
    fitted = encoder(tmp_path, minutes(40), window=4)
    with pytest.raises(ValueError, match=r"^inputs\[0\]: needed at least the latest 4 rows, received 1\.$"):
        told(fitted, "2024-02-01 12:00")


def test_a_file_without_a_full_window_is_refused_with_both_numbers(tmp_path):
    chosen = timeseries.Options(target="y", sensors=["a"], window=4)
    fitted = encoder(tmp_path, minutes(40), window=4)
    (tmp_path / "short.csv").write_text("time,a,y\n2024-01-08 00:00,1,on\n2024-01-08 00:10,1,on\n")
    with pytest.raises(ValueError, match=r"^short.csv must have 4 rows without a gap .*Received: at most 2"):
        list(timeseries.from_file(tmp_path / "short.csv", chosen, fitted))


def test_a_forecast_of_nothing_ahead_is_refused():
    refuses = timeseries.CAPABILITIES.refuses
    reason = refuses(timeseries.Options(target="y"), "forecast")
    assert reason.startswith("horizon: the task 'forecast' predicts a value some rows after")
    assert refuses(timeseries.Options(target="y", horizon=1), "forecast") is None
    assert refuses(timeseries.Options(target="y"), "regress") is None
