"""The training of all Keras families."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minnow import tasks
from minnow.contracts import Taught
from minnow.families._keras import feed, optimization, soft, transfer
from minnow.families._keras.layers import ESTIMATE
from minnow.families._keras.model import NUMERIC, KerasModel, one_or_list
from minnow.families._keras.options import Training
from minnow.types import Batch, Report, silent

_RECALIBRATION_BATCHES = 100
"""Number of batches after which older statistics have no weight: 0.95 ** 100 is 0.006."""


@dataclass(frozen=True)
class TrainingPlan:
    """How a network is trained. loss: a Keras loss, None uses that of the parameters; change: of training rows.

    taught: what a teacher answers for the rows of train, None without one.
    """

    params: Training
    seed: int
    report: Report
    loss: Any = None
    change: feed.Change | None = None
    taught: Taught | None = None


def start(seed: int) -> None:
    """Prepare a training: clear the state of Keras and set the seed of all random numbers."""
    import keras

    warnings.filterwarnings("ignore", module="keras|tensorflow")
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)


def train(network: Any, train: Batch, val: Batch, plan: TrainingPlan) -> KerasModel:
    """Fit a network to train and return it with its history. Numeric targets are standardized during the fit."""
    names, params = [tensor.name for tensor in network.inputs], plan.params
    mean, std = _scale(train)
    target, val_target = ((batch.target - mean) / std for batch in (train, val))
    if plan.taught is not None and train.task in NUMERIC:
        target = (soft.mixed(train.target, plan.taught) - mean) / std
    elif plan.taught is not None:
        target = soft.beside(target, plan.taught.answers)
        val_target = soft.beside(val_target, soft.one_hot(val.target, len(train.labels)))
    train_rows = feed.dataset(names, train, target, params.batch_size, plan.seed, plan.change)
    val_rows = feed.dataset(names, val, val_target, max(params.batch_size, 256))
    transferred = transfer.transfer(network, params.init_from, train) if params.init_from else None
    plan = replace(plan, loss=_loss(plan, train))
    measure = _measure(train, float(std))
    if plan.taught is not None and train.task not in NUMERIC:
        measure = replace(measure, of=soft.accuracy)
    history, settled = _fit(network, train_rows, val_rows, plan, transferred, rows=len(train), measure=measure)
    if params.average is not None:
        _recalibrate_batch_norm(network, train_rows)
    if train.task in NUMERIC:
        _unscale_output(network, mean, std)
    return KerasModel(network, history, {"init_from": transferred.facts} if transferred else {}, settled=settled)


def resume(
    model: KerasModel,
    train_rows: Batch,
    val: Batch,
    params: Training,
    /,
    *,
    seed: int,
    share: float,
    taught: Taught | None = None,
    report: Report = silent,
    change: feed.Change | None = None,
) -> KerasModel:
    """Train a fitted network further, in place: see contracts.Resume. change: of training rows."""
    import keras

    keras.utils.set_random_seed(seed)
    full = params.epochs_for(len(train_rows))
    shorter = params.model_copy(update={"epochs": max(1, round(share * full)), "init_from": None})
    if train_rows.task in NUMERIC:
        mean, std = _scale(train_rows)
        _scale_output(model.native, mean, std)
    plan = TrainingPlan(shorter, seed, report, change=change, taught=taught)
    resumed = train(model.native, train_rows, val, plan)
    settled = dict(resumed.settled or {})
    return replace(resumed, settled={"share": settled.pop("epochs") / full, **settled} if settled else {})


def _loss(plan: TrainingPlan, rows: Batch) -> Any:
    """The loss of a plan, else of its parameters; with a teacher's probabilities where there are some."""
    loss = plan.loss or optimization.loss_of(plan.params, rows)
    return loss if plan.taught is None or rows.task in NUMERIC else soft.loss_of(loss, plan.taught)


@dataclass(frozen=True)
class _Measure:
    """The first measure of a task, computed beside the loss in each epoch.

    name: of the metric, None where Keras has none for the task; scale: by which targets were divided; of: computes it, None for
    Keras' own.
    """

    name: str | None = None
    scale: float = 1.0
    of: Callable[[Any, Any], Any] | None = None

    def metrics(self) -> list[Any]:
        """Make the metrics to compile a network with; their variables exist then, so that the first step is traced once."""
        import keras

        if self.name is None:
            return []
        if self.of is not None:
            return [keras.metrics.MeanMetricWrapper(self.of, name=self.name)]
        kinds = {
            "rmse": keras.metrics.RootMeanSquaredError,
            "mae": keras.metrics.MeanAbsoluteError,
            "accuracy": keras.metrics.SparseCategoricalAccuracy,
        }
        return [kinds[self.name](name=self.name)]

    def in_units(self, metric: str, values: Iterable[Any]) -> list[float]:
        """Return values of a metric, those of this measure in the units of the target."""
        scale = self.scale if metric in (self.name, f"val_{self.name}") else 1.0
        return [float(value) * scale for value in values]


def _measure(train: Batch, std: float) -> _Measure:
    """Choose the measure of each epoch: the one that decides where Keras has it. std: by which targets were divided."""
    name = tasks.measure(train.task, train.measure).name
    if train.task in NUMERIC:
        return _Measure("rmse" if name == "rmse" else "mae", std)
    return _Measure("accuracy" if train.task == "classify" else None)


def _fit(
    network: Any,
    train_rows: Any,
    val_rows: Any,
    plan: TrainingPlan,
    transferred: transfer.Transferred | None,
    *,
    rows: int,
    measure: _Measure,
) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Train in phases with their own learning rates; taken layers are frozen in all phases but the last.

    rows: number of those of train. Returns the history and what val settled, the number of epochs of the last phase.
    """
    phases = transfer.phases(network, plan.params, transferred)
    lengths = [phase.epochs_for(rows) for phase in phases]
    done, history, settled = 0, {}, {}
    steps = int(train_rows.cardinality())
    for phase, epochs in zip(phases, lengths, strict=True):
        transfer.freeze(network, transferred, frozen=phase is not phases[-1])
        network.compile(
            optimizer=optimization.optimizer(phase, steps * epochs),
            loss=plan.loss,
            metrics=measure.metrics(),
            steps_per_execution=min(steps, 32),
            auto_scale_loss=False,
            jit_compile=False,
        )
        network.optimizer.build(network.trainable_variables)  # the first step would make them, and be traced twice
        callbacks = [_reporter(plan.report, done, sum(lengths), measure), *_callbacks(phase)]
        fitted = network.fit(train_rows, validation_data=val_rows, epochs=epochs, verbose=0, callbacks=callbacks)
        for name, values in fitted.history.items():
            history.setdefault(name, []).extend(measure.in_units(name, values))
        done += epochs
        settled = _settled(phase, fitted.history)
    return history, settled


def _settled(params: Training, history: Mapping[str, list[float]]) -> dict[str, Any]:
    """The parameters with which a training ends after its best epoch without looking at val."""
    if not params.early_stopping:
        return {}
    return {"epochs": int(np.argmin(history["val_loss"])) + 1, "early_stopping": None}


def _callbacks(params: Training) -> list[Any]:
    """Callbacks that score val with the averaged weights, and stop early."""
    import keras

    callbacks: list[Any] = []
    if params.average is not None:
        callbacks.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    if params.early_stopping:
        patience = params.early_stopping.patience
        callbacks.append(keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True))
    return callbacks


def _reporter(report: Report, done: int, epochs: int, measure: _Measure) -> Any:
    import keras

    class Reporter(keras.callbacks.Callback):
        """Reports the metrics of each epoch."""

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            report(
                done + epoch + 1,
                epochs,
                {name: measure.in_units(name, [value])[0] for name, value in (logs or {}).items()},
            )

    return Reporter()


def _recalibrate_batch_norm(network: Any, train_rows: Any) -> None:
    """Compute the statistics of batch normalization for the averaged weights; those of the training are of other weights."""
    import tensorflow as tf
    from keras import layers

    if not any(isinstance(layer, layers.BatchNormalization) for layer in network.layers):
        return
    step = tf.function(lambda inputs: network(inputs, training=True), reduce_retracing=True)
    for inputs, *_ in train_rows.repeat().take(_RECALIBRATION_BATCHES):
        step(one_or_list([inputs[tensor.name] for tensor in network.inputs]))


def _scale(train: Batch) -> tuple[Any, Any]:
    """Mean and standard deviation of numeric targets; 0 and 1 for labels."""
    if train.task not in NUMERIC:
        return 0, 1
    std = float(train.target.std(dtype=np.float64))
    return np.float32(train.target.mean(dtype=np.float64)), np.float32(std if std > 0 else 1.0)


def _unscale_output(network: Any, mean: float, std: float) -> None:
    """Rescale the last weights of a network with standardized targets, so that it predicts in the units of the target."""
    kernel, bias = network.get_layer(ESTIMATE).get_weights()
    network.get_layer(ESTIMATE).set_weights([kernel * std, bias * std + mean])


def _scale_output(network: Any, mean: float, std: float) -> None:
    """Rescale the last weights of a network so that it predicts standardized targets: the inverse of _unscale_output."""
    kernel, bias = network.get_layer(ESTIMATE).get_weights()
    network.get_layer(ESTIMATE).set_weights([kernel / std, (bias - mean) / std])
