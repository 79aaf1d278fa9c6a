"""Training in the worker: what a family is handed, and what is said where that cannot be learned from."""

import json

import numpy as np
import pytest
import tiny
from standins import here

from minnow import families
from minnow.config import Settings
from minnow.stages import compress, intake, train
from minnow.stages.batches import write_batch
from minnow.stages.case import Case
from minnow.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

CASES = [
    ("linear", "images", "classify", {}),
    ("gboost", "images", "classify", {"iterations": 20}),
    ("cnn", "images", "classify", {"conv": [4, "pool"], "epochs": 6, "batch_size": 16}),
    ("embedbag", "text", "classify", {"epochs": 6}),
    ("recommender", "interactions", "rank", {"epochs": 6}),
]


def _handed(folder, modality, task, unknown):
    batches = dict(zip(train.TRAINING_SPLITS, tiny.splits(modality, task), strict=True))
    batches["val"].target[:unknown] = -1
    for split, batch in batches.items():
        write_batch(folder / split, batch)
    return folder


@pytest.mark.parametrize(("family", "modality", "task", "params"), CASES, ids=lambda value: str(value)[:20])
def test_held_out_answers_that_training_never_saw_stop_no_family(family, modality, task, params, tmp_path):
    handed = _handed(tmp_path / "handed", modality, task, unknown=40)
    train.fit(handed, family, params, 1, tmp_path)
    assert json.loads((tmp_path / train.FACTS).read_text())["parameters"] > 0
    history = json.loads((tmp_path / train.HISTORY).read_text())
    assert all(np.isfinite(values).all() for values in history.values())
    assert families.get(family).load(tmp_path / "model").outputs


def test_the_temperature_stands_among_the_facts_and_in_what_val_settled(tmp_path):
    handed = _handed(tmp_path / "handed", "images", "classify", unknown=0)
    train.fit(handed, "gboost", {"iterations": 5, "temperature": 1.5}, 1, tmp_path)
    facts = json.loads((tmp_path / train.FACTS).read_text())
    assert facts["temperature"] == facts["settled"]["temperature"] == 1.5


def test_a_split_without_one_known_answer_is_refused(tmp_path):
    handed = _handed(tmp_path / "handed", "images", "classify", unknown=tiny.ROWS)
    with pytest.raises(ValueError, match=r"needs val rows .* Received: 240 val rows, none of which"):
        train.fit(handed, "linear", {}, 1, tmp_path)


def test_equal_rows_in_another_notation_share_a_model_and_not_an_encoder(tmp_path):
    options = {"target": "lamp", "time": "timestamp", "min_rows": 5, "max_duplicates": 1}
    entry = {"modality": "timeseries", "task": "classify", "families": {"linear": {}}, "options": options}
    settings = Settings.model_validate({"usecases": {"room": entry | {"data": "data"}}})
    (tmp_path / "uv.lock").write_text("")
    (tmp_path / "data").mkdir()
    rows, models, encoders = set(), set(), []
    for scale in (1, 1000):
        lines = [f"{(1_704_672_000 + 300 * i) * scale},{i % 12},{'on' if i % 12 > 5 else 'off'}" for i in range(200)]
        (tmp_path / "data" / "room.csv").write_text("\n".join(["timestamp,noise,lamp", *lines]) + "\n")
        case = Case("room", settings, Workspace(tmp_path, tmp_path / "params.yaml"))
        handed = train.hand_over(case, intake.prepare_case(case, intake.read(case)), here)
        trained = train.train(case, "linear", handed)
        bundle = compress.variants(case, trained, handed, bare=True).bundles[compress.FLOAT]
        rows.add(handed.rows)
        models.add(trained.folder)
        encoders.append(json.loads((bundle / "encoder.json").read_text())["written"]["timestamp"]["time"])
    assert len(rows) == len(models) == 1
    assert encoders == ["s", "ms"]
