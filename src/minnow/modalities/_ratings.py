"""Ratings one by one: which user, which item, what both are known for, and the rating that this alone would give."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minnow.bundle import read_npz, write_json, write_npz
from minnow.modalities import _bias, _catalogue
from minnow.types import Array, Columns, Outputs, Table, content_key

USER = ("user bias", "user count", "user spread")
ITEM = ("item bias", "item count", "item spread", "item late", "item late count")
ANCHOR = "anchor"
KIND = "ratings"


def examples(table: Table) -> Table:
    """Each interaction is an example: columns user and item (n,) str, rating and time (n,) float64; its unit is its user."""
    unit = np.array([content_key(name.encode("utf-8")) for name in table.columns["user"].tolist()], np.uint64)
    columns = {name: table.columns[name] for name in ("user", "item", "rating", "time")}
    return Table(columns, table.row_id, table.key, unit=unit, aside=table.aside)


class RatingEncoder:
    """Turns pairs of user and item into what train tells of them.

    users (u,), items (i,): str, sorted; the index of users[k] is k + 1, for 0 is one whom nobody knows. stats: what
    _bias.known says, (u,) or (i,); attributes: (i, a) float32, of items with ratings and of those of the catalogue.
    """

    def __init__(self, users: Array, items: Array, stats: Mapping[str, Array], attributes: Array) -> None:
        """See the class."""
        self.users, self.items = np.asarray(users, dtype=str), np.asarray(items, dtype=str)
        self.stats, self.attributes = dict(stats), attributes
        self.sizes = {"user": len(self.users) + 1, "item": len(self.items) + 1}
        self._index = {
            "user": {name: i for i, name in enumerate(self.users.tolist(), 1)},
            "item": {name: i for i, name in enumerate(self.items.tolist(), 1)},
        }
        self._train: Callable[[], tuple[dict[str, Array], Array]] | None = None

    @classmethod
    def fit(cls, table: Table, half_life: float, in_order: bool) -> RatingEncoder:
        """Learn from train's ratings. in_order: sides were cut by time, so that what is asked comes after what is known."""
        columns = table.columns
        users = np.unique(columns["user"])
        items = np.unique(np.concatenate([columns["item"], table.aside.get(_catalogue.ITEMS, np.empty(0, "<U1"))]))
        rows = _bias.Rows(
            np.searchsorted(users, columns["user"]),
            np.searchsorted(items, columns["item"]),
            np.asarray(columns["rating"], np.float64),
            np.asarray(columns["time"], np.float64),
            len(users),
            len(items),
        )
        key = None if in_order else table.key
        held = _bias.tuned(rows, key)
        attributes = _catalogue.attributes(table.aside, items)
        found = cls(users, items, _bias.known(rows, held, half_life), attributes)
        found._train = lambda: found._unseen(rows, held, half_life, key)
        return found

    @property
    def example(self) -> dict[str, str]:
        """A question that can be asked."""
        return {"user": str(self.users[0]), "item": str(self.items[0])}

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode user and item (n,) str.

        Returns user, item (n,) int32; anchor (n,) float32, the rating by biases alone; numbers (n, 9 + a) float32: the
        anchor, what is known of user and item, and the item's attributes. Nothing is known of a new one: it adds nothing.
        """
        user, item = (
            np.array([self._index[name].get(one, 0) for one in columns[name].tolist()], np.int32)
            for name in ("user", "item")
        )
        return _encoded(self.stats, self.attributes, user, item)

    def encode_train(self) -> tuple[dict[str, Array], Array]:
        """Encode the rows of fit, each by rows of others alone, and say how much each counts (n,) float32.

        In order of time the first block has nothing before it, and counts nothing.
        """
        if self._train is None:
            raise ValueError(
                "Rows of train are encoded by the encoder that was fitted to them. Received: a loaded one."
            )
        return self._train()

    def _unseen(
        self, rows: _bias.Rows, held: tuple[float, float], half_life: float, key: Array | None
    ) -> tuple[dict[str, Array], Array]:
        nothing = _bias.known(rows.take(np.empty(0, np.int64)), held, half_life) | {"mean": self.stats["mean"]}
        found = _encoded(nothing, self.attributes, rows.user + 1, rows.item + 1)
        weight = np.zeros(len(rows.user), np.float32)
        for learn, ask in _bias.blocks(rows, key):
            stats = _bias.known(rows.take(learn), held, half_life)
            part = _encoded(stats, self.attributes, rows.user[ask] + 1, rows.item[ask] + 1)
            for name, value in part.items():
                found[name][ask] = value
            weight[ask] = 1.0
        return found, weight

    def decode(self, outputs: Outputs, seed: int = 0) -> Outputs:
        """Return the outputs: they already are the answer."""
        return outputs

    def save(self, folder: Path) -> None:
        """Write encoder.json with the names and encoder.npz with what is known of them."""
        write_json(folder / "encoder.json", {"kind": KIND, "users": self.users.tolist(), "items": self.items.tolist()})
        write_npz(folder / "encoder.npz", {**self.stats, "attributes": self.attributes.astype(np.uint8)})

    @classmethod
    def load(cls, folder: Path) -> RatingEncoder:
        """Read what save wrote."""
        names = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
        stats = read_npz(folder / "encoder.npz")
        attributes = stats.pop("attributes").astype(np.float32)
        users, items = (np.array(names[name], dtype=str) for name in ("users", "items"))
        return cls(users, items, stats, attributes)


def _encoded(stats: Mapping[str, Array], attributes: Array, user: Array, item: Array) -> dict[str, Array]:
    """user, item: (n,) int, from 1, 0 where nobody knows them."""
    per_user = {name: _looked_up(stats, name, user) for name in USER}
    per_item = {name: _looked_up(stats, name, item) for name in ITEM}
    anchor = (stats["mean"] + per_user["user bias"] + per_item["item bias"]).astype(np.float32)
    like = np.where(item[:, None] > 0, attributes[np.maximum(item - 1, 0)], 0)
    numbers = np.stack([anchor, *per_user.values(), *per_item.values()], axis=1)
    return {
        "user": user.astype(np.int32),
        "item": item.astype(np.int32),
        ANCHOR: anchor,
        "numbers": np.concatenate([numbers, like], axis=1).astype(np.float32),
    }


def _looked_up(stats: Mapping[str, Array], name: str, index: Array) -> Array:
    """One who is new has no bias and no ratings, and spreads as most do."""
    nothing = stats["spread"] if name.endswith("spread") else np.float32(0)
    return np.where(index > 0, stats[name][np.maximum(index - 1, 0)], nothing)


def parse(inputs: Sequence[Any], problem: Callable[[Any], str | None]) -> dict[str, Array]:
    """Check questions of the form {"user": ..., "item": ...}. Returns columns user and item, (n,) str.

    Raises ValueError that names the input and what is wrong with it.
    """
    for i, one in enumerate(inputs):
        wrong = _wrong(one, problem)
        if wrong:
            needed = 'needed {"user": id, "item": id}'
            raise ValueError(f"inputs[{i}]: {needed}, received {wrong}.")
    return {name: np.array([one[name].strip() for one in inputs], dtype=str) for name in ("user", "item")}


def _wrong(one: Any, problem: Callable[[Any], str | None]) -> str | None:
    if not isinstance(one, dict):
        return f"{type(one).__name__} {one!r:.40}"
    if set(one) != {"user", "item"}:
        return f"the keys {', '.join(map(repr, sorted(map(str, one)))) or 'none'}"
    return next((f"'{name}': {found}" for name, value in one.items() if (found := problem(value))), None)


def baselines(encoder: RatingEncoder) -> dict[str, Callable[[Table], Array]]:
    """user+item bias: what both add to the mean, held back as errs least on later rows of train; it needs no model."""
    return {"user+item bias": lambda rows: encoder.encode(rows.columns)[ANCHOR]}
