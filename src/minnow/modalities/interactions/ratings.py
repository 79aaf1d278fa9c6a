"""Ratings: pairs of user and item, encoded by statistics of both, with the rating by biases as offset."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minnow.contracts import Encoder
from minnow.modalities.interactions.bias import Ratings, blocks, statistics, tuned_shrinkage
from minnow.modalities.interactions.item_features import ITEMS, attributes
from minnow.records.files import read_npz, write_json, write_npz
from minnow.types import OFFSET, Array, Columns, Spec, Table, content_key

_USER = ("user bias", "user count", "user spread")
_ITEM = ("item bias", "item count", "item spread", "item late", "item late count")
KIND = "ratings"


def rating_examples(table: Table) -> Table:
    """Make each interaction an example; groups are users.

    Columns: user and item (n,) str, rating and time (n,) float64.
    """
    group = np.array([content_key(name.encode("utf-8")) for name in table.columns["user"].tolist()], np.uint64)
    columns = {name: table.columns[name] for name in ("user", "item", "rating", "time")}
    return Table(columns, table.row_id, table.key, group=group, side_tables=table.side_tables, keys=table.keys)


@dataclass(frozen=True)
class TrainRatings:
    """The ratings that an encoder was fitted to.

    key: (n,) uint64, determines the block of each row; None divides by time. shrinkage: of users and of items. half_life: in
    the unit of time.
    """

    rows: Ratings
    key: Array | None
    shrinkage: tuple[float, float]
    half_life: float

    def statistics(self, index: Array) -> dict[str, Array]:
        """Statistics of users and items from the rows at index only; see bias.statistics."""
        return statistics(self.rows.take(index), self.shrinkage, self.half_life)


class RatingEncoder(Encoder):
    """Encodes pairs of user and item by statistics of train.

    users (u,), items (i,): str, sorted; the index of users[k] is k + 1, since 0 is an unknown user. stats: as bias.statistics
    returns them, (u,) or (i,); attributes: (i, a) float32, of items with ratings and of those in the file of items. train: the
    ratings that it was fitted to; None for a loaded encoder.
    """

    def __init__(
        self,
        users: Array,
        items: Array,
        stats: Mapping[str, Array],
        attributes: Array,
        train: TrainRatings | None = None,
    ) -> None:
        self.users, self.items = np.asarray(users, dtype=str), np.asarray(items, dtype=str)
        self.stats, self.attributes = dict(stats), attributes
        self._train = train
        self._index = {
            "user": {name: i for i, name in enumerate(self.users.tolist(), 1)},
            "item": {name: i for i, name in enumerate(self.items.tolist(), 1)},
        }

    @property
    def ids(self) -> Mapping[str, Container[str]]:
        """Known ids: user, and item."""
        return self._index

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """Indices of user and item, the offset, and numbers about both."""
        numbers = 1 + len(_USER) + len(_ITEM) + self.attributes.shape[1]
        ids = (Spec("user", (), "int32"), Spec("item", (), "int32"))
        return (*ids, Spec(OFFSET, (), "float32"), Spec("numbers", (numbers,), "float32"))

    @property
    def cardinalities(self) -> Mapping[str, int]:
        """Numbers of users and of items, the unknown ones included."""
        return {"user": len(self.users) + 1, "item": len(self.items) + 1}

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode user and item (n,) str.

        Returns user, item (n,) int32; the offset (n,) float32, the rating by biases; numbers (n, 9 + a) float32: the offset,
        the statistics of user and item, and the item's attributes. An unknown user or item has bias 0.
        """
        user, item = (
            np.array([self._index[kind].get(name, 0) for name in columns[kind].tolist()], np.int32)
            for kind in ("user", "item")
        )
        return _encoded(self.stats, self.attributes, user, item)

    def encode_train(self, columns: Columns) -> tuple[dict[str, Array], Array]:
        """Encode the rows that it was fitted to, each by statistics of other blocks, with weights (n,) float32.

        With blocks by time the first block has no rows before it and weight 0, all others have weight 1. columns: those of
        fit. Raises ValueError for a loaded encoder, which does not have the rows.
        """
        train = self._train
        if train is None:
            raise ValueError("Rows of train need the encoder that was fitted to them. Received: a loaded one.")
        rows = train.rows
        nothing = train.statistics(np.empty(0, np.int64)) | {"mean": self.stats["mean"]}
        encoded = _encoded(nothing, self.attributes, rows.user + 1, rows.item + 1)
        weight = np.zeros(len(rows.user), np.float32)
        for learn, predict in blocks(rows, train.key):
            stats = train.statistics(learn)
            part = _encoded(stats, self.attributes, rows.user[predict] + 1, rows.item[predict] + 1)
            for name, value in part.items():
                encoded[name][predict] = value
            weight[predict] = 1.0
        return encoded, weight

    def save(self, folder: Path) -> None:
        """Write encoder.json with the names, and encoder.npz with statistics and attributes."""
        write_json(folder / "encoder.json", {"kind": KIND, "users": self.users.tolist(), "items": self.items.tolist()})
        write_npz(folder / "encoder.npz", {**self.stats, "attributes": self.attributes.astype(np.uint8)})


def fit_rating_encoder(table: Table, half_life: float, in_order: bool) -> RatingEncoder:
    """Fit the encoder to the ratings of train.

    half_life: in the unit of time. in_order: rows are split by time, so blocks are predicted from earlier ones.
    """
    columns = table.columns
    users = np.unique(columns["user"])
    items = np.unique(np.concatenate([columns["item"], table.side_tables.get(ITEMS, np.empty(0, "<U1"))]))
    rows = Ratings(
        np.searchsorted(users, columns["user"]),
        np.searchsorted(items, columns["item"]),
        np.asarray(columns["rating"], np.float64),
        np.asarray(columns["time"], np.float64),
        len(users),
        len(items),
    )
    key = None if in_order else table.key
    train = TrainRatings(rows, key, tuned_shrinkage(rows, key), half_life)
    stats = statistics(rows, train.shrinkage, half_life)
    return RatingEncoder(users, items, stats, attributes(table.side_tables, items), train)


def load_rating_encoder(folder: Path) -> RatingEncoder:
    """Read what save wrote."""
    names = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    stats = read_npz(folder / "encoder.npz")
    attributes = stats.pop("attributes").astype(np.float32)
    users, items = (np.array(names[name], dtype=str) for name in ("users", "items"))
    return RatingEncoder(users, items, stats, attributes)


def _encoded(stats: Mapping[str, Array], attributes: Array, user: Array, item: Array) -> dict[str, Array]:
    """Encode pairs by their indices. user, item: (n,) int from 1, 0 for unknown ones."""
    per_user = {name: _looked_up(stats, name, user) for name in _USER}
    per_item = {name: _looked_up(stats, name, item) for name in _ITEM}
    offset = (stats["mean"] + per_user["user bias"] + per_item["item bias"]).astype(np.float32)
    like = np.where(item[:, None] > 0, attributes[np.maximum(item - 1, 0)], 0)
    numbers = np.stack([offset, *per_user.values(), *per_item.values()], axis=1)
    return {
        "user": user.astype(np.int32),
        "item": item.astype(np.int32),
        OFFSET: offset,
        "numbers": np.concatenate([numbers, like], axis=1).astype(np.float32),
    }


def _looked_up(stats: Mapping[str, Array], name: str, index: Array) -> Array:
    """Look a statistic up by index; an unknown user or item has bias 0, no ratings, and the spread of all ratings."""
    unknown = stats["spread"] if name.endswith("spread") else np.float32(0)
    return np.where(index > 0, stats[name][np.maximum(index - 1, 0)], unknown)
