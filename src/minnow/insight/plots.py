"""Plots of a run: learning curve, confusion matrix, size against score, grids of images. Written as PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minnow.records.results import Importances
from minnow.types import Array, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKS = "osD^v*Pp"
MOST_LABELS = 30
"""Labels that a confusion matrix can show at most."""


def warm_up() -> None:
    """Import what draws figures."""
    import matplotlib.figure  # noqa: F401


def _figure(width: float = 6.0, height: float = 4.0) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="tight")
    return figure, figure.subplots()


def _plain(name: object) -> str:
    """Write a name so that Matplotlib does not take what is between two dollar signs for mathematics."""
    return str(name).replace("$", r"\$")


def learning_curve(history: Mapping[str, Sequence[float]], path: Path) -> None:
    """Draw every metric over epochs, with a line for train and one for val where both were recorded."""
    from matplotlib.figure import Figure

    names = sorted({name.removeprefix("val_") for name in history} - {"learning_rate"})
    figure = Figure(figsize=(4.5 * len(names), 3.5), layout="tight")
    for axes, name in zip(np.ravel(figure.subplots(1, len(names))), names, strict=True):
        for key, label in ((name, "train"), (f"val_{name}", "val")):
            if key in history:
                axes.plot(range(1, len(history[key]) + 1), history[key], label=label)
        axes.set(title=name, xlabel="epoch")
        axes.legend()
    figure.savefig(path, dpi=90)


def importances(found: Importances, path: Path, most: int = 30) -> None:
    """Draw how much the loss rises when columns are shuffled, the thirty greatest, with 95 % intervals."""
    shown = found.columns[:most][::-1]
    figure, axes = _figure(7.0, 1.2 + 0.25 * len(shown))
    places, values = np.arange(len(shown)), np.array([one.value for one in shown])
    spread = [np.maximum(values - [one.low for one in shown], 0), np.maximum([one.high for one in shown] - values, 0)]
    axes.barh(places, values, xerr=spread, color="C0", ecolor="0.4")
    axes.set_yticks(places, [_plain(one.name[:40]) for one in shown])
    axes.set(xlabel=f"rise of {found.measure} on val when the column is shuffled")
    axes.axvline(0, color="0.5", lw=0.8)
    figure.savefig(path, dpi=90)


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
    axes.set(xlabel="predicted", ylabel="true", xticks=range(len(labels)), yticks=range(len(labels)))
    names = [_plain(label) for label in labels]
    axes.set_xticklabels(names, rotation=90)
    axes.set_yticklabels(names)
    figure.savefig(path, dpi=90)


def grid(images: Array, path: Path, columns: int = 8, width: int = 640) -> None:
    """Write images (n, h, w, c) in 0..1 as a grid with lines between them, enlarged by a whole factor."""
    from PIL import Image

    framed = np.pad(np.clip(images, 0, 1), ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=0.5)
    n, height, image_width, channels = framed.shape
    rows = -(-n // columns)
    filled = np.concatenate([framed, np.full((rows * columns - n, height, image_width, channels), 0.5)])
    cells = filled.reshape(rows, columns, height, image_width, channels).swapaxes(1, 2)
    pixels = np.round(255 * cells.reshape(rows * height, columns * image_width, channels)).astype(np.uint8)
    if channels not in (1, 3):
        pixels = pixels[..., :1]
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    larger = max(1, width // picture.width)
    picture.resize((picture.width * larger, picture.height * larger), Image.Resampling.NEAREST).save(path)


def size_against_score(points: Mapping[str, tuple[int, Score]], measure: str, path: Path) -> None:
    """Draw each variant's size in kB, on a logarithmic axis, against its score on val with its interval.

    points: "family/variant" -> (bytes, score). A colour stands for a family, a marker for a variant.
    """
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter

    figure, axes = _figure(8.0, 5.0)
    families, variants = (sorted({name.split("/")[place] for name in points}) for place in (0, 1))
    for name, (size, score) in points.items():
        family, variant = name.split("/")
        spread = np.maximum([[score.value - score.low], [score.high - score.value]], 0)
        axes.errorbar(
            [size / 1000], [score.value], yerr=spread, capsize=3, alpha=0.85,
            fmt=_MARKS[variants.index(variant) % len(_MARKS)], color=f"C{families.index(family)}",
        )  # fmt: skip
    handles = [Line2D([], [], color=f"C{place}", lw=3, label=family) for place, family in enumerate(families)]
    handles += [
        Line2D([], [], color="0.3", ls="", marker=_MARKS[place % len(_MARKS)], label=variant)
        for place, variant in enumerate(variants)
    ]
    axes.set(xscale="log", xlabel="model and encoder, kB", ylabel=f"{measure} on val")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(alpha=0.3)
    axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=90)
