"""Stores: where things are kept. Each module alone knows its tool."""

from minnow.stores._mlflow import is_passing, warm_up

__all__ = ["is_passing", "warm_up"]
