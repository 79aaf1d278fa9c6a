"""Instants and wall clocks: units told by their size, zones with their double and missing hours, steps of whole months."""

from datetime import datetime

import numpy as np
import pytest

from minnow.modalities.timeseries import clocks
from minnow.modalities.timeseries.clocks import DAY_US, SECOND

BERLIN = "Europe/Berlin"


def stamps(*texts):
    return np.array(texts, "datetime64[us]").astype(np.int64)


def test_a_wall_clock_is_an_hour_ahead_in_winter_and_two_in_summer():
    winter, summer = clocks.wall(stamps("2024-01-08T12:00:00.5", "2024-07-08T12:00"), BERLIN) - stamps(
        "2024-01-08T12:00:00.5", "2024-07-08T12:00"
    )
    assert (winter, summer) == (3600 * SECOND, 7200 * SECOND)
    assert clocks.wall(stamps("2024-07-08T12:00"), None).tolist() == stamps("2024-07-08T12:00").tolist()


def test_a_reading_that_comes_twice_and_one_that_never_comes_have_two_shifts():
    readings = stamps("2024-10-27T02:30", "2024-10-27T03:00", "2024-03-31T02:30", "2024-03-31T03:00")
    first, second = clocks.shifts(readings, BERLIN)
    assert (first - second).tolist() == [3600 * SECOND, 0, -3600 * SECOND, 0]


@pytest.mark.parametrize(
    ("times", "months"),
    [
        (["2024-01-01", "2024-02-01", "2024-03-01", "2024-05-01"], 1),
        (["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"], 1),
        (["2023-03-31", "2023-06-30", "2023-09-30", "2023-12-31"], 3),
        (["2020-06-15", "2021-06-15", "2022-06-15"], 12),
        (["2024-01-01", "2024-01-02", "2024-01-03"], 0),
        (["2024-01-01T00:00", "2024-02-01T06:00", "2024-03-01"], 0),
        (["2024-01-01T00:00", "2024-01-01T01:00"], 0),
        (["2024-01-01"], 0),
    ],
)
def test_steps_of_whole_months_are_found(times, months):
    assert clocks.months_of_step(stamps(*times), np.ones(len(times) - 1, bool)) == months


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2024-02-01T06:30", 1, "2024-03-01T06:30"),
        ("2024-02-29", 1, "2024-03-31"),
        ("2024-01-30", 1, "2024-02-29"),
        ("2023-11-30", 3, "2024-02-29"),
        ("2024-12-15", 12, "2025-12-15"),
    ],
)
def test_months_are_added_by_the_calendar(start, months, expected):
    assert clocks.later(int(stamps(start)[0]), 1, months, None) == stamps(expected)[0]


def test_a_day_is_added_on_the_wall_clock_and_an_hour_is_not():
    evening = int(stamps("2024-10-26T22:00")[0])  # midnight in Berlin, where the 27th has 25 hours
    assert clocks.later(evening, DAY_US, 0, BERLIN) == stamps("2024-10-27T23:00")[0]
    assert clocks.later(evening, DAY_US, 0, None) == stamps("2024-10-27T22:00")[0]
    before = int(stamps("2024-03-31T00:30")[0])  # 01:30 in Berlin; 02:30 does not come
    assert clocks.moment(clocks.later(before, 3600 * SECOND, 0, BERLIN)) == datetime(2024, 3, 31, 1, 30)


@pytest.mark.parametrize(
    ("readings", "is_set_back"),
    [
        (["2024-10-27T02:00", "2024-10-27T02:45"], True),
        (["2024-10-27T02:00", "2023-10-29T02:00"], True),
        (["2024-11-03T01:10"], True),
        (["2024-04-07T02:30"], True),
        (["2024-10-27T02:00", "2024-10-27T03:00"], False),
        (["2024-10-20T02:00"], False),
        (["2024-10-28T02:00"], False),
        ([], False),
    ],
)
def test_the_hour_in_which_clocks_are_set_back_is_recognised(readings, is_set_back):
    assert clocks.is_set_back(stamps(*readings)) is is_set_back


@pytest.mark.parametrize(
    ("season_s", "step_s", "expected"),
    [
        (None, 600, "2024-03-14T06:00"),
        (None, 86_400, "2024-03-08T06:00"),
        (None, 7 * 86_400, "2023-03-17T06:00"),
        (None, 31 * 86_400, "2023-03-15T06:00"),
        (3600.5, 600, "2024-03-15T04:59:59.5"),
    ],
)
def test_a_season_suits_the_step_unless_it_is_named(season_s, step_s, expected):
    assert clocks.season_before(stamps("2024-03-15T06:00"), season_s, step_s)[0] == stamps(expected)[0]
