"""Interactions: who took what, when, and how it was liked. A row is one interaction, an example is one user."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from minnow.bundle import write_json, write_npz
from minnow.modalities import _rankings
from minnow.modalities._contract import enough_rows, expect, hashes
from minnow.modalities._files import FileError, find, json_list, records
from minnow.types import Array, Columns, Expectation, Outputs, Table, content_key

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".dat", ".dat.gz")
MAX_CHARACTERS = 200
DAY_S = 86_400
LISTED = 10

REQUEST: dict[str, Any] = {
    "description": "The id of a user. An unknown one is answered with what most users like.",
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_CHARACTERS,
}


class Options(BaseModel):
    """What may stand under `options` of a use case of interactions.

    file: name of one file in the folder; None reads every .csv, .tsv and .dat, plain or .gz.
    separator: what stands between cells; several characters ("::") are allowed.
    header: names of the columns where the file does not begin with them.
    user, item, rating, time: names of the columns; rating: null where there is none. time: in seconds, or any number
        that grows.
    min_rating: the least rating of a relevant item; None takes every interaction as relevant.
    min_interactions: users with fewer are left out.
    half_life: time after which an interaction counts half in what is popular at present, for the baseline that says so.
    min_rows, max_repeats: least number of rows; largest share of them that replace an earlier one of the same user
        and item.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    file: str | None = None
    separator: str = Field(",", min_length=1)
    header: list[str] | None = None
    user: str = "user"
    item: str = "item"
    rating: str | None = "rating"
    time: str = "time"
    min_rating: float | None = None
    min_interactions: int = Field(1, ge=1)
    half_life: float = Field(259_200, gt=0)
    min_rows: int = Field(100, ge=1)
    max_repeats: float = Field(0.2, ge=0, le=1)


def target(options: Options) -> str:
    """Name the column to be predicted."""
    return "item"


def time_column(options: Options) -> str | None:
    """Name the column that rows are split by in order of time."""
    return "time"


def read(folder: Path, options: Options) -> Table:
    """Read a folder (or one file), in order of time.

    Columns, each (n,): user str, item str, rating float64 (1 where there is none), time float64, repeats int64 (how
    many earlier rows of the same user and item this one replaces). An empty number is NaN. Raises FileError.
    """
    names = [name for name in (options.user, options.item, options.time, options.rating) if name is not None]
    cells, row_id = [], []
    for path in find(folder, options.file, SUFFIXES):
        for line, row in records(path, options.separator, names, options.header):
            where = f"{path.name}:{line}"
            numbers = [_number(value, name, where) for value, name in zip(row[2:], names[2:], strict=True)]
            cells.append((row[0].strip(), row[1].strip(), *numbers, *([] if options.rating else [1.0])))
            row_id.append(where)
    if not cells:
        raise FileError(f"{folder} must hold rows. It holds none.")
    user, item, time, rating = (np.array(column) for column in zip(*cells, strict=True))
    order = np.argsort(time, kind="stable")  # NaN comes last, for validation to find
    columns = {"user": user[order], "item": item[order], "rating": rating[order], "time": time[order]}
    return _last_of_each(columns, np.array(row_id, dtype=str)[order], options.min_interactions)


def _number(value: str, name: str, where: str) -> float:
    try:
        return float(value) if value.strip() else float("nan")
    except ValueError as error:
        raise FileError(f"{where}: column '{name}' needs a number. Received: {value!r:.40}.") from error


def _last_of_each(columns: dict[str, Array], row_id: Array, min_interactions: int) -> Table:
    """Keep the last row of each user and item, and users with enough of them. columns: in order of time."""
    pair = _codes(columns["user"]) * (len(row_id) + 1) + _codes(columns["item"])
    _, from_the_end, counts = np.unique(pair[::-1], return_index=True, return_counts=True)
    last = len(pair) - 1 - from_the_end
    order = np.argsort(last)
    kept, repeats = last[order], counts[order] - 1
    users, inverse, rows = np.unique(columns["user"][kept], return_inverse=True, return_counts=True)
    enough = rows[inverse] >= min_interactions
    if not enough.any():
        raise FileError(f"No user of {len(users):,} has {min_interactions} interactions. Lower min_interactions.")
    kept, repeats = kept[enough], repeats[enough]
    found = {name: column[kept] for name, column in columns.items()} | {"repeats": repeats}
    pairs = zip(found["user"].tolist(), found["item"].tolist(), strict=True)
    key = np.array([content_key(u.encode("utf-8"), i.encode("utf-8")) for u, i in pairs], np.uint64)
    return Table(found, row_id[kept], key)


def _codes(names: Array) -> Array:
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def examples(table: Table, options: Options) -> Table:
    """Gather the relevant items of each user: columns user (n,) str and item (n, r) str in order of time, padded "".

    moment (n, r) float64: when, NaN where there is no item.

    Users without a relevant item are left out. A key is of the user and all of these items.
    """
    rows = table.columns
    liked = np.ones(len(table), bool) if options.min_rating is None else rows["rating"] >= options.min_rating
    names, inverse = np.unique(rows["user"][liked], return_inverse=True)
    item = rows["item"][liked]
    starts, order = _groups(inverse, len(names))
    width = int(np.diff(starts).max(initial=0))
    items = np.full((len(names), width), "", dtype=item.dtype if item.size else "<U1")
    sorted_user = inverse[order]
    place = np.arange(len(order)) - starts[sorted_user]
    items[sorted_user, place] = item[order]
    moment = np.full(items.shape, np.nan)
    moment[sorted_user, place] = rows["time"][liked][order]
    key = [
        content_key(name.encode("utf-8"), *(i.encode("utf-8") for i in item[order[a:b]].tolist()))
        for name, a, b in zip(names.tolist(), starts[:-1].tolist(), starts[1:].tolist(), strict=True)
    ]
    return Table({"user": names, "item": items, "moment": moment}, names, np.array(key, np.uint64))


def _groups(group: Array, n: int) -> tuple[Array, Array]:
    """Sort rows by group, order kept within: starts (n + 1,) of each group in the order (rows,)."""
    order = np.argsort(group, kind="stable")
    return np.searchsorted(group[order], np.arange(n + 1)), order


def describe(table: Table, options: Options) -> dict[str, Array]:
    """Describe each interaction by flat columns, (n,) each: user, item, rating, time, repeats, hash."""
    return {**table.columns, "hash": hashes(table.key)}


def contract(options: Options, table: Table, task: str) -> list[Expectation]:
    """List what interactions must be like."""
    known, between = "column_values_to_not_be_null", "column_values_to_be_between"
    often = "the same user and item again and again hints at a file pasted twice (option max_repeats)"
    alone = "with one alone there is nothing to rank or to tell apart"
    repeated = {"max_value": 0, "mostly": round(1 - options.max_repeats, 6)}
    return [
        enough_rows(options.min_rows),
        *(expect("column_to_exist", "a ranking is learned from it", name) for name in ("user", "item", "time")),
        expect(known, "an interaction is somebody's", "user"),
        expect(known, "an interaction is with something", "item"),
        expect(known, "rows are split by time", "time"),
        expect(known, "a rating says whether an item was liked", "rating"),
        expect(between, "time is counted from a beginning", "time", min_value=0, max_value=1e15),
        expect(between, "a rating is a finite number", "rating", min_value=-1e9, max_value=1e9),
        expect("column_unique_value_count_to_be_between", alone, "user", min_value=2),
        expect("column_unique_value_count_to_be_between", alone, "item", min_value=2),
        expect(between, often, "repeats", **repeated),
    ]


def baselines(train: Table, labels: Array, options: Options) -> dict[str, Callable[[Table], Array]]:
    """Lists that need no model, each a function of users that gives items (n, k) str, best first.

    recency: what is popular at present, for everybody; item-kNN: what users of the same items took; PureSVD: what the
    principal directions of all that was taken say.
    """
    known = _rankings.taken(train.columns["user"], train.columns["item"], labels)
    row = {name: place for place, name in enumerate(train.columns["user"].tolist())}
    popular = np.asarray(known.sum(axis=0))
    present = _rankings.recent(train.columns["moment"], train.columns["item"], labels, options.half_life)
    alike, directions = _rankings.alike(known), _rankings.projector(known)
    k = LISTED + int(np.asarray(known.sum(axis=1)).max(initial=0))

    def of(users: Array) -> Any:
        """What each user took in train; nothing for one who was not there."""
        place = np.array([row.get(name, -1) for name in users.tolist()])
        return known[np.maximum(place, 0)].multiply((place >= 0)[:, None]).tocsr()

    def lists(score: Callable[[Any], Array]) -> Callable[[Table], Array]:
        def answer(rows: Table) -> Array:
            users = rows.columns["user"]
            chunks = [users[i : i + _rankings.CHUNK] for i in range(0, len(users), _rankings.CHUNK)]
            return np.concatenate([_rankings.best(score(of(chunk)), popular, labels, k) for chunk in chunks])

        return answer

    return {
        f"recency ({options.half_life / DAY_S:g} days)": lists(lambda took: np.tile(present, (took.shape[0], 1))),
        "item-kNN": lists(lambda took: (took @ alike).toarray()),
        "PureSVD": lists(lambda took: np.asarray(took @ directions) @ directions.T),
    }


class Encoder:
    """Turns users into indices, and says what each of them has taken already.

    users: (u,) str, sorted; the index of users[i] is i + 1, for 0 is an unknown user. starts (u + 1,) and items: the
    items of users[i] are items[starts[i] : starts[i + 1]], indices into labels, rising.
    """

    def __init__(self, users: Array, starts: Array, items: Array) -> None:
        """See the class."""
        self.users = np.asarray(users, dtype=str)
        self.starts, self.items = starts.astype(np.int64), items.astype(np.int32)
        self.width = max(1, int(np.diff(self.starts).max(initial=0)))
        self.sizes = {"user": len(self.users) + 1}
        self._index = {name: i for i, name in enumerate(self.users.tolist(), 1)}

    @classmethod
    def fit(cls, table: Table, labels: Array, options: Options) -> Encoder:
        """Take the users of train and their items. labels: (k,) str, sorted."""
        user, item = table.columns["user"], table.columns["item"]
        row, column = np.nonzero(item != "")
        place = np.minimum(np.searchsorted(labels, item[row, column]), len(labels) - 1)
        known = labels[place] == item[row, column]
        by_user = np.argsort(user, kind="stable")
        rank = np.empty(len(user), np.int64)
        rank[by_user] = np.arange(len(user))
        row, place = rank[row[known]], place[known]
        order = np.lexsort((place, row))
        return cls(user[by_user], np.searchsorted(row[order], np.arange(len(user) + 1)), place[order])

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode user (n,) str to user (n,) int32 and seen (n, s) int32, indices into labels padded with -1."""
        user = np.array([self._index.get(name, 0) for name in columns["user"].tolist()], np.int32)
        seen = np.full((len(user), self.width), -1, np.int32)
        for row, index in enumerate(user.tolist()):
            if index:
                taken = self.items[self.starts[index - 1] : self.starts[index]]
                seen[row, : len(taken)] = taken
        return {"user": user, "seen": seen}

    def decode(self, outputs: Outputs, seed: int = 0) -> Outputs:
        """Return the outputs: they already are the answer."""
        return outputs

    def save(self, folder: Path) -> None:
        """Write encoder.json with the users and encoder.npz with what they took."""
        write_json(folder / "encoder.json", {"users": self.users.tolist()})
        smallest = np.min_scalar_type(int(self.items.max(initial=0)))
        write_npz(
            folder / "encoder.npz", {"starts": self.starts.astype(np.int32), "items": self.items.astype(smallest)}
        )

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """Read what save wrote."""
        users = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))["users"]
        with np.load(folder / "encoder.npz") as file:
            return cls(np.array(users, dtype=str), file["starts"], file["items"])


def parse(inputs: Sequence[Any], encoder: Encoder) -> dict[str, Array]:
    """Check the users of one request. Returns {"user": (n,) str}. An unknown user is no error.

    Raises ValueError that names the input and what is wrong with it.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one user, received none.")
    for i, one in enumerate(inputs):
        if problem := _problem(one):
            needed = f"needed the id of a user, a string of 1 to {MAX_CHARACTERS} characters"
            raise ValueError(f"inputs[{i}]: {needed}, received {problem}.")
    return {"user": np.array([one.strip() for one in inputs], dtype=str)}


def _problem(one: Any) -> str | None:
    if not isinstance(one, str):
        return f"{type(one).__name__} {one!r:.40}"
    if not one.strip():
        return "an empty one"
    if len(one) > MAX_CHARACTERS:
        return f"{len(one):,} characters"
    return None if one.isprintable() else "signs that cannot be printed"


def from_file(path: Path, options: Options) -> list[str]:
    """Read inputs for a prediction: delimited text with the column of users, a JSON list, or plain text, one a line.

    Raises FileError, a ValueError, that names the file.
    """
    if path.name.endswith(SUFFIXES):
        return [cells[0] for _, cells in records(path, options.separator, (options.user,), options.header)]
    if path.suffix == ".json":
        return json_list(path)
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: {error}") from error
