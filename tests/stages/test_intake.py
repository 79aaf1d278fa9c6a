"""Bad tables, from the file to what the user is told."""

import numpy as np
import pytest

from flows.checks import read_checked
from minnow import config
from minnow.stages import intake
from minnow.stages.case import Case
from minnow.stages.validate import DataError
from minnow.workspace import workspace

RNG = np.random.default_rng(0)


def number(i):
    return f"{RNG.normal():.3f}"


def but(i, cell):
    """One cell that is not like the others."""
    return lambda j: cell if j == i else number(j)


def table(n=60, x=number, y=number, kind=lambda i: "ab"[i % 2]):
    return "x,y,kind\n" + "".join(f"{x(i)},{y(i)},{kind(i)}\n" for i in range(n))


def take(folder, text, task="classify", modality="tabular", **options):
    folder.mkdir(exist_ok=True)
    (folder / "rows.csv").write_text(text)
    entry = {"modality": modality, "task": task, "data": "rows.csv", "options": {"target": "kind", **options}}
    settings = config.Settings.model_validate({"usecases": {"small": {**entry, "families": ["linear"]}}})
    case = Case("small", settings, workspace(root=folder))
    reports = folder / "reports"
    reports.mkdir()
    rows, _ = read_checked(case, reports)
    return intake.prepare_case(case, rows)


BAD = {
    "no file": ("", r"rows.csv must hold rows. It is empty"),
    "0 rows": ("x,y,kind\n", r"rows.csv must hold rows. It holds none"),
    "one row": (table(1), r"There are at least 50 rows \(option min_rows\), .* Found: 1\."),
    "nothing but the target": ("kind\n" + "a\nb\n" * 40, r"a column besides the target .* Received: kind"),
    "an all-null column": (table(y=lambda i: ""), r"'y' has a value in at least 5 % of the rows.*60 rows \(100.00 %\)"),
    "one class": (table(kind=lambda i: "a"), r"'kind' has at least 2 different values.*one label leaves nothing to predict"),
    "as many classes as rows": (table(kind=lambda i: f"c{i}"), r"'kind' has at most 0.5 different values per row.*not classes"),
    "fewer rows than classes": (table(4, kind=lambda i: "abcd"[i]), r"There are at least 50 rows"),
    "infinity": (
        table(x=but(5, "inf")), r"The numbers in 'x' are finite.* Found: 1 row \(1.67 %\): 'inf', .*rows.csv:7",
    ),
    "more than float32 holds": (table(x=but(5, "1e300")), r"The numbers in 'x' .*'1e\+300', such as rows.csv:7"),
    "a row without a label": (table(kind=lambda i: "" if i == 5 else "ab"[i % 2]), r"Every row has .* 'kind'.*rows.csv:7"),
    "a label that is not named": (
        table(kind=lambda i: "c" if i == 5 else "ab"[i % 2]), r"'kind' is one of a, b .*option labels.*'c', such as rows.csv:7",
    ),
    "a row too short": (table() + "1,2\n", r"rows.csv:62: a row needs 3 cells"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_bad_table_is_refused_with_the_rows_and_the_reason(what, tmp_path):
    text, message = BAD[what]
    options = {"labels": ["a", "b"]} if what == "a label that is not named" else {}
    with pytest.raises(DataError, match=f"(?s)small: .*{message}"):
        take(tmp_path, text, **options)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("inf", r"'kind' is a finite number in every row, .* Found: 1 row \(1.67 %\): 'inf', such as rows.csv:7"),
        ("much", r"'kind' is a finite number in every row.*'much', such as rows.csv:7"),
        ("NaN", r"1 of \d+ checks failed.*Every row has a value in 'kind'.*rows.csv:7"),
    ],
)
def test_a_number_to_be_estimated_that_is_none_is_refused(cell, message, tmp_path):
    with pytest.raises(DataError, match=f"(?s){message}"):
        take(tmp_path, table(kind=lambda i: cell if i == 5 else str(i)), "regress")


def test_train_of_one_class_alone_is_refused_before_anything_is_trained(tmp_path):
    text = "x,day,kind\n" + "".join(
        f"{number(i)},2024-{1 + i // 28:02}-{1 + i % 28:02},{'ab'[i > 180]}\n" for i in range(200)
    )
    message = r"train needs rows of at least 2 classes .* 120 rows, all of the class 'a'; .* 19 of 'b' in test"
    with pytest.raises(DataError, match=f"(?s)small: {message}"):
        take(tmp_path, text, split={"by": "time", "column": "day"})


@pytest.mark.parametrize("cell", ["NaN", "", "NA", "null", "?"])
def test_a_missing_number_is_filled_and_never_reaches_a_model_as_nan(cell, tmp_path):
    prepared = take(tmp_path, table(x=but(5, cell)))
    for batch in prepared.batches.values():
        assert all(np.isfinite(values).all() for values in batch.inputs.values())


def test_a_column_of_one_value_harms_nothing(tmp_path):
    prepared = take(tmp_path, table(y=lambda i: "1"))
    assert all(np.isfinite(values).all() for values in prepared.batches["train"].inputs.values())


def series(n=60, time=lambda i: i, x=number):
    moments = [time(i) for i in range(n)]
    stamps = [m if isinstance(m, str) else f"2024-01-01 {m // 60:02}:{m % 60:02}:00" for m in moments]
    return "time,x,kind\n" + "".join(f"{stamp},{x(i)},{'ab'[i % 2]}\n" for i, stamp in enumerate(stamps))


BAD_SERIES = {
    "two rows of one moment": (
        series(time=lambda i: min(i, 58)), {}, r"Each row must have a time stamp of its own.* rows.csv:60, rows.csv:61\.",
    ),
    "a row without a time": (
        series(time=lambda i: "" if i == 5 else i), {}, r"'time' must hold a time stamp in each row. 1 rows do not: rows.csv:7",
    ),
    "a time that is none": (
        series(time=lambda i: "2024-02-30 00:00:00" if i == 5 else i), {},
        r"column 'time': .*others are not: '2024-02-30 00:00:00'.*rows.csv:7",
    ),
    "shorter than its window": (
        series(), {"window": 40}, r"40 rows in one stretch. From rows.csv:2 to rows.csv:37 the longest stretch has 36",
    ),
    "a horizon past its end": (
        series(), {"horizon": 50, "sensors": ["x"]}, r"the target 50 rows later .* the longest stretch has 36",
    ),
    "gaps that leave no window": (
        series(time=lambda i: i + i // 4 * 15), {"window": 5}, r"5 rows in one stretch.* the longest stretch has 4",
    ),
    "a stuck sensor": (
        series(x=lambda i: "4.5" if 10 <= i < 45 else number(i)), {},
        r"'x' has one and the same value in no more than 50 % .*option max_stuck.*is stuck; drop it.* such as rows.csv:12",
    ),
    "a burst of NaN": (
        series(x=lambda i: "NaN" if 10 <= i < 20 else number(i)), {},
        r"'x' is missing in no more than 10 % .*option max_missing_run.*a sensor that fails for so long.* such as rows.csv:12",
    ),
    "a sensor that is mostly silent": (
        series(x=lambda i: "" if i % 3 else number(i)), {},
        r"'x' has a value in at least 50 % of the rows .*option max_missing.*so many missing values",
    ),
    "a random split": (
        series(), {"split": {"by": "hash"}}, r"a series is split by time only: with a split by hash, test rows would lie",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_SERIES)
def test_a_bad_series_is_refused_with_the_rows_and_the_reason(what, tmp_path):
    text, options, message = BAD_SERIES[what]
    with pytest.raises(ValueError, match=f"(?s){message}"):
        take(tmp_path, text, modality="timeseries", max_duplicates=0.9, **options)


def test_a_short_burst_a_gap_and_rows_out_of_order_have_a_defined_answer(tmp_path):
    lines = series(time=lambda i: i + 200 * (i >= 20), x=lambda i: "NaN" if i in (7, 8) else str(i)).splitlines()
    given = {"modality": "timeseries", "window": 3, "max_duplicates": 0.9, "rolling_mean": [4]}
    sorted_rows, shuffled = (
        take(tmp_path / name, "\n".join([lines[0], *rows]) + "\n", **given)
        for name, rows in (("sorted", lines[1:]), ("reversed", lines[:0:-1]))
    )
    for split, batch in sorted_rows.batches.items():
        assert all(np.isfinite(values).all() for values in batch.inputs.values())
        for name, values in batch.inputs.items():
            np.testing.assert_array_equal(shuffled.batches[split].inputs[name], values)
    history = sorted_rows.tables["train"].columns["sensor x"]
    assert len(history) == (20 - 2) + (16 - 2)  # nothing is asked where a gap lies in the window
    assert not any((row < 20).any() and (row >= 20).any() for row in history)
