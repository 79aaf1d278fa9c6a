import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnow.modalities import _characters, _ngrams, _words, text
from minnow.modalities._files import FileError
from minnow.types import Table

OPTIONS = text.Options(min_rows=1)


def _write(folder, content, name="rows.csv"):
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def _table(*texts):
    n = len(texts)
    return Table(
        {"text": np.array(texts, object), "label": np.array(["a"] * n)}, np.arange(n).astype(str), np.arange(n)
    )


def test_rows_keep_the_line_that_they_begin_on(tmp_path):
    _write(tmp_path, 'id,label,text\n1,yes,"two\nlines, here"\n\n2,no,one\n')
    table = text.read(tmp_path, OPTIONS)
    assert table.columns["text"].tolist() == ["two\nlines, here", "one"]
    assert table.columns["label"].tolist() == ["yes", "no"]
    assert table.row_id.tolist() == ["rows.csv:2", "rows.csv:5"]


def test_the_key_ignores_outer_white_space_and_the_label(tmp_path):
    _write(tmp_path, "text,label\n a b ,yes\na b,no\na  b,no\n")
    key = text.read(tmp_path, OPTIONS).key
    assert key[0] == key[1] != key[2]


def test_files_named_train_and_test_fix_the_side_together(tmp_path):
    _write(tmp_path, "text,label\na,x\n", "train.csv")
    assert text.read(tmp_path, OPTIONS).side is None
    _write(tmp_path, "text,label\nb,x\n", "test.csv")
    side = text.read(tmp_path, OPTIONS).side
    assert side is not None
    assert side.tolist() == ["test", "train"]


def test_other_separators_and_names(tmp_path):
    _write(tmp_path, "review::stars\nfine, thanks::5\n", "rows.dat")
    options = text.Options(file="rows.dat", separator="::", text="review", label="stars")
    table = text.read(tmp_path, options)
    assert table.columns["text"].tolist() == ["fine, thanks"]
    assert table.columns["label"].tolist() == ["5"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("txt,label\na,b\n", "No column 'text'. Did you mean 'txt'"),
        ("text,label\na,b\nc\n", r"rows.csv:3: a row needs 2 cells \(text, label\). Received: 1"),
        ("text,label\na,b,c\n", "rows.csv:2: a row needs 2 cells"),
        ('text,label\n"a"b,c\n', "rows.csv:2: not readable as delimited text"),
        (b"text,label\na,b\n\xff,b\n", "rows.csv:3: text must be UTF-8. Received byte 0xff"),
        ("text,label\n", "must hold rows"),
        ("", "It is empty"),
    ],
)
def test_a_bad_file_is_named_with_its_line(content, message, tmp_path):
    _write(tmp_path, content)
    with pytest.raises(FileError, match=message):
        text.read(tmp_path, OPTIONS)


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(FileError, match=r"must hold a file of .csv"):
        text.read(tmp_path, OPTIONS)


def test_words_are_learned_by_frequency_and_then_by_the_alphabet():
    assert _words.learn(["b a a c", "C b, d", "Don't don't"], 10) == ["a", "b", "c", "don't"]
    assert _words.learn(["b a a c", "c b"], 2) == ["a", "b"]


def test_tokens_are_in_order_with_0_for_padding_and_1_for_unknown():
    encoder = text.Encoder.fit(_table("good good lamp", "lamp"), np.array([]), OPTIONS)
    assert encoder.words == ["good", "lamp"]
    encoded = encoder.encode({"text": np.array(["Lamp WHAT", "[unknown] [pad]"], object)})
    assert encoded["tokens"].tolist() == [[3, 1, 0], [1, 1, 1]]


def test_pairs_see_the_order_of_words():
    encoder = text.Encoder(["not", "good", "bad"], 8, 16, 1000)
    a, b = encoder.encode({"text": np.array(["not good bad", "bad not good"], object)})["ngrams"]
    words = encoder.sizes["tokens"]
    assert set(a[(a > 0) & (a < words)]) == set(b[(b > 0) & (b < words)]) == {2, 3, 4}
    assert set(a[a >= words]) != set(b[b >= words])
    assert len(set(a[a >= words]) & set(b[b >= words])) == 1


def test_an_unknown_word_makes_no_pair():
    encoder = text.Encoder(["a", "b"], 4, 8, 1000)
    encoded = encoder.encode({"text": np.array(["a what b", "a b"], object)})["ngrams"]
    assert (encoded > 0).sum(axis=1).tolist() == [2, 3]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=5, max_size=5), min_size=1, max_size=6), st.integers(1, 12))
def test_ngrams_are_distinct_rising_and_padded_at_the_end(rows, width):
    found = _words.ngrams(np.array(rows, np.int32), 10, 7, width)
    assert found.shape == (len(rows), width)
    for row, ids in zip(found, rows, strict=True):
        kept = row[row > 0]
        assert (row[len(kept) :] == 0).all()
        assert (np.diff(kept) > 0).all()
        singles = {i for i in ids if i >= 2}
        assert set(kept[kept < 10].tolist()) <= singles
        if width >= 9:
            assert set(kept[kept < 10].tolist()) == singles
        assert (kept < 17).all()


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_either_refused_or_encoded(value):
    encoder = text.Encoder(["a", "b"], 4, 6, 16)
    try:
        parsed = text.parse([value], encoder)
    except ValueError:
        return
    encoded = encoder.encode(parsed)
    assert encoded["tokens"].shape == (1, 4)
    assert encoded["ngrams"].shape == (1, 6)


def test_long_texts_are_cut_to_what_was_asked_for():
    options = text.Options(max_tokens=3)
    encoder = text.Encoder.fit(_table("a b c d e", "a b c d e"), np.array([]), options)
    assert (encoder.length, encoder.width) == (3, 5)


def test_lines_and_columns_are_inputs_for_a_prediction(tmp_path):
    _write(tmp_path, "one\n\ntwo\n", "inputs.txt")
    _write(tmp_path, "id,text\n1,three\n", "inputs.csv")
    assert text.from_file(tmp_path / "inputs.txt", OPTIONS) == ["one", "two"]
    assert text.from_file(tmp_path / "inputs.csv", OPTIONS) == ["three"]
    with pytest.raises(FileError, match="not readable as JSON"):
        text.from_file(tmp_path / "none.json", OPTIONS)


def test_a_json_object_a_line_is_read_as_a_row(tmp_path):
    (tmp_path / "some.jsonl").write_text('{"text": "good, really", "stars": 5}\n\n{"stars": 1, "text": "bad"}\n')
    table = text.read(tmp_path, text.Options(label="stars"))
    assert table.columns["text"].tolist() == ["good, really", "bad"]
    assert table.columns["label"].tolist() == ["5", "1"]
    assert table.row_id.tolist() == ["some.jsonl:1", "some.jsonl:3"]
    assert text.from_file(tmp_path / "some.jsonl", text.Options()) == ["good, really", "bad"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "some.jsonl:2: not readable as JSON"),
        ("[1]", "some.jsonl:2: a line must be an object. Received: list"),
        ('{"txt": "a", "label": "b"}', "some.jsonl:2: No key 'text'. Did you mean 'txt'"),
        ('{"text": ["a"], "label": "b"}', "some.jsonl:2: 'text' must be a text, number or truth. Received: list"),
    ],
)
def test_a_line_that_is_no_row_is_refused_by_its_place(line, why, tmp_path):
    (tmp_path / "some.jsonl").write_text('{"text": "a", "label": "b"}\n' + line + "\n")
    with pytest.raises(FileError, match=re.escape(why)):
        text.read(tmp_path, text.Options())


def test_plain_files_of_one_label_each_are_read_line_by_line(tmp_path):
    (tmp_path / "x.pos").write_text("very good\n\nfine , too\n")
    (tmp_path / "x.neg").write_text("bad\n")
    (tmp_path / "other.csv").write_text("is not read\n")
    table = text.read(tmp_path, text.Options(lines={"x.pos": "positive", "x.neg": "negative"}))
    assert list(zip(table.columns["text"], table.columns["label"], strict=True)) == [
        ("very good", "positive"),
        ("fine , too", "positive"),
        ("bad", "negative"),
    ]
    assert table.row_id.tolist() == ["x.pos:1", "x.pos:3", "x.neg:1"]


def test_text_in_another_script_is_words_that_nobody_knows_not_an_error(tmp_path):
    (tmp_path / "some.csv").write_text("text,label\n" + "good lamp,yes\nbad lamp,no\n" * 3)
    options = text.Options()
    table = text.read(tmp_path, options)
    encoder = text.Encoder.fit(table, np.array(["no", "yes"]), options)
    encoded = encoder.encode(text.parse(["\u597d\u706f", "\u0644\u0645\u0628\u0629"], encoder))
    assert encoded["tokens"][:, 0].tolist() == [1, 1]
    assert (encoded["ngrams"] == 0).all()


def _plain(row, words, levels):
    """Ids of a row's known words and n-grams, the slow way."""
    found, names = {i for i in row if i >= 2}, {}
    first = words
    for level, (left, right) in enumerate(levels, 2):
        for place, (a, b) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
            names[first + place] = (*names.get(a, (a,)), b)
        first += len(left)
        grams = {tuple(row[i : i + level]) for i in range(len(row) - level + 1)}
        found |= {name for name, gram in names.items() if gram in grams}
    return sorted(found)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), min_size=6, max_size=6), min_size=1, max_size=8), st.integers(2, 12))
def test_chosen_ngrams_are_found_wherever_they_stand(rows, most):
    ids = np.array(rows, np.int32)
    answers = np.eye(2)[np.arange(len(rows)) % 2]
    kept, chains = _ngrams.learn(ids, 6, answers, most, 3)
    new = _ngrams.renumbered(ids, kept)
    found = chains.find(new, 20)
    for row, one in zip(found, new.tolist(), strict=True):
        assert row[row > 0].tolist() == _plain(one, chains.words, chains.levels)
    again = _ngrams.unpacked(_ngrams.packed(chains), chains.words)
    np.testing.assert_array_equal(again.find(new, 20), found)


def test_the_ngrams_that_tell_the_label_are_chosen():
    """Every word stands in as many texts of both labels; who follows whom tells them apart."""
    table = _table(*["aa not bb cc", "aa not cc bb"] * 20)
    table.columns["label"] = np.array(["yes", "no"] * 20)
    encoder = text.Encoder.fit(table, np.array(["no", "yes"]), text.Options(ngrams=10, longest=2))
    words = dict(enumerate(encoder.words, 2))
    ((left, right),) = encoder.chains.levels
    pairs = {(words[a], words[b]) for a, b in zip(left.tolist(), right.tolist(), strict=True)}
    assert pairs == {("not", "bb"), ("bb", "cc"), ("not", "cc"), ("cc", "bb")}, "'aa not' stands in all of them"


def test_words_of_no_chosen_ngram_are_unknown():
    table = _table(*["good lamp the", "bad lamp the"] * 10)
    table.columns["label"] = np.array(["yes", "no"] * 10)
    encoder = text.Encoder.fit(table, np.array(["no", "yes"]), text.Options(ngrams=10, longest=1))
    assert sorted(encoder.words) == ["bad", "good"]
    good = 2 + encoder.words.index("good")
    assert encoder.encode({"text": np.array(["the good lamp"], object)})["tokens"].tolist() == [[1, good, 1]]


@pytest.mark.parametrize("more", [{"ngrams": 12, "longest": 3}, {"characters": [2, 4], "keep": "end"}])
def test_an_encoder_comes_back_from_disk(more, tmp_path):
    table = _table(*["a very good lamp, d\u00e9j\u00e0", "a very bad lamp"] * 6)
    table.columns["label"] = np.array(["yes", "no"] * 6)
    encoder = text.Encoder.fit(table, np.array(["no", "yes"]), text.Options(max_tokens=4, **more))
    encoder.save(tmp_path)
    again = text.Encoder.load(tmp_path)
    columns = {"text": np.array(["a very very good lamp", "\u597d", "x"], object)}
    for name, value in encoder.encode(columns).items():
        np.testing.assert_array_equal(again.encode(columns)[name], value)
    assert again.sizes == encoder.sizes


def test_a_text_may_be_read_from_its_end():
    table = _table("a b c d e", "a b c d e")
    ends = [
        text.Encoder.fit(table, np.array([]), text.Options(max_tokens=2, keep=keep)) for keep in ("beginning", "end")
    ]
    found = [[one.words[i - 2] for i in one.encode(table.columns)["tokens"][0]] for one in ends]
    assert found == [["a", "b"], ["d", "e"]]


def test_characters_are_those_of_one_text_whatever_its_neighbours():
    texts = np.array(["abc", "Abc  d\n", "x", "\u597d\u706f"], object)
    found = _characters.ngrams(texts, (2, 3), 2**20, None)
    alone = [_characters.ngrams(texts[i : i + 1], (2, 3), 2**20, found.shape[1])[0] for i in range(len(texts))]
    np.testing.assert_array_equal(found, alone)
    assert [(row > 0).sum() for row in found] == [4 + 3, 6 + 5, 2 + 1, 3 + 2], "a blank stands before and behind"
    assert len(set(found[0].tolist()) & set(found[1].tolist()) - {0}) == 3 + 2 + 2, (
        "' abc ' is the beginning of ' abc d '"
    )


def test_lengths_of_characters_rise():
    with pytest.raises(ValueError, match=r"shortest length first.*Received: \[5, 2\]"):
        text.Options(characters=[5, 2])


@pytest.mark.parametrize("more", [{}, {"ngrams": 10}, {"characters": [2, 3]}])
def test_unknown_words_alone_and_the_longest_text_have_an_answer(more):
    table = _table(*["good lamp", "bad lamp"] * 6)
    table.columns["label"] = np.array(["yes", "no"] * 6)
    encoder = text.Encoder.fit(table, np.array(["no", "yes"]), text.Options(max_tokens=3, **more))
    texts = ["\u597d\u706f", "\u0644\u0645\u0628\u0629 \u0633\u064a\u0626\u0629", "lamp " * 20_000]
    encoded = encoder.encode(text.parse(texts, encoder))
    assert (encoded["ngrams"][:2] == 0).all()
    assert encoded["tokens"].shape == (3, encoder.length)
    assert (encoded["ngrams"] < encoder.sizes["ngrams"]).all()
