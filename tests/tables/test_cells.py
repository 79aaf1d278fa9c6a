"""Cells of a table, and the kind of column that they make."""

import pytest

from minnow.tables.formats import column_format


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2.5", "-3e4", "+7"], "numeric"),
        (["0", "1"], "numeric"),
        (["true", "False"], "boolean"),
        (["Yes", "no"], "boolean"),
        (["y"], "boolean"),
        (["2024-01-31", "1999-12-01"], "date"),
        (["31.12.2024", "01.02.2023"], "date"),
        (["2024-01-31T10:00:00+02:00"], "date"),
        (["00501", "90210"], "categorical"),
        (["red", "7"], "categorical"),
        (["yes", "maybe"], "categorical"),
        ([], "numeric"),
    ],
)
def test_kinds_are_found_by_what_the_cells_hold(values, kind):
    assert column_format(dict.fromkeys(values, 1)).kind == kind
