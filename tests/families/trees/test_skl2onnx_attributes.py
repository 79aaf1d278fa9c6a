"""Whether skl2onnx still needs the patch of its node attributes, and whether the patch still helps."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
import pytest
from skl2onnx import to_onnx
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from minnow.families._trees.skl2onnx_attributes import CHECKED_WITH, integer_attributes

VERSIONS = ", ".join(f"{name} {version(name)} (checked with {checked})" for name, checked in CHECKED_WITH.items())
ROWS = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
BOOSTING = [HistGradientBoostingClassifier(max_iter=2), HistGradientBoostingRegressor(max_iter=2)]
FORESTS = [RandomForestClassifier(n_estimators=2), RandomForestRegressor(n_estimators=2)]
pytestmark = pytest.mark.filterwarnings("ignore")  # skl2onnx's own


def _fitted(estimator):
    return estimator.fit(ROWS, (ROWS[:, 0] > 0).astype(np.int64))


@pytest.mark.parametrize("estimator", BOOSTING + FORESTS, ids=lambda estimator: type(estimator).__name__)
def test_with_the_patch_all_trees_convert(estimator):
    try:
        with integer_attributes():
            to_onnx(_fitted(estimator), ROWS[:1])
    except (TypeError, ValueError) as error:
        pytest.fail(
            f"The patch in skl2onnx_attributes.py no longer helps. Installed: {VERSIONS}. Extend it: {error!s:.300}"
        )


@pytest.mark.parametrize("estimator", BOOSTING, ids=lambda estimator: type(estimator).__name__)
def test_without_the_patch_boosting_does_not_convert(estimator):
    try:
        to_onnx(_fitted(estimator), ROWS[:1])
    except (TypeError, ValueError):
        return
    pytest.fail(
        "skl2onnx converts histogram gradient boosting without the patch. Delete minnow/families/_trees/skl2onnx_attributes.py "
        f"with this test, if pyproject.toml asks for these versions at least: {VERSIONS}."
    )


def test_the_patch_is_gone_afterwards():
    from onnx import helper

    original = helper.make_attribute
    with pytest.raises(RuntimeError), integer_attributes():
        raise RuntimeError
    assert helper.make_attribute is original
