"""`make bench-defaults` with a made set and a made peer: which rows a peer gets, what is kept, and what the table says."""

import json
import sys
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from benchmarks import defaults, defaults_table, peer_rows, sections
from benchmarks.defaults import Goal
from benchmarks.layouts import LAYOUTS
from benchmarks.peers import fit
from benchmarks.results import Figure
from minnow import config
from minnow.stages import prepare
from minnow.stages.case import Case
from minnow.workspace import workspace

ROWS = 400
PEER = """
import sys
assert sys.argv[1] != "broken", "it has no wheel"
import json
from pathlib import Path
import numpy as np, pandas as pd

peer, folder = sys.argv[1], Path(sys.argv[2])
rows, about = pd.read_parquet(folder / "rows.parquet"), json.loads((folder / "about.json").read_text())
asked = rows[rows["part"] == "ask"] if "ask" in set(rows["part"]) else rows
answers = np.eye(2)[(asked["x"] > 0).astype(int)] if about["classes"] else asked["x"].to_numpy()
np.savez(folder / f"{peer}.npz", answers=answers)
(folder / f"{peer}.json").write_text(json.dumps({"seconds": 2.5, "size_bytes": 1234}))
"""


@pytest.fixture
def made_peer(tmp_path, monkeypatch):
    """A peer that answers by the sign of x, in this interpreter."""
    path = tmp_path / "fit.py"
    path.write_text(PEER)
    monkeypatch.setattr(peer_rows, "FIT", path)
    monkeypatch.setattr(peer_rows, "python", lambda: sys.executable)


def made_case(folder, **entry):
    """Rows of which nine in ten have the class that the sign of x says; every tenth row stands twice."""
    random = np.random.default_rng(3)
    x = random.normal(size=ROWS).round(8)
    right = random.random(ROWS) < 0.9
    sign = np.where((x > 0) == right, "plus", "minus")
    frame = pd.DataFrame({"x": x, "kind": np.array(["a", "b"])[random.integers(0, 2, ROWS)], "sign": sign})
    folder.mkdir(exist_ok=True)
    pd.concat([frame, frame[::10]]).to_csv(folder / "rows.csv", index=False)
    settings = {
        "modality": "tabular", "task": "classify", "data": "rows.csv", "options": {"target": "sign"}, "families": ["linear"],
    }  # fmt: skip
    checked = config.Settings.model_validate({"usecases": {"small": settings | entry}})
    return Case("small", checked, workspace(root=folder))


def test_a_peer_gets_the_rows_of_train_and_val_and_is_scored_on_those_of_test(tmp_path, made_peer):
    case = made_case(tmp_path / "data")
    handed = peer_rows.hand_over(case, tmp_path / "handed", "accuracy")
    frame = pd.read_parquet(tmp_path / "handed" / "rows.parquet")
    splits = prepare.split(case.modality.read(case.data, case.options), case.usecase.split)
    for part, names in (("fit", ("train", "val")), ("ask", ("test",))):
        expected = np.concatenate([splits[name].columns["x"] for name in names])
        np.testing.assert_array_equal(np.sort(frame[frame["part"] == part]["x"]), np.sort(expected))
    assert not set(frame[frame["part"] == "fit"]["x"]) & set(frame[frame["part"] == "ask"]["x"])
    assert json.loads((tmp_path / "handed" / "about.json").read_text()) == {
        "classes": 2, "categories": ["kind"], "measure": "accuracy",
    }  # fmt: skip
    assert peer_rows.fit(sys.executable, "fake", handed.folder, 7) == (2.5, 1234)
    test = splits["test"].columns
    by_hand = np.mean((test["x"] > 0) == (test["sign"] == "plus"))
    score = handed.scores("fake")["accuracy"]
    assert score.value == pytest.approx(by_hand)
    assert score.low < score.value < score.high


def test_over_folds_every_row_is_asked_and_equal_rows_share_a_fold(tmp_path, made_peer):
    case = made_case(tmp_path / "data", folds=5, exam="families")
    case = Case(case.name, case.settings, workspace(tmp_path / "trial.yaml", case.workspace.root))
    handed = peer_rows.hand_over(case, tmp_path / "handed", "accuracy")
    frame = pd.read_parquet(tmp_path / "handed" / "rows.parquet")
    assert len(frame) == len(handed.asked) == ROWS + ROWS // 10
    assert set(frame["part"]) == {"0", "1", "2", "3", "4"}
    assert (frame.groupby(["x", "kind", "target"])["part"].nunique() == 1).all()
    peer_rows.fit(sys.executable, "fake", handed.folder, 7)
    assert handed.scores("fake")["accuracy"].value == pytest.approx(np.mean((frame["x"] > 0) == frame["target"]))


def test_a_peer_answers_each_fold_by_a_fit_to_the_others(monkeypatch):
    asked = []

    def kind(rows, target, about, seed):
        asked.append(sorted(target))
        return lambda held: np.full(len(held), target.sum()), 10 * len(rows)

    monkeypatch.setitem(fit.PEERS, "fake", kind)
    frame = pd.DataFrame({"x": range(6), "target": [1.0, 2, 4, 8, 16, 32], "part": list("001122")})
    answers, _, size = fit.answered("fake", frame, {"classes": 0}, 7)
    assert asked == [[4, 8, 16, 32], [1, 2, 16, 32], [1, 2, 4, 8]]
    assert answers.tolist() == [60, 60, 51, 51, 15, 15]
    assert size == 40


def figure(of, name, value, size, measure="accuracy"):
    return asdict(Figure("small", of, name, measure, value, value - 0.02, value + 0.02, 80, 80, 5, size, 1.5))


def made_run(project, goal, seed):
    if goal.name == "bad":
        raise SystemExit("minnow run failed: no rows")
    project.append((goal.name, seed))
    families = [("linear", "linear/float16", 0.85, 900), ("gboost", "gboost/float32", 0.91, 5000)]
    found = [figure(*one) for one in families] + [figure("linear", "linear/float16", 0.95, 900, "auc")]
    found += [figure("finalist", "linear/float16", 0.85, 900), figure("baseline majority", "majority", 0.5, None)]
    found.append(figure("baseline linear/float16", "linear/float16", 0.85, None))
    about = {"new_s": 3, "run_s": 20, "peak": 1e9, "finalist": "linear/float16", "verdict": "promoted"}
    return {
        "figures": found,
        "about": about | {"differences": {"majority": {"value": -0.3, "low": -0.4, "high": -0.2}}},
    }


@pytest.fixture
def bench(in_folder, monkeypatch, made_peer):
    """Two sets, one of which cannot be run, with a made peer and a peer that fails. Returns what was run."""
    runs = []
    good = Goal(
        "small", "accuracy", peers=("lightgbm", "broken"), best=0.9, finalist=0.8, most_bytes=800, source="by hand"
    )
    monkeypatch.setattr(defaults, "goals", lambda: {"bad": Goal("bad", "accuracy", best=0.9), "small": good})
    monkeypatch.setattr(defaults, "run", made_run)
    monkeypatch.setattr(defaults, "Project", lambda folder, data: Runs(runs, in_folder))
    monkeypatch.setattr(defaults_table, "RESULTS", in_folder / "RESULTS.md")
    monkeypatch.setitem(defaults_table.TITLES, "broken", "never seen")
    monkeypatch.setenv("MINNOW_BENCH_DATA", "anywhere")
    return runs


class Runs(list):
    """In place of a copy of the project: a list of runs, kept in `done`."""

    def __init__(self, done, folder):
        super().__init__()
        self.done, self.folder = done, folder

    def append(self, one):
        self.done.append(one)

    def case(self, goal, seed):
        return made_case(self.folder / "data")


def test_what_fails_is_printed_and_stops_nothing_else(bench, in_folder, capsys):
    assert defaults.main([]) == 1
    errors = capsys.readouterr().err
    assert "bad, minnow, seed 7 failed: minnow run failed: no rows" in errors
    assert "small, broken, seed 7 failed" in errors
    assert "it has no wheel" in errors
    text = (in_folder / "RESULTS.md").read_text()
    assert "LightGBM, defaults" in text
    assert "Not run: bad." in text
    assert "never seen" not in text


def test_what_is_kept_is_not_made_again_until_its_sources_change(bench, monkeypatch):
    for _ in range(2):
        defaults.main(["small"])
    assert bench == [("small", 7)]
    monkeypatch.setattr(defaults, "sources", lambda: {"src/minnow/types.py": "changed"})
    defaults.main(["small"])
    defaults.main(["small", "--seeds", "7", "8"])
    assert bench == [("small", 7), ("small", 7), ("small", 8)]


def test_the_table_says_what_is_reached_with_so_many_bytes(bench, in_folder):
    defaults.main(["small"])
    lines = (in_folder / "RESULTS.md").read_text().splitlines()
    best, finalist = (next(line for line in lines if f"| {kind}: " in line) for kind in ("best candidate", "finalist"))
    assert "gboost/float32 | accuracy | 0.9100 (0.8900 to 0.9300) | 80 | 5,000 | 1.5 | at least 0.9000: reached" in best
    assert "linear/float16 | accuracy | 0.8500" in finalist
    assert "at least 0.8000 with at most 800 bytes: not reached" in finalist
    assert "Not reached: small, finalist: linear/float16." in lines
    assert [line.split(" | ")[1] for line in lines if "without learning" in line] == ["without learning: majority"]


def test_a_finalist_is_below_a_baseline_where_the_paired_difference_says_so():
    kept = made_run([], Goal("small", "accuracy"), 7)
    goal = Goal("small", "accuracy", baseline="majority")
    lines = {line.model: line.goal for line in defaults_table.lines(goal, {"minnow": [kept]})}
    assert lines["best candidate: gboost/float32"] == "at least 0.5000: reached"
    assert lines["finalist: linear/float16"].endswith("-0.4000 to -0.2000): reached")
    kept["about"]["differences"]["majority"] = {"value": 0.03, "low": 0.01, "high": 0.05}
    lines = {line.model: line.goal for line in defaults_table.lines(goal, {"minnow": [kept]})}
    assert lines["finalist: linear/float16"].endswith("+0.0100 to +0.0500): not reached")


def test_of_several_seeds_the_mean_is_shown_and_each(bench):
    runs = [made_run([], Goal("small", "accuracy"), seed) for seed in (7, 8)]
    runs[1]["figures"][1]["value"] = 0.93
    (best, *_) = defaults_table.lines(Goal("small", "accuracy", best=0.925), {"minnow": runs})
    assert best.figure.value == pytest.approx(0.92)
    assert "seeds 0.9100, 0.9300" in best.text
    assert best.goal.endswith("not reached")


def test_each_benchmark_keeps_the_section_of_the_other(tmp_path):
    path = tmp_path / "RESULTS.md"
    first, second = "# Real sets\n\nfigures\n\n## Notes\n\ntext\n", "# Defaults\n\nothers\n"
    sections.write(path, first)
    sections.write(path, second)
    sections.write(path, "# Real sets\n\nnew figures\n")
    assert path.read_text() == "# Real sets\n\nnew figures\n\n# Defaults\n\nothers\n"
    sections.write(path, "# Defaults\n\nnewer\n")
    assert path.read_text() == "# Real sets\n\nnew figures\n\n# Defaults\n\nnewer\n"
    with pytest.raises(ValueError, match="begins with a heading"):
        sections.write(path, "no heading")


def test_every_set_has_a_layout_and_known_peers():
    for name, goal in defaults.goals().items():
        assert (goal.layout or name) in LAYOUTS
        assert set(goal.peers) <= set(fit.PEERS) == set(defaults_table.TITLES)
