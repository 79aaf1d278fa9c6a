"""How long networks are trained, where params.yaml does not say it."""

import numpy as np
import pytest
import tiny

from minnow import families
from minnow.families._keras.options import Training

NETWORKS = [name for name in families.names() if issubclass(families.get(name).Params, Training)]


@pytest.mark.parametrize("name", NETWORKS)
def test_many_rows_are_read_fewer_times_and_what_is_set_stays(name):
    params = families.get(name).Params
    counts = [params().epochs_for(rows) for rows in (1, 1_000, 20_000, 60_000, 1_000_000, 10**9)]
    assert counts == sorted(counts, reverse=True)
    assert counts[:2] == [params.EPOCHS] * 2
    assert counts[-1] == 4
    assert params(epochs=7).epochs_for(10**9) == 7


def test_images_are_read_thirty_times_up_to_thirty_three_thousand_of_them():
    params = families.get("cnn").Params()
    assert [params.epochs_for(rows) for rows in (8_000, 25_000, 50_000, 60_000, 400_000)] == [30, 30, 20, 17, 4]


def test_the_rows_of_train_decide_how_long_a_network_is_trained(monkeypatch):
    train, val = tiny.splits("tabular", "classify")
    fcnn = families.get("fcnn")
    monkeypatch.setattr(fcnn.Params, "MOST_ROWS", 6 * len(train))
    params, events = fcnn.Params(units=[4], early_stopping=None), []
    of_all = fcnn.fit(train, val, params, seed=1, report=lambda *event: events.append(event))
    assert len(of_all.history["loss"]) == 6
    assert [event[:2] for event in events] == [(epoch, 6) for epoch in range(1, 7)]
    half = fcnn.fit(train.take(np.arange(len(train) // 2)), val, params, seed=1)
    assert len(half.history["loss"]) == 12
