"""Plots show names as they are written."""

import numpy as np
import pytest

from minnow.insight import plots
from minnow.records.results import Importance, Importances


@pytest.mark.parametrize("name", ["$a$ $\\frac", "$^$", "a_b", "100 %", "<b>", "\\$"])
def test_a_name_between_dollars_is_no_mathematics(name, tmp_path):
    labels = np.array([name, "other"])
    plots.confusion(np.array([0, 1]), np.array([0, 1]), labels, tmp_path / "confusion.png")
    found = Importances("log_loss", (Importance((name,), 0.1, 0.0, 0.2),))
    plots.importances(found, tmp_path / "importances.png")
    assert {path.name for path in tmp_path.iterdir()} == {"confusion.png", "importances.png"}
