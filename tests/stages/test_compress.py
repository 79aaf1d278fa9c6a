"""A variant that cannot be made is lost alone: refused, failed with a trace, or killed with its process."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from standins import Died, here_or_killed

from minnow.compression import float16, int8
from minnow.config import Settings
from minnow.contracts import JobKilled, UnsupportedModel
from minnow.exporters import litert, onnx
from minnow.runners.worker import Worker
from minnow.stages import candidates, compress, evaluate, intake, train, variants
from minnow.stages.candidates import Made
from minnow.stages.case import Case
from minnow.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A case with a trained linear model, shared by the tests, which each have a cache of variants of their own."""
    root = tmp_path_factory.mktemp("compress")
    rng = np.random.default_rng(0)
    lines = [f"{x:.3f},{y:.3f},{'ab'[int(x + y > 0)]}" for x, y in rng.normal(size=(90, 2))]
    (root / "rows.csv").write_text("\n".join(["x,y,kind", *lines]) + "\n")
    (root / "uv.lock").write_text("")
    entry = {"modality": "tabular", "task": "classify", "data": "rows.csv", "options": {"target": "kind"}}
    entry |= {"families": {"linear": {}}, "compression": {"float16": {}, "int8": {}}, "exports": ["litert"]}
    case = Case("small", Settings.model_validate({"usecases": {"small": entry}}), Workspace(root, root / "params.yaml"))
    prepared = intake.prepare_case(case, intake.read(case))
    handed = train.hand_over(case, prepared, here_or_killed)
    return case, prepared, handed, train.train(case, "linear", handed)


@pytest.fixture
def making(made):
    """Make the variants, in an empty cache."""
    import shutil

    case, _, handed, trained = made
    shutil.rmtree(case.workspace.cache / "variants", ignore_errors=True)
    return lambda: compress.variants(case, trained, handed)


def _raising(error, calls=None):
    def apply(*_):
        if calls is not None:
            calls.append(1)
        raise error

    return apply


ALL = {"float32", "float16", "int8", "litert"}


def test_ninety_rows_make_every_variant(making):
    done = making()
    assert set(done.bundles) == ALL
    assert not done.refused


def test_a_refused_variant_has_its_reason_and_is_not_tried_again(making, monkeypatch):
    calls = []
    monkeypatch.setattr(int8, "apply", _raising(UnsupportedModel("too few rows"), calls))
    done, again = making(), making()
    assert set(done.bundles) == ALL - {"int8"}
    assert done.refused == again.refused == {"int8": "too few rows"}
    assert not done.failed
    assert (len(calls), again.fresh) == (1, False)


@pytest.mark.parametrize(("module", "name", "function"), [(int8, "int8", "apply"), (litert, "litert", "write")])
def test_an_error_of_a_compression_or_an_exporter_costs_its_variant_alone_and_is_tried_again(
    making, monkeypatch, module, name, function
):
    with monkeypatch.context() as patch:
        patch.setattr(module, function, _raising(KeyError("a bug")))
        done = making()
    assert set(done.bundles) == ALL - {name}
    assert done.refused == {name: "KeyError: 'a bug'"}
    assert "raise error" in done.failed[name].read_text(), "the traceback is kept"
    kept = {
        variant: (folder / "model.onnx").stat().st_mtime_ns
        for variant, folder in done.bundles.items()
        if variant != "litert"
    }
    again = making()
    assert set(again.bundles) == ALL
    assert not again.refused
    for variant, time in kept.items():
        assert (again.bundles[variant] / "model.onnx").stat().st_mtime_ns == time, "the others are not made again"


def test_answers_that_are_not_finite_refuse_the_variant(making, monkeypatch):
    original = float16.apply

    def apply(source, out, params):
        import onnx as graphs
        from onnx import numpy_helper

        original(source, out, params)
        model = graphs.load(out)
        for tensor in model.graph.initializer:
            if tensor.data_type == graphs.TensorProto.FLOAT:
                tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * np.float32("nan"), tensor.name))
        graphs.save(model, out)

    monkeypatch.setattr(float16, "apply", apply)
    done = making()
    assert "finite numbers" in done.refused["float16"]
    assert set(done.bundles) == ALL - {"float16"}


def test_a_variant_that_ends_the_process_is_lost_alone_and_tried_again(making, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(float16, "apply", _raising(Died()))
        done = making()
    assert set(done.bundles) == ALL - {"float16"}
    assert done.refused == {"float16": "it ended the process that made it: SIGKILL"}
    assert done.failed == {"float16": None}
    assert set(making().bundles) == ALL


def test_a_real_worker_that_dies_in_one_compression_makes_the_others(made, tmp_path, monkeypatch):
    case, _, handed, trained = made
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=":")
    with Worker(1, tmp_path / "worker.log") as worker:

        def call(function, *arguments, report):
            return worker.call("variant_jobs:make", *arguments, report=report)

        folder = tmp_path / "made"
        folder.mkdir()
        compress._make(
            trained,
            trained.folder,
            replace(handed, call=call),
            compress.plan_of(case, "linear"),
            folder,
            lambda *_: None,
        )
    state = variants.read_state(folder)
    assert set(state.made) == ALL - {"float16"}
    assert "SIGKILL" in state.failed["float16"]


@pytest.mark.parametrize("error", [UnsupportedModel("no such layer"), Died()])
def test_without_float32_there_is_no_family(making, monkeypatch, error):
    monkeypatch.setattr(onnx, "write", _raising(error))
    with pytest.raises((UnsupportedModel, JobKilled)):
        making()


def test_a_variant_that_cannot_be_scored_or_timed_is_refused_and_the_others_stand(made, making, monkeypatch, tmp_path):
    _, prepared, _, trained = made
    score, seen = evaluate.evaluate, []

    def failing(bundle, table):
        if bundle.schema.variant in ("int8", "litert"):
            raise ValueError("NaN") if bundle.schema.variant == "int8" else TypeError("a bug")
        return score(bundle, table)

    monkeypatch.setattr(evaluate, "evaluate", failing)
    compressed = making()
    evaluated = candidates.evaluate_variants(compressed, prepared, tmp_path, lambda *one: seen.append(one))
    assert [one.bundle.schema.variant for one in evaluated.evaluations] == ["float32", "float16"]
    assert evaluated.refused == {"int8": "NaN", "litert": "TypeError: a bug"}
    assert [variant for variant, _ in seen] == ["litert"], "an error that nobody meant to raise leaves a trace"

    def measure(folders):
        return {folder: "it died" if "float16" in str(folder) else object() for folder in folders}

    one = Made(trained, compressed, evaluated)
    lined_up = candidates.line_up([one], measure)
    assert [candidate.variant for candidate in lined_up.candidates] == ["float32"]
    assert lined_up.refused == {"linear/float16": "it could not be timed: it died"}
