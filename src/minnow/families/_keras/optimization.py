"""Losses, optimizers and the schedule of the learning rate of a training."""

from __future__ import annotations

from typing import Any

from minnow.families._keras.options import Training
from minnow.types import Batch, quantile_of


def optimizer(params: Training, steps: int) -> Any:
    """Build the Keras optimizer. steps: number of steps of the training."""
    import keras

    kinds = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
        "rmsprop": keras.optimizers.RMSprop,
        "nadam": keras.optimizers.Nadam,
    }
    options: dict[str, Any] = {"momentum": 0.9} if params.optimizer == "sgd" else {}
    if params.weight_decay is not None:
        options["weight_decay"] = params.weight_decay
    if params.average is not None:
        options |= {"use_ema": True, "ema_momentum": params.average}
    return kinds[params.optimizer](learning_rate=_learning_rate(params, steps), **options)


def _learning_rate(params: Training, steps: int) -> Any:
    import keras

    schedule, highest = params.schedule, params.learning_rate
    warm_up = int(schedule.warm_up * steps)
    if schedule.kind == "constant":
        return highest
    if schedule.kind == "exponential":
        floor = max(schedule.floor, 1e-6)
        return keras.optimizers.schedules.ExponentialDecay(highest, max(steps, 1), floor)
    return keras.optimizers.schedules.CosineDecay(
        highest * 0.1 if warm_up else highest,
        max(steps - warm_up, 1),
        alpha=schedule.floor,
        warmup_target=highest if warm_up else None,
        warmup_steps=warm_up,
    )


def loss_of(params: Training, train: Batch) -> Any:
    """Build the Keras loss: that of the parameters, else of the measure that the use case names, else of the task.

    Raises ValueError for a loss of another task.
    """
    import keras

    task, quantile = train.task, quantile_of(train.measure)
    if quantile is not None and params.loss is None:
        return _quantile_loss(quantile)
    squared = train.measure == "rmse" or (task == "rate" and not train.measure)
    kind = params.loss or ("cross_entropy" if task == "classify" else "mse" if squared else "mae")
    if (kind in ("cross_entropy", "focal")) != (task == "classify"):
        raise ValueError(
            f"Task '{task}' cannot be trained with loss '{kind}'. Leave `loss` out to use the task's default."
        )
    if kind == "cross_entropy" and not params.label_smoothing:
        return keras.losses.SparseCategoricalCrossentropy()
    if kind in ("cross_entropy", "focal"):
        return _one_hot_loss(kind, params.label_smoothing)
    numeric = {
        "mse": keras.losses.MeanSquaredError,
        "mae": keras.losses.MeanAbsoluteError,
        "huber": keras.losses.Huber,
    }
    return numeric[kind]()


def _quantile_loss(quantile: float) -> Any:
    """Make the loss of a quantile, per row. Source: Koenker & Bassett 1978."""
    import keras

    def loss(target: Any, predicted: Any) -> Any:
        short: Any = keras.ops.subtract(keras.ops.reshape(target, (-1,)), keras.ops.reshape(predicted, (-1,)))
        return keras.ops.maximum(quantile * short, (quantile - 1) * short)

    return loss


def _one_hot_loss(kind: str, smoothing: float) -> Any:
    """Make a loss of one-hot targets that accepts indices of labels."""
    import keras

    kinds: Any = {
        "cross_entropy": keras.losses.CategoricalCrossentropy,
        "focal": keras.losses.CategoricalFocalCrossentropy,
    }
    of_one_hot = kinds[kind](label_smoothing=smoothing, reduction="none")  # per row, so that rows may be weighted

    def loss(target: Any, probabilities: Any) -> Any:
        index = keras.ops.cast(keras.ops.reshape(target, (-1,)), "int32")
        return of_one_hot(keras.ops.one_hot(index, probabilities.shape[-1]), probabilities)

    return loss
