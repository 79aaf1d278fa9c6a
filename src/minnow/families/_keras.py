"""Keras families: the model that they hand on, and how all of them are trained. TensorFlow is imported inside."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minnow.families import _anchor, _feed, _transfer
from minnow.families._options import Augmentation, Regularised, Training
from minnow.types import Array, Batch, Columns, Report, Spec

OUTPUTS = {
    "classify": "probabilities",
    "regress": "value",
    "forecast": "value",
    "rate": "value",
    "rank": "scores",
    "generate": "sample",
}
NUMERIC = ("regress", "forecast", "rate")
PREDICT_ROWS = 1024
SETTLING = 100
"""Batches after which nothing is left of older statistics: 0.95 ** 100 is 0.006."""
FILE = "model.keras"
ESTIMATE = "estimate"


@dataclass
class KerasModel:
    """A trained Keras network over named arrays. taken: what it began with, where it began with another's weights."""

    native: Any
    history: dict[str, list[float]] = field(default_factory=dict)
    framework: str = "keras"
    taken: _transfer.Taken | None = None

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """The arrays it needs."""
        return tuple(_spec(tensor, tensor.name) for tensor in self.native.inputs)

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The one array that it gives, named by its last layer."""
        (tensor,) = self.native.outputs
        return (_spec(tensor, self.native.layers[-1].name),)

    @property
    def parameters(self) -> int:
        """Weights, with the running statistics of batch normalisation."""
        return int(self.native.count_params())

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Answer rows of named arrays; extra arrays are ignored."""
        rows = [inputs[spec.name] for spec in self.inputs]
        parts = [
            np.asarray(self.native(_alone([value[i : i + PREDICT_ROWS] for value in rows]), training=False))
            for i in range(0, len(rows[0]), PREDICT_ROWS)
        ]
        name = self.outputs[0].name
        return {name: np.concatenate(parts) if parts else np.empty((0, *self.native.output_shape[1:]), np.float32)}

    def save(self, folder: Path) -> None:
        """Write architecture and weights."""
        self.native.save(folder / FILE)


def load(folder: Path) -> KerasModel:
    """Read what save wrote."""
    import keras

    return KerasModel(keras.models.load_model(folder / FILE, compile=False))


def _alone(values: list[Any]) -> Any:
    """Keras takes the array itself where a network has one input."""
    return values[0] if len(values) == 1 else values


def _spec(tensor: Any, name: str) -> Spec:
    return Spec(name, tuple(tensor.shape[1:]), str(tensor.dtype))


def head(x: Any, batch: Batch) -> Any:
    """End a network with the answer that the batch's task asks for."""
    from keras import layers

    if batch.task == "classify":
        logits = layers.Dense(len(batch.labels), name="logits")(x)
        return layers.Softmax(name=OUTPUTS["classify"])(logits)
    values = layers.Dense(1, name=ESTIMATE)(x)
    name = "change" if _anchor.ANCHOR in batch.inputs else OUTPUTS[batch.task]
    return layers.Reshape((), name=name)(values)


def sum_over_rows(x: Any) -> Any:
    """Sum (n, m, d) over m."""
    import keras

    return keras.ops.sum(x, axis=1)


def regulariser(params: Regularised) -> Any:
    """L1 and L2 on weights, or None."""
    import keras

    return keras.regularizers.L1L2(params.l1, params.l2) if params.l1 or params.l2 else None


def finish_layer(x: Any, params: Regularised) -> Any:
    """Put normalisation and activation behind a linear layer."""
    import keras
    from keras import layers

    if params.batch_norm:
        x = layers.BatchNormalization(momentum=0.95)(x)  # small data: few steps to average over
    if params.activation == "gelu":  # the exact form needs an operator that ONNX does not have
        ops: Any = keras.ops
        return ops.gelu(x, approximate=True)
    return layers.Activation(params.activation)(x)


def train(
    network: Any,
    train: Batch,
    val: Batch,
    params: Training,
    *,
    seed: int,
    report: Report,
    loss: Any = None,
    augmentation: Augmentation | None = None,
    targets: Callable[[Batch], Array] | None = None,
    train_inputs: Callable[[Any, Any], Any] | None = None,
) -> KerasModel:
    """Fit a network and return it with its history.

    loss: a Keras loss, the task's own by default; targets: what the loss compares with, batch.target by default;
    train_inputs: (inputs, seeds) -> inputs, a random change of training rows alone.
    """
    is_relative = _anchor.ANCHOR in train.inputs
    train, val = _anchor.relative(train), _anchor.relative(val)
    names = [tensor.name for tensor in network.inputs]
    centre, spread = _scale(train)
    targets = targets or (lambda batch: (batch.target - centre) / spread)
    change = train_inputs or _feed.augment(augmentation)
    fed = _feed.dataset(names, train, targets(train), params.batch_size, seed, change)
    held = _feed.dataset(names, val, targets(val), max(params.batch_size, 256), None, None)
    taken = _transfer.take(network, params.init_from, train) if params.init_from else None
    history = _fit(network, fed, held, params, taken, loss or _loss(params, train.task), report)
    if params.average is not None:
        _settle(network, fed)
    if train.task in NUMERIC:
        _in_units(network, centre, spread)
    if is_relative:
        network = _anchor.anchored(network, OUTPUTS[train.task])
    return KerasModel(network, history, taken=taken)


def _fit(
    network: Any, fed: Any, held: Any, params: Training, taken: _transfer.Taken | None, loss: Any, report: Report
) -> dict[str, list[float]]:
    """Train in phases, of which each has its own rate and all but the last leave taken layers as they are."""
    phases = _transfer.phases(network, params, taken)
    epochs, done, history = sum(phase.epochs for phase in phases), 0, {}
    steps = int(fed.cardinality())
    for phase in phases:
        _transfer.freeze(network, taken, frozen=phase is not phases[-1])
        network.compile(
            optimizer=_optimizer(phase, steps * phase.epochs),
            loss=loss,
            metrics=["accuracy"] if network.layers[-1].name == OUTPUTS["classify"] else [],
            steps_per_execution=min(steps, 32),
            auto_scale_loss=False,
            jit_compile=False,
        )
        callbacks = [_reporter(report, done, epochs), *_callbacks(phase)]
        fitted = network.fit(fed, validation_data=held, epochs=phase.epochs, verbose=0, callbacks=callbacks)
        for name, values in fitted.history.items():
            history.setdefault(name, []).extend(float(value) for value in values)
        done += phase.epochs
    return history


def _callbacks(params: Training) -> list[Any]:
    """Put the averaged weights in place before val is read, and stop early."""
    import keras

    found: list[Any] = []
    if params.average is not None:
        found.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    if params.early_stopping:
        patience = params.early_stopping.patience
        found.append(keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True))
    return found


def _settle(network: Any, fed: Any) -> None:
    """Let batch normalisation see what averaged weights make of training rows: its statistics followed the others."""
    import tensorflow as tf
    from keras import layers

    if not any(isinstance(layer, layers.BatchNormalization) for layer in network.layers):
        return
    step = tf.function(lambda inputs: network(inputs, training=True), reduce_retracing=True)
    for inputs, *_ in fed.repeat().take(SETTLING):
        step(_alone([inputs[tensor.name] for tensor in network.inputs]))


def _scale(train: Batch) -> tuple[Any, Any]:
    """Centre and spread of train's numbers: a network learns house prices as easily as shares. 0 and 1 for labels."""
    if train.task not in NUMERIC:
        return 0, 1
    spread = float(train.target.std(dtype=np.float64))
    return np.float32(train.target.mean(dtype=np.float64)), np.float32(spread if spread > 0 else 1.0)


def _in_units(network: Any, centre: float, spread: float) -> None:
    """Let a network that learned scaled numbers answer in the target's own units."""
    kernel, bias = network.get_layer(ESTIMATE).get_weights()
    network.get_layer(ESTIMATE).set_weights([kernel * spread, bias * spread + centre])


def _optimizer(params: Training, steps: int) -> Any:
    import keras

    kinds = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
        "rmsprop": keras.optimizers.RMSprop,
        "nadam": keras.optimizers.Nadam,
    }
    more: dict[str, Any] = {"momentum": 0.9} if params.optimizer == "sgd" else {}
    if params.weight_decay is not None:
        more["weight_decay"] = params.weight_decay
    if params.average is not None:
        more |= {"use_ema": True, "ema_momentum": params.average}
    return kinds[params.optimizer](learning_rate=_rate(params, steps), **more)


def _rate(params: Training, steps: int) -> Any:
    import keras

    schedule, top = params.schedule, params.learning_rate
    warm = int(schedule.warm_up * steps)
    if schedule.kind == "constant":
        return top
    if schedule.kind == "exponential":
        floor = max(schedule.floor, 1e-6)
        return keras.optimizers.schedules.ExponentialDecay(top, max(steps, 1), floor)
    return keras.optimizers.schedules.CosineDecay(
        top * 0.1 if warm else top, max(steps - warm, 1), alpha=schedule.floor, warmup_target=top if warm else None,
        warmup_steps=warm,
    )  # fmt: skip


def _loss(params: Training, task: str) -> Any:
    import keras

    kind = params.loss or {"classify": "cross_entropy", "rate": "mse"}.get(task, "mae")
    if (kind in ("cross_entropy", "focal")) != (task == "classify"):
        raise ValueError(
            f"Task '{task}' cannot be trained with loss '{kind}'. Leave `loss` out to take the task's own."
        )
    if kind == "cross_entropy" and not params.label_smoothing:
        return keras.losses.SparseCategoricalCrossentropy()
    if kind in ("cross_entropy", "focal"):
        return _one_hot(kind, params.label_smoothing)
    return {"mse": keras.losses.MeanSquaredError, "mae": keras.losses.MeanAbsoluteError, "huber": keras.losses.Huber}[
        kind
    ]()


def _one_hot(kind: str, smoothing: float) -> Any:
    import keras

    make: Any = (
        keras.losses.CategoricalCrossentropy if kind == "cross_entropy" else keras.losses.CategoricalFocalCrossentropy
    )
    inner = make(label_smoothing=smoothing, reduction="none")  # per row, so that rows may be weighed

    def loss(target: Any, answer: Any) -> Any:
        return inner(
            keras.ops.one_hot(keras.ops.cast(keras.ops.reshape(target, (-1,)), "int32"), answer.shape[-1]), answer
        )

    return loss


def _reporter(report: Report, done: int, epochs: int) -> Any:
    import keras

    class Reporter(keras.callbacks.Callback):
        """Hand on each epoch's metrics."""

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            report(done + epoch + 1, epochs, {name: float(value) for name, value in (logs or {}).items()})

    return Reporter()


def start(seed: int) -> None:
    """Begin a training: from here on every random number follows from the seed."""
    import keras

    warnings.filterwarnings("ignore", module="keras|tensorflow")
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
