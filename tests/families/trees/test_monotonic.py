"""Monotone constraints: the exported file never answers against them, whatever the loss; what cannot hold is refused."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from minnow import exporters, families, runtimes
from minnow.families import ensemble, forest, gboost
from minnow.families._trees import monotone
from minnow.families._trees.layout import fit_layout
from minnow.types import Batch, Source

pytestmark = pytest.mark.filterwarnings("ignore")  # scikit-learn's own
SOURCES = {
    "numbers": (Source(("up",), "value"), Source(("other",), "value"), Source(("other",), "gap"), Source(("down",), "value")),
    "categories": (Source(("kind",), "category"),),
}  # fmt: skip
UP, DOWN = 0, 3
CASES = [
    ("gboost", {}, "rmse"),
    ("gboost", {"categories": "one_hot"}, "log_loss"),
    ("gboost", {}, "log_loss"),
    ("gboost", {}, "mae"),
    ("gboost", {}, "mape"),
    ("gboost", {}, "pinball@0.9"),
    ("gboost", {"n_bags": 2, "feature_share": 0.5}, "pinball@0.1"),
    ("forest", {}, "rmse"),
    ("forest", {"extra": True}, "mae"),
    ("forest", {}, "log_loss"),
    ("forest", {"extra": True}, "log_loss"),
    ("forest", {"answer": "median"}, "two values"),
]


def _batch(seed, measure, rows=900):
    """A target that rises with a number and falls with another, but for waves and noise, and depends on a third and a kind."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, 4)).astype(np.float32)
    numbers[:, 2] = random.random(rows) < 0.1
    kind = random.integers(2, 6, (rows, 1)).astype(np.int32)
    target = numbers[:, UP] + np.sin(4 * numbers[:, UP]) - numbers[:, DOWN] + np.cos(3 * numbers[:, DOWN]) + 9
    target = target + numbers[:, 1] * kind[:, 0] / 4 + random.exponential(np.exp(numbers[:, 1] / 2), rows)
    labels = np.array(["no", "yes"] if measure == "log_loss" else [], dtype=str)
    if measure in ("log_loss", "two values"):
        target = target > np.median(target)
    return Batch(
        {"numbers": numbers, "categories": kind},
        target.astype(np.int64 if len(labels) else np.float32),
        labels,
        "classify" if len(labels) else "regress",
        key=np.arange(rows, dtype=np.uint64) + seed * rows,
        modality="tabular",
        cardinalities={"categories": 6},
        measure="" if measure == "two values" else measure,
        sources=SOURCES,
    )


def _least_step(session, rows, place, start):
    """Smallest change of the answer between neighbouring values of one number, from one end to the other, over many rows."""
    least = np.inf
    for row in range(60):
        numbers = np.repeat(rows.inputs["numbers"][row : row + 1], 121, axis=0)
        numbers[:, place] = np.linspace(start, -start, 121)
        kind = np.repeat(rows.inputs["categories"][row : row + 1], 121, axis=0)
        (answer,) = session.predict({"numbers": numbers, "categories": kind}).values()
        least = min(least, np.diff(answer[:, 1] if answer.ndim == 2 else answer).min())
    return least


@pytest.mark.parametrize(("name", "params", "measure"), CASES, ids=lambda value: str(value))
def test_the_file_never_answers_against_a_constraint(name, params, measure, tmp_path):
    train, val, others = (_batch(seed, measure) for seed in range(3))
    constrained = {"up": "increasing", "down": "decreasing"}
    for monotonic in ({}, constrained):
        checked = families.get(name).Params.model_validate({**params, "monotonic": monotonic})
        model = families.fit(name, train, val, checked, seed=1)
        exporters.get("onnx").write(model, tmp_path / "model.onnx")
        session = runtimes.open_model(tmp_path / "model.onnx")
        rising, falling = _least_step(session, others, UP, -4), _least_step(session, others, DOWN, 4)
        if monotonic:
            assert rising >= -1e-6, "an answer falls where it must rise"
            assert falling >= -1e-6, "an answer rises where it must fall"
        else:
            assert min(rising, falling) < -1e-3, "rows that need no constraint show nothing"


def test_a_column_of_another_place_is_free():
    train, val = (_batch(seed, "rmse") for seed in range(2))
    model = families.fit("gboost", train, val, gboost.Params(monotonic={"up": "increasing"}), seed=1)
    assert list(model.estimator.monotonic_cst) == [1] + [0] * 7, "three numbers more, and four kinds"


REFUSED = {
    "unknown": ({"upp": "increasing"}, {}, r"No column 'upp'\. Did you mean 'up'\? Known: down, kind, other, up\."),
    "categories": ({"kind": "increasing"}, {}, r"'kind' holds categories, which have no order\. Set options\.kinds: \{kind: "),
    "dates": ({"day": "increasing"}, {"numbers": (Source(("day",), "date"),)}, r"'day' holds dates, which are read as"),
    "a quotient": (
        {"a": "increasing"}, {"numbers": (Source(("a",), "value"), Source(("a", "b"), "derived"))}, r"'a' is also a part of ",
    ),
    "no table": ({"up": "increasing"}, None, r"this needs the columns of a table \(modality: tabular\)\. Received: times"),
}  # fmt: skip


@pytest.mark.parametrize("name", ["gboost", "forest"])
@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_hold_is_refused(what, name):
    monotonic, sources, message = REFUSED[what]
    train = _batch(0, "rmse", rows=60)
    changed = {"sources": {}, "modality": "timeseries"} if sources is None else {"sources": SOURCES | sources}
    train = replace(train, **changed)
    family = families.get(name)
    params = family.Params(monotonic=monotonic)
    assert re.search(f"^monotonic: .*{message}", family.CAPABILITIES.refuses(params, train))
    with pytest.raises(ValueError, match=f"^monotonic: .*{message}"):
        families.fit(name, train, train, params, seed=1)


@pytest.mark.parametrize("name", ["gboost", "forest"])
def test_several_labels_are_refused(name):
    train = replace(_batch(0, "log_loss", rows=60), labels=np.array(["a", "b", "c"]))
    params = families.get(name).Params(monotonic={"up": "increasing"})
    with pytest.raises(ValueError, match=r"^monotonic: .*two labels.*Received: 3 labels \(a, b, c\)"):
        families.fit(name, train, train, params, seed=1)


def test_a_logarithm_rises_with_its_column():
    numbers = (*SOURCES["numbers"][:3], Source(("up",), "value"))
    train = replace(_batch(0, "rmse", rows=60), sources=SOURCES | {"numbers": numbers})
    layout, _ = fit_layout(train)
    assert monotone.constraints({"up": "decreasing"}, train, layout) == [-1, 0, 0, -1, 0]


def test_medians_of_more_than_two_values_and_components_are_refused():
    train = _batch(0, "rmse", rows=60)
    params = forest.Params(monotonic={"up": "increasing"}, answer="median")
    with pytest.raises(ValueError, match=r"answer: median this needs a target of two values\. Received: 60\."):
        families.fit("forest", train, train, params, seed=1)
    with pytest.raises(ValidationError, match="pca replaces them"):
        gboost.Params(monotonic={"up": "increasing"}, pca=2)


def test_a_target_of_few_values_has_the_mean_where_a_median_could_not_be_constrained():
    train, val = (replace(one, target=np.round(one.target / 4)) for one in (_batch(0, "mae"), _batch(1, "mae")))
    assert len(np.unique(train.target)) <= 12
    params = forest.Params(monotonic={"up": "increasing"})
    assert families.fit("forest", train, val, params, seed=1).settled["answer"] == "mean"


def test_members_of_an_ensemble_refuse_what_their_family_refuses():
    train = _batch(0, "rmse", rows=60)
    members = {"free": {"family": "linear"}, "bound": {"family": "gboost", "monotonic": {"kind": "increasing"}}}
    reason = ensemble.CAPABILITIES.refuses(ensemble.Params(members=members), train)
    assert reason is not None
    assert reason.startswith("members.bound.monotonic: ")
