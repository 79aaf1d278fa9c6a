"""Proposals for folders whose files have not all the same columns: a log of interactions, and a file of its items."""

import numpy as np
import pytest

from minnow.onboarding.item_attributes import attributes_of
from minnow.onboarding.limits import problem_of
from minnow.onboarding.proposal import Request, options_of
from minnow.onboarding.propose import propose

RNG = np.random.default_rng(3)
ITEMS = 60
LOG = [
    f"{u},{RNG.integers(1, ITEMS + 1)},{RNG.integers(1, 6)},{978_300_000 + RNG.integers(10**6)}"
    for u in range(60)
    for _ in "0123"
]
FILMS = [
    (f"{i}", f"Film {i}{', The' if i % 3 == 0 else ''}: {i % 7}", "|".join("abcd"[: 1 + i % 4]))
    for i in range(1, ITEMS + 1)
]
OTHERS = {
    "links.csv": ["filmId,imdbId,tmdbId", *(f"{i},01{i},{8 * i}" for i in range(1, ITEMS + 1))],
    "tags.csv": ["userId,filmId,tag,timestamp", "1,1,fun,99", "2,2,dull,100"],
}


def _write(folder, files):
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n")


def _films(folder, *others, key="movieId", header="userId,movieId,rating,timestamp"):
    names = {name: [line.replace("filmId", "movieId") for line in OTHERS[name]] for name in others}
    films = [f"{key},title,genres", *(f'{i},"{title}",{kinds}' for i, title, kinds in FILMS)]
    _write(folder, {"ratings.csv": [header, *LOG], "movies.csv": films, **names})


def test_a_file_of_items_beside_a_log_is_proposed_and_read_by_a_run(tmp_path):
    _films(tmp_path)
    proposal = propose(tmp_path, Request())
    assert (proposal.entry["modality"], proposal.entry["task"]) == ("interactions", "rank")
    items = {"file": "movies.csv", "item": "movieId", "several": {"genres": "|"}}
    roles = {"user": "userId", "item": "movieId", "time": "timestamp"}
    assert proposal.options.items() >= {"items": items, **roles}.items()
    assert "file" not in proposal.options, "all files are read"
    assert proposal.entry["families"] == ["popularity", "neighbours", "recommender", "content"]
    problem = problem_of(proposal.entry)
    table = problem.modality.read(tmp_path, problem.options)
    assert table.side_tables["attribute names"].tolist() == [f"genres: {name}" for name in "abcd"]


def test_further_files_are_named_with_what_would_read_them(tmp_path):
    _films(tmp_path, "links.csv", "tags.csv")
    proposal = propose(tmp_path, Request())
    assert (proposal.options["file"], proposal.options["items"]["file"]) == ("ratings.csv", "movies.csv")
    said = [text for text in proposal.found if "is not read" in text]
    assert said == [
        "links.csv is not read: it has other columns than ratings.csv (--option file=links.csv reads it instead; as the file "
        "of items: --option 'items={file: links.csv, item: NAME OF THE COLUMN}').",
        "tags.csv is not read: it has other columns than ratings.csv (--option file=tags.csv reads it instead).",
    ]


@pytest.mark.parametrize("key", ["film", "movie"])
def test_a_file_without_the_items_of_the_log_is_no_file_of_items(key, tmp_path):
    _films(tmp_path, key=key)
    if key == "movie":  # of others than the log's
        path = tmp_path / "movies.csv"
        path.write_text(
            "".join(f"x{line}" if line[0].isdigit() else line for line in path.read_text().splitlines(True))
        )
    proposal = propose(tmp_path, Request())
    assert (proposal.options["file"], proposal.options.get("items")) == ("ratings.csv", None)


def test_the_items_of_the_request_are_kept(tmp_path):
    _films(tmp_path, "links.csv")
    given = options_of(["items={file: movies.csv, item: movieId, categories: [genres]}"])
    proposal = propose(tmp_path, Request(options=given))
    assert (proposal.options["file"], proposal.options["items"]) == ("ratings.csv", given["items"])
    (tmp_path / "links.csv").unlink()
    assert propose(tmp_path, Request(options=given)).entry["modality"] == "interactions"


def test_a_log_without_a_header_is_read_with_the_names_of_the_request(tmp_path):
    ratings, movies = ([line.replace(",", "::") for line in LOG], ["::".join(film) for film in FILMS])
    _write(tmp_path, {"ratings.dat": ratings, "movies.dat": movies})
    (question,) = propose(tmp_path, Request()).questions
    assert "Received: movies.dat 3, ratings.dat 4. Name the one to read" in question.text
    assert question.arguments == ["--option file=movies.dat", "--option file=ratings.dat"]
    header = "header=[user, item, rating, time]"
    proposal = propose(tmp_path, Request(options=options_of([header])))
    assert (proposal.entry["modality"], proposal.options["file"]) == ("interactions", "ratings.dat")
    items = "items={file: movies.dat, header: [id, title, kinds], item: id, several: {kinds: '|'}}"
    proposal = propose(tmp_path, Request(options=options_of([header, items])))
    assert "file" not in proposal.options
    assert proposal.train_rows


def test_files_of_other_columns_are_asked_for(tmp_path):
    _write(tmp_path, {"a.csv": ["a,b,y", "1,2,3"], "b.csv": ["c,y", "1,3"], "c.csv": ["b,a,y", "1,2,3"]})
    (question,) = propose(tmp_path, Request()).questions
    assert "must have the same columns" in question.text
    assert question.arguments == ["--option 'file=[a.csv, c.csv]'", "--option file=b.csv"]


def test_attributes_are_found_by_their_cells():
    kinds, colours = ["a|b", "b", "a", "a|c", "c|b"] * 4, ["red", "blue"] * 10
    texts = {"kinds": kinds, "colour": colours, "title": [f"Film {i}, The" for i in range(20)]}
    numbers = {"price": np.arange(20) * 1.5, "other id": np.arange(20.0), "size": np.arange(20) % 2 * 1.0}
    found = attributes_of(texts, numbers)
    assert found == {"categories": ["colour", "size"], "several": {"kinds": "|"}, "numbers": ["price"]}
