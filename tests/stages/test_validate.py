import gc
import json
from types import SimpleNamespace

import numpy as np
import pytest

from minnow.insight import validation
from minnow.modalities import images, interactions, text
from minnow.records.files import write_npz
from minnow.stages import validate
from minnow.stages.case import Problem
from minnow.types import Expectation, Table

ROWS = 60
BAD = 7  # the row that gets the fault


def _images(folder, change=None, **options):
    pixels = np.random.default_rng(0).integers(0, 17, (ROWS, 4, 4)).astype(np.float32)
    labels = np.array(["a", "b", "c"] * (ROWS // 3), dtype="<U8")
    if change:
        change(pixels, labels)
    write_npz(folder / "rows.npz", {"images": pixels, "labels": labels})
    chosen = images.Options(scale=16, **options)
    return images, chosen, images.read(folder / "rows.npz", chosen)


def _lines(folder, header, lines):
    path = folder / "rows.csv"
    path.write_text(header + "\n" + "\n".join(lines) + "\n")
    return path


def _text(folder, change=None, **options):
    lines = [f"text number {i},{'yes' if i % 2 else 'no'}" for i in range(ROWS)]
    if change:
        change(lines)
    chosen = text.Options(label="mood", **options)
    return text, chosen, text.read(_lines(folder, "text,mood", lines), chosen)


def _interactions(folder, change=None, **options):
    lines = [f"u{i % 9},i{i},3,{i}" for i in range(ROWS)]
    if change:
        change(lines)
    chosen = interactions.Options(**{"min_rows": 10, "user": "reader", **options})
    return interactions, chosen, interactions.read(_lines(folder, "reader,item,rating,time", lines), chosen)


def put(place, value):
    """Plant a value at a place of the first argument."""
    return lambda rows, *_: rows.__setitem__(place, value)


def label(place, value):
    """Plant labels of images."""
    return lambda _, labels: labels.__setitem__(place, value)


def copies(count):
    """Make the first rows copies of one another."""
    return lambda rows, *_: rows.__setitem__(slice(count), np.stack([rows[0]] * count))


def everything(value):
    """Put one and the same line everywhere, its own number kept."""
    return lambda lines: lines.__setitem__(slice(None), [value.format(i=i) for i in range(len(lines))])


def _task(module):
    return "rank" if module is interactions else "classify"


def check(made, folder):
    """Check rows as a run does, with the report written to a folder."""
    module, options, table = made
    findings = validate.check(table, Problem("tiny", module, options, _task(module), None), "tiny")
    validation.write(findings, (), folder / "report")
    return findings


def require(findings, folder):
    findings.require(folder / "report" / validation.HTML)


IMAGE_ROW, LINE_ROW = f"rows.npz:{BAD}", f"rows.csv:{BAD + 2}"
AMONG = {"labels": ["a", "b", "c"], "min_class_share": 0.0}
BOTH = {"labels": ["yes", "no"], "min_class_share": 0.0}
RANGE = {"rating_range": [1.0, 10.0]}
EACH = [f"c{i}" for i in range(ROWS)]
REPEATED = put(slice(0, 8), [f"u1,i1,3,{i}" for i in range(8)])
FAULTS = [
    (_images, put((BAD, 1, 1), np.nan), {}, "All pixels are finite numbers", IMAGE_ROW),
    (_images, put((BAD, 1, 1), np.inf), {}, "All pixels are finite numbers", IMAGE_ROW),
    (_images, put((BAD, 1, 1), -1), {}, "No pixel is below 0", IMAGE_ROW),
    (_images, put((BAD, 1, 1), 17), {}, "No pixel is above 16 (option scale)", IMAGE_ROW),
    (_images, put(BAD, 3), {}, "At least 99 % of the images are not of one colour alone", IMAGE_ROW),
    (_images, copies(8), {}, "At most 5 % of the images repeat another image (option max_duplicates)", IMAGE_ROW),
    (_images, label(BAD, ""), {"min_class_share": 0.0}, "Every image has a label", IMAGE_ROW),
    (_images, label(BAD, "z"), AMONG, "The label is one of a, b, c (option labels)", IMAGE_ROW),
    (
        _images,
        label(BAD, "rare"),
        {"min_class_share": 0.02},
        "Each class of the label has at least 2 % of the images",
        IMAGE_ROW,
    ),
    (_images, label(slice(None), "a"), {}, "The label has at least 2 different values", None),
    (_images, label(slice(None), EACH), {}, "The label has at most 0.5 different values per image", None),
    (_images, None, {"min_rows": 61}, "There are at least 61 images (option min_rows)", None),
    (_text, put(BAD, " ,yes"), {}, "No text is empty", LINE_ROW),
    (_text, put(BAD, "x" * 100_001 + ",yes"), {}, "No text has more than 100,000 characters", LINE_ROW),
    (_text, put(BAD, "some text,"), {"min_class_share": 0.0}, "Every text has a value in 'mood'", LINE_ROW),
    (_text, put(BAD, "some text,maybe"), BOTH, "'mood' is one of yes, no (option labels)", LINE_ROW),
    (
        _text,
        put(BAD, "some text,rare"),
        {"min_class_share": 0.02},
        "Each class of 'mood' has at least 2 % of the texts",
        LINE_ROW,
    ),
    (_text, put(slice(4, 9), ["same,yes"] * 5), {}, "At most 5 % of the texts repeat another text", LINE_ROW),
    (_text, everything("text {i},yes"), {}, "'mood' has at least 2 different values", None),
    (_text, everything("text {i},c{i}"), {}, "'mood' has at most 0.5 different values per text", None),
    (_text, None, {"min_rows": 61}, "There are at least 61 texts (option min_rows)", None),
    (_interactions, put(BAD, ",i1,3,7"), {}, "Every row has a value in 'reader'", LINE_ROW),
    (_interactions, put(BAD, "u1,,3,7"), {}, "Every row has a value in 'item'", LINE_ROW),
    (_interactions, put(BAD, "u1,i7,,7"), {}, "Every row has a value in 'rating'", LINE_ROW),
    (_interactions, put(BAD, "u1,i7,inf,7"), {}, "'rating' is a finite number in every row", LINE_ROW),
    (_interactions, put(BAD, "u1,i7,3,"), {}, "Every row has a value in 'time'", LINE_ROW),
    (_interactions, put(BAD, "u1,i7,3,-5"), {}, "'time' has no value below 0 and none beyond 1e18", LINE_ROW),
    (
        _interactions,
        put(BAD, "u1,i7,11,7"),
        RANGE,
        "'rating' is between 1 and 10 (option rating_range) in every row",
        LINE_ROW,
    ),
    (
        _interactions,
        REPEATED,
        {"max_repeats": 0.01},
        "At most 1 % of the rows repeat the user and the item of an earlier",
        LINE_ROW,
    ),
    (_interactions, everything("u1,i{i},3,{i}"), {}, "'reader' has at least 2 different values", None),
    (_interactions, everything("u{i},i1,3,{i}"), {}, "'item' has at least 2 different values", None),
    (_interactions, None, {"min_rows": 61}, "There are at least 61 rows (option min_rows)", None),
]


@pytest.mark.parametrize("make", [_images, _text, _interactions])
def test_good_rows_meet_the_expectations(make, tmp_path):
    findings = check(make(tmp_path), tmp_path)
    assert findings.ok, [result for result in findings.results if not result.ok]
    assert findings.rows == ROWS
    require(findings, tmp_path)


@pytest.mark.parametrize(("make", "change", "options", "demand", "row"), FAULTS)
def test_a_planted_fault_is_said_in_the_words_of_the_file_with_its_row(make, change, options, demand, row, tmp_path):
    findings = check(make(tmp_path, change, **options), tmp_path)
    failed = [result for result in findings.results if not result.ok]
    assert [result.demand.startswith(demand) for result in failed] == [True], [result.demand for result in failed]
    assert (row in failed[0].examples) if row else not failed[0].examples
    with pytest.raises(validate.DataError, match="tiny: 1 of") as error:
        require(findings, tmp_path)
    assert f"- {demand}" in str(error.value)
    assert str(tmp_path / "report" / "validation.html") in str(error.value)
    assert row is None or row in str(error.value)


@pytest.mark.parametrize(
    ("make", "module", "options"),
    [
        (_images, images, images.Options(labels=["a", "b"])),
        (_text, text, text.Options(label="mood", labels=["a", "b"])),
        (_interactions, interactions, interactions.Options(user="reader")),
    ],
)
def test_every_expectation_has_a_planted_fault(make, module, options, tmp_path):
    """Whoever adds an expectation adds a fault that it finds; a missing column has a test of its own."""
    failed, made = set(), make(tmp_path)
    for i, (_, change, chosen, *_) in enumerate(fault for fault in FAULTS if fault[0] is make):
        (tmp_path / str(i)).mkdir()
        results = check(make(tmp_path / str(i), change, **chosen), tmp_path / str(i)).results
        failed |= {(result.expectation, result.column) for result in results if not result.ok}
    expected = {(one.kind, one.column) for one in module.expectations(options, made[2], _task(module))}
    assert {one for one in expected if one[0] != "expect_column_to_exist"} == failed


def test_counts_and_shares_are_those_of_the_rows(tmp_path):
    def change(pixels, labels):
        pixels[:15, 0, 0] = 20

    findings = check(_images(tmp_path, change), tmp_path)
    failed = next(result for result in findings.results if not result.ok)
    assert (failed.rows, failed.share) == (15, 0.25)
    assert failed.examples == tuple(f"rows.npz:{i}" for i in range(10))
    assert failed.observed == ["20.0"]


def test_a_share_within_its_limit_is_met_and_still_reported(tmp_path):
    findings = check(_text(tmp_path, put(slice(0, 2), ["same,yes"] * 2)), tmp_path)
    result = next(result for result in findings.results if "repeat another" in result.says)
    assert result.ok
    assert (result.rows, result.examples) == (2, ("rows.csv:2", "rows.csv:3"))


def test_values_that_are_named_are_the_users_own(tmp_path):
    """A class with too few rows is named, not its share; a repeated text has no hash."""
    rare = check(_text(tmp_path, put(BAD, "some text,rare"), min_class_share=0.02), tmp_path).results
    assert next(result.outcome for result in rare if not result.ok) == "1 row (1.67 %): 'rare'"
    same = check(_text(tmp_path, put(slice(4, 9), ["same,yes"] * 5)), tmp_path).results
    assert next(result.outcome for result in same if not result.ok) == "5 rows (8.33 %)"


def test_an_expectation_without_words_of_its_own_is_put_together_from_its_kind(tmp_path):
    module, options, table = _text(tmp_path)
    bare = Expectation("expect_column_values_to_be_between", {"column": "characters", "max_value": 1}, "x")
    odd = SimpleNamespace(describe=module.describe, expectations=lambda *_: [bare])
    assert check((odd, options, table), tmp_path).results[0].demand == (
        "column 'characters': values to be between (max value 1)"
    )


def test_a_missing_column_is_found(tmp_path):
    made = _text(tmp_path)
    lacking = SimpleNamespace(
        expectations=text.expectations,
        describe=lambda table, options: {k: v for k, v in text.describe(table, options).items() if k != "text"},
    )
    findings = check((lacking, *made[1:]), tmp_path)
    failed = [result for result in findings.results if not result.ok]
    assert {result.column for result in failed} == {"text"}
    assert failed[0].expectation == "expect_column_to_exist"
    with pytest.raises(validate.DataError, match="There is a column 'text'"):
        require(findings, tmp_path)


def test_an_expectation_that_cannot_be_checked_is_a_failure_with_its_reason(tmp_path):
    _, options, table = _text(tmp_path)
    odd = SimpleNamespace(
        describe=text.describe,
        expectations=lambda options, table, task: [
            Expectation("expect_column_values_to_be_between", {"column": "no", "min_value": 0}, "x")
        ],
    )
    findings = check((odd, options, table), tmp_path)
    assert not findings.ok
    assert "no" in findings.results[0].error


def test_reports_are_the_same_bytes_for_the_same_rows(tmp_path):
    made = _images(tmp_path, put((BAD, 1, 1), 17))
    for name in ("a", "b"):
        check(made, tmp_path / name)
    for name in (validation.JSON, validation.HTML):
        a, b = (tmp_path / folder / "report" / name for folder in ("a", "b"))
        assert a.read_bytes() == b.read_bytes().replace(b"/b/", b"/a/")


def test_the_json_report_says_what_the_findings_say(tmp_path):
    findings = check(_images(tmp_path, put((BAD, 1, 1), 17)), tmp_path)
    written = json.loads((tmp_path / "report" / validation.JSON).read_text())
    assert written == {
        "usecase": "tiny",
        "ok": False,
        "rows": ROWS,
        "results": [result.as_json() for result in findings.results],
        "notices": [],
        "hints": [],
    }


def test_the_html_report_needs_no_internet_and_escapes_what_came_with_the_rows(tmp_path):
    check(_text(tmp_path, put(BAD, "some text,<b>"), labels=["yes", "no"]), tmp_path)
    page = (tmp_path / "report" / validation.HTML).read_text()
    assert "http" not in page
    assert "src=" not in page
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert LINE_ROW in page


def test_expectations_alike_are_checked_together_with_the_results_that_they_have_alone(monkeypatch):
    random = np.random.default_rng(0)
    columns = {f"n{i}": np.where(random.random(50) < 0.1 * (i % 3), np.nan, random.normal(size=50)) for i in range(9)}
    columns |= {f"c{i}": np.where(random.random(50) < 0.2 * i, "", "a").astype(object) for i in range(3)}
    columns["n4"][7], columns["n5"][:] = np.inf, np.nan
    asked = [
        Expectation(kind, {"column": name, **more}, "x")
        for name in columns
        for kind, more in (
            ("expect_column_values_to_not_be_null", {"mostly": 0.85}),
            ("expect_column_values_to_be_between", {"min_value": -1e30, "max_value": 1e30}),
        )
        if name.startswith("n") or more == {"mostly": 0.85}
    ]
    asked += [Expectation("expect_column_to_exist", {"column": "lacking"}, "x")]
    odd = SimpleNamespace(describe=lambda *_: columns, expectations=lambda *_: asked)
    table = Table({}, np.array([f"r:{i}" for i in range(50)]), np.arange(50, dtype=np.uint64))
    made = validate.check(table, Problem("tiny", odd, None, "classify", None), "tiny")
    monkeypatch.setattr(validate, "_OF_VALUES", ())
    alone = validate.check(table, Problem("tiny", odd, None, "classify", None), "tiny")
    assert made == alone
    assert {one.ok for one in made.results} == {True, False}


def test_many_columns_are_checked_by_few_calls(monkeypatch):
    """Great Expectations takes milliseconds for each expectation, and more where a batch has more columns."""
    sizes = []
    validate.warm_up()
    opened = validate._checker()
    monkeypatch.setattr(validate, "_checker", lambda: lambda *asked: sizes.append(len(asked[1])) or opened(*asked))
    columns = {f"n{i}": np.arange(20.0) for i in range(300)}
    asked = [Expectation("expect_column_values_to_not_be_null", {"column": name}, "x") for name in columns]
    assert all(result["success"] for result in validate._run(columns, asked))
    assert sizes == [1]


def test_no_batch_of_rows_stays_in_memory():
    columns = {"x": np.arange(100.0), "kind": np.array(["a", "b"] * 50, object)}
    asked = [Expectation("expect_column_values_to_not_be_null", {"column": name}, "") for name in columns]
    assert all(one["success"] for one in validate._run(columns, asked))
    gc.collect()
    assert not [one for one in gc.get_objects() if type(one).__name__ == "PandasBatchData"]
