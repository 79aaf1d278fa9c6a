"""Class folders of documents, as folders and as zips: what is a text, which class it has, and what is left out."""

import re
import zipfile

import numpy as np
import pytest

from minnow.folders import FolderError
from minnow.modalities import text
from minnow.tables.errors import FileError

OPTIONS = text.Options(min_rows=1)


def _write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def _documents(count=12, top=""):
    return {f"{top}{label}/{i}.txt": f"{label} {i}\nmore\n" for label in ("neg", "pos") for i in range(count)}


def _classes(table):
    names, counts = np.unique(table.columns["label"], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def _said(table):
    return " ".join(notice.text for notice in table.notices)


def _encoder(table, options=OPTIONS):
    return text.fit_encoder(table, np.unique(table.columns["label"]), options)


def test_each_file_is_a_text_and_its_folder_the_label(tmp_path):
    table = text.read(_write(tmp_path, _documents()), OPTIONS)
    assert _classes(table) == {"neg": 12, "pos": 12}
    assert table.columns["text"][0] == "neg 0\nmore\n"
    assert table.row_id[0] == "neg/0.txt"
    assert table.split is None
    assert not table.notices


def test_what_lies_beside_documents_is_counted_and_named(tmp_path):
    beside = {
        **dict.fromkeys(("README.txt", ".hidden/a.txt", "pos/.DS_Store", "pos/._1.txt", "__MACOSX/pos/1.txt"), "x"),
        "notes.txt": "a stray",
        "pos/picture.png": "x",
    }
    table = text.read(_write(tmp_path, _documents() | beside), OPTIONS)
    assert _classes(table) == {"neg": 12, "pos": 12}
    said = _said(table)
    for part in (
        "files for people, by their names (1): README.txt",
        "hidden files and folders (4): .hidden, __MACOSX, pos/.DS_Store",
        "files outside of class folders (1): notes.txt",
        "files with the ending .png (1): pos/picture.png",
    ):
        assert part in said


def test_a_document_in_a_class_may_have_any_name(tmp_path):
    table = text.read(_write(tmp_path, _documents() | {"pos/README.txt": "x"}), OPTIONS)
    assert _classes(table) == {"neg": 12, "pos": 13}


def test_folders_of_splits_hold_class_folders(tmp_path):
    """As the reviews of films of Maas et al. 2011 are laid out."""
    files = _documents(top="train/") | _documents(6, top="test/") | {f"train/unsup/{i}.txt": "x" for i in range(5)}
    strays = {"imdbEr.txt": "0.1\n0.2\n", "train/urls_pos.txt": "http", "train/labeledBow.feat": "1", "README": "x"}
    _write(tmp_path / "acl", files | strays)
    table = text.read(tmp_path / "acl", OPTIONS)
    assert _classes(table) == {"neg": 18, "pos": 18, "unsup": 5}
    assert table.split is not None
    assert np.unique(table.split, return_counts=True)[1].tolist() == [12, 29]
    assert "files outside of class folders (2): imdbEr.txt, train/urls_pos.txt" in _said(table)
    options = text.Options(missing=["unsup"], drop_unlabelled=True)
    table = text.read(tmp_path / "acl", options)
    assert _classes(table) == {"neg": 18, "pos": 18}
    assert "The 5 documents in 'unsup' have no label (options.missing)." in _said(table)
    assert table.unlabelled is not None
    assert table.unlabelled.row_id.tolist() == [f"train/unsup/{i}.txt" for i in range(5)]


def test_a_zip_is_read_as_its_folder(tmp_path):
    _write(tmp_path / "folder", _documents())
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        for name, content in (_documents() | {"__MACOSX/pos/._1.txt": "x"}).items():
            archive.writestr(name, content)
    folder, zipped = (text.read(tmp_path / name, OPTIONS) for name in ("folder", "some.zip"))
    assert zipped.row_id.tolist() == folder.row_id.tolist()
    np.testing.assert_array_equal(zipped.key, folder.key)
    assert "__MACOSX/pos/._1.txt" in _said(zipped)


def test_each_document_has_an_encoding_of_its_own(tmp_path):
    encodings = ["utf-8", "utf-8-sig", "utf-16", "cp1252"]
    files = {
        f"{label}/{i}.txt": f"Gr\u00fc\u00dfe an M\u00fcller {i}".encode(encodings[i % 4])
        for label in "ab"
        for i in range(8)
    }
    table = text.read(_write(tmp_path, files), OPTIONS)
    assert table.columns["text"].tolist() == [f"Gr\u00fc\u00dfe an M\u00fcller {i}" for i in range(8)] * 2
    assert "4 documents are read as Windows-1252, since they are not UTF-8: a/3.txt, a/7.txt, b/3.txt" in _said(table)
    (tmp_path / "a/9.txt").write_bytes("Łódź".encode("cp1250"))
    options = text.Options(encoding="cp1250", max_lost=1)
    assert "Łódź" in text.read(tmp_path, options).columns["text"].tolist()


def test_documents_that_cannot_be_read_are_lost_to_their_class(tmp_path):
    _write(tmp_path, _documents() | {"pos/odd.txt": bytes(range(256))})
    table = text.read(tmp_path, OPTIONS)
    assert len(table) == 24
    assert "documents that cannot be read (1): pos/odd.txt (must hold text. Received: binary data." in _said(table)
    _write(tmp_path, {"pos/b.txt": b"\x89PNG"})
    with pytest.raises(FolderError, match=r"2 of 14 files of the class 'pos' cannot be read: .* options.max_lost"):
        text.read(tmp_path, OPTIONS)
    assert len(text.read(tmp_path, text.Options(max_lost=0.2))) == 24


def test_documents_without_an_ending_are_read_where_most_files_are_such(tmp_path):
    files = {f"{label}/{51000 + i}": f"From: {label}" for label in ("alt.atheism", "sci.space") for i in range(8)}
    assert _classes(text.read(_write(tmp_path, files), OPTIONS)) == {"alt.atheism": 8, "sci.space": 8}


def test_spellings_of_a_class_are_merged_and_none_is_a_class(tmp_path):
    files = {f"{label}/{i}.txt": str(i) for label in ("None", "Pos", "pos") for i in range(4)}
    table = text.read(_write(tmp_path, files), text.Options(label_as={"Pos": "pos"}))
    assert _classes(table) == {"None": 4, "pos": 8}


def test_a_table_of_texts_beside_documents_is_read_and_the_documents_are_counted(tmp_path):
    table = text.read(_write(tmp_path, _documents() | {"rows.csv": "text,label\na b,x\nc d,y\n"}), OPTIONS)
    assert table.columns["text"].tolist() == ["a b", "c d"]
    assert "24 documents in folders are not read" in _said(table)


def test_a_list_of_files_beside_documents_is_no_table_of_texts(tmp_path):
    table = text.read(_write(tmp_path, _documents() | {"files.csv": "file,size\na,1\nb,2\n"}), OPTIONS)
    assert len(table) == 24
    assert "files.csv" in _said(table)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"some.zip": None}, "must hold class folders of documents (.txt)"),
        ({"a.csv.zip": None}, "files with the ending .csv (1): rows.csv"),
    ],
)
def test_a_zip_without_documents_is_refused_with_what_it_holds(files, message, tmp_path):
    (name,) = files
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        archive.writestr("rows.csv", "text,label\n")
    with pytest.raises(FileError, match=re.escape(message)):
        text.read(tmp_path / name, OPTIONS)


def _answered(place, table, encoder, options=OPTIONS):
    """Columns of the inputs of a file; they must be encoded as the training rows are."""
    columns = text.parse(list(text.from_file(place, options, encoder)), encoder)
    np.testing.assert_array_equal(encoder.encode(columns)["ngrams"], encoder.encode(table.columns)["ngrams"])
    return columns


def test_a_folder_zip_or_document_of_training_is_answered_with_its_names(tmp_path, caplog):
    _write(tmp_path / "docs", _documents() | {"README.txt": "x", "notes.txt": "y"})
    table = text.read(tmp_path / "docs", OPTIONS)
    _encoder(table).save(tmp_path / "encoder")
    encoder = text.load_encoder(tmp_path / "encoder")
    columns = _answered(tmp_path / "docs", table, encoder)
    assert text.CAPABILITIES.about(columns, encoder)["file"] == table.row_id.tolist()
    assert "notes.txt" in caplog.text
    (one,) = text.from_file(tmp_path / "docs/pos/3.txt", OPTIONS, encoder)
    assert one == "pos 3\nmore\n"
    _write(tmp_path / "new", {"b.txt": "one\ntwo", "a.txt": "three"})
    assert list(text.from_file(tmp_path / "new", OPTIONS, encoder)) == ["three", "one\ntwo"]
    with pytest.raises(FileError, match="It holds none"):
        list(text.from_file(tmp_path / "encoder", OPTIONS, encoder))


def test_a_document_that_cannot_be_read_is_left_out_of_answers_and_named(tmp_path, caplog):
    table = text.read(_write(tmp_path, _documents() | {"pos/odd.txt": b"\x89PNG"}), OPTIONS)
    _answered(tmp_path, table, _encoder(table))
    assert "pos/odd.txt" in caplog.text


def test_the_kind_of_files_is_in_the_file_of_the_encoder_only_for_documents(tmp_path):
    _encoder(text.read(_write(tmp_path / "docs", _documents()), OPTIONS)).save(tmp_path / "a")
    (tmp_path / "rows.csv").write_text("text,label\na b,x\nc d,y\n")
    _encoder(text.read(tmp_path / "rows.csv", OPTIONS)).save(tmp_path / "b")
    assert '"documents": true' in (tmp_path / "a/encoder.json").read_text()
    assert "documents" not in (tmp_path / "b/encoder.json").read_text()
