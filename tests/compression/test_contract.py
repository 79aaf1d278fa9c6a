"""What every compression promises: a new file, smaller, that answers nearly alike."""

import logging
from dataclasses import replace

import numpy as np
import pytest
import registered
import tiny

from minnow import compression, exporters, families, runtimes, tasks
from minnow.contracts import CompressionSource, FileCompression, ModelCompression, UnsupportedModel

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
WIDE = {
    "cnn": {"conv": [16, "pool", 32], "dense": [64], "epochs": 14},
    "fcnn": {"units": [128, 64], "epochs": 14},
    "embedbag": {"dim": 128, "units": [64], "epochs": 4},
    "recommender": {"dim": 128, "epochs": 10},
}
KINDS = {"cnn": ("images", "classify"), "fcnn": ("images", "classify"), "embedbag": ("text", "classify"),
         "recommender": ("interactions", "rank")}  # fmt: skip
SHARES = {"float16": 0.65, "int8": 0.5}
FILES = [name for name in compression.names() if not compression.makes_model(name)]
FORMS = [(name, form) for name in FILES for form in exporters.names()
         if exporters.get(form).SUFFIX in compression.of_files(name).SUFFIXES]  # fmt: skip
WEIGHTS = [pytest.param("int8", {"weights_only": True}, form, id=f"int8-weights-{form}") for form in exporters.names()]
CASES = [pytest.param(name, {}, form, id=f"{name}-{form}") for name, form in FORMS] + WEIGHTS


@pytest.fixture(scope="module", params=KINDS)
def source(request, tmp_path_factory):
    name, path = request.param, tmp_path_factory.mktemp("source") / "model.onnx"
    family, (train, val) = families.get(name), tiny.splits(*KINDS[name])
    model = family.fit(train, val, family.Params.model_validate(WIDE[name]), seed=3)
    exporters.get("onnx").write(model, path)
    return CompressionSource(path, model, train, val, seed=3)


def _exported(source, form):
    """The source with the file of an exporter, which is made once."""
    exporter = exporters.get(form)
    path = source.path.with_suffix(exporter.SUFFIX)
    if not path.exists():
        exporter.write(source.model, path)
    return replace(source, path=path)


@pytest.mark.parametrize(("name", "params", "form"), CASES)
def test_it_writes_a_smaller_file_that_answers_nearly_alike(name, params, form, source, tmp_path):
    source, module = _exported(source, form), compression.of_files(name)
    path, val, out = source.path, source.val, tmp_path / f"small{source.path.suffix}"
    before, level = path.read_bytes(), logging.root.level
    module.apply(source, out, module.Params.model_validate(params))
    assert logging.root.level == level, "warnings of what runs later in this process are seen"
    assert path.read_bytes() == before, "nothing is changed in place"
    assert out.stat().st_size < SHARES.get(name, 1.0) * path.stat().st_size
    large, small = runtimes.open_model(path), runtimes.open_model(out)
    task, original, compressed = tasks.get(val.task), large.predict(val.inputs), small.predict(val.inputs)
    assert np.isfinite(compressed[task.OUTPUT]).all()
    assert task.MEASURES[0].loss(compressed, val).mean() <= task.MEASURES[0].loss(original, val).mean() + 0.03
    assert {spec.name for spec in small.inputs} == {spec.name for spec in large.inputs}
    assert [spec.dtype for spec in small.inputs] == [spec.dtype for spec in large.inputs]
    assert [spec.dtype for spec in small.outputs] == ["float32"] * len(large.outputs)
    first = small.predict({key: value[:1] for key, value in val.inputs.items()})
    np.testing.assert_allclose(first[task.OUTPUT], compressed[task.OUTPUT][:1], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("name", "params", "form"), CASES)
def test_it_writes_the_same_bytes_again(name, params, form, source, tmp_path):
    module, source = compression.of_files(name), _exported(source, form)
    for file in ("first", "second"):
        module.apply(source, tmp_path / file, module.Params.model_validate(params))
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


@pytest.mark.parametrize("name", compression.names())
def test_trees_are_refused_with_the_reason(name):
    suits, splits = compression.get(name).suits, tiny.splits("tabular", "classify")
    trees, weights = (
        families.fit(family, *splits, tiny.quick(families.get(family)), seed=3) for family in ("forest", "linear")
    )
    reason = suits(trees)
    assert reason is None if name == "prune" else "sklearn" in reason, "prune fits fewer trees anew"
    assert (suits(weights) is None) == (name in FILES), "linear has no hidden layer"


@pytest.mark.parametrize("form", exporters.names())
def test_int8_takes_all_rows_where_there_are_few_and_refuses_too_few(form, source, tmp_path):
    int8, task, source = compression.get("int8"), tasks.get(source.val.task), _exported(source, form)
    rows, out = source.train.take(np.arange(int8._LEAST_ROWS)), tmp_path / f"small{source.path.suffix}"
    int8.apply(replace(source, train=rows), out, int8.Params())
    large, small = (runtimes.open_model(path).predict(source.val.inputs) for path in (source.path, out))
    assert task.MEASURES[0].loss(small, source.val).mean() <= task.MEASURES[0].loss(large, source.val).mean() + 0.05
    with pytest.raises(UnsupportedModel, match=r"needs at least 20 calibration rows .* Received: 19"):
        int8.apply(replace(source, train=rows.take(np.arange(19))), out, int8.Params())
    int8.apply(replace(source, train=rows.take(np.arange(19))), out, int8.Params(weights_only=True))


def test_float16_refuses_a_weight_that_it_cannot_hold(source, tmp_path):
    import onnx
    from onnx import numpy_helper

    model = onnx.load(source.path)
    tensor = max(model.graph.initializer, key=lambda one: len(one.raw_data))
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) + np.float32(1e5), tensor.name))
    onnx.save(model, tmp_path / "large.onnx")
    with pytest.raises(UnsupportedModel, match=r"float16 holds weights up to 65504\. Received: 1"):
        compression.get("float16").apply(
            replace(source, path=tmp_path / "large.onnx"), tmp_path / "x.onnx", compression.get("float16").Params()
        )


def test_int8_weights_have_seven_bits_so_that_no_processor_overflows(source, tmp_path):
    import onnx
    from onnx import numpy_helper

    compression.get("int8").apply(source, tmp_path / "x.onnx", compression.get("int8").Params())
    graph = onnx.load(tmp_path / "x.onnx").graph
    tables = {node.input[0] for node in graph.node if node.op_type == "Gather"}
    weights = [numpy_helper.to_array(t) for t in graph.initializer if t.name not in tables]
    weights = [weight for weight in weights if weight.dtype == np.int8 and weight.ndim > 1]
    assert weights
    assert max(int(np.abs(weight.astype(int)).max()) for weight in weights) <= 64


@pytest.mark.parametrize("name", compression.names())
def test_public_names_are_those_of_the_contract(name):
    registered.check_names(compression.registry, name, FileCompression if name in FILES else ModelCompression)


def test_pyright_reads_every_compression():
    registered.check_listed(compression.registry)


@pytest.fixture(scope="module", params=["classify", "regress"])
def blend(request, tmp_path_factory):
    """An average of a wide network, oblivious trees and a linear model, whose file is hardly anything but the network."""
    path, (train, val) = tmp_path_factory.mktemp("blend") / "model.onnx", tiny.splits("tabular", request.param)
    members = {"a": {"family": "fcnn", "units": [96, 96], "epochs": 12}, "b": {"family": "oblivious", "iterations": 9}}
    shares = {"a": 0.5, "b": 0.3, "c": 0.2}
    family = families.get("ensemble")
    params = family.Params.model_validate({"members": members | {"c": "linear"}, "shares": shares})
    model = family.fit(train, val, params, seed=3)
    if request.param == "classify":
        model = model.with_temperature(1.7)
    exporters.get("onnx").write(model, path)
    return CompressionSource(path, model, train, val, seed=3)


@pytest.mark.parametrize("name", FILES)
def test_the_networks_of_a_blend_are_compressed_and_its_trees_answer_as_before(name, blend, tmp_path):
    module, val = compression.get(name), blend.val
    assert module.suits(blend.model) is None
    for file in ("first.onnx", "second.onnx"):
        module.apply(blend, tmp_path / file, module.Params())
    small = tmp_path / "first.onnx"
    assert small.read_bytes() == (tmp_path / "second.onnx").read_bytes()
    assert small.stat().st_size < SHARES[name] * blend.path.stat().st_size
    before, after = (runtimes.open_model(path).predict(val.inputs) for path in (blend.path, small))
    for output, values in before.items():
        np.testing.assert_allclose(after[output], values, atol=0.05 * max(1.0, float(np.std(values))))
    trees = replace(blend.model, members=blend.model.members[1:2], shares=(1.0,))
    alone = replace(blend, model=trees)
    assert "supports networks" in str(module.suits(trees))
    module.apply(alone, tmp_path / "trees.onnx", module.Params())
    own = runtimes.open_model(tmp_path / "trees.onnx").predict(val.inputs)
    for output, values in trees.predict(val.inputs).items():
        np.testing.assert_allclose(own[output], values, rtol=1e-5, atol=1e-5)
