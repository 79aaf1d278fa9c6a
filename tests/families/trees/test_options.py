"""What `gboost` and `forest` offer beyond the least: it lies in the exported file, and does what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tiny
from pydantic import ValidationError

from minnow import exporters, families, runtimes, tasks

pytestmark = pytest.mark.filterwarnings("ignore")  # scikit-learn's own

TREES = [
    ("gboost", "tabular", "classify", {"categories": "one_hot"}),
    ("gboost", "tabular", "regress", {"categories": "one_hot", "n_bags": 3, "feature_share": 0.5}),
    ("gboost", "images", "classify", {"n_bags": 2, "feature_share": 0.5}),
    ("gboost", "timeseries", "forecast", {"n_bags": 2, "feature_share": 0.5, "loss": "mae"}),
    ("forest", "tabular", "regress", {"answer": "median"}),
    ("forest", "tabular", "regress", {"answer": "median", "extra": True, "trees": 4}),
]


@pytest.mark.parametrize(
    ("name", "modality", "task", "params"), TREES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_trees_offer_is_part_of_the_file(name, modality, task, params, tmp_path):
    family, (train, val) = families.get(name), tiny.splits(modality, task)
    if params.get("answer") == "median":  # grades that few answers share, some of them equally often
        train, val = (replace(batch, target=np.round(batch.target / 200)) for batch in (train, val))
    model = families.fit(name, train, val, family.Params(**params), seed=1)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    model.save(tmp_path)
    rows = {key: value[:77] for key, value in val.inputs.items()}
    answers = runtimes.open_model(tmp_path / "model.onnx").predict(rows)
    for key, value in model.predict(rows).items():
        np.testing.assert_allclose(answers[key], value, atol=1e-4 * max(1, np.abs(value).max()))
        np.testing.assert_array_equal(family.load(tmp_path).predict(rows)[key], value)
    loss = tasks.measure(task).loss
    plain = min(loss(baseline(val), val).mean() for baseline in tasks.get(task).baselines(train).values())
    assert loss(model.predict(val.inputs), val).mean() < 0.8 * plain


def test_the_mean_of_several_fits_is_what_the_fits_say_on_average():
    family, (train, val) = families.get("gboost"), tiny.splits("tabular", "regress")
    each = [
        family.fit(train, val, family.Params(feature_share=0.5), seed=seed).predict(val.inputs)["value"]
        for seed in (4, 5, 6)
    ]
    bagged = family.fit(train, val, family.Params(feature_share=0.5, n_bags=3), seed=4).predict(val.inputs)["value"]
    np.testing.assert_allclose(bagged, np.mean(each, axis=0), rtol=1e-5)
    with pytest.raises(ValidationError, match="n_bags over 1 needs a feature_share below 1"):
        family.Params(n_bags=2)


def test_the_median_of_few_numbers_is_one_of_them_and_many_are_refused():
    family, (train, val) = families.get("forest"), tiny.splits("tabular", "regress")
    params = family.Params(answer="median")
    few = replace(train, target=np.round(train.target / 200))
    assert set(family.fit(few, val, params, seed=1).predict(val.inputs)["value"]) <= set(few.target)
    with pytest.raises(ValueError, match=r"answer: median needs a target with 2 to 64 distinct values. Received: 240"):
        family.fit(train, val, params, seed=1)
