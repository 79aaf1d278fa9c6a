"""`minnow predict`: what is printed and written, in which order, and how far a file is read."""

from __future__ import annotations

import csv
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from handmade import ORDERS
from typer.testing import CliRunner

from minnow.cli import app, prediction
from minnow.cli.prediction import Progress, Run
from minnow.contracts import Located
from minnow.serving.predictor import Predictor
from minnow.stores import models

HEADER, *LINES = ORDERS.splitlines()
ROWS = list(csv.DictReader(io.StringIO(ORDERS)))


def minnow(*arguments, code=0):
    done = CliRunner().invoke(app, ["predict", *map(str, arguments)])
    assert done.exit_code == code, done.stdout + done.stderr
    return done


def write(folder, lines=LINES):
    (folder / "orders.csv").write_text("\n".join([HEADER, *lines]) + "\n")


def expected(usecase, inputs, k=None):
    """Answers of the predictor itself to the inputs of a request, and what it says about itself."""
    published = models.newest(usecase)
    predictor = Predictor(published.bundle, provenance=published.provenance)
    return predictor.answer(inputs, k), predictor.about


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def batches_of_seven(monkeypatch):
    """Answers are put together from several batches, and the last one is not full."""
    monkeypatch.setattr(prediction, "BATCH", 7)


def test_answers_are_printed_as_one_document_as_the_service_gives_them(served, batches_of_seven):
    write(served)
    answers, about = expected("orders", ROWS)
    done = minnow("orders", "orders.csv")
    assert done.stdout == json.dumps({"answers": answers, **about}, indent=2) + "\n"
    assert not done.stderr


def test_csv_has_a_line_for_each_row_with_its_place_and_each_probability(served, batches_of_seven):
    write(served)
    answers, _ = expected("orders", ROWS)
    done = minnow("orders", "orders.csv", "--output", "answers.csv")
    assert (done.stdout, done.stderr) == ("", "40 inputs answered: answers.csv\n")
    rows = table(served / "answers.csv")
    assert list(rows[0]) == ["row", "label", "probability", "probabilities.cheap", "probabilities.dear"]
    assert [row["row"] for row in rows] == [f"orders.csv:{i + 2}" for i in range(40)]
    assert [float(row["probabilities.dear"]) for row in rows] == [a["probabilities"]["dear"] for a in answers]
    assert [path.name for path in served.glob("answers*")] == ["answers.csv"]


def test_json_lines_and_parquet_hold_the_same(served, batches_of_seven):
    import pyarrow.parquet as pq

    write(served)
    answers, _ = expected("orders", ROWS)
    minnow("orders", "orders.csv", "--output", "answers.jsonl")
    lines = [json.loads(line) for line in (served / "answers.jsonl").read_text().splitlines()]
    assert lines == [{"row": f"orders.csv:{i + 2}", **answer} for i, answer in enumerate(answers)]
    minnow("orders", "orders.csv", "--output", "answers.parquet")
    rows = pq.read_table(served / "answers.parquet").to_pylist()
    assert [row["row"] for row in rows] == [line["row"] for line in lines]
    assert [row["probabilities.cheap"] for row in rows] == [a["probabilities"]["cheap"] for a in answers]


def test_a_ranking_has_a_line_for_each_item(served):
    (served / "users.json").write_text(json.dumps(["user-1", "nobody"]))
    answers, _ = expected("shop", ["user-1", "nobody"], 3)
    minnow("shop", "users.json", "--k", 3, "--output", "answers.csv")
    rows = table(served / "answers.csv")
    assert list(rows[0]) == ["row", "rank", "items", "scores"]
    assert [(row["row"], row["rank"]) for row in rows] == [
        (f"users.json, input {i}", str(rank)) for i in (1, 2) for rank in (1, 2, 3)
    ]
    assert [row["items"] for row in rows] == [item for answer in answers for item in answer["items"]]


def test_probabilities_that_are_not_listed_are_empty(served):
    (served / "one.json").write_text(json.dumps([[[0] * 8] * 8]))
    minnow("digits", "one.json", "--k", 2, "--output", "answers.csv")
    (row,) = table(served / "answers.csv")
    listed = [name for name, value in row.items() if name.startswith("probabilities.") and value]
    assert len(listed) == 2
    assert len(row) == 13
    minnow("digits", "one.json", "--k", 2, "--output", "answers.parquet")


def test_answers_that_are_no_table_are_written_as_json_lines_alone(served):
    (served / "seeds.json").write_text("[1, 2]")
    done = minnow("doodles", "seeds.json", "--output", "answers.csv", code=2)
    assert "--output needs .jsonl for this use case, since 'image'" in done.stderr
    assert not list(served.glob("answers*"))
    minnow("doodles", "seeds.json", "--output", "answers.jsonl")
    assert len((served / "answers.jsonl").read_text().splitlines()) == 2


BAD = [*LINES[:15], LINES[15].replace("2024", "soon"), *LINES[16:30], LINES[30].replace("1", "one", 1), *LINES[31:]]


@pytest.mark.parametrize("output", ["answers.csv", "answers.jsonl", "answers.parquet"])
def test_a_bad_row_ends_the_command_with_file_and_line_and_leaves_no_file(served, batches_of_seven, output):
    write(served, BAD)
    done = minnow("orders", "orders.csv", "--output", output, code=2)
    assert done.stderr.startswith("orders.csv:17: needed a date such as ")
    assert done.stderr.endswith(
        "in 'day', received str '16/04/soon'. Correct it, or skip such inputs with --skip-bad.\n"
    )
    assert not list(served.glob("answers*"))


def test_a_bad_input_that_has_no_line_is_named_by_its_number(served, batches_of_seven):
    (served / "texts.json").write_text(json.dumps(["good"] * 16 + [""] + ["bad"] * 3))
    done = minnow("reviews", "texts.json", code=2)
    assert done.stderr.startswith(
        "texts.json, input 17: needed a text of 1 to 100,000 characters, received an empty text."
    )


def test_bad_rows_are_skipped_and_counted_where_that_is_asked_for(served, batches_of_seven):
    write(served, BAD)
    answers, about = expected("orders", ROWS)
    done = minnow("orders", "orders.csv", "--skip-bad", "--output", "answers.csv")
    assert "38 inputs answered: answers.csv\n2 inputs skipped:\n  orders.csv:17: needed a date" in done.stderr
    assert "\n  orders.csv:32: needed a finite number" in done.stderr
    rows = table(served / "answers.csv")
    kept = [answer for i, answer in enumerate(answers) if i not in (15, 30)]
    assert [row["row"] for row in rows] == [f"orders.csv:{i + 2}" for i in range(40) if i not in (15, 30)]
    np.testing.assert_allclose([float(row["probability"]) for row in rows], [a["probability"] for a in kept], rtol=1e-5)
    printed = json.loads(minnow("orders", "orders.csv", "--skip-bad").stdout)
    assert [i for i, answer in enumerate(printed["answers"]) if answer is None] == [15, 30]
    assert printed["model"] == about["model"]


def test_only_a_few_of_many_bad_rows_are_listed(served):
    write(served, [line.replace("2024", "soon") for line in LINES])
    done = minnow("orders", "orders.csv", "--skip-bad", "--output", "answers.csv")
    assert done.stderr.count("orders.csv:") == 5
    assert done.stderr.endswith("\n  and 35 more\n")
    assert (served / "answers.csv").read_text() == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["orders", "orders.csv", "--output", "answers.txt"],
            "must end with .csv, .jsonl, .parquet. Received: answers.txt",
        ),
        (["orders", "orders.csv", "--output", "./orders.csv"], "must not be the file of inputs"),
        (["order", "orders.csv"], "Did you mean 'orders'"),
        (["orders", "none.json"], "none.json must hold inputs. It holds none."),
        (["orders", "absent.csv"], "absent.csv"),
        (["orders", "orders.txt"], "must have the columns 'day', 'price', 'weight'"),
    ],
)
def test_what_cannot_be_answered_is_said_before_anything_is_written(served, arguments, words):
    write(served)
    (served / "none.json").write_text("[]")
    (served / "orders.txt").write_text("colour,kind\nred,cheap\n")
    before = (served / "orders.csv").read_text()
    done = minnow(*arguments, code=2)
    assert words in done.stderr
    assert done.stdout == ""
    assert (served / "orders.csv").read_text() == before


class Counted:
    """Inputs that count how many of them were taken."""

    def __init__(self, count):
        self.count, self.taken = count, 0

    def __iter__(self):
        for _ in range(self.count):
            self.taken += 1
            yield "fine day"


def test_inputs_are_taken_no_further_than_one_batch_ahead_of_the_answers(bundles, batches_of_seven):
    inputs, run = Counted(1000), Run(Predictor(bundles("reviews")), "texts.txt")
    for index, (places, answers) in enumerate(run.answered(inputs), 1):
        assert len(places) == len(answers)
        assert inputs.taken == run.read == min(7 * index, 1000)


def test_an_error_that_is_no_fault_of_an_input_is_told_as_it_is(bundles):
    predictor = Predictor(bundles("reviews"))
    predictor.session = SimpleNamespace(predict=lambda rows: np.int64("no number"))
    with pytest.raises(ValueError, match="invalid literal"):
        list(Run(predictor, "texts.txt", skip_bad=True).answered(["good"]))


class Screen(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_one_line_of_a_terminal_and_else_a_line_where_it_takes_long(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(prediction.time, "monotonic", lambda: now[0])
    screen, log = Screen(), io.StringIO()
    with Progress(screen) as a, Progress(log) as b:
        for count in range(1, 101):
            now[0] += 0.5
            a.show(1000 * count)
            b.show(1000 * count)
    assert screen.getvalue().startswith("\r1,000 inputs\r2,000 inputs")
    assert screen.getvalue().endswith("\r100,000 inputs\r\x1b[K")
    assert log.getvalue() == "60,000 inputs so far\n"


def test_an_input_knows_its_line_where_it_has_one(served):
    write(served)
    predictor = Predictor(models.newest("orders").bundle)
    inputs = list(predictor.modality.from_file(served / "orders.csv", predictor.options, predictor.encoder))
    assert all(isinstance(value, Located) for value in inputs)
    assert inputs[3].where == "orders.csv:5"
