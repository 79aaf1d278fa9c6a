"""The feature extractor for the comparison of generated and real images: a fixed network, with data of the training rows.

An extractor is a dictionary of arrays. Names that begin with "extractor." are the network, a small classifier up to its last
hidden layer: y = (relu(... relu(x w0 + b0) ...) - centre) / spread. "features" are features of training rows; "components" and
"middle" are principal components and mean of the training rows, "known" the training rows projected on them, and "usual" a
quantile of the squared distances to nearest neighbours among them. A number or a text is an array of one element.
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

PREFIX = "extractor."
HIDDEN = 128
WIDTH, FEW_WIDTH, FEW_ROWS = 64, 32, 10_000
"""Numbers of features, the smaller one for fewer than FEW_ROWS rows: a covariance of d features needs many times d rows."""
CLUSTERS = 10
MOST_COMPONENTS = 48
MOST_FEATURES = 10_000
USUAL_ROWS, USUAL_SHARE = 2000, 0.05
CHUNK = 8192


def learn(images: Array, labels: Array) -> dict[str, Array]:
    """Train a network. images: (n, h, w, c) float32 in 0..1; labels: (n,) str, "" where a row has none.

    With fewer than two different labels it is trained on clusters of the rows (Caron et al. 2018). Raises ValueError for fewer
    than 20 rows.
    """
    if len(images) < 2 * CLUSTERS:
        raise ValueError(f"An extractor needs at least {2 * CLUSTERS} training rows. Received: {len(images)}.")
    labelled = labels != ""
    by_labels = len(np.unique(labels[labelled])) > 1
    rows = _flat(images[labelled] if by_labels else images)
    target = labels[labelled] if by_labels else _clusters(rows)
    kind = "labels" if by_labels else "clusters"
    network = _network(rows, target)
    hidden = _hidden(network, rows)
    # one spread for all features: divided by its own, a feature that is nearly always 0 would dominate the distance
    network["centre"], network["spread"] = hidden.mean(axis=0), np.sqrt(hidden.var(axis=0).mean())
    learned = f"{len(np.unique(target)):,} {kind} of {len(rows):,} training rows"
    # sha() hashes this text too, so another wording would change the name of every extractor
    network["learned"] = np.array([f"a network of {hidden.shape[1]} features that tells {learned}"])
    return {PREFIX + name: value for name, value in network.items()}


def _network(rows: Array, target: Array) -> dict[str, Array]:
    """Fit a perceptron with two hidden layers, and return the weights of these layers."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    width = WIDTH if len(rows) >= FEW_ROWS else FEW_WIDTH
    epochs = int(np.clip(400_000 // len(rows), 8, 60))
    settings: dict[str, Any] = {"batch_size": min(128, len(rows)), "max_iter": epochs, "random_state": 0}
    perceptron: Any = MLPClassifier((HIDDEN, width), alpha=1e-3, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        perceptron.fit(rows, target)
    layers = {}
    for number, (kernel, bias) in enumerate(zip(perceptron.coefs_[:-1], perceptron.intercepts_[:-1], strict=True)):
        layers |= {f"kernel{number}": kernel.astype(np.float32), f"bias{number}": bias.astype(np.float32)}
    return layers


def _clusters(rows: Array) -> Array:
    """Cluster of each row, (n,) str."""
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    reduced = PCA(min(MOST_COMPONENTS, *rows.shape), random_state=0).fit_transform(rows)
    means: Any = KMeans(CLUSTERS, n_init="auto", random_state=0)
    return means.fit_predict(reduced).astype(str)


def complete(network: Columns, images: Array) -> dict[str, Array]:
    """Add the data of the training rows to a network: their features, and their projections on principal components.

    network: arrays that begin with "extractor."; images: (n, h, w, c) of train. Raises ValueError for a network of images of
    another size.
    """
    rows = _flat(images)
    middle = rows.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov((rows - middle)[:: max(1, len(rows) // MOST_FEATURES)].T).astype(np.float64))
    components = np.ascontiguousarray(vectors[:, ::-1][:, :MOST_COMPONENTS]).astype(np.float32)
    extractor = dict(network) | {"components": components, "middle": middle}
    extractor["known"] = project(extractor, images)
    sample = extractor["known"][:: max(1, len(rows) // USUAL_ROWS)]
    extractor["usual"] = np.quantile(_frechet.nearest(sample, extractor["known"], 1), [USUAL_SHARE])
    sampled_images = images[:: max(1, len(images) // MOST_FEATURES)][:MOST_FEATURES]
    extractor["features"] = features(extractor, sampled_images).astype(np.float32)
    return extractor


def features(extractor: Columns, images: Array) -> Array:
    """Features of images (n, h, w, c) in 0..1, (n, d) float64; on training rows with mean 0 and an average variance of 1.

    Raises ValueError for an extractor without a network, and for images of another size.
    """
    network = {name.removeprefix(PREFIX): value for name, value in extractor.items() if name.startswith(PREFIX)}
    rows = _flat(images)
    if "kernel0" not in network:
        raise ValueError("Generated images need a feature extractor for the comparison. Received: rows without one.")
    pixels = len(network["kernel0"])
    if rows.shape[1] != pixels:
        raise ValueError(f"The extractor takes {pixels:,} pixels. Received: images of {images.shape[1:]}.")
    parts = [_hidden(network, rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)]
    hidden = np.concatenate([np.empty((0, len(network["centre"])), np.float32), *parts])
    return ((hidden - network["centre"]) / network["spread"]).astype(np.float64)


def _hidden(network: Mapping[str, Array], rows: Array) -> Array:
    """Activations of the last hidden layer, (n, d)."""
    for layer in count():
        if f"kernel{layer}" not in network:
            return rows
        rows = np.maximum(rows @ network[f"kernel{layer}"] + network[f"bias{layer}"], 0)
    return rows


def project(extractor: Columns, images: Array) -> Array:
    """Project the pixels of images on the training rows' principal components, (n, q) float32."""
    return ((_flat(images) - extractor["middle"]) @ extractor["components"]).astype(np.float32)


def network_of(extractor: Columns) -> dict[str, Array]:
    """The arrays of the network, without the data of the training rows."""
    return {name: value for name, value in extractor.items() if name.startswith(PREFIX)}


def sha(extractor: Columns) -> str:
    """Hash of the network's arrays, sixteen hex digits."""
    digest = hashlib.sha256()
    for name, value in sorted(network_of(extractor).items()):
        value = np.ascontiguousarray(value)
        digest.update(f"{name} {value.dtype.str} {value.shape};".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()[:16]


def _flat(images: Array) -> Array:
    return images.reshape(len(images), -1).astype(np.float32, copy=False)
