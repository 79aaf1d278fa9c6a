"""The KL divergence that regularizes a variational autoencoder."""

from __future__ import annotations

from typing import Any


def kl_to_normal(mean: Any, log_var: Any) -> Any:
    """KL divergence from N(mean, exp(log_var)) to N(0, 1), one value per row.

    mean, log_var: (n, latent). Returns (n,), in nats, never below zero. Raises ValueError when the shapes differ.
    Source: Kingma & Welling 2014, appendix B.
    """
    import keras

    if tuple(mean.shape) != tuple(log_var.shape):
        raise ValueError(f"mean and log_var need one shape. Received: {tuple(mean.shape)} and {tuple(log_var.shape)}.")
    ops: Any = keras.ops
    return 0.5 * ops.sum(ops.square(mean) + ops.exp(log_var) - 1.0 - log_var, axis=-1)
