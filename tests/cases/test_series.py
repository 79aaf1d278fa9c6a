"""Series as people have them."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from cases import writers
from cases.walk import Walk, check_answers

from minnow.modalities.timeseries.options import SENSOR, SERIES, TIME

ANSWERED = writers.BY_MODALITY["timeseries"]
_EVERY = {writers.accelerometer: 23, writers.room_in_milliseconds: 11, writers.room_in_seconds: 11}
"""Long histories, of which each so manieth is sent to the service."""


@pytest.mark.parametrize("writer", ANSWERED)
def test_a_model_answers_every_window_of_its_own_file_and_over_http_alike(writer, walked):
    check_answers(walked(writer), _EVERY.get(writer, 1))


def _times(walk: Walk) -> list:
    return walk.table.columns[TIME].tolist()


def test_a_german_log_is_read_in_decimal_commas_with_the_day_first(walked):
    walk = walked(writers.heating)
    assert (walk.proposal.entry["modality"], walk.proposal.task) == ("timeseries", "classify")
    assert walk.proposal.options == {"target": "Ventil", "time": "Zeit", "window": 12}
    assert walk.table.columns[SENSOR + "Temperatur"].tolist() == walk.written.truth["warm"]
    assert _times(walk)[0] == writers.MONDAY
    assert _times(walk)[-1] == writers.MONDAY + timedelta(minutes=15 * 599)
    assert walk.score > 0.95
    assert walk.answers()[0]["time"] == "2024-01-08T02:45:00"


def test_too_few_rows_are_answered_with_the_number_that_is_needed(walked):
    walk = walked(writers.heating)
    with pytest.raises(AssertionError, match=r"422: .*needed at least the latest 12 rows, received 5"):
        walk.served([walk.written.series[0][:5]])


def test_american_hours_with_am_and_pm_make_an_entry_that_runs(walked):
    walk = walked(writers.american_hours)
    assert (walk.proposal.entry["modality"], walk.proposal.task) == ("timeseries", "forecast")
    assert {walk.proposal.options[key] for key in ("target", "horizon")} == {"load", 1}
    assert _times(walk) == walk.written.truth["hours"]
    assert walk.score < 8
    last = walk.answers()[-1]["time"]
    assert last == (walk.written.truth["hours"][-1] + timedelta(hours=1)).isoformat()


def test_fifty_rows_a_second_are_a_series_of_windows_of_two_seconds(walked):
    walk = walked(writers.accelerometer)
    assert (walk.proposal.entry["modality"], walk.proposal.task) == ("timeseries", "classify")
    assert walk.proposal.options == {"target": "activity", "window": 100, "clock": False}
    assert "50 Hz" in walk.said
    steps = set(np.diff(walk.table.columns[TIME]).astype("timedelta64[ms]").astype(int).tolist())
    assert steps == {20}
    assert walk.prepared.labels.tolist() == ["rest", "walk"]
    assert walk.score > 0.85


def test_milliseconds_and_seconds_since_1970_are_told_by_their_size_and_decided_alike(walked):
    in_milliseconds, in_seconds = walked(writers.room_in_milliseconds), walked(writers.room_in_seconds)
    for walk, unit in ((in_milliseconds, "milliseconds"), (in_seconds, "seconds")):
        assert walk.proposal.options == {"target": "lamp", "time": "timestamp", "window": 12}
        assert f"'timestamp' holds {unit} since 1970" in walk.said
        assert f"'timestamp' holds {unit} since 1970" in walk.notices
    assert _times(in_milliseconds) == _times(in_seconds)
    assert in_milliseconds.score == in_seconds.score > 0.95
    assert in_milliseconds.decision.verdict == in_seconds.decision.verdict
    assert in_milliseconds.decision.reasons == in_seconds.decision.reasons
    assert len(np.unique(in_seconds.prepared.batches["test"].group)) == 2, "groups of rows are days"


def test_several_shops_in_one_file_are_series_whose_windows_never_cross(walked):
    walk = walked(writers.shops)
    assert (walk.proposal.entry["modality"], walk.proposal.task) == ("timeseries", "forecast")
    assert {key: walk.proposal.options[key] for key in ("target", "time", "series")} == {
        "target": "y",
        "time": "ds",
        "series": "unique_id",
    }
    levels = {"shop_0": 50, "shop_1": 200, "shop_2": 900}
    for split, examples in walk.prepared.tables.items():
        series, past = examples.columns[SERIES], examples.columns[SENSOR + "y"]
        assert set(series) == set(levels), split
        for name, level in levels.items():
            assert np.abs(past[series == name] - level).max() < 20, "a window holds rows of one shop"
    scores = walk.decision.series
    assert scores is not None
    assert (scores.count, set(scores.scores)) == (3, set(levels))
    assert walk.score == pytest.approx(np.mean([one.value for one in scores.scores.values()]), abs=0.01)
    assert {answer["series"] for answer in walk.answers()} == set(levels)
