"""Stores: MLflow, DVC and the Bento model store, each imported by its own modules only."""
