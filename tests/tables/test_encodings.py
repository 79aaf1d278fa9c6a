"""Text in the encodings that programs write: found, or named with the option."""

import gzip

import pytest

from minnow.tables.encodings import text_of
from minnow.tables.errors import FileError

GERMAN = "Größe;Länge;y\n1;2;groß\n3;4;süß\n5;6;groß\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_encoding_is_found(encoding, read):
    table = read(GERMAN.encode(encoding))
    assert list(table.columns) == ["Größe", "Länge", "y"]
    assert set(table.columns["y"]) == {"groß", "süß"}


def test_windows_1252_is_said_with_a_word_that_shows_it(said):
    assert "rows.csv is read as Windows-1252, since it is not UTF-8: 'Größe' (options.encoding" in said(
        GERMAN.encode("cp1252")
    )
    assert "Windows" not in said(GERMAN.encode("cp1252"), encoding="cp1252")


@pytest.mark.parametrize(
    "text",
    [
        "prénom,y\nÉlodie,cœur\nZoë,été\n",
        "año,y\n1,¿qué?\n2,señor\n",
        "price,y\n5 €,a\n7 €,b\n",
        "text,y\nIt’s “good” – really…,a\nDon’t,b\n",  # noqa: RUF001
        "temp [°C],y\n25,a\n26,b\n",
        "Größe,y\n25,a\n26,b\n",
    ],
)
def test_western_texts_are_windows_1252(text, read):
    assert set(read(text.encode("cp1252")).columns["y"]) == set(read(text).columns["y"])


OTHERS = [
    ("город,y\nМосква,муж\nКазань,жен\n", "cp1251"),  # noqa: RUF001
    ("город,y\nМосква,муж\n", "koi8_r"),  # noqa: RUF001
    ("城市,y\n北京,男\n上海,女\n", "gb18030"),
    ("性別,y\n男,a\n女,b\nひらがな,a\n", "shift_jis"),
    ("miasto,y\nŁódź,żona\nKraków,mąż\nWrocław,mężczyzna\n", "cp1250"),
    ("prénom,y\nRené,café\nAimée,thé\n", "mac_roman"),
    ("Größe,y\n1,süß\n2,groß\n", "cp850"),
]


@pytest.mark.parametrize(("text", "encoding"), OTHERS, ids=[encoding for _, encoding in OTHERS])
def test_another_encoding_is_asked_for_and_read_where_it_is_named(text, encoding, read):
    with pytest.raises(
        FileError, match=r"rows.csv:\d+: text must be UTF-8, .* Name the encoding under options.encoding"
    ):
        read(text.encode(encoding))
    assert set(read(text.encode(encoding), encoding=encoding).columns["y"]) == set(read(text).columns["y"])


def test_an_unknown_encoding_is_named_with_examples(read):
    with pytest.raises(FileError, match=r"options.encoding: 'utf8x' is no encoding of text in Python. Examples: utf-8"):
        read("a,y\n1,x\n", encoding="utf8x")


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "utf-16-le"])
def test_the_mark_is_skipped_where_the_encoding_is_named_too(encoding, read):
    content = "\ufeffa,y\n1,x\n2,z\n".encode(encoding)
    assert list(read(content, encoding=encoding).columns) == ["a", "y"]


def test_the_mark_of_a_document_is_skipped():
    assert text_of("a.txt", "\ufeffgrün".encode(), "utf-8") == text_of("a.txt", "\ufeffgrün".encode()) == "grün"


def test_a_wrongly_named_encoding_is_refused_with_the_option(read):
    with pytest.raises(FileError, match=r"not readable as text: .* Name its encoding under options.encoding"):
        read(GERMAN.encode("cp1252"), encoding="utf-8")


@pytest.mark.parametrize("file", ["rows.csv.gz", "ROWS.CSV.GZ"])
def test_compressed_text_is_read(file, read):
    assert read(gzip.compress(GERMAN.encode("cp1252")), called=file).columns["y"].tolist() == ["groß", "süß", "groß"]


def test_a_compressed_file_that_is_cut_off_is_named(read):
    with pytest.raises(FileError, match=r"rows\.csv\.gz"):
        read(gzip.compress(GERMAN.encode() * 999)[:200], called="rows.csv.gz")
