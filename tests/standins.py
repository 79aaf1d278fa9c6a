"""Small use cases of every modality on disk, and bundles with real encoders whose model is a softmax over a mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from recordings import wav

from minnow import config, runtimes
from minnow.catalog import catalog
from minnow.contracts import JobKilled
from minnow.records.bundle import FOLDER, Bundle, open_bundle
from minnow.records.files import write_npz
from minnow.records.schema import Schema
from minnow.runners.worker import resolve
from minnow.stages import candidates, compress, exam_rows, intake, teaching, train
from minnow.stages.candidates import Candidate, Held, Made
from minnow.stages.case import Case
from minnow.stages.prepare import Prepared
from minnow.types import KeyRule
from minnow.workspace import Workspace

NAME = "small"
FAMILIES = {"rank": "neighbours"}
OUTPUTS = {"classify": "probabilities", "rank": "scores", "rate": "value", "forecast": "value", "regress": "value"}


def here(function: str, *arguments: Any, threads: int | None = None, report: Any = None, **named: Any) -> Any:
    """The worker's call, in this process with the threads that it has."""
    return resolve(function)(*arguments, **named)


class Died(BaseException):
    """Stands for the end of the process."""


def here_or_killed(function: str, *arguments: Any, threads: int | None = None, report: Any = None, **named: Any) -> Any:
    """The worker's call, in this process. Raises JobKilled where the job raises Died."""
    try:
        return here(function, *arguments, **named)
    except Died as error:
        raise JobKilled("SIGKILL") from error


def case_of(
    root: Path, modality: str, task: str, options: dict[str, Any], keys: KeyRule | None = None, **more: Any
) -> Case:
    """A use case whose data lies in rows/ of a folder."""
    entry = {
        "modality": modality,
        "task": task,
        "data": "rows",
        "options": options,
        "families": [FAMILIES.get(task, "linear")],
        "compression": [],
    }
    settings = {"seed": 1, "threads": 1, "judge": {"level": 0.05}, "usecases": {NAME: entry | more}}
    (root / "params.yaml").write_text(yaml.safe_dump(settings))
    workspace = Workspace(root, root / "params.yaml")
    return Case(NAME, config.load(workspace.params, catalog()), workspace, keys)


def prepared_of(case: Case) -> Prepared:
    """Its rows, split and encoded."""
    return intake.prepare_case(case, intake.read(case))


def candidates_of(case: Case, prepared: Prepared, scratch: Path, timed: Any) -> list[Candidate]:
    """The variants of all its families, trained in this process and scored on val. timed: folders -> timings."""
    return candidates.line_up(made_of(case, prepared, scratch), timed).candidates


def made_of(case: Case, prepared: Prepared, scratch: Path) -> list[Made]:
    """All its families, trained in this process and scored on val."""
    handed = train.hand_over(case, prepared, here)
    teachers, made = teaching.trained(case, handed), []
    for family in case.usecase.families:
        trained = train.train(case, family, handed)
        compressed = compress.variants(case, trained, handed, teachers=teachers)
        made.append(Made(trained, compressed, candidates.evaluate_variants(compressed, prepared, scratch)))
    return made


def bundle_of(case: Case, prepared: Prepared, folder: Path, seed: int = 0) -> Bundle:
    """A bundle that answers by the mean of the encoder's first array."""
    from onnx import TensorProto, helper, numpy_helper, save

    place = folder / FOLDER
    place.mkdir(parents=True)
    spec = prepared.encoder.outputs[0]
    task, labels = case.usecase.task, prepared.labels
    output, wide = OUTPUTS[task], bool(len(labels))
    weights = np.random.default_rng(seed).normal(size=(1, max(len(labels), 1))).astype(np.float32)
    kinds = {"float32": TensorProto.FLOAT, "int32": TensorProto.INT32, "int64": TensorProto.INT64}
    last = ("Softmax", ["all"], [output]) if task == "classify" else ("Identity", ["all"], [output])
    nodes = [
        ("Cast", [spec.name], ["cast"], {"to": TensorProto.FLOAT}),
        ("Reshape", ["cast", "shape"], ["flat"]),
        ("ReduceMean", ["flat"], ["mean"], {"axes": [1], "keepdims": 1}),
        ("MatMul", ["mean", "w"], ["all"]),
        last if wide else ("Reshape", ["all", "rows"], [output]),
    ]
    graph = helper.make_graph(
        [helper.make_node(*node[:3], **(node[3] if len(node) > 3 else {})) for node in nodes],
        "model",
        [helper.make_tensor_value_info(spec.name, kinds[spec.dtype], ["n", *(size or "m" for size in spec.shape)])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", len(labels)] if wide else ["n"])],
        [
            numpy_helper.from_array(weights, "w"),
            numpy_helper.from_array(np.array([0, -1], np.int64), "shape"),
            numpy_helper.from_array(np.array([-1], np.int64), "rows"),
        ],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), place / "model.onnx")
    prepared.encoder.save(place)
    session = runtimes.open_model(place / "model.onnx")
    problem = (NAME, task, case.usecase.modality, "linear", "float32", None)
    Schema(*problem, case.usecase.options, tuple(labels.tolist()), session.inputs, session.outputs, 3).write(place)
    rows = {spec.name: prepared.batches["val"].inputs[spec.name][:20]}
    golden = {f"input.{k}": v for k, v in rows.items()} | {f"output.{k}": v for k, v in session.predict(rows).items()}
    write_npz(place / "golden.npz", golden)
    return open_bundle(place)


def held_of(case: Case, prepared: Prepared, folder: Path, seed: int = 0, **more: Any) -> Held:
    """A registered model, with what is recorded of it."""
    bundle = bundle_of(case, prepared, folder, seed)
    return replace(Held(1, bundle, prepared.keys, exam_rows.training_rows(prepared)), **more)


def tabular(place: Path, n: int = 300) -> None:
    """Numbers, of which one gives the label away, and words."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 3))
    lines = [
        f"{a:.3f},{b:.3f},{c:.2f},{('red', 'blue')[i % 2]},{'ab'[int(a + b > 0)]}"
        for i, (a, b, c) in enumerate(x.tolist())
    ]
    (place / "rows.csv").write_text("\n".join(["x,y,z,colour,kind", *lines]) + "\n")


def images(place: Path) -> None:
    """Pixels of three classes."""
    rng = np.random.default_rng(0)
    labels = np.array(["a", "b", "c"] * 100)
    pixels = rng.integers(0, 17, (300, 8, 6)).astype(np.uint8)
    write_npz(place / "rows.npz", {"images": pixels, "labels": labels})


def pictures(place: Path) -> None:
    """PNG in class folders."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for i in range(120):
        file = place / "ab"[i % 2] / f"{i}.png"
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (8, 6, 3)).astype(np.uint8)).save(file)


def text(place: Path) -> None:
    """Words of two classes, and a title beside them."""
    words = "the a good bad red blue kettle lamp is not don't very".split()  # noqa: SIM905
    rng = np.random.default_rng(0)
    lines = [f'"{" ".join(rng.choice(words, 4))} {i}","title {i}",{"yes" if i % 2 else "no"}' for i in range(300)]
    (place / "rows.csv").write_text("text,title,label\n" + "\n".join(lines) + "\n")


def audio(place: Path) -> None:
    """Tones of two heights."""
    rng = np.random.default_rng(0)
    for i in range(80):
        hertz = 440 if i % 2 else 880
        sound = 0.3 * np.sin(2 * np.pi * hertz * np.arange(1200) / 4000) + 0.01 * rng.normal(size=1200)
        file = place / ("low" if i % 2 else "high") / f"{i}.wav"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(wav((sound * 32767).astype("<i2").tobytes(), 4000))


def series(place: Path) -> None:
    """Hourly readings of two shops."""
    rng = np.random.default_rng(0)
    lines = [
        f"{shop},2024-01-{1 + i // 24:02d} {i % 24:02d}:00:00,{rng.normal():.3f},{10 + i % 24 + rng.normal():.3f}"
        for shop in "ab"
        for i in range(300)
    ]
    (place / "rows.csv").write_text("shop,time,warmth,sales\n" + "\n".join(lines) + "\n")


def log(place: Path, more: int = 0) -> None:
    """Interactions of forty users, a second each. more: how many later ones."""
    rng = np.random.default_rng(0)
    lines = [
        f"u{rng.integers(40)},i{rng.integers(60)},{1 + rng.integers(5)},{1_600_000_000 + i}" for i in range(900 + more)
    ]
    (place / "rows.csv").write_text("user,item,rating,time\n" + "\n".join(lines) + "\n")
