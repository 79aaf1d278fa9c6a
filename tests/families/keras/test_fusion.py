"""Shares and weights of an ensemble's members."""

from __future__ import annotations

import numpy as np
import pytest

from minnow.families._keras import fusion


def test_a_stack_weights_the_member_that_held_out_rows_prove_right():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 400)
    good = np.full((400, 3), 0.15)
    good[np.arange(400), truth] = 0.7
    noise = rng.dirichlet(np.ones(3), 400)
    weights, bias = fusion.fit_labels(np.log(np.stack([good, noise])), truth)
    assert weights[0] > 1 > 0.2 > abs(weights[1])
    assert np.abs(bias).max() < 0.3
    weights, bias = fusion.fit_numbers(np.stack([truth * 2.0 + 5, noise[:, 0]], axis=1), truth.astype(float))
    assert weights == pytest.approx([0.5, 0.0], abs=0.02)
    assert bias == pytest.approx(-2.5, abs=0.1)
