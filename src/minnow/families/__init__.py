"""Families: kinds of models, each with its parameters and its training. A module is registered by its name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from minnow.contracts import Family, Model
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
    if train.measure == "mape":
        train, val = (_by_size(batch) for batch in (train, val))
    if train.offset is None or family.CAPABILITIES.handles_offset:
        return calibrated(family.fit(train, val, params, seed=seed, report=report), train, val, params)
    return family.fit(train.relative(), val.relative(), params, seed=seed, report=report).with_offset()


def _by_size(batch: Batch) -> Batch:
    """Divide the weight of each row by the size of its target; the mean weight stays."""
    weight = batch.weight / np.abs(batch.target)
    return replace(batch, weight=(weight * (batch.weight.mean() / weight.mean())).astype(np.float32))
