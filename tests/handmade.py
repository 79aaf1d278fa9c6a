"""Bundles made by hand: a softmax over pixels, words and rows each, a table of users and items, pixels from noise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minnow import modalities, runtimes
from minnow.contracts import Encoder
from minnow.records.files import write_npz
from minnow.records.schema import Schema
from minnow.types import Array, Table, content_key

DIGITS = np.array([str(i) for i in range(10)])
ITEMS = np.array([f"item-{i:02d}" for i in range(30)])
REVIEWS = ["a fine and good day", "bad bad film", "good fun", "what a bad idea", "fine fine fine"]


def _model(path: Path, nodes: list[Any], inputs: list[Any], output: tuple[Any, ...], weights: dict[str, Array]) -> None:
    from onnx import TensorProto, helper, numpy_helper, save

    kinds = {"float32": TensorProto.FLOAT, "int32": TensorProto.INT32}
    graph = helper.make_graph(
        [helper.make_node(*node[:3], **(node[3] if len(node) > 3 else {})) for node in nodes],
        "model",
        [helper.make_tensor_value_info(name, kinds[dtype], ["n", *shape]) for name, dtype, shape in inputs],
        [helper.make_tensor_value_info(output[0], TensorProto.FLOAT, ["n", *output[1:]])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def _write(
    folder: Path, problem: tuple[str, str, str], labels: Array, encoder: Encoder, columns: dict, **options
) -> Path:
    """Complete a folder that holds a model: encoder, schema and golden rows."""
    encoder.save(folder)
    session = runtimes.open_model(folder / "model.onnx")
    usecase, modality, task = problem
    made = ("linear", "float32", None, options, tuple(labels.tolist()), session.inputs, session.outputs, 1)
    Schema(usecase, task, modality, *made).write(folder)
    encoded = encoder.encode(columns)
    rows = {s.name: encoded[s.name] for s in session.inputs}
    golden = {f"input.{k}": v for k, v in rows.items()} | {f"output.{k}": v for k, v in session.predict(rows).items()}
    write_npz(folder / "golden.npz", golden)
    return folder


def _table(columns: dict[str, Array]) -> Table:
    n = len(next(iter(columns.values())))
    key = np.array([content_key(b"%d" % i) for i in range(n)], np.uint64)
    return Table(columns, np.array([str(i) for i in range(n)]), key)


def digits(folder: Path, seed: int = 0) -> Path:
    """A softmax over 8x8 pixels."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    _softmax(folder, rng, (8, 8, 1), DIGITS)
    module = modalities.get("images")
    table = _table({"image": rng.integers(0, 17, (20, 8, 8, 1)).astype(np.uint8), "label": DIGITS[np.arange(20) % 10]})
    encoder = module.fit_encoder(table, DIGITS, module.Options(scale=16))
    return _write(folder, ("digits", "images", "classify"), DIGITS, encoder, table.columns, scale=16)


def _softmax(folder: Path, rng: np.random.Generator, shape: tuple[int, ...], labels: Array) -> None:
    """Write a softmax over the values of an image of one shape."""
    size = int(np.prod(shape))
    weights = {
        "shape": np.array([-1, size], np.int64),
        "w": rng.normal(size=(size, len(labels))).astype(np.float32),
    }
    nodes = [
        ("Reshape", ["image", "shape"], ["flat"]),
        ("MatMul", ["flat", "w"], ["logits"]),
        ("Softmax", ["logits"], ["probabilities"], {"axis": -1}),
    ]
    outputs = ("probabilities", len(labels))
    _model(folder / "model.onnx", nodes, [("image", "float32", list(shape))], outputs, weights)


def photos(folder: Path, seed: int = 0) -> Path:
    """A softmax over pictures that are resized to 8x8."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    _softmax(folder, rng, (8, 8, 1), DIGITS)
    module = modalities.get("images")
    table = _table({"image": rng.integers(0, 256, (20, 8, 8, 1)).astype(np.uint8), "label": DIGITS[np.arange(20) % 10]})
    options = {"scale": 255, "resize": [8, 8]}
    encoder = module.fit_encoder(table, DIGITS, module.Options.model_validate(options))
    return _write(folder, ("photos", "images", "classify"), DIGITS, encoder, table.columns, **options)


def sounds(folder: Path, seed: int = 0) -> Path:
    """A softmax over the spectrograms of sounds of half a second at 8 kHz."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    module, labels = modalities.get("audio"), np.array(["high", "low"])
    options = {"seconds": 0.5, "bands": 8}
    table = _table({"sound": rng.normal(0, 0.1, (8, 4000)).astype(np.float32), "label": labels[np.arange(8) % 2]})
    encoder = module.fit_encoder(table, labels, module.Options.model_validate(options))
    _softmax(folder, rng, encoder.outputs[0].shape, labels)
    return _write(folder, ("sounds", "audio", "classify"), labels, encoder, table.columns, **options)


def reviews(folder: Path, seed: int = 0) -> Path:
    """A softmax over the sum of learned word weights."""
    module = modalities.get("text")
    labels = np.array(["bad", "good"])
    table = _table({"text": np.array(REVIEWS), "label": labels[[1, 0, 1, 0, 1]]})
    encoder = module.fit_encoder(table, labels, module.Options())
    folder.mkdir(parents=True)
    table_of_words = np.random.default_rng(seed).normal(size=(encoder.cardinalities["ngrams"], 2)).astype(np.float32)
    table_of_words[0] = 0  # the id of nothing: texts in one batch are padded with it
    nodes = [
        ("Gather", ["w", "ngrams"], ["vectors"]),
        ("ReduceSum", ["vectors", "axis"], ["logits"], {"keepdims": 0}),
        ("Softmax", ["logits"], ["probabilities"], {"axis": -1}),
    ]
    weights = {"w": table_of_words, "axis": np.array([1], np.int64)}
    _model(folder / "model.onnx", nodes, [("ngrams", "int32", ["m"])], ("probabilities", 2), weights)
    return _write(folder, ("reviews", "text", "classify"), labels, encoder, table.columns)


def shop(folder: Path, seed: int = 0) -> Path:
    """A table of scores, users by items."""
    module = modalities.get("interactions")
    rng = np.random.default_rng(seed)
    seen = np.array([[ITEMS[3 * user], ITEMS[3 * user + 1], ""] for user in range(5)])
    table = _table({"user": np.array([f"user-{i}" for i in range(5)]), "item": seen})
    encoder = module.fit_encoder(table, ITEMS, module.Options())
    folder.mkdir(parents=True)
    weights = {"w": rng.normal(size=(encoder.cardinalities["user"], len(ITEMS))).astype(np.float32)}
    nodes = [("Gather", ["w", "user"], ["scores"])]
    _model(folder / "model.onnx", nodes, [("user", "int32", [])], ("scores", len(ITEMS)), weights)
    return _write(folder, ("shop", "interactions", "rank"), ITEMS, encoder, table.columns)


def doodles(folder: Path, seed: int = 0) -> Path:
    """A linear map from noise to 8x8 pixels, held between 0 and 1."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    module = modalities.get("images")
    columns = {"image": rng.integers(0, 17, (20, 8, 8, 1)).astype(np.uint8), "label": np.full(20, "")}
    encoder = module.fit_encoder(_table(columns), np.empty(0, str), module.Options(scale=16, labelled=False, latent=4))
    weights = {"w": rng.normal(size=(4, 64)).astype(np.float32), "shape": np.array([-1, 8, 8, 1], np.int64)}
    nodes = [("MatMul", ["noise", "w"], ["pixels"]), ("Sigmoid", ["pixels"], ["flat"])]
    nodes += [("Reshape", ["flat", "shape"], ["sample"])]
    _model(folder / "model.onnx", nodes, [("noise", "float32", [4])], ("sample", 8, 8, 1), weights)
    options = {"scale": 16, "labelled": False, "latent": 4}
    return _write(folder, ("doodles", "images", "generate"), np.empty(0, str), encoder, columns, **options)


def sales(folder: Path, seed: int = 0) -> Path:
    """The mean of the last two standardized values of two shops, two days ahead."""
    module = modalities.get("timeseries")
    chosen = {"target": "y", "time": "ds", "series": "shop", "horizon": 2, "window": 2, "clock": False}
    options = module.Options(**chosen)
    folder.mkdir(parents=True)
    rows = [f"{shop};{day:02d}.01.2024;{day},5" for shop in "ab" for day in range(1, 31)]
    (folder / "rows.csv").write_text("\n".join(["shop;ds;y", *rows]) + "\n")
    examples = module.examples(module.read(folder / "rows.csv", options), options)
    (folder / "rows.csv").unlink()
    nodes = [("ReduceMean", ["series"], ["value"], {"axes": [1, 2], "keepdims": 0})]
    _model(folder / "model.onnx", nodes, [("series", "float32", [2, 1])], ("value",), {})
    encoder = module.fit_encoder(examples, np.empty(0, str), options)
    names = ("sales", "timeseries", "forecast")
    return _write(folder, names, np.empty(0, str), encoder, examples.columns, **chosen)


ORDERS = "day,price,weight,colour,kind\n" + "".join(
    f'{i % 28 + 1:02d}/{i % 12 + 1:02d}/2024,"{1000 + 37 * i:,}",{i / 8},{("red", "blue", "green")[i % 3]},'
    f"{('cheap', 'dear')[i % 2]}\n"
    for i in range(40)
)
"""A table with days before months and thousands signs."""


def orders(folder: Path, seed: int = 0) -> Path:
    """A softmax over the numbers and categories of a row."""
    module, labels = modalities.get("tabular"), np.array(["cheap", "dear"])
    chosen = {"target": "kind", "min_category_rows": 1}
    options = module.Options(**chosen)
    folder.mkdir(parents=True)
    source = folder / "orders.csv"
    source.write_text(ORDERS)
    table = module.read(source, options)
    source.unlink()
    encoder = module.fit_encoder(table, labels, options)
    rng, widths = np.random.default_rng(seed), {spec.name: spec.shape[0] or 0 for spec in encoder.outputs}
    nodes = [
        ("MatMul", ["numbers", "w"], ["of numbers"]),
        ("Gather", ["v", "categories"], ["each"]),
        ("ReduceSum", ["each", "axis"], ["of categories"], {"keepdims": 0}),
        ("Add", ["of numbers", "of categories"], ["logits"]),
        ("Softmax", ["logits"], ["probabilities"], {"axis": -1}),
    ]
    weights = {
        "w": rng.normal(size=(widths["numbers"], 2)).astype(np.float32),
        "v": rng.normal(size=(encoder.cardinalities["categories"], 2)).astype(np.float32),
        "axis": np.array([1], np.int64),
    }
    inputs = [("numbers", "float32", [widths["numbers"]]), ("categories", "int32", [widths["categories"]])]
    _model(folder / "model.onnx", nodes, inputs, ("probabilities", 2), weights)
    return _write(folder, ("orders", "tabular", "classify"), labels, encoder, table.columns, **chosen)


MAKERS: dict[str, Callable[..., Path]] = {
    "digits": digits,
    "reviews": reviews,
    "shop": shop,
    "doodles": doodles,
    "photos": photos,
    "sounds": sounds,
    "orders": orders,
    "sales": sales,
}
