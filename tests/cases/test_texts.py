"""Texts as people have them."""

from __future__ import annotations

import pytest
from cases import writers
from cases.walk import check_answers

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

ANSWERED = writers.BY_MODALITY["text"]
READ = {"vocabulary": 30_000, "ngrams": 50_000, "longest": 3, "characters": [3, 6], "character_buckets": 8192}
"""What is proposed for a few short texts."""


@pytest.mark.parametrize("writer", ANSWERED)
def test_a_model_answers_every_text_of_its_own_file_and_over_http_alike(writer, walked):
    check_answers(walked(writer))


def test_sentences_with_commas_in_cells_divided_by_semicolons_make_an_entry_that_runs(walked):
    walk = walked(writers.notes_with_semicolons)
    assert (walk.proposal.entry["modality"], walk.proposal.task) == ("text", "classify")
    assert walk.proposal.options == {"text": "body", "label": "mood", **READ}
    assert walk.table.columns["text"].tolist() == walk.written.inputs
    assert walk.score > 0.9


def test_json_lines_of_text_and_label_make_an_entry_that_runs(walked):
    walk = walked(writers.notes_in_json)
    assert (walk.proposal.entry["modality"], walk.proposal.options) == ("text", READ)
    assert walk.table.columns["text"].tolist() == walk.written.inputs
    assert walk.score > 0.9


def test_class_folders_of_documents_are_texts(walked):
    walk = walked(writers.documents)
    assert (walk.proposal.entry["modality"], walk.proposal.task) == ("text", "classify")
    assert walk.prepared.labels.tolist() == ["high", "low"]
    assert walk.table.row_id[0] == "high/000.txt"
    assert walk.table.columns["text"].tolist() == walk.written.inputs


def test_a_script_without_blanks_is_split_by_characters(walked):
    walk = walked(writers.chinese)
    assert walk.proposal.entry["modality"] == "text"
    assert walk.score > 0.95
    assert [hint for hint in walk.hints if hint.kind == "unknown"] == []


def test_words_that_nobody_knows_are_hinted_at(walked):
    walk = walked(writers.strange_words, {"characters": None, "ngrams": None})
    (hint,) = [hint for hint in walk.hints if hint.kind == "unknown"]
    assert "of the words of a text of val are unknown" in hint.text
    assert "options.characters" in hint.text


def test_of_words_that_nobody_knows_the_parts_are_read(walked):
    walk = walked(writers.strange_words)
    assert walk.proposal.options["characters"] == [3, 6]
    assert [hint for hint in walk.hints if hint.kind == "unknown"] == []
