"""Bad tables, from the file to what the user is told."""

import numpy as np
import pytest

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


def take(folder, text, task="classify", **options):
    (folder / "rows.csv").write_text(text)
    entry = {"modality": "tabular", "task": task, "data": "rows.csv", "options": {"target": "kind", **options}}
    settings = config.Settings.model_validate({"usecases": {"small": {**entry, "families": ["linear"]}}})
    case = Case("small", settings, workspace(root=folder))
    reports = folder / "reports"
    reports.mkdir()
    rows, _ = intake.read_checked(case, reports)
    return intake.prepare_case(case, rows)


BAD = {
    "no file": ("", r"rows.csv must hold rows. It is empty"),
    "0 rows": ("x,y,kind\n", r"rows.csv must hold rows. It holds none"),
    "one row": (table(1), r"row count .*min value 50.* Found: 1\."),
    "nothing but the target": ("kind\n" + "a\nb\n" * 40, r"a column beside the target .* Received: kind"),
    "an all-null column": (table(y=lambda i: ""), r"column 'y': values to not be null.*60 rows \(100.00 %\)"),
    "one class": (table(kind=lambda i: "a"), r"column 'label': unique value count .*one answer alone is no question"),
    "as many classes as rows": (table(kind=lambda i: f"c{i}"), r"column 'label': proportion of unique values.*no classes"),
    "fewer rows than classes": (table(4, kind=lambda i: "abcd"[i]), r"row count to be between"),
    "infinity": (table(x=but(5, "inf")), r"column 'x': .*a number is finite. Found: 1 rows \(1.67 %\): 'inf', .*rows.csv:7"),
    "more than float32 holds": (table(x=but(5, "1e300")), r"column 'x': .*'1e\+300', such as rows.csv:7"),
    "a row without a label": (table(kind=lambda i: "" if i == 5 else "ab"[i % 2]), r"column 'label': .*rows.csv:7"),
    "a label that is not named": (
        table(kind=lambda i: "c" if i == 5 else "ab"[i % 2]), r"column 'label': .*in set.*'c', such as rows.csv:7",
    ),
    "two columns of one name": (table().replace("x,y", "x,x"), r"must name each column once. Received twice: x"),
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
        ("inf", r"column 'label_number': .*finite number. Found: 1 rows \(1.67 %\): 'inf', such as rows.csv:7"),
        ("much", r"column 'label_number': .*rows.csv:7"),
        ("NaN", r"1 of \d+ expectations failed.*column 'label': values to not be null.*rows.csv:7"),
    ],
)
def test_a_number_to_be_estimated_that_is_none_is_refused(cell, message, tmp_path):
    with pytest.raises(DataError, match=f"(?s){message}"):
        take(tmp_path, table(kind=lambda i: cell if i == 5 else str(i)), "regress")


@pytest.mark.parametrize("cell", ["NaN", "", "NA", "null", "?"])
def test_a_missing_number_is_told_apart_and_never_reaches_a_model_as_nan(cell, tmp_path):
    prepared = take(tmp_path, table(x=but(5, cell)))
    for batch in prepared.batches.values():
        assert all(np.isfinite(values).all() for values in batch.inputs.values())


def test_a_column_of_one_value_harms_nothing(tmp_path):
    prepared = take(tmp_path, table(y=lambda i: "1"))
    assert all(np.isfinite(values).all() for values in prepared.batches["train"].inputs.values())
