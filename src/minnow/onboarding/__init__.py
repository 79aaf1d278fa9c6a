"""Onboarding: what `minnow new` does: look at data, propose an entry for params.yaml with reasons, write it, and try it."""
