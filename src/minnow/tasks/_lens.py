"""What generated images are looked at through: a pinned extractor of features, and the training rows themselves.

A lens is named arrays. Those that begin with "extractor." are the extractor: a small classifier up to its last hidden layer,
y = (relu(... relu(x w0 + b0) ...) - centre) / spread. "features" are those of training rows; "components", "middle" and
"known" are the training rows' principal components, and "usual" how near to one another they lie. A number or a text is
an array of one, as a file gives it back.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from itertools import count
from typing import Any

import numpy as np

from minnow.tasks import _frechet
from minnow.types import Array, Columns

EXTRACTOR = "extractor."
HIDDEN = 128
WIDTH, FEW_WIDTH, FEW_ROWS = 64, 32, 10_000
"""Features: fewer where rows are few, for a covariance of d features needs many times d rows."""
CLUSTERS = 10
MOST_COMPONENTS = 48
MOST_FEATURES = 10_000
USUAL_ROWS, USUAL_SHARE = 2000, 0.05
CHUNK = 8192


def learn(images: Array, labels: Array) -> dict[str, Array]:
    """Train an extractor. images: (n, h, w, c) float32 in 0..1; labels: (n,) str, "" where a row has none.

    Where fewer than two labels are known the rows' clusters stand in for them (Caron et al. 2018). Raises ValueError for
    fewer than 20 rows.
    """
    if len(images) < 2 * CLUSTERS:
        raise ValueError(f"An extractor needs at least {2 * CLUSTERS} training rows. Received: {len(images)}.")
    named = labels != ""
    told = len(np.unique(labels[named])) > 1
    rows = _flat(images[named] if told else images)
    target = labels[named] if told else _clusters(rows)
    kind = "labels" if told else "clusters"
    found = _network(rows, target)
    features = _hidden(found, rows)
    # one spread for all: a feature that hardly ever fires would outweigh the others, were it divided by its own
    found["centre"], found["spread"] = features.mean(axis=0), np.sqrt(features.var(axis=0).mean())
    learned = f"{len(np.unique(target)):,} {kind} of {len(rows):,} training rows"
    found["learned"] = np.array([f"a network of {features.shape[1]} features that tells {learned}"])
    return {EXTRACTOR + name: value for name, value in found.items()}


def _network(rows: Array, target: Array) -> dict[str, Array]:
    """Fit a perceptron with two hidden layers, and keep its hidden layers."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    width = WIDTH if len(rows) >= FEW_ROWS else FEW_WIDTH
    epochs = int(np.clip(400_000 // len(rows), 8, 60))
    settings: dict[str, Any] = {"batch_size": min(128, len(rows)), "max_iter": epochs, "random_state": 0}
    network: Any = MLPClassifier((HIDDEN, width), alpha=1e-3, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(rows, target)
    found = {}
    for place, (kernel, bias) in enumerate(zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True)):
        found |= {f"kernel{place}": kernel.astype(np.float32), f"bias{place}": bias.astype(np.float32)}
    return found


def _clusters(rows: Array) -> Array:
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    few = PCA(min(MOST_COMPONENTS, *rows.shape), random_state=0).fit_transform(rows)
    means: Any = KMeans(CLUSTERS, n_init="auto", random_state=0)
    return means.fit_predict(few).astype(str)


def known(images: Array, extractor: Columns) -> dict[str, Array]:
    """Complete a lens: what the training rows look like through an extractor, and what they are, to be found again.

    Raises ValueError when the extractor was made for images of another size.
    """
    rows = _flat(images)
    middle = rows.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov((rows - middle)[:: max(1, len(rows) // MOST_FEATURES)].T).astype(np.float64))
    components = np.ascontiguousarray(vectors[:, ::-1][:, :MOST_COMPONENTS]).astype(np.float32)
    lens = dict(extractor) | {"components": components, "middle": middle}
    lens["known"] = place(lens, images)
    some = lens["known"][:: max(1, len(rows) // USUAL_ROWS)]
    lens["usual"] = np.quantile(_frechet.nearest(some, lens["known"], 1), [USUAL_SHARE])
    lens["features"] = features(lens, images[:: max(1, len(images) // MOST_FEATURES)][:MOST_FEATURES]).astype(
        np.float32
    )
    return lens


def features(lens: Columns, images: Array) -> Array:
    """Features of images (n, h, w, c) in 0..1, (n, d) float64; over training rows of mean 0, and on average of variance 1."""
    found = {name.removeprefix(EXTRACTOR): value for name, value in lens.items() if name.startswith(EXTRACTOR)}
    rows = _flat(images)
    if "kernel0" not in found:
        raise ValueError("Generated images need an extractor to be looked at through. Received: rows without one.")
    if rows.shape[1] != len(found["kernel0"]):
        raise ValueError(
            f"The extractor takes {len(found['kernel0']):,} pixels. Received: images of {images.shape[1:]}."
        )
    parts = [_hidden(found, rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)]
    joined = np.concatenate([np.empty((0, len(found["centre"])), np.float32), *parts])
    return ((joined - found["centre"]) / found["spread"]).astype(np.float64)


def _hidden(extractor: Mapping[str, Array], rows: Array) -> Array:
    for layer in count():
        if f"kernel{layer}" not in extractor:
            return rows
        rows = np.maximum(rows @ extractor[f"kernel{layer}"] + extractor[f"bias{layer}"], 0)
    return rows


def place(lens: Columns, images: Array) -> Array:
    """Where images lie among the training rows: principal components of their pixels, (n, q) float32."""
    return ((_flat(images) - lens["middle"]) @ lens["components"]).astype(np.float32)


def sha(lens: Columns) -> str:
    """Name an extractor by its arrays, sixteen hex digits."""
    digest = hashlib.sha256()
    for name in sorted(name for name in lens if name.startswith(EXTRACTOR)):
        value = np.ascontiguousarray(lens[name])
        digest.update(f"{name} {value.dtype.str} {value.shape};".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()[:16]


def _flat(images: Array) -> Array:
    return images.reshape(len(images), -1).astype(np.float32, copy=False)
