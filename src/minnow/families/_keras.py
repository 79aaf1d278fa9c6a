"""Keras families: the model that they hand on, and how all of them are trained. TensorFlow is imported inside."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minnow.families import _anchor
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
FILE = "model.keras"
ESTIMATE = "estimate"


@dataclass
class KerasModel:
    """A trained Keras network over named arrays."""

    native: Any
    history: dict[str, list[float]] = field(default_factory=dict)
    framework: str = "keras"

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
    import keras

    is_relative = _anchor.ANCHOR in train.inputs
    train, val = _anchor.relative(train), _anchor.relative(val)
    names = [tensor.name for tensor in network.inputs]
    steps = math.ceil(len(train) / params.batch_size)
    network.compile(
        optimizer=_optimizer(params, steps * params.epochs),
        loss=loss or _loss(params, train.task),
        metrics=["accuracy"] if train.task == "classify" else [],
        steps_per_execution=min(steps, 32),
        auto_scale_loss=False,
        jit_compile=False,
    )
    centre, spread = _scale(train)
    targets = targets or (lambda batch: (batch.target - centre) / spread)
    change = train_inputs or _augment(augmentation, seed)
    fed = _dataset(names, train, targets(train), params.batch_size, seed, change)
    held = _dataset(names, val, targets(val), max(params.batch_size, 256), None, None)
    callbacks: list[Any] = [_reporter(report, params.epochs)]
    if params.early_stopping:
        patience = params.early_stopping.patience
        callbacks.append(keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True))
    fitted = network.fit(fed, validation_data=held, epochs=params.epochs, verbose=0, callbacks=callbacks)
    if train.task in NUMERIC:
        _in_units(network, centre, spread)
    if is_relative:
        network = _anchor.anchored(network, OUTPUTS[train.task])
    return KerasModel(network, {name: [float(v) for v in values] for name, values in fitted.history.items()})


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


def _dataset(
    names: list[str], batch: Batch, target: Array, batch_size: int, seed: int | None, change: Callable[..., Any] | None
) -> Any:
    """Feed rows from memory, shuffled anew each epoch where there is a seed."""
    import tensorflow as tf

    rows: Any = ({name: batch.inputs[name] for name in names}, target, batch.weight)
    data = tf.data.Dataset.from_tensor_slices(rows).cache()
    if seed is not None:
        data = data.shuffle(min(len(batch), 65_536), seed=seed, reshuffle_each_iteration=True)
    data = data.batch(batch_size)
    if change is not None:
        random = tf.data.Dataset.random(seed=seed or 0, rerandomize_each_iteration=True).batch(2)
        data = tf.data.Dataset.zip((data, random)).map(
            lambda row, seeds: (change(row[0], tf.cast(seeds, tf.int64)), *row[1:]), num_parallel_calls=1
        )
    options = tf.data.Options()
    options.deterministic = True
    return data.with_options(options).prefetch(2)


def _augment(augmentation: Augmentation | None, seed: int) -> Callable[[Any, Any], Any] | None:
    """Shift, rotate and zoom each image at random, bilinear, with zeros from outside."""
    if augmentation is None or not (augmentation.shift or augmentation.rotate or augmentation.zoom):
        return None
    import keras
    import tensorflow as tf

    def change(inputs: dict[str, Any], seeds: Any) -> dict[str, Any]:
        image = inputs["image"]
        n, height, width = tf.shape(image)[0], image.shape[1], image.shape[2]
        draw = tf.random.stateless_uniform(tf.stack([4, n]), seeds, -1.0, 1.0)
        angle = draw[0] * augmentation.rotate * math.pi / 180
        scale = 1.0 + draw[1] * augmentation.zoom
        cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
        middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
        dx = middle_x - cos * middle_x + sin * middle_y + draw[2] * augmentation.shift * width
        dy = middle_y - sin * middle_x - cos * middle_y + draw[3] * augmentation.shift * height
        zero = tf.zeros_like(cos)
        transform = tf.stack([cos, -sin, dx, sin, cos, dy, zero, zero], axis=1)
        moved = keras.ops.image.affine_transform(
            image, transform, interpolation="bilinear", fill_mode="constant", data_format="channels_last"
        )
        return {**inputs, "image": moved}

    return change


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


def _reporter(report: Report, epochs: int) -> Any:
    import keras

    class Reporter(keras.callbacks.Callback):
        """Hand on each epoch's metrics."""

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            report(epoch + 1, epochs, {name: float(value) for name, value in (logs or {}).items()})

    return Reporter()


def start(seed: int) -> None:
    """Begin a training: from here on every random number follows from the seed."""
    import keras

    warnings.filterwarnings("ignore", module="keras|tensorflow")
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
