"""Groups of rows: days, or shorter blocks where a recording has few days."""

import numpy as np
import pytest

from minnow.modalities.timeseries import blocks
from minnow.modalities.timeseries.clocks import DAY_US, SECOND

START = int(np.datetime64("2024-01-08T00:00", "us").astype(np.int64))


def readings(count, step_s):
    return START + np.arange(count) * round(step_s * SECOND)


def test_rows_of_many_days_are_grouped_by_days():
    reading = readings(8 * 288, 300)
    group = blocks.groups(reading, 300.0)
    np.testing.assert_array_equal(group, (reading // DAY_US).astype(np.uint64))


@pytest.mark.parametrize(
    ("count", "step_s"), [(1500, 0.02), (600, 1), (3000, 60), (4 * 288, 300), (40, 0.0005), (200, 0.00001)]
)
def test_a_recording_of_few_days_has_blocks_enough_to_be_resampled(count, step_s):
    group = blocks.groups(readings(count, step_s), 0.0)
    assert blocks.BLOCKS <= len(np.unique(group)) <= 4 * blocks.BLOCKS
    assert (np.diff(group.astype(np.int64)) >= 0).all()


def test_no_block_is_shorter_than_the_history_of_an_example():
    group = blocks.groups(readings(1500, 0.02), 4.0)
    assert len(np.unique(group)) == 6  # of five seconds each
    one_day = blocks.groups(readings(600, 300), 2 * 86_400.0)
    assert len(np.unique(one_day)) == 3


def test_a_pause_of_days_between_recordings_makes_no_blocks():
    reading = np.concatenate([readings(600, 1), readings(600, 1) + 5 * DAY_US])
    assert len(np.unique(blocks.groups(reading, 1.0))) >= blocks.BLOCKS
