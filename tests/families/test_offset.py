"""Rows with an offset: the face of families hands differences to those that do not read it themselves."""

from __future__ import annotations

import numpy as np
import pytest
import tiny

from minnow import families
from minnow.types import OFFSET

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own


@pytest.mark.parametrize(("name", "task"), [("linear", "forecast"), ("fcnn", "forecast"), ("gboost", "rate")])
def test_the_answer_is_the_offset_and_what_was_learned_of_the_differences(name, task, tmp_path):
    train, val = tiny.splits("timeseries" if task == "forecast" else "interactions", task)
    family, params = families.get(name), tiny.quick(families.get(name))
    model = families.fit(name, train, val, params, seed=1)
    difference = family.fit(train.relative(), val.relative(), params, seed=1)
    assert [spec.name for spec in model.inputs] == [*(spec.name for spec in difference.inputs), OFFSET]
    assert model.outputs == difference.outputs
    learned = difference.predict(val.inputs)["value"]
    np.testing.assert_array_equal(model.predict(val.inputs)["value"], learned + val.inputs[OFFSET])
    model.save(tmp_path)
    np.testing.assert_array_equal(family.load(tmp_path).predict(val.inputs)["value"], learned + val.inputs[OFFSET])


def test_rows_without_an_offset_are_fitted_as_they_are():
    train, val = tiny.splits("tabular", "regress")
    linear = families.get("linear")
    answers = [
        model.predict(val.inputs)["value"]
        for model in (
            families.fit("linear", train, val, linear.Params(), seed=1),
            linear.fit(train, val, linear.Params(), seed=1),
        )
    ]
    np.testing.assert_array_equal(*answers)


def test_an_unknown_family_is_named_with_the_nearest_known_one():
    train, val = tiny.splits("tabular", "regress")
    with pytest.raises(KeyError, match=r"No family 'liner'\. Did you mean 'linear'"):
        families.fit("liner", train, val, None, seed=1)
