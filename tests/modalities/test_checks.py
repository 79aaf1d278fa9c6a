"""Checks and hints are said in the words of the user's files, and each option and kind of hint stands on docs/checks.md."""

import re
from pathlib import Path

from minnow import modalities
from minnow.records import hint

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text()
INTERNAL = re.compile(r"\b(hash|label_number|class_share|nan_share|in one go)\b|\(feature\)|'sensor ")


def said(case):
    return case.module.expectations(case.options, case.table, case.task)


def test_every_check_is_said_without_the_names_of_our_own_columns(tiny):
    for expectation in said(tiny):
        assert expectation.says, expectation.kind
        assert expectation.says[0].islower() or expectation.says[0] == "'", expectation.says
        assert not INTERNAL.search(f"{expectation.says} {expectation.why}"), expectation.says


def test_a_described_column_that_is_shown_is_there(tiny):
    described = tiny.module.describe(tiny.table, tiny.options)
    shown = {one.shown for one in said(tiny)} - {None, ""}
    assert shown <= set(described)


def test_the_target_is_named_as_in_the_file(tiny):
    options = type(tiny.options).model_fields
    name = next((getattr(tiny.options, key) for key in ("target", "label") if key in options), None)
    if name is None or tiny.module is modalities.get("interactions"):
        return  # folders are the labels, or rows have roles instead of a target
    assert any(f"'{name}'" in one.says and one.column == name for one in said(tiny))


def test_every_option_that_a_check_names_exists_and_is_documented(tiny):
    named = {option for one in said(tiny) for option in re.findall(r"\(option (\w+)\)", one.says)}
    assert "min_rows" in named
    assert named <= set(type(tiny.options).model_fields)
    for option in named:
        assert f"`{option}`" in PAGE, option


def test_every_kind_of_hint_is_documented():
    kinds = re.findall(r"^    kind: (.*?)\. column:", hint.Hint.__doc__, re.S | re.M)[0]
    names = re.findall(
        r"(?:^|, |or |\n    )(\w+)(?= \(|, | or|$)", re.sub(r"\([^)]*\)", "()", kinds.replace("\n    ", " "))
    )
    assert {"leak", "class", "few", "drift", "variants", "unknown"} <= set(names), names
    for name in names:
        assert f"| `{name}` |" in PAGE, name
