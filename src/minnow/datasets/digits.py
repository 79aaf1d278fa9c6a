"""Handwritten digits: 1,797 real scans of 8 x 8 pixels in 17 grey levels, ten classes.

Source: the test part of E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
Repository, 1998, as distributed with scikit-learn.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minnow.records.files import write_npz

_FILE = "digits.npz"
SHA256 = {_FILE: "d292248b679b7b3187716d959e00f926642827c4fc83e53101cde9ccf87485a6"}


def write(folder: Path) -> None:
    """Write digits.npz: images (1797, 8, 8) uint8 in 0..16, labels (1797,) str "0".."9"."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    images = np.asarray(pixels, np.uint8).reshape(-1, 8, 8)
    write_npz(folder / _FILE, {"images": images, "labels": np.asarray(labels).astype("<U1")})
