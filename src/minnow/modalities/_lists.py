"""What each user took: an example is one user, and what they may like next is the question."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minnow.bundle import write_json, write_npz
from minnow.types import Array, Columns, Outputs, Table, content_key

KIND = "lists"
LEAST_WIDTH = 20
"""Items that a request may say are liked, where no user of train has more."""


def examples(table: Table, min_rating: float | None) -> Table:
    """Gather the relevant items of each user: columns user (n,) str and item (n, r) str in order of time, padded "".

    moment (n, r) float64: when, NaN where there is no item. Users without a relevant item are left out. A key is of the
    user and all of these items.
    """
    rows = table.columns
    liked = np.ones(len(table), bool) if min_rating is None else rows["rating"] >= min_rating
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
    columns = {"user": names, "item": items, "moment": moment}
    return Table(columns, names, np.array(key, np.uint64), aside=table.aside)


def _groups(group: Array, n: int) -> tuple[Array, Array]:
    """Sort rows by group, order kept within: starts (n + 1,) of each group in the order (rows,)."""
    order = np.argsort(group, kind="stable")
    return np.searchsorted(group[order], np.arange(n + 1)), order


class ListEncoder:
    """Turns users into indices, and says what each of them has taken already.

    users: (u,) str, sorted; the index of users[i] is i + 1, for 0 is an unknown user. labels: (k,) str, the items. starts
    (u + 1,) and items: those of users[i] are items[starts[i] : starts[i + 1]], indices into labels, rising.
    """

    def __init__(self, users: Array, labels: Array, starts: Array, items: Array) -> None:
        """See the class."""
        self.users, self.labels = np.asarray(users, dtype=str), np.asarray(labels, dtype=str)
        self.starts, self.items = starts.astype(np.int64), items.astype(np.int32)
        self.width = max(LEAST_WIDTH, int(np.diff(self.starts).max(initial=0)))
        self.sizes = {"user": len(self.users) + 1}
        self._index = {name: i for i, name in enumerate(self.users.tolist(), 1)}
        self._place = {name: i for i, name in enumerate(self.labels.tolist())}

    @classmethod
    def fit(cls, table: Table, labels: Array) -> ListEncoder:
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
        return cls(user[by_user], labels, np.searchsorted(row[order], np.arange(len(user) + 1)), place[order])

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode user (n,) str to user (n,) int32 and seen (n, s) int32, indices into labels padded with -1.

        likes (n, m) str, padded "", where a request names them, join what was seen. Of an item that is no label nothing
        is known: it is left out.
        """
        user = np.array([self._index.get(name, 0) for name in columns["user"].tolist()], np.int32)
        seen = np.full((len(user), self.width), -1, np.int32)
        likes = columns["likes"].tolist() if "likes" in columns else [()] * len(user)
        for row, (index, liked) in enumerate(zip(user.tolist(), likes, strict=True)):
            taken = self.items[self.starts[index - 1] : self.starts[index]].tolist() if index else []
            named = [self._place[name] for name in liked if name in self._place]
            both = list(dict.fromkeys([*named, *taken]))[: self.width]
            seen[row, : len(both)] = sorted(both)
        return {"user": user, "seen": seen}

    def decode(self, outputs: Outputs, seed: int = 0) -> Outputs:
        """Return the outputs: they already are the answer."""
        return outputs

    def save(self, folder: Path) -> None:
        """Write encoder.json with users and items, and encoder.npz with what they took."""
        write_json(folder / "encoder.json", {"kind": KIND, "users": self.users.tolist(), "items": self.labels.tolist()})
        smallest = np.min_scalar_type(int(self.items.max(initial=0)))
        write_npz(
            folder / "encoder.npz", {"starts": self.starts.astype(np.int32), "items": self.items.astype(smallest)}
        )

    @classmethod
    def load(cls, folder: Path) -> ListEncoder:
        """Read what save wrote."""
        names = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
        users, labels = (np.array(names[name], dtype=str) for name in ("users", "items"))
        with np.load(folder / "encoder.npz") as file:
            return cls(users, labels, file["starts"], file["items"])


def parse(inputs: Sequence[Any], encoder: ListEncoder, problem: Callable[[Any], str | None]) -> dict[str, Array]:
    """Check users of one request: ids, or {"user": id, "likes": [items]} of which one may be left out.

    Returns user (n,) str, "" where none is named, and likes (n, m) str, padded "", where any are. Raises ValueError that
    names the input and what is wrong with it.
    """
    for i, one in enumerate(inputs):
        if wrong := _wrong(one, encoder.width, problem):
            needed = 'needed the id of a user, or {"user": id, "likes": [items]}'
            raise ValueError(f"inputs[{i}]: {needed}, received {wrong}.")
    rows = [one if isinstance(one, dict) else {"user": one} for one in inputs]
    found = {"user": np.array([row.get("user", "").strip() for row in rows], dtype=str)}
    likes = [[item.strip() for item in row.get("likes", ())] for row in rows]
    width = max(map(len, likes))
    if width:
        found["likes"] = np.array([[*row, *[""] * (width - len(row))] for row in likes], dtype=str)
    return found


def _wrong(one: Any, most: int, problem: Callable[[Any], str | None]) -> str | None:
    if not isinstance(one, dict):
        return problem(one)
    if not one or not set(one) <= {"user", "likes"}:
        return f"the keys {', '.join(map(repr, sorted(map(str, one)))) or 'none'}"
    if "user" in one and (found := problem(one["user"])):
        return f"'user': {found}"
    likes = one.get("likes", [])
    if not isinstance(likes, list):
        return f"'likes': {type(likes).__name__}"
    if len(likes) > most:
        return f"{len(likes):,} likes, at most are {most:,}"
    if not likes and "user" not in one:
        return "no user and nothing liked"
    return next((f"in 'likes': {found}" for item in likes if (found := problem(item))), None)
