"""Breast tumours: 569 fine-needle samples, malignant or benign, with thirty measurements of cell nuclei.

Source: W. Wolberg, O. Mangasarian, N. Street, "Breast Cancer Wisconsin (Diagnostic)", UCI Machine Learning Repository, 1995,
as distributed with scikit-learn.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minnow.datasets._csv import write_csv

_FILE = "cancer.csv"
SHA256 = {_FILE: "7e115a871fc47b0002ff74842ddb6b61b08baf51b137f171c34af4d053c0b081"}


def write(folder: Path) -> None:
    """Write cancer.csv: thirty numeric columns, and diagnosis, "malignant" or "benign"."""
    from sklearn.datasets import load_breast_cancer

    loaded: Any = load_breast_cancer()
    names = [*map(str, loaded.feature_names), "diagnosis"]
    rows = [
        [*(repr(float(value)) for value in row), str(loaded.target_names[target])]
        for row, target in zip(loaded.data, loaded.target, strict=True)
    ]
    write_csv(folder / _FILE, names, rows)
