"""What the families of trees share: rows of numbers, the model that they return and its ONNX graph."""
