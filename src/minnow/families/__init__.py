"""Families: kinds of models, each with its parameters and its training. A module is registered by its name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from minnow.contracts import Family, Model, Taught
from minnow.families._calibration import calibrated
from minnow.registry import Registry
from minnow.types import Batch, Report, silent

registry: Registry[Family] = Registry(__name__, noun="family")
names, get = registry.names, registry.get


def fit(name: str, train: Batch, val: Batch, params: Any, *, seed: int, report: Report = silent) -> Model:
    """Fit a family to rows. Where rows have an offset, the model has it as an input and adds it to its outputs.

    Families that do not handle offsets themselves are fitted to the differences from it. For the mean absolute percentage error
    each row has the weight 1 / |target|, with which the absolute error is that measure. The probabilities of classifiers are
    calibrated on val. params: the family's Params. Raises KeyError for an unknown family, ValueError for rows that the family
    cannot be fitted to.
    """
    family = get(name)
    train, val = _weighed(train), _weighed(val)
    if train.offset is None or family.CAPABILITIES.handles_offset:
        return calibrated(family.fit(train, val, params, seed=seed, report=report), train, val, params)
    return family.fit(train.relative(), val.relative(), params, seed=seed, report=report).with_offset()


def can(name: str, abilities: Iterable[str]) -> bool:
    """Whether a family has one of some optional abilities, by their names in FamilyCapabilities."""
    return any(getattr(get(name).CAPABILITIES, ability) for ability in abilities)


def refit(
    name: str, model: Any, train: Batch, val: Batch, params: Any, *, seed: int, share: float, report: Report = silent
) -> Model:
    """Fit a family anew with a share of the trees of a model that was fitted with the same parameters.

    Raises ValueError for a family without trees.
    """
    fewer = get(name).CAPABILITIES.fewer
    if fewer is None:
        raise ValueError(f"'{name}' has no trees to leave out.")
    return fit(name, train, val, fewer(params, model, share), seed=seed, report=report)


def resume(
    name: str,
    model: Any,
    train: Batch,
    val: Batch,
    params: Any,
    *,
    seed: int,
    share: float,
    taught: Taught | None = None,
    report: Report = silent,
) -> Model:
    """Train a fitted model of a family further, for a share of the epochs of its parameters. The model given is changed.

    taught: a teacher's answers for the rows of train, with their offsets where rows have some. Probabilities are calibrated as
    by fit. Raises ValueError for a family that cannot.
    """
    further = get(name).CAPABILITIES.resume
    if further is None:
        raise ValueError(f"'{name}' cannot train a fitted model further.")
    train, val, options = _weighed(train), _weighed(val), {"seed": seed, "share": share, "report": report}
    if train.offset is None:
        resumed = further(model, train, val, params, taught=taught, **options)
        return calibrated(resumed, train, val, params)
    if taught is not None:
        taught = replace(taught, answers=taught.answers - train.offset)
    resumed = further(model.without_offset(), train.relative(), val.relative(), params, taught=taught, **options)
    return resumed.with_offset()


def _weighed(batch: Batch) -> Batch:
    """The rows with the weights that a fit takes: for the mean absolute percentage error, by the size of their targets."""
    return _by_size(batch) if batch.measure == "mape" else batch


def _by_size(batch: Batch) -> Batch:
    """Divide the weight of each row by the size of its target; the mean weight stays."""
    weight = batch.weight / np.abs(batch.target)
    return replace(batch, weight=(weight * (batch.weight.mean() / weight.mean())).astype(np.float32))
