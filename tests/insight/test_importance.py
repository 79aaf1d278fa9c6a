"""Importances: columns that matter come first."""

import numpy as np
import pytest

from minnow.config import Settings
from minnow.insight.importance import importances
from minnow.records.bundle import open_bundle
from minnow.runners.worker import resolve
from minnow.stages import compress, intake, train
from minnow.stages.case import Case
from minnow.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore")
N = 300


def _here(function, *arguments, report=None, **named):
    """The worker's call, in this process."""
    return resolve(function)(*arguments, **named)


@pytest.fixture
def case(tmp_path):
    rng = np.random.default_rng(0)
    lines = [f"{x:.4f},{y:.4f},{'ab'[c]},{5 * x + (3 if c else 0):.3f}" for x, y, c in
             zip(rng.normal(size=N), rng.normal(size=N), rng.integers(0, 2, N), strict=True)]  # fmt: skip
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text("\n".join(["matters,idle,kind,answer", *lines]) + "\n")
    entry = {
        "modality": "tabular", "task": "regress", "data": "data", "options": {"target": "answer"}, "folds": 4,
        "families": {"gboost": {"iterations": 30}},
    }  # fmt: skip
    (tmp_path / "uv.lock").write_text("")
    settings = Settings.model_validate({"usecases": {"made": entry}})
    return Case("made", settings, Workspace(tmp_path, tmp_path / "params.yaml"))


def test_the_columns_that_matter_come_first_and_an_idle_one_counts_nothing(case):
    prepared = intake.prepare_case(case, case.modality.read(case.data, case.options))
    handed = train.hand_over(case, prepared, _here)
    compressed = compress.variants(case, train.train(case, "gboost", handed), handed, bare=True)
    bundle = open_bundle(compressed.bundles["float32"])
    rises = importances(bundle, prepared.tables["val"], ["idle", "kind", "matters"], 7)
    assert list(rises) == ["matters", "kind", "idle"]
    assert rises["matters"] > 10 * abs(rises["idle"])
    assert rises == importances(bundle, prepared.tables["val"], ["idle", "kind", "matters"], 7)
