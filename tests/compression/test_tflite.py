"""int8 of .tflite files: what computes in eight bits, and what cannot."""

from dataclasses import replace

import numpy as np
import pytest
import tiny

from minnow import compression, exporters, families, runtimes
from minnow.contracts import CompressionSource, UnsupportedModel

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
int8 = compression.get("int8")
KINDS = {"probabilities": ("images", "classify"), "numbers": ("images", "regress")}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A small CNN for classes, and one for numbers."""
    made, cnn = {}, families.get("cnn")
    for name, kind in KINDS.items():
        path, (train, val) = tmp_path_factory.mktemp(name) / "model.tflite", tiny.splits(*kind)
        model = cnn.fit(train, val, cnn.Params.model_validate({"conv": [8, "pool", 8], "epochs": 6}), seed=3)
        exporters.get("litert").write(model, path)
        made[name] = CompressionSource(path, model, train, val, seed=3)
    return made


def _read(path):
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))


def _written(model, path):
    import flatbuffers

    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def _types(path):
    """Operator -> types of the tensors that it reads first and writes."""
    from ai_edge_litert import schema_py_generated as schema

    model = _read(path)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    kinds = {value: name for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    graph, found = model.subgraphs[0], {}
    for one in graph.operators:
        code = model.operatorCodes[one.opcodeIndex]
        types = [kinds[graph.tensors[i].type] for i in (one.inputs[0], one.outputs[0])]
        found[names[max(code.builtinCode, code.deprecatedBuiltinCode)]] = tuple(types)
    return found


def test_classes_come_of_layers_in_eight_bits_and_a_softmax_in_floating_point(sources, tmp_path):
    int8.apply(sources["probabilities"], tmp_path / "x.tflite", int8.Params())
    types = _types(tmp_path / "x.tflite")
    assert types["CONV_2D"] == types["MAX_POOL_2D"] == types["FULLY_CONNECTED"] == ("INT8", "INT8")
    assert types["SOFTMAX"] == ("FLOAT32", "FLOAT32")


def test_numbers_have_more_than_256_levels(sources, tmp_path):
    source = sources["numbers"]
    int8.apply(source, tmp_path / "x.tflite", int8.Params())
    assert _types(tmp_path / "x.tflite")["CONV_2D"] == ("INT8", "INT8")
    rows = {"image": np.random.default_rng(0).random((3000, 8, 8, 1), np.float32)}
    (answers,) = runtimes.open_model(tmp_path / "x.tflite").predict(rows).values()
    assert len(np.unique(answers)) > 256


@pytest.mark.parametrize("name", KINDS)
def test_with_weights_alone_activations_stay_in_floating_point(sources, name, tmp_path):
    int8.apply(sources[name], tmp_path / "x.tflite", int8.Params(weights_only=True))
    types = _types(tmp_path / "x.tflite")
    assert types["CONV_2D"] == types["FULLY_CONNECTED"] == ("FLOAT32", "FLOAT32")


def test_a_file_without_weights_is_refused(sources, tmp_path):
    model = _read(sources["probabilities"].path)
    for buffer in model.buffers:
        buffer.data = None
    source = replace(sources["probabilities"], path=_written(model, tmp_path / "empty.tflite"))
    for params in (int8.Params(), int8.Params(weights_only=True)):
        with pytest.raises(UnsupportedModel, match=r"needs layers or tables with weights\. The \.tflite file has none"):
            int8.apply(source, tmp_path / "x.tflite", params)
    assert not (tmp_path / "x.tflite").exists()


def test_loops_are_refused_with_what_suits(sources, tmp_path):
    import copy

    model = _read(sources["probabilities"].path)
    model.subgraphs.append(copy.deepcopy(model.subgraphs[0]))
    source = replace(sources["probabilities"], path=_written(model, tmp_path / "loop.tflite"))
    with pytest.raises(UnsupportedModel, match=r"no ranges inside of loops.*int8: \{weights_only: true\}"):
        int8.apply(source, tmp_path / "x.tflite", int8.Params())


def test_nothing_is_printed(sources, tmp_path, capfd):
    int8.apply(sources["probabilities"], tmp_path / "x.tflite", int8.Params())
    assert capfd.readouterr().out == ""
