"""How many threads a fit has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from standins import case_of

from minnow.stages.case import SMALL
from minnow.types import Batch


@pytest.mark.parametrize(("values", "threads"), [(10, 1), (SMALL, 1), (SMALL + 10, 4)])
def test_a_small_fit_has_one_thread_and_a_large_one_those_of_the_settings(tmp_path, values, threads):
    case = case_of(tmp_path, "tabular", "classify", {"target": "kind"})
    case = replace(case, settings=case.settings.model_copy(update={"threads": 4}))
    half = np.zeros((5, values // 10), np.float32)
    rows = Batch(
        {"numbers": half, "more": half}, np.zeros(5, int), np.array(["a"]), "classify", np.arange(5, dtype=np.uint64)
    )
    assert case.threads(rows) == threads
