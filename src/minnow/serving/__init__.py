"""Serving: published models behind HTTP. Nothing that trains is imported here."""
