"""Plots for the record: learning curve, confusion matrix, size against score. Written as PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from minnow.types import Array, Score

MOST_LABELS = 30
"""A confusion matrix of more labels cannot be read."""


def _figure(width: float = 6.0, height: float = 4.0):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def learning_curve(history: Mapping[str, Sequence[float]], path: Path) -> None:
    """Draw every metric over epochs, one line for train and one for val where both are there."""
    from matplotlib.figure import Figure

    names = sorted({name.removeprefix("val_") for name in history} - {"learning_rate"})
    figure = Figure(figsize=(4.5 * len(names), 3.5), layout="constrained")
    for axes, name in zip(np.ravel(figure.subplots(1, len(names))), names, strict=True):
        for key, label in ((name, "train"), (f"val_{name}", "val")):
            if key in history:
                axes.plot(range(1, len(history[key]) + 1), history[key], label=label)
        axes.set(title=name, xlabel="epoch")
        axes.legend()
    figure.savefig(path, dpi=110)


def confusion(target: Array, predicted: Array, labels: Array, path: Path) -> None:
    """Draw counts of target (n,) against predicted (n,), both indices into labels (k,)."""
    counts = np.zeros((len(labels), len(labels)), np.int64)
    known = target >= 0
    np.add.at(counts, (target[known], predicted[known]), 1)
    figure, axes = _figure(1.5 + 0.45 * len(labels), 1.2 + 0.45 * len(labels))
    axes.imshow(np.sqrt(counts), cmap="Blues")
    for row, column in np.argwhere(counts > 0):
        dark = counts[row, column] > counts.max() / 2
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color="w" if dark else "k", size=8)
    axes.set(xlabel="answered", ylabel="true", xticks=range(len(labels)), yticks=range(len(labels)))
    axes.set_xticklabels(labels, rotation=90)
    axes.set_yticklabels(labels)
    figure.savefig(path, dpi=110)


def size_against_score(points: Mapping[str, tuple[int, Score]], measure: str, path: Path) -> None:
    """Draw each variant's size in kB, on a logarithmic axis, against its score on val with its interval."""
    figure, axes = _figure(8.0, 5.0)
    families = sorted({name.split("/")[0] for name in points})
    for family in families:
        mine = {name: point for name, point in points.items() if name.split("/")[0] == family}
        sizes = [size / 1000 for size, _ in mine.values()]
        values = np.array([s.value for _, s in mine.values()])
        spread = np.array([[s.value - s.low for _, s in mine.values()], [s.high - s.value for _, s in mine.values()]])
        axes.errorbar(sizes, values, yerr=np.maximum(spread, 0), fmt="o", capsize=3, label=family)
        for name, (size, s) in mine.items():
            axes.annotate(name.split("/")[1], (size / 1000, s.value), xytext=(6, 4), textcoords="offset points", size=8)
    axes.set(xscale="log", xlabel="model and encoder, kB", ylabel=f"{measure} on val")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=110)
