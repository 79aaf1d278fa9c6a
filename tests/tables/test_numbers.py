"""Numbers as people write them, cell by cell."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minnow.tables.cells import Ambiguous, value_of
from minnow.tables.formats import Context, column_format
from minnow.tables.numbers import CONVENTIONS, is_plain, number, written
from minnow.types import ColumnFormat

POINTS = {".": "likely", ",": "unknown"}


def _written(value: int, decimals: int, signs: tuple[str, str], around: str) -> str:
    """value: in units of the last decimal. around: such as "{} kg"."""
    decimal, thousands = signs
    text = f"{abs(value) / 10**decimals:,.{decimals}f}".replace(",", "T").replace(".", decimal).replace("T", thousands)
    return ("-" if value < 0 else "") + around.format(text)


def _question(cells: list[str], context: Context) -> Ambiguous | None:
    try:
        column_format(dict.fromkeys(cells, 1), context)
    except Ambiguous as error:
        return error
    return None


@given(
    values=st.lists(st.integers(-(10**10), 10**10), min_size=1, max_size=12, unique=True),
    decimals=st.integers(0, 4),
    signs=st.sampled_from(CONVENTIONS),
    around=st.sampled_from(["{}", "{} kg", "{}%", "€ {}", "{} EUR"]),
)
def test_a_column_in_any_convention_is_read_as_it_was_written_or_asked_for(values, decimals, signs, around):
    cells = [_written(value, decimals, signs, around) for value in values]
    truth = [value / 10**decimals for value in values]
    question = _question(cells, Context(points=POINTS[signs[0]]))
    if question is not None:
        assert question.example in cells
        assert float(dict(question.readings)[signs[0]]) == pytest.approx(truth[cells.index(question.example)])
    answer = signs[0] if question else None
    form = column_format(dict.fromkeys(cells, 1), Context(decimal=answer, points=POINTS[signs[0]]))
    assert [value_of(cell, form) for cell in cells] == pytest.approx(truth)


@given(
    values=st.lists(st.integers(10**6, 10**10), min_size=2, max_size=6, unique=True),
    signs=st.sampled_from(CONVENTIONS),
)
def test_the_other_columns_decide_where_a_column_does_not(values, signs):
    cells = [_written(value, 3, (signs[0], ""), "{}") for value in values]
    form = column_format(dict.fromkeys(cells, 1), Context(others=lambda: signs[0]))
    assert [value_of(cell, form) for cell in cells] == pytest.approx([value / 1000 for value in values])


WRITTEN = {
    "1,234": ("1,234", ""),
    "1.234,56-": ("-1.234,56", ""),
    "(1,234)": ("-1,234", ""),
    "($5.00)": ("-5.00", "$"),
    "$ (5.00)": ("-5.00", "$"),
    "-$5": ("-5", "$"),
    "$-5": ("-5", "$"),
    "US$ 5": ("5", "US$"),
    "Rs. 500": ("500", "Rs."),
    "5,00 €": ("5,00", "€"),
    "12.5%": ("12.5", "%"),
    "1 234": ("1 234", ""),
    "1\u00a0234,5": ("1 234,5", ""),
    "1’234": ("1'234", ""),  # noqa: RUF001
    "\u22125": ("-5", ""),
    "1,23,456": ("1,23,456", ""),
    "90,067 mi.": ("90,067", "mi."),
    "80 m2": ("80", "m2"),
    "1e5": ("1", ""),
    ".5": (".5", ""),
    "49,-": ("49,", ""),
    "49,-- €": ("49,", "€"),
    "CHF 5.–": ("5.", "CHF"),  # noqa: RUF001
}


@pytest.mark.parametrize(("cell", "parts"), WRITTEN.items())
def test_a_cell_is_taken_apart(cell, parts):
    found = written(cell)
    assert found is not None
    assert (found.core, found.unit) == parts


NONE = [
    "", "-", "abc", "192.168.1.1", "1.2.3", "1-2", "10:30", "08.01.2024", "1/2", "+49 170 123 456", "5 10", "$5 kg", "--5",
    "(5", "5)", "(-5)", "1,2345,678", "12-34-5678", "5 to 7", "A4", "½",
]  # fmt: skip


@pytest.mark.parametrize("cell", NONE)
def test_a_cell_that_is_not_one_number_is_none(cell):
    assert written(cell) is None


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        ("1.5", True),
        ("-1e3", True),
        ("inf", True),
        ("007", False),
        ("0.7", True),
        ("nan", False),
        ("1_000", False),
        ("1,5", False),
        ("", False),
        ("0", True),
    ],
)
def test_plain_numbers_have_a_point_and_no_leading_zeros(cell, plain):
    assert is_plain(cell) == plain


@pytest.mark.parametrize(
    ("form", "cell"),
    [
        (ColumnFormat("numeric"), "1,050"),
        (ColumnFormat("numeric", ","), "1.5"),
        (ColumnFormat("numeric", ".", ","), "1.050,5"),
        (ColumnFormat("numeric", unit="kg"), "5 lb"),
        (ColumnFormat("numeric", ".", ","), "12,34"),
    ],
)
def test_a_cell_that_is_written_otherwise_than_its_column_is_refused(form, cell):
    with pytest.raises(ValueError, match=re.escape(cell)):
        number(cell, form)


@pytest.mark.parametrize(
    ("form", "cell", "value"),
    [
        (ColumnFormat("numeric", ".", ","), "1,050", 1050),
        (ColumnFormat("numeric", ".", ","), "1050", 1050),
        (ColumnFormat("numeric", ",", "."), "1.050,5", 1050.5),
        (ColumnFormat("numeric", unit="kg"), "5", 5),
        (ColumnFormat("numeric", unit="day"), "2 days", 2),
        (ColumnFormat("numeric", unit="h:mm"), "1:02:03.5", 3723.5),
        (ColumnFormat("numeric", unit="h:mm"), "12:30 AM", 1800),
    ],
)
def test_a_cell_is_read_as_its_column_is_written(form, cell, value):
    assert number(cell, form) == value
