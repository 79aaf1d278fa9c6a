"""First lines: names of columns, rows already, and what stands above and below a table."""

import numpy as np
import pytest

from minnow.tables.errors import FileError, HeaderError

NAMED = {
    "numbered from 0": ("0,1,2,y\n0.5,0.6,0.7,u\n0.4,0.5,0.6,v\n", ["0", "1", "2", "y"]),
    "numbered, with an index": (",0,1,y\n7,0.5,0.6,u\n9,0.4,0.5,v\n", ["0", "1", "y"]),
    "years": ("country,2019,2020,y\nde,1.5,2.5,u\nfr,2.5,3.5,v\n", ["country", "2019", "2020", "y"]),
    "months": ("region,2020-01,2020-02,y\nde,1.5,2.5,u\nfr,2.5,3.5,v\n", ["region", "2020-01", "2020-02", "y"]),
    "wavelengths": ("400,410,420,430,y\n.1,.2,.3,.2,u\n.3,.1,.2,.4,v\n", ["400", "410", "420", "430", "y"]),
    "spans of time": ("24h,7d,y\n1.5,2.5,u\n2.5,3.5,v\n", ["24h", "7d", "y"]),
    "line breaks": ('"unit\nprice",y\n1,u\n2,v\n', ["unit price", "y"]),
    "units": ("temp [°C],pulse [/min],y\n37,80,u\n38,90,v\n", ["temp [°C]", "pulse [/min]", "y"]),
    "texts above texts": ("colour,y\nred,u\nblue,v\nred,u\n", ["colour", "y"]),
    "names that are values too": ("y,week,trt\ny,0,drug\nn,2,drug\ny,4,drug+\ny,2,drug\n", ["y", "week", "trt"]),
    "one row": ("a,b,y\n1,x,u\n", ["a", "b", "y"]),
    "a separator at the end of the header": ("a;b;y;\n1;2;u\n3;4;v\n", ["a", "b", "y"]),
    "a separator at the end of rows": ("a;b;y\n1;2;u;\n3;4;v;\n", ["a", "b", "y"]),
    "a separator at the end of some rows": ("a;b;y\n1;2;u;\n3;4;v\n5;6;u\n", ["a", "b", "y"]),
    "a separator at the end of all lines": ("a;b;y;\n1;2;u;\n3;4;v;\n", ["a", "b", "y"]),
    "columns without anything": ("a,b,y,,,\n1,2,u,,,\n3,4,v,,,\n", ["a", "b", "y"]),
    "names of rows, as R writes them": ('"mpg","y"\n"Mazda RX4",21,"u"\n"Valiant",18,"v"\n', ["mpg", "y"]),
    "an index": (",a,y\n0,1,u\n1,2,v\n", ["a", "y"]),
    "a shuffled index": (",a,y\n5,1,u\n1,2,v\n3,1,u\n", ["a", "y"]),
    "an index with repetitions": (",a,y\n0,1,u\n1,2,v\n0,1,u\n", ["a", "y"]),
    "an index that was read and written": ("Unnamed: 0,a,y\n0,1,u\n1,2,v\n", ["a", "y"]),
    "an index of two levels": (",,a,y\n0,1,1,u\n0,2,2,v\n", ["a", "y"]),
    "an index of dates, which are data": (",a,y\n2024-01-01,1,u\n2024-01-02,2,v\n", ["column 1", "a", "y"]),
    "a column that lacks its name": ("a,,y\n1,0.5,u\n2,0.4,v\n", ["a", "column 2", "y"]),
    "names that occur twice": ("a,a,a (2),y\n1,2,3,u\n3,4,5,v\n", ["a", "a (3)", "a (2)", "y"]),
}


@pytest.mark.parametrize(("content", "names"), NAMED.values(), ids=NAMED)
def test_columns_have_the_names_that_the_file_gives_them(content, names, read):
    assert list(read(content).columns) == names


SPOKEN = [
    ("a;b;y\n1;2;u;\n3;4;v;\n", "Each row of rows.csv ends with an empty cell, which is not read."),
    ("a,,y\n1,0.5,u\n2,0.4,v\n", "A column has no name in the header and is read as 'column 2'."),
    ("a,b,y,,\n1,2,u,,\n3,4,v,,\n", "2 columns (4, 5) have no name and no cells, and are not read."),
    (",a,y\n5,1,u\n1,2,v\n", "The first column, which has no name, numbers the rows and is not read."),
    (
        '"mpg","y"\n"Mazda",21,"u"\n"Valiant",18,"v"\n',
        "The first column, which has no name, names the rows and is not read.",
    ),
    ("a,a,y\n1,2,u\n3,4,v\n", "rows.csv has 2 columns named 'a'; the second one is read as 'a (2)'."),
    (
        "a,b,y\n[s],[°C],\n1,2,u\n3,4,v\n",
        "The line below the header of rows.csv, of names or units, is not read: '[s] [°C]'.",
    ),
    (
        '"TOA5","CR1000","x","y","z"\na,b,y\ns,V,\nSmp,Avg,\n1,2,u\n3,4,v\n',
        "2 lines below the header of rows.csv, of names or units, are not read: 's V Smp Avg'.",
    ),
    ("Sales 2024\n\na,b,y\n1,2,u\n3,4,v\n", "The first line of rows.csv is not read: 'Sales 2024'."),
    ("# a\n# b\na,b,y\n1,2,u\n3,4,v\n", "2 lines above the table in rows.csv are not read: '# a # b'."),
    ("Sales;;\n;;\na;b;y\n1;2;u\n3;4;v\n", "2 lines above the table in rows.csv are not read: 'Sales'."),
    ("a,b,y\n1,2,u\n3,4,v\n\nTotal: 2 rows\n", "The last row of rows.csv is not read: 'Total: 2 rows'."),
    ("a;b;y\n1;2;u\n3;4;v\nSumme:;6;\n", "The last row of rows.csv is not read: 'Summe: 6'."),
    ("a;b;y\n1;2;u\n3;4;v\n;Total;\n", "The last row of rows.csv is not read: 'Total'."),
    ("a;b;y\n1;2;u\n3;4;v\n;;\n;;\n", "The last 2 rows of rows.csv are empty and not read."),
    (
        "a,b,y\n1,2,u\na,b,y\n3,4,v\n",
        "The header of rows.csv occurs once more between its rows, and is not read there.",
    ),
]


@pytest.mark.parametrize(("content", "sentence"), SPOKEN)
def test_what_is_left_out_is_said_and_the_rest_is_right(content, sentence, read, said):
    assert sentence in said(content)
    table = read(content)
    assert table.columns["y"].tolist() == ["u", "v"]
    assert len(next(iter(table.columns.values()))) == 2


ROWS = {
    "numbers and a class": "5.1,3.5,setosa\n4.9,3.0,setosa\n6.0,2.2,other\n",
    "classes": "vhigh,2,small\n" + "high,2,small\nvhigh,4,big\n" * 9,
    "dates": "2024-01-01,5.2,u\n2024-01-02,5.3,v\n2024-01-03,5.4,u\n",
    "texts and classes": "I like it,pos\nIt is bad,neg\n"
    + "".join(f"text {i},{('pos', 'neg')[i % 2]}\n" for i in range(9)),
    "currencies": "$5,u\n$6,v\n$7,u\n",
    "32 numbers": "\n".join(",".join(f"{np.sin(31 * i + 7 * j):.4f}" for j in range(32)) for i in range(30)),
    "decimal commas": "1,5;2,5\n3,5;4,5\n",
}


@pytest.mark.parametrize("content", ROWS.values(), ids=ROWS)
def test_a_first_line_that_is_a_row_is_refused_with_its_cells(content, read):
    with pytest.raises(HeaderError, match=r"must begin with the names of its columns.*options.header") as error:
        read(content)
    separator = ";" if ";" in content else ","
    assert list(error.value.first) == content.split("\n")[0].split(separator)
    assert error.value.width == len(error.value.first)


def test_names_that_are_given_replace_those_of_the_file(read, said):
    content, header = "x1,x2,lab\n1.5,2.5,u\n2.5,3.5,v\n", ["a", "b", "y"]
    assert len(read(content, header=header)) == 2
    assert "holds names, which options.header replaces: 'x1, x2, lab'" in said(content, header=header)
    assert "header" not in said("A, B, y\n1.5,2.5,u\n2.5,3.5,v\n", header=header)


def test_names_that_are_given_and_separators_at_the_end(read):
    table = read("1.5;2.5;u;\n2.5;3.5;v;\n", header=["a", "b", "y"])
    assert table.columns["y"].tolist() == ["u", "v"]


def test_a_target_that_is_named_twice_is_refused(read):
    with pytest.raises(FileError, match=r"must name column 'y' once. It does 2 times"):
        read("a,y,y\n1,2,3\n4,5,6\n")


@pytest.mark.parametrize("content", ["", "\n \n\n", "\ufeff"])
def test_a_file_without_anything_is_refused(content, read):
    with pytest.raises(FileError, match=r"must hold rows. It is empty"):
        read(content)


def test_a_file_with_names_alone_has_no_rows(read):
    with pytest.raises(FileError, match=r"must hold rows. It holds none"):
        read("a,b,y\n")


@pytest.mark.parametrize("last", ["7,8", "9", "{broken", "text"])
def test_a_row_that_is_cut_off_is_refused(last, read):
    with pytest.raises(FileError, match=r"rows.csv:4: a row needs 3 cells"):
        read(f"a,b,y\n1,2,u\n3,4,v\n{last}\n")


def test_a_first_row_of_texts_that_are_not_units_stays(read):
    assert len(read("a,b,y\nn.d.,n.d.,u\n1,2,u\n3,4,v\n", missing=["n.d."])) == 3
    assert len(read("a,b,y\nred,5,u\n1,2,u\n3,4,v\n")) == 3


@pytest.mark.parametrize("row", [";;", "Total;;", "Total;6;w"])
def test_rows_that_are_empty_or_sums_are_rows_where_others_follow(row, read):
    table = read(f"a;b;y\nx;2;u\n{row}\nz;4;v\n")
    assert table.row_id.tolist() == ["rows.csv:2", "rows.csv:3", "rows.csv:4"]


def test_a_last_row_without_gaps_is_a_row(read):
    assert read("a;b;y\nx;2;u\nz;4;v\nTotal;6;w\n").columns["a"].tolist() == ["x", "z", "Total"]
