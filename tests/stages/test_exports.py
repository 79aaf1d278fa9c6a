"""Exports with a compression of their file: each has the export as its parent, and is lost alone or with it."""

import shutil

import numpy as np
import pytest
from standins import Died, here_or_killed

from minnow import runtimes
from minnow.compression import int8
from minnow.config import Settings
from minnow.contracts import UnsupportedModel
from minnow.exporters import litert
from minnow.records.bundle import open_bundle
from minnow.stages import compress, evaluate, intake, train
from minnow.stages.case import Case
from minnow.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
ALL = {"float32", "litert", "litert-int8"}


def _case(root, n, exports):
    rng = np.random.default_rng(0)
    lines = [f"{x:.3f},{y:.3f},{'ab'[int(x + y > 0)]}" for x, y in rng.normal(size=(n, 2))]
    (root / "rows.csv").write_text("\n".join(["x,y,kind", *lines]) + "\n")
    (root / "uv.lock").write_text("")
    entry = {"modality": "tabular", "task": "classify", "data": "rows.csv", "options": {"target": "kind"}}
    entry["options"]["min_rows"] = 10
    entry |= {"families": {"fcnn": {"epochs": 3, "bins": 0, "units": [64, 64]}}, "exports": exports}
    case = Case("small", Settings.model_validate({"usecases": {"small": entry}}), Workspace(root, root / "params.yaml"))
    prepared = intake.prepare_case(case, intake.read(case))
    handed = train.hand_over(case, prepared, here_or_killed)
    return case, prepared, handed, train.train(case, "fcnn", handed)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A case with a trained network, shared by the tests, which each have a cache of variants of their own."""
    return _case(tmp_path_factory.mktemp("exports"), 150, ["litert > int8"])


@pytest.fixture
def making(made):
    """Make the variants, in an empty cache."""
    case, _, handed, trained = made
    shutil.rmtree(case.workspace.cache / "variants", ignore_errors=True)
    return lambda: compress.variants(case, trained, handed)


def _raising(error):
    def apply(*_):
        raise error

    return apply


def test_the_export_is_the_parent_and_is_made_though_only_its_compression_is_asked_for(made, making):
    done = making()
    bundles = {name: open_bundle(folder) for name, folder in done.bundles.items()}
    assert {name: one.schema.parent for name, one in bundles.items()} == {
        "float32": None,
        "litert": "float32",
        "litert-int8": "litert",
    }
    assert not done.refused
    small, large = bundles["litert-int8"], bundles["litert"]
    assert small.model_path.suffix == ".tflite"
    assert small.size_bytes < large.size_bytes
    assert (small.schema.inputs, small.schema.outputs) == (large.schema.inputs, large.schema.outputs)
    assert {spec.dtype for spec in (*small.schema.inputs, *small.schema.outputs)} == {"float32"}
    rows, kept = small.golden()
    answers = runtimes.open_model(small.model_path).predict(rows)
    for name, value in kept.items():
        np.testing.assert_array_equal(answers[name], value)
    scored = {name: evaluate.evaluate(one, made[1].tables["val"]).primary.value for name, one in bundles.items()}
    assert abs(scored["litert-int8"] - scored["float32"]) <= 0.05
    assert not making().fresh


def test_its_files_belong_to_the_export_of_each_link():
    entry = {"modality": "tabular", "task": "classify", "data": "x", "families": {"fcnn": {}}}
    entry |= {"compression": {"int8": {}, "prune(0.4) > int8": {}}}
    entry |= {"exports": ["litert", {"litert > int8": {"int8": {"weights_only": True}}}]}
    settings = Settings.model_validate({"usecases": {"small": entry}})
    case = Case("small", settings, Workspace("/nowhere", "/nowhere/params.yaml"))
    prune = case.usecase.recipes[1].steps[:1]
    plan, link = compress.plan_of(case, "fcnn"), compress.plan_of(case, "fcnn", prune, "float32")
    assert plan.exports == {"litert": "litert"}
    assert plan.files == {
        "int8": ("float32", "int8", {}),
        "litert-int8": ("litert", "int8", {"weights_only": True}),
    }
    assert link.exports == {"prune-0.4-litert": "litert"}
    assert link.files == {
        "prune-0.4-int8": ("prune-0.4", "int8", {}),
        "prune-0.4-litert-int8": ("prune-0.4-litert", "int8", {"weights_only": True}),
    }


def test_too_few_calibration_rows_refuse_that_variant_alone_with_the_number_that_it_needs(tmp_path):
    case, prepared, handed, trained = _case(tmp_path, 24, ["litert > int8"])
    assert len(prepared.batches["train"]) < 20
    done = compress.variants(case, trained, handed)
    assert set(done.bundles) == {"float32", "litert"}
    assert "at least 20 calibration rows" in done.refused["litert-int8"]
    assert f"Received: {len(prepared.batches['train'])}." in done.refused["litert-int8"]
    assert not done.failed


@pytest.mark.parametrize(
    ("error", "reason", "failed"),
    [(UnsupportedModel("no"), "no", False), (KeyError("a bug"), "KeyError: 'a bug'", True)],
    ids=["refused", "failed"],
)
def test_without_the_export_its_compression_is_not_made_and_says_why(making, monkeypatch, error, reason, failed):
    with monkeypatch.context() as patch:
        patch.setattr(litert, "write", _raising(error))
        done = making()
    assert set(done.bundles) == {"float32"}
    said = "could not be made" if failed else "was refused"
    assert done.refused == {"litert": reason, "litert-int8": f"its parent litert {said}: {reason}"}
    assert set(done.failed) == ({"litert", "litert-int8"} if failed else set())
    assert set(making().bundles) == (ALL if failed else {"float32"}), "what failed by accident is tried again"


def test_one_that_ends_the_process_is_lost_alone_and_tried_again(making, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(int8, "apply", _raising(Died()))
        done = making()
    assert set(done.bundles) == ALL - {"litert-int8"}
    assert done.refused == {"litert-int8": "it ended the process that made it: SIGKILL"}
    assert set(making().bundles) == ALL


def _planted(change):
    """int8 with weights alone, whose file is changed. change: model -> None."""
    original = int8.apply

    def apply(source, out, params):
        import flatbuffers
        from ai_edge_litert import schema_py_generated as schema

        original(source, out, int8.Params(weights_only=True))
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(out.read_bytes(), 0))
        change(model)
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(model.Pack(builder), b"TFL3")
        out.write_bytes(bytes(builder.Output()))

    return apply


def _biases(model, value):
    for tensor in model.subgraphs[0].tensors:
        buffer = model.buffers[tensor.buffer]
        if tensor.type == 0 and buffer.data is not None and len(buffer.data):
            buffer.data = np.frombuffer(np.full(len(buffer.data) // 4, value, np.float32).tobytes(), np.uint8)


def test_answers_that_are_not_finite_refuse_it(making, monkeypatch):
    monkeypatch.setattr(int8, "apply", _planted(lambda model: _biases(model, np.nan)))
    done = making()
    assert set(done.bundles) == ALL - {"litert-int8"}
    assert "finite numbers" in done.refused["litert-int8"]


def test_a_file_that_has_lost_its_weights_is_refused(making, monkeypatch):
    def empty(model):
        for tensor in model.subgraphs[0].tensors:
            buffer = model.buffers[tensor.buffer]
            if tensor.type == 9 and buffer.data is not None and len(buffer.data):
                buffer.data = np.zeros(len(buffer.data), np.uint8)

    monkeypatch.setattr(int8, "apply", _planted(empty))
    done = making()
    assert set(done.bundles) == ALL - {"litert-int8"}
    assert "may raise the mean loss" in done.refused["litert-int8"]
