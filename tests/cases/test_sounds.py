"""Folders of sounds as people have them."""

from __future__ import annotations

import pytest
from cases import writers
from cases.walk import check_answers

ANSWERED = writers.BY_MODALITY["audio"]


@pytest.mark.parametrize("writer", ANSWERED)
def test_a_model_answers_every_sound_of_its_own_folder_and_over_http_alike(writer, walked):
    walk = walked(writer)
    check_answers(walk)
    files = [(data, "audio/wav") for data in walk.written.truth["bytes"]]
    answers = walk.answers()
    assert [answer.pop("file").split("/")[-2:] for answer in answers] == [
        [kind, f"{i:03}.wav"] for kind in ("high", "low") for i in range(30)
    ]
    assert walk.served_files(files) == answers, "the file itself is a body too"


@pytest.mark.parametrize("writer", ANSWERED)
def test_every_sound_is_read_in_its_whole_length(writer, walked):
    walk = walked(writer)
    assert (walk.proposal.entry["modality"], walk.proposal.task) == ("audio", "classify")
    assert (walk.proposal.options["rate"], walk.proposal.options["seconds"]) == (writers.RATE, 0.3)
    assert walk.prepared.labels.tolist() == ["high", "low"]
    assert len(walk.table) == 60
    described = walk.case.modality.describe(walk.table, walk.case.options)
    assert described["seconds"].tolist() == [0.25] * 60
    assert walk.score > 0.9


def test_a_header_without_a_length_is_said(walked):
    assert "Sounds without a length in their header" in walked(writers.streamed).said
    assert "(60)" in walked(writers.streamed).notices


def test_what_the_finder_puts_into_a_zip_is_skipped_and_counted(walked):
    for said in (walked(writers.finder_zip).said, walked(writers.finder_zip).notices):
        assert "hidden files and folders (60)" in said
        assert "__MACOSX" in said
