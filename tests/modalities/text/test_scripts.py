"""Scripts without blanks: each of their characters is a word, where train holds such texts or an option says so."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from minnow.modalities import text
from minnow.modalities.text import scripts
from minnow.modalities.text.splitting import split
from minnow.modalities.text.words import hashed_pairs
from minnow.types import Table

ENGLISH = ["the lamp is good", "the lamp is bad"]
CHINESE = ["我的手机很好用", "我的手机太差了"]


def _table(texts, labels=()):
    columns = {"text": np.array(texts, object), "label": np.array(labels or ["a"] * len(texts))}
    return Table(columns, np.arange(len(texts)).astype(str), np.arange(len(texts), dtype=np.uint64))


def _fit(texts, **options):
    return text.fit_encoder(_table(texts), np.array([]), text.Options(**options))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("太差了\uff0c不好", ["太", "差", "了", "\uff0c", "不", "好"]),
        ("我的iPhone 15太差", ["我", "的", "iphone", "15", "太", "差"]),
        ("スーパーは良い", ["ス", "ー", "パ", "ー", "は", "良", "い"]),
        ("ที่นี่ดี ๒๕", ["ที่", "นี่", "ดี", "๒๕"]),
        ("ດີຫຼາຍ", ["ດີ", "ຫຼ", "າ", "ຍ"]),
        ("ល្អណាស់", ["ល្", "អ", "ណា", "ស់"]),
        ("ကောင်း", ["ကော", "င်း"]),
        ("不\u200b好", ["不", "好"]),
        ("don't 한국어 d\u00e9j\u00e0", ["don't", "한국어", "d\u00e9j\u00e0"]),
    ],
)
def test_characters_keep_their_marks_and_other_scripts_their_words(value, words):
    assert split([value], characters=True) == [words]


def test_texts_of_a_script_without_blanks_are_split_and_others_are_not():
    assert _fit(CHINESE).words == ["我", "手", "机", "的"]
    assert "lamp" in _fit(ENGLISH).words
    assert not _fit(ENGLISH).layout.split_characters


def test_one_text_in_a_hundred_is_enough_and_fewer_are_not():
    most = ENGLISH * 50
    assert _fit([*most[1:], CHINESE[0]]).layout.split_characters
    assert not _fit([*most, *most, CHINESE[0]]).layout.split_characters


@pytest.mark.parametrize("split", [True, False])
def test_an_option_overrules_what_train_holds(split):
    for texts in (ENGLISH * 2, CHINESE * 2):
        encoder = _fit(texts, split_characters=split)
        assert encoder.layout.split_characters is split
        assert ("我" in encoder.words) is (split and texts[0] == CHINESE[0])


def test_words_that_are_separated_already_stay_whole():
    segmented = ["我 的 手机 很 好用", "我 的 手机 太 差 了"]
    assert scripts.unspaced(segmented) == 0
    assert "手机" in _fit(segmented).words
    assert scripts.unspaced(["ភាសា\u200bខ្មែរ\u200bល្អ\u200bណាស់"]) == 0
    assert scripts.unspaced(["ฉันชอบที่นี่มาก แต่อาหารไม่อร่อย", "好", "ツ", "plain", "d\u00e9j\u00e0"]) == 3


def test_neighbours_are_pairs_whatever_their_order_in_the_vocabulary():
    encoder = _fit(["不好不好", "好不好不"])
    ids = encoder.encode({"text": np.array(["不好", "好不"], object)})["tokens"]
    pairs = hashed_pairs(ids, len(encoder.words) + 2, 1000).padded(5)
    assert pairs[0, :2].tolist() == pairs[1, :2].tolist()
    assert pairs[0, 2] != pairs[1, 2]


def test_the_mode_is_in_the_file_of_the_encoder_only_where_it_is_on(tmp_path):
    for name, texts in (("a", ENGLISH), ("b", CHINESE)):
        encoder = _fit(texts)
        encoder.save(tmp_path / name)
        assert text.load_encoder(tmp_path / name).layout == encoder.layout
    written = {name: json.loads((tmp_path / name / "encoder.json").read_text()) for name in "ab"}
    assert "split_characters" not in written["a"]
    assert written["b"]["split_characters"] is True
    assert set(written["a"]) == {"length", "width", "buckets", "keep", "char_ngrams"}


def test_an_encoder_from_before_there_were_modes_splits_words(tmp_path):
    encoder = _fit(CHINESE * 2, split_characters=False)
    encoder.save(tmp_path)
    again = text.load_encoder(tmp_path)
    assert again.words == sorted(CHINESE)
    assert again.encode({"text": np.array(CHINESE[:1], object)})["tokens"][0, 0] > 1


def test_the_share_of_unknown_words_is_known():
    value = {"text": np.array(["手机好", "手 lamp", ""], object)}
    shares = [text.CAPABILITIES.unknown(encoder.encode(value), encoder) for encoder in (_fit(CHINESE), _fit(ENGLISH))]
    assert [share.round(2).tolist() for share in shares] == [[0.33, 0.5, 0], [1, 0.5, 0]]


def test_splitting_is_said_with_counts(tmp_path):
    rows = "".join(f"{CHINESE[i % 2]},{'ab'[i % 2]}\n" for i in range(20))
    (tmp_path / "rows.csv").write_text("text,label\nplain,a\n" + rows, encoding="utf-8")
    (notice,) = text.read(tmp_path, text.Options()).notices
    assert notice.text.startswith("20 of 21 texts are in a script that is written without blanks")
    assert "options.split_characters" in notice.text
    assert not text.read(tmp_path, text.Options(split_characters=False)).notices


def test_chinese_moods_are_told_by_characters_and_their_pairs():
    """Every text differs, and only the phrase at its end tells the mood."""
    rng = np.random.default_rng(0)
    things, good, bad = (
        ["我的手机", "厨房的灯", "旧的椅子"],
        ["非常好用", "很喜欢", "值得推荐"],
        ["太差了", "很失望", "经常坏掉"],
    )
    moods = rng.integers(0, 2, 240)
    texts = [
        f"{rng.choice(things)}第{i}次{rng.choice(things)}{rng.choice([bad, good][mood])}"
        for i, mood in enumerate(moods)
    ]
    encoder = _fit(texts[:160])
    ids = encoder.encode({"text": np.array(texts, object)})["ngrams"]
    bags = np.zeros((240, encoder.cardinalities["ngrams"]))
    np.put_along_axis(bags, ids, 1, axis=1)
    model = LogisticRegression().fit(bags[:160], moods[:160])
    assert model.score(bags[160:], moods[160:]) == 1
