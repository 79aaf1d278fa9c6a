"""Diabetes: 442 patients with ten measurements each, and the progression of the disease after one year.

Source: B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, "Least Angle Regression", Annals of Statistics 32, 2004, not
standardized, as distributed with scikit-learn.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minnow.datasets._csv import write_csv

_FILE = "diabetes.csv"
SHA256 = {_FILE: "10654a7348567b91229e8adeef649e8553d4c2df8428ccc41e14ab6758b236df"}
_NAMES = ("age", "sex", "bmi", "blood pressure", "tc", "ldl", "hdl", "tch", "ltg", "glucose")
_SEXES = {1: "a", 2: "b"}
"""The source codes the sexes as 1 and 2 and does not document which is which."""


def write(folder: Path) -> None:
    """Write diabetes.csv: nine numeric columns, sex ("a" or "b"), and progression, a number from 25 to 346."""
    from sklearn.datasets import load_diabetes

    loaded: Any = load_diabetes(scaled=False)
    rows = []
    for row, target in zip(loaded.data.tolist(), loaded.target.tolist(), strict=True):
        cells = [f"{value:g}" for value in row]
        cells[1] = _SEXES[round(row[1])]
        rows.append([*cells, f"{target:g}"])
    write_csv(folder / _FILE, [*_NAMES, "progression"], rows)
