"""Windows of a series, as arrays."""

import numpy as np

from minnow.modalities.timeseries import windows


def test_values_that_are_missing_are_carried_forward_and_before_the_first_is_the_median():
    values = np.array([[[np.nan], [1.0], [np.nan], [3.0], [np.nan]]])
    assert windows.fill_forward(values, np.array([9.0]))[0, :, 0].tolist() == [9, 1, 1, 3, 3]


def test_features_above_the_minimum_and_below_the_maximum_are_differences_from_them():
    values = np.array([[[5.0], [1.0], [4.0], [3.0]]])
    features = windows.rolling_features(values, {"above_rolling_min": [2, 3], "below_rolling_max": [2, 4]})
    assert [feature.item() for feature in features] == [0.0, 2.0, -1.0, -2.0]
