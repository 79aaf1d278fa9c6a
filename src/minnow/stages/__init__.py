"""Stages: the steps between raw rows and a written outcome. Runner and incumbents are arguments."""
