"""Stores: where things are kept. Each module alone knows its tool."""

from minnow.stores._mlflow import is_passing

__all__ = ["is_passing"]
