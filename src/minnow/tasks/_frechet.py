"""The Fréchet distance between two sets of features, row by row, and neighbours among them."""

from __future__ import annotations

import numpy as np

from minnow.types import Array

RIDGE = 1e-4
"""Added to every variance, where features have one of about 1: a collapsed generator has none in most directions."""
CHUNK = 1024


def moments(rows: Array) -> tuple[Array, Array]:
    """Mean (d,) and covariance (d, d) of rows (n, d), the covariance with a ridge."""
    mean = rows.mean(axis=0)
    centred = rows - mean
    return mean, centred.T @ centred / max(len(rows), 1) + RIDGE * np.eye(rows.shape[1])


def distance(real: Array, made: Array) -> float:
    """Squared Fréchet distance between normal distributions with the moments of (n, d) and (m, d) features.

    Source: Dowson & Landau 1982; Heusel et al. 2017, who apply it to features.
    """
    return _distance(moments(real), moments(made))[0]


def _distance(real: tuple[Array, Array], made: tuple[Array, Array]) -> tuple[float, Array, Array]:
    """Return the distance and the maps that carry made to real and real to made, (d, d) each.

    With A = S^1/2 of real and M = A S_made A, the map from made to real is A M^-1/2 A, and that from real to made its
    inverse A^-1 M^1/2 A^-1.
    """
    (mean, covariance), (mean_made, covariance_made) = real, made
    root, inverse = _powers(covariance)
    inner, inner_inverse = _powers(root @ covariance_made @ root)
    gap = mean - mean_made
    found = gap @ gap + np.trace(covariance) + np.trace(covariance_made) - 2 * np.trace(inner)
    return float(found), root @ inner_inverse @ root, inverse @ inner @ inverse


def _powers(matrix: Array) -> tuple[Array, Array]:
    """Square root and its inverse of a symmetric positive matrix (d, d)."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    root = np.sqrt(np.maximum(values, RIDGE * RIDGE / 4))
    return (vectors * root) @ vectors.T, (vectors / root) @ vectors.T


def influences(real: Array, made: Array) -> Array:
    """Distance plus what each pair of rows adds to it, (n,) float64: the mean is the distance. real, made: (n, d).

    What row x of made adds is the derivative of the distance when weight moves to x:
    2 (m - m_real)'(x - m) + (x - m)'(I - T)(x - m) - tr((I - T) S), with T the map from made to real; a row of real
    likewise with the inverse map. Resampling these means is the infinitesimal jackknife of the distance.
    Source: Jaeckel 1972; the derivative: Takatsu 2011 on the geometry of normal distributions.
    """
    if not len(real):
        return np.empty(0)
    moments_real, moments_made = moments(real), moments(made)
    found, to_real, to_made = _distance(moments_real, moments_made)
    of_made = _influence(made, moments_made, moments_real[0], to_real)
    of_real = _influence(real, moments_real, moments_made[0], to_made)
    return found + of_made + of_real


def _influence(rows: Array, own: tuple[Array, Array], other_mean: Array, carry: Array) -> Array:
    mean, covariance = own
    bend = np.eye(len(mean)) - carry
    centred = rows - mean
    plain = covariance - RIDGE * np.eye(len(mean))
    bent = np.einsum("nd,de,ne->n", centred, bend, centred, optimize=True)
    return 2 * centred @ (mean - other_mean) + bent - float(np.sum(bend * plain))


def squared_distances(a: Array, b: Array) -> Array:
    """Squared Euclidean distances of (n, d) and (m, d), (n, m), in the precision of a."""
    found = (a * a).sum(axis=1)[:, None] - 2 * (a @ b.T) + (b * b).sum(axis=1)
    return np.maximum(found, 0)


def nearest(rows: Array, others: Array, place: int = 0) -> Array:
    """Squared distance of each row (n, d) to the others' (m, d) nearest, (n,); place 1 is the second nearest, and so on."""
    parts = [np.empty(0, rows.dtype)]
    for start in range(0, len(rows), CHUNK):
        found = squared_distances(rows[start : start + CHUNK], others)
        parts.append(np.partition(found, place, axis=1)[:, place] if place else found.min(axis=1))
    return np.concatenate(parts)


def within(rows: Array, centres: Array, radius: Array) -> Array:
    """Which rows (n, d) lie in the ball of at least one centre (m, d); radius: (m,), squared. Returns (n,) bool."""
    parts: list[Array] = [np.empty(0, bool)]
    for start in range(0, len(rows), CHUNK):
        inside = squared_distances(rows[start : start + CHUNK], centres) <= radius
        parts.append(np.any(inside, axis=1))
    return np.concatenate(parts)
