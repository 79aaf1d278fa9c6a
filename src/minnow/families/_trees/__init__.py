"""Shared by the families of trees: the layout of rows, the model and its ONNX graph."""
