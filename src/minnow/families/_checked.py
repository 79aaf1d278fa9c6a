"""Type check of every family against its Protocol, by pyright; nothing imports this file."""

from __future__ import annotations

from minnow.contracts import Family
from minnow.families import (
    cnn,
    cnn1d,
    content,
    embedbag,
    ensemble,
    fcnn,
    forest,
    gan,
    gboost,
    gru,
    linear,
    lstm,
    neighbours,
    oblivious,
    popularity,
    recommender,
    rnn,
    vae,
)

_: tuple[Family, ...] = (
    cnn,
    cnn1d,
    content,
    embedbag,
    ensemble,
    fcnn,
    forest,
    gan,
    gboost,
    gru,
    linear,
    lstm,
    neighbours,
    oblivious,
    popularity,
    recommender,
    rnn,
    vae,
)
