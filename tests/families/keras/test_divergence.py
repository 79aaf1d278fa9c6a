"""The divergence that an autoencoder is regularized by, against its formula by hand."""

from __future__ import annotations

import numpy as np
import pytest

from minnow.families._keras.divergence import kl_to_normal

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own


def test_the_divergence_is_the_known_one():
    random = np.random.default_rng(0)
    mean, log_var = random.normal(size=(2, 5, 3)).astype(np.float32)
    by_hand = [
        0.5 * sum(m * m + np.exp(v) - 1 - v for m, v in zip(*row, strict=True))
        for row in zip(mean, log_var, strict=True)
    ]
    np.testing.assert_allclose(kl_to_normal(mean, log_var), by_hand, rtol=1e-5)
    np.testing.assert_array_equal(kl_to_normal(0 * mean, 0 * log_var), np.zeros(5))
    with pytest.raises(ValueError, match=r"one shape. Received: \(5, 3\) and \(5, 2\)"):
        kl_to_normal(mean, log_var[:, :2])
