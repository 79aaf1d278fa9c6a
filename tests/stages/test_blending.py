"""The blend: which members it has, that it is what a fit of the same ensemble would give, and when there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standins import case_of, here, made_of, prepared_of

from minnow.records.files import file_sha256
from minnow.stages import blending, compress, crossval, intake, train
from minnow.stages.blending import MOST, NAME

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's own
FAMILIES = {
    "linear": {"C": [1.0]},
    "gboost": {"iterations": 60, "leaves": 4},
    "wide": {"family": "fcnn", "epochs": 2},
}


def _written(folder, values):
    """A table whose answer is the sum of two parts, one of which each family misses."""
    random = np.random.default_rng(3)
    rows = random.uniform(-1, 1, (500, 9))
    value = rows[:, :8].sum(axis=1) + 0.8 * np.sign(np.sin(8 * rows[:, 8])) + 0.1 * random.normal(size=500)
    answer = value if values else np.where(value > 0, "yes", "no")
    lines = [",".join([*(f"{number:.5f}" for number in row), str(one)]) for row, one in zip(rows, answer, strict=True)]
    (folder / "rows").mkdir()
    (folder / "rows" / "rows.csv").write_text("\n".join(["a,b,c,d,e,f,g,h,i,answer", *lines]) + "\n")


@pytest.fixture(scope="module", params=["regress", "classify"])
def walked(request, tmp_path_factory):
    """A use case with what was made of three families."""
    folder = tmp_path_factory.mktemp("blend")
    _written(folder, request.param == "regress")
    options = {"target": "answer", "min_rows": 50}
    more = {"families": FAMILIES, "judge": {"margin": 1e-6}} | (
        {"measure": "log_loss"} if request.param == "classify" else {}
    )
    case = case_of(folder, "tabular", request.param, options, **more)
    prepared = prepared_of(case)
    return case, prepared, made_of(case, prepared, folder / "scratch"), folder


def test_two_that_miss_different_parts_are_blended_and_the_answer_is_their_average(walked):
    case, prepared, made, _ = walked
    shares = blending.found(case, made, prepared.batches)
    assert {"linear", "gboost"} <= set(shares)
    assert sum(shares.values()) == pytest.approx(1)
    answers = {one.trained.family: one.evaluations[0].outputs for one in made}
    ((name, average),) = blending.blended([(answers[one], share) for one, share in shares.items()]).items()
    expected = sum(share * answers[one][name].astype(float) for one, share in shares.items())
    np.testing.assert_allclose(average, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("names", [("linear", "gboost"), ("wide", "linear", "gboost")], ids="-".join)
def test_joined_members_are_what_a_fit_of_the_same_ensemble_gives(walked, names):
    case, prepared, made, folder = walked
    wider = blending.with_blend(case, dict(zip(names, (0.5, 0.3, 0.2), strict=False)), made)
    handed = train.hand_over(wider, prepared, here)
    joined = blending.join(wider, handed, made)
    assert joined.origin == train.origin(wider, NAME, handed)
    fitted = folder / "-".join(("fitted", *names))
    fitted.mkdir()
    recorded = json.loads(json.dumps(joined.origin.params, sort_keys=True))  # as `minnow verify` has them
    train.fit(handed.folder, "ensemble", recorded, 1, fitted)
    apart = replace(joined, folder=fitted)
    assert apart.settled == joined.settled
    files = []
    for one in (joined, apart):
        out = folder / f"{one.folder.name}-variants-{'-'.join(names)}"
        out.mkdir()
        compress.making.make(one.folder, one.folder, handed.folder, compress.plan_of(wider, NAME), out)
        files.append(file_sha256(out / "float32" / "bundle" / "model.onnx"))
    assert files[0] == files[1]


def test_a_blend_is_cross_validated_by_its_members_as_if_it_were_fitted(walked):
    case, _, made, _ = walked
    shares = {"linear": 0.25, "gboost": 0.75}
    wider, table = blending.with_blend(case, shares, made), intake.read(case)
    by_members = crossval.run(wider, table, [NAME, "linear"], here)
    fitted = crossval.run(replace(wider, blends={}), table, [NAME], here)
    assert set(by_members.loss) == {NAME, "linear", "gboost"}
    assert by_members.failed == fitted.failed == {}
    repeated = by_members.loss[NAME]
    assert repeated.shape == fitted.loss[NAME].shape
    assert not np.allclose(repeated, by_members.loss["gboost"])
    once = crossval.run(replace(wider, blends={NAME: {**shares, "wide": 0.0}}), table, [NAME], here)
    np.testing.assert_allclose(once.loss[NAME], fitted.loss[NAME], rtol=1e-4, atol=1e-5)


def test_a_blend_fails_in_cross_validation_where_a_member_does(walked, monkeypatch):
    case, _, made, _ = walked
    wider = blending.with_blend(case, {"linear": 0.5, "gboost": 0.5}, made)
    fitted = train.fitted

    def failing(handed, family, *more):
        if family == "gboost":
            raise ValueError("no.")
        return fitted(handed, family, *more)

    monkeypatch.setattr(train, "fitted", failing)
    table = intake.read(case)
    monkeypatch.setattr(crossval, "code_version", lambda modules: "another")
    assert crossval.run(wider, table, [NAME], here).failed == {"gboost": "no.", NAME: "gboost: no."}


def test_there_is_none_with_quick_effort_nor_where_it_gains_less_than_a_margin(walked):
    case, prepared, made, _ = walked

    def found(**update):
        usecase = case.usecase.model_copy(update=update)
        settings = case.settings.model_copy(update={"usecases": {case.name: usecase}})
        return blending.found(replace(case, settings=settings), made, prepared.batches)

    large = {"judge": case.judge.model_copy(update={"margin": 0.9})}
    assert found()
    assert not found(effort="quick")
    assert not found(**large)
    assert found(**large, effort="thorough")
    assert not blending.found(case, made[:1], prepared.batches)
    begun = {**FAMILIES, "gboost": {"init_from": {"usecase": "other"}}, "wide": {"init_from": {"usecase": "other"}}}
    assert not found(families=begun), "networks that begin with another model are no members"


def test_a_forest_with_more_than_two_labels_is_no_member():
    usecase = SimpleNamespace(family_of=lambda name: "forest", starts={})
    trained = SimpleNamespace(family="forest", settled={})
    schema = SimpleNamespace(variant="float32")
    one = SimpleNamespace(trained=trained, evaluations=[SimpleNamespace(bundle=SimpleNamespace(schema=schema))])
    case = SimpleNamespace(usecase=usecase)
    assert [blending._can_be_member(case, one, labels) for labels in (0, 2, 3)] == [True, True, False]


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 6), st.integers(0, 1000))
def test_the_selection_is_never_worse_than_the_best_member_and_has_few(count, seed):
    random = np.random.default_rng(seed)
    truth = random.normal(size=50)
    outputs = {f"m{i}": truth + random.normal(size=50) * random.uniform(0.2, 2) for i in range(count)}
    loss = lambda answers: float(((answers - truth) ** 2).mean())  # noqa: E731
    value, shares = blending.greedy(outputs, loss)
    assert value <= min(map(loss, outputs.values())) + 1e-12
    assert len(shares) <= MOST
    assert sum(shares.values()) == pytest.approx(1)
    assert loss(sum(share * outputs[name] for name, share in shares.items())) == pytest.approx(value)


def test_of_two_with_opposite_errors_each_has_half():
    truth = np.arange(6.0)
    loss = lambda answers: float(((answers - truth) ** 2).mean())  # noqa: E731
    value, shares = blending.greedy({"low": truth - 1, "high": truth + 1, "far": truth + 9}, loss)
    assert (value, shares) == (0, {"low": 0.5, "high": 0.5})
