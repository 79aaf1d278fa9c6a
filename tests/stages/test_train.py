"""Training in the worker: what a family is handed, and what is said where that cannot be learned from."""

import json

import numpy as np
import pytest
import tiny

from minnow import families
from minnow.stages import train
from minnow.stages.batches import write_batch

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


def test_a_split_without_one_known_answer_is_refused(tmp_path):
    handed = _handed(tmp_path / "handed", "images", "classify", unknown=tiny.ROWS)
    with pytest.raises(ValueError, match=r"needs val rows .* Received: 240 val rows, none of which"):
        train.fit(handed, "linear", {}, 1, tmp_path)
