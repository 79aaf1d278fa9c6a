"""The state of use cases on the terminal."""

from __future__ import annotations

from minnow.insight.status import ChampionStatus, TargetStatus, UseCaseStatus, champion_lines, print_status

TARGET = TargetStatus(
    3,
    "a" * 64,
    "cnn/int8",
    "minnow-digits:v3-1",
    "d" * 32,
    {"accuracy": {"value": 0.99731}},
    "accuracy",
    None,
    172_799.0,
)


def printed(capsys, monkeypatch, *stale):
    monkeypatch.setenv("COLUMNS", "200")
    print_status([UseCaseStatus("digits", stale, {"cpu": TARGET})], {"data.dvc": "new files"})
    return capsys.readouterr().out


def test_a_row_names_champion_score_and_data(capsys, monkeypatch):
    text = printed(capsys, monkeypatch)
    for part in ("digits", "fresh", "cnn/int8 v3", "48 h", "accuracy 0.9973", "d" * 8, "none", "data.dvc: new files"):
        assert part in text


def test_few_changed_files_are_named_and_many_counted(capsys, monkeypatch):
    few = printed(capsys, monkeypatch, "flows/steps.py modified", "uv.lock modified")
    assert "stale: flows/steps.py modified; uv.lock modified" in few
    many = printed(capsys, monkeypatch, *(f"src/minnow/{name} modified" for name in "abcd"), "uv.lock modified")
    assert "stale: 4 parts of the code modified; uv.lock modified" in many


def test_champions_are_a_line_each():
    line = champion_lines([ChampionStatus("digits", "gpu", 12, "abc" * 22, "r1", 11, 7_200.0)])
    assert line.split() == ["digits", "gpu", "version", "12", "abcabcabcabc", "run", "r1", "2", "h"]
    assert champion_lines([]) == "No champion yet. Run `minnow run`."
