"""Stores: where things are kept. Each module alone knows its tool."""
