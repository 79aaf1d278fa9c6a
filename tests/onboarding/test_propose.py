"""Proposals: what is derived from somebody's data, and what is refused."""

import numpy as np
import pytest

from minnow.config import ConfigError
from minnow.onboarding.proposal import Request, options_of
from minnow.onboarding.propose import propose

RNG = np.random.default_rng(0)
N = 120


def _csv(folder, header, line, file="rows.csv", n=N):
    path = folder / file
    path.write_text("\n".join([header, *(line(i) for i in range(n))]) + "\n")
    return path


def _birds(folder):
    return _csv(folder, "id,wing,weight,kind", lambda i: f"{i},{RNG.normal():.2f},{RNG.normal():.3f},{'ab'[i % 2]}")


def _entry(data, **request):
    return propose(data, Request(**request)).entry


def test_a_table_with_a_class(tmp_path):
    proposal = propose(_birds(tmp_path), Request())
    assert (proposal.entry["modality"], proposal.entry["task"]) == ("tabular", "classify")
    assert proposal.entry["options"] == {"target": "kind", "drop": ["id"]}
    assert set(proposal.reasons) >= {"modality", "task", "options.target", "options.drop", "split", "families"}


def test_a_number_to_be_estimated(tmp_path):
    path = _csv(tmp_path, "a;b;price", lambda i: f"{i % 7};{RNG.normal():.2f};{RNG.normal():.2f}".replace(".", ","))
    entry = _entry(path)
    assert entry["task"] == "regress"
    assert entry["options"] == {"target": "price"}


def test_a_date_makes_the_exam_what_came_last(tmp_path):
    path = _csv(tmp_path, "day,a,answer", lambda i: f"2024-{1 + i % 12:02}-{1 + i % 28:02},{RNG.normal():.2f},{i % 2}")
    assert _entry(path)["options"]["split"] == {"by": "time", "column": "day"}
    assert "split" not in _entry(path, split="hash")["options"]


def test_a_time_at_whose_beginning_there_is_one_class_does_not_divide_the_rows(tmp_path):
    def line(first):
        return lambda i: f"2024-01-{1 + i // 5:02},{RNG.normal():.2f},{'ny'[i >= first]}"

    late = _csv(tmp_path, "day,a,left", line(90), "late.csv")
    assert _entry(late)["split"] == {"val": 0.2, "test": 0.2}
    assert _entry(late, split="time")["options"]["split"] == {"by": "time", "column": "day"}, "as requested"
    early = _csv(tmp_path, "day,a,left", line(60), "early.csv")
    assert _entry(early)["options"]["split"] == {"by": "time", "column": "day"}


def test_what_would_leave_train_with_one_class_is_named(tmp_path):
    path = _csv(tmp_path, "when,warm,lamp", lambda i: f"{_hourly(i)},{i % 24 + RNG.normal():.2f},{int(i >= 100)}")
    (warning,) = propose(path, Request()).warnings
    assert warning.startswith("This would stop a run: train needs rows of at least 2 classes to learn from")


def test_few_numbers_are_classes_only_where_they_repeat(tmp_path):
    path = _csv(tmp_path, "a,people", lambda i: f"{RNG.normal():.2f},{1000 + i * i}", n=16)
    assert _entry(path)["task"] == "regress"
    path = _csv(tmp_path, "a,people", lambda i: f"{RNG.normal():.2f},{i // 2}", n=16)
    assert _entry(path)["task"] == "classify"


@pytest.mark.parametrize(
    ("grades", "task"),
    [
        ([4] * 2 + [5] * 20 + [6] * 50 + [7] * 30 + [8] * 15 + [9] * 3, "regress"),
        ([1] * 2 + [2] * 20 + [3] * 50 + [5] * 30 + [6] * 15 + [7] * 3, "classify"),  # 4 is no class
        ([0] * 20 + [1] * 20 + [2] * 20 + [3] * 20 + [4] * 20 + [5] * 20, "classify"),
        ([0] * 2 + [1] * 50 + [2] * 5 + [3] * 30 + [4] * 30 + [5] * 3, "classify"),  # two of them are the commonest
        ([0] * 60 + [1] * 40 + [2] * 10 + [3] * 5 + [4] * 3 + [5] * 2, "classify"),
        ([1] * 5 + [2] * 60 + [3] * 50 + [4] * 5, "classify"),  # too few to tell
    ],
)
def test_whole_numbers_in_a_row_with_a_single_peak_are_grades(grades, task, tmp_path):
    path = _csv(tmp_path, "a,points", lambda i: f"{RNG.normal():.2f},{grades[(7 * i) % 120]}")
    assert _entry(path, target="points")["task"] == task


def test_infinite_numbers_do_not_stop_a_proposal(tmp_path):
    path = _csv(tmp_path, "a,u,kind", lambda i: f"{RNG.normal():.2f},{'Inf' if i % 9 == 0 else i},{'ab'[i % 2]}")
    warnings = propose(path, Request()).warnings
    assert any("'u'" in text and "This would stop a run" in text for text in warnings), warnings


def test_rows_of_one_patient_stay_together(tmp_path):
    path = _csv(tmp_path, "patient_id,a,answer", lambda i: f"p{i // 6},{RNG.normal():.2f},{i // 6 % 2}")
    proposal = propose(path, Request())
    assert proposal.options["split"] == {"by": "group", "column": "patient_id"}
    assert not proposal.warnings, "what rows are divided by is not read by models, however much it knows"


def test_sentences_with_a_class_are_text(tmp_path):
    path = _csv(
        tmp_path, "review,sentiment", lambda i: f'"this is the review number {i}, and it is long",{"np"[i % 2]}'
    )
    entry = _entry(path)
    assert (entry["modality"], entry["task"]) == ("text", "classify")
    selected = {"vocabulary": 30_000, "ngrams": 50_000, "longest": 3}
    characters = {"characters": [3, 6], "character_buckets": 8192}
    assert entry["options"] == {"text": "review", "label": "sentiment", **selected, **characters}


def test_users_items_and_times_are_interactions(tmp_path):
    path = _csv(tmp_path, "user_id,movie_id,rating,timestamp", lambda i: f"u{i % 9},m{i % 30},{i % 5},{i}")
    entry = _entry(path)
    assert (entry["modality"], entry["task"]) == ("interactions", "rank")
    assert entry["options"] == {
        "user": "user_id",
        "item": "movie_id",
        "time": "timestamp",
        "min_rows": 90,
        "max_repeats": 0.35,
    }
    assert _entry(path, target="rating")["modality"] == "tabular"


def test_rows_of_a_ranking_for_int8_are_users(tmp_path):
    """Twenty users with fifty rows each are twenty examples."""
    path = _csv(tmp_path, "user_id,item_id,time", lambda i: f"u{i % 20},i{i // 20 % 50},{i}", n=1000)
    assert _entry(path)["compression"] == ["float16"]


@pytest.mark.parametrize("ending", [".txt", ""])
def test_class_folders_of_documents_are_texts(ending, tmp_path):
    for i in range(60):
        path = tmp_path / ("news", "sport")[i % 2] / f"{i}{ending}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"this is number {i}")
    (tmp_path / "README.txt").write_text("what this is")
    proposal = propose(tmp_path, Request())
    assert (proposal.entry["modality"], proposal.entry["task"]) == ("text", "classify")
    assert proposal.reasons["modality"] == "60 documents in 2 folders: news, sport"
    assert any("README" in text for text in proposal.found)


def test_class_folders_of_pictures_are_images(tmp_path):
    from PIL import Image

    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for i in range(3):
            Image.new("L", (8 + i, 8)).save(tmp_path / name / f"{i}.png")
    entry = _entry(tmp_path)
    assert (entry["modality"], entry["task"], entry["families"]) == ("images", "classify", ["linear", "fcnn", "cnn"])
    assert entry["options"]["resize"] == [8, 9]


def test_a_file_without_a_header_gets_numbered_columns(tmp_path):
    path = _csv(tmp_path, "0.5,1.5,7", lambda i: f"{RNG.normal():.2f},{RNG.normal():.2f},{i % 3}")
    assert _entry(path)["options"]["header"] == ["column 1", "column 2", "column 3"]


def test_columns_are_numbered_however_many_there_are_and_though_the_first_row_has_a_value_twice(tmp_path):
    path = _csv(tmp_path, ",".join(["1.5"] * 40 + ["a"]), lambda i: ",".join([f"{i % 7}.5"] * 40 + ["ab"[i % 2]]))
    assert _entry(path)["options"]["header"] == [f"column {number}" for number in range(1, 42)]


def test_rows_without_an_answer_are_left_out_and_said(tmp_path):
    path = _csv(tmp_path, "a,answer", lambda i: f"{RNG.normal():.2f},{'' if i % 10 == 0 else 'yn'[i % 2]}")
    proposal = propose(path, Request())
    assert proposal.entry["options"]["drop_unlabelled"] is True
    assert "12 rows" in proposal.reasons["options.drop_unlabelled"]


def test_what_is_hardly_filled_where_there_is_an_answer_is_dropped(tmp_path):
    def line(i):  # filled in a fifth of the rows, of which hardly any has an answer
        labelled = i % 2 == 0
        note = "late" if i % 5 == 0 and (not labelled or i < 20) else ""
        return f"{RNG.normal():.2f},{note},{'yn'[i // 2 % 2] if labelled else ''}"

    entry = _entry(_csv(tmp_path, "a,note,answer", line, n=400))
    assert entry["options"]["drop"] == ["note"]


def test_a_column_without_a_name_is_no_target_for_that(tmp_path):
    path = _csv(tmp_path, ",a,kind", lambda i: f"{RNG.normal():.2f},{RNG.normal():.2f},{'ab'[i % 2]}")
    proposal = propose(path, Request())
    assert "A column has no name in the header" in proposal.found[0]
    assert proposal.options["target"] == "kind"


@pytest.mark.parametrize("last", ["year", "Month", "subject", "date"])
def test_times_and_what_rows_are_about_are_no_targets(last, tmp_path):
    values = {"year": lambda i: 1990 + i % 6, "Month": lambda i: 1 + i % 12, "subject": lambda i: i // 4}
    of_last = values.get(last, lambda i: f"2024-01-{1 + i % 28:02}")
    path = _csv(tmp_path, f"a,kind,{last}", lambda i: f"{RNG.normal():.2f},{'ab'[i % 2]},{of_last(i)}")
    proposal = propose(path, Request())
    assert proposal.options["target"] == "kind"
    assert proposal.reasons["options.target"].startswith("the last column that is no id, time or constant")


@pytest.mark.parametrize(
    ("name", "odd", "kinds"),
    [
        ("station", "c168", {"station": "categorical"}),
        ("subject", "20a", {"subject": "categorical"}),
        ("size", "20a", None),  # which may be a unit
        ("size", "large", None),  # which may be a missing value
    ],
)
def test_numbers_among_codes_are_categories_and_other_cells_are_for_the_user(name, odd, kinds, tmp_path):
    def line(i):
        return f"{odd if i % 12 == 0 else 100 + i // 2 % 30},{RNG.normal():.2f},{'yn'[i % 2]}"

    proposal = propose(_csv(tmp_path, f"{name},a,answer", line), Request())
    assert proposal.options.get("kinds") == kinds
    assert any(f"column '{name}'" in text for text in proposal.warnings) is (kinds is None)


def test_a_column_that_knows_the_answer_is_warned_of(tmp_path):
    path = _csv(tmp_path, "refund,a,answer", lambda i: f"{i % 2 * 5},{RNG.normal():.2f},{'yn'[i % 2]}")
    assert "'refund' alone nearly explains the target" in propose(path, Request()).warnings[0]


BAD = [
    ({"target": "kin"}, "--target: No column 'kin'. Did you mean 'kind'"),
    ({"modality": "tables"}, "--modality: No modality 'tables'. Did you mean 'tabular'"),
    ({"task": "clasify"}, "--task: No task 'clasify'. Did you mean 'classify'"),
    ({"families": ["gbost"]}, "--family: No family 'gbost'. Did you mean 'gboost'"),
    ({"families": ["cnn"]}, "--family: 'cnn' learns from images"),
    ({"split": "time"}, "--split time needs a column of times"),
    ({"modality": "interactions"}, "interactions need columns for user, item and time"),
]


@pytest.mark.parametrize(("request_", "message"), BAD)
def test_what_cannot_be_is_refused_with_the_nearest(request_, message, tmp_path):
    import re

    with pytest.raises(ValueError, match=re.escape(message)):
        propose(_birds(tmp_path), Request(**request_))


def test_data_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="--data must name a folder or a file"):
        propose(tmp_path / "no.csv", Request())


def test_sounds_in_folders_or_with_their_class_in_the_name(tmp_path):
    import wave

    def record(path, seconds, rate=8000):
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(RNG.integers(-9999, 9999, int(seconds * rate)).astype("<i2").tobytes())

    for name in ("knock", "bell"):
        for i in range(3):
            record(tmp_path / "sorted" / name / f"{i}.wav", 0.4)
            record(tmp_path / "flat" / f"{name}_{i}.wav", 0.6, 22_050)
    entry = _entry(tmp_path / "sorted")
    assert (entry["modality"], entry["task"], entry["families"]) == ("audio", "classify", ["linear", "cnn", "cnn1d"])
    assert entry["options"] == {"rate": 8000, "seconds": 0.4, "min_rows": 6}
    flat = _entry(tmp_path / "flat")["options"]
    assert flat == {"label_part": 0, "rate": 16_000, "seconds": 0.6, "min_rows": 6}


def _hourly(i):
    return f"2024-01-{1 + i // 24:02} {i % 24:02}:00"


def test_rows_at_an_even_pace_are_a_series(tmp_path):
    path = _csv(tmp_path, "when,warm,lamp", lambda i: f"{_hourly(i)},{RNG.normal():.2f},{i // 6 % 2}")
    entry = _entry(path)
    assert (entry["modality"], entry["task"]) == ("timeseries", "classify")
    assert entry["options"] == {"target": "lamp", "time": "when", "window": 12}
    assert _entry(path, split="time")["modality"] == "tabular", "a table divided by time is what was requested"
    path = _csv(tmp_path, "time,place,warm", lambda i: f"{_hourly(i)},hall,{i % 24 + RNG.normal():.2f}", "numbers.csv")
    entry = _entry(path)
    assert entry["task"] == "forecast"
    read = {"window": 12, "diff": [1, 2, 3, 6]}
    assert entry["options"] == {"target": "warm", "horizon": 1, "relative": True, "drop": ["place"], **read}


def test_pictures_to_be_generated(tmp_path):
    np.savez(tmp_path / "all.npz", images=np.zeros((3, 8, 8), np.uint8), labels=np.arange(3))
    entry = _entry(tmp_path, task="generate")
    assert (entry["families"], entry["options"]["labelled"]) == (["vae", "gan"], False)
    with pytest.raises(ValueError, match=r"--task: the tasks of images are classify, generate, regress\. Received: rank"):
        _entry(tmp_path, task="rank")


def test_a_column_with_odd_cells_is_neither_dropped_as_an_id_nor_passed_over_as_the_target(tmp_path):
    odd = lambda i: "high" if i in (5, 80) else f"{10 + i}.{i:03}"  # noqa: E731
    proposal = propose(
        _csv(tmp_path, "a,b,kind", lambda i: f"{RNG.normal():.2f},{odd(i)},{'pq'[i % 2]}", "feature.csv"), Request()
    )
    assert proposal.options == {"target": "kind"}
    assert any(
        "'b'" in warning and "'high' (feature.csv:7, feature.csv:82)" in warning for warning in proposal.warnings
    )
    proposal = propose(_csv(tmp_path, "a,kind,price", lambda i: f"{RNG.normal():.2f},{i % 2},{odd(i)}"), Request())
    assert (proposal.task, proposal.options) == ("regress", {"target": "price"})
    assert any("This would stop a run: 'price'" in warning for warning in proposal.warnings)


def test_numbers_asked_for_where_the_target_holds_text_are_refused_in_words(tmp_path):
    path = _csv(tmp_path, "a,b,kind", lambda i: f"{RNG.normal():.2f},{RNG.normal():.2f},{'pq'[i % 2]}")
    assert any("'kind' is a finite number" in warning for warning in propose(path, Request(task="regress")).warnings)


def test_months_are_no_days_of_the_year(tmp_path):
    path = _csv(tmp_path, "month,a,kind", lambda i: f"2024-{1 + i % 12:02},{RNG.normal():.2f},{'pq'[i % 2]}")
    assert propose(path, Request()).questions == []


def test_the_window_of_a_short_series_leaves_examples_in_each_split(tmp_path):
    for rows, most in ((30, 4), (60, 8), (400, 12)):
        path = _csv(tmp_path, "time,warm", lambda i: f"{_hourly(i)},{i % 24 + RNG.normal():.2f}", f"{rows}.csv", n=rows)
        assert _entry(path)["options"]["window"] == most


def test_a_day_and_a_time_in_two_columns_are_one_time(tmp_path):
    def line(i):
        return f"{1 + i // 24:02}.01.2024;{i % 24:02}:00;{20 + 5 * np.sin(i / 4) + RNG.normal() / 9:.2f}".replace(
            ".", ",", 0
        )

    path = _csv(tmp_path, "Datum;Uhrzeit;Wert", line, n=480)
    entry = _entry(path)
    assert (entry["modality"], entry["task"]) == ("timeseries", "forecast")
    assert entry["options"]["time"] == ["Datum", "Uhrzeit"]
    assert "series" not in entry["options"]


def test_shops_in_one_file_are_series(tmp_path):
    def line(i):
        return f"{i % 3},{np.datetime64('2024-01-01') + i // 3},{100 * (i % 3) + i // 3 + RNG.normal():.2f}"

    entry = _entry(_csv(tmp_path, "shop_id,day,sold", line, n=360))
    assert entry["modality"] == "timeseries"
    assert entry["options"]["series"] == "shop_id"


def test_rows_at_an_even_pace_that_do_not_depend_on_each_other_are_a_table(tmp_path):
    path = _csv(
        tmp_path, "opened,size,answer", lambda i: f"{_hourly(i)},{RNG.normal():.2f},{'ab'[int(RNG.integers(2))]}", n=240
    )
    assert _entry(path)["modality"] == "tabular"


def test_what_can_be_read_in_two_ways_is_a_question_with_the_argument_that_settles_it(tmp_path):
    path = _csv(tmp_path, "price,answer", lambda i: f'"{1 + i % 9},{100 + 7 * i % 900:03}",{"ab"[i % 2]}')
    (question,) = propose(path, Request()).questions
    assert "1.1" in question.text
    assert "1100" in question.text
    assert len(question.arguments) == 2
    assert all(argument.startswith("--option decimal=") for argument in question.arguments)
    settled = propose(path, Request().answered(question.choices[0][0]))
    assert not settled.questions
    assert settled.entry["options"]["decimal"] in (",", ".")


def test_a_last_column_that_is_noise_is_asked_about(tmp_path):
    path = _csv(tmp_path, "size,sort,noise", lambda i: f"{i % 7},{'ab'[i % 7 > 3]},{RNG.normal():.3f}", n=300)
    (question,) = propose(path, Request()).questions
    assert {"--target 'sort'", "--target 'noise'"} <= set(question.arguments)


def test_a_column_that_only_the_training_file_of_a_competition_has_is_the_target(tmp_path):
    _csv(tmp_path, "Id,kept,size", lambda i: f"{i},{i % 2},{RNG.normal():.2f}", "train.csv")
    _csv(tmp_path, "Id,size", lambda i: f"{i + 500},{RNG.normal():.2f}", "test.csv")
    proposal = propose(tmp_path, Request())
    assert proposal.entry["options"]["target"] == "kept"
    assert any("test.csv is not read" in text for text in proposal.found)


def test_options_of_the_user_replace_what_is_derived(tmp_path):
    proposal = propose(_birds(tmp_path), Request(options=options_of(["missing=[wild]", "target=weight"])))
    assert proposal.entry["options"]["missing"] == ["wild"]
    with pytest.raises(ValueError, match="NAME=VALUE"):
        options_of(["encoding"])


def test_files_of_one_label_each_are_texts(tmp_path):
    for label in ("good", "bad"):
        lines = [f"this is the {label} text number {i}" for i in range(40)]
        (tmp_path / f"{label}.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "README.txt").write_text("Two files.\n")
    entry = _entry(tmp_path)
    assert (entry["modality"], entry["task"]) == ("text", "classify")
    assert entry["options"]["lines"] == {"bad.txt": "bad", "good.txt": "good"}


@pytest.mark.parametrize(
    ("names", "labels"), [(("good.en", "bad.en"), ["bad", "good"]), (("a.pos", "a.neg"), ["neg", "pos"])]
)
def test_files_of_one_label_each_may_have_endings_of_their_own(names, labels, tmp_path):
    for name in names:
        (tmp_path / name).write_text("".join(f"this is the text number {i} of {name}\n" for i in range(40)))
    assert sorted(_entry(tmp_path)["options"]["lines"].values()) == labels
    (tmp_path / "more.bin").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match="must hold a file of"):
        _entry(tmp_path)


def _texts(folder, words, rows=60):
    random = np.random.default_rng(0)
    known = [f"word{i}" for i in range(400)]
    lines = [f"{' '.join(random.choice(known, words))} {i},{'ab'[i % 2]}" for i in range(rows)]
    (folder / "texts.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    return _entry(folder)["options"]


def test_of_short_texts_parts_of_words_are_read_and_long_ones_are_read_on(tmp_path):
    short, long, longest = (_texts(tmp_path, words) for words in (12, 500, 3000))
    assert {"characters", "character_buckets"} <= set(short)
    assert "max_tokens" not in short
    assert "characters" not in long
    assert long["max_tokens"] == 512
    assert longest["max_tokens"] == 1024
    assert all(one["ngrams"] == 50_000 for one in (short, long, longest))


def test_the_ids_of_character_ngrams_follow_the_rows(tmp_path):
    assert [_texts(tmp_path, 8, rows)["character_buckets"] for rows in (60, 2000, 6000)] == [8192, 32768, 65536]


def test_texts_of_many_labels_have_fewer_ngrams_since_each_has_a_weight_for_every_label(tmp_path):
    lines = [f"this is the text number {i},label{i % 10}" for i in range(4000)]
    (tmp_path / "texts.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    options = _entry(tmp_path)["options"]
    assert (options["ngrams"], options["character_buckets"]) == (30_000, 16_384)


def test_texts_without_a_label_are_left_out_and_said(tmp_path):
    lines = [f"this is the text number {i} of many,{'' if i % 10 == 0 else 'ab'[i % 2]}" for i in range(120)]
    (tmp_path / "rows.csv").write_text("\n".join(["body,mood", *lines]) + "\n")
    assert _entry(tmp_path)["options"]["drop_unlabelled"] is True


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("encoding=1251", r"options\.encoding: this must be text\. Received: 1251\..*--option \"NAME='007'\""),
        ("drop=a", r"options\.drop: this must be a list, such as \['a'\]"),
        ("header=[a, 1e3]", r"options\.header\.1: this must be text"),
        ("nope=3", r"options\.nope: No key 'nope'"),
    ],
)
def test_an_option_that_does_not_suit_is_refused_in_words_of_the_argument(tmp_path, option, message):
    (tmp_path / "rows.csv").write_text("a,kind\n" + "".join(f"{n},{'xy'[n % 2]}\n" for n in range(60)))
    with pytest.raises(ConfigError, match=message):
        propose(tmp_path / "rows.csv", Request(options=options_of([option])))


@pytest.mark.parametrize(
    ("kind", "measure"),
    [
        (lambda i: "yes" if i % 20 == 0 else "no", {"name": "average_precision", "positive": "yes"}),
        (lambda i: "yes" if i % 4 == 0 else "no", None),
        (lambda i: "rare" if i % 40 == 0 else "abc"[i % 3], "log_loss"),
        (lambda i: "abcdefghijklmnopqrst"[i % 20], None),
    ],
)
def test_a_rare_class_gets_a_measure_that_sees_it(kind, measure, tmp_path):
    path = _csv(tmp_path, "a,b,kind", lambda i: f"{RNG.normal():.2f},{RNG.normal():.2f},{kind(i)}", n=400)
    proposal = propose(path, Request())
    assert proposal.entry.get("measure") == measure
    assert ("accuracy would hardly notice" in proposal.reasons.get("measure", "")) == (measure is not None)


def test_a_class_that_is_rare_in_one_spelling_alone_is_not_rare(tmp_path):
    """As where the labels of a second file end in a period."""
    kind = lambda i: ("no" if i % 2 else "yes") + ("." if i % 20 == 0 else "")  # noqa: E731
    path = _csv(tmp_path, "a,b,kind", lambda i: f"{RNG.normal():.2f},{RNG.normal():.2f},{kind(i)}", n=400)
    entry = _entry(path)
    assert entry["options"]["label_as"] == {"yes.": "yes"}
    assert "measure" not in entry


@pytest.mark.parametrize(("columns", "rows", "wide"), [(81, 80, True), (80, 80, False)])
def test_a_table_wider_than_long_is_named_and_proposed_like_any_other(columns, rows, wide, tmp_path):
    values = np.random.default_rng(0).normal(size=(rows, columns))
    lines = [",".join([*(f"{v:.3f}" for v in row), "yes" if row[0] > 0 else "no"]) for row in values]
    header = ",".join([*(f"n{i}" for i in range(columns)), "class"])
    (tmp_path / "rows.csv").write_text("\n".join([header, *lines]) + "\n")
    proposal = propose(tmp_path / "rows.csv", Request())
    said = [text for text in proposal.warnings if "wider than long" in text]
    assert len(said) == wide
    assert all("81 columns to predict from, 80 rows with an answer" in text for text in said)
    assert (proposal.entry["modality"], proposal.entry["task"]) == ("tabular", "classify")
    assert not [text for text in proposal.warnings if "stop a run" in text]
