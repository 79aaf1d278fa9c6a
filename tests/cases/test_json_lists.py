"""A file that is one JSON list of objects means what a table of the same rows means, when it is learned from and when asked."""

import csv
import json

import numpy as np
import pytest
from cases.walk import Walk
from cases.writers import Written

from minnow.onboarding.proposal import Request

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
RNG = np.random.default_rng(4)
WORDS = ("fine warm bright", "dull cold grey")


def _table(i):
    kind = "ab"[i % 2]
    return {"size": round(RNG.normal() + i % 2, 3), "colour": ("red", "blue")[i % 3 // 2], "kind": kind}


def _series(i):
    when = np.datetime64("2024-01-01T00") + i
    return {"when": str(when).replace("T", " ") + ":00", "load": round(20 + 5 * np.sin(i / 4) + RNG.normal() / 9, 2)}


def _text(i):
    return {"text": f"the {WORDS[i % 2]} room number {i} was as we had hoped for", "label": "ny"[i % 2]}


def _log(i):
    return {"user_id": f"u{i % 23}", "item_id": f"i{(i * i) % 17}", "time": 1_700_000_000 + 3600 * int(i**1.1)}


@pytest.mark.parametrize(
    ("row", "modality", "count"),
    [(_table, "tabular", 160), (_series, "timeseries", 240), (_text, "text", 160), (_log, "interactions", 500)],
)
def test_a_list_of_objects_is_read_as_the_table_of_its_rows(row, modality, count, tmp_path):
    rows = [row(i) for i in range(count)]
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (tmp_path / "rows.json").write_text(json.dumps(rows, indent=1))
    walks = [
        Walk(Written(tmp_path / name, tmp_path / name), tmp_path / f"{name} home", Request(), {})
        for name in ("rows.csv", "rows.json")
    ]
    of_csv, of_json = walks
    assert of_json.proposal.entry["modality"] == modality
    assert {**of_json.proposal.entry, "data": ""} == {**of_csv.proposal.entry, "data": ""}
    assert of_json.table.key.tolist() == of_csv.table.key.tolist()
    answers = [[{k: v for k, v in answer.items() if k != "file"} for answer in walk.answers()] for walk in walks]
    assert len(answers[1]) > count // 2 or modality == "interactions"
    assert answers[1] == answers[0]
