"""Families learn what the measure of a use case asks for: a median, a mean, a quantile."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import QuantileRegressor

from minnow import families
from minnow.families._quantile_ridge import QuantileRidge
from minnow.types import Batch

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
PARAMS = {"linear": {}, "gboost": {}, "fcnn": {"epochs": 60, "batch_size": 64}}


def skewed(measure, n=1500, seed=0):
    """Rows whose noise is skewed and grows with the first number, far from 0."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(n, 2)).astype(np.float32)
    target = (30 + 3 * numbers[:, 0] + random.exponential(np.exp(0.5 * numbers[:, 1]) * 4, n)).astype(np.float32)
    key = np.arange(n, dtype=np.uint64)
    return Batch({"numbers": numbers}, target, np.empty(0, "<U1"), "regress", key, "tabular", measure=measure)


def predicted(family, measure, **params):
    train, val, others = (skewed(measure, seed=seed) for seed in range(3))
    params = families.get(family).Params.model_validate(PARAMS[family] | params)
    return families.fit(family, train, val, params, seed=1).predict(others.inputs)["value"], others


@pytest.mark.parametrize("family", PARAMS)
@pytest.mark.parametrize("quantile", [0.1, 0.9])
def test_a_quantile_is_predicted(family, quantile):
    value, rows = predicted(family, f"pinball@{quantile}")
    assert (rows.target <= value).mean() == pytest.approx(quantile, abs=0.05)


@pytest.mark.parametrize("family", PARAMS)
def test_a_median_lies_below_a_mean_where_the_noise_is_skewed_to_the_right(family):
    median, rows = predicted(family, "mae")
    mean, _ = predicted(family, "rmse")
    assert (rows.target <= median).mean() == pytest.approx(0.5, abs=0.05)
    assert (rows.target <= mean).mean() > 0.56
    assert np.abs(rows.target - median).mean() < np.abs(rows.target - mean).mean()
    assert ((rows.target - mean) ** 2).mean() < ((rows.target - median) ** 2).mean()


@pytest.mark.parametrize("family", PARAMS)
def test_the_percentage_error_is_lowest_where_it_is_asked_for(family):
    value, rows = predicted(family, "mape")
    other, _ = predicted(family, "rmse")
    percentage = [np.abs((rows.target - one) / rows.target).mean() for one in (value, other)]
    assert percentage[0] < percentage[1]


def test_a_loss_that_is_set_is_kept():
    by_measure, _ = predicted("gboost", "pinball@0.9", loss="mse")
    plain, rows = predicted("gboost", "rmse")
    np.testing.assert_array_equal(by_measure, plain)
    assert len(rows) == len(plain)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.8])
def test_reweighted_ridges_find_the_line_of_a_quantile(quantile):
    rows = skewed("")
    exact = QuantileRegressor(quantile=quantile, alpha=0).fit(rows.inputs["numbers"], rows.target)
    ours = QuantileRidge(quantile, 1e-6).fit(rows.inputs["numbers"], rows.target, rows.weight)
    loss = lambda value: np.mean(np.maximum(quantile * (rows.target - value), (quantile - 1) * (rows.target - value)))  # noqa: E731
    ours_loss, least = loss(ours.predict(rows.inputs["numbers"])), loss(exact.predict(rows.inputs["numbers"]))
    assert least <= ours_loss <= 1.002 * least


def test_weights_of_rows_count_for_quantiles():
    """A row of weight 3 is as good as three rows."""
    rows = skewed("", n=300)
    weight = np.where(np.arange(300) % 3 == 0, 3.0, 1.0)
    repeated = rows.take(np.repeat(np.arange(300), weight.astype(int)))
    once = QuantileRidge(0.8, 1e-6).fit(rows.inputs["numbers"], rows.target, weight)
    thrice = QuantileRidge(0.8, 1e-6).fit(repeated.inputs["numbers"], repeated.target, np.ones(len(repeated)))
    np.testing.assert_allclose(once.coef_, thrice.coef_, rtol=0.02)
