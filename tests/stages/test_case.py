"""How many threads a fit has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from standins import case_of

from minnow.stages.case import LARGE, SMALL
from minnow.types import Batch


@pytest.mark.parametrize(
    ("values", "families", "threads"),
    [
        (10, 2, 1),
        (SMALL, 2, 1),
        (SMALL + 10, 1, 4),
        (SMALL + 10, 2, 2),
        (LARGE, 3, 1),
        (LARGE, 5, 1),
        (LARGE + 10, 5, 4),
    ],
)
def test_a_small_fit_has_one_thread_a_large_one_all_and_families_between_share_them(
    tmp_path, values, families, threads
):
    case = case_of(tmp_path, "tabular", "classify", {"target": "kind"})
    case = replace(case, settings=case.settings.model_copy(update={"threads": 4}))
    case.usecase.families.clear()
    case.usecase.families.update({f"family{number}": {"family": "gboost"} for number in range(families)})
    half = np.zeros((5, values // 10), np.int8)
    rows = Batch(
        {"numbers": half, "more": half}, np.zeros(5, int), np.array(["a"]), "classify", np.arange(5, dtype=np.uint64)
    )
    assert case.threads(rows) == threads


@pytest.mark.parametrize(
    ("values", "names", "threads", "beside"),
    [
        (SMALL, ["linear", "gboost"], 1, 1),
        (SMALL + 10, ["gboost"], 4, 4),
        (SMALL + 10, ["linear", "gboost"], 4, 1),
        (SMALL + 10, ["linear", "gboost", "forest"], 2, 1),
        (SMALL + 10, ["linear"], 4, 1),
        (LARGE + 10, ["linear", "gboost"], 4, 4),
    ],
)
def test_a_family_of_one_thread_takes_none_from_the_others_and_runs_beside_them(
    tmp_path, values, names, threads, beside
):
    case = case_of(tmp_path, "tabular", "classify", {"target": "kind"})
    case = replace(case, settings=case.settings.model_copy(update={"threads": 4}))
    case.usecase.families.clear()
    case.usecase.families.update({f"own {name}": {"family": name} for name in names})
    rows = Batch(
        {"numbers": np.zeros((5, values // 5), np.int8)}, np.zeros(5, int), np.array(["a"]), "classify",
        np.arange(5, dtype=np.uint64),
    )  # fmt: skip
    assert (case.threads(rows), case.threads_beside(rows)) == (threads, beside)
