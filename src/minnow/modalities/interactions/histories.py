"""Histories: the items that each user took. An example is one user, and the target are the items taken next."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from minnow.contracts import Encoder
from minnow.records.files import read_npz, write_json, write_npz
from minnow.types import Array, Columns, Spec, Table, content_key

KIND = "lists"
_BINS_PER_OCTAVE = 2
_MIN_WIDTH = 20
"""Least width of histories, and so the least number of likes that a request may name."""


def history_examples(table: Table, min_rating: float | None) -> Table:
    """Collect the relevant items of each user, those rated min_rating or more; users without one are left out.

    Columns: user (n,) str; item (n, r) str in order of time, padded with ""; moment (n, r) float64, padded with NaN. Keys are
    hashes of the user and these items; groups are users, by which an exam is recognised when the log has grown; parts are the
    keys of the interactions.
    """
    rows = table.columns
    liked = np.ones(len(table), bool) if min_rating is None else rows["rating"] >= min_rating
    names, inverse = np.unique(rows["user"][liked], return_inverse=True)
    item = rows["item"][liked]
    starts, order = _by_group(inverse, len(names))
    width = int(np.diff(starts).max(initial=0))
    items = np.full((len(names), width), "", dtype=item.dtype if item.size else "<U1")
    sorted_user = inverse[order]
    position = np.arange(len(order)) - starts[sorted_user]
    items[sorted_user, position] = item[order]
    moment = np.full(items.shape, np.nan)
    moment[sorted_user, position] = rows["time"][liked][order]
    parts = np.zeros(items.shape, np.uint64)
    parts[sorted_user, position] = table.key[liked][order]
    key = [
        content_key(name.encode("utf-8"), *(i.encode("utf-8") for i in item[order[a:b]].tolist()))
        for name, a, b in zip(names.tolist(), starts[:-1].tolist(), starts[1:].tolist(), strict=True)
    ]
    group = np.array([content_key(name.encode("utf-8")) for name in names.tolist()], np.uint64)
    columns = {"user": names, "item": items, "moment": moment}
    rows = Table(columns, names, np.array(key, np.uint64), group=group, side_tables=table.side_tables)
    return replace(rows, keys=table.keys, parts=parts)


def _by_group(group: Array, n: int) -> tuple[Array, Array]:
    """Stable order of rows by group (rows,), and the starts (n + 1,) of the groups in it. group: (rows,) int below n."""
    order = np.argsort(group, kind="stable")
    return np.searchsorted(group[order], np.arange(n + 1)), order


def recent_popularity(times: Array, items: Array, labels: Array, half_life: float) -> Array:
    """Popularity of each item at the last moment of train, (k,) float32: interactions with weights halved per half life.

    times (n, r) float64, items (n, r) str, padded with "": as in history_examples. labels: (k,) str, sorted.
    """
    index, age = _taken(times, items, labels)
    return np.bincount(index, weights=0.5 ** (age / half_life), minlength=len(labels)).astype(np.float32)


def popularity_by_age(times: Array, items: Array, labels: Array) -> dict[str, Array]:
    """Interactions of each item by their age at the last moment of train: by_age (k, b) and the mean ages (b,), float32.

    Ages that differ by a factor of less than about 1.4 share one of the b bins, and those below 1. times, items, labels: as in
    recent_popularity, whose values for any half life are nearly by_age @ 0.5 ** (ages / half_life).
    """
    index, age = _taken(times, items, labels)
    octaves = np.floor(_BINS_PER_OCTAVE * np.log2(np.maximum(age, 1.0))).astype(np.int64)
    bins, column = np.unique(np.where(age < 1.0, -1, octaves), return_inverse=True)
    cells = np.bincount(index * len(bins) + column, minlength=len(labels) * len(bins))
    ages = np.bincount(column, weights=age) / np.bincount(column)
    return {"by_age": cells.reshape(len(labels), -1).astype(np.float32), "ages": ages.astype(np.float32)}


def _taken(times: Array, items: Array, labels: Array) -> tuple[Array, Array]:
    """Label (m,) int and age (m,) float64 of all interactions, counted from the last of them."""
    known = items != ""
    return np.searchsorted(labels, items[known]), np.max(times[known]) - times[known]


class HistoryEncoder(Encoder):
    """Encodes users as indices, with the items that each of them took in train.

    users: (u,) str, sorted; the index of users[i] is i + 1, since 0 is an unknown user. labels: (k,) str, the items. starts
    (u + 1,) and items: those of users[i] are items[starts[i] : starts[i + 1]], indices into labels, ascending.
    """

    def __init__(self, users: Array, labels: Array, starts: Array, items: Array) -> None:
        self.users, self.labels = np.asarray(users, dtype=str), np.asarray(labels, dtype=str)
        self.starts, self.items = starts.astype(np.int64), items.astype(np.int32)
        self.width = max(_MIN_WIDTH, int(np.diff(self.starts).max(initial=0)))
        self._user_index = {name: i for i, name in enumerate(self.users.tolist(), 1)}
        self._item_index = {name: i for i, name in enumerate(self.labels.tolist())}

    @property
    def ids(self) -> Mapping[str, Container[str]]:
        """Known ids: user, and item."""
        return {"user": self._user_index, "item": self._item_index}

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The index of the user, and the items that the user took."""
        return (Spec("user", (), "int32"), Spec("seen", (self.width,), "int32"))

    @property
    def cardinalities(self) -> Mapping[str, int]:
        """Number of users, the unknown user included."""
        return {"user": len(self.users) + 1}

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode user (n,) str to user (n,) int32 and seen (n, s) int32, indices into labels padded with -1.

        likes (n, m) str, padded with "", where a request names them, are added to seen. Items that are not labels are left
        out.
        """
        user = np.array([self._user_index.get(name, 0) for name in columns["user"].tolist()], np.int32)
        seen = np.full((len(user), self.width), -1, np.int32)
        likes = columns["likes"].tolist() if "likes" in columns else [()] * len(user)
        for row, (index, liked) in enumerate(zip(user.tolist(), likes, strict=True)):
            taken = self.items[self.starts[index - 1] : self.starts[index]].tolist() if index else []
            named = [self._item_index[name] for name in liked if name in self._item_index]
            both = list(dict.fromkeys([*named, *taken]))[: self.width]
            seen[row, : len(both)] = sorted(both)
        return {"user": user, "seen": seen}

    def save(self, folder: Path) -> None:
        """Write encoder.json with users and items, and encoder.npz with the histories."""
        write_json(folder / "encoder.json", {"kind": KIND, "users": self.users.tolist(), "items": self.labels.tolist()})
        smallest = np.min_scalar_type(int(self.items.max(initial=0)))
        write_npz(
            folder / "encoder.npz", {"starts": self.starts.astype(np.int32), "items": self.items.astype(smallest)}
        )


def fit_history_encoder(table: Table, labels: Array) -> HistoryEncoder:
    """Make the encoder from the histories of train. labels: (k,) str, sorted."""
    user, item = table.columns["user"], table.columns["item"]
    row, column = np.nonzero(item != "")
    index = np.minimum(np.searchsorted(labels, item[row, column]), len(labels) - 1)
    known = labels[index] == item[row, column]
    by_user = np.argsort(user, kind="stable")
    rank = np.empty(len(user), np.int64)
    rank[by_user] = np.arange(len(user))
    row, index = rank[row[known]], index[known]
    order = np.lexsort((index, row))
    starts = np.searchsorted(row[order], np.arange(len(user) + 1))
    return HistoryEncoder(user[by_user], labels, starts, index[order])


def load_history_encoder(folder: Path) -> HistoryEncoder:
    """Read what save wrote."""
    names = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    users, labels = (np.array(names[name], dtype=str) for name in ("users", "items"))
    arrays = read_npz(folder / "encoder.npz")
    return HistoryEncoder(users, labels, arrays["starts"], arrays["items"])
