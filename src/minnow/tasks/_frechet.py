"""The Fréchet distance between two sets of features, its influence function, and nearest neighbours."""

from __future__ import annotations

import numpy as np

from minnow.types import Array

RIDGE = 1e-4
"""Added to the variances of features, which are about 1: those of a collapsed generator are 0 in most directions."""
CHUNK = 1024
"""Number of rows whose distances to all others are in memory at once."""


def moments(rows: Array) -> tuple[Array, Array]:
    """Mean (d,) and covariance (d, d) of rows (n, d), with a ridge on the diagonal of the covariance."""
    mean = rows.mean(axis=0)
    centred = rows - mean
    return mean, centred.T @ centred / max(len(rows), 1) + RIDGE * np.eye(rows.shape[1])


def distance(real: Array, generated: Array) -> float:
    """Squared Fréchet distance between normal distributions with the moments of features (n, d) and (m, d).

    Source: Dowson & Landau 1982; for features of images Heusel et al. 2017.
    """
    return _distance(moments(real), moments(generated))[0]


def _distance(real: tuple[Array, Array], generated: tuple[Array, Array]) -> tuple[float, Array, Array]:
    """Return the distance, and the optimal maps from generated to real and from real to generated, (d, d) each.

    With A = S^1/2 of real and M = A S_generated A, the map from generated to real is A M^-1/2 A, and the one from real to
    generated is its inverse A^-1 M^1/2 A^-1.
    """
    (mean, covariance), (mean_generated, covariance_generated) = real, generated
    root, inverse = _powers(covariance)
    inner, inner_inverse = _powers(root @ covariance_generated @ root)
    gap = mean - mean_generated
    value = gap @ gap + np.trace(covariance) + np.trace(covariance_generated) - 2 * np.trace(inner)
    return float(value), root @ inner_inverse @ root, inverse @ inner @ inverse


def _powers(matrix: Array) -> tuple[Array, Array]:
    """Square root of a symmetric positive matrix (d, d), and the inverse of that root."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    root = np.sqrt(np.maximum(values, RIDGE * RIDGE / 4))
    return (vectors * root) @ vectors.T, (vectors / root) @ vectors.T


def influences(real: Array, generated: Array) -> Array:
    """The distance plus the influence of each pair of rows on it, (n,) float64; the mean is the distance.

    real, generated: (n, d). The influence of a generated row x is the derivative of the distance as weight moves to x:
    2 (m - m_real)'(x - m) + (x - m)'(I - T)(x - m) - tr((I - T) S), with T the map from generated to real; that of a real
    row likewise, with the inverse map. Resampling these values is the infinitesimal jackknife of the distance.
    Source: Jaeckel 1972; the derivative: Takatsu 2011 on the geometry of normal distributions.
    """
    if not len(real):
        return np.empty(0)
    moments_real, moments_generated = moments(real), moments(generated)
    value, to_real, to_generated = _distance(moments_real, moments_generated)
    of_generated = _influence(generated, moments_generated, moments_real[0], to_real)
    of_real = _influence(real, moments_real, moments_generated[0], to_generated)
    return value + of_generated + of_real


def _influence(rows: Array, own: tuple[Array, Array], other_mean: Array, transport: Array) -> Array:
    """Influence of each row (n, d) on the distance, (n,). own: moments of rows; transport: the map to the other set."""
    mean, covariance = own
    change = np.eye(len(mean)) - transport
    centred = rows - mean
    without_ridge = covariance - RIDGE * np.eye(len(mean))
    quadratic = np.einsum("nd,de,ne->n", centred, change, centred, optimize=True)
    return 2 * centred @ (mean - other_mean) + quadratic - float(np.sum(change * without_ridge))


def squared_distances(a: Array, b: Array) -> Array:
    """Squared Euclidean distances between (n, d) and (m, d), (n, m), in the precision of a."""
    squares = (a * a).sum(axis=1)[:, None] - 2 * (a @ b.T) + (b * b).sum(axis=1)
    return np.maximum(squares, 0)


def nearest(rows: Array, others: Array, order: int = 0) -> Array:
    """Squared distance of each row (n, d) to its nearest of the others (m, d), (n,). order: 1 for the second nearest."""
    parts = [np.empty(0, rows.dtype)]
    for start in range(0, len(rows), CHUNK):
        squares = squared_distances(rows[start : start + CHUNK], others)
        parts.append(np.partition(squares, order, axis=1)[:, order] if order else squares.min(axis=1))
    return np.concatenate(parts)


def within(rows: Array, centres: Array, radius: Array) -> Array:
    """Whether each row (n, d) lies in the ball around at least one centre (m, d), (n,) bool. radius: (m,), squared."""
    parts: list[Array] = [np.empty(0, bool)]
    for start in range(0, len(rows), CHUNK):
        inside = squared_distances(rows[start : start + CHUNK], centres) <= radius
        parts.append(np.any(inside, axis=1))
    return np.concatenate(parts)
